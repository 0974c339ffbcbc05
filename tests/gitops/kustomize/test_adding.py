"""Items come to the lists of a kustomization, and nothing else of it changes."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gitops.files.documents import read_documents
from gitops.files.spans import apply_edits, edits_between
from gitops.kustomize.adding import Addition, CannotAdd, add_items

FILE = Addition("resources", "new.yaml")
PATCH = Addition("patches", "target:\n  kind: Deployment\npatch: |-\n  - op: add\n    path: /a/-\n    value: b")


def added(text: str, *additions: Addition) -> str:
    return apply_edits(text.encode(), add_items("k.yaml", text.encode(), additions)).decode()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("resources:\n- a.yaml\n", "resources:\n- a.yaml\n- new.yaml\n"),
        (
            "resources:\n  - a.yaml  # why\nnamespace: x\n",
            "resources:\n  - a.yaml  # why\n  - new.yaml\nnamespace: x\n",
        ),
        ("namespace: x", "namespace: x\nresources:\n- new.yaml\n"),
        ("resources: [a.yaml]  # all\nnamespace: x\n", "resources: [a.yaml, new.yaml]  # all\nnamespace: x\n"),
        ("resources: []\n", "resources: [new.yaml]\n"),
        ("resources:\r\n- a.yaml\r\n", "resources:\r\n- a.yaml\r\n- new.yaml\r\n"),
    ],
)
def test_an_item_comes_to_its_list(before: str, after: str) -> None:
    assert added(before, FILE) == after


def test_several_lists_may_end_on_the_last_line() -> None:
    """And a new one stands as the others do."""
    assert added("namespace: x\nresources:\n  - a.yaml\n", PATCH, FILE) == (
        "namespace: x\nresources:\n  - a.yaml\n  - new.yaml\n"
        "patches:\n  - target:\n      kind: Deployment\n    patch: |-\n"
        "      - op: add\n        path: /a/-\n        value: b\n"
    )


@pytest.mark.parametrize(
    "text",
    [
        "{resources: [a.yaml]}\n",
        "resources: a.yaml\n",
        "resources: [a.yaml,]\n",
        "resources: [a.yaml,\n  b.yaml\n  ]\n",
        "resources:\n",
        "a: 1\n---\nb: 2\n",
        "resources: &r\n- a.yaml\ncomponents: *r\n",
        "",
    ],
)
def test_what_cannot_take_a_line_is_refused_or_right(text: str) -> None:
    try:
        after = added(text, FILE)
    except CannotAdd:
        return
    (document,) = read_documents("k.yaml", after.encode())
    assert document.value()["resources"][-1] == "new.yaml" and after.startswith(text.rstrip("\n")[:10])


@given(st.lists(st.sampled_from("abcd"), max_size=8), st.lists(st.sampled_from("abcd"), max_size=8), st.booleans())
@settings(max_examples=60)
def test_edits_between_two_contents_make_the_one_the_other(old: list[str], new: list[str], ends: bool) -> None:
    one, other = ("\n".join(lines) + ("\n" if ends and lines else "") for lines in (old, new))
    assert apply_edits(one.encode(), edits_between("f", one.encode(), other.encode())) == other.encode()
