"""An addition as edits and promises: what comes, what changes, what goes, and nothing else."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from checks.planning.additions.manifests import as_yaml
from checks.planning.proof import reason_of
from gitops.applications.application import Application
from gitops.discovery.snapshot import Snapshot, State
from gitops.facts.rendered import not_rendered
from gitops.files.spans import Applicability, Edit, new_file
from gitops.files.tree import Tree
from gitops.installation.find import installations_of
from gitops.installation.model import Installation, Member
from gitops.kustomize.adding import Addition, add_items
from gitops.kustomize.closure import kustomization_file, load
from gitops.resources.manifests import text_of
from gitops.resources.resource import ResourceId

Named = tuple[str, str, str]
_NAMESPACE: Final = "argocd"


class NotPossible(Exception):
    """Why an item cannot be added, a clause without a full stop. `lines` are those of the repository's configuration
    that would say what git does not, '' where nothing would."""

    def __init__(self, why: str, lines: str = "") -> None:
        super().__init__(why)
        self.lines = lines


def named(rid: ResourceId) -> Named:
    """(group, kind, name): a kustomization alone may not say the namespace."""
    return (rid.group, rid.kind, rid.name)


@dataclass(frozen=True, slots=True)
class Becomes:
    """What goes and what comes in its place are the same but below these `paths`."""

    old: Named
    new: Named
    paths: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AdditionPlan:
    """`edits` add `item` to the kustomization, directory or file `path`. Exactly `comes` come, `goes` go, and in the
    resources of `changes` only what is below the path there changes; `becomes` are of the former. What changes may be
    read by other Applications than what comes: `also` are the files that they read.

    `title` is one line, `why` sentences for the pull request, `notes` clauses that a person should read. `unsafe` are
    sentences that a person has to have read before merging, '' where merging disturbs nothing; `first` is what has
    to be done before and `then` what after: a sentence that ends with a colon, and the commands. `expected` names
    rules that say so until that is done. `homes` are the namespaces in which some of `comes` have to be.
    """

    item: str
    path: str
    title: str
    why: str
    edits: tuple[Edit, ...]
    comes: frozenset[Named] = frozenset()
    changes: frozenset[tuple[Named, str]] = frozenset()
    goes: frozenset[Named] = frozenset()
    becomes: tuple[Becomes, ...] = ()
    also: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    unsafe: str = ""
    first: tuple[tuple[str, str], ...] = ()
    then: tuple[tuple[str, str], ...] = ()
    expected: frozenset[str] = frozenset()
    homes: Mapping[Named, str] = field(default_factory=dict)

    @property
    def applicability(self) -> Applicability:
        return Applicability.UNSAFE if self.unsafe else Applicability.SAFE


@dataclass(frozen=True, slots=True)
class Place:
    """An installation that an Application renders from this repository: from the kustomization `file`, or ('') from
    the plain manifests of `directory`."""

    installation: Installation
    directory: str
    file: str

    @property
    def path(self) -> str:
        """What is added to, for people and for the proof."""
        return self.file or self.directory or "."

    def holds(self, application: Application) -> bool:
        """Whether an Application goes to the cluster of the installation, below the same root."""
        where = (application.root, application.destination.cluster)
        return where == (self.installation.root, self.installation.cluster)

    def beside(self, name: str) -> str:
        """The path of a file there."""
        return f"{self.directory}/{name}".lstrip("/")

    def inside(self, tree: Tree, name: str) -> str:
        """A rendered name as the kustomization's patches know it, before its prefix and suffix."""
        fields = load(tree, self.file, {}).fields if self.file else {}
        bare = name.removeprefix(text_of(fields.get("namePrefix"))).removesuffix(text_of(fields.get("nameSuffix")))
        return bare or name

    def patch(self, tree: Tree, member: Member, operations: Iterable[Mapping[str, Any]]) -> Addition:
        """A JSON patch of what is rendered there, as an entry of the kustomization's `patches`."""
        name = self.inside(tree, member.id.name)
        head = ("target:", f"  kind: {member.id.kind}", f"  name: {name}", "patch: |-")
        lines = as_yaml(list(operations)).splitlines()
        return Addition("patches", "\n".join((*head, *(f"  {line}" for line in lines))))

    def adding(self, tree: Tree, name: str, *manifests: object) -> tuple[Edit, ...]:
        """Edits that bring a new file with these manifests. Raises `NotPossible` where it is there, `GitopsError`."""
        path = self.beside(name)
        if path in tree:
            raise NotPossible(f"{path} is there already")
        made = new_file(path, "---\n".join(as_yaml(one) for one in manifests))
        if not self.file:
            return (made,)
        return (*add_items(self.file, tree.read(self.file), [Addition("resources", name)]), made)


def at_first(snapshot: Snapshot, planned: Callable[[Place], AdditionPlan]) -> AdditionPlan:
    """The plan for the first installation that there is one for. Raises `NotPossible` with all reasons."""
    reasons: list[NotPossible] = []
    for place in places_of(snapshot):
        try:
            return planned(place)
        except NotPossible as error:
            reasons.append(error)
    lines = next((one.lines for one in reasons if one.lines), "")
    raise NotPossible("; ".join(dict.fromkeys(str(one) for one in reasons)), lines)


def project_notes(snapshot: Snapshot, place: Place) -> tuple[str, ...]:
    """What is to be said of an AppProject that is not in git, and so may not permit what comes."""
    owned = next(one.member.owned for one in place.installation.processes if one.member.owned is not None)
    project = owned.application.project
    known = any(
        copy.resource.id.kind == "AppProject" and copy.resource.id.name == project for copy in snapshot.copies()
    )
    if project == "default" or known:
        return ()
    return (f"The AppProject {project} has to permit these kinds; it is not in git",)


def reads(state: State, path: str) -> bool:
    """Whether an Application renders what `AdditionPlan.path` names."""
    for part in state.parts:
        if any(resource.path == path for resource in part.resources):
            return True
        if part.closure is not None:
            if path in part.closure.files:
                return True
        elif (state.application.sources[part.index].path or ".") == path and not part.elsewhere:
            return True
    return False


def places_of(snapshot: Snapshot) -> tuple[Place, ...]:
    """The installations to which something can be added, in their order. Raises `NotPossible` where there is none."""
    found: dict[str, Place] = {}
    charts: list[str] = []
    for installation in snapshot.once(installations_of):
        for process in installation.processes if installation.deployed else ():
            owned = process.member.owned
            if owned is None:
                continue
            source = owned.application.sources[owned.part.index]
            kustomized = owned.part.closure is not None
            if source.chart or (not kustomized and posixpath.join(source.path, "Chart.yaml") in snapshot.tree):
                what = source.chart or source.path
                charts.append(f"the chart `{what}` (Application `{owned.application.name}`)")
            elif not owned.part.elsewhere:
                place = _place(snapshot.tree, installation, source.path, kustomized)
                if place is not None:
                    found.setdefault(place.path, place)
    if found:
        return tuple(found.values())
    if charts:
        raise NotPossible(
            f"Argo CD is installed by {charts[0]}; argofix adds to kustomizations and directories of manifests only"
        )
    blind = sorted(not_rendered(snapshot), key=lambda state: state.application.destination.namespace != _NAMESPACE)
    told = f" (`{blind[0].application.name}` is not rendered: {reason_of(blind[0].rendering)})" if blind else ""
    raise NotPossible(f"no Application renders Argo CD from a kustomization or directory of this repository{told}")


def place_beside(snapshot: Snapshot, place: Place, member: Member) -> Place:
    """Where the Application of a member takes what is added to it; the place itself where it takes nothing."""
    owned = member.owned
    if owned is None or owned.part.elsewhere:
        return place
    source = owned.application.sources[owned.part.index]
    if source.chart or (owned.part.closure is None and posixpath.join(source.path, "Chart.yaml") in snapshot.tree):
        return place
    return _place(snapshot.tree, place.installation, source.path, owned.part.closure is not None) or place


def _place(tree: Tree, installation: Installation, path: str, kustomized: bool) -> Place | None:
    file = kustomization_file(tree, path)
    if not kustomized:
        return Place(installation, path, "") if file is None and tree.resolve(path) == path else None
    return Place(installation, path, file) if file is not None and tree.resolve(file) == file else None
