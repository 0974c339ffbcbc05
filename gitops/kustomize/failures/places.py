"""Where in a kustomization's files a failure has its cause.

Only looked at once the engine has refused to build: these readers need not know everything that kustomize refuses,
they find the place of what it did refuse.
"""

from __future__ import annotations

import contextlib
import posixpath
import re
from collections.abc import Iterable, Iterator

from gitops.files.documents import child, duplicate_keys, first_line, last_line, read_documents
from gitops.files.errors import GitopsError, MalformedYaml
from gitops.files.spans import Span
from gitops.files.tree import Tree
from gitops.kustomize.kustomization import FILE_NAMES, Kustomization
from gitops.resources.manifests import identify, text_of
from gitops.resources.resource import ResourceId

_PATCHES = ("patches", "patchesStrategicMerge", "patchesJson6902")


def listed(tree: Tree, kustomization: Kustomization) -> Iterator[str]:
    """The files that a kustomization names, in order."""
    for reference in kustomization.references:
        with contextlib.suppress(GitopsError):
            yield tree.resolve(posixpath.join(kustomization.directory, reference.value))


def repeated_key(tree: Tree, paths: Iterable[str]) -> tuple[str, Span] | None:
    """The first key of these files that stands in one mapping twice, which kustomize refuses in manifests."""
    for path in dict.fromkeys(paths):
        if path not in tree or path.rpartition("/")[2] in FILE_NAMES:
            continue
        try:
            documents = read_documents(path, tree.read(tree.resolve(path)))
        except GitopsError:
            continue
        for document in documents:
            for key, line in duplicate_keys(document.node):
                message = f"the key `{key}` stands twice in one mapping of {path}; kustomize refuses to read that"
                return message, Span(path, line, line)
    return None


def fault_of(tree: Tree, target: str) -> tuple[str, Span] | None:
    """What is wrong with a listed manifest, at its line; None for a directory and for what looks right."""
    try:
        path = tree.resolve(target)
        if path not in tree:
            return None
        documents = read_documents(path, tree.read(path))
    except MalformedYaml as error:
        line = max(error.line, 1)
        return str(error), Span(path, line, line)
    except GitopsError:
        return None
    for document in documents:
        value = document.value()
        span = Span(path, document.line, document.end_line)
        if not isinstance(value, dict):
            return f"{path}:{document.line} is no Kubernetes manifest", span
        if text_of(value.get("kind")).endswith("List"):
            continue
        missing = "kind" if not value.get("kind") else "metadata.name" if not identify(value).name else None
        if missing is not None:
            return f"{path}:{document.line} has no `{missing}`, without which kustomize takes no manifest", span
    return repeated_key(tree, (path,))


def patch_of(tree: Tree, kustomization: Kustomization, rid: ResourceId) -> Span | None:
    """The entry whose patch names a resource."""
    for reference in kustomization.references:
        if reference.field not in _PATCHES:
            continue
        path = f"{kustomization.directory}/{reference.value}".lstrip("/")
        try:
            for document in read_documents(path, tree.read(tree.resolve(path))):
                value = document.value()
                if isinstance(value, dict) and _names(identify(value), rid):
                    return reference.span
        except (GitopsError, KeyError):
            continue
    return _inline_patch_of(tree, kustomization, rid)


def _inline_patch_of(tree: Tree, kustomization: Kustomization, rid: ResourceId) -> Span | None:
    try:
        documents = read_documents(kustomization.path, tree.read(tree.resolve(kustomization.path)))
    except GitopsError:
        return None
    for field in ("patches", "patchesStrategicMerge"):
        for item in getattr(child(documents[0].node, field), "value", ()):
            text = child(item, "patch") or item
            body = text.value if isinstance(text.value, str) else ""
            try:
                values = [document.value() for document in read_documents("patch", body.encode())]
            except MalformedYaml:
                continue
            if any(isinstance(value, dict) and _names(identify(value), rid) for value in values):
                return Span(kustomization.path, first_line(item), last_line(item))
    return None


def _names(one: ResourceId, other: ResourceId) -> bool:
    return one.kind == other.kind and one.name == other.name


def malformed(tree: Tree, paths: Iterable[str]) -> tuple[str, Span] | None:
    """The first of these files that is no YAML, with what the parser says of it and where."""
    for path in dict.fromkeys(paths):
        if path in tree:
            try:
                read_documents(path, tree.read(tree.resolve(path)))
            except MalformedYaml as error:
                line = max(error.line, 1)
                return str(error), Span(path, line, line)
            except GitopsError:
                continue
    return None


def line_of_field(tree: Tree, path: str, field: str, of_number: bool = False) -> int:
    """The line on which a field stands, 1 when it cannot be told; with `of_number` the first that is no text."""
    data = tree.read(tree.resolve(path))
    name = rb"[\"']?" + re.escape(field.encode()) + rb"[\"']?[ \t]*:"
    patterns = [rb"^[ \t]*(?:- )?" + name, rb"[{,]\s*" + name]
    if of_number:
        patterns.insert(0, name + rb"[ \t]+(?:[-+.0-9][^\s\"',}]*|true|false)[ \t]*(?:#.*|[,}].*)?$")
    for pattern in patterns:
        match = re.search(pattern, data, re.MULTILINE)
        if match is not None:
            return data.count(b"\n", 0, match.start()) + 1
    return 1
