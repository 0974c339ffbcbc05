"""What is known about one Secret or ConfigMap, from git, the configuration and the cluster together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from checks.ownership.conflicts import Partitions, partitions_of
from checks.policy.file import Policy
from checks.secret_keys.doubts import Doubts, is_silent, meet
from gitops.applications.application import IN_CLUSTER, Application
from gitops.applications.live import LiveCluster
from gitops.discovery.snapshot import Change, Snapshot
from gitops.facts.secrets.phases import SYNC, Moment
from gitops.facts.secrets.providers.provided import SECRET, union
from gitops.facts.secrets.survey import ObjectId, Provision, Survey, survey

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


@dataclass(frozen=True, slots=True)
class Idle:
    """A manifest that seems to provide an object, and why it does not: a clause about it."""

    provision: Provision
    why: str


@dataclass(frozen=True, slots=True)
class Knowledge:
    """`keys` is None while they are not known. `provisions` are those of git that count, creators first. Without
    `exists`, `certain` tells that whatever could provide it is known; `makers` are clauses about what in git may
    make it, `doubts` about who in the same namespace still might, `elsewhere` about who might anywhere, and `idle`
    sentences about manifests that seem to provide it and do not. With `fetching`, what these bring in stands in no
    manifest, and `keys` are those that they had brought in when the cluster was asked."""

    id: ObjectId
    exists: bool
    keys: frozenset[str] | None
    provisions: tuple[Provision, ...] = ()
    in_cluster: bool = False
    declared: int | None = None  # line in the configuration
    certain: bool = False
    makers: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()
    elsewhere: tuple[str, ...] = ()
    removed: bool = False  # the change takes it out of git
    fetching: tuple[Provision, ...] = ()
    idle: tuple[Idle, ...] = ()


class Observer:
    """Answers questions about the head of one change."""

    def __init__(self, change: Change, policy: Policy) -> None:
        self._change = change
        self._policy = policy
        self._partitions = change.head.once(partitions_of, policy, change.live, change.base)
        self._before = change.base.once(partitions_of, policy, change.live, None) if change.base is not None else None
        self._silent = [state for state in change.head.states if is_silent(state)]
        self._doubts = Doubts(change.head, change.base, self._partitions, self._silent)

    @property
    def survey(self) -> Survey:
        return self._change.head.once(survey)

    def about(self, wanted: ObjectId, application: Application, moment: Moment = SYNC) -> Knowledge:
        """What is known about an object that a manifest of `application` references when it is applied."""
        provisions = tuple(_visible(self._change.head, self._partitions, wanted, application, moment))
        before: tuple[Provision, ...] = ()
        if self._change.base is not None and self._before is not None:
            # Whoever does not render now prunes nothing: what it brought in before stays.
            silent = {state.application.key for state in self._silent}
            visible = _visible(self._change.base, self._before, wanted, application, moment)
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
        makers = tuple(self._doubts.makers(wanted, application))
        doubts = tuple(self._doubts.silent_neighbours(wanted, application, complete))
        # A complete listing, of the cluster or in the configuration, covers what is elsewhere too.
        open_ = not complete and not self._policy.declares_all(wanted.kind)
        elsewhere = tuple(self._doubts.elsewhere(wanted, application)) if open_ else ()
        idle = tuple(self._idle(wanted, application, moment))
        return Knowledge(
            wanted, False, None, provisions, False, None, certain, makers, doubts, elsewhere, removed, idle=idle
        )

    def _idle(self, wanted: ObjectId, application: Application, moment: Moment) -> Iterator[Idle]:
        for provision, why in self.survey.idle.get(wanted, ()):
            yield Idle(provision, why)
        for provision in self.survey.of(wanted):
            why = provision.absence(application.key, moment)
            if why:
                yield Idle(provision, why)

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
    snapshot: Snapshot, partitions: Partitions, wanted: ObjectId, application: Application, moment: Moment
) -> Iterator[Provision]:
    """Git's providers that live in the Argo CD of `application`; when there is none, those that may. What is applied
    only later, or taken away again, does not count."""
    every = [p for p in snapshot.once(survey).of(wanted) if not p.absence(application.key, moment)]
    home = partitions.of(application)
    own = [p for p in every if partitions.of(p.owner.application) == home]
    chosen = own if any(p.provided.creates for p in own) else every
    yield from (
        p for p in _creators_first(chosen) if meet(partitions, wanted.cluster, p.owner.application, application)
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
