"""What the rules find at a commit, told from what they find at its base, and what the repository ignores of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from checks import argocd
from checks.model import Finding, Severity, Topic
from checks.policy.file import PATH, Ignore, Policy, matches
from checks.registry import Rule
from gitops.applications.live import Live
from gitops.discovery.snapshot import Change, Snapshot
from gitops.files.containment import CONTENT, told
from gitops.files.spans import Span

# Is told of a rule that failed, while its error is handled.
Failed = Callable[[Rule], None]
Identity = tuple[str, ...]


def findings_of(chosen: Sequence[Rule], change: Change, policy: Policy, failed: Failed) -> list[Finding]:
    """What the rules find at the head, told from what they find at the base."""
    known: set[Identity] | None = None
    if change.base is not None:
        known = set()
        for rule in chosen:
            known |= _at_base(rule, change.base, change.live, policy, failed)
    return [
        replace(
            finding,
            introduced=None if known is None else finding.identity not in known,
            suppressed=_suppression(finding, policy),
        )
        for rule in chosen
        for finding in _at_head(rule, change, policy, failed)
    ]


@dataclass(frozen=True, slots=True)
class _Judged:
    """What a rule found at a commit by itself, under which policy, and whether it looked at clusters for that."""

    policy: Policy
    live: bool
    identities: frozenset[Identity]


class _Noticing(Change):
    """A change that notices whether anybody looks at what clusters hold."""

    looked = False

    def __getattribute__(self, name: str) -> Any:
        if name == "live":
            object.__setattr__(self, "looked", True)
        return super().__getattribute__(name)


def _at_base(rule: Rule, base: Snapshot, live: Live | None, policy: Policy, failed: Failed) -> frozenset[Identity]:
    """The identities of what a rule finds at a base. Many heads are held against one, which was a head itself: what
    it found there is remembered with that commit, unless it looked at clusters, which change meanwhile."""
    known: _Judged | None = base.lasting.get(rule.id)
    if known is not None and known.policy == policy and (live is None or not known.live):
        return known.identities
    return _identities(_by_itself(rule, base, live, policy, failed))


def _at_head(rule: Rule, change: Change, policy: Policy, failed: Failed) -> list[Finding]:
    if change.base is None:
        return _by_itself(rule, change.head, change.live, policy, failed)
    seen = Change(as_seen(rule, change.base), as_seen(rule, change.head), change.live)
    return _judged(rule, seen, policy, failed)


def _by_itself(rule: Rule, commit: Snapshot, live: Live | None, policy: Policy, failed: Failed) -> list[Finding]:
    change = _Noticing(None, as_seen(rule, commit), live)
    found = _judged(rule, change, policy, failed)
    identities = _identities(found)
    if (live is None or not change.looked) and _failed(rule) not in identities:
        commit.lasting[rule.id] = _Judged(policy, change.looked, identities)
    return found


def _identities(found: Iterable[Finding]) -> frozenset[Identity]:
    return frozenset(identity for f in found for identity in (f.identity, *f.stands_for))


def _failed(rule: Rule) -> Identity:
    return (rule.id, "failed")


def judged_against(
    chosen: Sequence[Rule],
    policy: Policy,
    live: Live | None,
    failed: Failed,
    base: Snapshot | None,
    snapshot: Snapshot,
) -> dict[Identity, Finding]:
    """What the rules find in a commit, by identity; `base` is what they hold it against."""
    return {
        finding.identity: finding
        for rule in chosen
        for finding in _judged(
            rule,
            Change(as_seen(rule, base) if base is not None else None, as_seen(rule, snapshot), live),
            policy,
            failed,
        )
    }


def as_seen(rule: Rule, snapshot: Snapshot) -> Snapshot:
    """The commit as a rule looks at it: those about Argo CD's own installation see what scripts apply of it, too."""
    return snapshot.once(Snapshot.with_applied) if snapshot.applied and rule.check_name == argocd.CHECK else snapshot


def _judged(rule: Rule, change: Change, policy: Policy, failed: Failed) -> list[Finding]:
    """What a rule finds. One that fails on this commit is a finding itself: an error where it did not before."""
    try:
        return [_without_scripts(finding) for finding in rule.check(change, policy)]
    except CONTENT as error:
        failed(rule)
        states = change.head.states
        span = states[0].application.origin.span if states else Span(PATH, 1, 1)
        message = f"rule `{rule.id}` could not judge this commit: {told(error)}"
        topic = Topic(f"{rule.id}|failed", f"`{rule.id}` could not judge this commit", f"{message}.")
        return [Finding(rule.id, Severity.ERROR, span, message, topic, _failed(rule))]


def _without_scripts(finding: Finding) -> Finding:
    """What a script applies is no Application: it has no name, and no fix of ours is proven on it."""
    if all(name for _, _, name in finding.owners) and all(finding.applications):
        return finding
    applications = tuple(filter(None, finding.applications))
    return replace(finding, applications=applications, owners=tuple(o for o in finding.owners if o[2]), repair=None)


def _suppression(finding: Finding, policy: Policy) -> str | None:
    return next((ignore.reason for ignore in policy.ignore if suppresses(ignore, finding)), None)


def suppresses(ignore: Ignore, finding: Finding) -> bool:
    """Whether an entry of `ignore` is about a finding."""
    if ignore.rule in (finding.rule, "*") and finding.resource is not None:
        return matches(ignore.resource, finding.resource)
    names = (*finding.applications, *(name.rpartition("/")[2] for name in finding.applications))
    return ignore.rule == finding.rule and ignore.resource in ("*", *names)
