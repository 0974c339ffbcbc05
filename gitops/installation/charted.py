"""Installations by Argo CD's chart that is not rendered: the version that the chart's brings, and what values say.

Sources: argo-helm charts/argo-cd (`configs.cm`, `configs.params` and `configs.rbac` become the ConfigMaps argocd-cm,
argocd-cmd-params-cm and argocd-rbac-cm, before 5.0 `server.config` and `server.rbacConfig` did; `global.image.tag`
goes before the chart's own version); argo-cd, docs/user-guide/helm.md (files, then `values`, then `valuesObject`).
`data/charts.json` has the version of Argo CD that each version of the chart installs (`docs/argocd_charts.py`).
"""

from __future__ import annotations

import json
import posixpath
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import resources
from typing import Any, Final

from packaging.version import Version

from gitops.applications.application import Source
from gitops.charts.dependencies import chart_file
from gitops.charts.files import values_files_of
from gitops.discovery.snapshot import Part, Snapshot, State
from gitops.facts.secrets.pods import at, mapping
from gitops.files.documents import read_documents
from gitops.files.errors import GitopsError
from gitops.files.spans import Span
from gitops.files.tree import Tree
from gitops.installation.model import PARAMS, Installation, Member
from gitops.resources.manifests import text_of
from gitops.resources.rendering import Rendered
from gitops.resources.resource import ResourceId
from gitops.versions.pins.model import parse_version

_CHART: Final = "argo-cd"
_OWN: Final = frozenset({"create", "annotations", "secret"})
_MAPS: Final = (
    ("argocd-cm", ("configs", "cm")),
    ("argocd-cm", ("server", "config")),
    (PARAMS, ("configs", "params")),
    ("argocd-rbac-cm", ("configs", "rbac")),
    ("argocd-rbac-cm", ("server", "rbacConfig")),
)


def charted(snapshot: Snapshot) -> Iterator[Installation]:
    """One for each source that is the chart, or has it as a dependency, and is not rendered."""
    for state in snapshot.states:
        for part in state.parts:
            if not isinstance(part.rendering, Rendered) and part.index < len(state.application.sources):
                found = _of(snapshot.tree, state, part)
                if found is not None:
                    yield found


def version_of_chart(chart: str) -> Version | None:
    """The version of Argo CD that a version of the chart installs; None for a range, and where it is not known."""
    told = _charts().get(chart.removeprefix("v"))
    return Version(told) if told is not None else None


@cache
def _charts() -> Mapping[str, str]:
    text = resources.files(__package__).joinpath("data", "charts.json").read_text(encoding="utf-8")
    return {chart: app for app, charts in json.loads(text).items() for chart in charts}


def _of(tree: Tree, state: State, part: Part) -> Installation | None:
    application = state.application
    source = application.sources[part.index]
    version, below = _chart(tree, source)
    if not version:
        return None
    origins = [(span, mapping(at(value, below))) for span, value in _values(tree, state, source)]
    tag = next((tag for _, value in reversed(origins) if (tag := text_of(at(value, ("global", "image", "tag"))))), "")
    namespace = text_of((source.helm or {}).get("namespace")) or application.destination.namespace
    members = [
        Member(ResourceId("", "ConfigMap", namespace, name), read={"data": data}, place=span, brought=application)
        for name, data, span in _maps(origins)
    ]
    # A tag that tells no version is a build of somebody's own.
    known = parse_version(tag) if tag else version_of_chart(version)
    cluster = application.destination.cluster
    return Installation(application.root, cluster, namespace, "", (), tuple(members), charted=known, chart=version)


def _chart(tree: Tree, source: Source) -> tuple[str, tuple[str, ...]]:
    """(its version as written, below which names its values stand); '' where it is another chart."""
    if source.chart:
        return (source.target_revision, ()) if source.chart.rpartition("/")[2] == _CHART else ("", ())
    file = chart_file(tree, posixpath.join(source.path, "Chart.yaml")) if source.path else None
    for one in file.dependencies if file is not None else ():
        if text_of(one.get("name")) == _CHART:
            return text_of(one.get("version")), (text_of(one.get("alias")) or _CHART,)
    return "", ()


def _values(tree: Tree, state: State, source: Source) -> Iterator[tuple[Span, Any]]:
    """(where they stand, the values), in the order in which they count."""
    files = list(values_files_of(source))
    own = posixpath.join(source.path, "values.yaml")
    for path in [*(() if source.chart else (own,)), *files]:
        try:
            data = tree.read(tree.resolve(path)) if path in tree else b""
            documents = read_documents(path, data)
        except (GitopsError, KeyError):
            continue
        if documents:
            yield Span(path, 1, max(data.count(b"\n") + 1, 1)), documents[0].value()
    said, here = source.helm or {}, state.application.origin.span
    try:
        inline = read_documents("values", text_of(said.get("values")).encode("utf-8", "surrogateescape"))
    except GitopsError:
        inline = []
    if inline:
        yield here, inline[0].value()
    yield here, said.get("valuesObject")


def _maps(origins: list[tuple[Span, Mapping[str, Any]]]) -> Iterator[tuple[str, dict[str, str], Span]]:
    """(ConfigMap, its data as far as values say it, where the last of them stands)."""
    found: dict[str, tuple[dict[str, str], Span]] = {}
    for span, values in origins:
        for name, route in _MAPS:
            told = mapping(at(values, route)).items()
            said = {key: _text(value) for key, value in told if key not in _OWN and "{{" not in key}
            if said:
                before = found[name][0] if name in found else {}
                found[name] = ({**before, **said}, span)
    yield from ((name, data, span) for name, (data, span) in found.items())


def _text(value: Any) -> str:
    """As the chart writes it."""
    return value if isinstance(value, str) else json.dumps(value, default=str)
