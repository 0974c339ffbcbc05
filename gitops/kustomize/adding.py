"""Edits that add items to the lists of a kustomization; every other byte of it stays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from gitops.files.documents import items, last_line, read_documents, values_in
from gitops.files.errors import GitopsError
from gitops.files.spans import Edit, Span, apply_edits, counts_lines_as_yaml, split_lines


class CannotAdd(GitopsError):
    """A kustomization is written in a way that lines cannot be added to; a clause without a full stop."""


@dataclass(frozen=True, slots=True)
class Addition:
    """An item of the list `field`: `text` is YAML as it stands behind the dash, several lines begin at its column."""

    field: str
    text: str


def add_items(path: str, data: bytes, additions: Sequence[Addition]) -> tuple[Edit, ...]:
    """Edits of the kustomization `path` after which each list ends with its new items; a list that is not there is
    begun. Raises `CannotAdd`."""
    if not counts_lines_as_yaml(data):
        raise CannotAdd(f"{path} has line ends or an encoding that argofix does not edit")
    documents = read_documents(path, data)
    top = documents[0].node if len(documents) == 1 else None
    if not isinstance(top, yaml.MappingNode) or top.flow_style or not top.value:
        raise CannotAdd(f"{path} is written in a way that argofix does not edit")
    lines = split_lines(data)
    replaced: dict[int, str] = {}
    behind: dict[int, list[str]] = {}
    for field in dict.fromkeys(one.field for one in additions):
        texts = [one.text for one in additions if one.field == field]
        listed = next((value for key, _, value in items(top) if key == field), None)
        if listed is None:
            behind.setdefault(max(last_line(top), 1), []).append(f"{field}:")
            behind[max(last_line(top), 1)] += [line for text in texts for line in _item(text, _column(top))]
        elif not isinstance(listed, yaml.SequenceNode) or listed.start_mark.index < top.start_mark.index:
            raise CannotAdd(f"`{field}` in {path} is no list that argofix can add to")
        elif listed.flow_style:
            line = listed.end_mark.line + 1
            if line in replaced:
                raise CannotAdd(f"{path}:{line} holds two lists that argofix would have to add to")
            replaced[line] = _into_flow(path, lines, listed, field, texts)
        else:
            new = [line for text in texts for line in _item(text, listed.start_mark.column)]
            behind.setdefault(last_line(listed), [])[:0] = new
    edits = tuple(_edit(path, lines, line, replaced, behind) for line in sorted({*replaced, *behind}))
    wanted = documents[0].value()
    for one in additions:
        wanted[one.field] = [*(wanted.get(one.field) or []), _value(one.text)]
    _verify(path, data, edits, wanted)
    return edits


def _column(top: yaml.MappingNode) -> int:
    """Where the lists of the file stand."""
    blocks = (one for _, one in top.value if isinstance(one, yaml.SequenceNode) and not one.flow_style)
    return next((int(one.start_mark.column) for one in blocks), 0)


def _value(text: str) -> Any:
    return read_documents("item", f"- {_indented(text)}".encode())[0].value()[0]


def _indented(text: str) -> str:
    return text.replace("\n", "\n  ")


def _item(text: str, column: int) -> list[str]:
    first, *rest = text.split("\n")
    indent = " " * column
    return [f"{indent}- {first}", *(f"{indent}  {line}" if line else "" for line in rest)]


def _into_flow(path: str, lines: list[bytes], listed: yaml.SequenceNode, field: str, texts: Sequence[str]) -> str:
    """The line with which a list in brackets ends, with plain words more in it."""
    line = listed.end_mark.line
    text = lines[line].decode("utf-8", "surrogateescape")
    at = listed.end_mark.column - 1 + (1 if line == 0 and text.startswith("\ufeff") else 0)
    before = text[:at].rstrip()
    if (
        any("\n" in one or ":" in one for one in texts)
        or text[at : at + 1] != "]"
        or before.endswith(",")
        or not before
    ):
        raise CannotAdd(f"`{field}` in {path} is written in brackets, which argofix does not add this to")
    return f"{before}{', ' if listed.value else ''}{', '.join(texts)}{text[at:]}"


def _edit(path: str, lines: list[bytes], line: int, replaced: dict[int, str], behind: dict[int, list[str]]) -> Edit:
    end = "\r\n" if lines[0].endswith(b"\r\n") else "\n"
    text = replaced.get(line) or lines[line - 1].decode("utf-8", "surrogateescape")
    if line in behind:
        text = text if text.endswith("\n") else text + end
        text += "".join(new + end for new in behind[line])
    return Edit(Span(path, line, line), text)


def _verify(path: str, data: bytes, edits: Sequence[Edit], wanted: Any) -> None:
    """The edited file must say what it should, and nothing else; YAML has many spellings."""
    if values_in(path, apply_edits(data, edits)) != [wanted]:
        raise CannotAdd(f"{path} is written in a way that argofix cannot add lines to")
