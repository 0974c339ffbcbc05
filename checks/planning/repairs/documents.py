"""Changes of single documents as edits of files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gitops.files.editing import Operation, edit
from gitops.files.errors import GitopsError
from gitops.files.spans import Edit, apply_edits, edits_between
from gitops.files.tree import Tree


@dataclass(frozen=True, slots=True)
class Change:
    """What is done to the document of `path` that begins on `line` (0: the first one)."""

    path: str
    line: int
    operations: tuple[Operation, ...]


def edits_of(tree: Tree, changes: Sequence[Change]) -> tuple[Edit, ...]:
    """All changes as edits. Raises `GitopsError` for a document that cannot be edited."""
    by_document: dict[tuple[str, int], list[Operation]] = {}
    for change in changes:
        by_document.setdefault((change.path, change.line), []).extend(change.operations)
    by_file: dict[str, bytes] = {}
    for (path, line), operations in sorted(by_document.items(), reverse=True):
        # From the end of a file to its beginning, so that lines stay where they are told.
        if tree.resolve(path) != path:
            raise GitopsError(f"{path} is reached through a link")
        data = by_file.get(path, tree.read(path))
        by_file[path] = apply_edits(data, edit(path, data, line, operations))
    return tuple(one for path, data in by_file.items() for one in edits_between(path, tree.read(path), data))
