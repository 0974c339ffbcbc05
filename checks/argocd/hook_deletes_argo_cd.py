"""A hook deletes the namespace in which Argo CD runs, or Argo CD itself.

What it finds: a hook of an Application whose script deletes the namespace of an Argo CD that this repository
installs, its release of Helm, all of a kind that it needs, one of its CRDs, or all Applications. Scripts of shells
and of Python are read, with the environment that the hook gives them.

Why it matters: Argo CD runs the hook, so it takes away who would finish the sync. With the namespace all Applications
go, and those with Argo CD's finalizer wait for a controller that is gone.

Example: a PostSync Job that tests with `kubectl delete namespace argocd` at its end.

How the fix is safe: none is applied. Use a namespace of the test's own.

How sure it is: an error. Silent for namespaces that hold no Argo CD of this repository, and for names that a script
makes up as it runs.

Sources: argo-cd docs/user-guide/resource_hooks.md and app_deletion.md (finalizers).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from checks.argocd.hooks import Hook, hooks_of
from checks.argocd.view import installations
from checks.declaration import declare
from checks.model import Finding, Severity
from checks.policy.file import Policy
from gitops.discovery.snapshot import Change
from gitops.installation.destroying import Deletion, deletions_in
from gitops.installation.find import member_of
from gitops.installation.places import place_of

RULE = declare("hook-deletes-argo-cd", Severity.ERROR)

_CALL: Final = re.compile(r"\b(kubectl|oc|k|helm3?)\b.*?\b(delete|uninstall|del|un)\b")


def check(change: Change, policy: Policy) -> Iterator[Finding]:
    """One finding for each command of each hook."""
    namespaces = {
        (one.cluster, one.namespace)
        for one in installations(change)
        if one.deployed and one.processes and one.namespace
    }
    if not namespaces:
        return
    seen: set[object] = set()
    for hook in hooks_of(change.head):
        cluster = hook.owned.application.destination.cluster
        here = {namespace for where, namespace in namespaces if where == cluster}
        for deletion in _deletions(hook, here) if here else ():
            told = (hook.owned.application.key, hook.owned.resource.id, deletion.what)
            if told not in seen:
                seen.add(told)
                yield _finding(change, hook, deletion)


def _deletions(hook: Hook, namespaces: set[str]) -> Iterator[Deletion]:
    """What it deletes for certain."""
    own = hook.owned.resource.id.namespace
    for program, python in hook.programs:
        found = deletions_in(program, namespaces, own, hook.variables, python)
        yield from (one for one in found if one.certain)


def _finding(change: Change, hook: Hook, deletion: Deletion) -> Finding:
    rid = hook.owned.resource.id
    member = member_of(change.head, hook.owned)
    what, call = deletion.what, _CALL.search(deletion.command)
    words = [deletion.command, *([f"{call[1]} {call[2]}"] if call is not None else []), "delete", "uninstall"]
    label = hook.owned.application.label
    return RULE.finding(
        place_of(change.head, member, *words),
        f"the {hook.phase} hook {rid} of `{label}` deletes {what}",
        f"A hook of `{label}` deletes {what}",
        "Argo CD runs it, so it takes away who would finish the sync; Applications with Argo CD's finalizer then "
        "wait for a controller that is gone.",
        "Let it work in a namespace of its own, and delete that.",
        about=(*hook.owned.application.key, str(rid), what),
        resource=member.id,
        applications=[label],
        owners=[hook.owned.application.key],
    )
