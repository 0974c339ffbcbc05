"""How a template function declares its parameter types, and how arguments are fitted to them.

Go checks argument types when it calls: `lower 3` is an error, not "3". Letters: s string, i int, f float64, b bool,
m map[string]interface {}, l []interface {}, a anything; a letter after `*` is the type of all further arguments.
Source: text/template/exec.go (evalCall, validateType).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from gitops.gotemplate.errors import TemplateError
from gitops.gotemplate.nodes import Number
from gitops.gotemplate.values import Int64, IntList, NilList, NilMap, StringList, StringMap, known, type_name

_NAMES: Final = {
    "s": "string",
    "i": "int",
    "f": "float64",
    "b": "bool",
    "m": "map[string]interface {}",
    "l": "[]interface {}",
}


@dataclass(frozen=True, slots=True)
class Function:
    name: str
    parameters: str
    rest: str
    run: Callable[..., Any]
    cost: Callable[..., int] | None = None

    def check_count(self, count: int) -> None:
        """Raises `TemplateError` when the function does not take `count` arguments."""
        least = len(self.parameters)
        if count < least or (count > least and not self.rest):
            want = f"at least {least}" if self.rest else str(least)
            raise TemplateError(f"wrong number of args for {self.name}: want {want} got {count}")


class Library(dict[str, Function]):
    """Functions by name."""

    def add(
        self, names: str, types: str = "", cost: Callable[..., int] | None = None
    ) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        """Decorator: one Python function under one or more names (sprig has a `must` twin for many).

        `cost` gives the steps that a call takes beyond the size of its arguments.
        """
        parameters, _, rest = types.partition("*")

        def register(run: Callable[..., Any]) -> Callable[..., Any]:
            for name in names.split():
                self[name] = Function(name, parameters, rest, run, cost)
            return run

        return register


def convert(function: Function, index: int, value: Any, *, typed: bool = False) -> Any:
    """The argument as the function's parameter type holds it; `typed` for a nil of type interface {}. Raises
    `TemplateError` when Go would."""
    letter = function.parameters[index] if index < len(function.parameters) else function.rest
    if isinstance(value, Number):
        return _constant(value, letter)
    value = known(value)
    if letter == "a":
        return value
    if value is None:
        if typed:
            raise TemplateError(
                f"wrong type for value of {function.name}; expected {_NAMES[letter]}; got interface {{}}"
            )
        # nil fits what can be nil (maps, slices); for the rest Go says "invalid value".
        if letter == "m":
            return NilMap()
        if letter == "l":
            return NilList()
        raise TemplateError(f"invalid value for {function.name}; expected {_NAMES[letter]}")
    if not _fits(value, letter):
        expected = _NAMES[letter]
        raise TemplateError(f"wrong type for value of {function.name}; expected {expected}; got {type_name(value)}")
    return value


def _fits(value: Any, letter: str) -> bool:
    match letter:
        case "s":
            return isinstance(value, str)
        case "i":
            return isinstance(value, int) and not isinstance(value, (bool, Int64))
        case "f":
            return isinstance(value, float)
        case "b":
            return isinstance(value, bool)
        case "m":
            return isinstance(value, dict) and not isinstance(value, StringMap)
    return isinstance(value, list) and not isinstance(value, StringList | IntList)


def _constant(number: Number, letter: str) -> Any:
    if letter == "a":
        return number.value
    if letter == "i" and number.whole is not None:
        return number.whole
    if letter == "f":
        return float(number.value)
    raise TemplateError(f"expected {_NAMES[letter]}; found {number.text}")
