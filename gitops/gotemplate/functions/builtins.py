"""The functions that Go itself defines (text/template/funcs.go). `and` and `or` belong to the evaluator."""

from __future__ import annotations

import urllib.parse
from typing import Any, Final

from gitops.gotemplate.errors import TemplateError
from gitops.gotemplate.functions.printf import sprintf
from gitops.gotemplate.functions.registry import Library
from gitops.gotemplate.values import StringMap, go_text, printed, truth, type_name

LIBRARY: Final = Library()
_HTML: Final = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&#34;", "'": "&#39;", "\0": "\ufffd"}
_JS: Final = {"\\": "\\\\", "'": "\\'", '"': '\\"', "<": "\\u003C", ">": "\\u003E", "&": "\\u0026", "=": "\\u003D"}


@LIBRARY.add("not", "a")
def _not(value: Any) -> bool:
    return not truth(value)


@LIBRARY.add("len", "a")
def _len(value: Any) -> int:
    if isinstance(value, str):
        return len(value.encode("utf-8", "surrogatepass"))
    if isinstance(value, (list, dict)):
        return len(value)
    raise TemplateError(f"len of type {type_name(value)}" if value is not None else "len of nil pointer")


@LIBRARY.add("index", "a*a")
def _index(value: Any, *keys: Any) -> Any:
    if value is None:
        raise TemplateError("index of untyped nil")
    for key in keys:
        if value is None:
            raise TemplateError("index of untyped nil")
        if isinstance(value, dict):
            if not isinstance(key, str):
                raise TemplateError(f"value has type {type_name(key)}; should be string")
            value = value.get(key, "" if isinstance(value, StringMap) else None)
        elif isinstance(value, list):
            value = value[_position(key, len(value) - 1)]
        elif isinstance(value, str):
            raw = value.encode("utf-8", "surrogatepass")
            value = raw[_position(key, len(raw) - 1)]
        else:
            raise TemplateError(f"can't index item of type {type_name(value)}")
    return value


def _position(key: Any, most: int) -> int:
    if not isinstance(key, int) or isinstance(key, bool):
        raise TemplateError(f"cannot index slice/array with type {type_name(key)}")
    if not 0 <= key <= most:
        raise TemplateError(f"index out of range: {key}")
    return key


@LIBRARY.add("slice", "a*a")
def _slice(value: Any, *bounds: Any) -> Any:
    if len(bounds) > 3:
        raise TemplateError(f"too many slice indexes: {len(bounds)}")
    if isinstance(value, str):
        raw = value.encode("utf-8", "surrogatepass")
        if len(bounds) == 3:
            raise TemplateError("cannot 3-index slice a string")
        start, end = _bounds(bounds, len(raw))
        return raw[start:end].decode("utf-8", "replace")
    if isinstance(value, list):
        start, end = _bounds(bounds, len(value))
        return type(value)(value[start:end])
    raise TemplateError(f"can't slice item of type {type_name(value)}")


def _bounds(bounds: tuple[Any, ...], size: int) -> tuple[int, int]:
    places = [_position(b, size) for b in bounds[:2]]
    start = places[0] if places else 0
    end = places[1] if len(places) > 1 else size
    if start > end:
        raise TemplateError(f"invalid slice index: {start} > {end}")
    return start, end


def _basic(value: Any) -> str | None:
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int):
        return "int"
    return {float: "float", str: "string"}.get(type(value))


def _equal(left: Any, right: Any) -> bool:
    if left is None or right is None:
        return left is right
    if isinstance(left, (dict, list)) or isinstance(right, (dict, list)):
        raise TemplateError("non-comparable type in eq")
    if _basic(left) != _basic(right):
        raise TemplateError("incompatible types for comparison")
    return bool(left == right)


@LIBRARY.add("eq", "a*a")
def _eq(left: Any, *others: Any) -> bool:
    if not others:
        raise TemplateError("missing argument for comparison")
    return any(_equal(left, other) for other in others)


@LIBRARY.add("ne", "aa")
def _ne(left: Any, right: Any) -> bool:
    return not _equal(left, right)


def _less(left: Any, right: Any) -> bool:
    if _basic(left) is None or _basic(right) is None or isinstance(left, bool):
        raise TemplateError("invalid type for comparison")
    if _basic(left) != _basic(right):
        raise TemplateError("incompatible types for comparison")
    return bool(left < right)


@LIBRARY.add("lt", "aa")
def _lt(left: Any, right: Any) -> bool:
    return _less(left, right)


@LIBRARY.add("le", "aa")
def _le(left: Any, right: Any) -> bool:
    return _less(left, right) or _equal(left, right)


@LIBRARY.add("gt", "aa")
def _gt(left: Any, right: Any) -> bool:
    return not _le(left, right)


@LIBRARY.add("ge", "aa")
def _ge(left: Any, right: Any) -> bool:
    return not _less(left, right)


@LIBRARY.add("printf", "s*a")
def _printf(template: str, *values: Any) -> str:
    return sprintf(template, *values)


def sprint(*values: Any) -> str:
    """fmt.Sprint: a space between two operands when neither is a string."""
    text = ""
    for i, value in enumerate(values):
        if i and not isinstance(value, str) and not isinstance(values[i - 1], str):
            text += " "
        text += go_text(value)
    return text


@LIBRARY.add("print", "*a")
def _print(*values: Any) -> str:
    return sprint(*values)


@LIBRARY.add("println", "*a")
def _println(*values: Any) -> str:
    return " ".join(map(go_text, values)) + "\n"


def _joined(values: tuple[Any, ...]) -> str:
    """text/template's evalArgs, which writes nil as an action does."""
    return values[0] if len(values) == 1 and isinstance(values[0], str) else sprint(*map(_shown, values))


def _shown(value: Any) -> Any:
    return printed(value) if value is None else value


@LIBRARY.add("html", "*a")
def _html(*values: Any) -> str:
    return "".join(_HTML.get(c, c) for c in _joined(values))


@LIBRARY.add("js", "*a")
def _js(*values: Any) -> str:
    text = _joined(values)
    return "".join(_JS.get(c) or (c if c.isprintable() else f"\\u{ord(c):04X}") for c in text)


@LIBRARY.add("urlquery", "*a")
def _urlquery(*values: Any) -> str:
    return urllib.parse.quote_plus(_joined(values), safe="", errors="replace")
