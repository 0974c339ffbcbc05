"""Values that are never printed: what they are is told by the place, and that they changed.

Values of Secrets are digests before anybody compares them (`gitops.resources.manifests`). But people write passwords
elsewhere too: into environment variables, parameters of charts, addresses, and Secrets inside other manifests.
"""

from __future__ import annotations

import re
from typing import Any

from gitops.facts.changes.fields import Path
from gitops.facts.changes.lists import Item
from gitops.resources.resource import ResourceId

HIDDEN = "(hidden)"

_TELLING = re.compile(
    r"passw(or)?d|passphrase|secret|token|credential|api[-_.]?key|private[-_.]?key|access[-_.]?key|auth[-_.]?key"
    r"|connection[-_.]?string|htpasswd|dsn$",
    re.IGNORECASE,
)
# Names of things, not the things: `secretName: web`, `tokenSecretRef`, `automountServiceAccountToken: false`.
_NAMING = re.compile(
    r"(name|names|ref|refs|namespace|key|keys|path|file|mount|volume|class|type|seconds|policy|store|provider)$",
    re.IGNORECASE,
)
_ADDRESS = re.compile(r"(?<=://)[^/\s:@]*:[^/\s@]+(?=@)")
_PEM = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY")
_SECRET_INSIDE = re.compile(r"^\s*[\"']?kind[\"']?: *[\"']?Secret\b", re.MULTILINE)
_DATA = frozenset({"data", "stringData"})


def shown(rid: ResourceId, manifest: Any) -> Any:
    """A copy of a manifest in which no value is left that should not be printed."""
    return _shown(manifest, (), (rid.group, rid.kind) == ("", "Secret"))


def shown_value(rid: ResourceId, path: Path, value: Any) -> Any:
    """The same for one value at a path."""
    if (rid.group, rid.kind) == ("", "Secret") and path and path[0] in _DATA:
        return _all_hidden(value)
    if any(isinstance(step, str) and _is_telling(step) for step in path[:-1]) and isinstance(value, str):
        return HIDDEN
    named = [dict(step.keys).get("name") for step in path if isinstance(step, Item)]
    key = path[-1] if path else ""
    if key == "value" and named and isinstance(named[-1], str) and _is_telling(named[-1]):
        return HIDDEN
    return _shown(value, tuple(step for step in path if isinstance(step, str)), False)


def _shown(value: Any, path: tuple[str, ...], is_secret: bool) -> Any:
    if isinstance(value, dict):
        secret = is_secret or (value.get("kind") == "Secret" and not _DATA.isdisjoint(value))
        name = value.get("name")
        result: dict[str, Any] = {}
        for key, inner in value.items():
            if secret and key in _DATA:
                result[key] = _all_hidden(inner)
            elif key == "value" and isinstance(name, str) and _is_telling(name) and isinstance(inner, str):
                result[key] = HIDDEN
            else:
                result[key] = _shown(inner, (*path, str(key)), False)
        return result
    if isinstance(value, list):
        return [_shown(item, path, False) for item in value]
    if isinstance(value, str):
        return _text(value, path[-1] if path else "")
    return value


def _text(value: str, key: str) -> str:
    if value and _is_telling(key):
        return HIDDEN
    if _PEM.search(value) or _SECRET_INSIDE.search(value):
        return HIDDEN
    return _ADDRESS.sub(HIDDEN, value)


def _is_telling(name: str) -> bool:
    found = _TELLING.search(name)
    return found is not None and not _NAMING.search(name[found.end() :])


def _all_hidden(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _all_hidden(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_all_hidden(item) for item in value]
    return HIDDEN
