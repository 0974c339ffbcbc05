"""Who asked for what on the checklist's issue, and what the issue remembers."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.formats.doctor.boxes import (
    Requests,
    add_key,
    again_key,
    box,
    boxes_of,
    bump_key,
    fix_key,
    lines_of,
    requests_of,
    subject_of,
    with_ticks,
)
from bot.formats.doctor.memory import Answer, Memory, read_memory, text_digest
from handlers.proposals.pacing import A_DAY, BETWEEN, after_writing, due

NAMES = st.text(min_size=1, max_size=30)
KEYS = ("fix:a", "again:b", "add:spread", "bump:3.4.7", "rescan")
BODY = "".join(f"{box(key)} what {key} says\n" for key in KEYS)
WRITTEN = frozenset(one.digest for one in lines_of(BODY))
KEY = b"the App's own"
NOW = 1_800_000_000.0


@given(NAMES, st.booleans())
@settings(max_examples=50)
def test_a_box_is_found_again_by_its_key(name: str, ticked: bool) -> None:
    for key in (fix_key(name), again_key(name), add_key(name), bump_key(name)):
        body = f"{box(key)} text\nmore"
        body = with_ticks(body, [key]) if ticked else body
        assert boxes_of(body) == {key: ticked} == boxes_of(body.replace("\n", "\r\n"))
        assert subject_of(key) == name


def test_other_boxes_are_none_of_ours() -> None:
    assert (
        boxes_of("- [x] <!-- other:thing --> no box of ours\n> - [x] <!-- rescan -->\n  - [x] <!-- rescan -->") == {}
    )


class History:
    """An issue that people edit one after the other, and the requests of each edit."""

    def __init__(self) -> None:
        self.body = BODY
        self.requests: list[tuple[str, Requests]] = []

    def edit(self, who: str, body: str) -> None:
        self.requests.append((who, requests_of(body, self.body, WRITTEN)))
        self.body = body


EDIT = st.tuples(
    st.sampled_from(("writer", "triage")),
    st.sampled_from(("tick", "untick", "twice", "relabel", "title", "shuffle")),
    st.sampled_from(KEYS),
    st.sampled_from(KEYS),
)


@given(st.lists(EDIT, max_size=12))
@settings(max_examples=200)
def test_whoever_is_obeyed_ticked_that_very_line_of_ours(edits: list[tuple[str, str, str, str]]) -> None:
    history = History()
    ticked_by: dict[str, str] = {}  # for each line of ours that is ticked, who ticked it
    for who, what, key, other in edits:
        lines = history.body.splitlines()
        line, on = f"{box(key)} what {key} says", f"- [x] <!-- {key} --> what {key} says"
        if what == "tick":
            lines = [on if each == line else each for each in lines]
        elif what == "untick":
            lines = [line if each == on else each for each in lines]
        elif what == "twice":
            lines = [*lines, on]
        elif what == "relabel":  # the key of one box behind the words of another
            lines = [f"- [x] <!-- {key} --> what {other} says", *lines]
        elif what == "shuffle":
            lines = [each.replace("[x]", "[X]") for each in reversed(lines)]
        before = {each.line for each in lines_of(history.body) if each.ticked}
        history.edit(who, "\n".join(lines))
        after = {each.line for each in lines_of(history.body) if each.ticked}
        mine = {each.line: who for each in lines_of(history.body) if each.line in after - before}
        ticked_by = {each: ticked_by[each] if each in before else mine[each] for each in after}
        _, asked = history.requests[-1]
        for key_asked in asked.ours:
            # It says what we wrote behind that key, was empty before, and stands ticked by whoever made this edit.
            assert ticked_by[f"{box(key_asked)} what {key_asked} says"] == who
            assert f"{box(key_asked)} what {key_asked} says" not in before
        assert not set(asked.ours) & set(asked.foreign)


def test_an_edit_that_leaves_the_text_alone_asks_for_nothing() -> None:
    stands = with_ticks(BODY, ["fix:a"])
    assert requests_of(stands, None, WRITTEN).keys == ()
    assert requests_of(with_ticks(stands, ["rescan"]), stands, WRITTEN) == Requests(("rescan",), ())
    changed = BODY.replace("what fix:a says", "what add:spread says")
    assert requests_of(with_ticks(changed, ["fix:a"]), changed, WRITTEN) == Requests((), ("fix:a",))


MEMORY = Memory(
    "s", "t", ("l",), NOW, "2027-01-15", 3,
    {"rescan": Answer("done.", "x")}, {"fix:a": "alice"}, {"fix:b": NOW}, ("e",)
)  # fmt: skip


def test_what_is_remembered_is_ours_or_nothing() -> None:
    line = MEMORY.sealed(KEY, 7)
    assert read_memory(f"{BODY}\n{line}\n", KEY, 7) == MEMORY == read_memory(f"{BODY}\r\n{line}\r\n", KEY, 7)
    assert read_memory(line, KEY, 8) is None  # another repository's
    assert read_memory(line, b"another", 7) is None
    forged = replace(MEMORY, waiting={"fix:z": "alice"}).sealed(b"mallory", 7)
    assert read_memory(f"{line}\n{forged}", KEY, 7) == MEMORY
    assert text_digest(f"{BODY}\n{line}\n") == text_digest(with_ticks(BODY, KEYS)) != text_digest(f"{BODY}x")


@given(st.lists(st.floats(0, 4000), max_size=60))
@settings(max_examples=60)
def test_nobody_is_written_to_more_often_than_is_said(gaps: list[float]) -> None:
    memory, now = Memory(), NOW
    written: list[float] = []
    for gap in gaps:
        now += gap
        if due(memory, now) <= now:
            memory = after_writing(memory, now, asked=False)
            written.append(now)
    assert all(later - earlier >= BETWEEN for earlier, later in pairwise(written))
    for day in {int(each // 86400) for each in written}:
        assert sum(int(each // 86400) == day for each in written) <= A_DAY


def test_asking_costs_nobody_a_turn() -> None:
    memory = after_writing(Memory(), NOW, asked=True)
    assert due(memory, NOW) == NOW
    full = Memory(written=NOW - 5000, day="2027-01-15", count=A_DAY)
    assert due(full, NOW) == (NOW // 86400 + 1) * 86400


@pytest.mark.parametrize("written", [NOW + 1e9, float("inf")])
def test_a_time_that_is_still_to_come_holds_nothing_up_for_ever(written: float) -> None:
    assert due(Memory(written=written), NOW) <= NOW + BETWEEN
