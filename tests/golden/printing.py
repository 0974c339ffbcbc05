"""Two repositories in every format."""

from __future__ import annotations

import json
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

from bot.formats.github import gate
from bot.formats.github.gate import Judged
from bot.formats.order import text as order
from bot.formats.reports import concise, html, sarif, text, workflow
from bot.formats.reports import json as json_format
from bot.rendering.driver import Engine
from checks.judgement.evaluation import Evaluation
from checks.policy.file import Policy
from demo.story import BEFORE, PROPOSED
from gitops.files.spans import Span
from tests.golden.shape import SHAPE
from tests.scenarios import Files, evaluated

DIRECTORY = Path(__file__).parent / "printed"
COMMIT = "c" * 40


async def printed(engine: Engine) -> dict[str, str]:
    """What each file below `printed/` is to hold."""
    before: Files = {path: data for path, data in BEFORE.items() if isinstance(data, bytes)}
    after: Files = {**before, **{path: data for path, data in PROPOSED.items() if isinstance(data, bytes)}}
    story = await evaluated(engine, after, base=before)
    shape = await evaluated(engine, SHAPE)
    return dict([*_formats("story", story), *_formats("shape", shape)])


def _formats(name: str, evaluation: Evaluation) -> Iterator[tuple[str, str]]:
    yield f"{name}.txt", text.render(evaluation, colour=False, width=100)
    yield f"{name}.verbose.txt", text.render(evaluation, colour=False, width=100, notices=True, whole=True)
    yield f"{name}.concise.txt", concise.render(evaluation)
    yield f"{name}.github.txt", workflow.render(evaluation)
    yield f"{name}.order.txt", order.render(evaluation)
    yield f"{name}.json", json_format.render(evaluation, COMMIT)
    log = json.loads(sarif.render(evaluation, COMMIT))
    # The documentation of every rule, and the version: tests of the rules page and of SARIF hold those.
    del log["runs"][0]["tool"]["driver"]["rules"], log["runs"][0]["tool"]["driver"]["version"]
    for result in log["runs"][0]["results"]:
        del result["ruleIndex"]
    yield f"{name}.sarif.json", json.dumps(log, ensure_ascii=False, indent=2) + "\n"
    outline = _Outline()
    outline.feed(html.render(evaluation, COMMIT))
    yield f"{name}.html.outline.txt", "".join(f"{line}\n" for line in outline.lines)
    yield f"{name}.summary.md", _summaries(evaluation)


def _summaries(evaluation: Evaluation) -> str:
    """The check runs as GitHub shows them."""
    judged = Judged("#1 into main", evaluation, Policy(), _link)
    shown = {report.name: judged.report(report.name) for report in evaluation.reports if report.speaks}
    reports = {gate.NAME: gate.summed([judged], shown, {}), **shown}
    return "\n".join(
        f"# {name}: {report.conclusion}: {report.title}\n\n{report.summary}\n" for name, report in reports.items()
    )


def _link(span: Span) -> str:
    return f"https://github.example/{span.path}#L{span.line}"


class _Outline(HTMLParser):
    """The elements of a page that have a class or an id, with what stands directly in headings and cells."""

    VOID = frozenset({"meta", "link", "br", "wbr", "img", "hr", "input", "path", "rect", "line"})
    LEFT_OUT = frozenset({"style", "svg", "script", "head"})

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.lines: list[str] = []
        self._open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if not self._hidden:
            marks = "".join(f" {key}={value}" for key, value in attrs if key in ("class", "id", "href"))
            if marks or tag in ("h1", "h2", "h3", "table", "details", "summary"):
                self.lines.append(f"{'  ' * len(self._open)}{tag}{marks}")
        if tag not in self.VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        while tag in self._open and self._open.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        said = " ".join(data.split())
        if said and not self._hidden and self._open and self._open[-1] in ("h1", "h2", "h3", "summary", "b", "span"):
            self.lines.append(f"{'  ' * len(self._open)}| {said}")

    @property
    def _hidden(self) -> bool:
        return any(tag in self.LEFT_OUT for tag in self._open)
