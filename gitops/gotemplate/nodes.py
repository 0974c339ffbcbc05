"""The parsed form of a template (text/template/parse/node.go, reduced to what evaluation needs)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Text:
    text: str


@dataclass(frozen=True, slots=True)
class Dot:
    pass


@dataclass(frozen=True, slots=True)
class Nil:
    pass


@dataclass(frozen=True, slots=True)
class Literal:
    """A string or boolean."""

    value: str | bool


@dataclass(frozen=True, slots=True)
class Number:
    """An untyped constant: it becomes the type that a function asks for, if it can hold it exactly."""

    text: str
    value: int | float
    whole: int | None


@dataclass(frozen=True, slots=True)
class Field:
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Variable:
    name: str
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Identifier:
    name: str


@dataclass(frozen=True, slots=True)
class Chain:
    """Fields of a parenthesised pipeline."""

    node: Operand
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Pipe:
    declares: tuple[str, ...]
    assigns: bool
    commands: tuple[tuple[Operand, ...], ...]


@dataclass(frozen=True, slots=True)
class Action:
    pipe: Pipe


@dataclass(frozen=True, slots=True)
class Branch:
    """`if`, `with` or `range`."""

    keyword: str
    pipe: Pipe
    body: Block
    otherwise: Block


@dataclass(frozen=True, slots=True)
class Jump:
    """`break` or `continue`."""

    keyword: str


@dataclass(frozen=True, slots=True)
class Call:
    """`template` or `block`."""

    name: str
    pipe: Pipe | None


Operand = Dot | Nil | Literal | Number | Field | Variable | Identifier | Chain | Pipe
Statement = Text | Action | Branch | Jump | Call
Block = tuple[Statement, ...]


@dataclass(slots=True)
class Template:
    body: Block
    defined: dict[str, Block] = field(default_factory=dict[str, Any])
