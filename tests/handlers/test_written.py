"""Which lines of a comment are commands, and how their arguments are read."""

from __future__ import annotations

import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.comments.registry import NotUnderstood, Understood, commands, understand
from handlers.comments.usage import BadArguments, Usage
from handlers.comments.written import written


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        ("/argofix check", ["check"]),
        ("/argofix", [""]),
        ("  /argofix check  \r\nfoo\r\n/argofix\thelp", ["check", "help"]),
        ("Thanks!\n/argofix check\n---\nAlice", ["check"]),
        ("/argofix check\n/argofix check", ["check"]),
        ("please /argofix check", []),
        ("/argofixcheck", []),
        ("`/argofix check`", []),
        ("> /argofix check", []),
        ("> quoted\n/argofix check", []),
        ("> quoted\n\n/argofix check", ["check"]),
        ("- item\n  /argofix check", []),
        ("    /argofix check", []),
        ("```\n/argofix check\n```", []),
        ("~~~sh\n/argofix check\n", []),
        ("a `code\n/argofix check\ncode` b", []),
        ("<!--\n/argofix check\n-->", []),
        ("text <!-- x\n/argofix check\n--> more", []),
        ("<!-- never closed\n\n/argofix check", []),
        ("<details><summary>x</summary>\n\n/argofix check\n\n</details>\n\n/argofix help", ["help"]),
        ("<blockquote>\n\n/argofix check\n\n</blockquote>", []),
        ("<!-- <details> -->\n\n/argofix check", ["check"]),
        ("a | b\n--- | ---\n/argofix check | x", []),
        ("# Title\n/argofix check", ["check"]),
        ("# /argofix check", []),
    ],
)
def test_what_is_a_command(body: str, wanted: list[str]) -> None:
    assert list(written(body)) == wanted


LINE = st.text(st.characters(blacklist_categories=("Cs", "Cc", "Zl", "Zp")), max_size=20)
WORD = st.text(st.characters(blacklist_categories=("Cs", "Cc", "Zs", "Zl", "Zp")), min_size=1, max_size=10)


@given(st.text())
def test_whatever_is_written_is_read(body: str) -> None:
    for line in written(body):
        assert "\n" not in line
        understand(line)


@given(st.lists(LINE), st.sampled_from(["> ", "    ", "* ", "1. "]))
def test_nothing_behind_a_mark_is_obeyed(lines: list[str], mark: str) -> None:
    assert written("\n\n".join(f"{mark}/argofix {line}" for line in lines)) == ()


@given(LINE.filter(lambda line: "`" not in line), st.lists(LINE.filter(lambda line: "`" not in line)))
def test_a_fence_hides_everything(info: str, lines: list[str]) -> None:
    inside = "\n".join(f"/argofix {line}" for line in lines)
    assert written(f"```{info}\n{inside}\n```\n/argofix help") == ("help",)


@given(st.lists(WORD.map(shlex.quote), max_size=5))
def test_every_line_of_its_own_paragraph_is_found_as_it_stands(words: list[str]) -> None:
    line = " ".join(["why", *words])
    if "`" not in line and "<" not in line:
        assert written(f"before\n\n/argofix {line}\n\nafter") == (line,)


@given(WORD, WORD, st.lists(WORD, min_size=1, max_size=4))
def test_quoted_words_arrive_as_they_were(rule: str, resource: str, reason: list[str]) -> None:
    found = understand("ignore " + " ".join(shlex.quote(word) for word in (rule, resource, *reason)))
    assert isinstance(found, Understood)
    values = [found.arguments[name] for name in ("RULE", "RESOURCE", "REASON")]
    assert values == [rule, resource, " ".join(reason)]


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        ([], {}),
        (["ownership"], {"ownership": "ownership"}),
        (["--keep", "a", "ownership"], {"ownership": "ownership", "--keep": "a"}),
        (["--keep=a b"], {"--keep": "a b"}),
        (["--keep"], "`--keep` needs a value"),
        (["--keep", "a", "--keep", "b"], "`--keep` is given twice"),
        (["--force"], "There is no option `--force`"),
        (["secrets"], "`secrets` is one argument too many"),
    ],
)
def test_usage(words: list[str], wanted: dict[str, str] | str) -> None:
    usage = Usage.parse("fix [ownership] [--keep APP]")
    if isinstance(wanted, dict):
        assert usage.read(words).values == wanted
    else:
        with pytest.raises(BadArguments, match=wanted):
            usage.read(words)


def test_a_usage_that_the_grammar_has_no_words_for_is_refused() -> None:
    with pytest.raises(ValueError, match="cannot read"):
        Usage.parse("fix [a|b]")


def test_unknown_ones_get_the_nearest() -> None:
    for command in commands():
        found = understand(command.name[:-1] + "x" if len(command.name) > 3 else command.name + "x")
        assert isinstance(found, NotUnderstood) and found.command is not None
    assert understand("zzzzzzzz") == NotUnderstood("There is no command `zzzzzzzz`", None, sure=False)
