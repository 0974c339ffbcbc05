"""Sprig: numbers (sprig numeric.go; spf13/cast for conversions). Integer arithmetic is int64 and wraps."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from decimal import MAX_EMAX, MIN_EMIN, Context, Decimal, Inexact, InvalidOperation, Overflow, localcontext
from functools import reduce
from typing import Any, Final

from gitops.gotemplate.errors import TemplateError, TooCostly
from gitops.gotemplate.functions.registry import Library
from gitops.gotemplate.values import Int64, IntList, go_text

LIBRARY: Final = Library()
_MAX_RANGE: Final = 100_000
_LONGEST: Final = 1_000  # digits that are read
_ZERO_DECIMAL: Final = re.compile(r"\.0+\Z")
_SOME: Final = r"[0-9]+(?:_[0-9]+)*"
_FLOAT: Final = re.compile(
    rf"[+-]?(?:(?:{_SOME}(?:\.(?:{_SOME})?)?|\.{_SOME})(?:[eE][+-]?{_SOME})?|(?i:inf|infinity|nan))", re.ASCII
)
_MOST_PLACES: Final = 308  # ten to that is a number still
_DECIMALS: Final = Context(prec=20_000, Emax=MAX_EMAX, Emin=MIN_EMIN, traps=[Inexact, InvalidOperation, Overflow])
_SCALE: Final = Decimal(10) ** 16


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
    if isinstance(value, str) and len(value) < 40 and value.isascii() and value == value.strip():
        value = _ZERO_DECIMAL.sub("", value)
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
    if not isinstance(value, str) or len(value) >= 400 or not _FLOAT.fullmatch(value):
        return 0.0
    number = float(value.replace("_", ""))
    return 0.0 if math.isinf(number) and "n" not in value.lower() else number  # out of range


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
    if not body.isascii() or not body.isdigit() or len(body) > _LONGEST:
        return 0
    return min(max(int(text), -(2**63)), 2**63 - 1)


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
    return _exact(_DECIMALS.add, 0.0, *values)


@LIBRARY.add("add1f", "a")
def _add1f(value: Any) -> float:
    return _exact(_DECIMALS.add, value, 1.0)


@LIBRARY.add("subf", "a*a")
def _subf(first: Any, *values: Any) -> float:
    return _exact(_DECIMALS.subtract, first, *values)


@LIBRARY.add("mulf", "a*a")
def _mulf(first: Any, *values: Any) -> float:
    return _exact(_DECIMALS.multiply, first, *values)


@LIBRARY.add("divf", "a*a")
def _divf(first: Any, *values: Any) -> float:
    return _exact(_divided, first, *values)


def _divided(top: Decimal, bottom: Decimal) -> Decimal:
    """Sixteen places behind the point, half away from zero (shopspring/decimal, Div)."""
    if not bottom:
        raise TemplateError("decimal division by 0")
    places = _DECIMALS.divide_int(abs(top) * _SCALE * 2, abs(bottom))
    rounded = _DECIMALS.divide_int(places + 1, Decimal(2)) / _SCALE
    return rounded if (top < 0) == (bottom < 0) else -rounded


def _exact(step: Callable[[Decimal, Decimal], Decimal], first: Any, *values: Any) -> float:
    """Sprig reckons in decimal numbers, so that 0.1 and 0.2 are 0.3, and no zero has a sign."""
    with localcontext(_DECIMALS):
        try:
            result = reduce(step, map(_decimal, values), _decimal(first))
        except ArithmeticError:
            raise TooCostly("a number of the template grows too large") from None
        return float(result) or 0.0


def _decimal(value: Any) -> Decimal:
    number = real(value)
    if not math.isfinite(number):
        raise TemplateError(f"Cannot create a Decimal from {number}")
    return Decimal(repr(number))


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
    power = 10.0**places if places <= _MOST_PLACES else math.inf
    scaled = power * real(value)
    whole = scaled
    if math.isfinite(scaled):
        fraction = math.fmod(scaled, 1)
        whole = float(math.ceil(scaled) if fraction >= edge else math.floor(scaled))
    if not power:
        return math.nan if not whole or math.isnan(whole) else math.copysign(math.inf, whole)
    return whole / power  # infinity by infinity is no number


def _stepped(start: int, stop: int, step: int) -> IntList:
    if step and abs(stop - start) // abs(step) > _MAX_RANGE:
        raise TooCostly("a range of numbers in the template is too long")
    # Steps that lead away from the end give nothing (sprig untilStep).
    return IntList(range(start, stop, step) if step and (stop < start) == (step < 0) else ())


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
