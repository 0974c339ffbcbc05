"""What is known about one Secret or ConfigMap, from git, the configuration and the cluster together."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from checks.ownership.conflicts import Partitions
from checks.policy import Policy
from checks.wording import listed
from gitops.applications import IN_CLUSTER, Application
from gitops.live import LiveCluster
from gitops.rendering import NotAnalysed, Rendered, RenderFailed
from gitops.resources import Resource
from gitops.secrets.pods import POD_SPECS
from gitops.secrets.provided import SECRET, union
from gitops.secrets.providers import PROVIDERS
from gitops.secrets.survey import ObjectId, Provision, Survey
from gitops.snapshot import Change, Snapshot, State

# ConfigMaps (and one Secret) that clusters or well-known software make by themselves: (kind, namespace, name).
# Sources: Kubernetes (root CA publisher, kubeadm), istio, linkerd, OpenShift, `argocd admin redis-initial-password`.
_BY_THEMSELVES = frozenset(
    {
        ("ConfigMap", "*", "kube-root-ca.crt"),
        ("ConfigMap", "*", "istio-ca-root-cert"),
        ("ConfigMap", "*", "openshift-service-ca.crt"),
        ("ConfigMap", "istio-system", "istio-ca-root-cert"),
        ("ConfigMap", "kube-system", "extension-apiserver-authentication"),
        ("ConfigMap", "kube-system", "kubeadm-config"),
        ("ConfigMap", "kube-system", "kube-proxy"),
        ("ConfigMap", "kube-system", "kubelet-config"),
        ("ConfigMap", "kube-system", "coredns"),
        ("ConfigMap", "kube-public", "cluster-info"),
        ("ConfigMap", "linkerd", "linkerd-identity-trust-roots"),
        ("Secret", "*", "argocd-redis"),
        ("Secret", "*", "argocd-initial-admin-secret"),
    }
)


# Groups whose custom resources only ever read the Secrets that they name.
_CONSUMERS = frozenset(
    {
        "argoproj.io",
        "monitoring.coreos.com",
        "traefik.io",
        "traefik.containo.us",
        "keda.sh",
        "projectcontour.io",
        "notification.toolkit.fluxcd.io",
        "external-secrets.io",
        "cert-manager.io",
    }
)


@dataclass(frozen=True, slots=True)
class Knowledge:
    """`keys` is None while they are not known. `provisions` are those of git that count, creators first. Without
    `exists`, `certain` tells that whatever could provide it is known; `doubts` are clauses about who in the same
    namespace still might, `elsewhere` about who might anywhere. With `fetching`, what these
    bring in stands in no manifest, and `keys` are those that they had brought in when the cluster was asked."""

    id: ObjectId
    exists: bool
    keys: frozenset[str] | None
    provisions: tuple[Provision, ...] = ()
    in_cluster: bool = False
    declared: int | None = None  # line in the configuration
    certain: bool = False
    doubts: tuple[str, ...] = ()
    elsewhere: tuple[str, ...] = ()
    removed: bool = False  # the change takes it out of git
    fetching: tuple[Provision, ...] = ()


class Observer:
    """Answers questions about the head of one change."""

    def __init__(self, change: Change, policy: Policy) -> None:
        self._change = change
        self._policy = policy
        self._partitions = Partitions(change.head, policy, change.live, change.base)
        self._before = Partitions(change.base, policy, change.live) if change.base is not None else None
        self._silent = [state for state in change.head.states if _is_silent(state)]

    @property
    def survey(self) -> Survey:
        return self._change.head.secrets

    def about(self, wanted: ObjectId, application: Application) -> Knowledge:
        """What is known about an object that a manifest of `application` references."""
        provisions = tuple(_visible(self._change.head, self._partitions, wanted, application))
        before: tuple[Provision, ...] = ()
        if self._change.base is not None and self._before is not None:
            # Whoever does not render now prunes nothing: what it brought in before stays.
            silent = {state.application.key for state in self._silent}
            visible = _visible(self._change.base, self._before, wanted, application)
            before = tuple(p for p in visible if p.owner.application.key not in silent)
        live = self._cluster(wanted, application)
        held = _held(live, wanted)
        declared = next(
            (d for d in self._policy.secrets_provided or () if d.matches(wanted.kind, wanted.namespace, wanted.name)),
            None,
        )
        created_before = any(p.provided.creates for p in before)
        created = any(p.provided.creates for p in provisions)
        # What git made, git takes away again: the cluster's copy of that says nothing about what will be there.
        lives_on = held is not None and (created or not created_before)
        known: list[frozenset[str] | None] = [p.provided.keys for p in provisions]
        if declared is not None and declared.keys is not None:
            known.append(declared.keys)
        if held is not None and lives_on:
            own = union(p.provided.keys for p in before)
            if held.keys is not None and own is not None:
                known.append(held.keys - own if created_before else held.keys)
            elif not created:
                known.append(None)
        elif declared is not None and declared.keys is None and not created:
            known.append(None)
        exists = created or declared is not None or lives_on or _by_itself(wanted)
        if exists:
            keys = None if _by_itself(wanted) else union(known)
            line = declared.line if declared is not None else None
            fetching: tuple[Provision, ...] = ()
            if keys is None and held is not None and held.keys is not None and not _by_itself(wanted):
                fetching = tuple(p for p in provisions if p.provided.keys is None)
                if self._change.base is not None and not all(_stands_in(p, before) for p in fetching):
                    fetching = ()  # it may have brought in less before
                if fetching:
                    keys = union([held.keys, *(k for k in known if k is not None)])
            return Knowledge(wanted, True, keys, provisions, held is not None and lives_on, line, fetching=fetching)
        removed = created_before and not created
        complete = live is not None and live.is_complete(wanted.namespace)
        certain = removed or complete or self._policy.declares_all(wanted.kind)
        doubts = (*self._silent_neighbours(wanted, application, complete), *self._mentions(wanted))
        # A complete listing, of the cluster or in the configuration, covers what is elsewhere too.
        open_ = not complete and not self._policy.declares_all(wanted.kind)
        elsewhere = tuple(self._elsewhere(wanted, application)) if open_ else ()
        return Knowledge(wanted, False, None, provisions, False, None, certain, doubts, elsewhere, removed)

    def neighbours(self, wanted: ObjectId, application: Application) -> Iterator[ObjectId]:
        """Objects of the same kind in the cluster of `application`."""
        live = self._cluster(wanted, application)
        yield from (o for o in self.survey.provisions if (o.cluster, o.kind) == (wanted.cluster, wanted.kind))
        if live is not None:
            held = live.secrets if wanted.kind == SECRET else live.config_maps
            yield from (ObjectId(wanted.cluster, wanted.kind, ns, name) for ns, name in held)

    def _cluster(self, wanted: ObjectId, application: Application) -> LiveCluster | None:
        """The cluster as it was seen; None for a root that lives elsewhere, about which it says nothing."""
        live = self._change.live
        asked = wanted.cluster != IN_CLUSTER or self._partitions.answered(application)
        return live.clusters.get(wanted.cluster) if live is not None and asked else None

    def _silent_neighbours(self, wanted: ObjectId, application: Application, complete: bool) -> Iterator[str]:
        """Applications of the same namespace whose manifests are not known. With a complete listing of the cluster
        only those that the change brings in count."""
        base = self._change.base
        deployed = {s.application.key for s in base.states} if complete and base is not None else set()
        found: dict[str, dict[str, None]] = {}
        for state in self._silent:
            other = state.application
            destination = other.destination
            if (destination.cluster, destination.namespace) != (wanted.cluster, wanted.namespace):
                continue
            if complete and (base is None or other.key in deployed):
                continue
            if _meet(self._partitions, wanted.cluster, other, application):
                found.setdefault(_why(state), {})[f"`{other.name}`"] = None
        for why, names in found.items():
            yield f"{listed(list(names), 3)}, on the same namespace, {why}"

    def _elsewhere(self, wanted: ObjectId, application: Application) -> Iterator[str]:
        """Whatever is unknown and may bring manifests for any namespace: other repositories (a chart keeps to its
        own) and ApplicationSets that git cannot expand."""
        names = [
            f"`{state.application.name}`"
            for state in self._silent
            if state.application.name
            and state.application.destination.cluster == wanted.cluster
            and state.application.destination.namespace != wanted.namespace
            and any(source.path and not source.chart for source in state.application.sources)
            and _meet(self._partitions, wanted.cluster, state.application, application)
        ]
        names = list(dict.fromkeys(names))
        if names:
            yield f"{listed(names, 3)} could not be analysed"
        unread = [str(unknown.span) for unknown in self._change.head.unknown if not unknown.is_set]
        if unread:
            yield f"{listed(unread, 3)} could not be read"
        sets = [f"`{unknown.name}`" for unknown in self._change.head.unknown if unknown.is_set]
        if sets:
            yield f"the ApplicationSet{'' if len(sets) == 1 else 's'} {listed(sets, 3)} could not be expanded"

    def _mentions(self, wanted: ObjectId) -> Iterator[str]:
        """Custom resources of the same namespace that name the object: their controllers may be what makes it."""
        word = re.compile(rb"(?<![-.\w])" + re.escape(wanted.name.encode()) + rb"(?![-.\w])")
        for namespace, resource in self._custom.get(wanted.cluster, ()):
            if namespace == wanted.namespace and wanted.name.encode() in resource.text and word.search(resource.text):
                yield f"the controller of `{resource.id.kind} {resource.id.name}`, which names it, may make it"

    @cached_property
    def _custom(self) -> dict[str, list[tuple[str, Resource]]]:
        found: dict[str, list[tuple[str, Resource]]] = {}
        head = self._change.head
        for owned_id, copies in head.owners.items():
            rid = owned_id.id
            custom = "." in rid.group and not rid.group.endswith(".k8s.io") and rid.group not in _CONSUMERS
            if custom and (rid.group, rid.kind) not in PROVIDERS and (rid.group, rid.kind) not in POD_SPECS:
                found.setdefault(owned_id.cluster, []).append((rid.namespace, copies[0].resource))
        return found


@dataclass(frozen=True, slots=True)
class _Held:
    keys: frozenset[str] | None


def _held(live: LiveCluster | None, wanted: ObjectId) -> _Held | None:
    if live is None:
        return None
    objects = live.secrets if wanted.kind == SECRET else live.config_maps
    key = (wanted.namespace, wanted.name)
    return _Held(objects[key]) if key in objects else None


def _by_itself(wanted: ObjectId) -> bool:
    return any((wanted.kind, place, wanted.name) in _BY_THEMSELVES for place in ("*", wanted.namespace))


def _visible(
    snapshot: Snapshot, partitions: Partitions, wanted: ObjectId, application: Application
) -> Iterator[Provision]:
    """Git's providers that live in the Argo CD of `application`; when there is none, those that may."""
    every = list(snapshot.secrets.of(wanted))
    home = partitions.of(application)
    own = [p for p in every if partitions.of(p.owner.application) == home]
    chosen = own if any(p.provided.creates for p in own) else every
    yield from (
        p for p in _creators_first(chosen) if _meet(partitions, wanted.cluster, p.owner.application, application)
    )


def _stands_in(provision: Provision, before: Sequence[Provision]) -> bool:
    """Whether the manifest was there before the change, letter for letter."""
    owner = provision.owner
    return any(
        (p.owner.resource.id, p.owner.resource.text) == (owner.resource.id, owner.resource.text)
        and p.owner.application.name == owner.application.name
        for p in before
    )


def _creators_first(provisions: Sequence[Provision]) -> list[Provision]:
    return sorted(provisions, key=lambda provision: not provision.provided.creates)


def _meet(partitions: Partitions, cluster: str, one: Application, other: Application) -> bool:
    """Whether what both deploy to `cluster` may be one cluster. Elsewhere than in-cluster it is."""
    left, right = partitions.of(one), partitions.of(other)
    if cluster != IN_CLUSTER or left == right:
        return True
    try:
        return not partitions.settled(left, right)
    except KeyError:  # a root that the other side of the change does not have
        return True


def _is_silent(state: State) -> bool:
    rendering = state.rendering
    return not isinstance(rendering, Rendered) or bool(rendering.gaps)


def _why(state: State) -> str:
    rendering = state.rendering
    if isinstance(rendering, RenderFailed):
        return "could not be rendered"
    return "could not be analysed" if isinstance(rendering, NotAnalysed) else "could only be analysed in part"
