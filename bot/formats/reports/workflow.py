"""`--format github`: workflow commands, which GitHub Actions turns into annotations.

How they are escaped: docs.github.com/actions/reference/workflows-and-actions/workflow-commands and
actions/toolkit, packages/core/src/command.ts (`escapeData`, `escapeProperty`).
"""

from __future__ import annotations

from collections.abc import Sequence

from bot.formats.writing.grouping import by_topic
from bot.formats.writing.lines import plain
from checks.judgement.evaluation import Evaluation
from checks.model import Finding


def render(evaluation: Evaluation) -> str:
    """A line for each topic, the gravest first: GitHub shows ten annotations of a level for a step.

    What was there before the change is a notice, since it fails nothing.
    """
    groups = by_topic(finding for finding in evaluation.findings if finding.suppressed is None)
    return "".join(_command(group) + "\n" for group in groups)


def _command(group: Sequence[Finding]) -> str:
    first = group[0]
    known = first.introduced is False
    level = "notice" if known else first.severity.value
    line, last = max(first.span.line, 1), max(first.span.end_line, first.span.line, 1)
    properties = {
        "file": first.span.path,
        "line": str(line),
        "endLine": str(last),
        "title": f"{first.topic.title} [{first.rule}]",
    }
    told = [first.topic.message, first.topic.advice, first.topic.commands]
    if known:
        told.insert(0, f"Known before this change ({first.severity.value}).")
    message = "\n".join(plain(line) for text in told if text for line in text.split("\n"))
    written = ",".join(f"{name}={_property(plain(value))}" for name, value in properties.items())
    return f"::{level} {written}::{_data(message or plain(first.message))}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
