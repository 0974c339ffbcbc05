"""Values that are never printed: what they are is told by the place, and that they changed.

Values of Secrets are digests before anybody compares them (`gitops.resources.manifests`). But people write passwords
elsewhere too: into environment variables, parameters of charts, addresses, and Secrets inside other manifests.
"""

from __future__ import annotations

from typing import Any

from gitops.facts.changes.fields import ABSENT, Path, value_at
from gitops.facts.changes.texts import HIDDEN, is_holder, is_naming, is_telling, without_secrets
from gitops.resources.resource import ResourceId

_DATA = frozenset({"data", "stringData"})
_NAMES = ("name", "key")  # fields that name what `value` beside them is


def shown(rid: ResourceId, manifest: Any) -> Any:
    """A copy of a manifest in which no value is left that should not be printed. A CustomResourceDefinition holds
    none, but fields that are called so."""
    kind = (rid.group, rid.kind)
    if kind == ("apiextensions.k8s.io", "CustomResourceDefinition"):
        return manifest
    secrets = {("", "Secret"): (), ("bitnami.com", "SealedSecret"): ("spec", "template")}
    return _shown(manifest, (), secrets.get(kind))


def shown_at(manifest: Any, path: Path) -> Any:
    """What stands at a place of a manifest that is `shown`."""
    found = value_at(manifest, path)
    return HIDDEN if found is ABSENT else found


def _is_set_by(before: Any, value: str) -> bool:
    """Whether a text is the value of what stands before it: of an option (`--password`), or of the name beside it
    (`{name: PASSWORD, value: ...}`)."""
    if isinstance(before, dict):
        return any(isinstance(before.get(key), str) and is_telling(before[key]) for key in _NAMES)
    return (
        isinstance(before, str)
        and before.startswith("-")
        and "=" not in before
        and is_telling(before)
        and not value.startswith("-")
    )


def _shown(value: Any, path: tuple[str, ...], secret_at: tuple[str, ...] | None, *, holds: bool = False) -> Any:
    """`secret_at` is where a Secret stands; `holds` tells that what is above is called `passwords` or the like."""
    if isinstance(value, dict):
        secret = path == secret_at or (value.get("kind") == "Secret" and not _DATA.isdisjoint(value))
        result: dict[str, Any] = {}
        for key, inner in value.items():
            name = str(key)
            if secret and key in _DATA:
                result[key] = _all_hidden(inner)
            elif isinstance(inner, str) and inner and _is_hidden(name, inner, value, holds):
                result[key] = HIDDEN
            else:
                below = holds or is_holder(name)
                result[key] = _shown(inner, (*path, name), secret_at, holds=below)
        return result
    if isinstance(value, list):
        before = (None, *value)
        whole = bool(path) and is_telling(path[-1])
        return [
            HIDDEN
            if isinstance(item, str) and (_is_set_by(was, item) or whole)
            else _shown(item, path, secret_at, holds=holds)
            for was, item in zip(before, value, strict=False)
        ]
    return without_secrets(value) if isinstance(value, str) else value


def _is_hidden(name: str, text: str, around: Any, holds: bool) -> bool:
    return is_telling(name) or (holds and not is_naming(name)) or (name == "value" and _is_set_by(around, text))


def _all_hidden(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _all_hidden(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_all_hidden(item) for item in value]
    return HIDDEN
