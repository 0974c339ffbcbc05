"""Go's values as Python holds them: kinds, truth, printed form, equality.

A parameter set is what `encoding/json` gives: every number is a float64, every object a `map[string]interface {}`.
Go's templates tell types apart that Python does not, so the three that matter have their own classes.
Sources: text/template/exec.go (IsTrue, printValue), fmt/print.go, strconv/ftoa.go.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Final

from gitops.gotemplate.errors import NotJson, TooCostly

MAX_TEXT: Final = 1_000_000  # characters of one string; an Application manifest cannot exceed etcd's 1.5 MB
MAX_NODES: Final = 100_000  # values inside one value, shared ones counted each time they are reached
MAX_DEPTH: Final = 100
_JSON_EXPONENT: Final = 1e21
_SMALLEST: Final = 1e-6
# No text holds half a surrogate pair: what is read has a replacement character in its place.
_MARK: Final = "\udfff"
_NUMBERS: Final = re.compile(f'"{_MARK}([^"{_MARK}]*){_MARK}"')
_LEADING_ZERO: Final = re.compile("e-0")
_SURROGATES: Final = re.compile("[\ud800-\udfff]")


class Int64(int):
    """Go's int64, which sprig's arithmetic returns and which is not an `int` to a function that wants one."""


class StringMap(dict[str, Any]):
    """Go's map[string]string (a generator's `values`)."""


class StringList(list[Any]):
    """Go's []string (`.path.segments`)."""


class IntList(list[Any]):
    """Go's []int."""


class NilList(list[Any]):
    """A nil []interface {}: without items like an empty one, but null in JSON and YAML."""


class NilStrings(StringList):
    """A nil []string."""


class NilMap(dict[str, Any]):
    """A nil map[string]interface {}, which nothing can be put into."""


class Version(dict[str, Any]):
    """Masterminds' *semver.Version, whose fields a template may take; printed it is `text`."""

    def __init__(self, text: str, fields: dict[str, Any]) -> None:
        super().__init__(fields)
        self.text = text


class Missing:
    """Go's invalid reflect.Value: what a map has for a key that it does not hold."""

    def __repr__(self) -> str:
        return "<no value>"


MISSING: Final = Missing()


def replaced(data: bytes) -> str:
    """Bytes as text; each one that is no part of a character is a replacement character, as Go ranges over them."""
    return _SURROGATES.sub("\ufffd", data.decode("utf-8", "surrogateescape"))


def known(value: Any) -> Any:
    """`value`, with "no such key" turned into nil."""
    return None if value is MISSING else value


def truth(value: Any) -> bool:
    """Go's IsTrue: false, 0, nil and whatever has no length are false."""
    if value is MISSING:
        return False
    return bool(value)


def kind(value: Any) -> str:
    """reflect.Kind as text, "invalid" for nil."""
    match value:
        case bool():
            return "bool"
        case Int64():
            return "int64"
        case int():
            return "int"
        case float():
            return "float64"
        case str():
            return "string"
        case dict():
            return "map"
        case list():
            return "slice"
    return "invalid"


def type_name(value: Any) -> str:
    """Go's %T."""
    match value:
        case StringMap():
            return "map[string]string"
        case dict():
            return "map[string]interface {}"
        case StringList():
            return "[]string"
        case IntList():
            return "[]int"
        case list():
            return "[]interface {}"
        case None | Missing():
            return "<nil>"
    return kind(value)


def measure(value: Any) -> int:
    """Values inside `value`, counted as a printer would visit them.

    Raises `TooCostly` above `MAX_NODES`: a template can build exponential structures out of shared parts.
    """
    count = 0
    stack: list[tuple[Any, int]] = [(value, 0)]
    while stack:
        item, depth = stack.pop()
        count += 1 + (len(item) // 16 if isinstance(item, str) else 0)
        if count > MAX_NODES or depth > MAX_DEPTH:
            raise TooCostly("a value of the template grows too large")
        if isinstance(item, dict):
            stack.extend((part, depth + 1) for part in item.values())
        elif isinstance(item, list):
            stack.extend((part, depth + 1) for part in item)
    return count


def deep_equal(left: Any, right: Any) -> bool:
    """reflect.DeepEqual: types count, so 1 and 1.0 differ."""
    if type(left) is not type(right):
        return False
    if isinstance(left, dict):
        return left.keys() == right.keys() and all(deep_equal(v, right[k]) for k, v in left.items())
    if isinstance(left, list):
        return len(left) == len(right) and all(map(deep_equal, left, right))
    return bool(left == right)


def format_float(value: float, verb: str = "g", precision: int = -1) -> str:
    """strconv.FormatFloat for the verbs e, f, g; precision -1 is the shortest text that reads back the same.

    The shortest %g turns to an exponent below 1e-4 and from 1e21 in JSON, but already from 1e+06 in %v.
    """
    if value != value:
        return "NaN"
    if value in (float("inf"), float("-inf")):
        return "+Inf" if value > 0 else "-Inf"
    if precision >= 0:
        return f"{value:.{precision}{verb}}"
    sign, raw, exponent = Decimal(repr(value)).as_tuple()
    assert isinstance(exponent, int)
    text = "".join(map(str, raw)).lstrip("0")
    exponent += len(text) - 1
    digits = text.rstrip("0")
    if not digits:
        digits, exponent = "0", 0
    minus = "-" if sign else ""
    if verb == "f" or (verb == "g" and -4 <= exponent < 6):
        return minus + _plain(digits, exponent)
    rest = "." + digits[1:] if len(digits) > 1 else ""
    return f"{minus}{digits[0]}{rest}e{'-' if exponent < 0 else '+'}{abs(exponent):02d}"


def _plain(digits: str, exponent: int) -> str:
    if exponent < 0:
        return "0." + "0" * (-exponent - 1) + digits
    whole = digits[: exponent + 1].ljust(exponent + 1, "0")
    rest = digits[exponent + 1 :]
    return whole + ("." + rest if rest else "")


def go_text(value: Any) -> str:
    """fmt's %v."""
    measure(value)
    return _text(value)


def _text(value: Any) -> str:
    match value:
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case int():
            return str(int(value))
        case float():
            return format_float(value)
        case Version():
            return value.text
        case dict():
            return "map[" + " ".join(f"{k}:{_text(value[k])}" for k in sorted(value)) + "]"
        case list():
            return "[" + " ".join(map(_text, value)) + "]"
    return "<nil>"


def printed(value: Any) -> str:
    """What an action writes: nil and missing values show as <no value>."""
    return "<no value>" if value is None or value is MISSING else go_text(value)


def _json_number(value: float) -> Any:
    """encoding/json's spelling, where Python's is another one (a mark for `_NUMBERS`)."""
    if not math.isfinite(value):
        raise NotJson(f"json: unsupported value: {format_float(value)}")
    size = abs(value)
    if size and (size < _SMALLEST or size >= _JSON_EXPONENT):
        return f"{_MARK}{_LEADING_ZERO.sub('e-', format_float(value, 'e'))}{_MARK}"
    if value.is_integer():
        return int(value) if size or math.copysign(1, value) > 0 else f"{_MARK}-0{_MARK}"
    return f"{_MARK}{format_float(value, 'f')}{_MARK}"


def _plain_json(value: Any) -> Any:
    match value:
        case bool() | str() | None:
            return value
        case float():
            return _json_number(value)
        case int():
            return int(value)
        case NilList() | NilStrings() | NilMap():
            return None
        case Version():
            return value.text
        case dict():
            return {k: _plain_json(value[k]) for k in sorted(value)}
        case list():
            return [_plain_json(part) for part in value]
    return None


def go_json(value: Any, indent: int | None = None, *, escape_html: bool = True) -> str:
    """encoding/json's Marshal: sorted keys, no spaces, whole floats without a point. Raises `NotJson`."""
    measure(value)
    separators = (",", ":") if indent is None else (",", ": ")
    text = json.dumps(_plain_json(value), ensure_ascii=False, separators=separators, indent=indent)
    text = _NUMBERS.sub(r"\1", text)
    escapes = {"\u2028": "\\u2028", "\u2029": "\\u2029"}
    if escape_html:
        escapes |= {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026"}
    for raw, escaped in escapes.items():
        text = text.replace(raw, escaped)
    return text


def from_json(value: Any) -> Any:
    """A parsed JSON or YAML value as Go holds it: numbers become float64, keys become text."""
    measure(value)
    return _from_json(value)


def _from_json(value: Any) -> Any:
    match value:
        case str():
            # encoding/json puts the replacement character where half a surrogate pair stands.
            return value if value.isascii() else _SURROGATES.sub("\ufffd", value)
        case bool() | None:
            return value
        case int() | float():
            try:
                return float(value)
            except OverflowError:
                return float("inf")
        case dict():
            return {key_text(k): _from_json(v) for k, v in value.items()}
        case list() | tuple():
            return [_from_json(part) for part in value]
    return str(value)


def key_text(key: Any) -> str:
    """A YAML key as JSON has it (sigs.k8s.io/yaml): true, 1 and 1.5 become text."""
    return key if isinstance(key, str) else go_text(key)


def pairs(value: Any) -> Iterator[tuple[Any, Any]]:
    """What `range` yields: index and element, keys in sorted order, 0 to n-1 for a number."""
    if isinstance(value, dict):
        return iter([(k, value[k]) for k in sorted(value)])
    if isinstance(value, list):
        return iter(list(enumerate(value)))
    return iter([(i, i) for i in range(value)])
