"""Where the values of Argo CD's chart are written: in files of the repository, in the Application that names the
chart, in the kustomization that inflates it.

Sources: argo-helm charts/argo-cd/values.yaml; argo-cd docs/user-guide/helm.md (which of the values count last);
Helm, values of a dependency stand below its name or alias; kustomize, `valuesInline` is merged over `valuesFile`.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from gitops.applications.application import Source
from gitops.charts.files import values_files_of
from gitops.discovery.snapshot import Part, Snapshot, State
from gitops.facts.secrets.pods import mapping, sequence
from gitops.files.documents import read_documents
from gitops.files.editing import Operation, Route
from gitops.files.errors import GitopsError
from gitops.files.tree import Tree
from gitops.kustomize.closure import kustomization_file
from gitops.resources.manifests import text_of

CHART: Final = "argo-cd"


@dataclass(frozen=True, slots=True)
class Written:
    """The values stand at `route` of the document of `path` that begins on `line` (0: the first one), or at `route`
    of the YAML that is text at `text` of it."""

    path: str
    line: int
    route: Route
    text: Route = ()

    def below(self, operations: Iterable[Operation]) -> tuple[Operation, ...]:
        """These operations on the values, as they are on what they stand in."""
        return tuple(Operation(one.kind, (*self.route, *one.route), one.value) for one in operations)


def written_values(snapshot: Snapshot, state: State, part: Part) -> Iterator[Written]:
    """Where a source of an Application has values of Argo CD's chart, or can be given some: what counts last
    first."""
    if part.elsewhere and not state.application.sources[part.index].chart:
        return
    if part.closure is not None:
        yield from _inflated(snapshot.tree, state.application.sources[part.index])
        return
    source = state.application.sources[part.index]
    below = _name_in(snapshot.tree, source)
    if below is None:
        return
    application = state.application
    several = len(application.sources) > 1 or "sources" in mapping(application.manifest.get("spec"))
    block: Route = ("spec", "sources", part.index) if several else ("spec", "source")
    here = (application.origin.span.path, application.origin.span.line)
    said = source.helm or {}
    if application.is_written_here and "valuesObject" in said:
        yield Written(*here, (*block, "helm", "valuesObject", *below))
    elif application.is_written_here and "values" in said:
        yield Written(*here, below, (*block, "helm", "values"))
    for path in reversed(list(values_files_of(source))):
        yield Written(path, 0, below)
    if not source.chart:
        yield Written(posixpath.join(source.path, "values.yaml"), 0, below)
    if application.is_written_here and "values" not in said and "valuesObject" not in said:
        yield Written(*here, (*block, "helm", "valuesObject", *below))


def is_charted(tree: Tree, source: Source) -> bool:
    """Whether a source is Argo CD's chart, or a chart or kustomization that brings that along."""
    return _name_in(tree, source) is not None or next(_inflated(tree, source), None) is not None


def _name_in(tree: Tree, source: Source) -> Route | None:
    """Below what the values of Argo CD's chart stand; None where it is not there."""
    if source.chart:
        return () if source.chart.rpartition("/")[2] == CHART else None
    path = posixpath.join(source.path, "Chart.yaml")
    try:
        documents = read_documents(path, tree.read(tree.resolve(path)))
    except (GitopsError, KeyError):
        return None
    chart = mapping(documents[0].value()) if documents else {}
    if text_of(chart.get("name")) == CHART and not _depends(chart):
        return ()
    for one in _depends(chart):
        if text_of(one.get("name")) == CHART:
            return (text_of(one.get("alias")) or CHART,)
    return () if text_of(chart.get("name")) == CHART else None


def _depends(chart: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [one for one in sequence(chart.get("dependencies")) if isinstance(one, dict)]


def _inflated(tree: Tree, source: Source) -> Iterator[Written]:
    """What `additionalValuesFiles` name counts after `valuesInline`, and that after `valuesFile`."""
    file = None if source.chart else kustomization_file(tree, source.path)
    if file is None or tree.resolve(file) != file:
        return
    try:
        documents = read_documents(file, tree.read(file))
    except GitopsError:
        return
    fields = mapping(documents[0].value()) if len(documents) == 1 else {}
    for index, chart in enumerate(sequence(fields.get("helmCharts"))):
        if text_of(mapping(chart).get("name")) != CHART:
            continue
        inline = Written(file, 0, ("helmCharts", index, "valuesInline"))
        files = [text_of(one) for one in sequence(mapping(chart).get("additionalValuesFiles"))]
        told = text_of(mapping(chart).get("valuesFile"))
        places = [_beside(source.path, one) for one in reversed(files)]
        if mapping(chart).get("valuesInline"):
            places.append(inline)
        places += [_beside(source.path, told)] if told else []
        yield from (one for one in places if one is not None)
        if inline not in places:
            yield inline


def _beside(directory: str, name: str) -> Written | None:
    path = posixpath.normpath(posixpath.join(directory, name))
    return None if "://" in name or path.startswith("../") else Written(path, 0, ())
