"""What one manifest provides."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import Any

SECRET, CONFIG_MAP = "Secret", "ConfigMap"
ANY_NAMESPACE = "*"

Manifest = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Provided:
    """A Secret or ConfigMap. `keys` is None when git does not say which; `namespace` is None for the manifest's own,
    else a name or a pattern (see `reaches`); `creates` is False for what only adds keys to an object that others
    create. Not `sure`: whether it is made depends on what git does not say, and `name` may be a shell pattern.
    `mount`: it is there only while a pod of its namespace mounts the SecretProviderClass of this name."""

    kind: str
    name: str
    keys: frozenset[str] | None
    namespace: str | None = None
    creates: bool = True
    sure: bool = True
    mount: str = ""

    @property
    def wide(self) -> bool:
        """Whether it may be made in more than one namespace."""
        return self.namespace is not None and (self.namespace.startswith("^") or "*" in self.namespace)


def reaches(pattern: str, namespace: str) -> bool:
    """Whether a `Provided.namespace` takes in a namespace: a name, a shell pattern, or (beginning with `^`, which no
    name can) a regular expression for the whole name."""
    if pattern.startswith("^"):
        compiled = _compiled(pattern)
        return compiled is None or compiled.fullmatch(namespace) is not None
    return fnmatchcase(namespace, pattern)


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> re.Pattern[str] | None:
    """None for what only another dialect of regular expressions takes: then nothing is ruled out."""
    try:
        return re.compile(pattern)
    except re.error:
        return None


def union(sets: Iterable[frozenset[str] | None]) -> frozenset[str] | None:
    """All keys together; None as soon as one set is not known."""
    result: set[str] = set()
    for keys in sets:
        if keys is None:
            return None
        result |= keys
    return frozenset(result)
