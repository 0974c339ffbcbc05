"""Single values are put, appended and taken out, and every other byte stays, or it is refused."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from gitops.files.documents import read_documents
from gitops.files.editing import CannotEdit, Operation, append, applied, edit, put, remove
from gitops.files.spans import apply_edits

LONG = "x" * 70
WIDE: Any = {"a": LONG, "d": ["e"]}
BLOCK = f"a: {LONG}\n    d:\n"


def edited(text: str, *operations: Operation) -> str:
    data = text.encode()
    return apply_edits(data, edit("a.yaml", data, 0, operations)).decode()


@pytest.mark.parametrize(
    ("before", "operations", "after"),
    [
        ("a: 1  # why\nb: 2\n", [put(["a"], 3)], "a: 3  # why\nb: 2\n"),
        ("a: 'x'\n", [put(["a"], "it's")], "a: 'it''s'\n"),
        ("a: b\n", [put(["a"], "true")], 'a: "true"\n'),
        ("a: b", [put(["c", "d.e"], "f")], "a: b\nc:\n  d.e: f\n"),
        ("a:\n  b: c\n# end\nz: 1\n", [put(["a", "d"], True)], "a:\n  b: c\n  d: true\n# end\nz: 1\n"),
        ("a: {}\n", [put(["a", "b"], "c")], "a:\n  b: c\n"),
        ("a:\nz: 1\n", [put(["a", "b"], "c")], "a:\n  b: c\nz: 1\n"),
        ("a: {b: c}\n", [put(["a", "d"], "e")], "a: {b: c, d: e}\n"),
        ("a: [x, y]\n", [append(["a"], "z"), remove(["a", 0])], "a: [y, z]\n"),
        ("a: [x, y]\n", [remove(["a", 1])], "a: [x]\n"),
        ("a:\n- x\n- y # why\n", [append(["a"], "--z=1")], "a:\n- x\n- y # why\n- --z=1\n"),
        ("a:\n  - x\n  - y\n  - z\n", [remove(["a", 1]), remove(["a", 0])], "a:\n  - z\n"),
        ("a:\n  - {name: x, v: 1}\n", [put(["a", 0, "v"], 2)], "a:\n  - {name: x, v: 2}\n"),
        ('{"a": ["x"]}', [append(["a"], "y")], '{"a": ["x", "y"]}'),
        ("a: b\r\n", [put(["c"], "d")], "a: b\r\nc: d\r\n"),
        ("a: b\n", [append(["c", "d"], "e")], "a: b\nc:\n  d:\n  - e\n"),
        ("a: []\n", [append(["a"], "e")], "a: [e]\n"),
        ("a: {b: {}, c: d}\n", [put(["a", "b", "e"], "f")], "a: {b: {e: f}, c: d}\n"),
        # More lines of a block, whatever its indentation and its end.
        ("a: |\n  x\n   y\nz: 1\n", [put(["a"], "x\n y\nw\n")], "a: |\n  x\n   y\n  w\nz: 1\n"),
        ("a: |-\n    x\n\nz: 1\n", [put(["a"], "x\nv\nw")], "a: |-\n    x\n    v\n    w\n\nz: 1\n"),
        ("a:\n  b: |  # why\n\n    x\n", [put(["a", "b"], "\nx\nw\n")], "a:\n  b: |  # why\n\n    x\n    w\n"),
        # What is too wide for a line is a block, and stands as the lists of the file do.
        ("a: []  # why\nz: 1\n", [append(["a"], WIDE)], f"a:  # why\n  - {BLOCK}      - e\nz: 1\n"),
        ("z:\n- 1\n", [append(["a", "b"], WIDE)], f"z:\n- 1\na:\n  b:\n  - {BLOCK}    - e\n"),
        ("z:\n  - 1\n", [append(["z"], WIDE)], f"z:\n  - 1\n  - {BLOCK}      - e\n"),
        ("z: {y: []}\n", [append(["z", "y"], WIDE)], f"z: {{y: [{{a: {LONG}, d: [e]}}]}}\n"),
    ],
)
def test_one_thing_changes(before: str, operations: list[Operation], after: str) -> None:
    assert edited(before, *operations) == after


@pytest.mark.parametrize(
    ("text", "operation"),
    [
        ("a: &x {b: c}\nd: *x\n", put(["d", "b"], "e")),  # an alias: it would change a too
        ("a: |\n  text\n", put(["a"], "b")),
        ("a: b\n", put(["a", "c"], "d")),
        ("a: b\n", remove(["c"])),
        ("a: b\n", append(["a"], "c")),
        ("a:\n  - x\n", remove(["a", 0])),  # nothing would be left of the list
        ("a: b\x85c: d\n", put(["a"], "e")),
        ("a: [\n", put(["a"], "e")),
    ],
)
def test_what_lines_cannot_say_is_refused(text: str, operation: Operation) -> None:
    with pytest.raises(CannotEdit):
        edited(text, operation)


_SCALARS = (
    st.sampled_from(["a", "b c", "true", "1", "--x=y", "", "é: #", "null", 'q"', "it's"])
    | st.booleans()
    | st.integers(0, 9)
)
_KEYS = st.sampled_from(["a", "b.c", "d/e", "x y"])
_VALUES = st.recursive(
    _SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS, inner, max_size=3), max_leaves=8
)


@settings(max_examples=60)
@given(
    st.dictionaries(_KEYS, _VALUES, min_size=1, max_size=4),
    st.lists(_KEYS | st.integers(0, 2), min_size=1, max_size=3),
    _SCALARS,
    st.sampled_from([put, append, remove]),
    st.sampled_from([None, True, False]),
    st.sampled_from(["\n", "\r\n"]),
)
def test_an_edited_document_says_exactly_that_or_is_refused(
    value: dict[str, Any], route: list[str | int], new: Any, make: Any, flow: bool | None, end: str
) -> None:
    text = yaml.safe_dump(value, default_flow_style=flow, sort_keys=False, allow_unicode=True)
    data = f"# first\n{text}---\nother: 1\n".replace("\n", end).encode()
    operation = remove(route) if make is remove else make(route, new)
    try:
        edits = edit("a.yaml", data, 0, [operation])
    except CannotEdit:
        return
    before, after = (read_documents("a.yaml", each) for each in (data, apply_edits(data, edits)))
    assert after[0].value() == applied(before[0].value(), [operation])
    assert len(after) == 2 and after[1].value() == {"other": 1}
    touched = {line for one in edits for line in range(one.span.line, one.span.end_line + 1)}
    assert 1 not in touched  # the comment
