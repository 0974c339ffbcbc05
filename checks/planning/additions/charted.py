"""Argo CD's chart as an Application renders it: what its values say, and edits that make them say more.

Sources: argo-helm charts/argo-cd (values.yaml, templates): `<component>.metrics`,
`<component>.topologySpreadConstraints`, `extraObjects` (each goes through `tpl`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from checks.planning.chart_values import Written, written_values
from checks.planning.documents import Change, edits_of
from gitops.charts.files import values_files_of
from gitops.discovery.snapshot import ApplicationKey, Owned, Snapshot
from gitops.facts.secrets.pods import at
from gitops.files.documents import read_documents
from gitops.files.editing import Operation, Route, append
from gitops.files.errors import GitopsError
from gitops.files.spans import Edit
from gitops.files.tree import Tree
from gitops.resources.manifests import identify, text_of

# What the values call the programs that have metrics of their own.
KEYS: Final[Mapping[str, str]] = {
    "argocd-application-controller": "controller",
    "argocd-server": "server",
    "argocd-repo-server": "repoServer",
    "argocd-applicationset-controller": "applicationSet",
    "argocd-notifications": "notifications",
}
_BRACES: Final = re.compile(r"\{\{.*?\}\}", re.DOTALL)


class CannotTell(GitopsError):
    """The values are written nowhere where they could say more; a clause without a full stop."""


@dataclass(frozen=True, eq=False, slots=True)
class Charted:
    """The chart of one Application, and where its values are `written`: what counts last first."""

    owned: Owned
    written: tuple[Written, ...]

    @property
    def owner(self) -> ApplicationKey:
        return self.owned.application.key

    def __str__(self) -> str:
        source = self.owned.application.sources[self.owned.part.index]
        return f"the chart `{source.chart or source.path}` (Application `{self.owned.application.label}`)"

    def says(self, tree: Tree, *route: str) -> Any:
        """What the values that are written say, None where they say nothing."""
        return next((found for one in self.written if (found := _said(tree, one, route)) is not None), None)

    def lacks(self, tree: Tree, operations: Iterable[Operation]) -> list[Operation]:
        """Those that put what the values do not say yet."""
        return [one for one in operations if self.says(tree, *map(str, one.route)) != one.value]

    def edits(self, tree: Tree, operations: Sequence[Operation]) -> tuple[Edit, ...]:
        """Edits after which the values say so as well. Raises `CannotTell` and `GitopsError`."""
        first: GitopsError | None = None
        for place in self.written:
            if place.path not in tree:
                continue
            try:
                return edits_of(tree, [Change(place.path, place.line, place.below(operations), place.text)])
            except GitopsError as error:
                first = first or error
            if any(_said(tree, place, one.route) is not None for one in operations):
                break  # what counts less would say it in vain
        if first is not None:
            raise first
        raise CannotTell(f"the values of {self} are not written in this repository")

    def bringing(self, tree: Tree, manifests: Iterable[Mapping[str, Any]]) -> list[Operation]:
        """What has the chart bring more manifests. Raises `CannotTell`."""
        listed = self.says(tree, "extraObjects")
        if listed is not None and not isinstance(listed, list):
            raise CannotTell(f"`extraObjects` of {self} is no list")
        there = {identify(one) for one in listed or () if isinstance(one, dict)}
        twice = next((rid for one in manifests if (rid := identify(dict(one))) in there), None)
        if twice is not None:
            raise CannotTell(f"`extraObjects` of {self} has {twice} already")
        return [append(("extraObjects",), _escaped(one)) for one in manifests]

    def changed(self, snapshot: Snapshot, edits: Sequence[Edit]) -> Iterator[tuple[tuple[str, str, str], str, str]]:
        """((group, kind, name), path in it, file) of the Application, where edits change it and something renders
        it."""
        origin = self.owned.application.origin.span
        if all(one.span.path != origin.path for one in edits):
            return
        for copy in snapshot.copies():
            rid = copy.resource.id
            if (rid.group, rid.kind, rid.name) == ("argoproj.io", "Application", self.owned.application.name):
                several = len(self.owned.application.sources) > 1
                yield (rid.group, rid.kind, rid.name), "spec.sources" if several else "spec.source", origin.path
                return


def charted(snapshot: Snapshot, owned: Owned) -> Charted | None:
    """The chart that renders something of Argo CD; None where it is none of Argo CD's. A file of values that other
    Applications read too is left alone."""
    places = tuple(written_values(snapshot, owned.state, owned.part))
    if not places:
        return None
    others = {
        path
        for state in snapshot.states
        if state.application.key != owned.application.key
        for source in state.application.sources
        for path in (*values_files_of(source), f"{source.path}/values.yaml".lstrip("/"))
    }
    return Charted(owned, tuple(one for one in places if one.line or one.path not in others))


def _said(tree: Tree, place: Written, route: Sequence[str | int]) -> Any:
    if place.path not in tree:
        return None
    try:
        documents = tree.once(read_documents, place.path)
        document = next((one for one in documents if place.line in (0, one.line)), None)
        value = document.value() if document is not None else None
        if place.text:
            inner = read_documents(place.path, text_of(at(value, place.text)).encode("utf-8", "surrogateescape"))
            value = inner[0].value() if inner else None
    except (GitopsError, KeyError):
        return None
    whole: Route = (*place.route, *route)
    return at(value, whole)


def _escaped(value: Any) -> Any:
    """As `tpl` gives it back: what stands in double braces is Prometheus' and not Helm's."""
    if isinstance(value, dict):
        return {key: _escaped(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_escaped(inner) for inner in value]
    if not isinstance(value, str):
        return value
    return _BRACES.sub(lambda found: "{{`" + found.group(0) + "`}}", value)
