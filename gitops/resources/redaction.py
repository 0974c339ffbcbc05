"""Keeping Secret values out of what the renderer says when it fails.

kustomize quotes what it cannot use: a generator's literal, a whole patch. So its words are searched for every value
that the files it read hold in Secrets and secretGenerators, before anybody keeps or shows them.

How long the text is and how many values there are is up to whoever wrote the repository: the text is cut before it is
searched, the values are bounded, and everything found is replaced in one pass.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable, Iterator
from typing import Any

from gitops.files.documents import read_documents
from gitops.files.errors import MalformedYaml
from gitops.resources.manifests import text_of

HIDDEN = "[hidden]"
MAX_SAID = 8 * 1024  # characters of a message that are looked at: half from its beginning, half from its end
MAX_VALUES = 512 * 1024  # characters of all values, and of their other spellings
UNSEARCHED = "(the renderer's words are hidden: its files hold more Secret values than argofix looks for)"

_SHORTEST = 4  # shorter values would hide line numbers and words, and are no secrets
_EDGE = 8  # characters dropped on both sides of a cut
# Whole pieces of input that kustomize quotes; the text behind each of them says what is wrong.
_QUOTED = (
    re.compile(r"(?<=with config: )`.*?`(?=: )", re.DOTALL),
    re.compile(r"(?<=unable to parse SM or JSON patch from )\[.*\]", re.DOTALL),
    re.compile(r"(?<=literal sources )\[.*\](?=: )", re.DOTALL),
    re.compile(r"(?<=invalid literal source ).*(?=, expected)", re.DOTALL),
)
_Range = tuple[int, int]


def hide_secrets(text: str, files: Iterable[tuple[str, bytes]]) -> str:
    """The beginning and the end of `text` without the values of Secrets in these (path, content) files, however
    kustomize quotes them. A text of up to `MAX_SAID` characters stays whole."""
    try:
        values = _Values()
        for path, data in files:
            if b"Secret" in data or b"secret" in data:
                values.read(path, data)
        spellings = values.spellings()
    except _TooMany:
        return UNSEARCHED
    text = _cut(text, spellings)
    ranges = [found.span() for pattern in _QUOTED for found in pattern.finditer(text)]
    ranges += [range_ for value in spellings for range_ in _places(text, value)]
    return _without(text, ranges)


def _cut(text: str, values: Iterable[str]) -> str:
    if len(text) <= MAX_SAID:
        return text
    # A value that lies across a cut is found by nobody any more: where one may, its whole length goes.
    head, tail = text[: MAX_SAID // 2 - _EDGE], text[-(MAX_SAID // 2 - _EDGE) :]
    last, first = head[-_SHORTEST:], tail[:_SHORTEST]
    drop_head = max((len(value) for value in values if last in value), default=0)
    drop_tail = max((len(value) for value in values if first in value), default=0)
    head, tail = head[: max(0, len(head) - drop_head)], tail[drop_tail:]
    return f"{head} [{len(text) - len(head) - len(tail):,} characters left out] {tail}"


def _places(text: str, value: str) -> Iterator[_Range]:
    at = text.find(value)
    while at >= 0:
        yield at, at + len(value)
        at = text.find(value, at + len(value))


def _without(text: str, ranges: Iterable[_Range]) -> str:
    parts: list[str] = []
    done = 0
    for begin, end in sorted(ranges):
        if end <= done:
            continue
        if begin > done or not parts:
            parts += [text[done:begin], HIDDEN]
        done = end
    return "".join((*parts, text[done:]))


class _TooMany(Exception):
    """There are more values than can be searched for."""


class _Values:
    """Secret values anywhere in manifests and kustomizations, inline patches included."""

    def __init__(self) -> None:
        self._found: dict[str, None] = {}
        self._size = 0
        self._seen: set[int] = set()  # aliases lead to the same object again and again
        self._texts: set[str] = set()
        self._kept: list[Any] = []  # what `_seen` names by its address

    def read(self, path: str, data: bytes) -> None:
        """Raises `_TooMany`."""
        try:
            documents = read_documents(path, data)
        except MalformedYaml:
            # Nobody can say where the values stand; kustomize does not quote what it cannot parse.
            return
        for document in documents:
            value = document.value()
            self._kept.append(value)
            self._look(value, 0)

    def spellings(self) -> list[str]:
        """Every value as it may be quoted, the longest first. Raises `_TooMany`."""
        spellings: set[str] = set()
        size = 0
        for value in self._found:
            for spelling in _spellings(value):
                if spelling not in spellings:
                    spellings.add(spelling)
                    size += len(spelling) + 16
            if size > 4 * MAX_VALUES:
                raise _TooMany
        return sorted(spellings, key=len, reverse=True)

    def _look(self, value: Any, depth: int) -> None:
        if depth > 50:
            return
        if isinstance(value, dict | list):
            if id(value) in self._seen:
                return
            self._seen.add(id(value))
        if isinstance(value, dict):
            if text_of(value.get("kind")) in ("Secret", "SecretGenerator"):
                for field in ("data", "stringData", "literals", "metadata"):
                    here = value.get(field)
                    here = here.get("annotations") if field == "metadata" and isinstance(here, dict) else here
                    self._scalars(here, depth, set())
            for key, child in value.items():
                if key == "secretGenerator":
                    self._scalars([g.get("literals") for g in _mappings(child)], depth, set())
                self._look(child, depth + 1)
        elif isinstance(value, list):
            for child in value:
                self._look(child, depth + 1)
        elif isinstance(value, str) and "\n" in value and "Secret" in value and value not in self._texts:
            self._texts.add(value)
            self.read("patch", value.encode("utf-8", "surrogateescape"))

    def _scalars(self, value: Any, depth: int, seen: set[int]) -> None:
        if depth > 50:
            return
        if isinstance(value, dict | list):
            if id(value) not in seen:
                seen.add(id(value))
                for child in value.values() if isinstance(value, dict) else value:
                    self._scalars(child, depth + 1, seen)
            return
        text = text_of(value)
        self._add(text)
        name, equals, literal = text.partition("=")
        if equals and name:
            self._add(literal.strip("\"'"))

    def _add(self, text: str) -> None:
        if len(text) >= _SHORTEST and text not in self._found:
            self._found[text] = None
            self._size += len(text) + 16
            if self._size > MAX_VALUES:
                raise _TooMany


def _mappings(value: Any) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _spellings(value: str) -> Iterator[str]:
    """The value, its lines, and both again in base64 or out of it; nothing that is too short to be a secret."""
    written = [value, *value.splitlines()]
    written.append(base64.b64encode(value.encode("utf-8", "surrogateescape")).decode())
    try:
        plain = base64.b64decode("".join(value.split()), validate=True).decode()
        written += [plain, *plain.splitlines()]
    except (binascii.Error, ValueError):
        pass
    return (stripped for spelling in written if len(stripped := spelling.strip()) >= _SHORTEST)
