"""One field of a manifest is set, and nothing else changes."""

from __future__ import annotations

import pytest

from gitops.files.settings import CannotSet, set_field
from gitops.files.spans import apply_edits
from tests.scenarios import text

ROUTE = ("spec", "policy", "keep")


def changed(source: str, line: int = 1) -> str:
    data = text(source).encode()
    return apply_edits(data, set_field("a.yaml", data, line, ROUTE, "true")).decode()


@pytest.mark.parametrize(
    ("source", "wanted"),
    [
        ("spec:\n  a: b\n", "spec:\n  policy:\n    keep: true\n  a: b\n"),
        ("spec:\n    policy:\n        other: x\n", "spec:\n    policy:\n        keep: true\n        other: x\n"),
        (
            "spec:\n  policy:\n    keep: false  # why\n    other: x\n",
            "spec:\n  policy:\n    keep: true\n    other: x\n",
        ),
        ("kind: A\nspec:\n  # first\n  a: b\n", "kind: A\nspec:\n  # first\n  policy:\n    keep: true\n  a: b\n"),
        ("spec:\r\n  a: b\r\n", "spec:\r\n  policy:\r\n    keep: true\r\n  a: b\r\n"),
    ],
)
def test_a_field_is_set(source: str, wanted: str) -> None:
    data = source.encode()
    assert apply_edits(data, set_field("a.yaml", data, 1, ROUTE, "true")).decode() == wanted


def test_only_in_the_document_that_is_meant() -> None:
    assert changed("spec:\n  a: b\n---\nspec:\n  a: b\n", 4) == (
        "spec:\n  a: b\n---\nspec:\n  policy:\n    keep: true\n  a: b\n"
    )


@pytest.mark.parametrize("source", ["{spec: {a: b}}\n", "spec: {a: b}\n", "spec:\n  policy: {a: b}\n", "a\n"])
def test_what_is_not_written_in_lines_is_refused(source: str) -> None:
    with pytest.raises(CannotSet):
        changed(source)
