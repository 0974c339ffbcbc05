"""Edits that set one field of a manifest and change nothing else."""

from __future__ import annotations

from collections.abc import Sequence

import yaml

from gitops.files.documents import child, first_line, items, last_line, read_documents
from gitops.files.errors import GitopsError
from gitops.files.spans import Edit, Span, apply_edits, counts_lines_as_yaml, split_lines


class CannotSet(GitopsError):
    """The document is written in a way that an edit of whole lines cannot change."""


def set_field(path: str, data: bytes, line: int, route: Sequence[str], value: str) -> tuple[Edit, ...]:
    """The edit that sets the field at `route` of the document of `path` that starts on `line` (1-based) to a plain
    scalar, written as `value`; mappings on the way are made. Raises `CannotSet`."""
    if not counts_lines_as_yaml(data):
        raise CannotSet(f"{path} has line ends or an encoding that argofix does not edit")
    documents = read_documents(path, data)
    index = next((i for i, document in enumerate(documents) if document.line == line), None)
    here: yaml.Node | None = documents[index].node if index is not None else None
    if index is None:
        raise CannotSet(f"{path} has no document on line {line}")
    lines = split_lines(data)
    for depth, step in enumerate(route):
        if not isinstance(here, yaml.MappingNode) or here.flow_style or not here.value:
            where = ".".join(route[:depth]) or "its top"
            raise CannotSet(f"{path}:{line} is not written in a block of lines at {where}")
        found = next(((key, inner) for name, key, inner in items(here) if name == step), None)
        if found is None:
            edit = _inserted(path, lines, here, route[depth:], value)
            break
        if depth == len(route) - 1:
            indent = " " * found[0].start_mark.column
            end = "\r\n" if lines[first_line(found[0]) - 1].endswith(b"\r\n") else "\n"
            span = Span(path, first_line(found[0]), last_line(found[1]))
            edit = Edit(span, f"{indent}{step}: {value}{end}")
            break
        here = child(here, step)
    _verify(path, data, edit, index, route, value)
    return (edit,)


def _inserted(path: str, lines: Sequence[bytes], here: yaml.MappingNode, route: Sequence[str], value: str) -> Edit:
    at = first_line(here)
    end = "\r\n" if lines[at - 1].endswith(b"\r\n") else "\n"
    column = here.value[0][0].start_mark.column
    steps = [f"{' ' * (column + 2 * depth)}{step}:" for depth, step in enumerate(route)]
    kept = lines[at - 1].decode("utf-8", "surrogateescape")
    return Edit(Span(path, at, at), f"{end.join(steps)} {value}{end}{kept}")


def _verify(path: str, data: bytes, edit: Edit, index: int, route: Sequence[str], value: str) -> None:
    """Whether the file says what it said before, and this."""
    wanted = [document.value() for document in read_documents(path, data)]
    place = wanted[index]
    for step in route[:-1]:
        place = place.setdefault(step, {})
    place[route[-1]] = yaml.safe_load(value)
    found = [document.value() for document in read_documents(path, apply_edits(data, [edit]))]
    if found != wanted:
        raise CannotSet(f"{path}:{edit.span.line} cannot be changed line by line")
