"""Where a copy is written, and by which step it would go from there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from gitops.applications.application import GROUP, Application
from gitops.discovery.locate import members
from gitops.discovery.snapshot import Owned
from gitops.files.documents import Document, child, first_line, last_line, read_documents
from gitops.files.errors import GitopsError
from gitops.files.spans import Span, split_lines
from gitops.files.tree import MODE_SYMLINK, Tree
from gitops.kustomize.closure import Chain, load
from gitops.kustomize.failures.patch_faults import Patch, patches_of
from gitops.kustomize.kustomization import Reference
from gitops.kustomize.steps import DeleteDocument, DeleteFile, DropByPatch, Line, TakeOut
from gitops.resources.manifests import identify, text_of
from gitops.resources.resource import Resource, ResourceId


@dataclass(frozen=True, slots=True)
class Written:
    """A manifest as it stands in a file: its document and, in a List, its place among the items (else None)."""

    document: Document
    item: int | None
    id: ResourceId
    api_version: str


class Files:
    """What stands in the files of one tree, each read once."""

    def __init__(self, tree: Tree) -> None:
        self.tree = tree
        self._documents: dict[str, list[Document]] = {}
        self._written: dict[str, dict[tuple[str, str, str], list[Written]]] = {}
        self._patches: dict[str, list[Patch]] = {}

    def documents(self, path: str) -> list[Document]:
        """The documents of a file, none when it cannot be read."""
        if path not in self._documents:
            try:
                self._documents[path] = read_documents(path, self.tree.read(self.tree.resolve(path)))
            except (GitopsError, KeyError):
                self._documents[path] = []
        return self._documents[path]

    def written(self, resource: Resource) -> Written | None:
        """The manifest that renders as `resource`, found by its line or by its name as written."""
        if resource.path is None:
            return None
        rid = resource.id
        found = self._index(resource.path).get((rid.group, rid.kind, rid.name), [])
        return next((one for one in found if resource.line in (0, one.document.line)), None)

    def _index(self, path: str) -> Mapping[tuple[str, str, str], list[Written]]:
        if path not in self._written:
            index = self._written[path] = {}
            for document in self.documents(path):
                value = document.value()
                listed: list[dict[str, Any]] = members(value) if isinstance(value, dict) else []
                for number, member in enumerate(listed):
                    own = identify(member)
                    item = None if member is value else number
                    one = Written(document, item, own, text_of(member.get("apiVersion")))
                    index.setdefault((own.group, own.kind, own.name), []).append(one)
        return self._written[path]

    def patches(self, file: str) -> list[Patch]:
        """The patches of one kustomization file."""
        if file not in self._patches:
            try:
                self._patches[file] = list(patches_of(self.tree, load(self.tree, file, {})))
            except (GitopsError, KeyError):
                self._patches[file] = []
        return self._patches[file]

    def is_link(self, path: str) -> bool:
        entry = self.tree.entry(path)
        return entry is not None and entry.mode == MODE_SYMLINK


def application_goes(files: Files, application: Application) -> tuple[Line, ...]:
    """The steps by which an Application's manifest goes; none when an ApplicationSet made it."""
    span, chain = application.origin.span, application.origin.chain
    documents = files.documents(span.path)
    if not application.is_written_here or not any(d.line == span.line for d in documents):
        return ()
    if len(documents) > 1:
        rid = ResourceId(GROUP, "Application", application.namespace, application.name)
        return (DeleteDocument(span, rid),)
    # A manifest that no kustomization lists any more would still be found where it lies.
    listed = (TakeOut(chain[-1]),) if chain else ()
    return (*listed, whole_file(files, span.path))


def source_of(files: Files, application: Application, index: int) -> tuple[Span, int | None] | None:
    """The document that spells out the source `index` of an Application, and its place in `spec.sources` (None for
    `spec.source`). None when an ApplicationSet made it."""
    span = application.origin.span
    document = next((d for d in files.documents(span.path) if d.line == span.line), None)
    if not application.is_written_here or document is None:
        return None
    several = child(document.node, "spec", "sources")
    return span, index if isinstance(several, yaml.SequenceNode) and several.value else None


def whole_file(files: Files, path: str) -> DeleteFile:
    """The step that deletes a file, or the link that stands at its path."""
    return DeleteFile(Span(path, 1, max(1, len(split_lines(files.tree.read(path))))), files.is_link(path))


def out_of_file(
    files: Files, path: str, going: Sequence[Resource], staying: Sequence[Resource]
) -> Mapping[int, Line | None]:
    """By `id()` of each of `going`: the step that takes it out of its file, where the Application goes on bringing
    `staying` from there: the file, the document, or the item of a List. None where that cannot be told."""
    if not files.tree.read(path):
        return {id(resource): None for resource in going}
    if not staying:
        return {id(resource): whole_file(files, path) for resource in going}
    if files.is_link(path):
        return {id(resource): None for resource in going}
    kept = [files.written(resource) for resource in staying]
    busy = {one.document.index for one in kept if one is not None}
    certain = None not in kept
    steps: dict[int, Line | None] = {}
    for resource in going:
        own = files.written(resource)
        if own is None or not (certain or own.item is None):
            steps[id(resource)] = None
        elif own.document.index in busy:
            steps[id(resource)] = item_of(path, own.document, own.item) if own.item is not None else None
        else:
            steps[id(resource)] = DeleteDocument(Span(path, own.document.line, own.document.end_line), resource.id)
    return steps


def item_of(path: str, document: Document, index: int) -> TakeOut:
    """The step that takes one item out of a List."""
    node = child(document.node, "items", index)
    what = str(identify(members(document.value())[index]))
    first, last = (first_line(node), last_line(node)) if node is not None else (document.line, document.end_line)
    return TakeOut(Reference("items", index, what, Span(path, first, last)))


def delete_patch(files: Files, copy: Owned) -> DropByPatch | None:
    """The patch by which the copy's own root kustomization leaves it out."""
    closure = copy.part.closure
    file = next((f for f, chains in closure.kustomizations.items() if () in chains), None) if closure else None
    if file is None:
        return None
    api_version, rid = text_of(copy.resource.manifest().get("apiVersion")), copy.resource.id
    own = files.written(copy.resource)
    if copy.resource.generator is not None:
        chain = copy.origin.chain
        rid = ResourceId(rid.group, rid.kind, "", chain[-1].value) if chain else rid
    elif own is not None:
        rid, api_version = own.id, own.api_version
    return DropByPatch(Span(file, 1, 1), api_version, rid) if api_version else None


def patches_about(files: Files, chain: Chain, rid: ResourceId) -> tuple[Reference, ...]:
    """The patches of the kustomizations along a chain that are about one resource and nothing else."""
    return tuple(
        Reference(patch.field, patch.index, f"the patch of {rid.kind} {rid.name}", patch.span)
        for file in dict.fromkeys(reference.kustomization for reference in chain)
        for patch in files.patches(file)
        if _is_about(patch, rid)
    )


def _is_about(patch: Patch, rid: ResourceId) -> bool:
    if patch.target is not None:
        # Literal names only: a target's fields are regular expressions.
        return (text_of(patch.target.get("kind")), text_of(patch.target.get("name"))) == (rid.kind, rid.name)
    return bool(patch.values) and all(
        isinstance(value, dict) and _is(identify(value), rid) for value in patch.values or ()
    )


def _is(written: ResourceId, rendered: ResourceId) -> bool:
    return (written.group, written.kind, written.name) == (rendered.group, rendered.kind, rendered.name)
