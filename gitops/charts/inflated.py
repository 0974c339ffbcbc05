"""The charts of a kustomization as requests of their own, to find out which of its values decide something.

Source of the rules: kustomize, HelmChartInflationGenerator (api/internal/builtins) and `AsHelmArgs`
(api/types/helmchartargs.go).
"""

from __future__ import annotations

import json
import posixpath
from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from gitops.charts.entries import entry_at, line_of
from gitops.charts.helm import request_for
from gitops.files.collected import ReadFiles
from gitops.files.documents import child, read_documents
from gitops.files.errors import GitopsError
from gitops.files.spans import Span
from gitops.files.tree import Tree, normalise
from gitops.kustomize.charts import charts_of
from gitops.resources.manifests import text_of
from gitops.resources.rendering import BuildOptions, Decides, RenderRequest
from gitops.resources.requests import HelmRequest


def inflated_by(tree: Tree, file: str, engine: str, flags: BuildOptions) -> Iterator[tuple[int, RenderRequest]]:
    """The entries of `helmCharts` of a kustomization file by their place, each with a request that gives the chart
    the values that the entry gives it. An entry whose values Helm alone cannot put together so is left out."""
    fields = _fields(tree, file)
    entries = [each for each in _listed(fields.get("helmCharts")) if isinstance(each, Mapping)]
    for index, (entry, chart) in enumerate(zip(entries, charts_of(fields), strict=False)):
        inline = entry.get("valuesInline") or None
        merge = text_of(entry.get("valuesMerge"))
        files = list(chart.values)
        if entry.get("nameTemplate") or (inline and (merge == "merge" or entry.get("additionalValuesFiles"))):
            continue
        if inline and merge == "replace":
            files = []
        try:
            directory = normalise(posixpath.join(posixpath.dirname(file), chart.directory))
            names = [normalise(posixpath.join(posixpath.dirname(file), name)) for name in files]
        except GitopsError:
            continue
        found = ReadFiles(tree)
        found.chart(directory)
        for name in names:
            found.file(name)
        asks = HelmRequest(
            chart=directory,
            release_name=text_of(entry.get("releaseName")) or "release-name",
            namespace=text_of(entry.get("namespace")) or "default",
            value_files=tuple(f"/{name}" for name in names),
            values_object=json.dumps(inline, sort_keys=True, default=str) if inline else "",
            kube_version=text_of(entry.get("kubeVersion")) or flags.kube_version,
            api_versions=tuple(map(text_of, _listed(entry.get("apiVersions")))) or flags.api_versions,
            skip_crds=entry.get("includeCRDs") is not True,
            skip_tests=entry.get("skipTests") is True,
        )
        request = request_for(tree, directory, found.paths, asks, engine)
        if isinstance(request, RenderRequest):
            yield index, request


def value_in(tree: Tree, file: str, index: int, decides: Decides) -> Span | None:
    """The lines of an entry of values of the `helmCharts` entry at `index`; None where it is not spelt out."""
    if decides.source in ("valueFiles", "chart"):
        return line_of(tree, decides)
    documents = read_documents(file, tree.read(tree.resolve(file)))
    entry = child(documents[0].node, "helmCharts", index) if documents else None
    key = {"valuesObject": "/valuesInline", "releaseName": "/releaseName"}.get(decides.source)
    return None if entry is None or key is None else entry_at(file, entry, key + decides.key, decides.line)


def _fields(tree: Tree, file: str) -> Mapping[str, Any]:
    try:
        documents = read_documents(file, tree.read(tree.resolve(file)))
        value = documents[0].value() if documents else None
    except (GitopsError, KeyError, yaml.YAMLError):
        return {}
    return value if isinstance(value, Mapping) else {}


def _listed(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
