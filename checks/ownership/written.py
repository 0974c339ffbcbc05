"""Where a copy is written, and by which step it would go from there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import yaml

from gitops.applications import GROUP, Application
from gitops.closure import Chain, load
from gitops.documents import Document, child, first_line, last_line, read_documents
from gitops.errors import GitopsError
from gitops.kustomization import Reference
from gitops.locate import matching, members
from gitops.manifests import identify, text_of
from gitops.patch_faults import FIELDS
from gitops.resources import Resource, ResourceId
from gitops.snapshot import Owned
from gitops.spans import Span, split_lines
from gitops.steps import DeleteDocument, DeleteFile, DropByPatch, Line, TakeOut
from gitops.tree import MODE_SYMLINK, Tree


def documents_of(tree: Tree, path: str) -> list[Document]:
    """The documents of a file, none when it cannot be read."""
    try:
        return read_documents(path, tree.read(tree.resolve(path)))
    except (GitopsError, KeyError):
        return []


def application_goes(tree: Tree, application: Application) -> tuple[Line, ...]:
    """The steps by which an Application's manifest goes; none when an ApplicationSet made it."""
    span, chain = application.origin.span, application.origin.chain
    documents = documents_of(tree, span.path)
    if application.generated or not any(d.line == span.line for d in documents):
        return ()
    if len(documents) > 1:
        rid = ResourceId(GROUP, "Application", application.namespace, application.name)
        return (DeleteDocument(span, rid),)
    # A manifest that no kustomization lists any more would still be found where it lies.
    listed = (TakeOut(chain[-1]),) if chain else ()
    return (*listed, whole_file(tree, span.path))


def source_of(tree: Tree, application: Application, index: int) -> tuple[Span, int | None] | None:
    """The document that spells out the source `index` of an Application, and its place in `spec.sources` (None for
    `spec.source`). None when an ApplicationSet made it."""
    span = application.origin.span
    document = next((d for d in documents_of(tree, span.path) if d.line == span.line), None)
    if application.generated or document is None:
        return None
    several = child(document.node, "spec", "sources")
    return span, index if isinstance(several, yaml.SequenceNode) and several.value else None


def whole_file(tree: Tree, path: str) -> DeleteFile:
    """The step that deletes a file, or the link that stands at its path."""
    return DeleteFile(Span(path, 1, max(1, len(split_lines(tree.read(path))))), _is_link(tree, path))


def _is_link(tree: Tree, path: str) -> bool:
    entry = tree.entry(path)
    return entry is not None and entry.mode == MODE_SYMLINK


def place_of(tree: Tree, resource: Resource, staying: Sequence[Resource]) -> Line | None:
    """The step that takes a resource out of its file, where `staying` are what the Application goes on bringing from
    there: the file, the document or the item of a List. None where that cannot be told."""
    path = resource.path
    if path is None or not tree.read(path):
        return None
    if not staying:
        return whole_file(tree, path)
    documents = documents_of(tree, path)
    document = _document(documents, resource)
    if document is None or _is_link(tree, path):
        return None
    if all(_document(documents, other) is not document for other in staying):
        return DeleteDocument(Span(path, document.line, document.end_line), resource.id)
    written = [identify(member) for member in members(document.value())]
    index = next((i for i, own in enumerate(written) if _is(own, resource.id)), None)
    if index is None or child(document.node, "items", index) is None:
        return None
    return item_of(path, document, index)


def item_of(path: str, document: Document, index: int) -> TakeOut:
    """The step that takes one item out of a List."""
    node = child(document.node, "items", index)
    what = str(identify(members(document.value())[index]))
    place = (
        Span(path, first_line(node), last_line(node))
        if node is not None
        else Span(path, document.line, document.line)
    )
    return TakeOut(Reference("items", index, what, place))


def _document(documents: Sequence[Document], resource: Resource) -> Document | None:
    if resource.line:
        return next((d for d in documents if d.line == resource.line), None)
    return matching(documents, resource.id)


def _is(written: ResourceId, rendered: ResourceId) -> bool:
    return (written.group, written.kind, written.name) == (rendered.group, rendered.kind, rendered.name)


def delete_patch(tree: Tree, copy: Owned) -> DropByPatch | None:
    """The patch by which the copy's own root kustomization leaves it out."""
    closure = copy.part.closure
    file = next((f for f, chains in closure.kustomizations.items() if () in chains), None) if closure else None
    if file is None:
        return None
    api_version, rid = text_of(copy.resource.manifest().get("apiVersion")), copy.resource.id
    if copy.resource.generator is not None:
        chain = copy.origin.chain
        rid = ResourceId(rid.group, rid.kind, "", chain[-1].value) if chain else rid
    elif copy.resource.path is not None:
        for value in _values(tree, copy.resource.path, copy.resource):
            rid, api_version = identify(value), text_of(value.get("apiVersion"))
    return DropByPatch(Span(file, 1, 1), api_version, rid) if api_version else None


def _values(tree: Tree, path: str, resource: Resource) -> Iterator[dict[str, Any]]:
    document = _document(documents_of(tree, path), resource)
    value = document.value() if document is not None else None
    for member in members(value) if isinstance(value, dict) else ():
        if _is(identify(member), resource.id):
            yield member


def patches_about(tree: Tree, chain: Chain, rid: ResourceId) -> tuple[Reference, ...]:
    """The patches of the kustomizations along a chain that are about one resource and nothing else."""
    found: list[Reference] = []
    for file in dict.fromkeys(reference.kustomization for reference in chain):
        try:
            kustomization = load(tree, file, {})
            (document,) = read_documents(file, tree.read(tree.resolve(file)))
        except (GitopsError, KeyError, ValueError):
            continue
        for field in FIELDS:
            node = child(document.node, field)
            listed = kustomization.fields.get(field)
            if not isinstance(node, yaml.SequenceNode) or not isinstance(listed, list):
                continue
            for index, (item, value) in enumerate(zip(node.value, listed, strict=True)):
                if _is_about(tree, kustomization.directory, value, rid):
                    place = Span(file, first_line(item), last_line(item))
                    found.append(Reference(field, index, f"the patch of {rid.kind} {rid.name}", place))
    return tuple(found)


def _is_about(tree: Tree, directory: str, patch: object, rid: ResourceId) -> bool:
    fields = patch if isinstance(patch, dict) else {"patch": patch} if "\n" in text_of(patch) else {"path": patch}
    target = fields.get("target")
    if isinstance(target, dict):
        # Literal names only: a target's fields are regular expressions.
        return (text_of(target.get("kind")), text_of(target.get("name"))) == (rid.kind, rid.name)
    try:
        if text_of(fields.get("patch")):
            documents = read_documents("patch", text_of(fields["patch"]).encode("utf-8", "surrogateescape"))
        else:
            path = f"{directory}/{text_of(fields.get('path'))}".lstrip("/")
            documents = read_documents(path, tree.read(tree.resolve(path)))
    except (GitopsError, KeyError):
        return False
    values = [document.value() for document in documents]
    return bool(values) and all(isinstance(value, dict) and _is(identify(value), rid) for value in values)
