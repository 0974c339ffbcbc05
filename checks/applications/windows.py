"""The sync windows of the AppProjects in git, with the Applications that they are for."""

from __future__ import annotations

from dataclasses import dataclass

from checks.applications.projects import Projects, projects_in
from checks.declaration import Declaration
from checks.model import Finding, Severity
from checks.policy.file import Policy
from checks.wording import listed
from gitops.applications.live import Live
from gitops.discovery.snapshot import Change, Owned, Snapshot, State
from gitops.facts.sync_windows import Window, read_windows
from gitops.files.fields import nearest_field
from gitops.resources.resource import ResourceId


@dataclass(frozen=True)
class Windows:
    """Of one AppProject; `states` are those of its Applications that are known."""

    rid: ResourceId
    copy: Owned
    windows: tuple[Window, ...]
    states: list[State]

    def of(self, window: Window) -> tuple[str, ...]:
        """The names of the Applications that a window is for."""
        applications = (each.application for each in self.states)
        return tuple(dict.fromkeys(one.label for one in applications if window.matches(one.name, one.destination)))

    def finding(
        self,
        rule: Declaration,
        window: Window,
        field: str,
        told: tuple[str, str, str],
        severity: Severity,
        names: tuple[str, ...] = (),
    ) -> Finding:
        """One finding about a window: `told` is what is wrong with it, what that does, and what to do."""
        message, effect, advice = told
        title = f"AppProject `{self.rid.name}`: {message}"
        # Windows have no names; what they say tells them apart, wherever they stand in the list.
        about = (self.copy.origin.path, self.rid.name, window.kind, window.schedule, window.duration, message)
        return rule.finding(
            nearest_field(self.copy.tree, self.copy.origin.span, ("spec", "syncWindows", window.index, field)),
            title,
            title,
            advice=advice,
            text=effect,
            about=about,
            severity=severity,
            resource=self.rid,
            applications=names,
        )


def windows_in(change: Change, policy: Policy) -> tuple[Windows, ...]:
    """Of every AppProject that has some, found once for all rules."""
    return change.head.once(_windows, policy, change.live, change.base)


def _windows(snapshot: Snapshot, policy: Policy, live: Live | None, base: Snapshot | None) -> tuple[Windows, ...]:
    projects = snapshot.once(Projects, policy, live, base)
    found = (
        (rid, copy, read_windows(copy.resource.manifest()))
        for rid, copy in projects_in(snapshot)
        if b"syncWindows" in copy.resource.text
    )
    return tuple(Windows(rid, copy, windows, projects.states_of(copy)) for rid, copy, windows in found if windows)


def shown(names: tuple[str, ...]) -> str:
    """Names for a sentence."""
    return listed([f"`{name}`" for name in names], 3)
