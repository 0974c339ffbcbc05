"""Where two copies of a resource first differ, without ever showing a Secret's values."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from gitops.resources.resource import Resource, as_placed

_MISSING = object()
_MAX_VALUE = 60


def first_difference(
    left: Resource, right: Resource, namespace: str, names: tuple[str, str] = ("the first", "the second")
) -> str | None:
    """One line such as `a.b` is "web" in the first and "api" in the second; None when they are alike. `names` are
    what the two are called in it."""
    for path, one, other in differences("", as_placed(left, namespace), as_placed(right, namespace)):
        if left.id.kind == "Secret":
            return f"`{path}` (values of Secrets are not shown)"
        return f"`{path}` is {_show(one)} in {names[0]} and {_show(other)} in {names[1]}"
    return None


def differences(path: str, left: Any, right: Any) -> Iterator[tuple[str, Any, Any]]:
    """(path, left, right) of every value that is not the same, below `path`; what is not there is no plain value."""
    if isinstance(left, dict) and isinstance(right, dict):
        for key in sorted({*left, *right}):
            step = f"{path}.{key}" if path else key
            yield from differences(step, left.get(key, _MISSING), right.get(key, _MISSING))
    elif isinstance(left, list) and isinstance(right, list):
        for index in range(max(len(left), len(right))):
            one = left[index] if index < len(left) else _MISSING
            other = right[index] if index < len(right) else _MISSING
            yield from differences(f"{path}[{index}]", one, other)
    elif type(left) is not type(right) or left != right:
        yield path, left, right


def _show(value: Any) -> str:
    if value is _MISSING:
        return "absent"
    if isinstance(value, dict | list):
        return f"a {'mapping' if isinstance(value, dict) else 'list'} of {len(value)}"
    text = str(value).lower() if isinstance(value, bool) else str(value)
    text = text if len(text) <= _MAX_VALUE else text[: _MAX_VALUE - 1] + "…"
    return f"`{text!r}`" if isinstance(value, str) else f"`{text}`"
