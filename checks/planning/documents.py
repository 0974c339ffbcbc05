"""Changes of single documents as edits of files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gitops.files.editing import Operation, Route, edit
from gitops.files.embedded import edit_embedded
from gitops.files.errors import GitopsError
from gitops.files.spans import Edit, apply_edits, edits_between
from gitops.files.tree import Tree


@dataclass(frozen=True, slots=True)
class Change:
    """What is done to the document of `path` that begins on `line` (0: the first one), or to the YAML that stands as
    text at the route `text` of it."""

    path: str
    line: int
    operations: tuple[Operation, ...]
    text: Route = ()


def edits_of(tree: Tree, changes: Sequence[Change]) -> tuple[Edit, ...]:
    """All changes as edits. Raises `GitopsError` for a document that cannot be edited."""
    by_document: dict[tuple[str, int, Route], list[Operation]] = {}
    for change in changes:
        by_document.setdefault((change.path, change.line, change.text), []).extend(change.operations)
    by_file: dict[str, bytes] = {}
    for (path, line, text), operations in sorted(by_document.items(), key=lambda one: one[0][:2], reverse=True):
        # From the end of a file to its beginning, so that lines stay where they are told.
        if tree.resolve(path) != path:
            raise GitopsError(f"{path} is reached through a link")
        data = by_file.get(path, tree.read(path))
        edits = _inside(path, data, line, text, operations) if text else edit(path, data, line, operations)
        by_file[path] = apply_edits(data, edits)
    return tuple(one for path, data in by_file.items() for one in edits_between(path, tree.read(path), data))


def _inside(path: str, data: bytes, line: int, text: Route, operations: Sequence[Operation]) -> tuple[Edit, ...]:
    return edit_embedded(path, data, line, text, lambda inner: edit(path, inner, 0, operations))
