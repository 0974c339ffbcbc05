"""Sync waves, or the steps of a RollingSync, bring an Application before another one that it needs.

What it finds: two Applications below one parent Application, of which the earlier wave needs something (a Namespace,
a CRD, a Secret, ...) that the later wave brings; the same for two steps of an ApplicationSet's RollingSync.

Why it matters: the parent brings the next wave when everything in the one before is healthy. The earlier Application
becomes healthy when the later one has been synced, which it is not before: the parent's sync stands still.

How sure it is: an error when the sync fails without what is missing and the repository shows that Argo CD is told how
to see an Application's health; otherwise a warning.

Example: the Application with the cert-manager CRDs is in wave 5, the one with a ClusterIssuer in wave 0.

How the fix is safe: none is applied. Give the one that brings it a lower wave; the finding tells which number.

Sources: argo-cd docs, "Sync Phases and Waves"; gitops-engine, pkg/sync/sync_context.go.
"""

from __future__ import annotations

from collections.abc import Iterator

from checks.declaration import declare
from checks.model import Finding, Related, Severity, Topic
from checks.policy.file import Policy
from checks.sync_order.view import edges_of
from checks.sync_order.words import main, why
from gitops.discovery.snapshot import Change, Snapshot
from gitops.facts.order.model import Reason, Strength
from gitops.facts.order.waves import ANNOTATION, Contradiction, contradictions, wave_at

RULE = declare("sync-wave-contradiction", Severity.ERROR, Severity.WARNING)


def check(change: Change, policy: Policy) -> Iterator[Finding]:
    """One finding per pair of Applications."""
    head = change.head
    for found in contradictions(head, edges_of(head, policy, change.live, change.base)):
        if found.rolling:
            yield _of_steps(found, head)
        elif head.application_health is not False:  # else the waves have no effect, which is another rule's affair
            yield _finding(found, head)


def _of_steps(found: Contradiction, snapshot: Snapshot) -> Finding:
    reason = main(found.edge)
    first, second, name = found.first.label, found.second.label, found.parent[2]
    below = "" if reason.provider.application.key == found.first.key else f" (below `{first}`)"
    message = (
        f"{why(reason)}{below}. But the RollingSync of ApplicationSet `{name}` syncs `{first}` in step "
        f"{found.first_wave}, after `{second}` in step {found.second_wave}"
    )
    span = next((s.origin.span for s in snapshot.sets if s.key == found.parent), found.first.origin.span)
    return RULE.finding(
        span,
        message,
        topic=Topic(
            "|".join([RULE.id, *found.parent, str(found.first_wave), str(found.second_wave)]),
            f"Step {found.second_wave} of the RollingSync of `{name}` needs what step {found.first_wave} brings",
            f"{message}. It waits for `{second}` to become healthy before it syncs `{first}`, so both wait for ever.",
            f"Let a step before that of `{second}` take `{first}` ({span}).",
        ),
        severity=Severity.WARNING,  # git does not tell whether progressive syncs are switched on
        about=(*found.first.key, *found.second.key),
        resource=reason.provided,
        applications=[first, second],
        related=_ends(reason),
    )


def _finding(found: Contradiction, snapshot: Snapshot) -> Finding:
    reason = main(found.edge)
    first, second, parent = found.first.label, found.second.label, found.parent[2]
    wave = found.second_wave - 1
    sure = snapshot.application_health is True
    below = "" if reason.provider.application.key == found.first.key else f" (below `{first}`)"
    message = (
        f"{why(reason)}{below}. But `{parent}` brings `{first}` in wave {found.first_wave}, after `{second}` in wave "
        f"{found.second_wave}"
    )
    effect = (
        f"It waits for `{second}` to become healthy before it brings `{first}`, so both wait for ever."
        if sure
        else f"Where Argo CD is told how to see an Application's health, it waits for `{second}` to become healthy "
        f"before it brings `{first}`, so both wait for ever."
    )
    return RULE.finding(
        wave_at(snapshot.tree, found.first),
        message,
        f"`{second}` (wave {found.second_wave}) needs `{first}` (wave {found.first_wave}), which is synced later",
        effect,
        f"Give `{first}` wave {wave} or lower ({wave_at(snapshot.tree, found.first)}), or `{second}` a wave "
        f"above {found.first_wave}.",
        f'metadata:\n  annotations:\n    {ANNOTATION}: "{wave}"',
        severity=Severity.ERROR if sure and found.edge.strength is Strength.HARD else Severity.WARNING,
        about=(*found.first.key, *found.second.key),
        resource=reason.provided,
        applications=[first, second],
        related=[Related(wave_at(snapshot.tree, found.second), f"the wave of `{second}`"), *_ends(reason)],
    )


def _ends(reason: Reason) -> list[Related]:
    """Where what is needed comes from, and who needs it."""
    return [
        Related(reason.provided_at, f"`{reason.provider.application.label}` brings `{reason.provided}` here"),
        Related(reason.needed_at, f"`{reason.application.label}` needs it here"),
    ]
