"""Plugins that a kustomization configures in `generators`, `transformers` and `validators`.

kustomize's builtin ones run, and name files by fields of their own; all others would execute something.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from gitops.files.documents import Document, duplicate_keys, read_documents
from gitops.kustomize.charts import InflatedChart, chart_of_plugin
from gitops.kustomize.encrypted import KINDS
from gitops.kustomize.fields import BUILTIN, Unread, unread
from gitops.kustomize.kustomization import Reference, is_inline, references_of
from gitops.resources.manifests import text_of

# What the same entry is called in a kustomization.
_FIELDS = {
    "files": "configMapGenerator",
    "envs": "configMapGenerator",
    "env": "configMapGenerator",
    "path": "patches",
    "paths": "patchesStrategicMerge",
    "replacements": "replacements",
    "targetFilePath": "configurations",
}


@dataclass(slots=True)
class Plugins:
    """What one file (or inline text) of plugin configurations names (`references`), why git alone cannot render it
    (`unsupported`), what of it is not understood (`refused`), and which charts it inflates (`charts`)."""

    references: list[Reference] = field(default_factory=list)
    unsupported: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    charts: list[InflatedChart] = field(default_factory=list)
    configs: list[dict[str, Any]] = field(default_factory=list, repr=False)
    encrypted: dict[int, int] = field(default_factory=dict)


def read_plugins(reference: Reference, data: bytes) -> Plugins:
    """The plugins that an entry brings in: `data` is its file's, or the text that it is itself.

    Raises `MalformedYaml`.
    """
    found = Plugins()
    inline = is_inline(reference)
    for document in read_documents(reference.kustomization if inline else reference.value, data):
        _read(document, reference, inline, found)
    return found


def _read(document: Document, reference: Reference, inline: bool, found: Plugins) -> None:
    at = reference.span
    config = document.value()
    kind = text_of(config.get("kind")) if isinstance(config, dict) else ""
    if not isinstance(config, dict) or not kind:
        found.refused.append(f"{at} lists a plugin configuration without a kind")
        return
    found.configs.append(config)
    if kind in KINDS and reference.field == "generators":
        found.encrypted[len(found.configs) - 1] = document.line
    elif text_of(config.get("apiVersion")) != "builtin":
        found.unsupported.append(f"{at} runs the plugin {kind}")
    elif kind not in BUILTIN:
        found.refused.append(f"{at} configures {kind}, which is no builtin plugin that argofix knows")
    else:
        table = BUILTIN[kind]
        odd = [*unread(document.node, table, kind), *_repeated(document)]
        # Lines of inline text are not those of the file.
        found.refused.extend(f"{at if inline else f'{reference.value}:{one.line}'}: {one.what}" for one in odd)
        for named in references_of(document, table):
            span = at if inline else replace(named.span, path=document.path)
            found.references.append(replace(named, field=_FIELDS[named.field], span=span))
        if kind == "HelmChartInflationGenerator":
            found.charts.append(chart_of_plugin(config))


def _repeated(document: Document) -> list[Unread]:
    return [Unread(line, f"the key `{name}` is repeated") for name, line in duplicate_keys(document.node)]
