"""What the rules find at a commit, told from what they find at its base, and what the repository ignores of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from checks.model import Finding, Severity, Topic
from checks.policy.file import PATH, Ignore, Policy, matches
from checks.registry import Rule
from gitops.discovery.snapshot import Change
from gitops.files.containment import CONTENT, told
from gitops.files.spans import Span

# Is told of a rule that failed, while its error is handled.
Failed = Callable[[Rule], None]


def findings_of(chosen: Sequence[Rule], change: Change, policy: Policy, failed: Failed) -> list[Finding]:
    """What the rules find at the head, told from what they find at the base."""
    known: set[tuple[str, ...]] | None = None
    if change.base is not None:
        before = Change(None, change.base, change.live)
        found = [f for rule in chosen for f in _judged(rule, before, policy, failed)]
        known = {identity for f in found for identity in (f.identity, *f.stands_for)}
    return [
        replace(
            finding,
            introduced=None if known is None else finding.identity not in known,
            suppressed=_suppression(finding, policy),
        )
        for rule in chosen
        for finding in _judged(rule, change, policy, failed)
    ]


def _judged(rule: Rule, change: Change, policy: Policy, failed: Failed) -> list[Finding]:
    """What a rule finds. One that fails on this commit is a finding itself: an error where it did not before."""
    try:
        return list(rule.check(change, policy))
    except CONTENT as error:
        failed(rule)
        states = change.head.states
        span = states[0].application.origin.span if states else Span(PATH, 1, 1)
        message = f"rule `{rule.id}` could not judge this commit: {told(error)}"
        topic = Topic(f"{rule.id}|failed", f"`{rule.id}` could not judge this commit", f"{message}.")
        return [Finding(rule.id, Severity.ERROR, span, message, topic, (rule.id, "failed"))]


def _suppression(finding: Finding, policy: Policy) -> str | None:
    return next((ignore.reason for ignore in policy.ignore if suppresses(ignore, finding)), None)


def suppresses(ignore: Ignore, finding: Finding) -> bool:
    """Whether an entry of `ignore` is about a finding."""
    if ignore.rule in (finding.rule, "*") and finding.resource is not None:
        return matches(ignore.resource, finding.resource)
    names = (*finding.applications, *(name.rpartition("/")[2] for name in finding.applications))
    return ignore.rule == finding.rule and ignore.resource in ("*", *names)
