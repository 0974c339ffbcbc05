"""`argofix diff --format json`: schema 1. Scripts read it: fields are added, never renamed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bot.formats.changes.manifest import sides, unified
from bot.formats.writing.diff import diff_of_edits
from bot.formats.writing.visible import dumped
from checks.changes.firewall import firewall_of
from checks.changes.remedies import Remedy
from checks.changes.told import Told
from checks.changes.view import Changes
from checks.policy.file import Policy
from gitops.facts.changes.fields import ABSENT, FieldChange, written
from gitops.facts.changes.hidden import shown_at
from gitops.facts.changes.live import LiveDifferences
from gitops.facts.changes.model import ApplicationChange, ResourceChange, SetChange
from gitops.files.tree import Tree
from gitops.resources.resource import ResourceId


def render(
    changes: Changes, policy: Policy, commit: str | None, base: str | None, remedies: Sequence[Remedy] = ()
) -> str:
    """One JSON object with a final newline."""
    return dumped(data_of(changes, policy, commit, base, remedies))


def data_of(
    changes: Changes, policy: Policy, commit: str | None, base: str | None, remedies: Sequence[Remedy] = ()
) -> dict[str, Any]:
    """The object."""
    return {
        "schema": 1,
        "commit": commit,
        "base": base,
        "empty": changes.is_empty,
        "block": changes.block.value,
        "digest": None if changes.partial else firewall_of(changes, policy).digest or None,
        "tell": [_told(one) for one in changes.told],
        "applications": [_application(one) for one in changes.difference.applications],
        "remedies": [_remedy(one, changes.base.tree) for one in remedies],
        "applicationsets": [_set(one) for one in changes.difference.sets],
        "live": _live(changes.live),
    }


def _told(one: Told) -> dict[str, Any]:
    rid = one.resource
    change = one.change
    return {
        "verdict": one.verdict.value,
        "application": one.application,
        "applicationset": one.maker,
        "group": rid.group,
        "kind": rid.kind,
        "namespace": rid.namespace,
        "name": rid.name,
        "cluster": one.id.cluster,
        "block": one.block.value,
        "say": one.text,
        "reasons": [
            {"rule": each.rule, "sentence": each.text, "source": each.source, "block": each.block.value}
            for each in one.said
        ],
        "to": one.to or None,
        "path": one.span.path if one.span is not None else None,
        "line": one.span.line if one.span is not None else None,
        "fields": _fields(change) if change is not None else [],
        "live_differs": list(one.differing),
    }


def _live(live: LiveDifferences | None) -> dict[str, Any] | None:
    return {"compared": live.compared, "not_seen": list(live.unseen)} if live is not None else None


def _fields(change: ResourceChange) -> list[dict[str, Any]]:
    if not change.fields:
        return []
    shown = dict(zip(("before", "after"), sides(change, marked=False), strict=True))
    return [_field(each, shown) for each in change.fields]


def _field(change: FieldChange, shown: Mapping[str, Any]) -> dict[str, Any]:
    if change.order:
        return {
            "path": written(change.path),
            "before": list(map(str, change.before)),
            "after": list(map(str, change.after)),
            "order": True,
        }
    result: dict[str, Any] = {"path": written(change.path)}
    for side, value in (("before", change.before), ("after", change.after)):
        if value is not ABSENT:
            result[side] = shown_at(shown[side], change.path)
    return result


def _application(one: ApplicationChange) -> dict[str, Any]:
    application = one.application
    return {
        "name": application.name,
        "namespace": application.namespace,
        "root": application.root,
        "change": one.turn.value,
        "destination": str(application.destination),
        "declared": [{"what": each.what, "before": each.before, "after": each.after} for each in one.declared],
        "not_analysed": {"before": one.unseen_before or None, "after": one.unseen or None},
        "resources": [_resource(each) for each in one.resources],
    }


def _resource(one: ResourceChange) -> dict[str, Any]:
    rid = one.id.id
    return {
        "group": rid.group,
        "kind": rid.kind,
        "namespace": rid.namespace,
        "name": rid.name,
        "change": one.turn.value,
        "hook": one.is_hook,
        "renamed": [{"before": before, "after": after} for before, after in one.renamed],
        "folded": [written(each.path) for each in one.folded],
        "diff": unified(one),
    }


def _remedy(one: Remedy, tree: Tree) -> dict[str, Any]:
    return {
        "title": one.title,
        "steps": list(one.steps),
        "diff": diff_of_edits(tree, one.edits).decode("utf-8", "replace"),
        "settles": [{"application": each.application, **_named(each.resource)} for each in one.settles],
        "left": one.left,
        "proof": [{"statement": row.statement, "detail": row.detail} for row in one.proof.rows],
    }


def _named(rid: ResourceId) -> dict[str, str]:
    return {"group": rid.group, "kind": rid.kind, "namespace": rid.namespace, "name": rid.name}


def _set(one: SetChange) -> dict[str, Any]:
    declared = one.declared
    return {
        "name": declared.name,
        "namespace": declared.namespace,
        "root": declared.root,
        "change": one.turn.value,
        "makes": {"comes": one.comes, "goes": one.goes, "changes": one.changes, "stays": one.stays},
        "unknown": one.unknown or None,
    }
