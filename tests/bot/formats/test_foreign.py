"""Other people's Markdown in a text of ours."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.formats.writing.foreign import quotation

PIECES = st.sampled_from(
    ["@all", "#12", "GH-7", "argoproj/argo-cd#5", "<!--", "-->", "</details>", "<img src=x>", "![x](y)", "```", "~~~",
     "&#64;all", "&commat;all", "&amp;#64;all", "&lt;b&gt;", "&NewLine;", "&#13;", "\n", "\r", "\r\n", " ", "\u2028",
     "https://github.com/argoproj/argo-cd/pull/9", "# Heading", "text", "\\", "@", "#", "1", "\x00", "\ud800"]
)  # fmt: skip


def seen(text: str, most: int = 10_000) -> str:
    return quotation(text, most)[0]


@given(st.lists(PIECES, max_size=30).map("".join))
def test_nothing_of_it_acts(text: str) -> None:
    shown = seen(text)
    assert all(line == ">" or line.startswith("> ") for line in re.split(r"[\n\r\x0b\x0c\x85\u2028\u2029]", shown))
    assert not re.search(r"@(?!\u200b)|#\d|\bGH-\d|<(?!\u200b)|-->|!\[|//github\.com/", shown, re.IGNORECASE)
    # Nothing is left for a reader of entities to bring back.
    assert not re.search(r"&(?:#\d+|#[xX][0-9a-fA-F]+|[A-Za-z][A-Za-z0-9]*);", shown)
    shown.encode()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("## What's new\r\n\r\n- **Fix** `a`", "> #### What's new\n>\n> - **Fix** `a`"),
        ("by @alice in #12", "> by @\u200balice in #\u200b12"),
        (
            "[x](https://github.com/a/b/pull/1?a=1&b=2)",
            "> [x](https://redirect.github.com/a/b/pull/1?a=1&b=2)",
        ),
        ("[x](https://docs.example/a?b=1&c=2)", "> [x](https://docs.example/a?b=1&c=2)"),
        ("https://api.github.com/x", "> https://api.github.com/x"),
    ],
)
def test_what_becomes_of_it(text: str, expected: str) -> None:
    assert seen(text) == expected


def test_it_is_cut_at_the_end_of_a_line() -> None:
    assert quotation("one\ntwo\nthree", 9) == ("> one\n> two", True)
    assert quotation("one\ntwo", 9) == ("> one\n> two", False)
    assert quotation("x" * 50, 9) == ("> " + "x" * 9, True)
