"""Adding an `ignore` entry to `.github/argofix.yaml` as one insertion: every other byte stays as it is.

Candidates are tried and read back: only one that adds exactly this entry, and changes nothing else that the file
says, is taken. Whatever a file looks like, it is therefore either edited rightly or not at all.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace

import yaml

from checks.policy.file import PATH, Ignore, Policy, parse_policy
from gitops.files.documents import Document, first_line, items, last_line, read_documents
from gitops.files.errors import GitopsError
from gitops.files.scalars import plain_scalar
from gitops.files.spans import counts_lines_as_yaml, split_lines

# Left unquoted: what no reader of YAML, old or new, takes for anything but this text.
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_./-]*( [A-Za-z0-9_./-]+)*")
_WORDS = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null"})


class CannotEdit(GitopsError):
    """The entry cannot be added without touching something else. The message says why, names in backticks."""


def add_ignore(data: bytes | None, rule: str, resource: str, reason: str) -> bytes:
    """The file with the entry added; `data` is None when there is none yet. Raises `CannotEdit`."""
    before = parse_policy(data)
    wanted = Ignore(rule, _one_line(resource), _one_line(reason), 0)
    if not (wanted.resource and wanted.reason):
        raise CannotEdit("an entry needs a resource and a reason that can be read")
    if data is None:
        return _block(wanted, 0, b"\n", "ignore:").encode()
    if not counts_lines_as_yaml(data):
        raise CannotEdit(f"`{PATH}` has line ends or an encoding that cannot be edited by lines")
    try:
        documents = read_documents(PATH, data)
    except GitopsError as error:
        raise CannotEdit(str(error)) from None
    for candidate in _candidates(data, documents, wanted):
        if _adds_only(before, parse_policy(candidate), wanted):
            return candidate
    raise CannotEdit(f"`{PATH}` is written in a way that argofix does not add an entry to")


def _candidates(data: bytes, documents: list[Document], wanted: Ignore) -> Iterator[bytes]:
    end = b"\r\n" if b"\r\n" in data else b"\n"
    if not documents:  # comments at most
        yield _after_line(data, len(split_lines(data)), _block(wanted, 0, end, "ignore:"), end)
        return
    root = documents[0].node
    if not isinstance(root, yaml.MappingNode):
        return
    found = [(key, value) for name, key, value in items(root) if name == "ignore"]
    if not found:
        if root.flow_style:
            yield from _in_flow(data, root, f"ignore: [{_flow(wanted)}]")
        else:
            text = _block(wanted, root.start_mark.column, end, "ignore:")
            yield _after_line(data, last_line(root), text, end)
        return
    key, value = found[-1]
    if value.start_mark.index < key.start_mark.index:  # an alias: the list stands elsewhere
        return
    column = key.start_mark.column
    if isinstance(value, yaml.SequenceNode) and value.flow_style:
        yield from _in_flow(data, value, _flow(wanted))
    elif isinstance(value, yaml.SequenceNode):
        yield _after_line(data, last_line(value), _block(wanted, value.start_mark.column, end), end)
    elif isinstance(value, yaml.ScalarNode) and not value.value:
        yield _after_line(data, first_line(key), _block(wanted, column + 2, end), end)


def _adds_only(before: Policy, after: Policy, wanted: Ignore) -> bool:
    """Whether the second says what the first says, and has this entry as its last one. Lines may have moved."""
    if not after.ignore or replace(after.ignore[-1], line=0) != wanted:
        return False
    if len(after.problems) > len(before.problems):
        return False

    def said(policy: Policy, ignore: tuple[Ignore, ...]) -> object:
        keep = tuple(replace(entry, line=0) for entry in policy.keep)
        provided = policy.secrets_provided
        declared = None if provided is None else tuple(replace(entry, line=0) for entry in provided)
        entries = tuple(replace(entry, line=0) for entry in ignore)
        return replace(policy, keep=keep, ignore=entries, secrets_provided=declared, problems=(), versions={})

    same_versions = before.versions.keys() == after.versions.keys()
    return same_versions and said(before, before.ignore) == said(after, after.ignore[:-1])


def _after_line(data: bytes, line: int, text: str, end: bytes) -> bytes:
    lines = split_lines(data)
    before, behind = b"".join(lines[:line]), b"".join(lines[line:])
    if before and not before.endswith(b"\n"):
        return before + end + text.encode().removesuffix(end) + behind
    return before + text.encode() + behind


def _in_flow(data: bytes, node: yaml.CollectionNode, text: str) -> Iterator[bytes]:
    """Before the bracket that closes a flow collection; with a comma in front, and without one."""
    mark = node.end_mark
    lines = split_lines(data)
    line = lines[mark.line]
    column = len(line.decode("utf-8", "surrogateescape")[: mark.column - 1].encode("utf-8", "surrogateescape"))
    at = sum(len(each) for each in lines[: mark.line]) + column
    for glue in (", ", "") if node.value else ("",):
        yield data[:at] + f"{glue}{text}".encode() + data[at:]


def _block(wanted: Ignore, column: int, end: bytes, key: str = "") -> str:
    newline = end.decode()
    pad = " " * column
    inner = pad + "  " if key else pad
    lines = [f"{pad}{key}"] if key else []
    lines.append(f"{inner}- rule: {_scalar(wanted.rule)}")
    lines.append(f"{inner}  resource: {_scalar(wanted.resource)}")
    lines.append(f"{inner}  reason: {_scalar(wanted.reason)}")
    return "".join(line + newline for line in lines)


def _flow(wanted: Ignore) -> str:
    values = {"rule": wanted.rule, "resource": wanted.resource, "reason": wanted.reason}
    return "{" + ", ".join(f"{key}: {_quoted(text)}" for key, text in values.items()) + "}"


def _scalar(text: str) -> str:
    plain = _PLAIN.fullmatch(text) and text.lower() not in _WORDS and plain_scalar(text) == text
    return text if plain else _quoted(text)


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _one_line(text: str) -> str:
    """What YAML can hold on one line."""
    words = ("".join(char for char in word if char.isprintable()) for word in text.split())
    return " ".join(word for word in words if word)
