"""Where an addition can be written: the installations that Applications render, from a kustomization, a directory of
manifests or by Argo CD's chart."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from checks.planning.additions.charted import Charted, charted
from checks.planning.additions.plan import AdditionPlan, Named, NotPossible, Promised, named
from checks.planning.chart_values import CHART, is_charted
from checks.planning.proof import reason_of
from checks.wording import plural
from gitops.applications.application import Application
from gitops.discovery.snapshot import Owned, Snapshot, State
from gitops.facts.rendered import not_rendered
from gitops.files.block_style import as_yaml
from gitops.files.editing import Route
from gitops.files.spans import Edit, new_file
from gitops.files.tree import Tree
from gitops.installation.find import installations_of
from gitops.installation.model import Installation, Member
from gitops.kustomize.adding import Addition, add_items
from gitops.kustomize.closure import kustomization_file, load
from gitops.resources.manifests import identify, text_of
from gitops.resources.rendering import Rendered

_NAMESPACE: Final = "argocd"


@dataclass(frozen=True, slots=True)
class Place:
    """An installation that an Application renders: from the kustomization `file`, or ('') from the plain manifests of
    `directory`. Where Argo CD's `chart` renders it and no kustomization does, manifests are added `aside`, to another
    source of the Application, else by the chart's values."""

    installation: Installation
    directory: str
    file: str
    chart: Charted | None = None
    aside: Place | None = None

    @property
    def by_chart(self) -> Charted | None:
        """The chart whose values bring what is added, where nothing else does."""
        return self.chart if not self.file and self.aside is None else None

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

    def adding(self, tree: Tree, name: str, *manifests: Mapping[str, Any]) -> tuple[Edit, ...]:
        """Edits that bring a new file with these manifests. Raises `NotPossible` where it is there, `GitopsError`."""
        if self.aside is not None:
            return self.aside.adding(tree, name, *manifests)
        if self.by_chart is not None:
            return self.by_chart.edits(tree, self.by_chart.bringing(tree, manifests))
        path = self.beside(name)
        if path in tree:
            raise NotPossible(f"{path} is there already")
        made = new_file(path, "---\n".join(as_yaml(one) for one in manifests))
        if not self.file:
            return (made,)
        return (*add_items(self.file, tree.read(self.file), [Addition("resources", name)]), made)

    def added(self, snapshot: Snapshot, edits: Sequence[Edit], manifests: Iterable[Mapping[str, Any]]) -> Promised:
        """What a plan promises of manifests that `adding` brings by these edits."""
        comes = frozenset(named(identify(dict(one))) for one in manifests)
        if self.by_chart is None:
            return Promised(path=(self.aside or self).path, comes=comes)
        exact = tuple((named(identify(dict(one))), (), one) for one in manifests)
        return self.by_values(snapshot, edits, comes=comes, exact=exact)

    def by_values(
        self,
        snapshot: Snapshot,
        edits: Sequence[Edit],
        *,
        comes: frozenset[Named] = frozenset(),
        changes: frozenset[tuple[Named, str]] = frozenset(),
        exact: tuple[tuple[Named, Route, Any], ...] = (),
    ) -> Promised:
        """The same of edits of the chart's values."""
        assert self.chart is not None
        parents = list(self.chart.changed(snapshot, edits))
        told = frozenset((key, path) for key, path, _ in parents)
        also = tuple(path for _, _, path in parents)
        return Promised(edits[0].span.path, comes, changes | told, also, self.chart.owner, exact)


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


def places_of(snapshot: Snapshot) -> tuple[Place, ...]:
    """The installations to which something can be added, in their order. Raises `NotPossible` where there is none."""
    found: dict[str, Place] = {}
    others: list[str] = []
    for installation in snapshot.once(installations_of):
        for process in installation.processes if installation.deployed else ():
            owned = process.member.owned
            if owned is None:
                continue
            place = _place_of(snapshot, installation, owned)
            if place is not None:
                found.setdefault(place.path, place)
            elif _is_chart(snapshot.tree, owned):
                source = owned.application.sources[owned.part.index]
                others.append(f"the chart `{source.chart or source.path}` (Application `{owned.application.name}`)")
    if found:
        return tuple(found.values())
    if others:
        raise NotPossible(
            f"Argo CD is installed by {others[0]}, which is not argo-helm's `{CHART}`, so what its values do is not "
            "known"
        )
    blind = sorted(not_rendered(snapshot), key=lambda state: state.application.destination.namespace != _NAMESPACE)
    for state in blind:
        if any(is_charted(snapshot.tree, source) for source in state.application.sources):
            raise NotPossible(
                f"Argo CD is installed by its chart (Application `{state.application.name}`), which is not rendered "
                f"here: {_why(state)}"
            )
    told = ""
    if blind and blind[0].application.destination.namespace == _NAMESPACE:
        told = f" (`{blind[0].application.name}` is not rendered: {_why(blind[0])})"
    elif blind:
        told = (
            f" ({plural('Application', len(blind))} {'is' if len(blind) == 1 else 'are'} not rendered, and may do so)"
        )
    raise NotPossible(f"no Application renders Argo CD from a kustomization or directory of this repository{told}")


def _why(state: State) -> str:
    part = next((one.rendering for one in state.parts if not isinstance(one.rendering, Rendered)), state.rendering)
    return reason_of(part) or reason_of(state.rendering)


def _is_chart(tree: Tree, owned: Owned) -> bool:
    source = owned.application.sources[owned.part.index]
    return bool(source.chart) or (owned.part.closure is None and posixpath.join(source.path, "Chart.yaml") in tree)


def _place_of(snapshot: Snapshot, installation: Installation, owned: Owned) -> Place | None:
    tree, source, kustomized = (
        snapshot.tree,
        owned.application.sources[owned.part.index],
        owned.part.closure is not None,
    )
    if not _is_chart(tree, owned):
        chart = charted(snapshot, owned) if kustomized else None
        return None if owned.part.elsewhere else _place(tree, installation, source.path, kustomized, chart)
    chart = charted(snapshot, owned)
    if chart is None:
        return None
    origin = owned.application.origin.span.path
    directory = posixpath.dirname(origin) if source.chart else source.path
    return Place(installation, directory, "", chart, _aside(snapshot, installation, owned))


def _aside(snapshot: Snapshot, installation: Installation, owned: Owned) -> Place | None:
    """Another source of the Application that takes manifests."""
    for part in owned.state.parts:
        source = owned.application.sources[part.index]
        chart = source.chart or posixpath.join(source.path, "Chart.yaml") in snapshot.tree
        if part is not owned.part and part.resources and not part.elsewhere and not chart:
            place = _place(snapshot.tree, installation, source.path, part.closure is not None)
            if place is not None:
                return place
    return None


def place_beside(snapshot: Snapshot, place: Place, member: Member) -> Place:
    """Where the Application of a member takes what is added to it; the place itself where it takes nothing."""
    owned = member.owned
    if owned is None or owned.part.elsewhere or _is_chart(snapshot.tree, owned):
        return place
    source = owned.application.sources[owned.part.index]
    return _place(snapshot.tree, place.installation, source.path, owned.part.closure is not None) or place


def _place(
    tree: Tree, installation: Installation, path: str, kustomized: bool, chart: Charted | None = None
) -> Place | None:
    file = kustomization_file(tree, path)
    if not kustomized:
        return Place(installation, path, "") if file is None and tree.resolve(path) == path else None
    return Place(installation, path, file, chart) if file is not None and tree.resolve(file) == file else None
