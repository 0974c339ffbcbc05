"""Entries of values of Argo CD's chart: in files of the repository, or in the Application that names the chart.

Sources: argo-helm charts/argo-cd/values.yaml; argo-cd docs/user-guide/helm.md (which of the values count last);
Helm, values of a dependency stand below its name or alias.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Sequence

from checks.model import Wanted
from checks.planning.repairs.documents import Change
from gitops.applications.application import Source
from gitops.charts.files import values_files_of
from gitops.discovery.snapshot import Snapshot, State
from gitops.facts.secrets.pods import mapping, sequence
from gitops.files.documents import read_documents
from gitops.files.editing import Operation, Route
from gitops.files.errors import GitopsError
from gitops.resources.manifests import text_of

_CHART = "argo-cd"


def in_values(snapshot: Snapshot, wanted: Sequence[Wanted]) -> Iterator[tuple[Change, ...]]:
    """Where the values of all that is wanted may be written, the place that counts last first."""
    if not wanted or any(not one.values or one.owner != wanted[0].owner for one in wanted):
        return
    state = snapshot.by_key.get(wanted[0].owner) if wanted[0].owner is not None else None
    if state is None:
        return
    operations = tuple(operation for one in wanted for operation in one.values)
    for path, line, prefix, text in _places(snapshot, state, wanted[0]):
        yield (Change(path, line, tuple(_below(one, prefix) for one in operations), text),)


def _below(one: Operation, prefix: Route) -> Operation:
    return Operation(one.kind, (*prefix, *one.route), one.value)


def _places(snapshot: Snapshot, state: State, wanted: Wanted) -> Iterator[tuple[str, int, Route, Route]]:
    """(file, line of its document, route of the chart's values in it, route of the text that holds them)."""
    for part in state.parts:
        if part.elsewhere and not state.application.sources[part.index].chart:
            continue
        if all(resource.id != wanted.resource for resource in part.resources):
            continue
        source = state.application.sources[part.index]
        below = _name_in(snapshot, source)
        if below is None:
            continue
        application = state.application
        several = len(application.sources) > 1 or "sources" in mapping(application.manifest.get("spec"))
        block: Route = ("spec", "sources", part.index) if several else ("spec", "source")
        here = (application.origin.span.path, application.origin.span.line)
        said = source.helm or {}
        if application.is_written_here and "valuesObject" in said:
            yield (*here, (*block, "helm", "valuesObject", *below), ())
        elif application.is_written_here and "values" in said:
            yield (*here, below, (*block, "helm", "values"))
        for path in reversed(list(values_files_of(source))):
            yield path, 0, below, ()
        if not source.chart:
            yield posixpath.join(source.path, "values.yaml"), 0, below, ()
        if application.is_written_here and "values" not in said and "valuesObject" not in said:
            yield (*here, (*block, "helm", "valuesObject", *below), ())


def _name_in(snapshot: Snapshot, source: Source) -> Route | None:
    """Below what the values of Argo CD's chart stand; None where it is not there."""
    if source.chart:
        return () if source.chart.rpartition("/")[2] == _CHART else None
    path = posixpath.join(source.path, "Chart.yaml")
    try:
        documents = read_documents(path, snapshot.tree.read(snapshot.tree.resolve(path)))
    except (GitopsError, KeyError):
        return None
    chart = mapping(documents[0].value()) if documents else {}
    if text_of(chart.get("name")) == _CHART and not chart.get("dependencies"):
        return ()
    for each in sequence(chart.get("dependencies")):
        one = mapping(each)
        if text_of(one.get("name")) == _CHART:
            return (text_of(one.get("alias")) or _CHART,)
    return None
