"""A sync window of an AppProject does nothing.

What it finds: windows that name neither applications, nor namespaces, nor clusters; windows of the kind `deny` that
are never open; and windows that name a cluster in another way than the Applications of the project do.

Why it matters: a freeze that was agreed on does not hold.

Example: `clusters: [in-cluster]` while the Applications have `server: https://kubernetes.default.svc`; a `deny` with
`duration: 0s`.

How the fix is safe: none is offered; the message says what is missing.

How sure it is: a warning. Argo CD compares the clusters of a window with the `name` or the `server` that an
Application writes, and does not look one up by the other. Silent about patterns that may fit Applications which are
not here.

Sources: argo-cd, pkg/apis/application/v1alpha1/types.go (SyncWindows.Matches, active).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from checks.applications.annotations import quoted
from checks.applications.windows import Windows, windows_in
from checks.declaration import declare
from checks.model import Finding, Severity
from checks.policy.file import Policy
from gitops.applications.application import IN_CLUSTER, IN_CLUSTER_SERVER, Application, Destination
from gitops.discovery.snapshot import Change
from gitops.facts.sync_windows import Window

RULE = declare("sync-window-without-effect", Severity.WARNING)

_NOTHING = "The window neither allows nor denies anything, and Argo CD says nothing."


def check(change: Change, policy: Policy) -> Iterator[Finding]:
    """One finding for each window."""
    for windows in windows_in(change, policy):
        for window in windows.windows:
            said = _said(windows, window, change.head.clusters)
            if said is not None:
                field, message, advice = said
                told = (message, _NOTHING, advice)
                yield windows.finding(RULE, window, field, told, Severity.WARNING)


def _said(windows: Windows, window: Window, clusters: Mapping[str, str]) -> tuple[str, str, str] | None:
    if not window.applications and not window.namespaces and not window.clusters:
        message = "a sync window names neither applications, nor namespaces, nor clusters"
        return "kind", message, "Name what it is for; `applications: ['*']` is all of the project."
    if window.kind == "deny" and window.is_valid and window.open(at_least=True) == 0:
        message = f"a sync window that denies is never open: its duration is {quoted(window.duration)}"
        return "duration", message, "Write how long it is to deny."
    if window.clusters and windows.states and not windows.of(window):
        fits = [other for state in windows.states if (other := _other(window, state.application, clusters))]
        if fits:
            named = quoted(window.clusters[0])
            message = f"none of the project's Applications names a cluster as a sync window does, by {named}"
            return "clusters", message, f"Write {quoted(fits[0])} as well, as the Applications do."
    return None


def _other(window: Window, application: Application, clusters: Mapping[str, str]) -> str:
    """What an Application calls its cluster, where a window would be for it by another word for that; '' else."""
    written = application.destination
    if written.server:
        server = written.server.rstrip("/")
        names = [name for name, where in clusters.items() if where.rstrip("/") == server]
        words = [*names, IN_CLUSTER] if server == IN_CLUSTER_SERVER else names
        others = [Destination("", word, written.namespace) for word in words]
    else:
        server = IN_CLUSTER_SERVER if written.name == IN_CLUSTER else clusters.get(written.name, "")
        others = [Destination(server, "", written.namespace)] if server else []
    fits = any(window.matches(application.name, other) for other in others)
    return (written.server or written.name) if fits else ""
