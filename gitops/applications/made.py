"""What a live Argo CD made of ApplicationSets: its Applications, by the set that owns them (`ownerReferences`).

With it a set is expanded whose generators ask something that git does not hold. It comes from a cluster, or from a
file with the output of `kubectl get applications -A -o yaml` (or json).
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final

from gitops.applications.application import GROUP, is_application
from gitops.files.documents import read_documents
from gitops.files.errors import GitopsError, MalformedYaml
from gitops.resources.manifests import text_of

Manifest = Mapping[str, Any]

_LAST_APPLIED: Final = "kubectl.kubernetes.io/last-applied-configuration"
# A list as kubectl prints it: its items stand at the margin, and nothing of theirs does.
_ITEMS: Final = re.compile(rb"^items:[ \t]*\r?\n- ", re.MULTILINE)
_ITEM: Final = re.compile(rb"^- ", re.MULTILINE)
_AFTER: Final = re.compile(rb"^[a-zA-Z]", re.MULTILINE)
LONG: Final = 2 * 2**20  # bytes
_METADATA: Final = ("name", "namespace", "labels", "annotations", "finalizers")


@dataclass(frozen=True, slots=True)
class Made:
    """`where` says who tells it, for people; `digest` tells one content from another. `by_set` has the manifests, by
    namespace and name of the set and in the order of their names, without what clusters write into them."""

    where: str
    digest: str
    by_set: Mapping[tuple[str, str], Sequence[Manifest]] = field(compare=False, repr=False)

    def of(self, namespace: str, name: str) -> Sequence[Manifest]:
        """Those of one set; without a namespace, of the only one that has this name."""
        if namespace:
            return self.by_set.get((namespace, name), ())
        found = [manifests for (_, each), manifests in self.by_set.items() if each == name]
        return found[0] if len(found) == 1 else ()


def made_of(where: str, manifests: Iterable[Manifest]) -> Made:
    """`manifests` are Applications as the API server has them."""
    by_set: dict[tuple[str, str], dict[str, Manifest]] = {}
    for manifest in manifests:
        metadata = _mapping(manifest.get("metadata"))
        owner = _owner(metadata)
        if owner:
            kept = {key: metadata[key] for key in _METADATA if metadata.get(key)}
            annotations = _without(_mapping(kept.get("annotations")), _LAST_APPLIED)
            whole = {
                "apiVersion": f"{GROUP}/v1alpha1",
                "kind": "Application",
                "metadata": {**kept, "annotations": annotations} if annotations else _without(kept, "annotations"),
                "spec": _mapping(manifest.get("spec")),
            }
            key = (text_of(metadata.get("namespace")), owner)
            by_set.setdefault(key, {})[text_of(metadata.get("name"))] = whole
    ordered = {key: tuple(found[name] for name in sorted(found)) for key, found in sorted(by_set.items())}
    text = json.dumps([[*key, *found] for key, found in ordered.items()], sort_keys=True, default=str)
    return Made(where, hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest(), ordered)


def read_made(where: str, data: bytes) -> Made:
    """What a file tells: a List, Applications as documents of their own, or both. Raises `GitopsError`, with one
    clause behind the file's name."""
    found = [manifest for manifest in _manifests(where, data) if is_application(manifest)]
    if not found:
        raise GitopsError(f"{where} holds no Application, as `kubectl get applications -A -o yaml` prints them")
    made = made_of(where, found)
    if not made.by_set:
        raise GitopsError(f"{where} holds {len(found)} Applications, and no ApplicationSet owns any of them")
    return made


def _manifests(where: str, data: bytes) -> Iterator[Manifest]:
    for value in _values(where, data):
        listed = value.get("items") if isinstance(value, Mapping) else value
        for each in listed if isinstance(listed, list) else [value]:
            if isinstance(each, Mapping):
                yield each


def _values(where: str, data: bytes) -> Iterator[Any]:
    if data.lstrip()[:1] in (b"{", b"["):
        try:
            yield json.loads(data)
        except (ValueError, RecursionError):
            pass  # several JSON documents are YAML
        else:
            return
    try:
        yield from _documents(where, data)
    except MalformedYaml as error:
        raise GitopsError(str(error)) from None


def _documents(where: str, data: bytes) -> Iterator[Any]:
    """In pieces where it is a long list as kubectl prints it: a file may hold more than is read of a manifest."""
    start = _ITEMS.search(data)
    if len(data) > LONG and start is not None:
        end = _AFTER.search(data, start.end())
        listed = data[start.end() : end.start() if end is not None else len(data)]
        with suppress(MalformedYaml):  # aliases lead from one item to another; kubectl prints none
            # A dash and a blank that are taken away leave a mapping that is indented alike.
            pieces = [read_documents(where, b"  " + item) for item in _ITEM.split(listed)]
            yield from (document.value() for documents in pieces for document in documents)
            return
    yield from (document.value() for document in read_documents(where, data))


def _owner(metadata: Mapping[str, Any]) -> str:
    references = metadata.get("ownerReferences")
    for reference in references if isinstance(references, list) else ():
        owner = _mapping(reference)
        if owner.get("kind") == "ApplicationSet" and text_of(owner.get("apiVersion")).startswith(f"{GROUP}/"):
            return text_of(owner.get("name"))
    return ""


def _without(mapping: Mapping[str, Any], key: str) -> dict[str, Any]:
    return {each: value for each, value in mapping.items() if each != key}


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
