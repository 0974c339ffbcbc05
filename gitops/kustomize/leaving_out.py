"""Edits by which one Application leaves out what others go on reading: `directory.exclude` of its source, or a patch
with `$patch: delete` in its kustomization.

Source of the rules: argo-cd, reposerver/repository/repository.go (`getPotentiallyValidManifestFile`: a file that
matches `exclude` is passed over, whatever `include` says; patterns are gobwas globs over the path below that of the
source); kustomize, kyaml/yaml/merge2/smpdirective.go (`$patch: delete`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

import yaml

from gitops.files.documents import child, first_line, items, last_line, read_documents, values_in
from gitops.files.spans import Edit, Span, apply_edits, counts_lines_as_yaml, split_lines
from gitops.kustomize.removal import CannotRemove
from gitops.resources.resource import ResourceId

_SPECIAL = re.compile(r"([\\*?\[\]{},])")


def exclude_files(path: str, data: bytes, line: int, source: int | None, files: Sequence[str]) -> tuple[Edit, ...]:
    """Edits of the Application that starts on `line` of `path`, so that its source passes over `files` too.

    `files` are relative to the source's path. Raises `CannotRemove`.
    """
    if not counts_lines_as_yaml(data):
        raise CannotRemove(f"{path} has line ends or an encoding that argofix does not edit")
    documents = read_documents(path, data)
    index = next((i for i, document in enumerate(documents) if document.line == line), None)
    route: tuple[str | int, ...] = ("spec", "source") if source is None else ("spec", "sources", source)
    node = child(documents[index].node, *route) if index is not None else None
    if index is None or not isinstance(node, yaml.MappingNode) or not node.value:
        raise CannotRemove(f"{path}:{line} does not spell out its source")
    written = child(node, "directory", "exclude")
    old = written.value if isinstance(written, yaml.ScalarNode) else ""
    pattern = combined(old, files)
    edit = _exclude_edit(path, split_lines(data), node, written, pattern)
    wanted = [document.value() for document in documents]
    place: Any = wanted[index]
    for step in route:
        place = place[step]
    place["directory"] = {**(place.get("directory") or {}), "exclude": pattern}
    _verify(path, data, edit, wanted)
    return (edit,)


def combined(old: str, files: Sequence[str]) -> str:
    """One pattern for what `old` matches and for exactly these files. Raises `CannotRemove`."""
    escaped = [_SPECIAL.sub(r"\\\1", file) for file in files]
    if not old:
        return escaped[0] if len(escaped) == 1 else "{" + ",".join(escaped) + "}"
    inner = old[1:-1] if re.fullmatch(r"\{[^{}\\]*\}", old) else old
    if inner is old and re.search(r"[,{}\\]", old):
        raise CannotRemove(f"`directory.exclude` is {old} already, which argofix cannot add to")
    return "{" + ",".join([inner, *escaped]) + "}"


def _exclude_edit(
    path: str, lines: list[bytes], source: yaml.MappingNode, written: yaml.Node | None, pattern: str
) -> Edit:
    """One edit of one line: the value replaced, or the field put in."""
    block = child(source, "directory")
    if written is not None:
        if not isinstance(written, yaml.ScalarNode) or first_line(written) != last_line(written):
            raise CannotRemove(f"`directory.exclude` in {path} is no value of one line")
        json_like = written.style == '"'
        return _replaced(path, lines, written.start_mark, written.end_mark, _quoted(pattern, json_like))
    if isinstance(block, yaml.MappingNode):
        if block.flow_style:
            return _into_flow(path, lines, block, pattern, "exclude")
        _require_own(path, source, block)
        key = block.value[0][0]
        indent = " " * key.start_mark.column
        return _before(path, lines, first_line(key), f"{indent}exclude: {_quoted(pattern, False)}")
    if block is not None:
        raise CannotRemove(f"`directory` in {path} has no fields to add to")
    if source.flow_style:
        return _into_flow(path, lines, source, pattern, "directory")
    entry = next(((key, value) for name, key, value in items(source) if name == "path"), source.value[-1])
    if not isinstance(entry[1], yaml.ScalarNode) or first_line(entry[1]) != last_line(entry[1]):
        raise CannotRemove(f"the source in {path} is written in a way that argofix does not edit")
    indent = " " * entry[0].start_mark.column
    text = f"{indent}directory:{{end}}{indent}  exclude: {_quoted(pattern, False)}"
    return _after(path, lines, last_line(entry[1]), text)


def _require_own(path: str, outer: yaml.Node, inner: yaml.Node) -> None:
    if inner.start_mark.index < outer.start_mark.index:
        raise CannotRemove(f"`directory` in {path} is an alias to something that stands elsewhere")


def _into_flow(path: str, lines: list[bytes], node: yaml.MappingNode, pattern: str, name: str) -> Edit:
    keys = [key for key, _ in node.value]
    json_like = bool(keys) and all(isinstance(key, yaml.ScalarNode) and key.style == '"' for key in keys)
    if not keys:
        json_like = path.endswith(".json")
    value = _quoted(pattern, json_like)
    key = f'"{name}"' if json_like else name
    if name == "directory":
        value = f'{{"exclude": {value}}}' if json_like else f"{{exclude: {value}}}"
    line = first_line(node)
    text = lines[line - 1].decode("utf-8", "surrogateescape")
    at = node.start_mark.column + (1 if line == 1 and text.startswith("\ufeff") else 0)
    if text[at : at + 1] != "{":
        raise CannotRemove(f"{path}:{line} is written in a way that argofix does not edit")
    more = ", " if keys else ""
    return Edit(Span(path, line, line), f"{text[: at + 1]}{key}: {value}{more}{text[at + 1 :].lstrip(' ')}")


def _quoted(pattern: str, json_like: bool) -> str:
    return json.dumps(pattern, ensure_ascii=False) if json_like else "'" + pattern.replace("'", "''") + "'"


def _replaced(path: str, lines: list[bytes], start: yaml.Mark, end: yaml.Mark, value: str) -> Edit:
    text = lines[start.line].decode("utf-8", "surrogateescape")
    shift = 1 if start.line == 0 and text.startswith("\ufeff") else 0
    new = text[: start.column + shift] + value + text[end.column + shift :]
    return Edit(Span(path, start.line + 1, start.line + 1), new)


def _before(path: str, lines: list[bytes], line: int, text: str) -> Edit:
    kept = lines[line - 1].decode("utf-8", "surrogateescape")
    return Edit(Span(path, line, line), text + _end(lines) + kept)


def _after(path: str, lines: list[bytes], line: int, text: str) -> Edit:
    end = _end(lines)
    kept = lines[line - 1].decode("utf-8", "surrogateescape")
    kept = kept if kept.endswith("\n") else kept + end
    return Edit(Span(path, line, line), kept + text.replace("{end}", end) + end)


def _end(lines: list[bytes]) -> str:
    return "\r\n" if lines and lines[0].endswith(b"\r\n") else "\n"


def add_delete_patch(path: str, data: bytes, resources: Sequence[tuple[str, ResourceId]]) -> tuple[Edit, ...]:
    """Edits of the kustomization `path` that let it leave out these resources, each an apiVersion and the id as the
    kustomization's bases know it. Raises `CannotRemove`."""
    if not counts_lines_as_yaml(data):
        raise CannotRemove(f"{path} has line ends or an encoding that argofix does not edit")
    documents = read_documents(path, data)
    top = documents[0].node if len(documents) == 1 else None
    if not isinstance(top, yaml.MappingNode) or top.flow_style or not top.value:
        raise CannotRemove(f"{path} is written in a way that argofix does not edit")
    lines = split_lines(data)
    patches = next((value for key, _, value in items(top) if key.lower() == "patches"), None)
    texts = [_delete_patch(api_version, rid) for api_version, rid in resources]
    if patches is None:
        block = ["patches:"] + [line for text in texts for line in _item(text, 0)]
        edit = _after(path, lines, max(last_line(top), 1), "{end}".join(block))
    elif isinstance(patches, yaml.SequenceNode) and patches.value and not patches.flow_style:
        indent = patches.start_mark.column
        block = [line for text in texts for line in _item(text, indent)]
        edit = _after(path, lines, last_line(patches), "{end}".join(block))
    else:
        raise CannotRemove(f"`patches` in {path} is no list that argofix can add to")
    wanted = documents[0].value()
    wanted["patches"] = [*wanted.get("patches", []), *({"patch": text} for text in texts)]
    _verify(path, data, edit, [wanted])
    return (edit,)


def _delete_patch(api_version: str, rid: ResourceId) -> str:
    namespace = f"\n  namespace: {json.dumps(rid.namespace)}" if rid.namespace else ""
    head = f"$patch: delete\napiVersion: {api_version}\nkind: {rid.kind}\nmetadata:\n"
    return f"{head}  name: {json.dumps(rid.name)}{namespace}"


def _item(text: str, indent: int) -> list[str]:
    first, *_ = (" " * indent + "- patch: |-",)
    return [first, *(" " * (indent + 4) + line for line in text.split("\n"))]


def _verify(path: str, data: bytes, edit: Edit, wanted: list[Any]) -> None:
    """The edited file must say what it should, and nothing else; YAML has many spellings."""
    if values_in(path, apply_edits(data, [edit])) != wanted:
        raise CannotRemove(f"{path} is written in a way that argofix cannot edit line by line")
