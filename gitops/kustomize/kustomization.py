"""Kustomization files read with positions.

This reader does not build anything: it says which files an entry refers to and on which lines the entry stands, and
what of a file it does not understand (`gitops.kustomize.fields`). As for kustomize's `Unmarshal`
(api/types/kustomization.go), only the first YAML document counts, and of a key that stands twice in one mapping the
last.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

from gitops.files.documents import (
    Document,
    child,
    duplicate_keys,
    first_line,
    last_line,
    merged_items,
    read_documents,
    scalar,
    to_python,
)
from gitops.files.errors import MalformedYaml
from gitops.files.spans import Span
from gitops.kustomize.fields import CANONICAL, KUSTOMIZATION, Leaf, Shape, Unread, unread

# In the order in which kustomize looks (api/konfig/general.go).
FILE_NAMES = ("kustomization.yaml", "kustomization.yml", "Kustomization")

ACCUMULATED = ("resources", "bases", "components")
PLUGINS = ("generators", "transformers", "validators")
INLINE = tuple(name for name, shape in KUSTOMIZATION.items() if shape is Leaf.INLINE)
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
    """One kustomization file. `references` are in the order of the file's fields; `helm` is the line of its helm
    charts (0 for none); `unread` is what it may tell kustomize without our knowing.

    `fields` holds the whole file as plain Python, for the few questions the references do not answer. `repeated` are
    (key, line) of each key that stands in one mapping for a second time, `ignored` is the line on which a second
    document begins, which kustomize does not read (0 when there is none).
    """

    path: str
    references: tuple[Reference, ...]
    helm: int
    fields: dict[str, Any] = field(repr=False)  # may hold Secret values
    repeated: tuple[tuple[str, int], ...] = ()
    ignored: int = 0
    unread: tuple[Unread, ...] = ()

    @property
    def directory(self) -> str:
        return self.path.rpartition("/")[0]


def read_kustomization(path: str, data: bytes) -> Kustomization:
    """Parse one file. Raises `MalformedYaml` where kustomize would refuse to read it too."""
    documents = read_documents(path, data)
    ignored = next((document.line for document in documents if document.index > 0), 0)
    if not documents or documents[0].index > 0:
        return Kustomization(path, (), 0, {}, ignored=ignored)
    document = documents[0]
    if not isinstance(document.node, yaml.MappingNode):
        raise MalformedYaml(f"{path} is not a mapping", document.line)
    references = tuple(references_of(document, KUSTOMIZATION))
    fields = document.value()
    helm = next((key.start_mark.line + 1 for name, key, _ in merged_items(document.node) if _brings(name, fields)), 0)
    repeated = tuple(duplicate_keys(document.node))
    odd = tuple(unread(document.node, KUSTOMIZATION))
    return Kustomization(path, references, helm, fields, repeated, ignored, odd)


def _brings(name: str, fields: dict[str, Any]) -> bool:
    """Whether a field lists helm charts."""
    return name in ("helmCharts", "helmChartInflationGenerator") and bool(fields.get(name))


def references_of(document: Document, fields: dict[str, Shape]) -> Iterator[Reference]:
    """What the fields of a kustomization (or, with their table, of a builtin plugin) name."""
    for name, _, node in merged_items(document.node):
        if name in fields:
            yield from _named(document.path, CANONICAL.get(name, name), None, node, fields[name])


def is_inline(reference: Reference) -> bool:
    """Whether the entry is YAML text itself (allowed for patches and plugins), not a path. As kustomize does, this
    takes for text whatever can be read as manifests (`SliceFromBytes` in api/resource/factory.go)."""
    if reference.field not in INLINE or ":" not in reference.value:
        return False
    try:
        documents = read_documents(reference.kustomization, reference.value.encode("utf-8", "surrogateescape"))
    except MalformedYaml:
        return False
    values = [document.value() for document in documents]
    return bool(values) and all(isinstance(value, dict) and value.get("kind") for value in values)


def _named(path: str, field: str, index: int | None, node: yaml.Node, shape: Shape) -> Iterator[Reference]:
    if isinstance(node, yaml.SequenceNode):
        for place, item in enumerate(node.value):
            yield from _named(path, field, place if index is None else index, item, shape)
    elif not isinstance(shape, Leaf):
        for name, _, value in merged_items(node):
            if name in shape:
                yield from _named(path, field, index or 0, value, shape[name])
    elif shape is not Leaf.ANY and isinstance(node, yaml.ScalarNode) and node.value and scalar(node) is not None:
        value = node.value
        if shape is Leaf.KEYED:
            key, equals, file = value.partition("=")
            value = file if equals and key else value
        yield Reference(field, index or 0, value, Span(path, first_line(node), last_line(node)))


def generator_span(path: str, data: bytes, field: str, name: str) -> Span | None:
    """The lines of the generator called `name` in `field` of a kustomization file."""
    for document in read_documents(path, data):
        for item in getattr(child(document.node, field), "value", ()):
            if isinstance(item, yaml.MappingNode) and to_python(item).get("name") == name:
                return Span(path, first_line(item), last_line(item))
    return None
