"""An alert about Argo CD that can never fire.

What it finds: alert rules that read a metric which Argo CD does not have (in the version that is installed), that ask
for a job which no scrape configuration has, and expressions that Prometheus refuses.

Why it matters: a metric that does not exist is no error. The expression gives nothing, so the alert is quiet whatever
happens, and its quiet is taken for health. An expression that cannot be read is worse: Prometheus refuses the whole
file.

Example: `argocd_app_health_status` with Argo CD 3.0, which has `argocd_app_info{health_status=...}` in its place.

How the fix is safe: none is applied: what was meant is not always the metric that is called alike.

How sure it is: a warning, an error for what Prometheus refuses; one step lower for files that no Application deploys.
Silent about names that a recording rule makes, metrics of the image updater and of notifications, and jobs where
git has no scrape configuration or monitors find their targets by themselves.

Sources: the names of metrics in the sources of each release (docs/operator-manual/metrics.md has most of them);
prometheus.io, querying basics.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from packaging.version import Version

from checks.argocd.view import applications, installations, lower, owners, written
from checks.declaration import declare
from checks.model import Finding, Severity
from checks.policy.file import Policy
from checks.wording import listed
from gitops.discovery.snapshot import Change
from gitops.installation.alerts import RuleSet, rule_sets_of
from gitops.installation.params import near
from gitops.installation.places import place_of
from gitops.installation.promql import jobs_in, metrics_in, problem_of
from gitops.installation.releases import releases
from gitops.installation.scraping import jobs_of

RULE = declare("alert-cannot-fire", Severity.ERROR, Severity.WARNING, Severity.NOTICE)

_OURS: Final = re.compile(r"argocd_(?!image_updater_|notifications_)")
_SERIES: Final = re.compile(r"_(?:bucket|count|sum)$")
_NOT_DEPLOYED: Final = "No Application of this repository deploys this file."
# What took the place of metrics that have gone (argo-cd docs/operator-manual/upgrading/2.14-3.0.md).
_INSTEAD: Final = {
    "argocd_app_sync_status": '`argocd_app_info{sync_status="..."}`',
    "argocd_app_health_status": '`argocd_app_info{health_status="..."}`',
    "argocd_app_created_time": "nothing",
}


def check(change: Change, policy: Policy) -> Iterator[Finding]:
    """One finding for each metric and each job that a set of rules asks for in vain, one for each bad expression."""
    sets = change.head.once(rule_sets_of)
    recorded = {rule.records for one in sets for rule in one.rules if rule.records}
    for one in sets:
        yield from _refused(change, one)
        yield from _metrics(change, one, recorded)
        yield from _jobs(change, one)


def _refused(change: Change, rules: RuleSet) -> Iterator[Finding]:
    for rule in rules.rules:
        problem = problem_of(rule.expression)
        if problem is None:
            continue
        name = rule.alert or rule.records
        yield _finding(
            change,
            rules,
            (f"alert: {name}", f"record: {name}", name),
            f"Prometheus refuses the expression of `{name}`: {problem}",
            "It takes none of the rules of this file, and keeps the ones from before until it restarts.",
            "Write it as a selector of labels, and compare values outside of the braces.",
            Severity.ERROR,
            ("refused", name),
        )


def _metrics(change: Change, rules: RuleSet, recorded: set[str]) -> Iterator[Finding]:
    versions = _versions(change, rules)
    known = _known(versions) | recorded
    wanted: dict[str, list[str]] = {}
    for rule in rules.rules:
        if problem_of(rule.expression) is not None and not rule.alert:
            continue
        for name in sorted(metrics_in(rule.expression)):
            if _OURS.match(name) and name not in known and _SERIES.sub("", name) not in known:
                wanted.setdefault(_SERIES.sub("", name), []).append(rule.alert or rule.records)
    for name, asking in wanted.items():
        alerts = listed([f"`{each}`" for each in dict.fromkeys(asking)], 3)
        of = f"Argo CD {written(versions[-1])}" if versions else f"no version of Argo CD from {releases().oldest} on"
        has = f"{of} does not have" if versions else f"{of} has"
        gone = name in releases().metrics(None)
        instead = _INSTEAD.get(name, "")
        alike = near(name.replace("_", "."), [each.replace("_", ".") for each in known if _OURS.match(each)])
        if instead:
            advice = f"In its place there is {instead}."
        elif len(alike) == 1:
            advice = f"`{alike[0].replace('.', '_')}` may have been meant."
        else:
            advice = "docs/operator-manual/metrics.md of Argo CD lists the metrics that there are."
        yield _finding(
            change,
            rules,
            (name, f"{name}_bucket", f"{name}_count", f"{name}_sum"),
            f"{alerts} cannot fire: {has} the metric `{name}`{' any more' if gone and versions else ''}",
            "The expression gives nothing, whatever happens, and that looks like health.",
            advice,
            Severity.WARNING,
            ("metric", name),
        )


def _versions(change: Change, rules: RuleSet) -> list[Version]:
    """The known versions of the installations that the rules may be about: those beside them, else all."""
    every = installations(change)
    beside = (
        [one for one in every if rules.directory and one.directory == rules.directory] if not rules.deployed else []
    )
    found = {version for one in beside or every for version in one.versions if releases().knows(version)}
    return sorted(found)


def _known(versions: list[Version]) -> frozenset[str]:
    if not versions:
        return releases().metrics(None)
    return frozenset().union(*(releases().metrics(version) for version in versions))


def _jobs(change: Change, rules: RuleSet) -> Iterator[Finding]:
    known = change.head.once(jobs_of)
    if known is None:
        return
    for rule in rules.rules:
        for job in sorted(jobs_in(rule.expression)):
            if "argo" not in job or job in known:
                continue
            name = rule.alert or rule.records
            yield _finding(
                change,
                rules,
                (f"alert: {name}", name),
                f"`{name}` cannot fire: no scrape configuration in git has the job `{job}`",
                "`up` of a job that is not scraped gives nothing, so the alert is quiet when it should not be.",
                "Add a scrape configuration of that name.",
                Severity.WARNING,
                ("job", name, job),
            )


def _finding(
    change: Change,
    rules: RuleSet,
    words: tuple[str, ...],
    message: str,
    effect: str,
    advice: str,
    severity: Severity,
    about: tuple[str, ...],
) -> Finding:
    member = rules.member
    where = member.written.path if not rules.deployed else str(member.id)
    return RULE.finding(
        place_of(change.head, member, *words),
        message,
        message.partition(":")[0],
        effect if rules.deployed else f"{effect} {_NOT_DEPLOYED}",
        advice,
        severity=severity if rules.deployed else lower(severity),
        about=(where, member.id.name, *about),
        resource=member.id if member.id.kind != "rules" else None,
        applications=applications([member]),
        owners=owners([member]),
    )
