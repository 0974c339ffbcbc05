"""Kustomization files read with positions.

This reader does not build anything: it says which files an entry refers to and on which lines the entry stands. The
fields are those of kustomize 5's `types.Kustomization` (api/types/kustomization.go). As for its `Unmarshal`, only
the first YAML document counts, and of a key that stands twice in one mapping the last.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

from gitops.documents import Document, child, duplicate_keys, first_line, items, last_line, read_documents, to_python
from gitops.errors import MalformedYaml
from gitops.spans import Span

# In the order in which kustomize looks (api/konfig/general.go).
FILE_NAMES = ("kustomization.yaml", "kustomization.yml", "Kustomization")

ACCUMULATED = ("resources", "bases", "components")
PLUGINS = ("generators", "transformers", "validators")
_STRING_LISTS = (*ACCUMULATED, *PLUGINS, "crds", "configurations", "patchesStrategicMerge")
GENERATORS = ("configMapGenerator", "secretGenerator")


@dataclass(frozen=True, slots=True)
class Reference:
    """One entry of a kustomization that names a file, a directory or something remote.

    `field` is the kustomization field, `index` its place in that field's list, `value` the path as written.
    """

    field: str
    index: int
    value: str
    span: Span

    @property
    def kustomization(self) -> str:
        return self.span.path


@dataclass(frozen=True, slots=True)
class Kustomization:
    """One kustomization file. `references` are in the order of the file's fields; `helm` tells of helm charts.

    `fields` holds the whole file as plain Python, for the few questions the references do not answer. `repeated` are
    (key, line) of each key that stands in one mapping for a second time, `ignored` is the line on which a second
    document begins, which kustomize does not read (0 when there is none).
    """

    path: str
    references: tuple[Reference, ...]
    helm: bool
    fields: dict[str, Any] = field(repr=False)  # may hold Secret values
    repeated: tuple[tuple[str, int], ...] = ()
    ignored: int = 0

    @property
    def directory(self) -> str:
        return self.path.rpartition("/")[0]


def read_kustomization(path: str, data: bytes) -> Kustomization:
    """Parse one file. Raises `MalformedYaml` where kustomize would refuse to read it too."""
    documents = read_documents(path, data)
    ignored = next((document.line for document in documents if document.index > 0), 0)
    if not documents or documents[0].index > 0:
        return Kustomization(path, (), False, {}, ignored=ignored)
    document = documents[0]
    if not isinstance(document.node, yaml.MappingNode):
        raise MalformedYaml(f"{path} is not a mapping", document.line)
    references = tuple(_references(document))
    fields = document.value()
    helm = bool(fields.get("helmCharts") or fields.get("helmChartInflationGenerator"))
    return Kustomization(path, references, helm, fields, tuple(duplicate_keys(document.node)), ignored)


def _references(document: Document) -> Iterator[Reference]:
    path = document.path
    for name, node in _last_of_each(document.node):
        if name in _STRING_LISTS:
            yield from _strings(path, name, node)
        elif name in ("patches", "patchesJson6902", "replacements"):
            yield from _paths_of_items(path, name, node)
        elif name in GENERATORS:
            yield from _generator_files(path, name, node)
        elif name == "openapi":
            yield from _one(path, name, 0, _value(node, "path"))


def _last_of_each(node: yaml.Node) -> list[tuple[str, yaml.Node]]:
    """The fields that count, in the order of the file."""
    last = {key: value for key, _, value in items(node)}
    return [(key, value) for key, _, value in items(node) if last[key] is value]


def _value(node: yaml.Node, name: str) -> yaml.Node | None:
    return dict(_last_of_each(node)).get(name)


def is_inline(reference: Reference) -> bool:
    """Whether the entry is YAML text itself (allowed for patches and plugins), not a path."""
    return reference.field not in ACCUMULATED and ("\n" in reference.value or ": " in reference.value)


def _strings(path: str, field: str, node: yaml.Node) -> Iterator[Reference]:
    if isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            yield from _one(path, field, index, item)


def _one(path: str, field: str, index: int, node: yaml.Node | None) -> Iterator[Reference]:
    if isinstance(node, yaml.ScalarNode) and node.value:
        yield Reference(field, index, node.value, Span(path, first_line(node), last_line(node)))


def _paths_of_items(path: str, field: str, node: yaml.Node) -> Iterator[Reference]:
    if isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            yield from _one(path, field, index, _value(item, "path"))


def _generator_files(path: str, field: str, node: yaml.Node) -> Iterator[Reference]:
    if not isinstance(node, yaml.SequenceNode):
        return
    for index, item in enumerate(node.value):
        for key in ("files", "envs"):
            listed = _value(item, key)
            for entry in listed.value if isinstance(listed, yaml.SequenceNode) else ():
                for reference in _one(path, field, index, entry):
                    name, equals, file = reference.value.partition("=")
                    yield Reference(
                        field, index, file if equals and name and key == "files" else reference.value, reference.span
                    )
        yield from _one(path, field, index, _value(item, "env"))


def generator_span(path: str, data: bytes, field: str, name: str) -> Span | None:
    """The lines of the generator called `name` in `field` of a kustomization file."""
    for document in read_documents(path, data):
        for item in getattr(child(document.node, field), "value", ()):
            if isinstance(item, yaml.MappingNode) and to_python(item).get("name") == name:
                return Span(path, first_line(item), last_line(item))
    return None
