"""All references and all providers of a snapshot, each placed in its cluster and namespace."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase

from gitops.discovery.snapshot import ApplicationKey, Owned, OwnedId, Scopes, Snapshot, State
from gitops.facts.scopes import Placed, placed_by, scopes_in
from gitops.facts.secrets.consumers import uses_of
from gitops.facts.secrets.phases import SYNC, Moment, Phase, absence, moment_of
from gitops.facts.secrets.pods import mounts_of
from gitops.facts.secrets.providers.provided import Provided, reaches
from gitops.facts.secrets.providers.pushes import may_push, pushes
from gitops.facts.secrets.providers.registry import provided_by
from gitops.facts.secrets.references import Effect, Use

_NOT_MOUNTED = "makes it only while a pod mounts the class, and no pod of this namespace does"


@dataclass(frozen=True, slots=True, order=True)
class ObjectId:
    """A Secret or ConfigMap in its cluster."""

    cluster: str
    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {self.namespace}/{self.name}" if self.namespace else f"{self.kind} {self.name}"


@dataclass(frozen=True, slots=True)
class Needed:
    """A reference, the manifest that makes it, and when that is applied."""

    id: ObjectId
    use: Use
    owner: Owned
    moment: Moment = SYNC


@dataclass(frozen=True, slots=True)
class Provision:
    """Something provided, the manifest that does, and when that is applied."""

    provided: Provided
    owner: Owned
    moment: Moment = SYNC

    def absence(self, application: ApplicationKey, moment: Moment) -> str:
        """Why it is not there for a manifest of `application` that is applied at `moment`; '' when it is."""
        return absence(self.moment, moment, same_application=self.owner.application.key == application)


@dataclass(frozen=True, slots=True)
class Survey:
    """`provisions` are those of one namespace, `wide` those that reach several, by (cluster, kind, name); `idle`
    those of manifests that are applied and yet make nothing, each with the reason; `possible` those that depend on
    what git does not say, by (cluster, kind)."""

    needed: tuple[Needed, ...]
    provisions: Mapping[ObjectId, tuple[Provision, ...]]
    wide: Mapping[tuple[str, str, str], tuple[Provision, ...]]
    idle: Mapping[ObjectId, tuple[tuple[Provision, str], ...]]
    possible: Mapping[tuple[str, str], tuple[tuple[Provision, str], ...]]

    def of(self, wanted: ObjectId) -> Iterator[Provision]:
        """Everything that provides an object at some time, whichever Application brings it."""
        yield from self.provisions.get(wanted, ())
        for provision in self.wide.get((wanted.cluster, wanted.kind, wanted.name), ()):
            if reaches(provision.provided.namespace or "", wanted.namespace):
                yield provision

    def serving(self, needed: Needed) -> Iterator[Provision]:
        """What provides an object when it is needed."""
        key = needed.owner.application.key
        yield from (p for p in self.of(needed.id) if not p.absence(key, needed.moment))

    def maybe(self, wanted: ObjectId) -> Iterator[Provision]:
        """What may provide an object."""
        for provision, namespace in self.possible.get((wanted.cluster, wanted.kind), ()):
            if fnmatchcase(wanted.name, provision.provided.name) and reaches(namespace, wanted.namespace):
                yield provision


def survey(snapshot: Snapshot) -> Survey:
    """Read every rendered resource, hooks too: they run pods and make Secrets like all others."""
    return _Gathering(snapshot).survey()


@dataclass(frozen=True, slots=True)
class _About:
    """What one manifest has to do with Secrets and ConfigMaps."""

    uses: tuple[Use, ...]
    provides: tuple[Provided, ...]
    mounts: frozenset[str]
    moment: Moment


def _concerned(state: State, scopes: Scopes) -> tuple[tuple[_About | None, Placed], ...]:
    """What an Application has to do with them, for `state.once`; None for what pushes Secrets or says where to, which
    is told by all Applications together."""
    found: list[tuple[_About | None, Placed]] = []
    for placed in state.once(applied_in, scopes):
        resource = placed[2]
        uses, provides, mounts = uses_of(resource), provided_by(resource), mounts_of(resource)
        if uses or provides or mounts:
            found.append((_About(uses, provides, mounts, moment_of(resource)), placed))
        if may_push(resource):
            found.append((None, placed))
    return tuple(found)


class _Gathering:
    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self._needed: list[Needed] = []
        self._provisions: dict[ObjectId, list[Provision]] = {}
        self._wide: dict[tuple[str, str, str], list[Provision]] = {}
        self._possible: dict[tuple[str, str], list[tuple[Provision, str]]] = {}
        self._idle: dict[ObjectId, list[tuple[Provision, str]]] = {}
        self._mounted: set[tuple[str, str, str]] = set()
        self._places: dict[tuple[str, str, str], ObjectId] | None = None

    def survey(self) -> Survey:
        tree, scopes = self._snapshot.tree, self._snapshot.once(scopes_in)
        pushing: list[Owned] = []
        for state in self._snapshot.states:
            for about, (placed, part, resource) in state.once(_concerned, scopes):
                owner = Owned(state, part, resource, tree)
                if about is None:
                    pushing.append(owner)
                else:
                    self._manifest(owner, placed.id.namespace, about)
        for pushed, owner in pushes(pushing, scopes):
            self._provided(Provision(pushed, owner, moment_of(owner.resource)), "")
        for wanted, found in self._provisions.items():
            for provision in list(found):
                mount = provision.provided.mount
                if mount and (wanted.cluster, wanted.namespace, mount) not in self._mounted:
                    found.remove(provision)
                    self._idle.setdefault(wanted, []).append((provision, _NOT_MOUNTED))
        return Survey(
            tuple(map(self._settled, self._needed)),
            {key: tuple(found) for key, found in self._provisions.items() if found},
            {key: tuple(found) for key, found in self._wide.items()},
            {key: tuple(found) for key, found in self._idle.items()},
            {key: tuple(found) for key, found in self._possible.items()},
        )

    def _manifest(self, owner: Owned, namespace: str, about: _About) -> None:
        cluster, moment = owner.application.destination.cluster, about.moment
        for provided in about.provides:
            self._provided(Provision(provided, owner, moment), namespace)
        if moment.phase is Phase.NEVER:
            return
        self._mounted.update((cluster, namespace, name) for name in about.mounts)
        for use in about.uses:
            wanted = ObjectId(cluster, use.kind, use.namespace or namespace, use.name)
            waits = moment if use.effect is Effect.STOPS else replace(moment, holds_up=False)
            self._needed.append(Needed(wanted, use, owner, waits))

    def _settled(self, needed: Needed) -> Needed:
        """A reference whose namespace is only assumed, put where an object of the name is."""
        wanted = needed.id
        if not needed.use.assumed or wanted in self._provisions:
            return needed
        if self._places is None:
            self._places = {}
            for each in sorted(self._provisions):
                self._places.setdefault((each.cluster, each.kind, each.name), each)
        found = self._places.get((wanted.cluster, wanted.kind, wanted.name))
        return needed if found is None else replace(needed, id=found)

    def _provided(self, provision: Provision, namespace: str) -> None:
        provided, cluster = provision.provided, provision.owner.application.destination.cluster
        where = ObjectId(cluster, provided.kind, provided.namespace or namespace, provided.name)
        if provision.moment.phase is Phase.NEVER:
            if provided.sure:
                self._idle.setdefault(where, []).append((provision, absence(provision.moment, SYNC)))
        elif not provided.sure:
            found = (provision, provided.namespace or namespace)
            self._possible.setdefault((cluster, provided.kind), []).append(found)
        elif provided.wide:
            self._wide.setdefault((cluster, provided.kind, provided.name), []).append(provision)
        else:
            self._provisions.setdefault(where, []).append(provision)


def applied(snapshot: Snapshot) -> Iterator[Owned]:
    """Every rendered resource that is applied, with its Application (see `applied_in`)."""
    scopes = snapshot.once(scopes_in)
    for state in snapshot.states:
        for _, part, resource in state.once(applied_in, scopes):
            yield Owned(state, part, resource, snapshot.tree)


def applied_in(state: State, scopes: Scopes) -> tuple[Placed, ...]:
    """What of one Application is applied. For `state.once`.

    Of the copies that one Application holds of a resource only the last one is (argo-cd, controller/state.go,
    DeduplicateTargetObjects, which leaves those with a `generateName` alone).
    """
    placed = state.once(placed_by, scopes)
    last = {one[0]: one for one in placed}
    return placed if len(last) == len(placed) else tuple(one for one in placed if _counts(one, last))


def _counts(one: Placed, last: Mapping[OwnedId, Placed]) -> bool:
    return not one[0].id.name or last[one[0]] is one
