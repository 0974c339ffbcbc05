"""What cannot be seen is shown by its number, wherever text of a repository is shown."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.formats.changes import html as changes_html
from bot.formats.changes import json as changes_json
from bot.formats.changes import markdown as changes_markdown
from bot.formats.changes import text as changes_text
from bot.formats.doctor import text as doctor_text
from bot.formats.github import check_run
from bot.formats.order import comment as order_comment
from bot.formats.order import json as order_json
from bot.formats.order import text as order_text
from bot.formats.reports import concise, html, sarif, text, workflow
from bot.formats.reports import json as report_json
from bot.formats.writing import lines, markdown
from bot.formats.writing.visible import dumped, visible
from checks.judgement.evaluation import Evaluation
from checks.policy.file import Policy
from tests.checks.changes.stage import changes
from tests.gitops.facts.deletions.stage import app, obj

KINDS = {
    "control": "\x07",
    "escape": "\x1b[2K",
    "delete": "\x7f",
    "next line": "\x85",
    "bidirectional": "\u202e",
    "isolate": "\u2066",
    "mark": "\u200f",
    "zero width": "\u200b",
    "joiner": "\u2060",
    "order mark": "\ufeff",
    "soft hyphen": "\xad",
    "line separator": "\u2028",
    "no-break": "\xa0",
    "blank": "\u3000",
    "filler": "\u3164",
    "braille": "\u2800",
    "tag": "\U000e0041",
    "variant": "\ufe0f",
    "grapheme": "\u034f",
}
ODD = "".join(KINDS.values())
WRITTEN = ODD.replace(KINDS["delete"], "").replace(KINDS["tag"], "")  # what JSON writes as YAML reads it
names = st.text(alphabet=st.one_of(st.sampled_from(ODD + "ab`@#1\\<!-\n\t"), st.characters()), max_size=30)


def unseen(shown: str, keep: str = "\n") -> list[str]:
    """Characters of a text that nobody sees, by their categories and not by ours."""
    hidden = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")
    return [
        char
        for char in shown
        if char not in keep and (unicodedata.category(char) in hidden or char in "\xa0\u3000\u3164\u2800\ufe0f\u034f")
    ]


@pytest.mark.parametrize("sign", KINDS.values(), ids=list(KINDS))
def test_two_texts_that_differ_by_what_cannot_be_seen_are_shown_differently(sign: str) -> None:
    shown = visible(f"a{sign}b")
    assert not unseen(shown) and shown != "ab" and shown.startswith("a\\")
    assert visible(shown) == shown
    for of in (markdown.code, markdown.safe, markdown.plain, markdown.folded, markdown.block, lines.plain):
        assert of(f"a{sign}b") != of("ab") != of("a b")
    assert json.loads(dumped({"a": f"a{sign}b"})) == {"a": f"a{sign}b"}
    assert not unseen(dumped([f"a{sign}b"]))


@given(names)
@settings(max_examples=60, derandomize=True, deadline=None)
def test_nothing_unseen_is_in_a_name_a_sentence_or_a_block(name: str) -> None:
    of: tuple[Callable[[str], str], ...] = (markdown.code, markdown.safe, markdown.plain, markdown.folded)
    for each in of:
        shown = each(f"x{name}y")
        # The gaps of our own follow a sign that would act without them.
        assert not unseen(
            re.sub(r"(?<=[@#:<!\-])\u200b|^\u200b|\\?\u200b(?=\|)", "", re.sub(r"(?i)(?<=GH-)\u200b", "", shown))
        )
    assert not unseen(markdown.block(name), keep="\n\t")
    assert not unseen(lines.plain(name), keep="")
    assert "\n" not in lines.plain(name)


def test_a_separator_breaks_no_line() -> None:
    assert lines.wrapped("a\u2028b\x85c\nd", 80, 0) == [(("a\\u2028b\\x85c", ""),), (("d", ""),)]


def test_what_people_write_on_purpose_stays() -> None:
    for written in (
        "caf\xe9, \u4e2d\u6587, \u0440\u0443\u0441",
        "\u26a0\ufe0f down",
        "\U0001f469\u200d\U0001f4bb",
        "a\u0301",
    ):
        assert visible(written) == written
    assert markdown.block("a\r\n\tb") == "```\na\n\tb\n```"
    assert visible("caf\udce9") == "caf\\xe9"


@pytest.fixture(scope="module")
def difference() -> Iterator[dict[str, str]]:
    """A name, a value, a path and an Application with all of it, in every format of `argofix diff`."""
    evil = WRITTEN + "```@octocat #1 ![x](y) <img src=x>"
    said: dict[str, Any] = {"data": {"one": f"a{evil}", f"key{WRITTEN}": "b", "text": f"first\nsec{evil}ond\nthird"}}
    files = {
        "argocd/root.yaml": app("root", "argocd", namespace="argocd"),
        "argocd/a.yaml": app(f"a{WRITTEN}", "apps/a", namespace="a"),
        f"apps/a/x{ODD}.yaml": obj("ConfigMap", f"m{WRITTEN}", **said),
        "apps/a/z.yaml": obj("ConfigMap", "changes", data={"a": "b", "c": "one\ntwo"}),
        "apps/a/claim.yaml": obj("PersistentVolumeClaim", f"claim{WRITTEN}"),
    }
    after = {path: text for path, text in files.items() if "claim" not in path}
    after["apps/a/z.yaml"] = obj("ConfigMap", "changes", data={"a": evil, "c": f"one\n{evil}\ntwo", evil: "x"})
    found = changes(files, after)
    yield {
        "markdown": changes_markdown.render(found, str),
        "text": changes_text.render(found),
        "html": changes_html.render(found, None, None),
        "json": changes_json.render(found, Policy(), None, None),
    }


@pytest.mark.parametrize("form", ["markdown", "text", "html", "json"])
def test_a_difference_shows_what_cannot_be_seen(difference: dict[str, str], form: str) -> None:
    shown = difference[form]
    assert not unseen(re.sub(r"(?<=[@#:!\-<])\u200b", "", shown), keep="\n\t")
    for mark in ("\\u202e", "\\u200b", "\\u2028", "\\u3164"):
        assert mark in shown
    if form == "markdown":
        assert not re.search(r"^`{3}(?!`*diff$|`*$)", shown, re.MULTILINE)


def _check_runs(evaluation: Evaluation) -> str:
    runs = [check_run.completed(evaluation, each, Policy(), lambda _: "there") for each in evaluation.reports]
    told = [f"{note.title}\n{note.message}\n{note.raw_details}" for run in runs for note in run.annotations]
    return "\n".join([*(f"{run.title}\n{run.summary}\n{run.text}" for run in runs), *told])


def test_every_report_shows_what_cannot_be_seen(hostile: Evaluation) -> None:
    shown = {
        "text": text.render(hostile, colour=False),
        "verbose": text.render(hostile, colour=False, whole=True),
        "html": html.render(hostile, None),
        "json": report_json.render(hostile, None),
        "sarif": sarif.render(hostile, None),
        "concise": concise.render(hostile),
        "github": workflow.render(hostile),
        "order": order_text.render(hostile),
        "order comment": re.sub(r"(?<=[@:<])\u200b", "", order_comment.whole(hostile, lambda _: "there")),
        "check run": re.sub(r"(?<=[@:<])\u200b", "", _check_runs(hostile)),
        "order json": order_json.render(hostile),
        "doctor": doctor_text.render(hostile, (), colour=False),
    }
    for form, each in shown.items():
        assert not unseen(each), form
