"""Seeing that edited files say what they said, but for the versions."""

from __future__ import annotations

from typing import Any

from checks.planning.bumps.plan import BumpPlan
from gitops.files.documents import read_documents
from gitops.files.spans import apply_edits, edits_by_path
from gitops.files.tree import Tree
from gitops.versions.edits import CannotEdit


def verify(tree: Tree, plan: BumpPlan) -> None:
    """The edited files must say what they said, but for the versions. Raises `CannotEdit`."""
    words = {text for move in plan.moves for text in (move.old, move.new, move.pin.digest or "")}
    marks = sorted(filter(None, {*words, plan.digest or ""}), key=len, reverse=True)
    for path, edits in edits_by_path(plan.edits).items():
        before = tree.read(path)
        old, new = _leaves(path, before, marks), _leaves(path, apply_edits(before, edits), marks)
        added = [route for route in new if route not in old and route[1:2] != ("images",)]
        lost = [route for route in old if route not in new and route[1:] != ("images",)]
        if added or lost or any(new[route] != text for route, text in old.items() if route in new):
            raise CannotEdit(f"{path} is written in a way that argofix cannot edit line by line")


_Route = tuple[str | int, ...]


def _leaves(path: str, data: bytes, marks: list[str]) -> dict[_Route, str]:
    """Every scalar of a file by its route, with all versions and digests that a bump may exchange made alike."""
    found: dict[_Route, str] = {}
    stack: list[tuple[_Route, Any]] = [((d.index,), d.value()) for d in read_documents(path, data)]
    while stack:
        route, value = stack.pop()
        if isinstance(value, dict):
            stack.extend(((*route, key), item) for key, item in value.items())
        elif isinstance(value, list):
            stack.extend(((*route, index), item) for index, item in enumerate(value))
        else:
            text = repr(value)
            for mark in marks:
                text = text.replace(mark, "\0")
            found[route] = text
    return found
