"""The default text fits on a screen, and nothing that matters is missing from it."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.formats.reports import text
from bot.formats.reports.brief import MOST_LINES
from bot.formats.writing.grouping import by_topic
from bot.formats.writing.lines import plain, printed
from bot.formats.writing.sentences import LAST, Sentence, fitted, split
from bot.formats.writing.unanalysed import by_cause
from checks.judgement.evaluation import Evaluation
from checks.model import Finding, Related, Severity, Topic
from checks.wording import DOUBT
from gitops.discovery.snapshot import Snapshot, Unknown
from gitops.files.spans import Span
from gitops.files.tree import Tree

HEAD = re.compile(r"(error|warning|notice) +")
NASTY = "\x1b[2J\x07\u202e\n::error::\r`"
WORDS = st.lists(
    st.sampled_from(["Keep", "it", "in", "`infra`.", "The", "copies differ.", "x" * 150, NASTY, "a/b.yaml:3", "%0A"]),
    max_size=60,
).map(" ".join)
PATHS = st.sampled_from(["a.yaml", "deep/" * 12 + "k.yaml", "::stop-commands::x/k.yaml", f"odd{NASTY}.yaml"])
SPANS = st.builds(lambda path, line: Span(path, line, line), PATHS, st.integers(1, 9))
TOPICS = st.builds(Topic, st.text(max_size=3), WORDS, WORDS, WORDS, WORDS | st.just("one\ntwo"))


@st.composite
def findings(draw: st.DrawFn) -> Finding:
    topic = draw(TOPICS)
    return Finding(
        rule=draw(st.sampled_from(["duplicate-owner", "render-failed"])),
        severity=draw(st.sampled_from(Severity)),
        span=draw(SPANS),
        message="m",
        topic=replace(topic, key=f"{topic.key}{draw(st.integers(0, 200))}"),
        identity=("x",),
        related=tuple(Related(span, "here") for span in draw(st.lists(SPANS, max_size=6))),
        introduced=draw(st.sampled_from([None, True, False])),
    )


def evaluation(*found: Finding, unknown: tuple[Unknown, ...] = ()) -> Evaluation:
    return Evaluation(Snapshot(Tree.of({}), (), unknown), None, tuple(found), (), ())


def finding(
    number: int, severity: Severity = Severity.ERROR, message: str = "It is wrong.", advice: str = ""
) -> Finding:
    topic = Topic(str(number), f"Title {number}", message, advice)
    return Finding("render-failed", severity, Span(f"f{number}.yaml", 1, 1), "m", topic, (str(number),))


def shown(*found: Finding, **options: bool) -> str:
    return text.render(evaluation(*found), colour=False, width=100, **options)


@settings(max_examples=60, deadline=None)
@given(st.lists(findings(), max_size=40), st.booleans(), st.sampled_from([20, 80, 120]))
def test_four_lines_a_finding_every_error_and_no_control_character(
    found: list[Finding], notices: bool, width: int
) -> None:
    out = text.render(evaluation(*found), colour=False, width=width, notices=notices)
    lines = out.splitlines()
    assert all(char.isprintable() for line in lines for char in line)
    assert not [line for line in lines if line.lstrip().startswith("::")]
    blocks: list[int] = []
    for line in lines:
        if HEAD.match(line):
            blocks.append(1)
        elif line.startswith(" " * 9) and blocks:
            blocks[-1] += 1
    assert max(blocks, default=0) <= MOST_LINES
    # Whatever is no finding is bounded: what is told once, what was known, and the last two lines.
    assert len(lines) - sum(blocks) <= 24
    for one in found:
        if one.severity is Severity.ERROR:
            assert plain(str(one.span)) in out
    errors = by_topic(one for one in found if one.severity is Severity.ERROR)
    assert sum(line.startswith("error ") for line in lines) == len(errors)
    assert f"{sum(one.severity is Severity.NOTICE for one in found)} notice" in lines[-1]


@pytest.mark.parametrize("count", [11, 30, 200])
def test_a_screen_is_enough_for_warnings(count: int) -> None:
    long = "A sentence that goes on and on about this alone. " * 8
    found = [finding(n, Severity.WARNING, f"Number {n}. {long}", "Do this first. Then that.") for n in range(count)]
    out = shown(*found)
    assert len(out.splitlines()) <= text.SCREEN
    assert out.splitlines()[-1].startswith(f"0 errors, {count} warnings, ")
    assert count <= 30 or re.search(r"and \d+ more \(\d+ render-failed\): --verbose tells each", out)


def test_no_error_is_left_out_for_want_of_room() -> None:
    out = shown(*(finding(n, message=f"Reason {n}.") for n in range(90)), finding(90, Severity.WARNING))
    for number in range(90):
        assert f"f{number}.yaml:1  Title {number}  [render-failed]\n         Reason {number}." in out
    assert "and 1 more (1 render-failed)" in out


def test_errors_that_are_told_together_keep_their_places() -> None:
    one = finding(1)
    several = [replace(one, span=Span("f1.yaml", at, at)) for at in range(1, 8)]
    for out in (shown(*several), shown(*(replace(each, introduced=False) for each in several))):
        assert out.count("Title 1") == 1 and "also f1.yaml:2, f1.yaml:3, " in out
        assert all(str(each.span) in out for each in several)


def test_the_worst_comes_first() -> None:
    out = shown(finding(1, Severity.WARNING), finding(2), finding(3, Severity.NOTICE), notices=True)
    assert [int(number) for number in re.findall(r"Title (\d)", out)] == [2, 1, 3]


def test_notices_are_counted_beside_what_is_graver() -> None:
    both = finding(1), finding(2, Severity.NOTICE)
    assert "Title 2" not in shown(*both) and "Not shown: 1 notice (--notices) and" in shown(*both)
    assert "Title 2" in shown(*both, notices=True) and "Title 2" in shown(*both, whole=True)
    assert "Title 2" in shown(both[1])
    many = [finding(n, Severity.NOTICE) for n in range(4)]
    assert "Title" not in shown(*many) and "Not shown: 4 notices (--notices)." in shown(*many)


def test_what_several_say_is_told_once_at_the_end() -> None:
    common = "Argo CD stops syncing until it renders again."
    out = shown(*(finding(n, message=f"File {n} is missing. {common}") for n in range(3)))
    assert out.count(common) == 1
    assert f"\n\n3 of them (render-failed): {common}\n" in out
    assert all(f"File {n} is missing." in out for n in range(3))
    assert common in shown(finding(1, message=f"It is wrong. {common}"))


def test_a_doubt_of_many_is_told_once() -> None:
    same = f"{DOUBT}`a`, `b` and 33 more could not be analysed."
    out = shown(*(finding(n, message=f"Secret {n} is missing. {same}") for n in range(3)))
    assert " ".join(out.split()).count(same) == 1
    differing = shown(*(finding(n, message=f"Secret {n} is missing. {DOUBT}`a{n}` failed.") for n in range(3)))
    assert "3 of them (render-failed): It may still come from elsewhere; `--verbose` tells from where." in differing
    assert "`a1` failed" not in differing
    assert "`a1` failed" in shown(finding(1, message=f"Secret is missing. {DOUBT}`a1` failed."))


def test_references_fold_after_three() -> None:
    places = tuple(Related(Span(f"r{n}.yaml", n, n), "here") for n in range(1, 7))
    out = shown(replace(finding(1), related=places))
    assert "\n         see r1.yaml:1, r2.yaml:2, r3.yaml:3 and 3 more\n" in out
    assert "r6.yaml:6  here" in shown(replace(finding(1), related=places), whole=True)


def test_what_to_do_is_told_before_reasons() -> None:
    long = "This happens because of a reason that takes its time to be told in full. " * 6
    out = shown(finding(1, message=long, advice="Remove `a` from `b`."))
    assert "Remove `a` from `b`." in out and out.splitlines()[3].endswith("…")


def test_what_was_not_analysed_is_grouped_by_cause() -> None:
    def unknown(number: int, reason: str) -> Unknown:
        return Unknown(f"set{number}", "argocd", reason, Span(f"s{number}.yaml", 1, 1), root="r")

    sets = [unknown(n, f"generator {n % 2 + 1} (git) needs `apps/{n}`") for n in range(40)]
    sets.append(unknown(99, "its template is broken"))
    shown_ = evaluation(unknown=tuple(sets))
    assert [(cause.reason, len(cause.subjects)) for cause in by_cause(shown_.gaps, shown_.snapshot)] == [
        ("generator … (git) needs …", 40),
        ("its template is broken", 1),
    ]
    out = text.render(shown_, colour=False, width=100)
    assert "Not analysed: 41\n  40 × generator … (git) needs …: ApplicationSet `set0` (s0.yaml:1)" in out
    assert "and 37 more" in out.replace("\n  ", " ")
    assert text.render(shown_, colour=False, whole=True).count("(git) needs") == 40


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(WORDS, st.sampled_from([0, 1, LAST])), max_size=8), st.integers(0, 4), st.integers(31, 110))
def test_sentences_fit_or_are_marked_as_cut(told: list[tuple[str, int]], most: int, width: int) -> None:
    sentences = [Sentence(plain(words), rank, at) for at, (words, rank) in enumerate(told) if plain(words).strip()]
    lines = fitted(sentences, width, most)
    assert len(lines) <= most
    missing = [one for one in sentences if one.rank < LAST and " ".join(one.text.split()) not in " ".join(lines)]
    assert not missing or not most or lines[-1].endswith("…")


def test_names_in_backticks_end_no_sentence() -> None:
    assert split("Keep `a. B` here. Then `c`. `d` goes.") == ["Keep `a. B` here.", "Then `c`.", "`d` goes."]


def test_no_line_is_an_order_to_a_workflow() -> None:
    assert printed([(("  ", ""), ("::stop-commands::x", ""))], colour=False) == "  : :stop-commands::x\n"


def test_a_path_that_begins_a_sentence_stays_what_it_is() -> None:
    out = shown(finding(1, message="At f1.yaml:1: apps/p.yaml:4 is not valid YAML. It fails."))
    assert "apps/p.yaml:4 is not valid YAML." in out
    assert "`X` is wrong." in shown(finding(1, message="At f1.yaml:1: `X` is wrong."))
    assert "The entry is wrong." in shown(finding(1, message="At f1.yaml:1: the entry is wrong."))


@pytest.mark.parametrize(
    ("written", "sentences"), [("", []), ("  ", []), ("A. B.", ["A.", "B."]), ("`a. B` c.", ["`a. B` c."])]
)
def test_no_text_has_no_sentence(written: str, sentences: list[str]) -> None:
    assert split(written) == sentences
