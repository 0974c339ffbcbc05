"""The line of a word: of an argument, a key, a variable, in whatever file of an installation it is written."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from gitops.charts.files import values_files_of
from gitops.discovery.snapshot import Owned, Snapshot
from gitops.files.errors import GitopsError
from gitops.files.spans import Span
from gitops.files.tree import Tree
from gitops.installation.model import Member

_SUFFIXES = (".yaml", ".yml", ".json", ".env", ".properties", "Kustomization")


def place_of(snapshot: Snapshot, member: Member, *words: str) -> Span:
    """The line at which a member's document, else another file that its Application reads, says the first of
    `words` that is said at all; else where the document begins."""
    for word in words:
        for span in _files(snapshot.tree, member):
            last = span.end_line if span.line else None
            found = line_in(snapshot.tree, span.path, word, first=max(span.line, 1), last=last)
            if found:
                return Span(span.path, found, found)
    return Span(member.written.path, member.written.line, member.written.line)


def line_in(tree: Tree, path: str, *words: str, first: int = 1, last: int | None = None) -> int:
    """The line of a file, from `first` to `last`, that says the first of `words` that is said there outside of a
    comment; 0 where none is."""
    try:
        resolved = tree.resolve(path)
        lines = tree.read(resolved).splitlines() if resolved in tree else []
    except GitopsError:
        return 0
    for word in words:
        # Quotes around a word, or around the value behind its colon, make no difference.
        escaped = re.escape(word.encode("utf-8", "surrogateescape")).replace(b":\\ ", b"[\"']?: *[\"']?")
        pattern = re.compile(rb"(?<![\w.-])" + escaped + rb"(?![\w.-])")
        for number in range(first, min(last or len(lines), len(lines)) + 1):
            match = pattern.search(lines[number - 1])
            if match is not None and b"#" not in lines[number - 1][: match.start()]:
                return number
    return 0


def _files(tree: Tree, member: Member) -> Iterator[Span]:
    """Where a member may be written, the likeliest place first; a span of no lines is the whole file."""
    owned = member.owned
    if owned is None or not owned.resource.template:
        yield member.written
    if owned is not None:
        yield from _read_by(owned, tree)
        if owned.resource.template:
            yield member.written


def _read_by(owned: Owned, tree: Tree) -> Iterator[Span]:
    closure = owned.part.closure
    if closure is not None:
        yield from (Span(path, 0, 0) for path in sorted(closure.files) if path.endswith(_SUFFIXES))
    application = owned.application
    yield application.origin.span
    for source in application.sources:
        yield from (Span(path, 0, 0) for path in values_files_of(source))
        if source.path:
            yield Span(posixpath.join(source.path, "values.yaml"), 0, 0)
