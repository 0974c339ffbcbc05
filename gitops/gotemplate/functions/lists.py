"""Sprig: lists (sprig list.go). What is no list is an error in the `must` twins and a panic in the others."""

from __future__ import annotations

from typing import Any, Final

from gitops.gotemplate.errors import TemplateError, TooCostly
from gitops.gotemplate.functions.numbers import integer
from gitops.gotemplate.functions.registry import Library
from gitops.gotemplate.values import MAX_NODES, NilList, deep_equal, measure, truth, type_name

LIBRARY: Final = Library()


def listed(value: Any, action: str) -> list[Any]:
    """`value` if it is a list; raises `TemplateError` when it is not."""
    if isinstance(value, list):
        return value
    raise TemplateError(f"cannot find {action} on type {type_name(value)}")


@LIBRARY.add("list tuple", "*a")
def _list(*values: Any) -> list[Any]:
    return list(values)


@LIBRARY.add("first mustFirst", "a")
def _first(values: Any) -> Any:
    return next(iter(listed(values, "first")), None)


@LIBRARY.add("last mustLast", "a")
def _last(values: Any) -> Any:
    return next(reversed(listed(values, "last")), None)


@LIBRARY.add("rest mustRest", "a")
def _rest(values: Any) -> list[Any]:
    return list(values[1:]) if listed(values, "rest") else NilList()


@LIBRARY.add("initial mustInitial", "a")
def _initial(values: Any) -> list[Any]:
    return list(values[:-1]) if listed(values, "initial") else NilList()


@LIBRARY.add("append push mustAppend mustPush", "aa")
def _append(values: Any, value: Any) -> list[Any]:
    return [*listed(values, "push"), value]


@LIBRARY.add("prepend mustPrepend", "aa")
def _prepend(values: Any, value: Any) -> list[Any]:
    return [value, *listed(values, "prepend")]


@LIBRARY.add("concat", "*a")
def _concat(*values: Any) -> list[Any]:
    lists = [listed(v, "concat") for v in values]
    if sum(map(len, lists)) > MAX_NODES:
        raise TooCostly("concat makes too long a list")
    return [part for one in lists for part in one] or NilList()


@LIBRARY.add("reverse mustReverse", "a")
def _reverse(values: Any) -> list[Any]:
    return list(reversed(listed(values, "reverse")))


def _unlike(values: list[Any], others: list[Any]) -> list[Any]:
    if measure(values) * max(1, len(others)) > 10 * MAX_NODES:
        raise TooCostly("the lists are too long to compare")
    return [v for v in values if not any(deep_equal(v, other) for other in others)]


@LIBRARY.add("uniq mustUniq", "a")
def _uniq(values: Any) -> list[Any]:
    found: list[Any] = []
    for value in listed(values, "uniq"):
        found.extend(_unlike([value], found))
        if len(found) > 2_000:
            raise TooCostly("uniq has too many elements to compare")
    return found


@LIBRARY.add("without mustWithout", "a*a")
def _without(values: Any, *omitted: Any) -> list[Any]:
    return _unlike(listed(values, "without"), list(omitted))


@LIBRARY.add("has mustHas", "aa")
def _has(needle: Any, values: Any) -> bool:
    if values is None:
        return False
    measure(values)
    return any(deep_equal(needle, v) for v in listed(values, "has"))


@LIBRARY.add("compact mustCompact", "a")
def _compact(values: Any) -> list[Any]:
    return [v for v in listed(values, "compact") if truth(v)]


@LIBRARY.add("slice mustSlice", "a*a")
def _slice(values: Any, *bounds: Any) -> Any:
    """sprig's own `slice` replaces Go's builtin of the name, so it takes lists only."""
    items = listed(values, "slice")
    if not items:
        return None
    places = [integer(bound) for bound in bounds[:2]]
    start = places[0] if places else 0
    end = places[1] if len(places) > 1 else len(items)
    if not 0 <= start <= end <= len(items):
        raise TemplateError(f"slice bounds out of range [{start}:{end}]")
    return type(items)(items[start:end])


@LIBRARY.add("chunk mustChunk", "ia")
def _chunk(size: int, values: Any) -> list[Any]:
    items = listed(values, "chunk")
    if size < 0 and (len(items) - 1) // size + 1 == 0:
        return []  # sprig makes no piece at all
    if size < 1:
        raise TemplateError("chunk size must be at least 1")
    return [list(items[i : i + size]) for i in range(0, len(items), size)]
