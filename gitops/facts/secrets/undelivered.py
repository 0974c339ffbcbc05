"""Manifests that would provide an object, in files that no Application reads.

They may be applied by hand, or somebody forgot to list them. Only files that are looked at because an object is
missing are read, and only names are taken from them.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from gitops.discovery.snapshot import Snapshot
from gitops.facts.secrets.providers.provided import CONFIG_MAP, SECRET
from gitops.facts.secrets.providers.registry import provided_by
from gitops.facts.secrets.survey import ObjectId
from gitops.files.documents import child, first_line, read_documents
from gitops.files.errors import GitopsError
from gitops.files.spans import Span
from gitops.files.tree import Tree
from gitops.kustomize.closure import ParseMemo
from gitops.kustomize.kustomization import FILE_NAMES
from gitops.kustomize.walk import walk
from gitops.resources.manifests import canonical, identify, redact_secret, text_of
from gitops.resources.rendering import Rendered
from gitops.resources.resource import Resource, ResourceId

_SUFFIXES = (".yaml", ".yml", ".json")
_MOST_BYTES = 1024 * 1024  # nobody writes a larger manifest of a Secret by hand


@dataclass(frozen=True, slots=True, order=True)
class Undelivered:
    """A manifest that no Application deploys. `beside` is the kustomization (or directory) that holds it next to the
    Applications, applied by hand, that bring those who need it: whoever applies these applies it too. '' when there
    is none."""

    span: Span
    id: ResourceId
    beside: str = ""


def undelivered(
    snapshot: Snapshot, wanted: Mapping[ObjectId, Collection[str]]
) -> Mapping[ObjectId, tuple[Undelivered, ...]]:
    """By object, the manifests that would provide it. `wanted` has the roots (`Application.root`) that need each."""
    names = {each.name.encode() for each in wanted}
    if not names:
        return {}
    mentions = re.compile(rb"(?<![-.\w])(?:" + b"|".join(re.escape(name) for name in sorted(names)) + rb")(?![-\w])")
    read = read_by_applications(snapshot)
    unseen = tuple(f"{path}/" for path in _not_analysed(snapshot))
    by_name: dict[tuple[str, str], list[ObjectId]] = {}
    for each in wanted:
        by_name.setdefault((each.kind, each.name), []).append(each)
    roots = _Roots(snapshot)
    found: dict[ObjectId, list[Undelivered]] = {}
    tree = snapshot.tree
    for path in tree.paths():
        kustomization = path.rpartition("/")[2] in FILE_NAMES
        if not (kustomization or path.endswith(_SUFFIXES)) or path in read or path.startswith(unseen):
            continue
        data = _content(tree, path)
        if mentions.search(data) is None:
            continue
        if kustomization:
            for span, rid in _generators(tree, path):
                for each in by_name.get((rid.kind, rid.name), ()):
                    if rid.namespace in ("", each.namespace):
                        found.setdefault(each, []).append(Undelivered(span, rid))
            continue
        for span, manifest in _manifests(path, data):
            rid = identify(manifest)
            for provided in provided_by(Resource(rid, canonical(redact_secret(manifest, lambda _: "")))):
                namespace = provided.namespace or rid.namespace
                for each in by_name.get((provided.kind, provided.name), ()):
                    if provided.creates and provided.sure and namespace in ("", each.namespace):
                        beside = roots.beside(path, wanted[each])
                        found.setdefault(each, []).append(Undelivered(span, rid, beside))
    return {key: tuple(dict.fromkeys(each)) for key, each in found.items()}


def read_by_applications(snapshot: Snapshot) -> frozenset[str]:
    read: set[str] = set()
    for state in snapshot.states:
        read.add(state.application.origin.span.path)
        for part in state.parts:
            if part.closure is not None:
                read |= part.closure.files
            read.update(each.path for each in part.resources if each.path is not None)
    return frozenset(read)


def _not_analysed(snapshot: Snapshot) -> Iterator[str]:
    for state in snapshot.states:
        if not isinstance(state.rendering, Rendered) or state.rendering.gaps:
            yield from (source.path.strip("/") for source in state.application.sources if source.path)


def _content(tree: Tree, path: str) -> bytes:
    try:
        return b"" if path not in tree or tree.size(path) > _MOST_BYTES else tree.read(tree.resolve(path))
    except (GitopsError, KeyError):
        return b""


def _generators(tree: Tree, path: str) -> Iterator[tuple[Span, ResourceId]]:
    """What the generators of a kustomization would make, by the names that people wrote."""
    try:
        documents = read_documents(path, tree.read(tree.resolve(path)))
    except (GitopsError, KeyError):
        return
    for document in documents[:1]:
        for field, kind in (("secretGenerator", SECRET), ("configMapGenerator", CONFIG_MAP)):
            for entry in getattr(child(document.node, field), "value", ()):
                name, namespace = (_scalar(child(entry, key)) for key in ("name", "namespace"))
                namespace = namespace or _scalar(child(document.node, "namespace"))
                line = first_line(entry)
                yield Span(path, line, line), ResourceId("", kind, namespace, name)


def _scalar(node: yaml.Node | None) -> str:
    return node.value if isinstance(node, yaml.ScalarNode) else ""


def _manifests(path: str, data: bytes) -> Iterator[tuple[Span, dict[str, Any]]]:
    try:
        documents = read_documents(path, data)
    except GitopsError:  # a template
        return
    for document in documents:
        value = document.value()
        if not isinstance(value, dict):
            continue
        listed = value.get("items") if text_of(value.get("kind")).endswith("List") else None
        for manifest in listed if isinstance(listed, list) else [value]:
            if isinstance(manifest, dict) and text_of(manifest.get("apiVersion")):
                yield Span(path, document.line, document.line), manifest


class _Roots:
    """What people apply by hand: kustomizations and directories that hold Applications which nothing else brings."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._tree = snapshot.tree
        self._declared: dict[str, set[str]] = {}
        for state in snapshot.states:
            if not state.application.parents:
                self._declared.setdefault(state.application.root, set()).add(state.application.origin.span.path)
        self._memo: ParseMemo = {}
        self._lists: dict[str, frozenset[str]] = {}

    def beside(self, path: str, roots: Collection[str]) -> str:
        directory = path.rpartition("/")[0]
        declared = {each for root in roots for each in self._declared.get(root, ())}
        directories = {each.rpartition("/")[0] for each in declared}
        if directory in directories and self._kustomization(directory) is None:
            return f"{directory}/" if directory else "the top directory"
        while True:
            file = self._kustomization(directory)
            if file is not None:
                lists = self._listed(directory)
                if path in lists and lists & declared:
                    return file
            if not directory:
                return ""
            directory = directory.rpartition("/")[0]

    def _kustomization(self, directory: str) -> str | None:
        files = (f"{directory}/{name}".lstrip("/") for name in FILE_NAMES)
        return next((file for file in files if file in self._tree), None)

    def _listed(self, directory: str) -> frozenset[str]:
        if directory not in self._lists:
            self._lists[directory] = frozenset(walk(self._tree, directory, self._memo).chains)
        return self._lists[directory]
