"""Edits that take entries out of a kustomization file, or documents out of a manifest file, and change nothing else.

What cannot be taken out without touching something else (an entry that is an alias, or carries an anchor that is used
elsewhere) is refused with the reason.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import yaml

from gitops.files.documents import Document, first_line, items, last_line, read_documents, values_in
from gitops.files.errors import GitopsError
from gitops.files.spans import Edit, Span, apply_edits, counts_lines_as_yaml, split_lines
from gitops.kustomize.kustomization import Reference

_ALIAS = re.compile(r"\*([^\s,\]}]+)")
_ANCHOR = re.compile(r"(?:^|[\s\[,])&([^\s,\[\]{}]+)")


class CannotRemove(GitopsError):
    """An entry cannot be taken out by an edit of its own lines; the message says why."""


@dataclass(frozen=True, slots=True)
class _List:
    key_line: int  # 1-based
    node: yaml.SequenceNode


def remove_entries(path: str, data: bytes, references: Sequence[Reference]) -> tuple[Edit, ...]:
    """Edits of `path` that take out exactly these entries (all of `path`, of list fields such as `resources`).

    An emptied list becomes `[]`. Raises `CannotRemove`.
    """
    if not counts_lines_as_yaml(data):
        raise CannotRemove(f"{path} has line ends or an encoding that argofix does not edit")
    lines = split_lines(data)
    documents = read_documents(path, data)
    by_list: dict[tuple[int, str], set[int]] = {}
    for reference in references:
        place = (_document(documents, reference), reference.field)
        by_list.setdefault(place, set()).add(reference.index)
    edits: list[Edit] = []
    for (document, field), indices in by_list.items():
        found = _find(path, documents[document : document + 1], field)
        for index in indices:
            _check(lines, found, field, index)
        if found.node.flow_style:
            edits.append(_from_flow(path, lines, found.node, indices))
        else:
            edits.extend(_from_block(path, lines, found, indices))
    _verify(path, data, edits, by_list)
    return tuple(edits)


def _document(documents: Sequence[Document], reference: Reference) -> int:
    """Which document an entry stands in: that of its lines, else (where an alias brings it in) the first."""
    line = reference.span.line
    return next((i for i, one in enumerate(documents) if one.line <= line <= one.end_line), 0)


def _verify(path: str, data: bytes, edits: Sequence[Edit], by_list: Mapping[tuple[int, str], set[int]]) -> None:
    """The edited file must say what the file says, without the entries; lists have many spellings."""
    wanted = [document.value() for document in read_documents(path, data)]
    for (document, field), gone in by_list.items():
        value = wanted[document].get(field) if isinstance(wanted[document], dict) else None
        if isinstance(value, list):  # not where the key stands there twice
            wanted[document] = {**wanted[document], field: [v for i, v in enumerate(value) if i not in gone]}
    if values_in(path, apply_edits(data, edits)) != wanted:
        raise CannotRemove(f"{path} is written in a way that argofix cannot edit line by line")


def _find(path: str, documents: Sequence[Document], field: str) -> _List:
    for document in documents:
        if sum(key == field for key, _, _ in items(document.node)) > 1:
            raise CannotRemove(f"{path} has `{field}` twice")
        for key, key_node, value in items(document.node):
            if key == field and isinstance(value, yaml.SequenceNode):
                if value.start_mark.index < key_node.start_mark.index:
                    raise CannotRemove(f"`{field}` in {path} is an alias to a list that stands elsewhere")
                return _List(first_line(key_node), value)
    raise CannotRemove(f"{path} has no list `{field}`")


def _check(lines: list[bytes], found: _List, field: str, index: int) -> None:
    sequence = found.node
    item = sequence.value[index]
    inside = sequence.start_mark.index <= item.start_mark.index < sequence.end_mark.index
    before = sequence.value[index - 1].start_mark.index if index else -1
    if not inside or item.start_mark.index <= before:
        raise CannotRemove(f"entry {index + 1} of `{field}` is an alias to something that stands elsewhere")
    text = b"".join(lines).decode("utf-8", "surrogateescape")
    own = b"".join(lines[first_line(item) - 1 : last_line(item)]).decode("utf-8", "surrogateescape")
    head = b"".join(lines[found.key_line - 1 : first_line(sequence)]).decode("utf-8", "surrogateescape")
    used = {name for run in _ALIAS.findall(text) for name in run.split("*")}
    for anchor in (*_ANCHOR.findall(own), *_ANCHOR.findall(head)):
        if "*" in anchor or anchor in used:
            raise CannotRemove(f"`{field}` uses the anchor &{anchor}, which is used elsewhere in the file")


def _from_block(path: str, lines: list[bytes], found: _List, indices: set[int]) -> list[Edit]:
    edits = [Edit(Span(path, *_item_lines(lines, found.node.value[index])), "") for index in sorted(indices)]
    if len(indices) < len(found.node.value):
        return edits
    # Nothing is left: `resources:` alone would be null. The comments between the entries stay where they are.
    line = lines[found.key_line - 1].decode("utf-8", "surrogateescape")
    key, colon, rest = line.partition(":")
    if not colon or found.key_line == edits[0].span.line:
        raise CannotRemove("the list stands on the line of its own key")
    return [Edit(Span(path, found.key_line, found.key_line), f"{key}: []{rest}"), *edits]


def _item_lines(lines: list[bytes], item: yaml.Node) -> tuple[int, int]:
    start = first_line(item)
    before = lines[start - 1].decode("utf-8", "surrogateescape")[: item.start_mark.column]
    while not before.replace("\ufeff", "").lstrip().startswith("-"):
        # The dash may stand on a line above its value.
        if start == 1 or before.strip():
            raise CannotRemove("the entry does not stand on lines of its own")
        start -= 1
        before = lines[start - 1].decode("utf-8", "surrogateescape")
        if before.strip().startswith("#"):
            raise CannotRemove("a comment stands between the dash and its value")
    return start, last_line(item)


def _from_flow(path: str, lines: list[bytes], sequence: yaml.SequenceNode, indices: set[int]) -> Edit:
    """Cut items out of `[a, b, c]`, with the comma and the space that belonged to them."""
    first, last = first_line(sequence), sequence.end_mark.line + 1
    text = b"".join(lines[first - 1 : last]).decode("utf-8", "surrogateescape")
    starts = [0]
    for line in lines[first - 1 : last]:
        starts.append(starts[-1] + len(line.decode("utf-8", "surrogateescape")))
    # The parser does not count a byte order mark.
    shift = 1 if first == 1 and text.startswith("\ufeff") else 0

    def offset(mark: yaml.Mark) -> int:
        return starts[mark.line + 1 - first] + mark.column + (shift if mark.line == 0 else 0)

    count = len(sequence.value)
    for index in sorted(indices, reverse=True):
        item = sequence.value[index]
        begin, end = offset(item.start_mark), offset(item.end_mark)
        begin = _before_anchor(text, begin)
        after = [i for i in range(index + 1, count) if i not in indices]
        if after:
            end = _before_anchor(text, offset(sequence.value[index + 1].start_mark))
        elif any(i not in indices for i in range(index)):
            begin = offset(sequence.value[index - 1].end_mark)
        else:
            following = text[end:]
            end += len(following) - len(following.lstrip(" ,"))
        if "#" in text[begin:end]:
            raise CannotRemove("a comment stands inside the list")
        text = text[:begin] + text[end:]
    return Edit(Span(path, first, last), text)


def remove_documents(path: str, data: bytes, starts: Sequence[int]) -> tuple[Edit, ...]:
    """Edits of `path` that delete the documents which begin on these lines, each with its separator and the comments
    right above it. Others must stay: a file without documents is to be deleted. Raises `CannotRemove`."""
    if not counts_lines_as_yaml(data):
        raise CannotRemove(f"{path} has line ends or an encoding that argofix does not edit")
    documents = read_documents(path, data)
    lines = split_lines(data)
    kept = [document for document in documents if document.line not in starts]
    if len(documents) - len(kept) != len(set(starts)) or not kept:
        raise CannotRemove(f"{path} does not hold these documents beside others")
    gone: set[int] = set()
    for index, document in enumerate(documents):
        if document.line not in starts:
            continue
        gone.update(range(document.line, document.end_line + 1))
        floor = documents[index - 1].end_line if index else 0
        above = _separator(lines, range(document.line - 1, floor, -1))
        if above is not None:
            gone.update(range(above, document.line))
    if kept[0] is not documents[0] and _separator(lines, range(1, documents[0].line)) is None:
        # The file did not begin with a separator, so it does not now.
        before = documents[documents.index(kept[0]) - 1]
        below = _separator(lines, range(before.end_line + 1, kept[0].line))
        gone.update({below} if below is not None else ())
    edits = [Edit(Span(path, first, last), "") for first, last in _stretches(gone)]
    if values_in(path, apply_edits(data, edits)) != [document.value() for document in kept]:
        raise CannotRemove(f"{path} is written in a way that argofix cannot edit line by line")
    return tuple(edits)


def _separator(lines: list[bytes], numbers: Iterable[int]) -> int | None:
    return next((number for number in numbers if lines[number - 1].startswith(b"---")), None)


def _stretches(numbers: set[int]) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    for number in sorted(numbers):
        if found and found[-1][1] == number - 1:
            found[-1] = (found[-1][0], number)
        else:
            found.append((number, number))
    return found


def _before_anchor(text: str, position: int) -> int:
    # Read backwards, so that nothing is looked at twice.
    end = position
    while end and text[end - 1].isspace():
        end -= 1
    begin = end
    while begin and not text[begin - 1].isspace() and text[begin - 1] not in ",[]{}":
        begin -= 1
    at = text.find("&", begin, end - 1) if end < position else -1
    return at if at >= 0 else position
