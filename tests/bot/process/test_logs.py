"""What a log line holds, and what it never does."""

import io
import json
import logging

import pytest

from bot.process import logs
from tests.growth import assert_ends

TOKEN = "ghs_" + "Ab3-" * 20


def line(style: str, record: logging.LogRecord) -> str:
    formatter = {"json": logs.JsonFormatter, "text": logs.TextFormatter}[style](("operator-secret",))
    return formatter.format(record)


def record(message: str, *args: object, **extra: object) -> logging.LogRecord:
    made = logging.getLogger("x").makeRecord("x", logging.INFO, "f", 1, message, args, None)
    vars(made).update(extra)
    return made


@pytest.mark.parametrize("style", ["json", "text"])
def test_a_line_carries_its_delivery_and_fields(style: str) -> None:
    with logs.about(delivery_id="d-1", repository_name="octo/deploy"):
        out = line(style, record("run %s", "ended", result="ok"))
    assert "\n" not in out
    for word in ("run ended", "d-1", "octo/deploy", "ok"):
        assert word in out
    assert "d-1" not in line(style, record("later"))


@pytest.mark.parametrize("style", ["json", "text"])
@pytest.mark.parametrize(
    "secret",
    [
        TOKEN,
        "github_pat_" + "a" * 40,
        "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiIxIn0.c2lnbmF0dXJl",
        "operator-secret",
        "-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----",
    ],
)
def test_no_secret_gets_in_by_any_way(style: str, secret: str) -> None:
    try:
        raise ValueError(secret)
    except ValueError as error:
        caught = (ValueError, error, error.__traceback__)
    out = line(style, record("got %s", secret, extra=secret, exc_info=caught))
    assert secret.split("\n")[-1] not in out
    assert secret.replace("\n", "\\n") not in out
    assert "MIIE" not in out


def test_a_line_break_cannot_forge_a_line() -> None:
    assert "\n" not in line("text", record("first\n2026-01-01 forged", name="a\nb"))


def test_configured_once_for_everybody() -> None:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    stream = io.StringIO()
    try:
        logs.configure(level="info", style="json", stream=stream, secrets=())
        logging.getLogger("y").info("hello", extra={"n": 1})
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
    written = json.loads(stream.getvalue())
    assert (written["message"], written["n"], written["level"]) == ("hello", 1, "info")


JWT = "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOjF9.c2lnbmF0dXJl"


@pytest.mark.parametrize("text", ["{}", "x-{}", "token={}&a=b", "{0}.{0}", "a.b.{}.c.d", "eyJ.{}", "eyJx-{}"])
def test_a_jwt_is_hidden_wherever_it_stands(text: str) -> None:
    assert "c2lnbmF0" not in logs.redact(text.format(JWT))
    assert "***" in logs.redact(text.format(JWT))


@pytest.mark.parametrize("text", ["eyJ.a.b", "eyJhbGciOi", "www.example.org/eyJhbGciOiJ.", "v1.2.3-eyJ"])
def test_what_is_no_jwt_stays(text: str) -> None:
    assert logs.redact(text) == text


@pytest.mark.parametrize(
    "text",
    ["eyJaaaaaaaa-" * 100_000, "eyJaaaaaaaa." * 100_000, "-----BEGIN " * 100_000, "://a:" * 200_000, "ghs_" * 300_000,
     "bearer " * 150_000, "basic\n" * 200_000],
)  # fmt: skip
def test_a_line_is_searched_in_one_pass(text: str) -> None:
    """A branch's name, a file's, an error's words: all may get into a line, and are as long as people like."""
    assert_ends(lambda: logs.redact(text, "secret" * 4))
