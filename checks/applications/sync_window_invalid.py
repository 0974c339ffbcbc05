"""Argo CD cannot read a sync window of an AppProject.

What it finds: windows whose `schedule` or `duration` Argo CD does not read, whose `kind` is neither `allow` nor
`deny`, or whose `timeZone` is none.

Why it matters: an AppProject from git is not looked at before it is applied. Of a window that cannot be read, every
sync of the Applications that it is for fails, by itself and by hand, and so do all other windows of these. A kind
that is not known does nothing, and in place of a time zone that is none UTC counts.

Example: `duration: 1d` (Go knows no days), `schedule: "0 22 * * 7"` (Sunday is 0), `timeZone: CEST`.

How the fix is safe: none is offered; the message says what is wrong with it.

How sure it is: an error where the window is for an Application that is known, else a warning, as for a kind and a
time zone. Time zones are those of the database of IANA.

Sources: argo-cd, controller/sync.go (syncWindowPreventsSync), pkg/apis/application/v1alpha1/types.go (CanSync,
scheduleOffsetByTimeZone); server/project/project.go, the only caller of ValidateProject; robfig/cron, parser.go.
"""

from __future__ import annotations

from collections.abc import Iterator

from checks.applications.annotations import quoted
from checks.applications.windows import Windows, shown, windows_in
from checks.declaration import declare
from checks.model import Finding, Severity
from checks.policy.file import Policy
from gitops.applications.options import meant
from gitops.discovery.snapshot import Change
from gitops.facts.sync_windows import BadSchedule, Window, parse_duration, parse_schedule
from gitops.facts.time_zones import ZONES, is_zone

RULE = declare("sync-window-invalid", Severity.ERROR, Severity.WARNING)

Told = tuple[str, str, str]


def check(change: Change, policy: Policy) -> Iterator[Finding]:
    """One finding for each field of a window."""
    for windows in windows_in(change, policy):
        for window in windows.windows:
            names = windows.of(window)
            for field, told in _unread(window, names):
                severity = Severity.ERROR if names else Severity.WARNING
                yield windows.finding(RULE, window, field, told, severity, names)
            for field, told in _passed_over(windows, window):
                yield windows.finding(RULE, window, field, told, Severity.WARNING, names)


def _unread(window: Window, names: tuple[str, ...]) -> Iterator[tuple[str, Told]]:
    who = shown(names) if names else "the Applications that it is for"
    effect = f"Argo CD syncs none of {who} any more, neither by itself nor by hand, whatever other windows say."
    try:
        parse_schedule(window.schedule)
    except BadSchedule as error:
        message = f"the schedule {quoted(window.schedule)} of a sync window is none that Argo CD reads: {error}"
        yield "schedule", (message, effect, "Write minute, hour, day of the month, month and day of the week.")
    if parse_duration(window.duration) is None:
        message = f"the duration {quoted(window.duration)} of a sync window is none that Argo CD reads"
        days = window.duration[:-1] if window.duration.endswith("d") else ""
        hours = f"Write `{int(days) * 24}h`." if days.isascii() and days.isdigit() and len(days) < 6 else ""
        yield "duration", (message, effect, hours or "Write a number and its unit, such as `90m` or `8h`.")


def _passed_over(windows: Windows, window: Window) -> Iterator[tuple[str, Told]]:
    if window.kind not in ("allow", "deny"):
        near = meant(window.kind, ("allow", "deny"))
        message = f"{quoted(window.kind)} is no kind of sync window" if window.kind else "a sync window has no `kind`"
        advice = f"Write `{near}`." if near else "Write `allow` or `deny`."
        yield "kind", (message, "Argo CD passes over the window: it neither allows nor denies.", advice)
    if not is_zone(window.zone):
        near = meant(window.zone, ZONES) if "/" in window.zone else ""  # CEST is not almost EST
        advice = f"Write `{near}`." if near else "Write a name such as `Europe/Berlin`."
        message = f"there is no time zone {quoted(window.zone)}"
        yield "timeZone", (message, "Argo CD takes UTC instead, and says so in its log only.", advice)
