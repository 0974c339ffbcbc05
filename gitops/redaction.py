"""Keeping Secret values out of what the renderer says when it fails.

kustomize quotes what it cannot use: a generator's literal, a whole patch. So its words are searched for every value
that the files it read hold in Secrets and secretGenerators, before anybody keeps or shows them.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable, Iterator
from typing import Any

from gitops.documents import read_documents
from gitops.errors import MalformedYaml
from gitops.manifests import text_of

HIDDEN = "[hidden]"

_SHORTEST = 4  # shorter values would hide line numbers and words, and are no secrets
# Whole pieces of input that kustomize quotes; the text behind each of them says what is wrong.
_QUOTED = (
    re.compile(r"(?<=with config: )`.*?`(?=: )", re.DOTALL),
    re.compile(r"(?<=unable to parse SM or JSON patch from )\[.*\]", re.DOTALL),
    re.compile(r"(?<=literal sources )\[.*\](?=: )", re.DOTALL),
    re.compile(r"(?<=invalid literal source )(?!\[hidden\]).*(?=, expected)", re.DOTALL),
)


def hide_secrets(text: str, files: Iterable[tuple[str, bytes]]) -> str:
    """`text` without the values of Secrets in these (path, content) files, however kustomize quotes them."""
    for pattern in _QUOTED:
        text = pattern.sub(HIDDEN, text)
    values: set[str] = set()
    for path, data in files:
        if b"Secret" in data or b"secret" in data:
            values.update(_values_in(path, data))
    for value in sorted(_spellings(values), key=len, reverse=True):
        text = text.replace(value, HIDDEN)
    return text


def _values_in(path: str, data: bytes) -> Iterator[str]:
    try:
        documents = read_documents(path, data)
    except MalformedYaml:
        # Nobody can say where the values stand; kustomize does not quote what it cannot parse.
        return
    for document in documents:
        yield from _values_of(document.value(), 0)


def _values_of(value: Any, depth: int) -> Iterator[str]:
    """Secret values anywhere in a manifest or kustomization, inline patches included."""
    if depth > 50:
        return
    if isinstance(value, dict):
        if text_of(value.get("kind")) in ("Secret", "SecretGenerator"):
            for field in ("data", "stringData", "literals", "metadata"):
                here = value.get(field)
                here = here.get("annotations") if field == "metadata" and isinstance(here, dict) else here
                yield from _scalars(here, depth)
        for key, child in value.items():
            if key == "secretGenerator":
                yield from _scalars([g.get("literals") for g in _mappings(child)], depth)
            yield from _values_of(child, depth + 1)
    elif isinstance(value, list):
        for child in value:
            yield from _values_of(child, depth + 1)
    elif isinstance(value, str) and "\n" in value and "Secret" in value:
        yield from _values_in("patch", value.encode("utf-8", "surrogateescape"))


def _mappings(value: Any) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _scalars(value: Any, depth: int) -> Iterator[str]:
    if depth > 50:
        return
    if isinstance(value, dict | list):
        for child in value.values() if isinstance(value, dict) else value:
            yield from _scalars(child, depth + 1)
        return
    text = text_of(value)
    yield text
    name, equals, literal = text.partition("=")
    if equals and name:
        yield literal.strip("\"'")


def _spellings(values: Iterable[str]) -> set[str]:
    spellings: set[str] = set()
    for value in values:
        spellings.update((value, *value.splitlines()))
        spellings.add(base64.b64encode(value.encode("utf-8", "surrogateescape")).decode())
        try:
            plain = base64.b64decode("".join(value.split()), validate=True).decode()
        except (binascii.Error, ValueError):
            continue
        spellings.update((plain, *plain.splitlines()))
    return {stripped for spelling in spellings if len(stripped := spelling.strip()) >= _SHORTEST}
