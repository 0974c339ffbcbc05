"""From a rendered resource back to the document and the entries that brought it in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import yaml

from gitops.applications.application import Origin
from gitops.files.documents import child, first_line, items, last_line, read_documents
from gitops.files.errors import GitopsError
from gitops.files.spans import Span
from gitops.files.tree import Tree
from gitops.kustomize.closure import Chain, Closure
from gitops.kustomize.kustomization import Reference
from gitops.resources.manifests import identify
from gitops.resources.resource import Resource, ResourceId


def locate(tree: Tree, resource: Resource, closure: Closure | None, fallback: Origin) -> Origin:
    """Where a resource is written. Falls back to the Application's own place when that cannot be told."""
    if resource.elsewhere is not None:
        chains = closure.brought.get(resource.elsewhere, []) if closure is not None else []
        return Origin(chains[0][-1].span, chains[0]) if chains and chains[0] else fallback
    if resource.generator is not None and closure is not None:
        return _generated(tree, resource, closure, resource.generator)
    if resource.path is None:
        return fallback
    path = resource.path
    if resource.line:
        return Origin(Span(path, resource.line, resource.end_line))
    chains = closure.chains.get(path, []) if closure else []
    return Origin(document_span(tree, path, resource.id), chains[0] if chains else ())


def document_span(tree: Tree, path: str, rid: ResourceId) -> Span:
    """The lines of the document in `path` that renders as `rid`; prefixes and suffixes may have been added to the
    name. The whole first line when nothing fits."""
    try:
        written = tree.once(_written, path)
    except (GitopsError, KeyError):
        return Span(path, 1, 1)
    names = written.names.get((rid.group, rid.kind))
    found = names.find(rid.name) if names is not None else None
    if found is None:
        found = 0 if len(written.lines) == 1 else None
    return Span(path, *written.lines[found]) if found is not None else Span(path, 1, 1)


@dataclass(slots=True)
class _Names:
    """Names as they are written, each with the place at which it comes first."""

    places: dict[str, int] = field(default_factory=dict)
    lengths: set[int] = field(default_factory=set)

    def add(self, name: str, place: int) -> None:
        if name:
            self.places.setdefault(name, place)
            self.lengths.add(len(name))

    def find(self, rendered: str) -> int | None:
        """The place of the very name, else the first of one that was made longer."""
        exact = self.places.get(rendered)
        return exact if exact is not None else self.within(rendered)

    def within(self, rendered: str) -> int | None:
        """The first place of a name that stands within what was rendered."""
        size = len(rendered)
        if len(self.places) <= len(self.lengths) * size:
            return min((place for name, place in self.places.items() if name in rendered), default=None)
        # Of a long list not every name is tried, but every piece of the one that is looked for.
        pieces = (rendered[at : at + length] for length in self.lengths for at in range(size - length + 1))
        return min((self.places[piece] for piece in pieces if piece in self.places), default=None)


@dataclass(frozen=True, slots=True)
class _Written:
    """What stands in one file: first and last line of each document, and the names in them by (group, kind)."""

    lines: tuple[tuple[int, int], ...]
    names: Mapping[tuple[str, str], _Names]


def _written(path: str, data: bytes) -> _Written:
    documents = read_documents(path, data)
    names: dict[tuple[str, str], _Names] = {}
    for place, document in enumerate(documents):
        value = document.value()
        for manifest in members(value) if isinstance(value, dict) else ():
            own = identify(manifest)
            names.setdefault((own.group, own.kind), _Names()).add(own.name, place)
    return _Written(tuple((document.line, document.end_line) for document in documents), names)


def members(value: dict[str, object]) -> list[dict[str, object]]:
    """A manifest itself, or the items of a List."""
    listed = value.get("items")
    if str(value.get("kind", "")).endswith("List") and isinstance(listed, list):
        return [member for member in listed if isinstance(member, dict)]
    return [value]


def _generated(tree: Tree, resource: Resource, closure: Closure, file: str) -> Origin:
    chains = closure.kustomizations.get(file, [])
    chain: Chain = chains[0] if chains else ()
    list_ = "secretGenerator" if resource.id.kind == "Secret" else "configMapGenerator"
    try:
        generators = tree.once(_secret_generators if list_ == "secretGenerator" else _map_generators, file)
    except (GitopsError, KeyError):
        return Origin(Span(file, 1, 1), chain)
    # The generator adds a hash to the name, and prefixes may have been added in front.
    index = generators.names.within(resource.id.name)
    if index is None:
        made = closure.decrypted_as(resource.id.kind, resource.id.name)
        if made is not None:
            return Origin(made.span)
        return Origin(_chart(tree, file, resource) or Span(file, 1, 1), chain)
    name, span = generators.entries[index]
    return Origin(span, (*chain, Reference(list_, index, name, span)))


def _chart(tree: Tree, file: str, resource: Resource) -> Span | None:
    """The entry of `helmCharts` that most likely renders a resource: the only one, or the one after whose release the
    resource is called; the whole list where it may be any of them, None where there is none."""
    try:
        entries = tree.once(_inflated, file).entries
    except (GitopsError, KeyError):
        return None
    alike = [span for name, span in entries if name and name in resource.id.name]
    if len(entries) == 1 or len(alike) == 1:
        return (alike or [span for _, span in entries])[0]
    return Span(file, entries[0][1].line, entries[-1][1].end_line) if entries else None


@dataclass(frozen=True, slots=True)
class _Generators:
    """The entries of a list of generators: name and lines of each."""

    entries: tuple[tuple[str, Span], ...]
    names: _Names


def _inflated(path: str, data: bytes) -> _Generators:
    return _generators(path, data, "helmCharts", ("releaseName", "name"))


def _secret_generators(path: str, data: bytes) -> _Generators:
    return _generators(path, data, "secretGenerator")


def _map_generators(path: str, data: bytes) -> _Generators:
    return _generators(path, data, "configMapGenerator")


def _generators(path: str, data: bytes, list_: str, called: Sequence[str] = ("name",)) -> _Generators:
    documents = read_documents(path, data)
    listed = child(documents[0].node, list_) if documents else None
    entries: list[tuple[str, Span]] = []
    names = _Names()
    for index, entry in enumerate(listed.value if isinstance(listed, yaml.SequenceNode) else []):
        written = {key: value.value for key, _, value in items(entry) if key in called}
        name = next((written[key] for key in called if key in written), "")
        name = name if isinstance(name, str) else ""
        names.add(name, index)
        entries.append((name, Span(path, first_line(entry), last_line(entry))))
    return _Generators(tuple(entries), names)
