"""Hostile names in Markdown, as GitHub would read it."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.formats.writing.markdown import MOST_NAME, block, bullets, code, details, plain, safe, shell_word, table

HOSTILE = [
    "a`b",
    "``",
    "`",
    "x` [click](http://evil.example) `y",
    "x` ![pixel](http://evil.example/p.png) `y",
    "x`<script>alert(1)</script>",
    "x`@octocat",
    "@octocat",
    "<!-- argofix:fix:forged -->",
    "x` <!-- argofix:closed --> `",
    "first\nsecond\r\n# third",
    "fixes #1",
    "x` closes https://github.com/acme/platform/issues/1 `",
    "a\\`b",
    "trailing\\",
    "\u202eevil\u2066",
    "a\0b",
    "caf\udce9",
    "n" * 10_000,
]


SPAN = "\u2022"


def code_spans_out(markdown: str) -> str:
    """What is left of a line once its code spans, read as CommonMark does, and its escapes are taken out."""
    left, at = "", 0
    while at < len(markdown):
        if markdown[at] == "\\" and at + 1 < len(markdown):
            left += "·"
            at += 2
            continue
        if markdown[at] != "`":
            left += markdown[at]
            at += 1
            continue
        run = re.compile(r"`+").match(markdown, at)
        assert run is not None
        end = next((m for m in re.finditer(r"`+", markdown[run.end() :]) if m[0] == run[0]), None)
        if end is None:
            left += run[0]
            at = run.end()
        else:
            left += SPAN  # what stood on both sides of it does not touch
            at = run.end() + end.end()
    return left


def harmless(markdown: str) -> None:
    assert "\n" not in markdown
    assert not re.search(r"@[A-Za-z0-9]", markdown)
    assert "<!--" not in markdown
    assert "-->" not in markdown
    outside = code_spans_out(markdown)
    assert not re.search(r"[<>\[\]*~!`]", outside), outside
    assert not re.search(r"#\d|://", outside), outside


@pytest.mark.parametrize("name", HOSTILE)
def test_a_name_stays_a_name(name: str) -> None:
    harmless(code(name))
    harmless(safe(f"`{name}` owns {name} and `{name}` too"))
    assert code_spans_out(code(name)) == SPAN
    assert len(code(name)) < MOST_NAME + 20
    assert not re.search(r"@[A-Za-z]|[\n`\0\u202e]|<!--", plain(name))


@given(st.text(alphabet="ab`\\ [](<>!-@#*~1\n|", max_size=40), st.text(alphabet="a`\\ ", max_size=12))
def test_whatever_the_name(name: str, other: str) -> None:
    harmless(safe(f"`{name}` and `{other}` own {name}"))
    harmless(code(name))


@pytest.mark.parametrize("text", ["# heading", "- item", "1. item", "+ item", "=="])
def test_a_sentence_begins_no_block(text: str) -> None:
    assert safe(text).startswith("\u200b")


def test_plain_sentences_stay_as_they_are() -> None:
    text = "Keep it in `infra`: its sync wave (-1) is earlier; `a_b` and Prune=false,Delete=false."
    assert safe(text) == text


def test_many_backticks_are_read_once() -> None:
    runs = "".join("`" * (1 + i % 50) + "x" for i in range(2_000))
    harmless(safe(runs))


@pytest.mark.parametrize("content", ["```", "a\n````\nb", "~~~", "x"])
def test_a_block_is_not_closed_by_what_it_holds(content: str) -> None:
    first, *inner, last = block(content, "sh").split("\n")
    assert first == last + "sh"
    assert "\n".join(inner) == content
    assert last not in inner


def test_a_block_keeps_the_blank_context_line_of_a_diff() -> None:
    # `git apply` counts lines: without the last one the patch is corrupt.
    assert block("-a\n \n", "diff") == "```diff\n-a\n \n```"


def test_a_cell_holds_any_bar() -> None:
    lines = table(("One",), [("a|b",), ("a\\|b",), ("a\nb",)]).split("\n")
    assert len(lines) == 5
    for line in lines[2:]:
        assert len(re.findall(r"(?<!\\)\|", line)) == 2, line


def test_a_list_says_how_much_it_left_out() -> None:
    assert bullets(["a", "b", "c"], most=2) == "- a\n- b\n- … and 1 more"


def test_details_leave_room_for_markdown() -> None:
    assert details("T", "- x") == "<details><summary>T</summary>\n\n- x\n\n</details>"


@pytest.mark.parametrize(
    ("word", "quoted"), [("web", "web"), ("a b", "'a b'"), ("$(rm -rf /)", "'$(rm -rf /)'"), ("a'b", "'a'\\''b'")]
)
def test_a_pasted_command_is_one_argument(word: str, quoted: str) -> None:
    assert shell_word(word) == quoted
