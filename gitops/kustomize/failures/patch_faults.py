"""Which patch of a kustomization an error is about: kustomize says what failed, and seldom where it was asked for.

The texts are those of kustomize 5 (api/internal/builtins/PatchTransformer.go, kyaml/yaml/walk) and of its JSON patch
library (gopkg.in/evanphx/json-patch).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import yaml

from gitops.files.documents import child, first_line, last_line, read_documents
from gitops.files.errors import GitopsError
from gitops.files.spans import Span
from gitops.files.tree import Tree
from gitops.kustomize.kustomization import Kustomization
from gitops.resources.manifests import text_of

FIELDS = ("patches", "patchesStrategicMerge", "patchesJson6902")

_OPERATION = re.compile(r"operation does not apply|error in \w+ for path|testing (?:path|value)")
_POINTER = re.compile(r"(?<![\w/.])/[^\s'\":,]+")
_UNKNOWN_OPERATION = re.compile(r"Unexpected kind: (?P<op>\S+)")
_NO_PATCH = re.compile(
    r"unable to parse SM or JSON patch|unable to parse patch|illegally qualifies as both|"
    r"must specify one of patch and path"
)
_NAMED = re.compile(r'\[path: "(?P<path>[^"]+)"\]|path: (?P<bare>\S+)\n')
_SHAPE = re.compile(r"wrong node kind: expected")


@dataclass(frozen=True, slots=True)
class Patch:
    """One entry of a patch field: its place there, the file it names ('' when it is inline), what it says and (where
    that is written) whom it is meant for."""

    field: str
    index: int
    span: Span
    path: str
    values: tuple[Any, ...] | None  # None when it is no YAML
    target: dict[str, Any] | None = None

    @property
    def operations(self) -> Iterator[dict[str, Any]]:
        """The operations, when it is a JSON patch."""
        for value in self.values or ():
            yield from (one for one in value if isinstance(one, dict)) if isinstance(value, list) else ()


def patch_at_fault(tree: Tree, kustomization: Kustomization, error: str) -> Span | None:
    """The entry that the error is about; None when that cannot be told for sure."""
    patches = list(patches_of(tree, kustomization))
    found: list[Patch] = []
    unknown = _UNKNOWN_OPERATION.search(error)
    if _OPERATION.search(error):
        pointers = {pointer.rstrip(".") for pointer in _POINTER.findall(error)}
        found = [p for p in patches if any(text_of(one.get("path")) in pointers for one in p.operations)]
    elif unknown:
        found = [p for p in patches if any(text_of(one.get("op")) == unknown["op"] for one in p.operations)]
    elif _NO_PATCH.search(error):
        named = {name for pair in _NAMED.findall(error) for name in pair if name}
        found = [p for p in patches if p.path and p.path in named] or [p for p in patches if not _is_patch(p)]
    elif _SHAPE.search(error):
        found = patches
    return found[0].span if len(found) == 1 else None


def patches_of(tree: Tree, kustomization: Kustomization) -> Iterator[Patch]:
    """Every patch of one kustomization file, in its order."""
    try:
        documents = read_documents(kustomization.path, tree.read(tree.resolve(kustomization.path)))
    except (GitopsError, KeyError):
        return
    for field in FIELDS if documents else ():
        node, listed = child(documents[0].node, field), kustomization.fields.get(field)
        if not isinstance(node, yaml.SequenceNode) or not isinstance(listed, list):
            continue
        for index, (item, value) in enumerate(zip(node.value, listed, strict=True)):
            fields: dict[str, Any] = value if isinstance(value, dict) else _plain(text_of(value))
            path = text_of(fields.get("path"))
            span = Span(kustomization.path, first_line(item), last_line(item))
            values = _values(tree, kustomization.directory, path, text_of(fields.get("patch")))
            target = fields.get("target")
            yield Patch(field, index, span, path, values, target if isinstance(target, dict) else None)


def _plain(value: str) -> dict[str, Any]:
    """An entry of `patchesStrategicMerge`: a path, or the patch itself."""
    return {"patch": value} if "\n" in value or ": " in value else {"path": value}


def _values(tree: Tree, directory: str, path: str, inline: str) -> tuple[Any, ...] | None:
    try:
        if path:
            target = tree.resolve(f"{directory}/{path}".lstrip("/"))
            documents = read_documents(target, tree.read(target))
        else:
            documents = read_documents("patch", inline.encode("utf-8", "surrogateescape"))
    except (GitopsError, KeyError):
        return None
    return tuple(document.value() for document in documents)


def _is_patch(patch: Patch) -> bool:
    """Whether it reads as a strategic merge patch or as a JSON patch."""
    if not patch.values:
        return False
    return all(
        (isinstance(value, dict) and bool(value.get("kind")))
        or (isinstance(value, list) and all(isinstance(one, dict) and "op" in one for one in value))
        for value in patch.values
    )
