"""`--format json`: schema 1. People script against it; fields are added, never renamed."""

from __future__ import annotations

from typing import Any

from bot.formats.writing.borrowed import row
from bot.formats.writing.visible import dumped
from checks.judgement.evaluation import Evaluation
from checks.judgement.gaps import status_of
from checks.model import Finding
from checks.policy.file import PATH
from gitops.discovery.snapshot import State, Unknown
from gitops.files.spans import Fix
from gitops.resources.rendering import NotAnalysed, Rendered, RenderFailed


def render(evaluation: Evaluation, commit: str | None) -> str:
    """One JSON object with a final newline. File names that are not UTF-8 come out with replacement characters."""
    snapshot = evaluation.snapshot
    data = {
        "schema": 1,
        "commit": commit,
        "applications": [
            *(_application(state) for state in snapshot.states),
            *(_unknown(unknown) for unknown in snapshot.unknown),
        ],
        "findings": [finding_json(finding) for finding in evaluation.findings],
        "not_deployed": [
            {
                "name": one.name,
                "namespace": one.namespace,
                "kind": one.kind,
                "path": one.span.path,
                "line": one.span.line,
                "cause": one.cause.value,
                "reason": one.reason,
            }
            for one in snapshot.not_deployed
        ],
        "outside": [row(one) for one in snapshot.outside],
        "gaps": list(evaluation.gaps),
        "unused_ignores": [
            {"path": PATH, "line": entry.line, "rule": entry.rule, "resource": entry.resource, "reason": entry.reason}
            for report in evaluation.reports
            for entry in report.unused
        ],
    }
    return dumped(data)


def _application(state: State) -> dict[str, Any]:
    application, rendering = state.application, state.rendering
    return {
        "name": application.name,
        "namespace": application.namespace,
        "path": next((source.path for source in application.sources if source.path), ""),
        "destination": str(application.destination),
        "root": application.root,
        "status": status_of(rendering),
        "reason": _reason(rendering),
        "resources": len(rendering.resources) if isinstance(rendering, Rendered) else 0,
    }


def _reason(rendering: Rendered | RenderFailed | NotAnalysed) -> str | None:
    if isinstance(rendering, RenderFailed):
        return f"{rendering.span}: {rendering.message}"
    if isinstance(rendering, NotAnalysed):
        return rendering.reason
    return "; ".join(rendering.gaps) or None


def _unknown(unknown: Unknown) -> dict[str, Any]:
    return {
        "name": unknown.name,
        "namespace": unknown.namespace,
        "path": unknown.span.path,
        "destination": "",
        "root": unknown.root,
        "status": "not-analysed",
        "reason": unknown.reason,
        "resources": 0,
    }


def finding_json(finding: Finding) -> dict[str, Any]:
    """One finding as every report of ours in JSON has it."""
    rid = finding.resource
    return {
        "rule": finding.rule,
        "severity": finding.severity.value,
        "message": finding.message,
        "path": finding.span.path,
        "line": finding.span.line,
        "end_line": finding.span.end_line,
        "resource": None
        if rid is None
        else {"group": rid.group, "kind": rid.kind, "namespace": rid.namespace, "name": rid.name},
        "applications": list(finding.applications),
        "introduced": finding.introduced,
        "related": [
            {"path": related.span.path, "line": related.span.line, "message": related.message}
            for related in finding.related
        ],
        "fix": None if finding.fix is None else _fix(finding.fix),
        "topic": finding.topic.title,
        "commands": finding.topic.commands or None,
        "suppressed": finding.suppressed,
    }


def _fix(fix: Fix) -> dict[str, Any]:
    return {
        "title": fix.title,
        "applicability": fix.applicability.value,
        "edits": [
            {
                "path": edit.span.path,
                "line": edit.span.line,
                "end_line": edit.span.end_line,
                "replacement": edit.replacement,
            }
            for edit in fix.edits
        ],
    }
