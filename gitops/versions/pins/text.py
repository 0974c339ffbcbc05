"""Where in a file a part of a scalar is written, down to the column.

Only text that stands in the file exactly as its value says (plain or quoted without escapes, on one line) has a
place; all else has none and is not edited.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import yaml

from gitops.files.documents import Document, read_documents
from gitops.files.errors import MalformedYaml
from gitops.files.spans import Span, counts_lines_as_yaml, split_lines
from gitops.versions.pins.model import Place

_TAGS = re.compile(r"(?:![^\s,\[\]{}]*[ \t]+)+")


@dataclass(frozen=True, slots=True)
class Text:
    """YAML in a file: the whole file, or the literal block scalar of it that begins behind line `above` (0-based) and
    is indented by `indent`. `lines` are the file's, None when its lines cannot be edited by number."""

    path: str
    data: bytes
    lines: tuple[str, ...] | None
    above: int = 0
    indent: int = 0

    @classmethod
    def of_file(cls, path: str, data: bytes) -> Text:
        if not counts_lines_as_yaml(data):
            return cls(path, data, None)
        return cls(path, data, tuple(line.decode("utf-8", "surrogateescape") for line in split_lines(data)))

    def documents(self) -> list[Document]:
        """Raises `MalformedYaml`."""
        return read_documents(self.path, self.data)

    def span(self, node: yaml.Node) -> Span:
        """The line on which a node starts, in the file."""
        line = node.start_mark.line + 1 + self.above
        return Span(self.path, line, line)

    def place(self, node: yaml.Node, start: int, end: int) -> Place | None:
        """Where characters `start` to `end` of a scalar's value stand."""
        if self.lines is None or not isinstance(node, yaml.ScalarNode):
            return None
        first, last = node.start_mark, node.end_mark
        if first.line != last.line or node.style in ("|", ">"):
            return None
        line = self.lines[first.line + self.above] if first.line + self.above < len(self.lines) else ""
        # The parser counts no byte order mark.
        shift = self.indent + (1 if first.line + self.above == 0 and line.startswith("\ufeff") else 0)
        column, stop = first.column + shift, last.column + shift
        # An anchor stays in the way: other places would change with it.
        tags = _TAGS.match(line, column, stop)
        column = tags.end() if tags else column
        if node.style:
            column, stop = column + 1, stop - 1
        if line[column:stop] != node.value:
            return None
        return Place(self.path, first.line + 1 + self.above, column + start, column + end)

    def inside(self, node: yaml.ScalarNode) -> Text:
        """The YAML that a scalar holds. Its places are known for literal blocks (`|`) only."""
        data = node.value.encode("utf-8", "surrogateescape")
        above = node.start_mark.line + self.above + 1
        lines = self.lines
        indent = self._indent(node, above) if lines is not None and node.style == "|" else None
        return Text(self.path, data, lines if indent is not None else None, above, indent or 0)

    def _indent(self, node: yaml.ScalarNode, above: int) -> int | None:
        lines = self.lines or ()
        for index, text in enumerate(node.value.split("\n")):
            if text and above + index < len(lines):
                written = lines[above + index].rstrip("\r\n")
                return len(written) - len(text) if written.endswith(text) else None
        return None


def scalars(
    node: yaml.Node, route: tuple[str | int, ...] = ()
) -> Iterator[tuple[tuple[str | int, ...], yaml.ScalarNode]]:
    """Every scalar below a node with its route of keys and indices; what an alias repeats comes once."""
    seen: set[int] = set()
    stack: list[tuple[tuple[str | int, ...], yaml.Node]] = [(route, node)]
    while stack:
        here, current = stack.pop()
        if id(current) in seen:
            continue
        seen.add(id(current))
        if isinstance(current, yaml.ScalarNode):
            yield here, current
        elif isinstance(current, yaml.SequenceNode):
            stack.extend(((*here, index), item) for index, item in reversed(list(enumerate(current.value))))
        elif isinstance(current, yaml.MappingNode):
            pairs = [(key.value, value) for key, value in current.value if isinstance(key, yaml.ScalarNode)]
            stack.extend(((*here, key), value) for key, value in reversed(pairs))


def nested_documents(text: Text, node: yaml.ScalarNode) -> tuple[Text, list[Document]]:
    """The documents that a scalar holds as YAML text; none when it is no YAML."""
    inner = text.inside(node)
    try:
        return inner, inner.documents()
    except MalformedYaml:
        return inner, []
