"""What is taken out of the API server's answers: names, and nothing else.

The one place that sees answers in full. It never raises: an exception would carry the answer along in its arguments
(`JSONDecodeError.doc`) or in the frames of its traceback. Note that metadata holds values too: the annotation
`kubectl.kubernetes.io/last-applied-configuration` is a copy of the whole object.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from gitops.applications.options import INSTANCE, TRACKING
from gitops.facts.changes.live import Question, differing

INSTALLATION = "argocd.argoproj.io/installation-id"


@dataclass(frozen=True, slots=True)
class Seen:
    """An object's metadata. `keys` are the key names that `managedFields` vouch for (None when they cannot be read
    at all); there may be more, never fewer."""

    namespace: str
    name: str
    keys: frozenset[str] | None
    tracking: str
    instance: str
    installation: str


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list; `token` continues it ('' on the last one)."""

    items: tuple[Seen, ...]
    token: str


@dataclass(frozen=True, slots=True)
class Status:
    """What an Application says of itself; `resources` are (group, kind, namespace, name)."""

    sync: str
    health: str
    paths: frozenset[str]
    resources: frozenset[tuple[str, str, str, str]]


def read_page(answer: bytes | bytearray) -> Page | None:
    """A PartialObjectMetadataList; None when it is none.

    The `items` of an empty one are null: the API server appends to a nil slice (apiserver,
    endpoints/handlers/response.go, `asPartialObjectMetadataList`).
    """
    found = _decoded(answer)
    if found.get("kind") != "PartialObjectMetadataList" or "items" not in found:
        return None
    items = found["items"] if found["items"] is not None else []
    if not isinstance(items, list):
        return None
    seen = tuple(_seen(item) for item in items)
    if not all(each.name for each in seen):
        return None
    return Page(seen, _text(_mapping(found.get("metadata")).get("continue")))


def read_object(answer: bytes | bytearray) -> Seen | None:
    """A PartialObjectMetadata; None when it is none."""
    found = _decoded(answer)
    seen = _seen(found) if found.get("kind") == "PartialObjectMetadata" else None
    return seen if seen is not None and seen.name else None


def read_keys(answer: bytes | bytearray) -> frozenset[str] | None:
    """The key names of a whole Secret or ConfigMap; the values end here. None when it is neither."""
    found = _decoded(answer)
    if found.get("kind") not in ("Secret", "ConfigMap"):
        return None
    fields = [found[field] for field in ("data", "binaryData") if found.get(field) is not None]
    if not all(isinstance(each, dict) for each in fields):
        return None
    return frozenset(key for each in fields for key in each)


def read_application(answer: bytes | bytearray) -> Status | None:
    """An Argo CD Application; None when it is none."""
    found = _decoded(answer)
    if found.get("kind") != "Application":
        return None
    spec, status = _mapping(found.get("spec")), _mapping(found.get("status"))
    sources = [spec.get("source"), *_sequence(spec.get("sources"))]
    resources = (_mapping(each) for each in _sequence(status.get("resources")))
    return Status(
        _text(_mapping(status.get("sync")).get("status")),
        _text(_mapping(status.get("health")).get("status")),
        frozenset(_text(_mapping(s).get("path")).removeprefix("./").strip("/") for s in sources if _mapping(s)),
        frozenset(
            (_text(r.get("group")), _text(r.get("kind")), _text(r.get("namespace")), _text(r.get("name")))
            for r in resources
        ),
    )


def read_applications(answer: bytes | bytearray) -> tuple[list[Mapping[str, Any]], str] | None:
    """The Applications of one page of a list, without their status, and the token that continues it; None when it is
    no such list."""
    found = _decoded(answer)
    if found.get("kind") != "ApplicationList" or "items" not in found:
        return None
    items = [_mapping(item) for item in _sequence(found["items"])]
    # In a list the items do not repeat what they are.
    kept = [{"apiVersion": "argoproj.io/v1alpha1", "kind": "Application"} | _declared(item) for item in items]
    return list(kept), _text(_mapping(found.get("metadata")).get("continue"))


def _declared(item: Mapping[str, Any]) -> dict[str, Any]:
    return {key: item[key] for key in ("metadata", "spec") if key in item}


def read_differing(answer: bytes | bytearray, question: Question) -> tuple[str, ...] | None:
    """The names of fields in which a whole object differs from what is expected of it, () for none and for an object
    that another Application holds; None when the answer is no such object. Secrets are not read."""
    found = _decoded(answer)
    kind = _text(found.get("kind"))
    if kind != question.id.id.kind or (kind == "Secret" and not question.id.id.group):
        return None
    try:
        return differing(question, found) or ()
    except Exception:  # whatever an object is made of, no exception may carry it on
        return None


def read_installation(answer: bytes | bytearray) -> str | None:
    """Argo CD's `installationID` in an argocd-cm ('' without one); None when the answer is no ConfigMap."""
    found = _decoded(answer)
    return _text(_mapping(found.get("data")).get("installationID")) if found.get("kind") == "ConfigMap" else None


def read_missing(answer: bytes | bytearray) -> str:
    """The name of the object that a `Status` says is not there; '' when it says anything else."""
    found = _decoded(answer)
    if (found.get("kind"), found.get("reason")) != ("Status", "NotFound"):
        return ""
    return _text(_mapping(found.get("details")).get("name"))


def read_versions(answer: bytes | bytearray) -> dict[str, tuple[str, ...]] | None:
    """Group -> the versions that are served, the preferred one first, from an APIGroupList."""
    found = _decoded(answer)
    if found.get("kind") != "APIGroupList" or not isinstance(found.get("groups"), list):
        return None
    groups: dict[str, tuple[str, ...]] = {}
    for group in map(_mapping, _sequence(found.get("groups"))):
        preferred = _text(_mapping(group.get("preferredVersion")).get("version"))
        served = [_text(_mapping(each).get("version")) for each in _sequence(group.get("versions"))]
        groups[_text(group.get("name"))] = tuple(dict.fromkeys(filter(None, [preferred, *served])))
    return groups


def read_resources(answer: bytes | bytearray) -> dict[str, tuple[str, bool]] | None:
    """Kind -> (resource, is namespaced), from an APIResourceList."""
    found = _decoded(answer)
    if found.get("kind") != "APIResourceList" or not isinstance(found.get("resources"), list):
        return None
    rows = [_mapping(each) for each in _sequence(found.get("resources"))]
    return {
        _text(row.get("kind")): (_text(row.get("name")), row.get("namespaced") is True)
        for row in rows
        if "/" not in _text(row.get("name"))
    }


def _seen(item: object) -> Seen:
    metadata = _mapping(_mapping(item).get("metadata"))
    return Seen(
        _text(metadata.get("namespace")),
        _text(metadata.get("name")),
        _managed_keys(metadata.get("managedFields")),
        _text(_mapping(metadata.get("annotations")).get(TRACKING)),
        _text(_mapping(metadata.get("labels")).get(INSTANCE)),
        _text(_mapping(metadata.get("annotations")).get(INSTALLATION)),
    )


def _managed_keys(entries: object) -> frozenset[str] | None:
    """Key names in `managedFields`.

    They are what somebody set and nobody took away since, so each of them is there. They need not be all: entries
    may have been trimmed, and server-side apply of `stringData` leaves `f:stringData`, which goes stale and is not
    read. So they prove that a key is there and never that it is not.
    """
    if not isinstance(entries, list) or not entries:
        return None
    return frozenset(key for entry in entries for key in _fields(_mapping(entry)))


def _fields(entry: Mapping[str, Any]) -> Iterator[str]:
    if entry.get("fieldsType") != "FieldsV1":
        return
    fields = _mapping(entry.get("fieldsV1"))
    for field in ("f:data", "f:binaryData"):
        yield from (key[2:] for key in _mapping(fields.get(field)) if key.startswith("f:"))


def _decoded(answer: bytes | bytearray) -> Mapping[str, Any]:
    try:
        found = json.loads(answer)
    except (ValueError, RecursionError):
        return {}
    return _mapping(found)


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _sequence(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
