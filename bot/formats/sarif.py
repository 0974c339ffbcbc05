"""`--format sarif`: SARIF 2.1.0 (OASIS), for code scanning and editors."""

from __future__ import annotations

import hashlib
import json
from importlib import metadata
from typing import Any
from urllib.parse import quote

from bot.evaluation import Evaluation
from checks.model import Finding, Severity
from checks.registry import Rule, rules
from gitops.spans import Edit, Span

_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTICE: "note"}


def render(evaluation: Evaluation, commit: str | None) -> str:
    """One SARIF log with one run."""
    known = list(rules())
    index = {rule.id: position for position, rule in enumerate(known)}
    run: dict[str, Any] = {
        "tool": {
            "driver": {
                "name": "argofix",
                "version": metadata.version("argofix"),
                "rules": [_rule(rule) for rule in known],
            }
        },
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {"ROOT": {"description": {"text": "The root of the repository."}}},
        "results": [_result(finding, index) for finding in evaluation.findings],
    }
    if commit is not None:
        run["automationDetails"] = {"id": f"argofix/{commit}"}
    log = {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [run],
    }
    text = json.dumps(log, ensure_ascii=False, indent=2)
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace") + "\n"


def _rule(rule: Rule) -> dict[str, Any]:
    return {
        "id": rule.id,
        "shortDescription": {"text": rule.summary},
        "fullDescription": {"text": rule.documentation},
        "help": {"text": rule.documentation, "markdown": rule.documentation},
    }


def _result(finding: Finding, index: dict[str, int]) -> dict[str, Any]:
    text = f"{finding.message}. {finding.topic.message} {finding.topic.advice}".strip()
    identity = hashlib.sha256("\0".join(finding.identity).encode("utf-8", "surrogateescape")).hexdigest()
    result: dict[str, Any] = {
        "ruleId": finding.rule,
        "ruleIndex": index[finding.rule],
        "level": _LEVELS[finding.severity],
        "message": {"text": text},
        "locations": [_location(finding.span)],
        "partialFingerprints": {"argofixIdentity/v1": identity},
    }
    if finding.related:
        result["relatedLocations"] = [
            {"id": number, "message": {"text": related.message}, **_location(related.span)}
            for number, related in enumerate(finding.related, 1)
        ]
    if finding.introduced is not None:
        result["baselineState"] = "new" if finding.introduced else "unchanged"
    if finding.suppressed is not None:
        result["suppressions"] = [{"kind": "external", "justification": finding.suppressed}]
    if finding.fix is not None:
        result["fixes"] = [
            {"description": {"text": finding.fix.title}, "artifactChanges": _changes(finding.fix.edits)}
        ]
    return result


def _location(span: Span) -> dict[str, Any]:
    return {
        "physicalLocation": {
            "artifactLocation": _artifact(span.path),
            "region": {"startLine": span.line, "endLine": span.end_line},
        }
    }


def _artifact(path: str) -> dict[str, Any]:
    return {"uri": quote(path.encode("utf-8", "surrogateescape")), "uriBaseId": "ROOT"}


def _changes(edits: tuple[Edit, ...]) -> list[dict[str, Any]]:
    changes: dict[str, list[dict[str, Any]]] = {}
    for edit in edits:
        # Whole lines: from the first column of the first line to the first column behind the last.
        region = {"startLine": edit.span.line, "startColumn": 1, "endLine": edit.span.end_line + 1, "endColumn": 1}
        replacement: dict[str, Any] = {"deletedRegion": region}
        if edit.replacement:
            replacement["insertedContent"] = {"text": edit.replacement}
        changes.setdefault(edit.span.path, []).append(replacement)
    return [{"artifactLocation": _artifact(path), "replacements": listed} for path, listed in changes.items()]
