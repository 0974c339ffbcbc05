"""A part of an Application's sync policy does nothing.

What it finds: `managedNamespaceMetadata` without `CreateNamespace=true`, `CreateNamespace=true` without a destination
namespace, `allowEmpty` without `prune`, a `retry` that allows no attempt, and durations of `retry` that cannot be
read.

Why it matters: what is written there does not happen. A `retry` without a limit retries never, while no `retry` at
all retries five times.

Example: `retry: {backoff: {duration: 5s}}`.

How the fix is safe: none is offered; the field that is missing is named.

How sure it is: a warning, for `CreateNamespace=true` a notice; Argo CD reads these fields together, as told here.
Silent about the template of an ApplicationSet where it has an effect for one of the elements.

Sources: argo-cd, controller/sync_namespace.go, controller/sync.go (SyncAppState), controller/appcontroller.go
(autoSync, processRequestedAppOperation), pkg/apis/application/v1alpha1/types.go (RetryStrategy,
parseStringToDuration).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from checks.applications.subjects import Remark, collect, spec_of, subjects_of, told
from checks.declaration import declare
from checks.model import Finding, Severity
from checks.policy.file import Policy
from gitops.discovery.snapshot import Change, State
from gitops.facts.secrets.pods import mapping
from gitops.facts.sync_windows import parse_duration
from gitops.resources.manifests import text_of

RULE = declare("sync-policy-without-effect", Severity.WARNING, Severity.NOTICE)

_ROUTE = ("spec", "syncPolicy")
_WHOLE = re.compile(r"[+-]?[0-9]+")  # seconds, where it is no duration of Go's


def check(change: Change, policy: Policy) -> Iterator[Finding]:
    """One finding for each part, of an Application or of what an ApplicationSet makes."""
    for subject in change.head.once(subjects_of):
        found = collect(subject, [(state, remark) for state in subject.states for remark in _remarks(state)])
        # What does nothing for some of what one template makes is there for the others.
        whole = {remark: states for remark, states in found.items() if len(states) == len(subject.states)}
        yield from told(RULE, change.head, subject, whole)


def _remarks(state: State) -> Iterator[Remark]:
    policy, written = state.application.sync_policy, mapping(spec_of(state).get("syncPolicy"))
    creates = "CreateNamespace=true" in policy.options
    if written.get("managedNamespaceMetadata") and not creates:
        yield _remark(
            "managedNamespaceMetadata",
            "`managedNamespaceMetadata` does nothing without `CreateNamespace=true`",
            "Argo CD neither makes the Namespace nor puts these labels and annotations on it.",
            "Add `CreateNamespace=true` to `syncOptions`.",
        )
    if creates and not state.application.destination.namespace:
        yield _remark(
            "syncOptions",
            "`CreateNamespace=true` does nothing without a destination namespace",
            "Argo CD makes no Namespace.",
            "Name one in `spec.destination.namespace`.",
            Severity.NOTICE,  # harmless where what is rendered names its namespaces
        )
    if policy.allow_empty and policy.automated and not policy.prune:
        yield _remark(
            "automated",
            "`allowEmpty` does nothing without `prune`",
            "Without `prune` nothing is deleted, so there is nothing that it would allow.",
            "Take it out, or set `prune: true`.",
        )
    retry = written.get("retry")
    if not isinstance(retry, dict) or not retry:
        return
    if retry.get("limit", 0) in (0, None):
        yield _remark(
            "retry",
            "its `retry` allows no attempt",
            "A failed sync is not tried again; without any `retry` an automated one is, five times.",
            "Set `retry.limit`.",
        )
    backoff = mapping(retry.get("backoff"))
    for key in ("duration", "maxDuration"):
        text = text_of(backoff.get(key))
        if text and not _WHOLE.fullmatch(text) and parse_duration(text) is None:
            yield _remark(
                "retry",
                f"`retry.backoff.{key}` is no duration",
                "Argo CD cannot tell when to try a failed sync again, and does not.",
                "Write a number and its unit, such as `30s` or `5m`.",
            )


def _remark(field: str, message: str, effect: str, advice: str, severity: Severity = Severity.WARNING) -> Remark:
    return Remark((*_ROUTE, field), message, effect, advice, (field, message), severity)
