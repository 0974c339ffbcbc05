"""What the sources of an Application say, however it is written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from gitops.applications.application import Source
from gitops.files.documents import read_documents
from gitops.files.errors import GitopsError


def say_the_same(before: Iterable[Source], after: Iterable[Source]) -> bool:
    """Whether a comment or the layout of a chart's `values` is all that differs."""
    return [_meant(each) for each in before] == [_meant(each) for each in after]


def with_values_read(block: Mapping[str, Any]) -> Mapping[str, Any]:
    """A `helm` block with what the text of its `values` says in the place of the text."""
    text = block.get("values")
    if not isinstance(text, str):
        return block
    try:
        documents = read_documents("values", text.encode("utf-8", "surrogateescape"))
        value = documents[0].value() if len(documents) == 1 else None
    except GitopsError:
        return block
    return {**block, "values": value} if isinstance(value, dict) else block


def _meant(source: Source) -> Source:
    return replace(source, helm=with_values_read(source.helm)) if source.helm else source
