"""What the server keeps is for its user alone."""

import os
import stat
from pathlib import Path

import pytest

from bot.process.state_directory import make_private


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture(autouse=True)
def _generous(request: pytest.FixtureRequest) -> None:
    before = os.umask(0)
    request.addfinalizer(lambda: os.umask(before) and None)


def test_it_is_made_for_its_user_alone(tmp_path: Path) -> None:
    assert make_private(tmp_path / "a" / "state") is None
    assert mode(tmp_path / "a" / "state") == 0o700


def test_what_an_older_server_left_open_is_closed_and_nothing_else(tmp_path: Path) -> None:
    state, elsewhere = tmp_path / "state", tmp_path / "elsewhere"
    for directory in (state, state / "mirrors", state / "renderings", elsewhere):
        directory.mkdir(mode=0o755)
    (state / "link").symlink_to(elsewhere)
    (state / "notes.txt").write_text("x")
    (state / "notes.txt").chmod(0o640)
    assert make_private(state) is None
    assert [mode(each) for each in (state, state / "mirrors", state / "renderings")] == [0o700] * 3
    assert (mode(elsewhere), mode(state / "notes.txt")) == (0o755, 0o640)


@pytest.mark.parametrize(
    ("owner", "left", "told"),
    [
        (0, 0o2770, None),  # a volume of Kubernetes: root's, and the Pod's group may write
        (0, 0o2775, "is open to every user of the machine (mode 2775)"),
        (1234, 0o700, "belongs to user 1234, who can read and replace what the server keeps there"),
    ],
)
def test_a_volume_of_somebody_else_is_left_and_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, owner: int, left: int, told: str | None
) -> None:
    real = os.stat_result

    class Foreign(type(tmp_path)):  # type: ignore[misc]
        def stat(self, **options: bool) -> os.stat_result:
            found = list(super().stat(**options))
            found[stat.ST_UID] = owner
            return real(found)

    state = Foreign(tmp_path / "state")
    state.mkdir(mode=0o700)
    state.chmod(left)
    monkeypatch.setattr(os, "geteuid", lambda: 10001)
    said = make_private(state)
    assert mode(state) == left
    assert said == (None if told is None else f"{state} {told}")
