"""From a rendered resource back to the document and the entries that brought it in."""

from __future__ import annotations

from collections.abc import Sequence

import yaml

from gitops.applications import Origin
from gitops.closure import Chain, Closure
from gitops.documents import Document, child, first_line, items, last_line, read_documents
from gitops.errors import GitopsError
from gitops.kustomization import Reference
from gitops.manifests import identify
from gitops.resources import Resource, ResourceId
from gitops.spans import Span
from gitops.tree import Tree


def locate(tree: Tree, resource: Resource, closure: Closure | None, fallback: Origin) -> Origin:
    """Where a resource is written. Falls back to the Application's own place when that cannot be told."""
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
        documents = read_documents(path, tree.read(tree.resolve(path)))
    except (GitopsError, KeyError):
        return Span(path, 1, 1)
    found = matching(documents, rid) or (documents[0] if len(documents) == 1 else None)
    return Span(path, found.line, found.end_line) if found is not None else Span(path, 1, 1)


def matching(documents: Sequence[Document], rid: ResourceId) -> Document | None:
    """The document that renders as `rid`, None when none does; prefixes and suffixes may have been added."""
    best: Document | None = None
    for document in documents:
        value = document.value()
        if not isinstance(value, dict):
            continue
        for manifest in members(value):
            own = identify(manifest)
            if own.kind != rid.kind or own.group != rid.group:
                continue
            if own.name == rid.name:
                return document
            if own.name and own.name in rid.name and best is None:
                best = document
    return best


def members(value: dict[str, object]) -> list[dict[str, object]]:
    """A manifest itself, or the items of a List."""
    listed = value.get("items")
    if str(value.get("kind", "")).endswith("List") and isinstance(listed, list):
        return [member for member in listed if isinstance(member, dict)]
    return [value]


def _generated(tree: Tree, resource: Resource, closure: Closure, file: str) -> Origin:
    chains = closure.kustomizations.get(file, [])
    chain: Chain = chains[0] if chains else ()
    field = "secretGenerator" if resource.id.kind == "Secret" else "configMapGenerator"
    try:
        documents = read_documents(file, tree.read(tree.resolve(file)))
    except (GitopsError, KeyError):
        return Origin(Span(file, 1, 1), chain)
    generators = child(documents[0].node, field) if documents else None
    entries = generators.value if isinstance(generators, yaml.SequenceNode) else []
    for index, entry in enumerate(entries):
        name = next((value.value for key, _, value in items(entry) if key == "name"), "")
        # The generator adds a hash to the name, and prefixes may have been added in front.
        if isinstance(name, str) and name and name in resource.id.name:
            span = Span(file, first_line(entry), last_line(entry))
            return Origin(span, (*chain, Reference(field, index, name, span)))
    return Origin(Span(file, 1, 1), chain)
