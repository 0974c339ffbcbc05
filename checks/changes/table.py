"""Finding the rows: every module of `checks.changes.dangers` has some."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache

from checks.changes import dangers
from checks.changes.block import gravity
from checks.changes.declaration import Danger
from checks.changes.subject import Subject
from checks.changes.told import Said
from gitops.facts.changes.model import Turn


@cache
def rows() -> tuple[Danger, ...]:
    """Every row, by id. Raises `TypeError` for two of one id."""
    found: dict[str, Danger] = {}
    for module_info in pkgutil.iter_modules(dangers.__path__):
        module = importlib.import_module(f"{dangers.__name__}.{module_info.name}")
        for row in module.ROWS:
            if row.id in found:
                raise TypeError(f"{module.__name__}: there is a row {row.id} already")
            found[row.id] = row
    return tuple(found[name] for name in sorted(found))


def dangers_of(subject: Subject) -> list[Said]:
    """What the rows say of one manifest, the gravest first."""
    if subject.change.turn is Turn.GOES:
        return []  # what goes is told by `gitops.facts.deletions`
    said = [each for row in rows() for each in row.said(subject)]
    return sorted(said, key=lambda each: gravity(each.block))
