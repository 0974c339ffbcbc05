"""A hook needs what the same Application brings only later.

What it finds: a hook (Argo CD's or Helm's) whose pod needs a Secret, a ConfigMap, a ServiceAccount or a volume
claim, or whose kind or namespace comes only in a later phase or wave of the same Application.

Why it matters: Argo CD begins a phase when the one before has ended. A PreSync Job waits for the Secret of the Sync
phase, and the Sync phase waits for the Job: on a new cluster the first sync never ends. Where the object is there
from an earlier sync, the hook runs with what it was one sync ago.

Example: a PreSync Job `migrate` with `secretKeyRef: {name: db}`, and the Secret `db` without a hook annotation
beside it.

How the fix is safe: none is applied. Move the hook to the Sync phase and order it by waves; the finding names the
numbers.

How sure it is: an error when the change brings the object; a warning when it may be there from an earlier sync.
Silent where another Application brings the object too, where the reference is optional, and for what nobody waits
for (a CronJob).

Sources: gitops-engine, pkg/sync/sync_context.go and pkg/sync/hook; argo-cd issues 9891, 20119, 15146.
"""

from __future__ import annotations

from collections.abc import Iterator

from checks.declaration import declare
from checks.model import Finding, Severity
from checks.policy.file import Policy
from checks.sync_order.inside import finding
from gitops.discovery.snapshot import Change
from gitops.facts.order.inside import late

RULE = declare("hook-needs-later-phase", Severity.ERROR, Severity.WARNING)


def check(change: Change, policy: Policy) -> Iterator[Finding]:
    """One finding for each hook and manifest that it needs."""
    for found in change.head.once(late):
        if found.by_hook:
            yield finding(RULE, found, change)
