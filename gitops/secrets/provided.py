"""What one manifest provides."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

SECRET, CONFIG_MAP = "Secret", "ConfigMap"
ANY_NAMESPACE = "*"

Manifest = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Provided:
    """A Secret or ConfigMap. `keys` is None when git does not say which; `namespace` is None for the manifest's own,
    else a name or shell pattern; `creates` is False for what only adds keys to an object that others create."""

    kind: str
    name: str
    keys: frozenset[str] | None
    namespace: str | None = None
    creates: bool = True


def union(sets: Iterable[frozenset[str] | None]) -> frozenset[str] | None:
    """All keys together; None as soon as one set is not known."""
    result: set[str] = set()
    for keys in sets:
        if keys is None:
            return None
        result |= keys
    return frozenset(result)
