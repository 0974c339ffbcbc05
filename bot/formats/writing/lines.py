"""Lines for a terminal: styled parts, text broken between words, nothing that could drive the terminal."""

from __future__ import annotations

import io
import re
import textwrap
from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.text import Text

from bot.formats.writing.visible import visible
from checks.model import Severity

STYLES = {Severity.ERROR: "bold red", Severity.WARNING: "bold yellow", Severity.NOTICE: "bold cyan"}

Line = tuple[tuple[str, str], ...]  # (text, style) parts

_ENDS = re.compile(r"[\t\n\r\f\v]")
_NARROWEST, _WIDEST = 40, 120  # columns: below, words stand alone; above, lines are too long to read


def columns(width: int) -> int:
    """The width to break at, in columns, for a terminal that is so wide."""
    return min(max(width, _NARROWEST), _WIDEST)


def line(*parts: tuple[str, str]) -> Line:
    return parts


def wrapped(content: str, width: int, indent: int, style: str = "") -> list[Line]:
    """Text broken between words. Line ends in it stay, paths and commands are never broken."""
    return [
        ((" " * indent + piece, style),)
        for paragraph in content.split("\n")
        for piece in broken(paragraph, width - indent)
    ]


def broken(paragraph: str, width: int) -> list[str]:
    """One paragraph in lines of `width` columns; words that are longer stand alone."""
    return textwrap.wrap(plain(paragraph), width, break_long_words=False, break_on_hyphens=False)


def plain(text: str) -> str:
    """On one line, with a number for what cannot be seen. Whatever comes from a repository passes through here."""
    return visible(_ENDS.sub(" ", text))


def printed(lines: Iterable[Line], *, colour: bool) -> str:
    """The lines as the terminal gets them, each with its line end."""
    out = io.StringIO()
    console = Console(
        file=out,
        width=1_000_000,  # lines are broken above: rich would break inside long paths
        force_terminal=colour,
        no_color=not colour,
        color_system="standard" if colour else None,
        highlight=False,
        emoji=False,
        markup=False,
    )
    for parts in lines:
        text = Text()
        for part, style in _no_command(parts):
            text.append(plain(part), style=style or None)
        console.print(text, soft_wrap=True)
    return "".join(one.rstrip() + "\n" for one in out.getvalue().splitlines())


def _no_command(parts: Sequence[tuple[str, str]]) -> Line:
    """In the log of a GitHub workflow a line that begins with `::` is an order (`::stop-commands::`); a path of the
    repository may say so, and gets a blank between."""
    whole = plain("".join(part for part, _ in parts)).lstrip()
    if not whole.startswith("::"):
        return tuple(parts)
    at = next(index for index, (part, _) in enumerate(parts) if plain(part).strip())
    part, style = parts[at]
    return (*parts[:at], (f": {plain(part).lstrip()[1:]}", style), *parts[at + 1 :])
