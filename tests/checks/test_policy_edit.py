"""An `ignore` entry is one insertion: nothing else in the file changes, and it is read back as it was meant."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from checks.policy.edit import CannotEdit, add_ignore
from checks.policy.file import Ignore, parse_policy

FLOW = '{rule: "duplicate-owner", resource: "ConfigMap/shop/flags", reason: "both teams write it"}'
ENTRY = ("duplicate-owner", "ConfigMap/shop/flags", "both teams write it")
ADDED = "  - rule: duplicate-owner\n    resource: ConfigMap/shop/flags\n    reason: both teams write it\n"


def inserted(before: bytes, after: bytes) -> bytes:
    """What was put in, given that nothing else changed."""
    size = len(after) - len(before)
    for at in range(len(before) + 1):
        if after[:at] + after[at + size :] == before:
            return after[at : at + size]
    raise AssertionError((before, after))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (None, f"ignore:\n{ADDED}"),
        ("", f"ignore:\n{ADDED}"),
        ("# only a comment", f"# only a comment\nignore:\n{ADDED}".rstrip("\n")),
        ("instances:\n  a: [b]\n", f"instances:\n  a: [b]\nignore:\n{ADDED}"),
        ("instances:\n  a: [b]", f"instances:\n  a: [b]\nignore:\n{ADDED}".rstrip("\n")),
        ("ignore: # known\nargocd:\n  overlay: x\n", f"ignore: # known\n{ADDED}argocd:\n  overlay: x\n"),
        ("{}\n", f"{{ignore: [{FLOW}]}}\n"),
        ("ignore: []\n", f"ignore: [{FLOW}]\n"),
    ],
)
def test_where_it_goes(before: str | None, after: str) -> None:
    assert add_ignore(None if before is None else before.encode(), *ENTRY).decode() == after


BLOCK = "ignore:\n- rule: a\n  resource: B/c\n  reason: d # why\n# behind\nkustomize:\n  buildOptions: x\n"


def test_it_follows_the_list_that_is_there() -> None:
    after = add_ignore(BLOCK.encode(), *ENTRY).decode()
    assert after.split("# behind")[0].endswith(
        "  reason: d # why\n"
        "- rule: duplicate-owner\n  resource: ConfigMap/shop/flags\n  reason: both teams write it\n"
    )


def test_line_ends_stay() -> None:
    after = add_ignore(BLOCK.replace("\n", "\r\n").encode(), *ENTRY)
    assert after.count(b"\n") == after.count(b"\r\n")


@pytest.mark.parametrize(
    "before",
    [
        "a: [",
        "- a\n",
        "ignore: 3\n",
        "x: &a []\nignore: *a\n",
        "ignore: null\n",
        "\ufeff\x85",
        "a: 1\rb: 2\n",
    ],
)
def test_what_cannot_be_edited_is_left_alone(before: str) -> None:
    with pytest.raises(CannotEdit):
        add_ignore(before.encode(), *ENTRY)


TAILS = st.sampled_from(["", "# end\n", "\n\n", "---\nother: 1\n"])
HEADS = st.sampled_from(
    [
        "",
        "# head\n\n",
        "instances:\n    a:\n    - b\n",
        "secrets: {provided: [a/b, c]}\n",
        "kustomize:\n  buildOptions: |+\n    --enable-helm\n\n\n",
        "ownership:\n  keep:\n    'Namespace/*': é # ü\n",
    ]
)
LISTS = st.sampled_from(
    [
        "",
        "ignore: []\n",
        "ignore:\n",
        "ignore: [{rule: a, resource: b, reason: ü}, ] # x\n",
        "ignore: [\n  {rule: a, resource: b, reason: c}, # y\n]\n",
        "ignore:\n      - {rule: a, resource: b, reason: c}\n",
        "ignore:\n- rule: a\n  resource: b\n  reason: >\n    c\n    d\n",
        "ignore:\n  - reason: 'it''s'\n    rule: a\n    resource: b\n\n\n",
    ]
)


@pytest.mark.parametrize("data", [None, b"", b"ignore: []\n"])
@pytest.mark.parametrize("reason", ["", " ", "\x08\x85\x1b"])
def test_a_reason_that_nobody_can_read_is_refused(data: bytes | None, reason: str) -> None:
    with pytest.raises(CannotEdit, match="a reason that can be read"):
        add_ignore(data, "*", "Namespace/shop", reason)


@example("", "", "", False, "0", "\x08\x85\x1b")
@given(HEADS, LISTS, TAILS, st.booleans(), st.text(min_size=1), st.text(min_size=1))
def test_everything_else_stays_byte_for_byte(
    head: str, listed: str, tail: str, crlf: bool, resource: str, reason: str
) -> None:
    text = head + listed + tail
    before = (text.replace("\n", "\r\n") if crlf else text).encode()
    read = ["".join(c for c in each if c.isprintable() or c.isspace()) for each in (resource, reason)]
    wanted = [" ".join(each.split()) for each in read]
    try:
        after = add_ignore(before, "*", resource, reason)
    except CannotEdit:
        assert not all(wanted)
        return
    assert inserted(before, after)
    old, new = parse_policy(before), parse_policy(after)
    assert [replace(entry, line=0) for entry in new.ignore] == [
        *(replace(entry, line=0) for entry in old.ignore),
        Ignore("*", wanted[0], wanted[1], 0),
    ]
    assert (new.instances, new.build_options) == (old.instances, old.build_options)
