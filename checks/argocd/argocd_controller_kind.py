"""Two application controllers, or one whose number of replicas nobody told it.

What it finds: a Deployment and a StatefulSet of the application controller that both run in one installation; a
number of replicas that is not what `ARGOCD_CONTROLLER_REPLICAS` says; a change that makes one kind the other; and a
patch of Argo CD's workloads, configuration or Services whose target is not there, such as a kind that is another one.

Why it matters: two controllers reconcile the same Applications and undo each other's work. With fewer replicas than
shards, the clusters of the missing shards are reconciled by nobody; with more, the rest has nothing to do.

Example: `kind: Deployment` of the controller in an overlay over upstream's manifests, which have a StatefulSet.

How the fix is safe: the variable is set to the number of replicas, where nothing else is rendered otherwise. For two
controllers none is offered: which of them is meant is not in git.

How sure it is: an error for two controllers, a warning for replicas, a notice for a change of the kind; one step
lower for files that no Application deploys. Silent for a StatefulSet of no replicas (upstream's own way to a
Deployment), for dynamic distribution, and where something scales the workload.

Sources: argo-cd controller/sharding/sharding.go; manifests/base/application-controller-deployment; argo-cd issue
5210, argo-helm issues 1765, 2494.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from checks.argocd.repairing import container_route, variable_route, wanted_of
from checks.argocd.unmatched import unmatched_patches
from checks.argocd.view import applications, installations, owners, severity_in, stands
from checks.declaration import FixAvailability, declare
from checks.model import Finding, Related, Repair, Severity
from checks.policy.file import Policy
from checks.wording import listed
from gitops.discovery.snapshot import Change
from gitops.facts.secrets.pods import mapping
from gitops.files.editing import append, put
from gitops.files.spans import Applicability, Span
from gitops.installation.find import installations_of
from gitops.installation.model import Installation, Member, Process
from gitops.installation.places import place_of
from gitops.installation.settings import Setting, Where, setting, variable
from gitops.resources.manifests import text_of

RULE = declare(
    "argocd-controller-kind", Severity.ERROR, Severity.WARNING, Severity.NOTICE, fix=FixAvailability.SOMETIMES
)

_CONTROLLER: Final = "argocd-application-controller"
_REPLICAS: Final = "ARGOCD_CONTROLLER_REPLICAS"
_KINDS: Final = frozenset({"Deployment", "StatefulSet"})


def check(change: Change, policy: Policy) -> Iterator[Finding]:
    """One finding for each pair of controllers, each number, each change of the kind, each patch for nothing."""
    yield from _patches(change)
    for installation in installations(change):
        running = [
            one for one in installation.of(_CONTROLLER) if one.member.id.kind in _KINDS and replicas_of(one) != 0
        ]
        by_kind = {one.member.id.kind: one for one in running}
        if len(by_kind) == len(_KINDS):
            yield _both(change, installation, by_kind["Deployment"], by_kind["StatefulSet"])
        elif running:
            yield from _changed(change, installation, running[0])
        told = {id(one.member): one for one in running}
        told |= {id(one.member): one for one in running if _REPLICAS in one.variables or one.sources}
        for process in told.values():
            yield from _number(change, installation, process)


def _patches(change: Change) -> Iterator[Finding]:
    """kustomize passes over a target that selects nothing."""
    seen: set[tuple[str, str, str]] = set()
    for state, span, kind, name in unmatched_patches(change.head):
        if (span.path, kind, name) in seen:
            continue
        seen.add((span.path, kind, name))
        others = sorted({c.resource.id.kind for c in change.head.copies(state) if c.resource.id.name == name})
        instead = f"; what has that name is a {listed(others)}" if others else ""
        yield RULE.finding(
            Span(span.path, span.line, span.line),
            f"this patch is for {kind} `{name}`, which is not there{instead}",
            f"A patch of {kind} `{name}` is about nothing",
            "kustomize passes over it without a word: what it was to change stays as it was.",
            f"Name the kind that is there, {listed(others)}." if others else "Take it out, or bring what it is for.",
            severity=Severity.WARNING,
            about=(span.path, "patch", kind, name),
            applications=[state.application.label],
            owners=[state.application.key],
        )


def replicas_of(process: Process) -> int | None:
    """The replicas of a workload: 1 where it says nothing, None where that is no number."""
    told = mapping(process.member.manifest.get("spec")).get("replicas", 1)
    return told if isinstance(told, int) and not isinstance(told, bool) else None


def _both(change: Change, installation: Installation, one: Process, other: Process) -> Finding:
    return RULE.finding(
        place_of(change.head, one.member, "kind: Deployment"),
        f"{one.workload} and {other.workload} both run the application controller",
        "Two application controllers run",
        stands(
            installation,
            "Both reconcile the same Applications: each undoes what the other has begun, and syncs start twice.",
        ),
        "Let one of them have no replicas (`replicas: 0`), as upstream does for a controller that is a Deployment.",
        severity=severity_in(installation, Severity.ERROR),
        about=(*installation.key, "both"),
        resource=one.member.id,
        applications=applications([one.member, other.member]),
        owners=owners([one.member, other.member]),
        related=[Related(place_of(change.head, other.member, "kind: StatefulSet"), f"{other.workload} runs it too")],
    )


def _number(change: Change, installation: Installation, process: Process) -> Iterator[Finding]:
    told = variable(installation, process, _REPLICAS)
    have = replicas_of(process)
    dynamic = setting(installation, process, "dynamic-cluster-distribution-enabled").on
    if (
        have is None
        or told.where is Where.UNKNOWN
        or dynamic is not False
        or _is_scaled(installation, process.member)
    ):
        return
    said = told.value or ""
    wanted = int(said) if said.isdigit() else 0
    if have == wanted or (have == 1 and wanted == 0):
        return
    if wanted > have:
        effect = f"Clusters of {wanted - have} of {wanted} shards are reconciled by nobody."
    elif wanted == 0:
        effect = "Without the variable each replica reconciles all clusters, and they undo each other's work."
    else:
        effect = "The replicas above that number have no shard of their own."
    yield RULE.finding(
        place_of(change.head, process.member, _REPLICAS, "replicas"),
        f"{process.workload} has {have} replica{'s' if have != 1 else ''}, and `{_REPLICAS}` says "
        f"{said if wanted else 'nothing'}",
        "The application controller does not know how many it is",
        stands(installation, effect),
        f"Set `{_REPLICAS}` to the number of replicas.",
        severity=severity_in(installation, Severity.WARNING),
        about=(*installation.key, *process.route, "replicas"),
        resource=process.member.id,
        applications=applications([process.member]),
        owners=owners([process.member]),
        repair=_counted(process, have, told),
    )


def _counted(process: Process, have: int, told: Setting) -> Repair | None:
    """The variable with the number of replicas."""
    route, container = variable_route(process, _REPLICAS), container_route(process)
    if container is None or told.where not in (Where.VARIABLE, Where.DEFAULT):
        return None
    if route is not None:
        operation = put((*route, "value"), str(have))
    elif told.where is Where.DEFAULT and _REPLICAS not in process.variables and not process.sources:
        operation = append((*container, "env"), {"name": _REPLICAS, "value": str(have)})
    else:
        return None
    return Repair(
        f"Tell the application controller that it has {have} replica{'s' if have != 1 else ''}",
        (wanted_of(process.member, operation),),
        Applicability.SAFE,
        f"{RULE}|{process.member.written}",
    )


def _is_scaled(installation: Installation, workload: Member) -> bool:
    for member in installation.of_kind("HorizontalPodAutoscaler", "ScaledObject"):
        target = mapping(mapping(member.manifest.get("spec")).get("scaleTargetRef"))
        if text_of(target.get("name")) == workload.id.name:
            return True
    return False


def _changed(change: Change, installation: Installation, process: Process) -> Iterator[Finding]:
    """The other kind was there before the change."""
    if change.base is None or not installation.deployed or installation.directory:
        return
    for before in change.base.once(installations_of):
        if before.key != installation.key:
            continue
        old = [one for one in before.of(_CONTROLLER) if one.member.id.kind in _KINDS and replicas_of(one) != 0]
        kinds = {one.member.id.kind for one in old}
        if old and process.member.id.kind not in kinds and not _stays(installation, old[0].member):
            gone = old[0].member.id
            yield RULE.finding(
                place_of(change.head, process.member, f"kind: {process.member.id.kind}"),
                f"the application controller becomes a {process.member.id.kind}, and {gone} stays until an "
                "Application prunes it",
                "The application controller changes its kind",
                "As long as both run, each undoes what the other has begun.",
                "See that the Application that brings it prunes, or that the old one is gone after the sync.",
                severity=Severity.NOTICE,
                about=(*installation.key, "kind", process.member.id.kind),
                resource=process.member.id,
                applications=applications([process.member]),
                owners=owners([process.member]),
            )


def _stays(installation: Installation, workload: Member) -> bool:
    return any(one.id == workload.id for one in installation.members)
