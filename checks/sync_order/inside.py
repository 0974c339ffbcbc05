"""How both rules about the order inside one Application word what they find."""

from __future__ import annotations

from checks.declaration import Declaration
from checks.model import Finding, Related, Severity
from gitops.discovery.snapshot import Change
from gitops.facts.order.inside import WAVE, Late
from gitops.facts.secrets.place import place
from gitops.files.spans import Span
from gitops.resources.rendering import Rendered

_KEPT = frozenset({"PersistentVolumeClaim", "Namespace", "CustomResourceDefinition"})

# A pending claim is Progressing to Argo CD (gitops-engine, pkg/health/health_pvc.go), which waits for it before the
# next wave; with the volumeBindingMode WaitForFirstConsumer it is bound for its first pod only.
_FIRST_CONSUMER = (
    "no lower one: where its StorageClass waits for the first pod (`WaitForFirstConsumer`), Argo CD would wait for "
    "the claim before it brings the pod"
)


def finding(rule: Declaration, late: Late, change: Change) -> Finding:
    """An error where the change itself brings what comes too late; else it may be there from an earlier sync, and a
    warning says what happens without."""
    name = late.state.application.label
    consumer, provider = late.consumer.resource.id, late.provider.resource.id
    made = (
        f"`{provider}`"
        if (provider.kind, provider.name) == (late.needed.kind, late.needed.name)
        else (f"`{late.needed}` (made by `{provider}`)")
    )
    waits = f"`{consumer}` ({late.at}{', a hook' if late.by_hook else ''}) needs {made}"
    message = f"{waits}, which `{name}` applies only in {late.then}"
    new = change.base is not None and not _was_there(late, change)
    effect = (
        "The API server refuses it as long as that is missing, and Argo CD goes no further when something is refused"
        if late.refused
        else "It waits for that, and Argo CD waits for it before it goes on: both wait for ever"
    )
    when = "" if new else " on a cluster that does not have it from before"
    used = place(late.consumer, late.use) if late.use is not None else late.consumer.origin.span
    return rule.finding(
        used,
        message,
        f"`{consumer.kind} {consumer.name}` needs `{late.needed.kind} {late.needed.name}`, which comes later in the "
        f"sync of `{name}`",
        f"{effect}{when}.",
        _advice(late),
        severity=Severity.ERROR if new else Severity.WARNING,
        about=(*late.state.application.key, str(consumer), str(provider)),
        resource=consumer,
        applications=[name],
        related=[Related(late.provider.origin.span, f"`{provider}` comes in {late.then}")]
        if _apart(late, used)
        else [],
    )


def _was_there(late: Late, change: Change) -> bool:
    """Whether the Application brought it before the change already."""
    before = change.base.by_key.get(late.state.application.key) if change.base is not None else None
    if before is None or not isinstance(before.rendering, Rendered):
        return before is not None  # what could not be rendered may have brought it
    return any(resource.id == late.provider.resource.id for resource in before.rendering.resources)


def _apart(late: Late, used: Span) -> bool:
    return late.provider.origin.span != used


def _advice(late: Late) -> str:
    provider = f"`{late.provider.resource.id}` ({late.provider.origin.span})"
    consumer = f"`{late.consumer.resource.id}`"
    claim = late.provider.resource.id.kind == "PersistentVolumeClaim"
    if late.at.phase is late.then.phase and claim:
        return f'Give {provider} `{WAVE}: "{late.at.wave}"`, the wave of {consumer}, and {_FIRST_CONSUMER}.'
    if late.at.phase is late.then.phase:
        return (
            f'Give {provider} `{WAVE}: "{late.at.wave - 1}"` or lower, or {consumer} a wave above {late.then.wave}.'
        )
    brings = late.provider.resource.id
    kept = (
        f" Do not make a hook of {brings.kind} {brings.name} itself: hooks are deleted before each sync."
        if brings.kind in _KEPT
        else ""
    )
    if claim:
        return (
            f"Make {consumer} a hook of the Sync phase and give both wave {late.then.wave - 1}: they then come "
            f"before the rest of the Sync phase. The claim must have its pod's wave, and {_FIRST_CONSUMER}.{kept}"
        )
    return (
        f"Make {consumer} a hook of the Sync phase in wave {late.then.wave - 1} and give {provider} wave "
        f"{late.then.wave - 2}: both then come before the rest of the Sync phase, in this order.{kept}"
    )
