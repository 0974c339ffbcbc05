"""Edits take out exactly what they should: properties over generated kustomizations, and the hand-made cases."""

from __future__ import annotations

import contextlib

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from gitops.files.annotate import CannotAnnotate, annotate
from gitops.files.errors import GitopsError, MalformedYaml
from gitops.files.spans import Edit, Span, apply_edits, split_lines
from gitops.kustomize.kustomization import Reference, read_kustomization
from gitops.kustomize.removal import CannotRemove, remove_entries

PATH = "kustomization.yaml"
NAMES = st.from_regex(r"[a-z][a-z0-9-]{0,8}\.yaml", fullmatch=True)
COMMENTS = st.sampled_from(["", " # own comment", "  # with: colon", " #"])
QUOTES = st.sampled_from(["{}", "'{}'", '"{}"'])


@st.composite
def block_files(draw: st.DrawFn) -> tuple[bytes, list[str]]:
    """A kustomization with a block list, and the names in it."""
    names = draw(st.lists(NAMES, min_size=1, max_size=6, unique=True))
    indent = draw(st.sampled_from(["", "  ", "    "]))
    lines = [draw(st.sampled_from(["# head", "kind: Kustomization", ""])), "resources:" + draw(COMMENTS)]
    for name in names:
        if draw(st.booleans()):
            lines.append(draw(st.sampled_from([f"{indent}# about the next", ""])))
        lines.append(f"{indent}-{draw(st.sampled_from([' ', '   ']))}{draw(QUOTES).format(name)}{draw(COMMENTS)}")
    if draw(st.booleans()):
        lines += ["namePrefix: x-  # tail", "# end"]
    end = draw(st.sampled_from(["\n", "\r\n"]))
    text = end.join(lines) + draw(st.sampled_from(["", end]))
    return (b"\xef\xbb\xbf" if draw(st.booleans()) else b"") + text.encode(), names


@st.composite
def flow_files(draw: st.DrawFn) -> tuple[bytes, list[str]]:
    names = draw(st.lists(NAMES, min_size=1, max_size=6, unique=True))
    comma = draw(st.sampled_from([", ", ",", " , ", ",\n  "]))
    inner = comma.join(draw(QUOTES).format(name) for name in names)
    space = draw(st.sampled_from(["", " ", "\n  "]))
    tail = draw(st.sampled_from(["", ","])) if space else ""
    text = f"# head\nresources: [{space}{inner}{tail}{space}] # after\nnamePrefix: x-\n"
    return (b"\xef\xbb\xbf" if draw(st.booleans()) else b"") + text.encode(), names


def references(data: bytes, indices: set[int]) -> list[Reference]:
    return [r for r in read_kustomization(PATH, data).references if r.field == "resources" and r.index in indices]


@given(st.one_of(block_files(), flow_files()), st.data())
def test_what_is_left_is_the_list_without_the_entries(file: tuple[bytes, list[str]], data: st.DataObject) -> None:
    before, names = file
    indices = data.draw(st.sets(st.integers(0, len(names) - 1), min_size=1))
    after = apply_edits(before, remove_entries(PATH, before, references(before, indices)))
    parsed = yaml.safe_load(after.decode("utf-8-sig"))
    assert parsed["resources"] == [name for i, name in enumerate(names) if i not in indices]
    old = yaml.safe_load(before.decode("utf-8-sig"))
    assert {k: v for k, v in parsed.items() if k != "resources"} == {k: v for k, v in old.items() if k != "resources"}


@given(block_files(), st.data())
def test_every_other_line_of_a_block_list_stays_byte_for_byte(
    file: tuple[bytes, list[str]], data: st.DataObject
) -> None:
    before, names = file
    indices = data.draw(st.sets(st.integers(0, len(names) - 1), min_size=1, max_size=max(1, len(names) - 1)))
    chosen = references(before, indices)
    after = apply_edits(before, remove_entries(PATH, before, chosen))
    gone = {reference.span.line for reference in chosen}
    kept = [line for number, line in enumerate(split_lines(before), 1) if number not in gone]
    if len(indices) == len(names):
        kept = [line.replace(b"resources:", b"resources: []") for line in kept]
    assert after == b"".join(kept)


@pytest.mark.parametrize(
    ("before", "indices", "after"),
    [
        (b"resources:\n-\n  a.yaml\n- b.yaml\n", {0}, b"resources:\n- b.yaml\n"),
        (b"resources:\n- &x a.yaml\n- b.yaml\n", {0}, b"resources:\n- b.yaml\n"),
        (b"resources: [&a a.yaml, b]\n", {0}, b"resources: [b]\n"),
        (b"resources: [a, &b b]\n", {0}, b"resources: [&b b]\n"),
        (b"resources: [\n  a.yaml,\n  b.yaml,\n]\n", {1}, b"resources: [\n  a.yaml,\n]\n"),
        (b"resources:\n- a.yaml", {0}, b"resources: []\n"),
    ],
)
def test_spellings(before: bytes, indices: set[int], after: bytes) -> None:
    assert apply_edits(before, remove_entries(PATH, before, references(before, indices))) == after


@pytest.mark.parametrize(
    "text",
    [
        b"resources:\n- &x a.yaml\n- b.yaml\ncrds: [*x]\n",
        b"resources: &r\n- a.yaml\n- b.yaml\ncrds: *r\n",
        b"x: &q a.yaml\nresources:\n- *q\n- b.yaml\n",
        b"resources: [a.yaml, # why\n  b.yaml]\n",
    ],
)
def test_what_an_edit_would_break_is_refused(text: bytes) -> None:
    with pytest.raises(CannotRemove):
        remove_entries(PATH, text, references(text, {0}))


def test_edits_that_overlap_are_refused() -> None:
    span = Span("f", 1, 2)
    with pytest.raises(GitopsError):
        apply_edits(b"a\nb\nc\n", [Edit(span, ""), Edit(Span("f", 2, 3), "")])
    with pytest.raises(GitopsError):
        apply_edits(b"a\n", [Edit(span, "")])


@given(st.binary(max_size=200))
def test_reading_arbitrary_bytes_never_ends_in_another_error(data: bytes) -> None:
    with contextlib.suppress(MalformedYaml):
        read_kustomization(PATH, data)


@given(st.text(alphabet="ab:-[]{}&*!|>'\"#%@`\n \t,?0~", max_size=60))
def test_reading_arbitrary_yaml_never_ends_in_another_error(text: str) -> None:
    with contextlib.suppress(MalformedYaml):
        read_kustomization(PATH, text.encode())


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("kind: X\nmetadata:\n  name: a\n", 'kind: X\nmetadata:\n  annotations:\n    k: "v"\n  name: a\n'),
        (
            "metadata:\r\n    annotations:\r\n        z: 1\r\n",
            'metadata:\r\n    annotations:\r\n        k: "v"\r\n        z: 1\r\n',
        ),
        ("metadata:\n  annotations:\n    k: old # why\n", 'metadata:\n  annotations:\n    k: "v"\n'),
        ('metadata:\n  annotations:\n    k: "v"\n', 'metadata:\n  annotations:\n    k: "v"\n'),
        ("metadata:\n  annotations: {}\n  name: a\n", 'metadata:\n  annotations:\n    k: "v"\n  name: a\n'),
    ],
)
def test_annotations_are_added_line_by_line(before: str, after: str) -> None:
    data = before.encode()
    assert apply_edits(data, annotate("f", data, 1, {"k": "v"})) == after.encode()


@pytest.mark.parametrize(
    "text",
    [
        "metadata: {name: a}\n",
        "kind: X\n",
        "metadata:\n  annotations: {a: b}\n",
        "metadata:\n  annotations: {} # none\n",
    ],
)
def test_annotations_that_do_not_fit_are_refused(text: str) -> None:
    with pytest.raises(CannotAnnotate):
        annotate("f", text.encode(), 1, {"k": "v"})
