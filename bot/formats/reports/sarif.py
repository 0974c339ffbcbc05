"""`--format sarif`: SARIF 2.1.0 (OASIS), for code scanning and editors."""

from __future__ import annotations

import hashlib
from importlib import metadata
from typing import Any
from urllib.parse import quote

from bot.formats.writing.visible import dumped
from checks.judgement.evaluation import Evaluation
from checks.model import Finding, Severity
from checks.registry import Rule, rules
from gitops.files.errors import GitopsError
from gitops.files.spans import Edit, Span, split_lines
from gitops.files.tree import Tree

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
        "invocations": [_invocation(evaluation)],
        "originalUriBaseIds": {"ROOT": {"description": {"text": "The root of the repository."}}},
        "results": [_result(finding, index, evaluation.snapshot.tree) for finding in evaluation.findings],
    }
    # Code scanning takes what stands before the last slash for the category and the rest for the run.
    run["automationDetails"] = {"id": f"argofix/{commit or ''}"}
    log = {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [run],
    }
    return dumped(log)


def _rule(rule: Rule) -> dict[str, Any]:
    return {
        "id": rule.id,
        "shortDescription": {"text": rule.summary},
        "fullDescription": {"text": rule.documentation},
        "help": {"text": rule.documentation, "markdown": rule.documentation},
    }


def _invocation(evaluation: Evaluation) -> dict[str, Any]:
    """What could not be analysed: code scanning shows these on its status page."""
    notes = [{"level": "note", "message": {"text": gap}} for gap in evaluation.gaps]
    return {"executionSuccessful": True, **({"toolExecutionNotifications": notes} if notes else {})}


def _result(finding: Finding, index: dict[str, int], tree: Tree) -> dict[str, Any]:
    text = f"{finding.message}. {finding.topic.message} {finding.topic.advice}".strip()
    rid = finding.resource
    identity = hashlib.sha256("\0".join(finding.identity).encode("utf-8", "surrogateescape")).hexdigest()
    result: dict[str, Any] = {
        "ruleId": finding.rule,
        "ruleIndex": index[finding.rule],
        "level": _LEVELS[finding.severity],
        "message": {"text": text},
        "locations": [_location(finding.span)],
        "partialFingerprints": {"argofixIdentity/v1": identity},
        "properties": {"applications": list(finding.applications)},
    }
    if finding.topic.commands:
        result["properties"]["commands"] = finding.topic.commands
    if rid is not None:
        name = "/".join(part for part in (rid.group, rid.kind, rid.namespace, rid.name) if part)
        result["locations"][0]["logicalLocations"] = [
            {"name": rid.name, "fullyQualifiedName": name, "kind": "resource"}
        ]
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
            {"description": {"text": finding.fix.title}, "artifactChanges": _changes(finding.fix.edits, tree)}
        ]
    return result


def _location(span: Span) -> dict[str, Any]:
    return {
        "physicalLocation": {
            "artifactLocation": _artifact(span.path),
            # Whole files have no line; SARIF counts from 1.
            "region": {"startLine": max(span.line, 1), "endLine": max(span.end_line, span.line, 1)},
        }
    }


def _artifact(path: str) -> dict[str, Any]:
    return {"uri": quote(path.encode("utf-8", "surrogateescape")), "uriBaseId": "ROOT"}


def _changes(edits: tuple[Edit, ...], tree: Tree) -> list[dict[str, Any]]:
    changes: dict[str, list[dict[str, Any]]] = {}
    for edit in edits:
        replacement: dict[str, Any] = {"deletedRegion": _whole_lines(edit.span, tree)}
        if edit.replacement:
            replacement["insertedContent"] = {"text": edit.replacement}
        changes.setdefault(edit.span.path, []).append(replacement)
    return [{"artifactLocation": _artifact(path), "replacements": listed} for path, listed in changes.items()]


def _whole_lines(span: Span, tree: Tree) -> dict[str, int]:
    """From the first column of the first line to the first column behind the last one, or to the end of a file whose
    last line has no line end."""
    start = {"startLine": span.line, "startColumn": 1}
    try:
        lines = split_lines(tree.read(tree.resolve(span.path)))
    except (GitopsError, KeyError):
        lines = []
    if span.end_line == len(lines) and not lines[-1].endswith(b"\n"):
        last = lines[-1].decode("utf-8", "replace")
        return {**start, "endLine": span.end_line, "endColumn": len(last) + 1}
    return {**start, "endLine": span.end_line + 1, "endColumn": 1}
