"""What the API server has against a manifest of one of Argo CD's own kinds.

Sources: argo-cd, manifests/crds/ (`known_fields`); Kubernetes, apiextensions-apiserver: what is no field is pruned,
and refused under `fieldValidation=Strict`; a field that is null counts as absent
(PruneNonNullableNullsWithoutDefaults).
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from functools import cache
from typing import Any

from gitops.applications.known_fields import ROOTS, TABLE

Route = tuple[str | int, ...]

_TYPES: Mapping[str, tuple[type, ...]] = {
    "string": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "number": (int, float),
    "object": (Mapping,),
    "array": (list,),
    "int-or-string": (int, str),
}
_TOP = ("apiVersion", "kind", "metadata", "status")
# ObjectMeta (k8s.io/apimachinery, meta/v1/types.go): the type of each field, and of what is in it.
_METADATA: Mapping[str, tuple[str, str]] = {
    "name": ("string", ""),
    "generateName": ("string", ""),
    "namespace": ("string", ""),
    "selfLink": ("string", ""),
    "uid": ("string", ""),
    "resourceVersion": ("string", ""),
    "generation": ("integer", ""),
    "creationTimestamp": ("string", ""),
    "deletionTimestamp": ("string", ""),
    "deletionGracePeriodSeconds": ("integer", ""),
    "labels": ("object", "string"),
    "annotations": ("object", "string"),
    "ownerReferences": ("array", "object"),
    "finalizers": ("array", "string"),
    "managedFields": ("array", "object"),
    "clusterName": ("string", ""),
}


class Fault(Enum):
    """What is wrong with a field."""

    UNKNOWN = auto()
    TYPE = auto()
    VALUE = auto()
    MISSING = auto()


@dataclass(frozen=True, slots=True)
class Against:
    """One thing that is wrong, at `route`. `wanted` is the type that the field has, or the values that it takes, and
    `found` the type that it was given; `near` is the field that was most likely meant: a route, from the root."""

    fault: Fault
    route: Route
    wanted: str = ""
    found: str = ""
    near: Route = ()


@dataclass(frozen=True, slots=True)
class _Row:
    type: str
    open: bool
    fields: Mapping[str, int]
    inside: int
    required: Sequence[str]
    allowed: Sequence[str]


@cache
def _rows() -> tuple[_Row, ...]:
    return tuple(
        _Row(kind, bool(open_), fields, inside, required, allowed)
        for kind, open_, fields, inside, required, allowed in json.loads(TABLE)
    )


def against(manifest: Mapping[str, Any], kind: str) -> Iterator[Against]:
    """Everything that is wrong with a manifest of this kind (`Application`, `ApplicationSet`, `AppProject`)."""
    yield from _metadata(manifest.get("metadata"))
    row = _rows()[ROOTS[kind]]
    yield from _object({key: value for key, value in manifest.items() if key not in _TOP}, row, (), row)


def _value(value: Any, row: _Row, route: Route, root: _Row) -> Iterator[Against]:
    if not is_of(value, row.type):
        yield Against(Fault.TYPE, route, row.type, type_of(value))
    elif row.allowed and value not in row.allowed:
        yield Against(Fault.VALUE, route, ", ".join(f"`{one}`" for one in row.allowed))
    elif isinstance(value, Mapping):
        yield from _object(value, row, route, root)
    elif isinstance(value, list) and row.inside >= 0:
        for index, item in enumerate(value):
            yield from _value(item, _rows()[row.inside], (*route, index), root)


def _object(value: Mapping[str, Any], row: _Row, route: Route, root: _Row) -> Iterator[Against]:
    for name in row.required:
        if value.get(name) is None:
            yield Against(Fault.MISSING, (*route, name))
    for name, inner in value.items():
        here = (*route, name)
        if name in row.fields:
            if inner is not None:
                yield from _value(inner, _rows()[row.fields[name]], here, root)
        elif row.inside >= 0:
            yield from _value(inner, _rows()[row.inside], here, root)
        elif not row.open:
            yield Against(Fault.UNKNOWN, here, near=_near(name, row, route, root))


def _near(name: str, row: _Row, route: Route, root: _Row) -> Route:
    """The field that was meant: one beside it that is spelt alike, else one of this very name further up or down."""
    lower = {field.lower(): field for field in row.fields}
    alike = difflib.get_close_matches(name.lower(), lower, 1, 0.8)
    if alike:
        return (*route, lower[alike[0]])
    plain = tuple(step for step in route if isinstance(step, str))
    # One level too low, one too high, or below another block of the same name.
    related = [
        found
        for found in _named(name, root)
        if found[:-1] == plain[: len(found) - 1] or found[:-2] == plain or found[-2:-1] == plain[-1:]
    ]
    return related[0] if len(related) == 1 else ()


def _named(name: str, root: _Row) -> Iterator[Route]:
    """Where a field of this name stands, through objects only."""
    stack: list[tuple[Route, _Row]] = [((), root)]
    while stack:
        route, row = stack.pop()
        for field, place in row.fields.items():
            if field == name:
                yield (*route, field)
            if len(route) < 4 and _rows()[place].type == "object":
                stack.append(((*route, field), _rows()[place]))


def _metadata(metadata: object) -> Iterator[Against]:
    for name, value in metadata.items() if isinstance(metadata, Mapping) else ():
        route = ("metadata", name)
        if name not in _METADATA:
            alike = difflib.get_close_matches(name, _METADATA, 1, 0.8)
            yield Against(Fault.UNKNOWN, route, near=("metadata", alike[0]) if alike else ())
            continue
        wanted, inside = _METADATA[name]
        if value is None or name == "creationTimestamp":
            continue
        if not is_of(value, wanted):
            yield Against(Fault.TYPE, route, wanted, type_of(value))
        elif inside:
            for key, inner in value.items() if isinstance(value, Mapping) else enumerate(value):
                if not is_of(inner, inside):
                    yield Against(Fault.TYPE, (*route, key), inside, type_of(inner))


def is_of(value: Any, kind: str) -> bool:
    """Whether a value has one of OpenAPI's types ('' for any)."""
    if not kind:
        return True
    if isinstance(value, bool):
        return kind == "boolean"
    if kind == "integer" and isinstance(value, float):
        return value.is_integer()
    return isinstance(value, _TYPES[kind])


def type_of(value: Any) -> str:
    """OpenAPI's word for what a value is."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    for kind, types in (("string", str), ("integer", int), ("number", float), ("object", Mapping), ("array", list)):
        if isinstance(value, types):
            return kind
    return type(value).__name__
