"""`argofix order --format json`. Scripts read it: fields are added, never renamed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bot.formats.writing.visible import dumped
from checks.judgement.evaluation import Evaluation
from checks.sync_order.words import why
from gitops.discovery.snapshot import ApplicationKey
from gitops.facts.order.model import Edge, Reason


def render(evaluation: Evaluation) -> str:
    """One JSON object with a final newline."""
    order = evaluation.order.order
    before: dict[ApplicationKey, list[Edge]] = {}
    for edge in order.edges:
        before.setdefault(edge.after, []).append(edge)
    waves = {key: wave for group in evaluation.order.waves for wave, keys in group.groups for key in keys}
    data = {
        "stages": [[_application(key, before, waves) for key in stage] for stage in order.stages],
        "cycles": [[key[2] for key in cycle.applications] for cycle in order.cycles],
        "cuts": [_cut(cycle.cut) for cycle in order.cycles],
    }
    return dumped(data)


def _application(
    key: ApplicationKey, before: Mapping[ApplicationKey, Sequence[Edge]], waves: Mapping[ApplicationKey, int]
) -> dict[str, Any]:
    root, namespace, name = key
    reasons = [_reason(reason) for edge in before.get(key, ()) for reason in edge.reasons]
    return {"name": name, "namespace": namespace, "root": root, "wave": waves.get(key), "reasons": reasons}


def _reason(reason: Reason) -> dict[str, Any]:
    rid = reason.provided
    return {
        "after": reason.provider.application.label,
        "message": why(reason).replace("`", ""),
        "evidence": reason.evidence.value,
        "strength": reason.strength.name.lower(),
        "resource": {"group": rid.group, "kind": rid.kind, "namespace": rid.namespace, "name": rid.name},
        "path": reason.needed_at.path,
        "line": reason.needed_at.line,
        "provided": {"path": reason.provided_at.path, "line": reason.provided_at.line},
    }


def _cut(edge: Edge) -> dict[str, Any]:
    return {"before": edge.before[2], "after": edge.after[2], "reasons": [_reason(reason) for reason in edge.reasons]}
