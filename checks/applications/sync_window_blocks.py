"""Sync windows leave no moment at which an Application may be synced.

What it finds: Applications that sync by themselves (`automated`) while the sync windows of their AppProject let no
sync begin by itself at any moment of the week; and Applications for which none may begin by hand either.

Why it matters: what is merged never reaches the cluster, and the Application stays OutOfSync.

Example: a window of the kind `allow` with `duration: 0s`; a window of the kind `deny` with `schedule: "* * * * *"`
and `duration: 1h`; one with `schedule: "0 0 31 2 *"`, a day that never comes, which Argo CD takes for open always.

How the fix is safe: none is offered; when to sync only people know.

How sure it is: a warning where nobody can sync at all; a notice where it can be done by hand (`manualSync: true`),
which is a way to freeze a project. Silent where the weeks differ (days of a month), where windows that are not always
open have different time zones, and where a window cannot be read, which is told as `sync-window-invalid`.

Sources: argo-cd, pkg/apis/application/v1alpha1/types.go (SyncWindows.CanSync, active, inactiveAllows);
robfig/cron, spec.go (Next).
"""

from __future__ import annotations

from collections.abc import Iterator

from checks.applications.windows import Windows, shown, windows_in
from checks.declaration import declare
from checks.model import Finding, Severity
from checks.policy.file import Policy
from gitops.discovery.snapshot import Change
from gitops.facts.sync_windows import Allowed, Window, allowed_by, parse_schedule

RULE = declare("sync-window-blocks", Severity.WARNING, Severity.NOTICE)


def check(change: Change, policy: Policy) -> Iterator[Finding]:
    """One finding for all Applications of a project that the same windows keep from being synced."""
    for windows in windows_in(change, policy):
        for (found, by_hand), names in _blocked(windows).items():
            yield _finding(windows, found, by_hand, tuple(names))


def _blocked(windows: Windows) -> dict[tuple[tuple[Window, ...], bool], dict[str, None]]:
    found: dict[tuple[tuple[Window, ...], bool], dict[str, None]] = {}
    known: dict[tuple[Window, ...], Allowed | None] = {}
    for state in windows.states:
        application = state.application
        fits = tuple(each for each in windows.windows if each.matches(application.name, application.destination))
        if fits not in known:
            known[fits] = allowed_by(fits) if fits and all(each.is_valid for each in fits) else None
        allowed = known[fits]
        if allowed is None or allowed.by_itself:
            continue
        if application.sync_policy.automated or not allowed.by_hand:
            found.setdefault((fits, allowed.by_hand), {})[application.label] = None
    return found


def _finding(windows: Windows, found: tuple[Window, ...], by_hand: bool, names: tuple[str, ...]) -> Finding:
    denies = [each for each in found if each.kind == "deny"]
    window = denies[0] if denies else found[0]
    who = shown(names)
    how = "by itself" if by_hand else "at all"
    message = f"its sync windows let {who} be synced {how} at no moment of the week"
    effect = f"What is merged does not reach the cluster: Argo CD starts no sync of {who}"
    effect += " by itself. By hand it can be synced." if by_hand else ", and refuses one that is started by hand."
    advice = "Mend the window, or take it out."
    if any(each.open(at_least=False) and _never_comes(each) for each in found):
        advice = "Mend the schedule: a day that never comes counts as one that is always there."
    severity = Severity.NOTICE if by_hand else Severity.WARNING
    return windows.finding(RULE, window, "schedule", (message, effect, advice), severity, names)


def _never_comes(window: Window) -> bool:
    return not parse_schedule(window.schedule).happens
