"""Arguments as the processes of Argo CD read them (spf13/pflag, cobra): what is set, and what they refuse."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from gitops.installation.releases import Flag

TRUE: Final = frozenset({"1", "t", "T", "TRUE", "true", "True"})
FALSE: Final = frozenset({"0", "f", "F", "FALSE", "false", "False"})
# strconv.ParseInt with base 0, time.ParseDuration, strconv.ParseFloat, as far as people write them.
_SHAPES: Final[Mapping[str, tuple[re.Pattern[str], str]]] = {
    "int": (re.compile(r"[+-]?(?:0[xX][0-9a-fA-F_]+|0[bB][01_]+|0[oO]?[0-7_]*|[1-9][0-9_]*)"), "a whole number"),
    "duration": (
        re.compile(r"[+-]?(?:0|(?:(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+)"),
        "a duration with its unit, such as `30s`",
    ),
    "bool": (re.compile("|".join(sorted(TRUE | FALSE))), "`true` or `false`"),
    "float": (re.compile(r"(?i)[+-]?(?:inf|infinity|nan|(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)"), "a number"),
}
_FILLED_IN: Final = re.compile(r"\$\(|\{\{|\$\{")  # by Kubernetes, a template, a shell


@dataclass(frozen=True, slots=True)
class Refused:
    """An argument that the process does not start with: `flag` as it is written, and what its value should be."""

    flag: str
    wanted: str


@dataclass(frozen=True, slots=True)
class Arguments:
    """What a process is told. `values` has, for each flag, the last value (`true` for a switch, None for one that is
    only filled in when it starts); `unknown` are flags that it does not have, `refused` those with a value that is
    not of their type, `positional` what is left over; `deprecated` are flags without effect."""

    values: Mapping[str, str | None] = field(default_factory=dict)
    unknown: tuple[str, ...] = ()
    refused: tuple[Refused, ...] = ()
    positional: tuple[str, ...] = ()
    deprecated: tuple[str, ...] = ()


def parse(arguments: Sequence[str], flags: Mapping[str, Flag]) -> Arguments:
    """`arguments` are those behind the name of the program."""
    letters = {flag.short: flag for flag in flags.values() if flag.short}
    values: dict[str, str | None] = {}
    unknown: list[str] = []
    refused: list[Refused] = []
    positional: list[str] = []
    deprecated: list[str] = []
    left = list(arguments)
    while left:
        word = left.pop(0)
        if word == "--":
            positional.extend(left)
            break
        if not word.startswith("-") or word == "-":
            positional.append(word)
            continue
        if is_filled_in(word.partition("=")[0]):
            continue
        name, equals, value = word.lstrip("-").partition("=")
        if word.startswith("--"):
            flag = flags.get(name)
        else:
            flag = letters.get(name[:1])
            if flag is not None and len(name) > 1:
                equals, value = "=", word[2:].removeprefix("=")
        if flag is None:
            unknown.append(word.partition("=")[0])
            if not equals and left and not left[0].startswith("-"):
                left.pop(0)  # its value, of which nobody can tell
            continue
        if flag.deprecated:
            deprecated.append(flag.name)
        if not equals:
            value = _next(flag, left)
        if is_filled_in(value):
            values[flag.name] = None
            continue
        shape = _SHAPES.get(flag.kind)
        if shape is not None and shape[0].fullmatch(value) is None:
            refused.append(Refused(f"--{flag.name}", shape[1]))
        values[flag.name] = value
    return Arguments(values, tuple(unknown), tuple(refused), tuple(positional), tuple(deprecated))


def _next(flag: Flag, left: list[str]) -> str:
    if flag.kind == "bool":
        return "true"  # a switch takes no value of its own
    if flag.kind == "" and (not left or left[0].startswith("-")):
        return "true"  # of a flag whose type is not known
    return left.pop(0) if left else ""


def is_filled_in(text: str) -> bool:
    """Whether what stands there is only known when the process starts."""
    return _FILLED_IN.search(text) is not None
