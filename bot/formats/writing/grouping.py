"""Findings in the groups in which people read them."""

from __future__ import annotations

from collections.abc import Iterable

from checks.model import Finding, Severity

_ORDER = (Severity.ERROR, Severity.WARNING, Severity.NOTICE)


def by_topic(findings: Iterable[Finding]) -> list[list[Finding]]:
    """Findings that share a topic together, the gravest group first, then by place. An error never stands behind a
    warning of the same topic."""
    groups: dict[tuple[str, Severity, bool | None, bool], list[Finding]] = {}
    for finding in findings:
        key = (finding.topic.key, finding.severity, finding.introduced, finding.suppressed is not None)
        groups.setdefault(key, []).append(finding)
    return sorted(groups.values(), key=lambda group: (_ORDER.index(group[0].severity), group[0].span))


def worst_first(findings: Iterable[Finding]) -> list[Finding]:
    """The gravest first, then by place."""
    return sorted(findings, key=lambda f: (_ORDER.index(f.severity), f.span, f.rule, f.message))
