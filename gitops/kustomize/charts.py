"""The charts that a kustomization inflates: where they lie, and which values files they are given.

Source of the rules: kustomize, HelmChartInflationGenerator (api/internal/builtins) and `MakeHelmChartFromHca`
(api/types/helmchartargs.go).
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from gitops.resources.manifests import text_of

HOME = "charts"  # types.HelmDefaultHome


@dataclass(frozen=True, slots=True)
class InflatedChart:
    """`directory` and the files of `values` are as seen from the kustomization. `repository` and `version` say what
    is pulled where it is not there."""

    name: str
    directory: str
    values: tuple[str, ...] = ()
    repository: str = ""
    version: str = ""


def charts_of(fields: Mapping[str, Any]) -> Iterator[InflatedChart]:
    """Every chart of `helmCharts` and of the older `helmChartInflationGenerator`."""
    settings = fields.get("helmGlobals")
    home = text_of(settings.get("chartHome")) if isinstance(settings, Mapping) else ""
    for each in _listed(fields.get("helmCharts")):
        more = each.get("additionalValuesFiles")
        files = [text_of(each.get("valuesFile")), *map(text_of, more if isinstance(more, list) else ())]
        yield _chart(home, each.get("name"), each.get("version"), each.get("repo"), files)
    for each in _listed(fields.get("helmChartInflationGenerator")):
        where = text_of(each.get("chartHome")) or home
        files = [text_of(each.get("values"))]
        yield _chart(where, each.get("chartName"), each.get("chartVersion"), each.get("chartRepoUrl"), files)


def chart_of_plugin(config: Mapping[str, Any]) -> InflatedChart:
    """The chart of a HelmChartInflationGenerator that `generators` lists."""
    more = config.get("additionalValuesFiles")
    files = [text_of(config.get("valuesFile")), *map(text_of, more if isinstance(more, list) else ())]
    home = text_of(config.get("chartHome"))
    return _chart(home, config.get("name"), config.get("version"), config.get("repo"), files)


def _chart(home: str, name: object, version: object, repo: object, files: list[str]) -> InflatedChart:
    # What was pulled lies in a directory of its own, by version.
    own = text_of(name)
    if text_of(version) and text_of(repo):
        own = f"{own}-{text_of(version)}/{own}"
    values = tuple(filter(None, files))
    return InflatedChart(text_of(name), posixpath.join(home or HOME, own), values, text_of(repo), text_of(version))


def _listed(value: object) -> Iterator[Mapping[str, Any]]:
    yield from (each for each in (value if isinstance(value, list) else ()) if isinstance(each, Mapping))
