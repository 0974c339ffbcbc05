"""Markdown for GitHub: small pieces that keep hostile names from pinging people or breaking out of their place."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Sequence

from bot.formats.writing.visible import one_line, visible_lines

_FENCE = re.compile(r"`{3,}")
_TICKS = re.compile(r"`+")
# What begins a link, an image, HTML, emphasis, strike-through, or joins text to the escape before it.
_ACTIVE = re.compile(r"[\\\[\]<>*~!]")
_REFERENCE = re.compile(r"(#|\bGH-)(?=\d)", re.IGNORECASE)
_OPENER = re.compile(r"(#{1,6}|[-+]+|=+|\d{1,9}[.)])(\s|$)")
_GAP = "\u200b"  # zero width space: keeps GitHub from reading on, and people from seeing anything

MOST_NAME = 300  # characters of one name that are shown: longer than any path or name that people chose
_LONG = re.compile(rf"\S{{{MOST_NAME + 1},}}")


def plain(text: str) -> str:
    """Names in a line that is no Markdown (titles, commit subjects): one line, nobody mentioned, no issue closed."""
    return _unlinked(_inert(_shortened(one_line(text)))).replace("`", "")


def safe(text: str) -> str:
    """A sentence of ours, with names from a repository in backticks, as one line of Markdown.

    Whatever the names hold: nobody is mentioned, no issue is referred to, no mark of ours begins, and what breaks
    out of its code span stays text.
    """
    text = one_line(text)
    # Nothing may begin a heading, a list or a line either.
    out: list[str] = [_GAP] if _OPENER.match(text) else []
    runs = list(_TICKS.finditer(text))
    # As CommonMark reads it: a code span ends at the next run of as many backticks.
    closing: list[int | None] = []
    latest: dict[int, int] = {}
    for index in reversed(range(len(runs))):
        closing.append(latest.get(len(runs[index][0])))
        latest[len(runs[index][0])] = index
    closing.reverse()
    at = index = 0
    while index < len(runs):
        run, end = runs[index], closing[index]
        out.append(_escaped(text[at : run.start()]))
        if end is None:
            out.append("\\`" * len(run[0]))
            at, index = run.end(), index + 1
        else:
            out.append(run[0] + _inert(_short(text[run.end() : runs[end].start()])) + run[0])
            at, index = runs[end].end(), end + 1
    out.append(_escaped(text[at:]))
    return "".join(out)


def code(text: str) -> str:
    """A code span, whatever the text holds; cut when it is longer than people read."""
    text = _inert(_short(one_line(text))) or "(no name)"
    fence = "`"
    while fence in text:
        fence += "`"
    pad = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{fence}{pad}{text}{pad}{fence}"


def _escaped(text: str) -> str:
    return _ACTIVE.sub(lambda match: f"\\{match[0]}", _unlinked(_inert(_shortened(text))))


def _inert(text: str) -> str:
    """Text that mentions nobody and begins no mark of ours, inside a code span or not (marks are found by plain
    search)."""
    return text.replace("@", f"@{_GAP}").replace("<!--", f"<{_GAP}!--").replace("-->", f"--{_GAP}>")


def _unlinked(text: str) -> str:
    # "fixes #1", or the address of an issue, would close it when the pull request is merged.
    return _REFERENCE.sub(rf"\1{_GAP}", text.replace("://", f":{_GAP}//"))


def _short(text: str) -> str:
    # A run of backticks cut in two might be as long as the one that ends the span.
    return text if len(text) <= MOST_NAME else f"{text[:MOST_NAME].rstrip('`')}…"


def _shortened(text: str) -> str:
    return _LONG.sub(lambda match: _short(match[0]), text)


def block(text: str, language: str = "") -> str:
    """A fenced block that its content cannot close."""
    text = visible_lines(text)
    longest = max((len(fence) for fence in _FENCE.findall(text)), default=2)
    fence = "`" * (longest + 1)
    return f"{fence}{language}\n{text.rstrip(chr(10))}\n{fence}"


def folded(text: str) -> str:
    """A line with names from a repository, as the title of `details`: that is HTML, in which Markdown escapes
    nothing."""
    return html.escape(_unlinked(_inert(_shortened(one_line(text.replace("`", ""))))), quote=False)


def in_one_line(text: str) -> str:
    """Markdown of several paragraphs and lists as it stands in a line of a list."""
    return text.replace("\n\n- ", " ").replace("\n- ", "; ").replace("\n\n", " ").replace("\n", " ")


def details(title: str, body: str) -> str:
    """A folded part; the title is HTML (see `folded`)."""
    return f"<details><summary>{title}</summary>\n\n{body}\n\n</details>"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; cells may hold inline Markdown."""

    def row(cells: Sequence[str]) -> str:
        return "| " + " | ".join(_cell(cell) for cell in cells) + " |"

    return "\n".join([row(head), "|" + " --- |" * len(head), *(row(cells) for cells in rows)])


def _cell(text: str) -> str:
    # A backslash of the text must not escape the one that escapes the bar.
    return text.replace("\\|", f"\\{_GAP}|").replace("|", "\\|").replace("\n", " ")


def bullets(items: Iterable[str], most: int = 100) -> str:
    """A list, cut with the number of what was left out."""
    listed = list(items)
    shown = [f"- {item}" for item in listed[:most]]
    if len(listed) > most:
        shown.append(f"- … and {len(listed) - most} more")
    return "\n".join(shown)


def shell_word(text: str) -> str:
    """An argument of a command that people paste, quoted where it must be, and on one line."""
    text = one_line(text)
    if re.fullmatch(r"[A-Za-z0-9_./:@=,+-]+", text):
        return text
    return "'" + text.replace("'", "'\\''") + "'"
