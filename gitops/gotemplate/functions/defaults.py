"""Sprig: default values, flow, types and reflection (sprig defaults.go, reflect.go)."""

from __future__ import annotations

from typing import Any, Final

from gitops.gotemplate.errors import TemplateError
from gitops.gotemplate.functions.registry import Library
from gitops.gotemplate.values import deep_equal, kind, measure, truth, type_name

LIBRARY: Final = Library()


@LIBRARY.add("default", "a*a")
def _default(fallback: Any, *given: Any) -> Any:
    return given[0] if given and truth(given[0]) else fallback


@LIBRARY.add("empty", "a")
def _empty(value: Any) -> bool:
    return not truth(value)


@LIBRARY.add("coalesce", "*a")
def _coalesce(*values: Any) -> Any:
    return next((v for v in values if truth(v)), None)


@LIBRARY.add("all", "*a")
def _all(*values: Any) -> bool:
    return all(map(truth, values))


@LIBRARY.add("any", "*a")
def _any(*values: Any) -> bool:
    return any(map(truth, values))


@LIBRARY.add("ternary", "aab")
def _ternary(yes: Any, no: Any, condition: bool) -> Any:
    return yes if condition else no


@LIBRARY.add("fail", "s")
def _fail(message: str) -> str:
    raise TemplateError(f"the template fails on purpose: {message[:200]}")


@LIBRARY.add("hello")
def _hello() -> str:
    return "Hello!"


@LIBRARY.add("typeOf", "a")
def _type_of(value: Any) -> str:
    return type_name(value)


@LIBRARY.add("typeIs typeIsLike", "sa")
def _type_is(name: str, value: Any) -> bool:
    return name == type_name(value)


@LIBRARY.add("kindOf", "a")
def _kind_of(value: Any) -> str:
    return kind(value)


@LIBRARY.add("kindIs", "sa")
def _kind_is(name: str, value: Any) -> bool:
    return name == kind(value)


@LIBRARY.add("deepEqual", "aa")
def _deep_equal(left: Any, right: Any) -> bool:
    measure(left)
    return deep_equal(left, right)
