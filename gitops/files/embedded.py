"""Edits of YAML that stands as a block of text in a manifest, such as a configuration in a ConfigMap."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import yaml

from gitops.files.documents import child, read_documents, values_in
from gitops.files.errors import GitopsError
from gitops.files.spans import Edit, Span, apply_edits, counts_lines_as_yaml, split_lines


class CannotEdit(GitopsError):
    """The text is written in a way that its lines are not lines of the file."""


def edit_embedded(
    path: str, data: bytes, line: int, route: Sequence[str | int], edited: Callable[[bytes], Sequence[Edit]]
) -> tuple[Edit, ...]:
    """The edits of `path` that do to the text at `route` of the document which begins on `line` (1-based) what
    `edited` gives for it, whose spans count the text's own lines. Raises `CannotEdit` and what `edited` raises."""
    documents = read_documents(path, data)
    index = next((at for at, one in enumerate(documents) if one.line == line), None)
    node = child(documents[index].node, *route) if index is not None else None
    name = ".".join(map(str, route))
    if index is None or not isinstance(node, yaml.ScalarNode) or node.style != "|" or not counts_lines_as_yaml(data):
        raise CannotEdit(f"`{name}` of {path}:{line} is no block of lines (`|`) that argofix edits")
    text: str = node.value
    inner = text.encode("utf-8", "surrogateescape")
    lines = split_lines(data)
    begin = node.start_mark.line + 1  # 0-based: the line behind `|`
    own = split_lines(inner)
    indent = _indent(lines[begin : begin + len(own)])
    if any(not _is(written, indent, one) for written, one in zip(lines[begin:], own, strict=False)):
        raise CannotEdit(f"`{name}` of {path}:{line} is no block of lines (`|`) that argofix edits")
    edits = edited(inner)
    found = tuple(
        Edit(Span(path, begin + one.span.line, begin + one.span.end_line), _indented(one.replacement, indent))
        for one in edits
    )
    wanted, now = [one.value() for one in documents], values_in(path, apply_edits(data, found))
    told = _at(now[index], route) if len(now) == len(wanted) else None
    after = apply_edits(inner, edits).decode("utf-8", "surrogateescape")
    if not isinstance(told, str) or told.rstrip("\n") != after.rstrip("\n"):
        raise CannotEdit(f"`{name}` of {path}:{line} cannot be changed line by line")
    _at(wanted[index], route[:-1])[route[-1]] = told
    if now != wanted:
        raise CannotEdit(f"`{name}` of {path}:{line} cannot be changed line by line")
    return found


def add_text(path: str, data: bytes, line: int, field: str, key: str, text: str) -> tuple[Edit, ...]:
    """The edit that adds a text of several lines under a new `key`, first in the mapping `field` of the document of
    `path` that begins on `line`. Raises `CannotEdit`."""
    documents = read_documents(path, data)
    index = next((at for at, one in enumerate(documents) if one.line == line), None)
    node = child(documents[index].node, field) if index is not None else None
    if (
        index is None
        or not isinstance(node, yaml.MappingNode)
        or node.flow_style
        or not node.value
        or not counts_lines_as_yaml(data)
    ):
        raise CannotEdit(f"`{field}` of {path}:{line} is not written as a block of lines")
    first = node.value[0][0].start_mark
    kept = split_lines(data)[first.line]
    end = "\r\n" if kept.endswith(b"\r\n") else "\n"
    indent = " " * first.column
    block = _indented(text, f"{indent}  ").replace("\n", end)
    before = f"{indent}{key}: |{end}{block}"
    edit = Edit(Span(path, first.line + 1, first.line + 1), before + kept.decode("utf-8", "surrogateescape"))
    wanted = [one.value() for one in documents]
    wanted[index] = {**wanted[index], field: {key: text, **wanted[index][field]}}
    if values_in(path, apply_edits(data, [edit])) != wanted:
        raise CannotEdit(f"`{field}` of {path}:{line} cannot be added to line by line")
    return (edit,)


def _at(value: Any, route: Sequence[str | int]) -> Any:
    for step in route:
        if isinstance(step, int):
            value = value[step] if isinstance(value, list) and step < len(value) else None
        else:
            value = value.get(step) if isinstance(value, dict) else None
    return value


def _indent(lines: Sequence[bytes]) -> str:
    first = next((line for line in lines if line.strip()), b"")
    return " " * (len(first) - len(first.lstrip(b" ")))


def _is(written: bytes, indent: str, own: bytes) -> bool:
    """Whether a line of the file is a line of the text."""
    if not own.strip():
        return not written.strip()
    return written.rstrip(b"\r\n") == indent.encode() + own.rstrip(b"\r\n")


def _indented(text: str, indent: str) -> str:
    return "".join(indent + line if line.strip() else line for line in text.splitlines(keepends=True))
