"""A changed manifest in the manner of a unified diff, without what should not be printed and what says nothing."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from typing import Any

from gitops.facts.changes.fields import ABSENT, FieldChange, applied
from gitops.facts.changes.hidden import HIDDEN, shown, shown_value
from gitops.facts.changes.model import ResourceChange
from gitops.facts.changes.resources import placed_manifest, with_names
from gitops.resources.manifests import canonical
from gitops.resources.resource import ResourceId

OTHER = "(hidden, and another one now)"
CONTEXT = 3


def unified(change: ResourceChange, context: int = CONTEXT) -> list[str]:
    """The lines of the diff, those of its hunks only. Of what comes or goes all lines."""
    before, after = sides(change)
    found = list(difflib.unified_diff(_lines(before), _lines(after), n=context, lineterm=""))[2:]
    if change.before is None or change.after is None:
        return found[1:]
    return found


def sides(change: ResourceChange) -> tuple[Any, Any]:
    """The manifest before and after, as they are printed; `ABSENT` where there is none."""
    rid = change.id.id
    was = placed_manifest(change.before.resource, rid.namespace) if change.before is not None else ABSENT
    if change.after is None:
        return shown(rid, was), ABSENT
    will = placed_manifest(change.after.resource, rid.namespace)
    if change.before is None:
        return ABSENT, shown(rid, will)
    named = with_names(was, dict(change.renamed), {})
    # The difference applied, so that items stand where they stood before.
    wanted = applied(named, change.fields)
    before, after = shown(rid, named), shown(rid, wanted)
    return before, applied(after, _marks(rid, change.fields))


def _marks(rid: ResourceId, changes: tuple[FieldChange, ...]) -> Iterator[FieldChange]:
    """Of values that are hidden it is told that they changed."""
    for change in changes:
        if change.order or ABSENT in (change.before, change.after):
            continue
        was, will = (shown_value(rid, change.path, value) for value in (change.before, change.after))
        if was == will:
            yield FieldChange(change.path, will, str(will).replace(HIDDEN, OTHER) if isinstance(will, str) else OTHER)


def _lines(value: Any) -> list[str]:
    if value is ABSENT:
        return []
    return canonical(value).decode("utf-8", "replace").splitlines()
