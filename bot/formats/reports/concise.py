"""`--format concise`: `path:line: severity rule message` for each finding, the worst first; for grep and editors."""

from __future__ import annotations

from bot.formats.writing.grouping import worst_first
from bot.formats.writing.lines import plain
from checks.judgement.evaluation import Evaluation


def render(evaluation: Evaluation) -> str:
    """A line for each finding of the JSON that is not ignored, notices too; nothing when there is none."""
    return "".join(
        plain(
            f"{finding.span.path}:{max(finding.span.line, 1)}: {finding.severity.value} {finding.rule} "
            f"{finding.message}{' (known before this change)' if finding.introduced is False else ''}"
        )
        + "\n"
        for finding in worst_first(evaluation.findings)
        if finding.suppressed is None
    )
