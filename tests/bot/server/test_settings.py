"""What the server takes from the environment, and what it says when something is wrong."""

from pathlib import Path

import pytest

from bot.server.settings import CREDENTIALS, Settings, SettingsError
from tests.github.state import key_pair

PEM = key_pair()[0]
GOOD = {"GITHUB_APP_ID": "12", "GITHUB_PRIVATE_KEY": PEM, "GITHUB_WEBHOOK_SECRET": "s3cret-enough"}


def test_the_three_necessary_settings_are_enough() -> None:
    settings = Settings.from_environment(GOOD)
    assert (settings.app_id, settings.api_url, settings.port) == (12, "https://api.github.com", 8080)
    assert settings.database_url == "sqlite:///state/argofix.db"


def test_secrets_do_not_show() -> None:
    settings = Settings.from_environment({**GOOD, "ARGOFIX_DATABASE_URL": "postgresql://u:passw0rd@db/x"})
    assert "PRIVATE KEY" not in repr(settings)
    assert "s3cret" not in repr(settings)
    assert "passw0rd" not in repr(settings)
    assert "passw0rd" in settings.secrets


def test_the_key_may_come_from_a_file_or_on_one_line(tmp_path: Path) -> None:
    (tmp_path / "key.pem").write_text(PEM)
    without = {k: v for k, v in GOOD.items() if k != "GITHUB_PRIVATE_KEY"}
    from_file = Settings.from_environment({**without, "GITHUB_PRIVATE_KEY_PATH": str(tmp_path / "key.pem")})
    one_line = Settings.from_environment({**without, "GITHUB_PRIVATE_KEY": PEM.replace("\n", "\\n")})
    assert from_file.private_key == PEM == one_line.private_key


def test_without_an_app_it_tells_how_to_register_one() -> None:
    for environ in ({}, {"ARGOFIX_STATE_DIR": "/state", "GITHUB_APP_ID": " ", "PORT": "nonsense"}):
        with pytest.raises(SettingsError) as caught:
            Settings.from_environment(environ)
        said = str(caught.value)
        assert all(name in said for name in CREDENTIALS)
        assert "ARGOFIX_SETUP_URL set to the address" in said and "open the address that its log then shows" in said
        assert "\n" not in said


@pytest.mark.parametrize("left", [*((name,) for name in GOOD), tuple(GOOD)[1:]])
def test_half_an_app_is_not_registered_anew_and_it_says_why(left: tuple[str, ...]) -> None:
    """Whoever sets ARGOFIX_SETUP_URL beside it waits for a page that never comes."""
    environ = {**GOOD, **dict.fromkeys(left, ""), "ARGOFIX_SETUP_URL": "https://argofix.example.com"}
    with pytest.raises(SettingsError) as caught:
        Settings.from_environment(environ)
    assert all(name in str(caught.value) for name in left)
    assert "ARGOFIX_SETUP_URL registers an App only where nothing of one is set" in str(caught.value)
    assert ("are not set" if len(left) > 1 else "is not set") in str(caught.value)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"GITHUB_WEBHOOK_SECRET": ""}, "GITHUB_WEBHOOK_SECRET is not set"),
        ({"GITHUB_WEBHOOK_SECRET": "  "}, "GITHUB_WEBHOOK_SECRET is not set"),
        ({"GITHUB_APP_ID": ""}, "GITHUB_APP_ID is not set."),
        ({"GITHUB_APP_ID": "abc"}, "GITHUB_APP_ID must be a whole number, not 'abc'."),
        ({"GITHUB_PRIVATE_KEY": ""}, "Neither GITHUB_PRIVATE_KEY nor GITHUB_PRIVATE_KEY_PATH is set."),
        ({"GITHUB_PRIVATE_KEY": "nonsense"}, "GITHUB_PRIVATE_KEY does not hold an RSA private key"),
        ({"GITHUB_PRIVATE_KEY": "", "GITHUB_PRIVATE_KEY_PATH": "/no/such"}, "/no/such cannot be read"),
        ({"GITHUB_API_URL": "ftp://x"}, "GITHUB_API_URL must be an http or https address"),
        ({"GITHUB_API_URL": "https://user:pw@x"}, "without a user name"),
        ({"PORT": "70000"}, "PORT must be between 0 and 65535"),
        ({"ARGOFIX_CLUSTER": "maybe"}, "ARGOFIX_CLUSTER must be one of on, off"),
        ({"ARGOFIX_DATABASE_URL": "mysql://x"}, "ARGOFIX_DATABASE_URL must start with"),
    ],
)
def test_each_mistake_is_named_in_one_sentence(changes: dict[str, str], message: str) -> None:
    with pytest.raises(SettingsError, match=message.replace(".", r"\.")) as caught:
        Settings.from_environment({**GOOD, **changes})
    assert "\n" not in str(caught.value)
    assert "nonsense" not in str(caught.value)
