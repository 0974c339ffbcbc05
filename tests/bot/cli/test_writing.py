"""What goes to standard output."""

from __future__ import annotations

import io
import sys

import pytest

from bot.cli.writing import put_diff

DIFF = "+a\u202eb\r\n".encode()


@pytest.mark.parametrize(("terminal", "shown"), [(True, b"+a\\u202eb\n"), (False, DIFF)])
def test_a_terminal_shows_what_is_in_a_diff_and_git_gets_it_as_it_is(
    monkeypatch: pytest.MonkeyPatch, terminal: bool, shown: bytes
) -> None:
    written = io.BytesIO()
    out = io.TextIOWrapper(written)
    monkeypatch.setattr(out, "isatty", lambda: terminal, raising=False)
    monkeypatch.setattr(sys, "stdout", out)
    put_diff(DIFF)
    assert written.getvalue() == shown
