"""An ApplicationSet as it is declared: what its controller may do, and whether it can do anything at all.

Source: argo-cd v3.5.1, applicationset/utils/policy.go and applicationset_types.go:115-140.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from gitops.applications.application import Origin
from gitops.applications.clusters import KnownCluster
from gitops.resources.manifests import text_of

SetKey = tuple[str, str, str]

# The policies with which a controller deletes, and those with which it updates; '' is its default.
DELETING = frozenset({"", "sync", "create-delete"})
UPDATING = frozenset({"", "sync", "create-update"})


@dataclass(frozen=True, slots=True)
class Selection:
    """One `matchExpressions` entry of a step: Argo CD takes `In` and `NotIn` only."""

    key: str
    operator: str
    values: tuple[str, ...]

    def takes(self, labels: Mapping[str, str]) -> bool:
        if self.operator == "In":
            return labels.get(self.key) in self.values
        # Without the label an Application is not kept out, whatever the operator is; with it an unknown one keeps
        # it out.
        return self.key not in labels or (self.operator == "NotIn" and labels[self.key] not in self.values)


@dataclass(frozen=True, slots=True)
class ApplicationSet:
    """`policy` is `applicationsSync` as written ('' when it says nothing); `preserves` is
    `preserveResourcesOnDeletion`; `content` tells equal declarations from different ones.

    `troubles` say what git cannot expand of it; `refused` that Argo CD cannot either and deletes nothing of the set
    meanwhile, `halted` that it does not change any either. `assumed` are clusters that it is expanded for since
    files show them, and nobody says that there are no others; `live` says who tells its Applications, where that is
    a live Argo CD. `steps` are those of its RollingSync strategy (applicationset/progressivesync); `manifest` is
    what all of this was read from."""

    name: str
    namespace: str
    root: str
    parents: tuple[str, ...]
    origin: Origin
    content: str
    policy: str = ""
    preserves: bool = False
    troubles: tuple[str, ...] = ()
    refused: bool = False
    steps: tuple[tuple[Selection, ...], ...] = ()
    halted: bool = False
    assumed: tuple[KnownCluster, ...] = ()
    live: str = ""
    manifest: Mapping[str, Any] = field(default_factory=dict, compare=False, repr=False)

    @property
    def key(self) -> SetKey:
        return (self.root, self.namespace, self.name)

    def step_of(self, labels: Mapping[str, str]) -> int | None:
        """The RollingSync step (from 1) that syncs an Application with these labels; None when no step does: the
        first that takes it counts."""
        return next((n for n, step in enumerate(self.steps, 1) if all(each.takes(labels) for each in step)), None)

    @property
    def updates(self) -> bool:
        """Whether its controller writes a changed template into Applications that are there."""
        return self.policy in UPDATING

    @property
    def deletes(self) -> bool:
        """Whether its controller deletes Applications that it no longer generates."""
        return self.policy in DELETING


def declared_set(
    manifest: Mapping[str, Any],
    origin: Origin,
    content: str,
    *,
    namespace: str,
    root: str,
    parents: tuple[str, ...],
    troubles: tuple[str, ...],
    refused: bool = False,
    halted: bool = False,
    assumed: tuple[KnownCluster, ...] = (),
    live: str = "",
) -> ApplicationSet:
    """The set that a manifest declares. Ill-typed fields count as absent."""
    spec = _mapping(manifest.get("spec"))
    policy = _mapping(spec.get("syncPolicy"))
    return ApplicationSet(
        text_of(_mapping(manifest.get("metadata")).get("name")),
        namespace,
        root,
        parents,
        origin,
        content,
        text_of(policy.get("applicationsSync")),
        policy.get("preserveResourcesOnDeletion") is True,
        troubles,
        refused,
        _steps(_mapping(spec.get("strategy"))),
        halted,
        assumed,
        live,
        manifest,
    )


def _steps(strategy: Mapping[str, Any]) -> tuple[tuple[Selection, ...], ...]:
    steps = _mapping(strategy.get("rollingSync")).get("steps")
    if strategy.get("type") != "RollingSync" or not isinstance(steps, list):
        return ()
    return tuple(tuple(_selections(_mapping(step).get("matchExpressions"))) for step in steps)


def _selections(expressions: object) -> Iterator[Selection]:
    for expression in map(_mapping, expressions if isinstance(expressions, list) else []):
        values = expression.get("values")
        listed = tuple(map(text_of, values)) if isinstance(values, list) else ()
        yield Selection(text_of(expression.get("key")), text_of(expression.get("operator")), listed)


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
