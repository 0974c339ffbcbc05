"""Kustomizations written in odd ways: an edit does exactly what it says, or is refused."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitops.files.annotate import CannotAnnotate, annotate
from gitops.files.documents import read_documents
from gitops.files.errors import MalformedYaml
from gitops.files.spans import Edit, Span, apply_edits, split_lines
from gitops.kustomize.kustomization import Reference, read_kustomization
from gitops.kustomize.removal import CannotRemove, remove_entries

PATH = "kustomization.yaml"
PIECES = [
    "resources:",
    "- a.yaml",
    "  - b.yaml",
    "-",
    "  c.yaml",
    "- &x d.yaml",
    "- *x",
    "- 'e.yaml' # why",
    "- !!str f.yaml",
    "-   - nested",
    '- "two',
    '  lines"',
    "- plain of",
    "    two lines",
    "resources: &r [g.yaml, h.yaml]",
    "resources: &r",
    "resources: [a, b, # c",
    "  d]",
    "? resources",
    ": - i.yaml",
    "crds: *r",
    "# comment",
    "",
    "namePrefix: x-",
    "---",
    "{resources: [j.yaml, k.yaml], namePrefix: y}",
    "resources: {a: b}",
    "- ümlaut.yaml",
    "- |",
    "  block.yaml",
]
BREAKS = st.sampled_from(["\n", "\n", "\n", "\r\n", "\r", "\x85", "\u2028"])


@st.composite
def odd_files(draw: st.DrawFn) -> bytes:
    lines = draw(st.lists(st.sampled_from(PIECES), min_size=2, max_size=8))
    first = draw(st.sampled_from(["resources:", "resources: &r", "resources: [a.yaml, *x]", ""]))
    text = "".join(line + draw(BREAKS) for line in ([first] if first else []) + lines)
    encoding = draw(st.sampled_from(["utf-8", "utf-8", "utf-8", "utf-8-sig", "utf-16"]))
    return text.encode(encoding)


def parsed(data: bytes) -> Any:
    return [document.value() for document in read_documents(PATH, data)]


@given(odd_files(), st.data())
def test_an_edit_removes_the_entries_and_whole_lines_or_is_refused(before: bytes, data: st.DataObject) -> None:
    with contextlib.suppress(MalformedYaml, CannotRemove):
        found = [r for r in read_kustomization(PATH, before).references if r.field == "resources"]
        if not found:
            return
        chosen: list[Reference] = data.draw(st.lists(st.sampled_from(found), min_size=1, unique=True))
        edits = remove_entries(PATH, before, chosen)
        after = apply_edits(before, edits)
        gone = {reference.index for reference in chosen}
        (old,) = parsed(before)
        kept = [item for index, item in enumerate(old["resources"]) if index not in gone]
        assert parsed(after) == [{**old, "resources": kept}]
        touched = {line for edit in edits for line in range(edit.span.line, edit.span.end_line + 1)}
        untouched = [line for number, line in enumerate(split_lines(before), 1) if number not in touched]
        remaining = split_lines(after)
        assert [line for line in remaining if line in untouched][: len(untouched)] == untouched


@pytest.mark.parametrize(
    "text",
    [
        b"resources:\r- a.yaml\r- b.yaml\r",
        b"# one\xc2\x85\nresources:\n- a.yaml\n- b.yaml\n",
        b"# one\xe2\x80\xa8# two\nresources:\n- a.yaml\n- b.yaml\n",
        "resources:\n- a.yaml\n- b.yaml\n".encode("utf-16"),
        b"resources: &unused\n- a.yaml\n",
    ],
    ids=["cr", "nel", "ls", "utf-16", "anchor-on-an-emptied-list"],
)
def test_what_lines_cannot_express_is_refused(text: bytes) -> None:
    chosen = [r for r in read_kustomization(PATH, text).references if r.index == 0]
    with pytest.raises(CannotRemove):
        remove_entries(PATH, text, chosen)


def test_annotations_are_not_written_by_the_parsers_count_of_lines() -> None:
    with pytest.raises(CannotAnnotate):
        annotate("f", b"# a\xc2\x85b\nmetadata:\n  name: x\n", 3, {"k": "v"})


@given(st.binary(max_size=60), st.data())
def test_edits_change_their_lines_and_nothing_else(before: bytes, data: st.DataObject) -> None:
    lines = split_lines(before)
    assert b"".join(lines) == before
    chosen = data.draw(st.sets(st.integers(1, max(1, len(lines))), max_size=len(lines)))
    edits = [Edit(Span("f", line, line), "") for line in chosen if line <= len(lines)]
    kept = [line for number, line in enumerate(lines, 1) if number not in chosen]
    assert apply_edits(before, edits) == b"".join(kept)
