"""An autoscaler and git both set the number of replicas.

What it finds: a Deployment, StatefulSet or Rollout that is rendered with `replicas`, while a HorizontalPodAutoscaler
or a KEDA ScaledObject scales it and its Application has `selfHeal`.

Why it matters: whenever the autoscaler changes the number, Argo CD sees a difference and sets it back to that of git
within seconds, so under load the Pods come and go.

Example: `replicas: 2` beside a HorizontalPodAutoscaler with `minReplicas: 2` and `maxReplicas: 10`.

How the fix is safe: `argofix fix` takes the line with `replicas` out, where it was rendered again and only that field
is gone. It is called unsafe all the same: with client-side apply taking it out sets 1 replica at that sync, until the
autoscaler raises it. `ignoreDifferences` with `RespectIgnoreDifferences=true` changes nothing at that moment.

How sure it is: a warning. Silent where `ignoreDifferences` of the Application, or an argocd-cm or ArgoCD in git, is
about replicas, for an autoscaler that is paused or has only one number to choose, and for `replicas: 0`, which turns
a HorizontalPodAutoscaler off (KEDA starts the first Pod all the same).

Sources: argo-cd, controller/appcontroller.go (autoSync, shouldSelfHeal), util/argo/normalizers; Kubernetes,
docs/tasks/run-application/horizontal-pod-autoscale (migrating to autoscaling); keda, ScaledObject (scaleTargetRef).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from checks.applications.differences import ignored_by
from checks.declaration import FixAvailability, declare
from checks.model import Drop, Finding, Related, Severity
from checks.policy.file import Policy
from gitops.discovery.snapshot import Change, Owned, OwnedId, Snapshot
from gitops.facts.autoscalers import Autoscaler, autoscalers
from gitops.facts.owners import owners_of
from gitops.facts.secrets.pods import at, read_manifest
from gitops.files.errors import GitopsError
from gitops.files.fields import field_at, nearest_field
from gitops.files.spans import Span, counts_lines_as_yaml, split_lines
from gitops.resources.resource import Resource

RULE = declare("autoscaler-against-replicas", Severity.WARNING, fix=FixAvailability.SOMETIMES)

_ALONE = re.compile(rb" +replicas: *[0-9]+ *(?:#.*)?(?:\r?\n)?")
_ONE = (
    "With client-side apply, taking `replicas` out of the manifest sets it to 1 at that sync, until the autoscaler "
    "raises it."
)


def check(change: Change, policy: Policy) -> Iterator[Finding]:
    """One finding for each Application that brings the workload."""
    head = change.head
    scalers = head.once(autoscalers)
    if not scalers or _is_ignored_everywhere(head):
        return
    for owned_id, scaler in scalers.items():
        for copy in head.once(owners_of).get(owned_id, ()):
            said = copy.application.sync_policy
            replicas = at(read_manifest(copy.resource.text), ("spec", "replicas"))
            if (
                not isinstance(replicas, int)
                or not scaler.chooses(replicas)
                or not (said.automated and said.self_heal)
            ):
                continue
            if not any(entry.fits(owned_id.id) and entry.covers("replicas") for entry in ignored_by(copy.state)):
                yield _finding(head, owned_id, copy, scaler)


def _is_ignored_everywhere(snapshot: Snapshot) -> bool:
    """Whether Argo CD itself may be told to leave replicas alone, in argocd-cm, in the operator's ArgoCD, or in the
    values of a chart that is not rendered here."""
    if snapshot.brings(_is_told):
        return True
    return any(
        source.helm is not None and _says(repr(source.helm).encode())
        for state in snapshot.states
        for source in state.application.sources
    )


def _is_told(resource: Resource) -> bool:
    return resource.id.kind in ("ConfigMap", "ArgoCD") and _says(resource.text)


def _says(text: bytes) -> bool:
    return b"gnoreDifferences" in text and b"replicas" in text


def _finding(snapshot: Snapshot, owned_id: OwnedId, copy: Owned, scaler: Autoscaler) -> Finding:
    application, rid = copy.application, owned_id.id
    place = field_at(snapshot.tree, copy.origin.span, ("spec", "replicas"))
    what = f"{rid.kind} `{rid.name}`"
    entry = f"{{group: {rid.group}, kind: {rid.kind}, name: {rid.name}, jsonPointers: [/spec/replicas]}}"
    return RULE.finding(
        place or nearest_field(snapshot.tree, copy.origin.span, ("spec", "replicas")),
        f"git sets `replicas` of {what}, which {scaler.name} scales, and `{application.label}` heals it back",
        f"{scaler.name} and git both set the replicas of {what}",
        f"Each time that {scaler.name} changes the number, `{application.label}` is OutOfSync, and its `selfHeal` "
        "sets the number of git again.",
        "Have Argo CD leave the number alone, also when it syncs; the lines belong into the Application's spec. "
        f"{_ONE}",
        f"ignoreDifferences:\n  - {entry}\nsyncPolicy:\n  syncOptions: [RespectIgnoreDifferences=true]",
        about=(*application.key, str(rid), "replicas"),
        resource=rid,
        applications=[application.label],
        related=[Related(scaler.owned.origin.span, scaler.name)],
        drop=_drop(snapshot, copy, place, what),
    )


def _drop(snapshot: Snapshot, copy: Owned, place: Span | None, what: str) -> Drop | None:
    """The line to take out, where `replicas` stands on one by itself in a file of ours."""
    if place is None or copy.resource.template or place.line != place.end_line:
        return None
    try:
        data = snapshot.tree.read(snapshot.tree.resolve(place.path))
    except (GitopsError, KeyError):
        return None
    lines = split_lines(data)
    if not counts_lines_as_yaml(data) or place.line > len(lines) or not _ALONE.fullmatch(lines[place.line - 1]):
        return None
    return Drop(place, "spec.replicas", f"Take `replicas` out of {what}", _ONE)
