"""A resource needs what the same Application brings only in a later wave.

What it finds: a workload of an earlier sync wave whose pods need a Secret, a ConfigMap, a ServiceAccount or a
volume claim of a later one; a resource whose Namespace or CustomResourceDefinition comes in a later wave than
itself.

Why it matters: Argo CD applies a wave when everything in the one before is healthy. The workload does not become
healthy without what it waits for, so that never comes: the sync stands still. Without its kind or namespace a
resource is refused, and the sync fails there.

Example: a Deployment of wave 0 with `secretKeyRef: {name: db}`, and the Secret `db` with `sync-wave: "1"`.

How the fix is safe: none is applied. Give what is needed a lower wave; the finding names the number. A wave is an
annotation: changing it deletes nothing.

How sure it is: an error when the change brings what is needed; a warning when it may be there from an earlier sync.
Silent where another Application brings it too, where the reference is optional, and for what nobody waits for (a
CronJob).

Sources: gitops-engine, pkg/sync/sync_context.go, pkg/sync/syncwaves; argo-cd docs, "Sync Phases and Waves".
"""

from __future__ import annotations

from collections.abc import Iterator

from checks.declaration import declare
from checks.model import Finding, Severity
from checks.policy.file import Policy
from checks.sync_order.inside import finding
from gitops.discovery.snapshot import Change
from gitops.facts.order.inside import late

RULE = declare("resource-needs-later-wave", Severity.ERROR, Severity.WARNING)


def check(change: Change, policy: Policy) -> Iterator[Finding]:
    """One finding for each pair of manifests."""
    for found in change.head.once(late):
        if not found.by_hook:
            yield finding(RULE, found, change)
