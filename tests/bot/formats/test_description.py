"""What people write into our pull requests stays, and what is ours is kept up."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.formats.description import Described, merged, same, visible, written
from bot.formats.github.marks import CLOSED, closed_by_us, read_state, state_mark

OPENING = "<!-- argofix:fix:a--b -->"


def text(number: int) -> str:
    """What we would write at the commit of that number."""
    rows = "\n".join(f"| row {n} | of {number} |" for n in range(3))
    parts = (OPENING, f"Takes it out of `b`, {number}.", rows, "<sub>End.</sub>", state_mark("a" * 12, sha(number)))
    return "\n\n".join(parts)


def sha(number: int) -> str:
    return f"{number:040x}"


def update(number: int, title: str, body: str) -> Described:
    return merged(f"Title {number}", text(number), shown_title=title, shown_body=body)


def test_what_nobody_touched_is_replaced_as_a_whole() -> None:
    first = written("Title 1", text(1))
    second = update(2, first.title, first.body)
    assert second == written("Title 2", text(2))
    # GitHub's pages change line ends, and GitHub itself trims.
    assert same(
        update(3, second.title, second.body.replace("\n", "\r\n") + "\r\n\r\n").body, written("Title 3", text(3)).body
    )


def test_words_before_and_after_stay_byte_for_byte_and_ours_between_are_kept_up() -> None:
    first = written("Title 1", text(1))
    edited = f"cc @platform\r\n\r\n{first.body}\r\n\r\nTicket: OPS-1  \r\n"
    second = update(2, first.title, edited)
    assert second.body == f"cc @platform\r\n\r\n{written('Title 2', text(2)).body}\r\n\r\nTicket: OPS-1  \r\n"
    assert (second.title, second.left) == ("Title 2", False)


def test_words_within_stay_and_the_commit_is_still_known() -> None:
    first = written("Title 1", text(1))
    edited = first.body.replace("| row 1 | of 1 |", "| row 1 | looked at by me |")
    assert update(1, first.title, edited).left is False  # nothing of ours has changed
    second = update(2, first.title, edited)
    assert (second.title, second.left) == ("Title 2", True)
    assert visible(second.body) == visible(edited)
    assert read_state(second.body) == ("a" * 12, sha(2))
    assert second.body.startswith(OPENING)
    assert update(2, second.title, second.body).body == second.body


def test_a_title_of_a_person_stays_while_the_text_moves_on() -> None:
    first = written("Title 1", text(1))
    for number in (2, 3):
        first = update(number, "Mine", first.body)
        assert (first.title, first.left) == ("Mine", False)
        assert f"Takes it out of `b`, {number}." in first.body
    # Whoever gives it back gets ours again.
    assert update(5, update(4, "Title 4", first.body).title, update(4, "Title 4", first.body).body).title == "Title 5"


@pytest.mark.parametrize("body", ["", "Mine alone.", f"Mine.\r\n\r\n{state_mark('b' * 12, sha(9))}"])
def test_a_body_that_was_rewritten_is_a_persons(body: str) -> None:
    second = update(2, "Title 1", body)
    assert visible(second.body).strip() == visible(body).strip()
    assert second.left
    assert read_state(second.body) == ("a" * 12, sha(2))
    third = update(3, second.title, second.body)
    assert (visible(third.body).strip(), read_state(third.body)) == (visible(body).strip(), ("a" * 12, sha(3)))


def test_what_would_be_too_long_together_leaves_the_persons_words() -> None:
    first = written("Title 1", text(1))
    long = "x" * 64_900
    second = update(2, first.title, f"{long}\n{first.body}")
    assert second.body.startswith(long) and second.left
    assert read_state(second.body) == ("a" * 12, sha(2))


def test_closing_is_remembered_behind_all_of_it() -> None:
    first = written("Title 1", text(1))
    assert closed_by_us(f"{first.body}\n\n{CLOSED}")
    assert closed_by_us(update(2, "Title 1", f"{first.body}\n\n{CLOSED}").body)


# Named by what a person does; each leaves a word of its own, by which it is looked for.
EDITS = st.sampled_from(
    ["append", "prepend", "within", "cut", "rewrite", "no marks", "title", "crlf", "trim", "ours"]
)


@settings(max_examples=200, deadline=None)
@given(st.lists(EDITS, max_size=12), st.randoms(use_true_random=False))
def test_no_order_of_edits_and_updates_loses_a_persons_words(steps: list[str], random: object) -> None:
    pick = getattr(random, "randrange")  # noqa: B009 - hypothesis' own Random
    shown, number, words, title = written("Title 1", text(1)), 1, set[str](), ""
    for turn, step in enumerate([*steps, "ours", "ours"]):
        body, word = shown.body, f"word{turn}x"
        if step == "ours":
            number += 1
            shown = update(number, shown.title, body)
            assert read_state(shown.body) == ("a" * 12, sha(number))
            # Without its mark nobody knows whose the title is, so it stays.
            assert shown.title == title if title else shown.title.startswith("Title ")
            assert len(re.findall("<!-- argofix:wrote:[0-9a-f:]{25} -->", shown.body)) == 1
            if not words and not set(steps) & {"cut", "rewrite", "no marks"}:
                assert visible(shown.body).strip() == visible(text(number)).strip()
            continue
        if step == "append":
            body = f"{body}\n{word}"
        elif step == "prepend":
            body = f"{word}\n\n{body}"
        elif step == "within":
            at = pick(len(body) + 1)
            body = f"{body[:at]}\n{word}\n{body[at:]}"
        elif step == "cut":
            lines = body.split("\n")
            lines.pop(pick(len(lines)))
            body = "\n".join([*lines, word])
        elif step == "rewrite":
            body = word
        elif step == "no marks":
            body = f"{visible(body)}\n{word}"
        elif step == "crlf":
            body, word = re.sub(r"\r?\n", "\r\n", body), ""
        elif step == "trim":
            body, word = body.strip(), ""
        elif step == "title":
            title, word = f"Mine {turn}", ""
        # The person may have cut one in two.
        words = {each for each in words | {word} if each and each in body}
        shown = Described(title or shown.title, body)
        if step == "title":
            shown = Described(title, body)
    assert all(word in shown.body for word in words)
