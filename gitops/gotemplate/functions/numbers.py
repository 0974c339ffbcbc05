"""Sprig: numbers (sprig numeric.go; spf13/cast for conversions). Integer arithmetic is int64 and wraps."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from functools import reduce
from typing import Any, Final

from gitops.gotemplate.errors import TemplateError, TooCostly
from gitops.gotemplate.functions.registry import Library
from gitops.gotemplate.values import Int64, go_text

LIBRARY: Final = Library()
_MAX_RANGE: Final = 100_000


def wrap(value: int) -> Int64:
    """Two's complement, 64 bits."""
    return Int64((value + 2**63) % 2**64 - 2**63)


def integer(value: Any) -> int:
    """cast.ToInt64: what is no number is 0, text may be 0x10 or 010, fractions are cut."""
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, float):
        return int(value) if math.isfinite(value) and abs(value) < 2**63 else -(2**63)
    if isinstance(value, int):
        return value
    if isinstance(value, str) and len(value) < 40:
        try:
            found = int(
                value, 8 if value.strip("+-0") and value.lstrip("+-").startswith("0") and value.isdigit() else 0
            )
        except ValueError:
            return 0
        return found if -(2**63) <= found < 2**63 else 0
    return 0


def real(value: Any) -> float:
    """cast.ToFloat64."""
    if isinstance(value, (bool, int, float)):
        return float(value)
    if isinstance(value, str) and len(value) < 400 and "_" not in value:
        try:
            return float(value)
        except ValueError:
            return 0.0
    return 0.0


@LIBRARY.add("int", "a")
def _int(value: Any) -> int:
    return int(integer(value))


@LIBRARY.add("int64", "a")
def _int64(value: Any) -> Int64:
    return Int64(integer(value))


@LIBRARY.add("float64", "a")
def _float64(value: Any) -> float:
    return real(value)


@LIBRARY.add("atoi", "s")
def _atoi(text: str) -> int:
    body = text[1:] if text[:1] in ("+", "-") else text
    if not body.isascii() or not body.isdigit() or len(body) > 19:
        return 0
    return int(text)


@LIBRARY.add("toDecimal", "a")
def _to_decimal(value: Any) -> Int64:
    text = go_text(value)
    return Int64(int(text, 8)) if re.fullmatch(r"[+-]?[0-7]{1,20}", text) else Int64(0)


@LIBRARY.add("add", "*a")
def _add(*values: Any) -> Int64:
    return wrap(sum(map(integer, values)))


@LIBRARY.add("add1", "a")
def _add1(value: Any) -> Int64:
    return wrap(integer(value) + 1)


@LIBRARY.add("sub", "aa")
def _sub(left: Any, right: Any) -> Int64:
    return wrap(integer(left) - integer(right))


@LIBRARY.add("mul", "a*a")
def _mul(first: Any, *values: Any) -> Int64:
    return reduce(lambda a, b: wrap(a * integer(b)), values, wrap(integer(first)))


@LIBRARY.add("div", "aa")
def _div(left: Any, right: Any) -> Int64:
    top, bottom = integer(left), integer(right)
    if not bottom:
        raise TemplateError("integer divide by zero")
    whole = abs(top) // abs(bottom)
    return wrap(whole if (top < 0) == (bottom < 0) else -whole)


@LIBRARY.add("mod", "aa")
def _mod(left: Any, right: Any) -> Int64:
    return wrap(integer(left) - integer(right) * _div(left, right))


@LIBRARY.add("max biggest", "a*a")
def _max(*values: Any) -> Int64:
    return Int64(max(map(integer, values)))


@LIBRARY.add("min", "a*a")
def _min(*values: Any) -> Int64:
    return Int64(min(map(integer, values)))


@LIBRARY.add("maxf", "a*a")
def _maxf(*values: Any) -> float:
    return max(map(real, values))


@LIBRARY.add("minf", "a*a")
def _minf(*values: Any) -> float:
    return min(map(real, values))


@LIBRARY.add("addf", "*a")
def _addf(*values: Any) -> float:
    return sum(map(real, values), 0.0)


@LIBRARY.add("add1f", "a")
def _add1f(value: Any) -> float:
    return real(value) + 1.0


@LIBRARY.add("subf", "a*a")
def _subf(first: Any, *values: Any) -> float:
    return reduce(lambda a, b: a - real(b), values, real(first))


@LIBRARY.add("mulf", "a*a")
def _mulf(first: Any, *values: Any) -> float:
    return reduce(lambda a, b: a * real(b), values, real(first))


@LIBRARY.add("divf", "a*a")
def _divf(first: Any, *values: Any) -> float:
    result = real(first)
    for value in map(real, values):
        if not value:
            raise TemplateError("division by zero")
        result /= value
    return result


def _whole(function: Callable[[float], int], value: Any) -> float:
    number = real(value)
    return math.copysign(float(function(number)), number) if math.isfinite(number) else number  # -0 stays


@LIBRARY.add("ceil", "a")
def _ceil(value: Any) -> float:
    return _whole(math.ceil, value)


@LIBRARY.add("floor", "a")
def _floor(value: Any) -> float:
    return _whole(math.floor, value)


@LIBRARY.add("round", "ai*f")
def _round(value: Any, places: int, *rest: float) -> float:
    edge = rest[0] if rest else 0.5
    number = real(value)
    if not math.isfinite(number) or abs(places) > 300:
        return number
    power = 10.0**places
    scaled = power * number
    fraction = math.fmod(scaled, 1)
    whole = math.ceil(scaled) if fraction >= edge else math.floor(scaled)
    return whole / power


def _stepped(start: int, stop: int, step: int) -> list[Any]:
    if step and abs(stop - start) // abs(step) > _MAX_RANGE:
        raise TooCostly("a range of numbers in the template is too long")
    # Steps that lead away from the end give nothing (sprig untilStep).
    return list(range(start, stop, step)) if step and (stop < start) == (step < 0) else []


@LIBRARY.add("until", "i")
def _until(count: int) -> list[Any]:
    return _stepped(0, count, -1 if count < 0 else 1)


@LIBRARY.add("untilStep", "iii")
def _until_step(start: int, stop: int, step: int) -> list[Any]:
    return _stepped(start, stop, step)


@LIBRARY.add("seq", "*i")
def _seq(*values: int) -> str:
    match values:
        case (end,):
            start, step = 1, -1 if end < 1 else 1
        case (start, end):
            step = -1 if end < start else 1
        case (start, step, end):
            pass
        case _:
            return ""
    stop = end + (1 if step > 0 else -1)
    return " ".join(map(str, _stepped(start, stop, step)))
