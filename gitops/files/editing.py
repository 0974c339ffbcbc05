"""Edits of single values in a YAML document: put one, append one to a list, take one out. Every other byte stays.

The text is spliced where the parser says that a node stands, and read again: an edited document that says anything
but what it should is refused, for YAML has many spellings.
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

import yaml

from gitops.files.block_style import as_yaml
from gitops.files.documents import Document, first_line, items, last_line, read_documents, values_in
from gitops.files.errors import GitopsError
from gitops.files.scalars import plain_scalar
from gitops.files.spans import Edit, counts_lines_as_yaml, edits_between, split_lines

Route = tuple[str | int, ...]

_WIDE: Final = 72  # columns of a list or mapping on one line; what is wider is written as a block
# What no reader of YAML, old or new, takes for anything but this text.
_PLAIN: Final = re.compile(
    r"(?!(?i:y|n|yes|no|on|off|true|false|null)$)[A-Za-z/][A-Za-z0-9_./=-]*|--?[A-Za-z][A-Za-z0-9_./=:-]*"
)


class CannotEdit(GitopsError):
    """The document is written in a way that it is not edited in; a clause without a full stop."""


class Kind(StrEnum):
    PUT = "put"
    APPEND = "append"
    REMOVE = "remove"


@dataclass(frozen=True, slots=True)
class Operation:
    """`PUT` sets what stands at `route`, and makes mappings on the way; `APPEND` adds an item to the list at `route`,
    `REMOVE` takes out what stands there. `value` is a scalar, or a list or mapping of them."""

    kind: Kind
    route: Route
    value: Any = None


def put(route: Iterable[str | int], value: Any) -> Operation:
    return Operation(Kind.PUT, tuple(route), value)


def append(route: Iterable[str | int], value: Any) -> Operation:
    return Operation(Kind.APPEND, tuple(route), value)


def remove(route: Iterable[str | int]) -> Operation:
    return Operation(Kind.REMOVE, tuple(route))


def in_order(operations: Iterable[Operation]) -> list[Operation]:
    """So that none moves what another one is about: items of lists are taken out from the end, and after all else."""
    listed = list(dict.fromkeys((one.kind, one.route, json.dumps(one.value)) for one in operations))
    found = [Operation(kind, route, json.loads(value)) for kind, route, value in listed]
    gone = [one for one in found if one.kind is Kind.REMOVE]
    gone.sort(key=lambda one: one.route[-1] if isinstance(one.route[-1], int) else -1, reverse=True)
    return [*(one for one in found if one.kind is not Kind.REMOVE), *gone]


def applied(value: Any, operations: Iterable[Operation]) -> Any:
    """A copy of plain data with the operations done. Raises `CannotEdit` where a route leads nowhere."""
    whole = copy.deepcopy(value)
    for one in in_order(operations):
        here = whole
        *way, last = one.route if one.kind is not Kind.APPEND else (*one.route, 0)
        for place, step in enumerate(way):
            makes = one.kind is not Kind.REMOVE and isinstance(step, str) and isinstance(here, dict)
            if makes and here.get(step) is None:
                here[step] = [] if one.kind is Kind.APPEND and place == len(way) - 1 else {}
            try:
                here = here[step]
            except (KeyError, IndexError, TypeError):
                raise CannotEdit(f"there is no {_shown(one.route)}") from None
        try:
            if one.kind is Kind.APPEND:
                here.append(one.value)
            elif one.kind is Kind.REMOVE:
                del here[last]
            else:
                here[last] = one.value
        except (KeyError, IndexError, TypeError, AttributeError):
            raise CannotEdit(f"there is no {_shown(one.route)}") from None
    return whole


def edit(path: str, data: bytes, line: int, operations: Iterable[Operation]) -> tuple[Edit, ...]:
    """The edits of the document of `path` that begins on `line` (1-based; 0: the first one). Raises `CannotEdit`."""
    wanted = in_order(operations)
    if not counts_lines_as_yaml(data):
        raise CannotEdit(f"{path} has line ends or an encoding that argofix does not edit")
    before = _documents(path, data)
    index = next((i for i, document in enumerate(before) if line in (0, document.line)), None)
    if index is None:
        raise CannotEdit(f"{path} has no document on line {line}")
    values = [document.value() for document in before]
    values[index] = applied(values[index], wanted)
    text = data.decode("utf-8", "surrogateescape")
    for one in wanted:
        text = _edited(path, text, _documents(path, text.encode("utf-8", "surrogateescape"))[index], one)
    after = text.encode("utf-8", "surrogateescape")
    if values_in(path, after) != values:
        raise CannotEdit(f"{path}:{before[index].line} is written in a way that argofix does not edit")
    return edits_between(path, data, after)


def _documents(path: str, data: bytes) -> list[Document]:
    try:
        return read_documents(path, data)
    except GitopsError as error:
        raise CannotEdit(str(error)) from None


def _edited(path: str, text: str, document: Document, one: Operation) -> str:
    here, key, in_flow = document.node, None, False
    for depth, step in enumerate(one.route):
        in_flow = in_flow or (isinstance(here, yaml.CollectionNode) and bool(here.flow_style) and bool(here.value))
        found = _step(here, step)
        if found is None:
            if one.kind is Kind.REMOVE or isinstance(step, int):
                raise CannotEdit(f"{path} has no {_shown(one.route)}")
            value = [one.value] if one.kind is Kind.APPEND else one.value
            return _into(path, text, key, here, one.route[depth:], value, _deeper(document.node), in_flow)
        if one.kind is Kind.REMOVE and depth == len(one.route) - 1:
            return _without(path, text, here, found)
        if found[1].start_mark.index < found[0].start_mark.index:
            raise CannotEdit(f"{path}:{first_line(found[0])} is an alias of something else")
        key, here = found
    if one.kind is Kind.APPEND:
        return _longer(path, text, key, here, one.value, _deeper(document.node), in_flow)
    if isinstance(here, yaml.ScalarNode) and here.style not in ("|", ">"):
        new = written(one.value, here.style)
        if not here.value and not here.style:
            return _splice(text, here.end_mark.index, here.end_mark.index, f" {new}")
        return _splice(text, here.start_mark.index, here.end_mark.index, new)
    longer = _continued(text, here, one.value)
    if longer is not None:
        return longer
    raise CannotEdit(f"{path}:{first_line(here)} is no plain value")


def _continued(text: str, here: yaml.Node, value: Any) -> str | None:
    """The text with more lines at the end of a block (`|`); None where that is not all that the value is."""
    if not isinstance(here, yaml.ScalarNode) or here.style != "|" or not isinstance(value, str):
        return None
    old = here.value.rstrip("\n")
    if not old or not value.startswith(f"{old}\n"):
        return None
    own, first = old.split("\n"), int(here.start_mark.line) + 1
    place = next(i for i, line in enumerate(own) if line)
    raw = text.split("\n")[first + place].rstrip("\r")
    indent = raw[: len(raw) - len(own[place])]
    more = value[len(old) + 1 :].rstrip("\n").split("\n")
    return _behind(text, first + len(own), [f"{indent}{line}" if line else "" for line in more])


def _step(node: yaml.Node, step: str | int) -> tuple[yaml.Node, yaml.Node] | None:
    if isinstance(step, int):
        listed = node.value if isinstance(node, yaml.SequenceNode) else []
        return (listed[step], listed[step]) if step < len(listed) else None
    return next(((key, value) for name, key, value in items(node) if name == step), None)


def _into(
    path: str,
    text: str,
    key: yaml.Node | None,
    here: yaml.Node,
    route: Route,
    value: Any,
    deeper: int | None,
    in_flow: bool,
) -> str:
    """The text with what stands at a route made in a mapping that has not got its first step; `deeper` are the
    columns that a list stands behind its key, `in_flow` tells that all of that stands in brackets."""
    if _is_nothing(here):
        if key is None:
            raise CannotEdit(f"{path}:{first_line(here)} is no mapping")
        column = key.start_mark.column + 2
        if in_flow:
            inner = _nested(route, value, _is_json(text))
            return _splice(text, here.start_mark.index, here.end_mark.index, inner)
        cut = _splice(text, here.start_mark.index, here.end_mark.index, "")
        return _behind(
            _stripped(cut, here.start_mark.index), key.start_mark.line + 1, _lines(column, route, value, deeper)
        )
    if not isinstance(here, yaml.MappingNode):
        raise CannotEdit(f"{path}:{first_line(here)} is no mapping")
    if here.flow_style:
        inner = _nested(route, value, _is_json(text))[1:-1]
        return _splice(text, *_before_end(text, here), f"{', ' if here.value else ''}{inner}")
    return _behind(text, max(last_line(here), 1), _lines(here.value[0][0].start_mark.column, route, value, deeper))


def _nested(route: Route, value: Any, strict: bool) -> str:
    inner = _flow(value, strict)
    for step in reversed(route):
        inner = "{" + f"{json.dumps(str(step)) if strict else _key(step)}: {inner}" + "}"
    return inner


def _is_json(text: str) -> bool:
    return text.lstrip("\ufeff \t\r\n")[:1] in ("{", "[")


def _is_nothing(node: yaml.Node) -> bool:
    if isinstance(node, yaml.CollectionNode):
        return not node.value
    return isinstance(node, yaml.ScalarNode) and not node.style and plain_scalar(node.value) is None


def _stripped(text: str, at: int) -> str:
    """Without the blanks that stood before what was cut out at `at`."""
    start = at
    while start > 0 and text[start - 1] in " \t":
        start -= 1
    return text[:start] + text[at:]


def _deeper(top: yaml.Node) -> int | None:
    """How far the lists stand behind their keys: as the first of the document does, None where there is none."""
    waiting = [top]
    while waiting:
        node = waiting.pop(0)
        for key, value in node.value if isinstance(node, yaml.MappingNode) else ():
            below = key.start_mark.line < first_line(value) - 1
            if isinstance(value, yaml.SequenceNode) and not value.flow_style and below:
                return max(int(value.start_mark.column) - int(key.start_mark.column), 0)
            waiting.append(value)
    return None


def _lines(column: int, route: Route, value: Any, deeper: int | None) -> list[str]:
    found = [f"{' ' * (column + 2 * depth)}{_key(step)}:" for depth, step in enumerate(route)]
    last = column + 2 * (len(route) - 1)
    if isinstance(value, list) and value:
        return [*found, *(line for item in value for line in _item(last, item, deeper))]
    if _is_wide(value):
        return [*found, *(f"{' ' * (last + 2)}{line}" for line in as_yaml(value, deeper != 0).splitlines())]
    return [*found[:-1], f"{found[-1]} {_flow(value)}"]


def _item(column: int, value: Any, deeper: int | None) -> list[str]:
    """An item of a list in block style whose key stands in a column. Where no list shows how people do it here, one
    that spans lines is indented."""
    wide = _is_wide(value)
    dash = " " * (column + (deeper if deeper is not None else 2 if wide else 0))
    if not wide:
        return [f"{dash}- {_flow(value)}"]
    first, *rest = as_yaml(value, deeper != 0).splitlines()
    return [f"{dash}- {first}", *(f"{dash}  {line}" if line else "" for line in rest)]


def _is_wide(value: Any) -> bool:
    if not isinstance(value, dict | list) or not value:
        return False
    flow = _flow(value)
    return len(flow) > _WIDE or "\\n" in flow


def _longer(
    path: str, text: str, key: yaml.Node | None, here: yaml.Node, value: Any, deeper: int | None, in_flow: bool
) -> str:
    """The text with one more item in a list; `deeper` and `in_flow` as above."""
    if isinstance(here, yaml.SequenceNode) and here.flow_style and here.value:
        return _splice(text, *_before_end(text, here), f", {_flow(value, _is_json(text))}")
    if isinstance(here, yaml.SequenceNode) and not here.flow_style:
        return _behind(text, last_line(here), _item(here.start_mark.column - (deeper or 0), value, deeper or 0))
    if _is_nothing(here) and key is not None and _is_wide(value) and not in_flow:
        cut = _stripped(_splice(text, here.start_mark.index, here.end_mark.index, ""), here.start_mark.index)
        return _behind(cut, key.start_mark.line + 1, _item(key.start_mark.column, value, deeper))
    if _is_nothing(here):
        blank = " " if here.start_mark.index == here.end_mark.index else ""
        listed = f"{blank}[{_flow(value, _is_json(text))}]"
        return _splice(text, here.start_mark.index, here.end_mark.index, listed)
    raise CannotEdit(f"{path}:{first_line(here)} is no list")


def _without(path: str, text: str, here: yaml.Node, found: tuple[yaml.Node, yaml.Node]) -> str:
    start, end = found[0].start_mark.index, found[1].end_mark.index
    assert isinstance(here, yaml.CollectionNode)
    if not here.flow_style:
        if len(here.value) == 1:
            raise CannotEdit(f"{path}:{first_line(found[0])} is all that stands there")
        lines = text.split("\n")
        first, last = first_line(found[0]), last_line(found[1])
        before = lines[first - 1][: found[0].start_mark.column]
        if before.strip() not in ("", "-") or (before.strip() == "-") != isinstance(here, yaml.SequenceNode):
            raise CannotEdit(f"{path}:{first} does not stand on lines of its own")
        return "\n".join([*lines[: first - 1], *lines[last:]])
    rest = re.match(r"\s*,\s*", text[end:])
    if rest is not None:
        return text[:start] + text[end + rest.end() :]
    comma = re.search(r"\s*,\s*$", text[:start])
    return text[: comma.start() if comma is not None else start] + text[end:]


def _before_end(text: str, node: yaml.Node) -> tuple[int, int]:
    """Where what is added to a collection in brackets goes: behind its last item."""
    end = node.end_mark.index - 1
    start = end
    while text[start - 1] in " \t":
        start -= 1
    return start, end


def _splice(text: str, start: int, end: int, new: str) -> str:
    return text[:start] + new + text[end:]


def _behind(text: str, line: int, new: Sequence[str]) -> str:
    lines = [one.decode("utf-8", "surrogateescape") for one in split_lines(text.encode("utf-8", "surrogateescape"))]
    end = "\r\n" if lines and lines[0].endswith("\r\n") else "\n"
    if lines and not lines[line - 1].endswith("\n"):
        lines[line - 1] += end
    return "".join([*lines[:line], *(one + end for one in new), *lines[line:]])


def written(value: Any, style: str | None = None) -> str:
    """A scalar as YAML; text in the quotes of `style` where that can be."""
    if isinstance(value, str):
        if style == "'" and value.isprintable():
            return "'" + value.replace("'", "''") + "'"
        return value if style is None and _PLAIN.fullmatch(value) else json.dumps(value, ensure_ascii=False)
    return json.dumps(value)


def _flow(value: Any, strict: bool = False) -> str:
    if strict:
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_key(key)}: {_flow(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_flow(item) for item in value) + "]"
    text = written(value)
    return json.dumps(text) if text and text == value and any(mark in text for mark in ",[]{}") else text


def _key(step: str | int) -> str:
    return written(str(step))


def _shown(route: Route) -> str:
    return ".".join(str(step) for step in route)
