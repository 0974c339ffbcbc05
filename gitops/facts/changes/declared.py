"""What is declared of an Application: where it goes, what it reads, under which rules."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from gitops.applications.application import Application, Source, SyncPolicy
from gitops.facts.changes.fields import ABSENT, differences
from gitops.facts.changes.hidden import shown, shown_at
from gitops.facts.changes.model import DeclaredChange
from gitops.facts.deletions.meant import with_values_read
from gitops.resources.resource import ResourceId

_ITSELF = ResourceId("argoproj.io", "Application", "", "")


def declared_changes(before: Application, after: Application) -> Iterator[DeclaredChange]:
    """What differs, one thing each, the most far-reaching first."""
    if (before.destination.cluster, before.destination.namespace) != (
        after.destination.cluster,
        after.destination.namespace,
    ):
        yield DeclaredChange("destination", str(before.destination), str(after.destination))
    if before.project != after.project:
        yield DeclaredChange("project", before.project, after.project)
    if before.cascades != after.cascades:
        yield DeclaredChange("finalizer", *("present" if a.cascades else "absent" for a in (before, after)))
    yield from _sources(before.sources, after.sources)
    yield from _policies(before.sync_policy, after.sync_policy)
    if before.sync_wave != after.sync_wave:
        yield DeclaredChange("sync wave", str(before.sync_wave), str(after.sync_wave))


def _sources(before: tuple[Source, ...], after: tuple[Source, ...]) -> Iterator[DeclaredChange]:
    if len(before) != len(after):
        yield DeclaredChange("sources", str(len(before)), str(len(after)))
        return
    for number, (one, other) in enumerate(zip(before, after, strict=True), 1):
        whose = f"source {number}: " if len(before) > 1 else ""
        for what in ("repo_url", "chart", "path", "target_revision", "ref", "plugin"):
            was, will = (getattr(each, what) or "" for each in (one, other))
            if was != will:
                yield DeclaredChange(f"{whose}{_WORDS[what]}", *map(_plain, (was, will)))
        for what in ("helm", "kustomize", "directory"):
            yield from _blocks(f"{whose}{what}", getattr(one, what) or {}, getattr(other, what) or {})


def _blocks(what: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[DeclaredChange]:
    """What differs in a block, field by field; in the text of `values` by what it says."""
    if before == after:
        return
    was, will = with_values_read(before), with_values_read(after)
    sides = shown(_ITSELF, was), shown(_ITSELF, will)
    for change in differences(_ITSELF, was, will):
        if change.order:
            told = [", ".join(map(str, each)) for each in (change.before, change.after)]
        else:
            values = zip((change.before, change.after), sides, strict=True)
            told = ["" if value is ABSENT else _plainly(shown_at(side, change.path)) for value, side in values]
        yield DeclaredChange(f"{what}.{change}", told[0], told[1] if told[0] != told[1] else "another one")


def _plainly(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True, default=str)


_WORDS = {
    "repo_url": "repository",
    "chart": "chart",
    "path": "path",
    "target_revision": "revision",
    "ref": "ref",
    "plugin": "plugin",
}


def _policies(before: SyncPolicy, after: SyncPolicy) -> Iterator[DeclaredChange]:
    rows = (
        ("automated sync", before.automated, after.automated),
        ("prune", before.prune, after.prune),
        ("self-heal", before.self_heal, after.self_heal),
        ("allowEmpty", before.allow_empty, after.allow_empty),
        ("managedNamespaceMetadata", before.managed_namespace, after.managed_namespace),
    )
    for what, was, will in rows:
        if was != will:
            yield DeclaredChange(what, *("on" if each else "off" for each in (was, will)))
    if before.options != after.options:
        yield DeclaredChange("sync options", *(", ".join(sorted(each.options)) for each in (before, after)))


def _plain(value: str) -> str:
    text = shown(_ITSELF, value)
    return text if isinstance(text, str) else ""
