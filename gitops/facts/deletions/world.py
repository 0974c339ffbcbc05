"""One side of a change as Argo CD sees it: Applications and ApplicationSets as objects, and who brings what."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cached_property

from gitops.applications.application import GROUP, IN_CLUSTER, Application
from gitops.applicationsets.declared import ApplicationSet, SetKey
from gitops.discovery.snapshot import Owned, OwnedId, Snapshot, State
from gitops.facts.deletions.model import Consequence, Verdict, Why
from gitops.facts.owners import is_owned, owned_by, owners_having, owners_of
from gitops.facts.pairs import counterpart, is_same, named, set_pairs
from gitops.facts.projects import Project, is_project, read_project
from gitops.facts.scopes import id_of
from gitops.resources.resource import ResourceId

Grouping = Callable[[Application], str]


class World:
    """`instance` tells the Argo CDs of a snapshot apart, `other` is the other side."""

    def __init__(self, snapshot: Snapshot, instance: Grouping, other: Snapshot) -> None:
        self.snapshot = snapshot
        self.instance = instance
        self._other = other

    def owned(self, state: State) -> Mapping[OwnedId, Owned]:
        """What an Application owns; of repeated resources the last copy counts (controller/state.go, dedup). Of what
        cannot be analysed, what is built without the rest."""
        found = dict(self._seen(state))
        found.update(owned_by(self.snapshot, state))
        return found

    def _seen(self, state: State) -> Iterator[tuple[OwnedId, Owned]]:
        for part in state.parts:
            for resource in part.seen if part.seen is not part.resources else ():
                if is_owned(resource):
                    copy = Owned(state, part, resource, self.snapshot.tree)
                    yield id_of(self.snapshot, copy), copy

    def owners(self, owned_id: OwnedId, instance: str) -> Iterator[State]:
        """The Applications of one Argo CD that bring an object."""
        for copy in self.snapshot.once(owners_of).get(owned_id, ()):
            if self.instance(copy.application) == instance:
                yield copy.state

    def heir(self, owned_id: OwnedId, application: Application, instance: str, base: World) -> Application | None:
        """Another Application than this one that brings an object: one that did so in `base`, where there is one."""
        others = [s.application for s in self.owners(owned_id, instance) if not is_same(s.application, application)]
        had = [s.application for s in base.owners(owned_id, base.instance(application))]
        return next((one for one in others if any(is_same(one, each) for each in had)), others[0] if others else None)

    def stranger(self, owned_id: OwnedId, instance: str, base: World) -> str:
        """The name of an Application that brings an object from now on, of a root that may belong to another Argo CD
        or to the same one; '' when there is none."""
        before = [copy.application for copy in base.snapshot.once(owners_of).get(owned_id, ())]
        for copy in self.snapshot.once(owners_of).get(owned_id, ()):
            application = copy.application
            if self.instance(application) != instance and not any(is_same(application, other) for other in before):
                return application.name
        return ""

    def application(self, namespace: str, name: str, instance: str) -> State | None:
        """The Application of that name in one Argo CD."""
        found = (
            s
            for s in self.snapshot.once(named).get((namespace, name), ())
            if self.instance(s.application) == instance
        )
        return next(found, None)

    def counterpart(self, application: Application, instance: str) -> State | None:
        """As `counterpart`; of several of one name the one in the same Argo CD."""
        found = counterpart(self.snapshot, application, self._other)
        return found or self.application(application.namespace, application.name, instance)

    def set_of(self, application: Application) -> ApplicationSet | None:
        """The ApplicationSet that makes an Application."""
        if not application.generated or not application.parents:
            return None
        key = (application.root, application.namespace, application.parents[-1])
        return self._sets.get(key)

    def same_set(self, wanted: ApplicationSet) -> ApplicationSet | None:
        """An ApplicationSet of the other side as this one has it."""
        return self._same.get(wanted.key)

    @cached_property
    def _same(self) -> Mapping[SetKey, ApplicationSet | None]:
        return {theirs.key: own for theirs, own in set_pairs(self._other, self.snapshot) if theirs is not None}

    @cached_property
    def _sets(self) -> Mapping[tuple[str, str, str], ApplicationSet]:
        return {one.key: one for one in self.snapshot.sets}

    def project(self, application: Application) -> Project | None:
        """The AppProject of an Application as git has it."""
        return self._projects.get(application.project)

    @cached_property
    def _projects(self) -> Mapping[str, Project]:
        return {
            owned_id.id.name: read_project(copies[-1].resource.manifest())
            for owned_id, copies in owners_having(self.snapshot, is_project)
        }


def object_of(kind: str, namespace: str, name: str) -> OwnedId:
    """An Application or ApplicationSet as an object in Argo CD's own cluster."""
    return OwnedId(IN_CLUSTER, ResourceId(GROUP, kind, namespace, name))


def is_forbidden(owned_id: OwnedId, application: Application, base: World, head: World) -> bool:
    """Whether the AppProject keeps an Application from touching an object, before the change and after it."""
    both = (base.project(application), head.project(application))
    return all(project is not None and not project.permits(owned_id.id, application.destination) for project in both)


def taken_over(
    owned_id: OwnedId,
    application: Application,
    copy: Owned,
    to: Application,
    base: World,
    *,
    races: bool = False,
    late: bool = False,
    owner_goes: bool = False,
) -> Consequence:
    """What `application` owned is `to`'s from now on, which may have brought it before already."""
    already = any(is_same(state.application, to) for state in base.owners(owned_id, base.instance(application)))
    return Consequence(
        owned_id,
        Verdict.HANDED_OVER,
        Why.TAKEN_OVER,
        application,
        copy,
        to=to,
        already=already,
        races=races,
        late=late,
        owner_goes=owner_goes,
    )
