"""The command line's own words, on stderr, so that stdout stays what was asked for."""

from __future__ import annotations

import sys


def say(text: str) -> None:
    """One line for people. A hostile name cannot drive the terminal with it."""
    plain = "".join(char if char.isprintable() else " " for char in text)
    sys.stderr.write(f"argofix: {plain}\n")
