"""The command line's own words, on stderr, so that stdout stays what was asked for."""

from __future__ import annotations

import sys

from bot.formats.writing.lines import plain


def say(text: str) -> None:
    """One line for people. A hostile name cannot drive the terminal with it."""
    sys.stderr.write(f"argofix: {plain(text)}\n")
