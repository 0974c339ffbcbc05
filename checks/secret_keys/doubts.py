"""Why it may be untrue that nobody provides an object: what in git may make it, and what git does not show."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property

from checks.ownership.conflicts import Partitions
from checks.wording import listed
from gitops.applications.application import IN_CLUSTER, Application
from gitops.discovery.snapshot import Owned, Snapshot, State
from gitops.facts.scopes import scopes_in
from gitops.facts.secrets.phases import Phase, moment_of
from gitops.facts.secrets.providers.makers import may_make, reaches_far
from gitops.facts.secrets.survey import ObjectId, applied, survey
from gitops.resources.rendering import NotAnalysed, Rendered, RenderFailed

Placed = tuple[str, Owned]  # a namespace ('' for a cluster-scoped manifest)


class Doubts:
    """`silent` are the Applications of `head` whose manifests are not known, or not all."""

    def __init__(
        self, head: Snapshot, base: Snapshot | None, partitions: Partitions, silent: Sequence[State]
    ) -> None:
        self._head = head
        self._base = base
        self._partitions = partitions
        self._silent = silent

    def makers(self, wanted: ObjectId, application: Application) -> Iterator[str]:
        """What in git may make the object: controllers whose names for it git does not settle, and whatever names
        it where things are made."""
        found: dict[str, None] = {}
        for provision in self._head.once(survey).maybe(wanted):
            if meet(self._partitions, wanted.cluster, provision.owner.application, application):
                rid = provision.owner.resource.id
                found[f"`{rid.kind} {rid.name}` may make it"] = None
        place = (wanted.namespace, wanted.name)
        near, far = self._candidates
        every = (*near.get((wanted.cluster, wanted.namespace), ()), *far.get(wanted.cluster, ()))
        for namespace, owner in every:
            how = may_make(owner.resource, namespace, wanted.kind, place)
            if how and meet(self._partitions, wanted.cluster, owner.application, application):
                rid = owner.resource.id
                found[f"`{rid.kind} {rid.name}` {how} and may make it"] = None
        yield from found

    @cached_property
    def _candidates(self) -> tuple[Mapping[tuple[str, str], list[Placed]], Mapping[str, list[Placed]]]:
        """Manifests with their namespaces, by cluster and namespace, and by cluster those that reach others too: an
        object is looked for among its neighbours, not among everything."""
        near: dict[tuple[str, str], list[Placed]] = {}
        far: dict[str, list[Placed]] = {}
        for owner in applied(self._head):
            if moment_of(owner.resource).phase is Phase.NEVER:
                continue
            destination = owner.application.destination
            namespace = owner.resource.id.placed(destination.namespace, self._head.once(scopes_in)).namespace
            if reaches_far(owner.resource):
                far.setdefault(destination.cluster, []).append((namespace, owner))
            else:
                near.setdefault((destination.cluster, namespace), []).append((namespace, owner))
        return near, far

    def silent_neighbours(self, wanted: ObjectId, application: Application, complete: bool) -> Iterator[str]:
        """Applications of the same namespace whose manifests are not known. With a complete listing of the cluster
        only those that the change brings in count."""
        base = self._base
        deployed = {s.application.key for s in base.states} if complete and base is not None else set()
        found: dict[str, dict[str, None]] = {}
        for state in self._silent:
            other = state.application
            destination = other.destination
            if (destination.cluster, destination.namespace) != (wanted.cluster, wanted.namespace):
                continue
            if complete and (base is None or other.key in deployed):
                continue
            if meet(self._partitions, wanted.cluster, other, application):
                found.setdefault(_why(state), {})[f"`{other.name}`"] = None
        for why, names in found.items():
            yield f"{listed(list(names), 3)}, on the same namespace, {why}"

    def elsewhere(self, wanted: ObjectId, application: Application) -> Iterator[str]:
        """Whatever is unknown and may bring manifests for any namespace: other repositories (a chart keeps to its
        own) and ApplicationSets that git cannot expand."""
        names = [
            f"`{state.application.label}`"
            for state in self._silent
            if state.application.name
            and state.application.destination.cluster == wanted.cluster
            and state.application.destination.namespace != wanted.namespace
            and any(source.path and not source.chart for source in state.application.sources)
            and meet(self._partitions, wanted.cluster, state.application, application)
        ]
        names = list(dict.fromkeys(names))
        if names:
            yield f"{listed(names, 3)} could not be analysed"
        unread = [str(unknown.span) for unknown in self._head.unknown if not unknown.is_set]
        if unread:
            yield f"{listed(unread, 3)} could not be read"
        sets = [f"`{unknown.name}`" for unknown in self._head.unknown if unknown.is_set]
        if sets:
            yield f"the ApplicationSet{'' if len(sets) == 1 else 's'} {listed(sets, 3)} could not be expanded"


def meet(partitions: Partitions, cluster: str, one: Application, other: Application) -> bool:
    """Whether what both deploy to `cluster` may be one cluster. Elsewhere than in-cluster it is."""
    left, right = partitions.of(one), partitions.of(other)
    if cluster != IN_CLUSTER or left == right:
        return True
    try:
        return not partitions.settled(left, right)
    except KeyError:  # a root that the other side of the change does not have
        return True


def is_silent(state: State) -> bool:
    """Whether some of an Application's manifests are not known."""
    rendering = state.rendering
    return not isinstance(rendering, Rendered) or bool(rendering.gaps)


def _why(state: State) -> str:
    rendering = state.rendering
    if isinstance(rendering, RenderFailed):
        return "could not be rendered"
    return "could not be analysed" if isinstance(rendering, NotAnalysed) else "could only be analysed in part"
