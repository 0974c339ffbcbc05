"""Edits of single scalars and of a kustomization's `images`, byte for byte the same everywhere else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import yaml

from gitops.files.documents import child, first_line, items, last_line, read_documents
from gitops.files.errors import GitopsError
from gitops.files.spans import Edit, Span, counts_lines_as_yaml, split_lines
from gitops.resources.manifests import text_of
from gitops.versions.pins.model import Place


class CannotEdit(GitopsError):
    """A file is written in a way that an edit of its lines cannot take; a clause without a full stop."""


@dataclass(frozen=True, slots=True)
class Override:
    """An `images` entry that must hold: images called `image` get this tag, and digest if there is one."""

    image: str
    tag: str
    digest: str | None = None


@dataclass(slots=True)
class FileEdits:
    """Collects what changes in one file, and gives it as edits of whole lines."""

    path: str
    data: bytes
    _lines: list[str] = field(init=False)
    _replaced: dict[int, list[tuple[int, int, str]]] = field(init=False, default_factory=dict)
    _behind: dict[int, list[str]] = field(init=False, default_factory=dict)
    _headed: bool = field(init=False, default=False)

    def __post_init__(self) -> None:
        if not counts_lines_as_yaml(self.data):
            raise CannotEdit(f"{self.path} has line ends or an encoding that argofix does not edit")
        self._lines = [line.decode("utf-8", "surrogateescape") for line in split_lines(self.data)]

    def replace(self, place: Place, text: str) -> None:
        """Put `text` in a place of this file; the same place twice counts once."""
        change = (place.column, place.end_column, text)
        changes = self._replaced.setdefault(place.line, [])
        if change not in changes:
            changes.append(change)

    def override(self, wanted: Override) -> Span:
        """Make an `images` entry of this kustomization hold. Gives the line behind or on which it is written.

        Raises `CannotEdit`.
        """
        documents = read_documents(self.path, self.data)
        if len(documents) != 1 or not isinstance(documents[0].node, yaml.MappingNode):
            raise CannotEdit(f"{self.path} is no kustomization to which `images` can be added")
        root = documents[0].node
        if root.flow_style:
            raise CannotEdit(f"{self.path} is written as one flow mapping")
        key = next((node for name, node, _ in items(root) if name == "images"), None)
        listed = child(root, "images")
        fields = [("newTag", wanted.tag)] + ([("digest", wanted.digest)] if wanted.digest else [])
        if key is None or listed is None:
            return self._append(
                self._end_of(documents[0].end_line, root.start_mark.column),
                root.start_mark.column,
                "images:",
                wanted,
                fields,
            )
        if isinstance(listed, yaml.ScalarNode) and listed.value == "" and not listed.style:
            return self._append(first_line(key), root.start_mark.column, "", wanted, fields)
        if not isinstance(listed, yaml.SequenceNode) or listed.start_mark.index < key.start_mark.index:
            raise CannotEdit(f"`images` of {self.path} is no list of its own")
        entry = next((item for item in listed.value if _value(item, "name") == wanted.image), None)
        if entry is not None:
            return self._extend(entry, fields)
        if listed.flow_style:
            return self._into_flow(listed, wanted, fields)
        return self._append(last_line(listed), listed.start_mark.column, "", wanted, fields)

    def edits(self) -> tuple[Edit, ...]:
        """The collected changes, one edit a line."""
        result: list[Edit] = []
        for line in sorted({*self._replaced, *self._behind}):
            text = self._lines[line - 1]
            for column, end, new in sorted(self._replaced.get(line, ()), reverse=True):
                text = text[:column] + new + text[end:]
            for added in self._behind.get(line, ()):
                # A file without a final newline stays one.
                text = text + added if text.endswith("\n") else text + self._end + added.removesuffix(self._end)
            result.append(Edit(Span(self.path, line, line), text))
        return tuple(result)

    @property
    def _end(self) -> str:
        return "\r\n" if self._lines and self._lines[0].endswith("\r\n") else "\n"

    def _end_of(self, line: int, column: int) -> int:
        """The last line of what ends on `line`, with comments behind it that are indented into it."""
        while line < len(self._lines):
            text = self._lines[line]
            if not text.lstrip(" ").startswith("#") or len(text) - len(text.lstrip(" ")) <= column:
                break
            line += 1
        return line

    def _append(self, line: int, column: int, head: str, wanted: Override, fields: Sequence[tuple[str, str]]) -> Span:
        indent = " " * column
        inner = indent if not head else f"{indent}  "
        text = f"{indent}{head}{self._end}" if head and not self._headed else ""
        self._headed = self._headed or bool(head)
        text += f"{inner}- name: {wanted.image}{self._end}"
        text += "".join(f"{inner}  {key}: {value}{self._end}" for key, value in fields)
        self._behind.setdefault(line, []).append(text)
        return Span(self.path, line, line)

    def _extend(self, entry: yaml.Node, fields: Sequence[tuple[str, str]]) -> Span:
        """Give an entry that only renames its tag."""
        if not isinstance(entry, yaml.MappingNode):
            raise CannotEdit(f"an entry of `images` in {self.path} is no mapping")
        line = last_line(entry)
        if entry.flow_style:
            at = entry.end_mark.column - 1 + self._shift(line)
            added = "".join(f", {key}: {value}" for key, value in fields)
            self._insert(line, at, "}", added)
        else:
            indent = " " * entry.value[0][0].start_mark.column
            text = "".join(f"{indent}{key}: {value}{self._end}" for key, value in fields)
            self._behind.setdefault(line, []).append(text)
        return Span(self.path, line, line)

    def _into_flow(self, listed: yaml.SequenceNode, wanted: Override, fields: Sequence[tuple[str, str]]) -> Span:
        line = listed.end_mark.line + 1
        written = ", ".join(f"{key}: {value}" for key, value in [("name", wanted.image), *fields])
        column = listed.end_mark.column - 1 + self._shift(line)
        changes = self._replaced.get(line, [])
        before = next((change for change in changes if change[:2] == (column, column)), None)
        if before is not None:  # behind what another override has put there
            changes[changes.index(before)] = (column, column, f"{before[2]}, {{{written}}}")
        else:
            self._insert(line, column, "]", f"{', ' if listed.value else ''}{{{written}}}")
        return Span(self.path, line, line)

    def _insert(self, line: int, column: int, closing: str, text: str) -> None:
        before = self._lines[line - 1][:column]
        if self._lines[line - 1][column : column + 1] != closing or not before.strip() or before.rstrip()[-1:] == ",":
            raise CannotEdit(f"{self.path}:{line} is written in a way that argofix cannot extend")
        self.replace(Place(self.path, line, column, column), text)

    def _shift(self, line: int) -> int:
        return 1 if line == 1 and self._lines[0].startswith("\ufeff") else 0


def _value(node: yaml.Node, key: str) -> str:
    found = child(node, key)
    return text_of(found.value) if isinstance(found, yaml.ScalarNode) else ""
