"""The order inside one Application: what needs something that the same sync applies only later.

Argo CD goes through a sync phase by phase (PreSync, Sync, PostSync) and, within a phase, wave by wave. It begins
the next one when everything in the one before is healthy and every hook has ended. So a pod that waits for a Secret
of a later wave waits for ever: the wave waits for the pod.

Sources: gitops-engine, pkg/sync/sync_tasks.go (phase, wave, kind, name), pkg/sync/syncwaves/waves.go (`Wave`;
without the annotation, or with one that is no number, Helm's hook weight counts), pkg/sync/sync_context.go (health
before the next wave; a CRD of the same sync makes the dry run pass, not the apply).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from gitops.discovery.snapshot import ApplicationKey, Owned, OwnedId, Snapshot, State
from gitops.facts.order.needs import needs_of
from gitops.facts.owners import owners_of
from gitops.facts.scopes import scopes_in
from gitops.facts.secrets.phases import Phase, moment_of
from gitops.facts.secrets.pods import at, mapping, read_manifest
from gitops.facts.secrets.references import Effect, Use
from gitops.facts.secrets.survey import ObjectId, survey
from gitops.resources.definitions import definition_of
from gitops.resources.manifests import text_of
from gitops.resources.resource import Resource, ResourceId

WAVE = "argocd.argoproj.io/sync-wave"
_WEIGHT = "helm.sh/hook-weight"
_NUMBER = re.compile(r"[+-]?[0-9]{1,18}")  # what strconv.Atoi takes


@dataclass(frozen=True, slots=True, order=True)
class Step:
    """When a manifest is applied: its phase, and its wave within that."""

    phase: Phase
    wave: int

    def __str__(self) -> str:
        return f"wave {self.wave}" if self.phase is Phase.SYNC else f"phase {_WORDS[self.phase]}, wave {self.wave}"


_WORDS = {Phase.PRE_SYNC: "PreSync", Phase.SYNC: "Sync", Phase.POST_SYNC: "PostSync"}


@dataclass(frozen=True)
class Late:
    """`consumer` is applied in step `at` and needs `needed`, which `provider` of the same Application brings only
    in step `then`. `use` is the reference, None where the manifest itself needs it (its kind or its namespace).
    `refused` tells that the API server does not take the consumer; else it is applied and waits."""

    state: State
    consumer: Owned
    at: Step
    needed: ResourceId
    provider: Owned
    then: Step
    use: Use | None
    refused: bool

    @property
    def by_hook(self) -> bool:
        """Whether the one that waits is a hook."""
        return self.consumer.resource.hook


def step_of(resource: Resource) -> Step:
    """When Argo CD applies a rendered manifest first."""
    return Step(moment_of(resource).phase, wave_of(resource))


def wave_of(resource: Resource) -> int:
    """The sync wave of a rendered manifest, 0 when it names none."""
    if WAVE.encode() not in resource.text and _WEIGHT.encode() not in resource.text:
        return 0
    annotations = mapping(at(read_manifest(resource.text), ("metadata", "annotations")))
    for name in (WAVE, _WEIGHT):
        text = text_of(annotations.get(name))
        if _NUMBER.fullmatch(text):
            return int(text)
    return 0


def late(snapshot: Snapshot) -> tuple[Late, ...]:
    """What inside each Application needs what comes later in it: one for each pair of manifests. For
    `snapshot.once`."""
    return tuple(_late(snapshot))


def _late(snapshot: Snapshot) -> Iterator[Late]:
    needed: dict[ApplicationKey, list[tuple[Owned, ResourceId, Use]]] = {}
    for each in snapshot.once(survey).needed:
        if each.use.effect is Effect.STOPS and not each.use.optional:
            rid = ResourceId("", each.id.kind, each.id.namespace, each.id.name)
            needed.setdefault(each.owner.application.key, []).append((each.owner, rid, each.use))
    for state in snapshot.states:
        if not state.once(_flat, None):
            yield from _Inside(snapshot, state).late(needed.get(state.application.key, ()))


def _flat(state: State, _: None) -> bool:
    """Whether everything is applied at once, so that nothing is later than anything. For `state.once`."""
    return len({step_of(resource) for part in state.parts for resource in part.resources}) < 2


class _Inside:
    def __init__(self, snapshot: Snapshot, state: State) -> None:
        self._snapshot, self._state = snapshot, state
        self._destination = state.application.destination
        self._owned = list(snapshot.copies(state))

    def late(self, needed: Iterable[tuple[Owned, ResourceId, Use]]) -> Iterator[Late]:
        brought: dict[ResourceId, list[Owned]] = {}
        defined: dict[tuple[str, str], list[Owned]] = {}
        for owned in self._owned:
            brought.setdefault(self._placed(owned), []).append(owned)
            definition = definition_of(owned.resource)
            if definition is not None:
                defined.setdefault((definition.group, definition.kind), []).append(owned)
        found: dict[tuple[ResourceId, ResourceId], Late] = {}
        for one in self._all(needed, brought, defined):
            found.setdefault((one.consumer.resource.id, one.provider.resource.id), one)
        yield from found.values()

    def _all(
        self,
        needed: Iterable[tuple[Owned, ResourceId, Use]],
        brought: dict[ResourceId, list[Owned]],
        defined: dict[tuple[str, str], list[Owned]],
    ) -> Iterator[Late]:
        for owned, rid, use in needed:
            yield from self._waiting(owned, rid, use, self._making(rid))
        for owned in self._owned:
            for need in needs_of(owned.resource):
                rid = replace(need.id, namespace=self._placed(owned).namespace if need.namespaced else "")
                yield from self._waiting(owned, rid, need.use, brought.get(rid, ()))
            yield from self._refused(owned, brought, defined)

    def _making(self, rid: ResourceId) -> Sequence[Owned]:
        """What of this Application makes a Secret or ConfigMap; nothing when another Application makes it as well."""
        wanted = ObjectId(self._destination.cluster, rid.kind, rid.namespace, rid.name)
        makers = [p.owner for p in self._snapshot.once(survey).of(wanted) if p.provided.creates]
        mine = [owner for owner in makers if owner.application.key == self._state.application.key]
        return mine if len(mine) == len(makers) else ()

    def _waiting(self, consumer: Owned, rid: ResourceId, use: Use, providers: Sequence[Owned]) -> Iterator[Late]:
        """A pod that waits for an object, and is waited for."""
        if moment_of(consumer.resource).holds_up and not self._elsewhere(rid):
            yield from self._later(consumer, rid, use, providers, refused=False)

    def _refused(
        self, owned: Owned, brought: dict[ResourceId, list[Owned]], defined: dict[tuple[str, str], list[Owned]]
    ) -> Iterator[Late]:
        """A manifest that the API server does not take as long as its kind or its namespace is missing."""
        placed = self._placed(owned)
        definitions = defined.get((placed.group, placed.kind), ())
        if definitions and not self._elsewhere(definitions[0].resource.id):
            yield from self._later(owned, definitions[0].resource.id, None, definitions, refused=True)
        application = self._state.application
        made = "CreateNamespace=true" in application.sync_policy.options
        if placed.namespace and not (made and placed.namespace == self._destination.namespace):
            rid = ResourceId("", "Namespace", "", placed.namespace)
            if not self._elsewhere(rid):
                yield from self._later(owned, rid, None, brought.get(rid, ()), refused=True)

    def _later(
        self, consumer: Owned, rid: ResourceId, use: Use | None, providers: Sequence[Owned], *, refused: bool
    ) -> Iterator[Late]:
        first = min(providers, key=lambda owned: step_of(owned.resource), default=None)
        if first is None or first.resource.id == consumer.resource.id:
            return
        at_, then = step_of(consumer.resource), step_of(first.resource)
        if at_.phase <= Phase.POST_SYNC and then.phase <= Phase.POST_SYNC and at_ < then:
            yield Late(self._state, consumer, at_, rid, first, then, use, refused)

    def _elsewhere(self, rid: ResourceId) -> bool:
        """Whether another Application brings it too; who comes first of the two is not decided here."""
        copies = self._snapshot.once(owners_of).get(OwnedId(self._destination.cluster, rid), ())
        return any(copy.application.key != self._state.application.key for copy in copies)

    def _placed(self, owned: Owned) -> ResourceId:
        return owned.resource.id.placed(self._destination.namespace, self._snapshot.once(scopes_in))
