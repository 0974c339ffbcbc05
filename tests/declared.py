"""Rules that are held to what they declare, whatever they are given."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cache, partial

from checks.declaration import FixAvailability
from checks.model import Finding
from checks.policy.file import Policy
from checks.registry import Rule, rules
from gitops.discovery.snapshot import Change


class Undeclared(Exception):
    """A rule reports what it does not declare. No error that an evaluation takes for a mistake in the repository."""


@cache
def held_rules() -> tuple[Rule, ...]:
    return tuple(map(held, rules()))


def held(rule: Rule) -> Rule:
    """The rule, raising `Undeclared` for a finding that it does not declare."""
    return replace(rule, check=partial(_findings, rule))


def _findings(rule: Rule, change: Change, policy: Policy) -> Iterator[Finding]:
    for finding in rule.check(change, policy):
        if finding.rule != rule.id or finding.severity not in rule.declared.severities:
            raise Undeclared(f"{rule.id} reports a finding of {finding.rule} with severity {finding.severity}")
        if (finding.removals or finding.drop or finding.repair) and rule.declared.fix is FixAvailability.NEVER:
            raise Undeclared(f"{rule.id} proposes a fix: {finding.message}")
        yield finding
