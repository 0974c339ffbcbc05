"""What Applications need of each other, as their rendered manifests tell.

Only what is exact counts: the same cluster, group, kind, namespace and name, for custom resources a version that is
served; whoever brings what it needs itself needs nobody for it. How strong each kind of evidence is:

- Namespace, CustomResourceDefinition, APIService, AppProject, parent: the sync fails without ("namespaces not found",
  "no matches for kind"). With `SkipDryRunOnMissingResource=true`, on the resource or for its Application, a missing
  kind does not refuse the whole sync: the rest is applied, and a retry goes through.
- References of pods and the like: the API server takes the object, and its controller waits for the other one.
- Admission webhooks: only where they look at custom resources and refuse them while their Service does not answer
  (`failurePolicy: Fail`); the sync is tried again.

Sources: gitops-engine, pkg/sync/sync_context.go; Kubernetes "Dynamic Admission Control", "Kubernetes API Aggregation
Layer".
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from gitops.applications.application import GROUP, IN_CLUSTER, Application
from gitops.discovery.snapshot import ApplicationKey, Owned, OwnedId, Part, Scopes, Snapshot, State
from gitops.facts.order.model import Evidence, Strength
from gitops.facts.order.needs import needs_of
from gitops.facts.order.served import Served, Webhook, api_service_of, webhooks_of
from gitops.facts.owners import owned_in, owners_having, owners_of
from gitops.facts.scopes import placed_by, scopes_in
from gitops.facts.secrets.pods import at, read_manifest
from gitops.facts.secrets.references import Effect, Use
from gitops.facts.secrets.survey import survey
from gitops.resources.definitions import definition_of
from gitops.resources.manifests import text_of
from gitops.resources.resource import Resource, ResourceId

# What must be there for Argo CD to sync anything at all.
_OWN_KINDS = frozenset({(GROUP, "Application"), (GROUP, "ApplicationSet"), (GROUP, "AppProject")})
_NAMESPACES = frozenset({"default", "kube-system", "kube-public", "kube-node-lease"})
_OPTIONS = "argocd.argoproj.io/sync-options"
_SKIP = "SkipDryRunOnMissingResource=true"
_API_VERSION = re.compile(rb"^apiVersion: [\"']?([^\s\"']+)", re.MULTILINE)


@dataclass(frozen=True)
class Relation:
    """`application` needs `provided`, which each of `providers` brings, with its manifest `consumer` (None: as such)
    and `others` more. It counts only together with one of the `witnesses`, when there are any."""

    evidence: Evidence
    strength: Strength
    provided: ResourceId
    providers: tuple[Owned, ...]
    application: Application
    consumer: Owned | None
    use: Use | None
    others: int = 0
    witnesses: tuple[Application, ...] = ()


def relations(snapshot: Snapshot) -> tuple[Relation, ...]:
    """Every relation of a snapshot: one for each Application, kind of evidence and thing that it needs."""
    found = _Gathering(snapshot)
    for state in snapshot.states:
        found.manifests(state)
    for needed in snapshot.once(survey).needed:
        providers = [p.owner for p in snapshot.once(survey).provisions.get(needed.id, ()) if p.provided.creates]
        strength = Strength.SOFT if needed.use.effect is Effect.STOPS else Strength.HINT
        rid = ResourceId("", needed.id.kind, needed.id.namespace, needed.id.name)
        found.need(needed.owner, rid, providers, Evidence.REFERENCE, strength, needed.use)
    for state in snapshot.states:
        found.application(state.application)
    return tuple(found.slots.values())


@dataclass(frozen=True, slots=True)
class _Asking:
    """What the manifests of one Application ask for, in their order: `named` is what it does not bring itself,
    whoever may bring it. `served` are those of some group, as they are placed, with group, kind and version where
    somebody may define them; `groups` are all of these groups."""

    named: tuple[tuple[Part, Resource, OwnedId, Evidence, Strength, Use | None], ...]
    served: tuple[tuple[Part, Resource, ResourceId, tuple[str, str, str] | None], ...]
    groups: frozenset[str]


def _asking(state: State, scopes: Scopes) -> _Asking:
    """For `state.once`."""
    own = {owned_id for owned_id, _, _ in state.once(owned_in, scopes)}
    named: list[tuple[Part, Resource, OwnedId, Evidence, Strength, Use | None]] = []
    served: list[tuple[Part, Resource, ResourceId, tuple[str, str, str] | None]] = []
    for owned_id, part, resource in state.once(placed_by, scopes):  # hooks too: they run in the same namespaces
        for rid, evidence, strength, use in _named(state.application, resource, owned_id.id):
            wanted = OwnedId(owned_id.cluster, rid)
            if wanted not in own:
                named.append((part, resource, wanted, evidence, strength, use))
        version = _version(resource.text, owned_id.id)
        if version is not None or owned_id.id.group:
            served.append((part, resource, owned_id.id, version))
    groups = {rid.group for _, _, rid, _ in served} | {version[0] for _, _, _, version in served if version}
    return _Asking(tuple(named), tuple(served), frozenset(groups))


def _version(text: bytes, placed: ResourceId) -> tuple[str, str, str] | None:
    """Group, kind and version of what somebody else may define; None for Kubernetes' core and Argo CD's own kinds."""
    found = _API_VERSION.search(text)
    if found is None or b"/" not in found[1] or (placed.group, placed.kind) in _OWN_KINDS:
        return None
    group, _, number = found[1].decode("utf-8", "replace").rpartition("/")
    return group, placed.kind, number


def _named(
    application: Application, resource: Resource, placed: ResourceId
) -> Iterator[tuple[ResourceId, Evidence, Strength, Use | None]]:
    destination = application.destination
    if placed.namespace and not _is_there(application, placed.namespace):
        made = "CreateNamespace=true" in application.sync_policy.options
        hint = made and placed.namespace == destination.namespace
        strength = Strength.HINT if hint else Strength.HARD
        yield ResourceId("", "Namespace", "", placed.namespace), Evidence.NAMESPACE, strength, None
    for need in needs_of(resource):
        rid = replace(need.id, namespace=placed.namespace if need.namespaced else "")
        yield rid, Evidence.REFERENCE, need.strength, need.use


def _is_there(application: Application, namespace: str) -> bool:
    """Whether a namespace exists before the first sync: every cluster's own, and that in which Argo CD keeps its
    Applications."""
    cluster = application.destination.cluster
    return namespace in _NAMESPACES or (cluster == IN_CLUSTER and namespace == application.namespace)


class _Gathering:
    def __init__(self, snapshot: Snapshot) -> None:
        self.slots: dict[tuple[ApplicationKey, Evidence, ResourceId], Relation] = {}
        self._snapshot = snapshot
        self._definitions: dict[tuple[str, str, str, str], list[Owned]] = {}
        self._services: dict[tuple[str, str, str], list[Owned]] = {}
        self._webhooks: dict[tuple[str, str], list[tuple[Webhook, Owned]]] = {}
        self._served = Served(snapshot)
        for owned_id, copies in owners_having(snapshot, _serves):
            for copy in copies:
                self._serving(owned_id, copy)
        keys: Iterable[tuple[str, ...]] = (*self._definitions, *self._services, *self._webhooks)
        self._groups = {group for _, group, *_ in keys}  # that anything is known about

    def _serving(self, owned_id: OwnedId, copy: Owned) -> None:
        cluster, kind = owned_id.cluster, owned_id.id.kind
        if kind == "CustomResourceDefinition":
            definition = definition_of(copy.resource)
            if definition is not None:
                for version in definition.versions:
                    key = (cluster, definition.group, definition.kind, version)
                    self._definitions.setdefault(key, []).append(copy)
        elif kind == "APIService":
            served = api_service_of(copy.resource)
            if served is not None:
                self._services.setdefault((cluster, *served), []).append(copy)
        else:
            for webhook in webhooks_of(copy.resource):
                for group in sorted({group for group, _ in webhook.looks_at}):
                    self._webhooks.setdefault((cluster, group), []).append((webhook, copy))

    def manifests(self, state: State) -> None:
        """What the manifests of one Application need."""
        asking = state.once(_asking, self._snapshot.once(scopes_in))
        tree, cluster = self._snapshot.tree, state.application.destination.cluster
        for part, resource, wanted, evidence, strength, use in asking.named:
            providers = self._snapshot.once(owners_of).get(wanted, ())
            if providers:
                self.need(Owned(state, part, resource, tree), wanted.id, providers, evidence, strength, use)
        if asking.groups.isdisjoint(self._groups):
            return
        for part, resource, placed, version in asking.served:
            owned = Owned(state, part, resource, tree)
            if version is not None:
                services = self._services.get((cluster, version[0], version[2]), ())
                self._served_by(owned, self._definitions.get((cluster, *version), ()), Evidence.DEFINITION)
                self._served_by(owned, services, Evidence.API_SERVICE)
            for webhook, configuration in self._webhooks.get((cluster, placed.group), ()):
                if self._served.looks_at(webhook, cluster, resource, placed):
                    rid = ResourceId("", "Service", webhook.namespace, webhook.service)
                    witness = configuration.application
                    self.need(owned, rid, self._owners(cluster, rid), Evidence.WEBHOOK, Strength.SOFT, None, witness)

    def _served_by(self, owned: Owned, providers: Sequence[Owned], evidence: Evidence) -> None:
        if providers:
            strength = Strength.SOFT if _tolerates_missing(owned) else Strength.HARD
            self.need(owned, providers[0].resource.id, providers, evidence, strength)

    def application(self, application: Application) -> None:
        """What an Application needs as such: who brings it, and its project."""
        name = application.parents[-1] if application.generated and application.parents else application.name
        kind = "ApplicationSet" if application.generated else "Application"
        needed = [(ResourceId(GROUP, kind, application.namespace, name), Evidence.PARENT)]
        if application.project != "default":  # Argo CD makes that one when it starts
            project = ResourceId(GROUP, "AppProject", application.namespace, application.project)
            needed.append((project, Evidence.PROJECT))
        for rid, evidence in needed:
            self._put(application, None, rid, self._owners(IN_CLUSTER, rid), evidence, Strength.HARD, None, None)

    def need(
        self,
        consumer: Owned,
        rid: ResourceId,
        providers: Sequence[Owned],
        evidence: Evidence,
        strength: Strength,
        use: Use | None = None,
        witness: Application | None = None,
    ) -> None:
        self._put(consumer.application, consumer, rid, providers, evidence, strength, use, witness)

    def _put(
        self,
        application: Application,
        consumer: Owned | None,
        rid: ResourceId,
        providers: Sequence[Owned],
        evidence: Evidence,
        strength: Strength,
        use: Use | None,
        witness: Application | None,
    ) -> None:
        if not providers or any(copy.application.key == application.key for copy in providers):
            return
        slot = (application.key, evidence, rid)
        known = self.slots.get(slot)
        witnesses = (witness,) if witness is not None else ()
        if known is None:
            self.slots[slot] = Relation(
                evidence, strength, rid, tuple(providers), application, consumer, use, 0, witnesses
            )
            return
        more = replace(known, others=known.others + 1)
        if witness is not None and witness not in known.witnesses:
            more = replace(more, witnesses=(*known.witnesses, witness))
        if strength > known.strength:
            more = replace(more, strength=strength, consumer=consumer, use=use)
        self.slots[slot] = more

    def _owners(self, cluster: str, rid: ResourceId) -> Sequence[Owned]:
        return self._snapshot.once(owners_of).get(OwnedId(cluster, rid), ())


def _serves(resource: Resource) -> bool:
    return resource.id.kind in _SERVING


def _tolerates_missing(owned: Owned) -> bool:
    """Whether the dry run of a manifest is skipped while its kind is missing (gitops-engine, sync_context.go,
    `shouldSkipDryRunOnMissingResource`)."""
    if _SKIP in owned.application.sync_policy.options:
        return True
    if _SKIP.encode() not in owned.resource.text:
        return False
    options = text_of(at(read_manifest(owned.resource.text), ("metadata", "annotations", _OPTIONS)))
    return _SKIP in {option.strip() for option in options.split(",")}


_SERVING = frozenset(
    {
        "CustomResourceDefinition",
        "APIService",
        "ValidatingWebhookConfiguration",
        "MutatingWebhookConfiguration",
    }
)
