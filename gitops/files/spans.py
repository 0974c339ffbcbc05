"""Places in files, and edits of whole lines.

An edit replaces the lines of its span and nothing else, so every byte outside stays as it was: comments, order,
indentation, quoting, CRLF, byte order mark, final newline.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from gitops.files.errors import GitopsError


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """Lines `line` to `end_line` (1-based, inclusive) of the repository file `path`."""

    path: str
    line: int
    end_line: int

    def __str__(self) -> str:
        return f"{self.path}:{self.line}"


@dataclass(frozen=True, slots=True)
class Edit:
    """Replace the lines of `span` by `replacement` (whole lines with their line ends; '' removes them)."""

    span: Span
    replacement: str


class Applicability(StrEnum):
    """How far a fix may be trusted: applied by itself, applied after a look, or only shown."""

    SAFE = "safe"
    UNSAFE = "unsafe"
    DISPLAY = "display"


@dataclass(frozen=True, slots=True)
class Fix:
    """A titled set of edits that belong together."""

    title: str
    edits: tuple[Edit, ...]
    applicability: Applicability


# Line breaks to YAML, but not to git: a lone CR, NEL, and Unicode's line and paragraph separators.
_OTHER_BREAKS = re.compile(rb"\r(?!\n)|\xc2\x85|\xe2\x80[\xa8\xa9]")
_UTF_16_OR_32 = (b"\xff\xfe", b"\xfe\xff", b"\0")


def counts_lines_as_yaml(data: bytes) -> bool:
    """Whether a YAML parser's line numbers are the file's own; only then may they be edited by."""
    return not data.startswith(_UTF_16_OR_32) and _OTHER_BREAKS.search(data) is None


def split_lines(data: bytes) -> list[bytes]:
    """Lines with their ends; only LF ends a line, so CRLF stays inside its line."""
    lines = data.split(b"\n")
    last = lines.pop()
    result = [line + b"\n" for line in lines]
    if last:
        result.append(last)
    return result


def apply_edits(data: bytes, edits: Iterable[Edit]) -> bytes:
    """`data` with the edits applied. Raises `GitopsError` when two edits overlap or one lies outside the file."""
    lines = split_lines(data)
    ordered = sorted(edits, key=lambda e: (e.span.line, e.span.end_line))
    out: list[bytes] = []
    position = 0
    for edit in ordered:
        start, end = edit.span.line - 1, edit.span.end_line
        if start < position or end > len(lines) or start > end:
            raise GitopsError(f"edit of {edit.span.path} lines {edit.span.line}-{edit.span.end_line} does not fit")
        out.extend(lines[position:start])
        out.append(edit.replacement.encode("utf-8", "surrogateescape"))
        position = end
    out.extend(lines[position:])
    return b"".join(out)


def edited(data: bytes, edits: Iterable[Edit]) -> bytes | None:
    """As `apply_edits`, and None when nothing is left of the file: then it is deleted."""
    return apply_edits(data, edits) or None


def new_file(path: str, text: str) -> Edit:
    """The edit that makes a file which is not there yet."""
    return Edit(Span(path, 1, 0), text)


def edits_between(path: str, old: bytes, new: bytes) -> tuple[Edit, ...]:
    """Edits that make one content of a file the other, each as short as whole lines allow."""
    before, after = split_lines(old), split_lines(new)
    matcher = difflib.SequenceMatcher(None, before, after, autojunk=False)
    found: list[Edit] = []
    for tag, i1, i2, j1, j2 in matcher.get_opcodes():
        if tag == "equal":
            continue
        found.append(Edit(Span(path, i1 + 1, i2), b"".join(after[j1:j2]).decode("utf-8", "surrogateescape")))
    return tuple(found)


def edits_by_path(edits: Iterable[Edit]) -> Mapping[str, tuple[Edit, ...]]:
    """The edits grouped by file, each group without repeats, in path order."""
    grouped: dict[str, dict[Edit, None]] = {}
    for edit in edits:
        grouped.setdefault(edit.span.path, {})[edit] = None
    return {path: tuple(grouped[path]) for path in sorted(grouped)}
