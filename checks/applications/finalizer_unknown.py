"""A finalizer of Argo CD's is misspelt.

What it finds: finalizers of Applications that name Argo CD and are none of its own, or are spelt almost like one.

Why it matters: Argo CD deletes nothing along with the Application for a finalizer that it does not know, and nobody
ever takes that finalizer off: an Application that is deleted hangs in Terminating.

Example: `resource-finalizer.argocd.argoproj.io`.

How the fix is safe: none is offered; the finalizer that was meant is named. On an Application that exists, the wrong
one has to be taken off as well.

How sure it is: a warning. Silent about finalizers of others.

Sources: argo-cd, pkg/apis/application/v1alpha1/application_defaults.go, types.go (isPropagationPolicyFinalizer,
HasPostDeleteFinalizer).
"""

from __future__ import annotations

from collections.abc import Iterator

from checks.applications.annotations import quoted
from checks.applications.subjects import Remark, collect, subjects_of, told
from checks.declaration import declare
from checks.model import Finding, Severity
from checks.policy.file import Policy
from gitops.applications.application import FINALIZER
from gitops.applications.options import meant
from gitops.discovery.snapshot import Change, State
from gitops.facts.secrets.pods import at, sequence
from gitops.resources.manifests import text_of

RULE = declare("finalizer-unknown", Severity.WARNING)

_ROUTE = ("metadata", "finalizers")
_POLICIES = (FINALIZER, f"{FINALIZER}/background", f"{FINALIZER}/foreground")
# What stands behind a slash is the stage that a deletion has come to.
_STAGED = ("pre-delete-finalizer.argocd.argoproj.io", "post-delete-finalizer.argocd.argoproj.io")


def check(change: Change, policy: Policy) -> Iterator[Finding]:
    """One finding for each finalizer of an Application, or of the template that an ApplicationSet has."""
    for subject in change.head.once(subjects_of):
        found = [(state, remark) for state in subject.states for remark in _remarks(state)]
        yield from told(RULE, change.head, subject, collect(subject, found))


def _remarks(state: State) -> Iterator[Remark]:
    for index, value in enumerate(sequence(at(state.application.manifest, _ROUTE))):
        finalizer = text_of(value)
        if finalizer in _POLICIES or finalizer.partition("/")[0] in _STAGED:
            continue
        near = meant(finalizer, (*_POLICIES, *_STAGED))
        if near or finalizer.partition("/")[0].endswith("argocd.argoproj.io"):
            yield Remark(
                (*_ROUTE, index),
                f"Argo CD knows no finalizer {quoted(finalizer)}",
                "Deleting the Application deletes nothing that it owns, and hangs: nobody takes this finalizer off.",
                f"Write `{near or FINALIZER}`.",
                (finalizer,),
                Severity.WARNING,
            )
