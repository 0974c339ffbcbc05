"""The arguments of a command, read by the very line that tells people how to write them.

    NAME         an argument that must be given
    [NAME]       one that may be left out
    [word]       this word, or nothing
    NAME...      one that takes all words that are left, joined by blanks
    [--flag]     an option
    [--keep APP] an option with a value; `--keep=APP` is read too

What looks like `KIND/[NAMESPACE/]NAME` is one argument: only a token that begins with `[` is an optional one.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

_TOKEN = re.compile(r"\[(?P<option>--[a-z-]+)(?: (?P<value>[A-Z]+))?\]|\[(?P<optional>\w+)\]|(?P<needed>[^\s\[]\S*)")


class BadArguments(Exception):
    """The arguments do not fit the usage. The message is a sentence without a full stop, names in backticks."""


@dataclass(frozen=True, slots=True)
class Arguments:
    """`values` by the names in the usage (`APP` of `[--keep APP]` by `--keep`); what was left out is absent."""

    values: Mapping[str, str]

    def __contains__(self, name: str) -> bool:
        return name in self.values

    def __getitem__(self, name: str) -> str:
        return self.values[name]

    def get(self, name: str) -> str | None:
        return self.values.get(name)


@dataclass(frozen=True, slots=True)
class _Slot:
    name: str
    optional: bool
    literal: bool
    rest: bool


@dataclass(frozen=True, slots=True)
class Usage:
    """A usage line, understood. `options` tells of each option whether it takes a value."""

    slots: tuple[_Slot, ...]
    options: Mapping[str, bool]

    @classmethod
    @cache
    def parse(cls, usage: str) -> Usage:
        """The usage behind the command's name. Raises `ValueError` for what this grammar has no words for."""
        slots: list[_Slot] = []
        options: dict[str, bool] = {}
        rest = usage.partition(" ")[2]
        if _TOKEN.sub("", rest).strip():
            raise ValueError(f"cannot read the usage {usage!r}")
        for match in _TOKEN.finditer(rest):
            if match["option"]:
                options[match["option"]] = match["value"] is not None
                continue
            name = match["optional"] or match["needed"]
            takes_rest = name.endswith("...")
            slots.append(_Slot(name.removesuffix("..."), match["needed"] is None, name.islower(), takes_rest))
        return cls(tuple(slots), options)

    def read(self, words: Sequence[str]) -> Arguments:
        """The values of these words. Raises `BadArguments`."""
        values: dict[str, str] = {}
        plain: list[str] = []
        left = list(words)
        while left:
            word = left.pop(0)
            if not self.options or not word.startswith("-") or word == "-":
                plain.append(word)
                continue
            if word == "--":
                plain += left
                break
            name, equals, value = word.partition("=")
            if name not in self.options:
                raise BadArguments(f"There is no option `{name}`")
            if name in values:
                raise BadArguments(f"`{name}` is given twice")
            if self.options[name] and not equals:
                if not left:
                    raise BadArguments(f"`{name}` needs a value")
                value = left.pop(0)
            elif equals and not self.options[name]:
                raise BadArguments(f"`{name}` takes no value")
            values[name] = value
        for slot in self.slots:
            if slot.literal:
                if plain and plain[0] == slot.name:
                    values[slot.name] = plain.pop(0)
            elif plain:
                values[slot.name] = " ".join(plain) if slot.rest else plain[0]
                plain = [] if slot.rest else plain[1:]
            elif not slot.optional:
                raise BadArguments(f"`{slot.name}` is missing")
        if plain:
            raise BadArguments(f"`{plain[0]}` is one argument too many")
        return Arguments(values)


def split(text: str) -> list[str]:
    """Words as a POSIX shell splits them, quotes and backslashes included. Raises `BadArguments`."""
    try:
        return shlex.split(text)
    except ValueError:
        raise BadArguments("A quote or a backslash is left open") from None
