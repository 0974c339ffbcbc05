"""Fields that say what becomes of data when its object goes, or gets smaller."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from checks.changes.block import Block
from checks.changes.declaration import Danger
from checks.changes.subject import Subject
from gitops.facts.secrets.pods import at
from gitops.resources.manifests import text_of

_STATEFUL_SET = ("apps", "StatefulSet")
_SCHEMAS = frozenset({("apiextensions.k8s.io", "CustomResourceDefinition"), ("storage.k8s.io", "StorageClass")})
# What each field says where data goes with its object: of Kubernetes (core/v1, apps/v1, snapshot.storage.k8s.io/v1),
# and as Crossplane, Strimzi, ECK and Rook call theirs.
_DELETING: Mapping[str, frozenset[str]] = {
    "persistentVolumeReclaimPolicy": frozenset({"Delete", "Recycle"}),
    "whenDeleted": frozenset({"Delete"}),
    "whenScaled": frozenset({"Delete"}),
    "deletionPolicy": frozenset({"Delete"}),
    "reclaimPolicy": frozenset({"Delete"}),
    "deleteClaim": frozenset({"true"}),
    "volumeClaimDeletePolicy": frozenset({"DeleteOnScaledownAndClusterDeletion"}),
    "confirmation": frozenset({"yes-really-destroy-data"}),
}
# Those that say `Delete` where nothing is said.
_BY_ITSELF = frozenset({"deletionPolicy", "reclaimPolicy", "volumeClaimDeletePolicy"})
_MOST_DEPTH = 20

Path = tuple[str, ...]


def _no_longer_kept(subject: Subject) -> Iterator[str]:
    if subject.change.before is None or subject.kind in _SCHEMAS:
        return
    before, after = (dict(_said((), side)) for side in (subject.before, subject.after))
    for path in sorted(before | after):
        name = path[-1]
        was, will = before.get(path, ""), after.get(path, "")
        if name in _BY_ITSELF:
            deletes = bool(was) and not _deletes(name, was) and (not will or _deletes(name, will))
        else:
            deletes = _deletes(name, will) and not _deletes(name, was)
        if deletes:
            yield f"`{'.'.join(path)}` goes from {_named(was)} to {_named(will)}"


def _scaled_down(subject: Subject) -> Iterator[str]:
    if subject.kind != _STATEFUL_SET or subject.change.before is None:
        return
    if at(subject.after, ("spec", "persistentVolumeClaimRetentionPolicy", "whenScaled")) != "Delete":
        return
    was, will = (at(side, ("spec", "replicas")) for side in (subject.before, subject.after))
    was, will = (1 if each is None else each for each in (was, will))
    if isinstance(was, int) and isinstance(will, int) and will < was:
        yield f"`spec.replicas` goes from {was} to {will} with `whenScaled: Delete`"


def _said(path: Path, value: Any) -> Iterator[tuple[Path, str]]:
    if len(path) > _MOST_DEPTH:
        return
    if isinstance(value, dict):
        for key, inner in value.items():
            if key in _DELETING and not isinstance(inner, dict | list):
                yield (*path, str(key)), "true" if inner is True else text_of(inner)
            else:
                yield from _said((*path, str(key)), inner)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            name = inner.get("name") if isinstance(inner, dict) else None
            yield from _said((*path, str(name or index)), inner)


def _deletes(name: str, value: str) -> bool:
    return value in _DELETING[name]


def _named(value: str) -> str:
    return f"`{value}`" if value else "nothing"


ROWS = (
    Danger(
        "data-no-longer-kept",
        "A field no longer keeps data whose object goes: a reclaim or deletion policy, the claims of a StatefulSet.",
        "from then on, whoever deletes the object deletes the data behind it",
        "https://kubernetes.io/docs/concepts/storage/persistent-volumes/#reclaiming",
        _no_longer_kept,
        Block.ASK,
    ),
    Danger(
        "claims-deleted-when-scaled",
        "A StatefulSet that deletes the claims of Pods that go gets fewer of them.",
        "the claims of the Pods that go are deleted, with the volumes behind them unless their reclaim policy is "
        "`Retain`",
        "https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#persistentvolumeclaim-retention",
        _scaled_down,
        Block.ASK,
    ),
)
