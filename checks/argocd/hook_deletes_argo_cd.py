"""A hook deletes the namespace in which Argo CD runs, or Argo CD itself.

What it finds: a hook of an Application whose script deletes the namespace of an Argo CD that this repository
installs, one of its CRDs, or all Applications.

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
from gitops.installation.find import member_of
from gitops.installation.places import place_of

RULE = declare("hook-deletes-argo-cd", Severity.ERROR)

_DELETES: Final = re.compile(r"(?:kubectl|\bk|oc)\b[^\n;&|]*?\bdelete\b([^\n;&|]*)")
_KINDS: Final = {"namespace", "namespaces", "ns", "project"}
_DEFINITIONS: Final = re.compile(r"\b(?:applications|applicationsets|appprojects)\.argoproj\.io\b")
_ALL_APPLICATIONS: Final = re.compile(r"\b(?:applications?(?:\.argoproj\.io)?|apps?)\b.*--all\b")


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
        for command in _DELETES.finditer(hook.script.replace("\\\n", " ")):
            what = _deleted(command[1], here)
            told = (hook.owned.application.key, hook.owned.resource.id, what)
            if what and told not in seen:
                seen.add(told)
                yield _finding(change, hook, command[0].strip(), what)


def _deleted(arguments: str, namespaces: set[str]) -> str:
    words = [word.strip("\"'") for word in arguments.split()]
    names = {part for word in words for part in word.split("/")}
    slashed = any(word.split("/")[0] in _KINDS and len(word.split("/")) > 1 for word in words)
    named = bool(words) and next((word for word in words if not word.startswith("-")), "") in _KINDS
    gone = sorted(names & namespaces) if named or slashed else []
    if gone:
        return f"the namespace `{gone[0]}`, in which Argo CD runs"
    if not namespaces:
        return ""
    if "crd" in names or "customresourcedefinition" in names or "crds" in names:
        return "a CRD of Argo CD's, and every object of its kind" if _DEFINITIONS.search(arguments) else ""
    return "every Application of a namespace" if _ALL_APPLICATIONS.search(arguments) else ""


def _finding(change: Change, hook: Hook, command: str, what: str) -> Finding:
    rid = hook.owned.resource.id
    member = member_of(change.head, hook.owned)
    verb = command.split("delete")[0].strip().split()[0]
    label = hook.owned.application.label
    return RULE.finding(
        place_of(change.head, member, f"{verb} delete", "delete"),
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
