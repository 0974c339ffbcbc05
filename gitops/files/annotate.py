"""Edits that add annotations to one document of a manifest file and change nothing else."""

from __future__ import annotations

from collections.abc import Mapping

import yaml

from gitops.files.documents import child, first_line, items, last_line, read_documents
from gitops.files.errors import GitopsError
from gitops.files.spans import Edit, Span, counts_lines_as_yaml, split_lines


class CannotAnnotate(GitopsError):
    """The document's `metadata` is written in a way that an edit of whole lines cannot extend."""


def annotate(path: str, data: bytes, line: int, annotations: Mapping[str, str]) -> tuple[Edit, ...]:
    """Edits that set `annotations` on the document of `path` that starts on `line` (1-based).

    Values are written in double quotes. Those that are there already are left; nothing to do gives no edits.
    Raises `CannotAnnotate`.
    """
    if not counts_lines_as_yaml(data):
        raise CannotAnnotate(f"{path} has line ends or an encoding that argofix does not edit")
    document = next((d for d in read_documents(path, data) if d.line == line), None)
    metadata = child(document.node, "metadata") if document is not None else None
    if not isinstance(metadata, yaml.MappingNode) or metadata.flow_style or not metadata.value:
        raise CannotAnnotate(f"{path}:{line} has no `metadata` block to extend")
    lines = split_lines(data)
    end = "\r\n" if lines[first_line(metadata) - 1].endswith(b"\r\n") else "\n"
    present = child(metadata, "annotations")
    if present is None:
        indent = " " * metadata.value[0][0].start_mark.column
        body = "".join(f'{indent}  {key}: "{value}"{end}' for key, value in annotations.items())
        return (_insert(path, lines, first_line(metadata), f"{indent}annotations:{end}{body}"),)
    if isinstance(present, yaml.MappingNode) and not present.value:
        number = first_line(present)
        indent = lines[number - 1][: -len(lines[number - 1].lstrip(b" "))].decode()
        if lines[number - 1].strip() == b"annotations: {}":
            body = "".join(f'{indent}  {key}: "{value}"{end}' for key, value in annotations.items())
            return (Edit(Span(path, number, number), f"{indent}annotations:{end}{body}"),)
    if not isinstance(present, yaml.MappingNode) or present.flow_style or not present.value:
        raise CannotAnnotate(f"the annotations of {path}:{line} are not a block of lines")
    known = {key: (key_node, value) for key, key_node, value in items(present)}
    indent = " " * present.value[0][0].start_mark.column
    edits: list[Edit] = []
    missing: list[str] = []
    for key, value in annotations.items():
        if key not in known:
            missing.append(f'{indent}{key}: "{value}"{end}')
            continue
        old = known[key][1]
        if getattr(old, "value", None) == value:
            continue
        span = Span(path, first_line(known[key][0]), last_line(old))
        edits.append(Edit(span, f'{indent}{key}: "{value}"{end}'))
    if missing:
        edits.append(_insert(path, lines, first_line(present), "".join(missing)))
    if len({edit.span for edit in edits}) != len(edits):
        raise CannotAnnotate(f"the annotations of {path}:{line} cannot be extended line by line")
    return tuple(edits)


def annotation_of(path: str, data: bytes, line: int, key: str) -> str | None:
    """The value of an annotation of the document that starts on `line`, None when it has none."""
    document = next((d for d in read_documents(path, data) if d.line == line), None)
    node = child(document.node, "metadata", "annotations", key) if document is not None else None
    return node.value if isinstance(node, yaml.ScalarNode) else None


def _insert(path: str, lines: list[bytes], before: int, text: str) -> Edit:
    kept = lines[before - 1].decode("utf-8", "surrogateescape")
    return Edit(Span(path, before, before), text + kept)
