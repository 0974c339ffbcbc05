"""Everything known about one commit: its Applications and what each of them renders."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cached_property
from typing import Any, TypeVar, TypeVarTuple

from gitops.applications.application import Application, Origin
from gitops.applications.live import Live
from gitops.applicationsets.declared import ApplicationSet
from gitops.applicationsets.problems import Refusal
from gitops.discovery.locate import locate
from gitops.files.spans import Span
from gitops.files.tree import Tree
from gitops.kustomize.closure import Closure
from gitops.outside.answers import Asked
from gitops.resources.rendering import NotAnalysed, Rendered, RenderFailed, Rendering
from gitops.resources.resource import Resource, ResourceId

T = TypeVar("T")
G = TypeVar("G")
Given = TypeVarTuple("Given")
ApplicationKey = tuple[str, str, str]
Scopes = Mapping[tuple[str, str], bool]
Test = Callable[[Resource], bool]


@dataclass(frozen=True, slots=True)
class Part:
    """One source of an Application: what it renders and the walk that led there (None without kustomize). `elsewhere`
    names the repository or chart that the source is; then none of it is in this repository, or none at this
    revision. `reads` are the files of this repository that it is made of, where it is not analysed."""

    index: int
    rendering: Rendering
    closure: Closure | None = None
    fingerprint: str = ""
    elsewhere: str = ""
    reads: frozenset[str] | None = None
    _having: dict[Test, tuple[Resource, ...]] = field(default_factory=dict, init=False, repr=False, compare=False)

    @property
    def resources(self) -> tuple[Resource, ...]:
        """What the source renders; nothing where it is not rendered."""
        return self.rendering.resources if isinstance(self.rendering, Rendered) else ()

    @property
    def seen(self) -> tuple[Resource, ...]:
        """The same, and of what is not analysed what is built without the rest."""
        if isinstance(self.rendering, NotAnalysed):
            return self.rendering.seen or ()
        return self.resources

    def having(self, test: Test) -> tuple[Resource, ...]:
        """The resources that pass a test, which is asked once for each: the same part is in many snapshots. So the
        test is a function of a module, and looks at nothing but the resource."""
        found = self._having.get(test)
        if found is None:
            found = self._having[test] = tuple(filter(test, self.resources))
        return found


@dataclass(frozen=True, slots=True)
class State:
    """An Application and its sources' renderings."""

    application: Application
    parts: tuple[Part, ...]
    _known: dict[object, tuple[object, Any]] = field(default_factory=dict, init=False, repr=False, compare=False)

    def once(self, work: Callable[[State, G], T], given: G) -> T:
        """`work(self, given)`, worked out once for as long as the same is given: this state is in many snapshots, of
        the base and of the head, of yesterday and of today. So the work is a function of a module and reads nothing
        else, and what it gives holds no tree (docs/adr/0035)."""
        known = self._known.get(work)
        if known is not None and (known[0] is given or known[0] == given):
            found: T = known[1]
            return found
        found = work(self, given)
        self._known[work] = (given, found)
        return found

    @property
    def rendering(self) -> Rendering:
        """The sources taken together: a failure of one fails all (as Argo CD's comparison does); a source that is
        not analysed leaves a gap."""
        return self.once(State._together, None)

    def _together(self, _: None) -> Rendering:
        resources: list[Resource] = []
        gaps: list[NotAnalysed] = []
        own: list[str] = []
        for part in self.parts:
            if isinstance(part.rendering, RenderFailed):
                return part.rendering
            if isinstance(part.rendering, NotAnalysed):
                gaps.append(part.rendering)
            else:
                resources.extend(part.rendering.resources)
                own.extend(part.rendering.gaps)
        notes = tuple(
            note for p in self.parts if not isinstance(p.rendering, RenderFailed) for note in p.rendering.notes
        )
        if gaps and len(gaps) == len([p for p in self.parts if not _only_lends(p)]):
            elsewhere = all(gap.follows for gap in gaps)
            return NotAnalysed(gaps[0].reason, notes, gaps[0].follows if elsewhere else "")
        unstable = tuple(
            each for p in self.parts if isinstance(p.rendering, Rendered) for each in p.rendering.unstable
        )
        return Rendered(tuple(resources), (*(gap.reason for gap in gaps), *own), notes, unstable)


def _only_lends(part: Part) -> bool:
    rendering = part.rendering
    lends = isinstance(rendering, Rendered) and not rendering.resources
    return lends and part.closure is None and not part.elsewhere


@dataclass(frozen=True, slots=True)
class Unknown:
    """An ApplicationSet (or a part of one) that git alone cannot expand, or (`is_set` false) a file or root that
    cannot be read.

    `refused` tells that Argo CD itself refuses it, and how far that reaches; `span` is then the generator or the
    field that is refused.
    """

    name: str
    namespace: str
    reason: str
    span: Span
    root: str
    is_set: bool = True
    refused: Refusal | None = None

    @property
    def deletes_nothing(self) -> bool:
        """Whether Argo CD deletes no Application of the set while this stands, whatever is taken out of it."""
        return self.refused in (Refusal.SET, Refusal.DELETIONS)


class Cause(StrEnum):
    """Why an Application that is written in the repository is not deployed. The values are what people read."""

    EXCLUDED = "excluded by the configuration"
    TEMPLATE = "template"
    FIXTURE = "test fixture"
    EXPORT = "export from a cluster"
    SWITCHED_OFF = "switched off"
    EMPTY = "ApplicationSet that makes nothing"
    NOT_BROUGHT_IN = "not brought in"


@dataclass(frozen=True, slots=True)
class NotDeployed:
    """An Application or ApplicationSet document that no cluster gets from here; `reason` is one clause."""

    name: str
    namespace: str
    kind: str
    span: Span
    cause: Cause
    reason: str


@dataclass(frozen=True, slots=True)
class Repeated:
    """One Application that is declared or made twice below one root. `kept` is the copy that is in `states`.

    `parent` names the Application whose manifests hold both copies; of these Argo CD applies the last one
    (controller/state.go, NormalizeTargetObjects). `makers` are set when two fight over one Application, of which one
    is an ApplicationSet: their names, the one of `kept` first. `same` tells that the copies do not differ.
    """

    kind: str
    namespace: str
    name: str
    root: str
    kept: Origin
    other: Origin
    parent: str = ""
    makers: tuple[str, str] = ("", "")
    same: bool = False


@dataclass(frozen=True, slots=True)
class Guessed:
    """A `repoURL` that was taken for this repository by evidence: `sources` name it, `paths` of them exist here."""

    url: str
    sources: int
    paths: int
    span: Span


@dataclass(frozen=True, slots=True, order=True)
class OwnedId:
    """A resource in its cluster."""

    cluster: str
    id: ResourceId


@dataclass(frozen=True)
class Owned:
    """One copy of a resource: the Application, the source part and the rendered manifest."""

    state: State
    part: Part
    resource: Resource
    tree: Tree = field(repr=False)

    @property
    def application(self) -> Application:
        return self.state.application

    @cached_property
    def origin(self) -> Origin:
        """Where this copy is written and through which entries it comes."""
        return locate(self.tree, self.resource, self.part.closure, self.application.origin)


@dataclass(frozen=True, slots=True)
class Earlier:
    """The snapshot that another one was made from, with new states at these `places` and the same Applications."""

    snapshot: Snapshot
    places: tuple[int, ...]

    @property
    def before(self) -> Sequence[State]:
        """The states that were there at these places."""
        return [self.snapshot.states[place] for place in self.places]

    def after(self, snapshot: Snapshot) -> Sequence[State]:
        """Those that are there in the snapshot that was made from it."""
        return [snapshot.states[place] for place in self.places]


@dataclass(frozen=True)
class Snapshot:
    """One commit's desired state, as data. What follows from it is worked out in `gitops.facts`, once (`once`).

    `clusters` is the server URL of each cluster name that somebody tells, `cluster_projects` the URL of each cluster
    Secret in git with the AppProject that it is for ('' for all of them),
    `defined` the scopes of the custom resources that files define, whoever deploys those.

    `sets` are the ApplicationSets; those that cannot be expanded whole stand in `unknown` too.
    `not_deployed` are Applications that stand in files and reach no cluster, `repeated` those that are declared or
    made more than once, `guessed` the other names under which this repository was recognised, `installing` the files
    that may hold a part of Argo CD's own installation, whoever deploys them, `outside` everything that was asked of
    others, found or missing. `applied` is what scripts apply of Argo CD's own installation; its Applications have no
    name (`gitops.discovery.scripted`).
    `application_health` tells whether Argo CD is told how to see an Application's health, without which sync waves of
    Applications have no effect; None when the repository holds no such configuration.
    """

    tree: Tree
    states: tuple[State, ...]
    unknown: tuple[Unknown, ...] = ()
    truncated: bool = False
    application_health: bool | None = None
    sets: tuple[ApplicationSet, ...] = ()
    clusters: Mapping[str, str] = field(default_factory=dict)
    cluster_projects: frozenset[tuple[str, str]] = frozenset()
    defined: Scopes = field(default_factory=dict)
    not_deployed: tuple[NotDeployed, ...] = ()
    repeated: tuple[Repeated, ...] = ()
    guessed: tuple[Guessed, ...] = ()
    installing: tuple[str, ...] = ()
    applied: tuple[State, ...] = ()
    outside: tuple[Asked, ...] = ()
    record: object | None = field(default=None, repr=False, compare=False)  # see gitops.discovery.rediscovery
    _known: dict[object, Any] = field(default_factory=dict, init=False, repr=False, compare=False)
    _lasting: dict[object, Any] = field(default_factory=dict, init=False, repr=False, compare=False)
    earlier: Earlier | None = field(default=None, repr=False, compare=False)

    def read_by(self, tree: Tree) -> Snapshot:
        """The same commit, its files read through another tree. What is known of it for good stays known."""
        again = replace(self, tree=tree)
        object.__setattr__(again, "_lasting", self._lasting)
        return again

    def with_applied(self) -> Snapshot:
        """The same commit, in which what scripts apply is deployed like what Applications do. For `snapshot.once`."""
        return replace(self, states=(*self.states, *self.applied), applied=()) if self.applied else self

    @property
    def lasting(self) -> dict[object, Any]:
        """What is known of this commit whoever reads it, and is kept for as long as the commit is remembered. So it
        is small, and nothing in it holds a tree."""
        return self._lasting

    def copies(self, state: State | None = None, having: Test | None = None) -> Iterator[Owned]:
        """Every rendered resource with its owner, hooks and those without a name of their own too; of one Application
        when its `state` is given, and only those that pass a test (`Part.having`)."""
        for each in self.states if state is None else (state,):
            for part in each.parts:
                for resource in part.resources if having is None else part.having(having):
                    yield Owned(each, part, resource, self.tree)

    def brings(self, test: Test) -> bool:
        """Whether any rendered resource passes a test (`Part.having`)."""
        return any(part.having(test) for state in self.states for part in state.parts)

    @cached_property
    def by_key(self) -> Mapping[ApplicationKey, State]:
        if self.earlier is not None:
            known = self.earlier.snapshot.by_key
            both = zip(self.earlier.before, self.earlier.after(self), strict=True)
            return {**known, **{new.application.key: new for old, new in both if known[old.application.key] is old}}
        return {state.application.key: state for state in self.states}

    @cached_property
    def names(self) -> Mapping[str, int]:
        """How many Applications, in whatever root and namespace, have each name."""
        return Counter(state.application.name for state in self.states)

    def once(self, work: Callable[[Snapshot, *Given], T], *given: *Given) -> T:
        """`work(self)`, worked out once: `snapshot.once(owners_of)`. With more than the snapshot, once for the very
        same objects: `snapshot.once(partitions_of, policy, live, base)`."""
        key = (work, *map(id, given))
        known: tuple[T, tuple[object, ...]] | None = self._known.get(key)
        if known is None:
            known = self._known[key] = (work(self, *given), given)  # kept, so that nothing else gets their ids
        return known[0]

    def since(self, before: Snapshot) -> Sequence[ApplicationKey]:
        """The Applications of both whose renderings may differ."""
        if self.earlier is not None and self.earlier.snapshot is before:
            return [state.application.key for state in self.earlier.after(self)]
        return [key for key, state in self.by_key.items() if key in before.by_key and before.by_key[key] is not state]


@dataclass(frozen=True, slots=True)
class Change:
    """What a rule sees: the state before (None when there is nothing to compare with) and after, and what the
    clusters hold (None when nobody was asked)."""

    base: Snapshot | None
    head: Snapshot
    live: Live | None = None
