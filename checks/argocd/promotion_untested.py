"""Production's Argo CD goes to a version that the test of staging has not seen.

What it finds: where a PostSync hook tests the Argo CD of staging (`argofix add smoke-test` makes one), a change that
moves another installation to a newer version than staging has on the default branch. Where staging has that version,
a notice with the command that tells how its last sync ended, which git does not hold.

Why it matters: the test is there so that production gets what has passed it. A version that skips staging is tried in
production first.

Example: production goes from v3.2.2 to v3.3.1, and staging is at v3.2.4.

How the fix is safe: none is applied. Merge the version for staging, wait for its sync, and promote it then.

How sure it is: an error, and a notice. Silent without such a hook, where a version is not known, for installations
that are new, and where nothing lies in a directory `staging` or `argocd.overlay`.

Sources: argo-cd docs/user-guide/resource_hooks.md (a PostSync hook that fails makes the sync fail).
"""

from __future__ import annotations

from collections.abc import Iterator

from packaging.version import Version

from checks.argocd.hooks import hooks_of
from checks.argocd.view import applications, owners, written
from checks.declaration import declare
from checks.model import Finding, Severity
from checks.policy.file import Policy
from gitops.discovery.snapshot import Change, Snapshot
from gitops.installation.directories import directories_of
from gitops.installation.find import installations_of
from gitops.installation.model import Installation
from gitops.installation.places import place_of
from gitops.versions.overlay import is_first

RULE = declare("promotion-untested", Severity.ERROR, Severity.NOTICE)


def check(change: Change, policy: Policy) -> Iterator[Finding]:
    """One finding for each installation that goes to a newer version."""
    if change.base is None:
        return
    staging = _tested(change.base, policy)
    if staging is None or staging.version is None:
        return
    before = {one.key: one.version for one in change.base.once(installations_of)}
    for installation in change.head.once(installations_of):
        old, new = before.get(installation.key), installation.version
        if installation.key == staging.key or not installation.deployed or old is None or new is None or new <= old:
            continue
        if not _is_first(installation, policy):
            yield _finding(change, staging, staging.version, installation, new)


def _tested(snapshot: Snapshot, policy: Policy) -> Installation | None:
    """The installation where versions are tried first, if a hook tests it."""
    tested = {hook.owned.application.key for hook in hooks_of(snapshot) if hook.phase == "PostSync"}
    for one in snapshot.once(installations_of):
        if one.deployed and _is_first(one, policy) and not tested.isdisjoint(one.owners):
            return one
    return None


def _is_first(installation: Installation, policy: Policy) -> bool:
    return any(is_first(directory, policy.argocd_overlay) for directory in directories_of(installation))


def _finding(
    change: Change, staging: Installation, has: Version, installation: Installation, new: Version
) -> Finding:
    process = next(one for one in installation.processes if one.version == new and not one.initial)
    label = next((one.member.application for one in installation.processes if one.member.application), "")
    name = next((one.member.owner[2] for one in staging.processes if one.member.owner is not None), "")
    tested = new <= has
    if tested:
        message = f"`{label}` goes to {written(new)}, which staging has: whether its test passed git does not tell"
        title = f"Staging has {written(new)}; look that its test passed"
        advice = "Its last sync has ended as `Succeeded` where it did:"
    else:
        message = (
            f"`{label}` goes to {written(new)}, and staging has {written(has)}: its test has not seen that version"
        )
        title = f"{written(new)} goes to production untested"
        advice = f"Merge {written(new)} for staging first, and wait until its sync, with the test, has succeeded:"
    return RULE.finding(
        place_of(change.head, process.member, written(new), str(new), process.program),
        message,
        title,
        "" if tested else "What the test would have found is found in production.",
        advice,
        commands=f"argocd app wait {name} --operation --health",
        severity=Severity.NOTICE if tested else Severity.ERROR,
        about=(*installation.key, str(new)),
        resource=process.member.id,
        applications=applications([process.member]),
        owners=owners([process.member]),
    )
