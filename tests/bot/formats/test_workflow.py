"""Formats of one line a finding: for editors, and for GitHub Actions."""

from __future__ import annotations

import json
import re
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.formats.reports import concise, workflow
from bot.formats.reports import json as json_format
from checks.judgement.evaluation import Evaluation
from checks.model import Finding, Severity, Topic
from gitops.discovery.snapshot import Snapshot
from gitops.files.spans import Span
from gitops.files.tree import Tree

# As actions/runner reads a line (src/Runner.Common/ActionCommand.cs, TryParseV2).
COMMAND = re.compile(r"::(?P<level>\w+) (?P<properties>.*?)::(?P<message>.*)")


def unescaped(text: str) -> str:
    for code, char in (("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","), ("%25", "%")):
        text = text.replace(code, char)
    return text


def read(line: str) -> tuple[str, dict[str, str], str]:
    match = COMMAND.fullmatch(line)
    assert match is not None, line
    pairs = (pair.partition("=") for pair in match["properties"].split(","))
    return match["level"], {name: unescaped(value) for name, _, value in pairs}, unescaped(match["message"])


def finding(path: str = "a.yaml", title: str = "T", message: str = "M.", introduced: bool | None = None) -> Finding:
    topic = Topic("k", title, message, "Do this.", "one\ntwo")
    return Finding("render-failed", Severity.ERROR, Span(path, 3, 5), "m", topic, ("i",), introduced=introduced)


def evaluation(*found: Finding) -> Evaluation:
    return Evaluation(Snapshot(Tree.of({}), ()), None, found, (), ())


def test_a_finding_becomes_an_annotation() -> None:
    (line,) = workflow.render(evaluation(finding("a,b:c.yaml", "50% off: x, y"))).splitlines()
    assert line.startswith("::error file=a%2Cb%3Ac.yaml,line=3,endLine=5,title=50%25 off%3A x%2C y ")
    assert read(line) == (
        "error",
        {"file": "a,b:c.yaml", "line": "3", "endLine": "5", "title": "50% off: x, y [render-failed]"},
        "M.\nDo this.\none\ntwo",
    )


def test_what_was_known_fails_nothing() -> None:
    level, _, message = read(workflow.render(evaluation(finding(introduced=False))).strip())
    assert level == "notice" and message.startswith("Known before this change (error).\n")


@settings(max_examples=100, deadline=None)
@given(st.text(min_size=1), st.text(), st.text())
def test_nothing_breaks_out_of_its_place(path: str, title: str, message: str) -> None:
    out = workflow.render(evaluation(finding(path, title, message)))
    assert out.endswith("\n") and len(out.splitlines()) == 1
    level, properties, _ = read(out.removesuffix("\n"))
    assert level == "error" and set(properties) == {"file", "line", "endLine", "title"}
    assert len(concise.render(evaluation(finding(path, title, message))).splitlines()) == 1


def test_concise_has_a_line_for_each_finding_of_the_json(story: Evaluation) -> None:
    lines = concise.render(story).splitlines()
    told = [
        f"{each['path']}:{each['line']}: {each['severity']} {each['rule']} {each['message']}"
        for each in json.loads(json_format.render(story, None))["findings"]
    ]
    assert sorted(lines) == sorted(told)
    levels = [line.split(" ")[1] for line in lines]
    assert levels == sorted(levels, key=["error", "warning", "notice"].index)


def test_concise_leaves_out_what_is_ignored_and_marks_what_was_known(known: Evaluation) -> None:
    lines = concise.render(known).splitlines()
    assert lines and all(line.endswith(" (known before this change)") for line in lines)
    assert not [line for line in lines if "ServiceAccount shop" in line]


def test_a_finding_about_a_whole_file_stands_in_its_first_line() -> None:
    whole = replace(finding(), span=Span("a.yaml", 0, 0))
    assert concise.render(evaluation(whole)) == "a.yaml:1: error render-failed m\n"
    assert read(workflow.render(evaluation(whole)).strip())[1]["line"] == "1"
