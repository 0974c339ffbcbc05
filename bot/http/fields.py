"""Typed access to parsed JSON, so that a payload is checked once, where it comes in.

A `Fields` knows its route in the document; what is missing or of the wrong type is named by that route.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class Malformed(Exception):
    """A JSON document lacks something or holds it in another type. The message names the place."""


class Fields:
    """An object of a JSON document. Getters raise `Malformed`; those ending in `_or_none` take null and absence."""

    __slots__ = ("_data", "_route")

    def __init__(self, data: object, route: str = "") -> None:
        if not isinstance(data, Mapping):
            raise Malformed(f"{route or 'the document'} is not an object")
        self._data: Mapping[str, Any] = data
        self._route = route

    def raw(self, name: str) -> Any:
        return self._data.get(name)

    def text(self, name: str) -> str:
        value = self._data.get(name)
        if not isinstance(value, str):
            raise self._wrong(name, "a string")
        return value

    def text_or_none(self, name: str) -> str | None:
        return None if self._data.get(name) is None else self.text(name)

    def number(self, name: str) -> int:
        value = self._data.get(name)
        if not isinstance(value, int) or isinstance(value, bool):
            raise self._wrong(name, "a whole number")
        return value

    def flag(self, name: str, default: bool | None = None) -> bool:
        value = self._data.get(name, default)
        if not isinstance(value, bool):
            raise self._wrong(name, "true or false")
        return value

    def flag_or_none(self, name: str) -> bool | None:
        return None if self._data.get(name) is None else self.flag(name)

    def inner(self, name: str) -> Fields:
        return Fields(self._data.get(name), self._at(name))

    def inner_or_none(self, name: str) -> Fields | None:
        return None if self._data.get(name) is None else self.inner(name)

    def each(self, name: str) -> list[Fields]:
        """The objects of an array; absence counts as none."""
        value = self._data.get(name)
        if value is None:
            return []
        if not isinstance(value, list):
            raise self._wrong(name, "an array")
        return [Fields(item, f"{self._at(name)}[{i}]") for i, item in enumerate(value)]

    def _at(self, name: str) -> str:
        return f"{self._route}.{name}" if self._route else name

    def _wrong(self, name: str, wanted: str) -> Malformed:
        return Malformed(f"{self._at(name)} is not {wanted}")
