"""Sync waves stand where Argo CD does not obey them.

What it finds: different waves on Applications that an ApplicationSet makes, and on the children of an Application
where the repository's argocd-cm does not say how an Application's health is told.

Why it matters: whoever wrote the waves relies on an order that is not kept. The ApplicationSet controller applies all
its Applications at once. A parent Application goes through its waves, but takes an Application for ready as soon as
it exists, unless argocd-cm has a health check for Applications (Argo CD removed its own in 1.8).

How sure it is: a warning; a notice when the repository holds no argocd-cm, since it may be configured elsewhere.

Example: an ApplicationSet whose template has `argocd.argoproj.io/sync-wave: '{{wave}}'`.

How the fix is safe: none is applied. Use a RollingSync strategy for the ApplicationSet, the health check in argocd-cm
for a parent; the finding has the lines for both.

Sources: argo-cd docs, "Progressive Syncs" and "Sync Phases and Waves"; upgrading notes 1.7 to 1.8.
"""

from __future__ import annotations

from collections.abc import Iterator

from checks.declaration import declare
from checks.model import Finding, Severity
from checks.policy.file import Policy
from checks.sync_order.view import edges_of
from checks.wording import listed
from gitops.discovery.snapshot import Change, Snapshot
from gitops.facts.order.model import Bringer, Waves
from gitops.facts.order.waves import is_obeyed, wave_at, waves_of

RULE = declare("sync-wave-without-effect", Severity.WARNING, Severity.NOTICE)

_MOST_STEPS = 6

_HEALTH = """\
# data of the ConfigMap argocd-cm
resource.customizations.health.argoproj.io_Application: |
  local health = obj.status and obj.status.health or {}
  return {status = health.status or "Progressing", message = health.message or ""}"""


def check(change: Change, policy: Policy) -> Iterator[Finding]:
    """One finding per ApplicationSet or parent."""
    head = change.head
    for waves in waves_of(head, edges_of(head, policy, change.live, change.base)):
        if waves.bringer is not Bringer.NOBODY and not is_obeyed(waves, head):
            yield _finding(waves, head)


def _finding(waves: Waves, snapshot: Snapshot) -> Finding:
    name = waves.parent[2]
    first = snapshot.by_key[waves.groups[0][1][0]].application
    numbers = [str(wave) for wave, _ in waves.groups]
    count = sum(len(members) for _, members in waves.groups)
    severity = Severity.WARNING
    if waves.bringer is Bringer.SET:
        title = f"Argo CD ignores the sync waves of what ApplicationSet `{name}` makes"
        message = (
            f"Its {count} Applications have the waves {listed(numbers)}, but the ApplicationSet controller applies "
            "them all at once"
        )
        advice = (
            "Use a RollingSync strategy instead: label each Application with its wave in the template, and let a "
            "step select each. It takes automated sync over, and needs "
            "`applicationsetcontroller.enable.progressive.syncs` in argocd-cmd-params-cm."
        )
        commands = _rolling(waves)
    elif snapshot.application_health is None:
        severity = Severity.NOTICE
        title = f"Nothing here shows that the sync waves below `{name}` have an effect"
        message = (
            f"Its {count} Applications have the waves {listed(numbers)}. Argo CD waits between them only if "
            "argocd-cm says how an Application's health is told, and this repository holds no argocd-cm"
        )
        advice = "Where Argo CD is configured, see that argocd-cm has this."
        commands = _HEALTH
    else:
        title = f"Argo CD does not wait between the sync waves below `{name}`"
        message = (
            f"Its {count} Applications have the waves {listed(numbers)}, but argocd-cm does not say how an "
            "Application's health is told, so that each counts as ready as soon as it exists"
        )
        advice = "Add the health check to argocd-cm."
        commands = _HEALTH
    return RULE.finding(
        first.origin.span if first.generated else wave_at(snapshot.tree, first),
        message,
        title,
        advice=advice,
        commands=commands,
        severity=severity,
        about=(waves.bringer.value, *waves.parent),
        applications=[name],
    )


def _rolling(waves: Waves) -> str:
    lines = ["# spec of the ApplicationSet; its template has the label wave", "strategy:", "  type: RollingSync"]
    lines += ["  rollingSync:", "    steps:"]
    for wave, _ in waves.groups[:_MOST_STEPS]:
        lines.append(f'      - matchExpressions: [{{key: wave, operator: In, values: ["{wave}"]}}]')
    if len(waves.groups) > _MOST_STEPS:
        lines.append(f"      # and {len(waves.groups) - _MOST_STEPS} more")
    return "\n".join(lines)
