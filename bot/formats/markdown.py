"""Markdown for GitHub: small pieces that keep hostile names from pinging people or breaking out of their place."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e\u2066-\u2069]")
_FENCE = re.compile(r"`{3,}")


def safe(text: str) -> str:
    """Text of ours that may hold names from a repository: nobody is mentioned, no HTML comment begins, one line."""
    text = _CONTROL.sub("", " ".join(text.split()))
    return text.replace("@", "@\u200b").replace("<!--", "<\u200b!--").replace("-->", "--\u200b>")


def code(text: str) -> str:
    """A code span, whatever the text holds."""
    text = safe(text)
    fence = "`"
    while fence in text:
        fence += "`"
    pad = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{fence}{pad}{text}{pad}{fence}"


def block(text: str, language: str = "") -> str:
    """A fenced block that its content cannot close."""
    longest = max((len(fence) for fence in _FENCE.findall(text)), default=2)
    fence = "`" * (longest + 1)
    return f"{fence}{language}\n{text.rstrip()}\n{fence}"


def details(title: str, body: str) -> str:
    """A folded part."""
    return f"<details><summary>{title}</summary>\n\n{body}\n\n</details>"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; cells may hold inline Markdown."""

    def row(cells: Sequence[str]) -> str:
        return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"

    return "\n".join([row(head), "|" + " --- |" * len(head), *(row(cells) for cells in rows)])


def bullets(items: Iterable[str], most: int = 100) -> str:
    """A list, cut with the number of what was left out."""
    listed = list(items)
    shown = [f"- {item}" for item in listed[:most]]
    if len(listed) > most:
        shown.append(f"- … and {len(listed) - most} more")
    return "\n".join(shown)


def shell_word(text: str) -> str:
    """An argument of a command that people paste, quoted where it must be."""
    if re.fullmatch(r"[A-Za-z0-9_./:@=,+-]+", text):
        return text
    return "'" + text.replace("'", "'\\''") + "'"
