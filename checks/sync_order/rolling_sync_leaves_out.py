"""No step of a RollingSync takes an Application.

What it finds: an Application that an ApplicationSet with the RollingSync strategy makes, and whose labels match no
step of it.

Why it matters: the ApplicationSet controller switches automated sync off for all that the set makes, and syncs what
the steps take. What no step takes is synced by nobody until a person does it.

Example: steps for `tier: infra` and `tier: app`, and an element with `tier: extra`.

How sure it is: a warning where the template asks for automated sync; a notice where it does not, since by hand
may be meant.

How the fix is safe: none is applied. Add a step, or give the Application a label that a step takes.

Sources: argo-cd docs, "Progressive Syncs" (limitations of RollingSync); applicationset/progressivesync,
buildAppDependencyList.
"""

from __future__ import annotations

from collections.abc import Iterator

from checks.declaration import declare
from checks.model import Finding, Severity
from checks.policy.file import Policy
from checks.wording import listed
from gitops.applications.application import Application
from gitops.applicationsets.declared import ApplicationSet
from gitops.discovery.snapshot import Change
from gitops.facts.order.waves import left_out

RULE = declare("rolling-sync-leaves-out", Severity.WARNING, Severity.NOTICE)


def check(change: Change, policy: Policy) -> Iterator[Finding]:
    """One finding for each ApplicationSet."""
    for made_by, applications in left_out(change.head):
        yield _finding(made_by, applications)


def _finding(made_by: ApplicationSet, applications: list[Application]) -> Finding:
    labels = [f"`{application.label}`" for application in applications]
    names = listed(labels, most=3)
    asked = any(application.sync_policy.automated for application in applications)
    one = len(applications) == 1
    message = (
        f"No step of the RollingSync of ApplicationSet `{made_by.name}` takes {names}. "
        f"Argo CD switches automated sync off for what the set makes, so nothing syncs {'it' if one else 'them'} "
        f"but a person"
    )
    return RULE.finding(
        made_by.origin.span,
        message,
        f"No step of `{made_by.name}` takes {labels[0] if one else f'{len(labels)} of its Applications'}",
        advice=f"Add a step whose `matchExpressions` take {'its' if one else 'their'} labels, or label "
        f"{'it' if one else 'them'} for a step that is there.",
        severity=Severity.WARNING if asked else Severity.NOTICE,
        about=made_by.key,
        applications=[application.name for application in applications],
    )
