"""Replicas that may not share a node are more than there are nodes.

What it finds: a workload whose pods are kept apart by a required anti-affinity on `kubernetes.io/hostname` and that
has more replicas than Argo CD's cluster has nodes; and one with as many, whose rollout makes a new pod before it
takes an old one away.

Why it matters: the pods above the number of nodes stay Pending for ever. With as many replicas as nodes it runs until
the next change: the new pod then finds no node without an old one, and the rollout never ends.

Example: upstream's HA redis, three replicas with a required anti-affinity, on two nodes.

How the fix is safe: the terms become `preferredDuringSchedulingIgnoredDuringExecution`, which spreads pods where it
can, and nothing else is rendered otherwise.

How sure it is: an error for too many replicas, a warning for the rollout. Only with `argocd.nodes` in the
configuration: git does not tell how many nodes there are. Silent for selectors that are expressions.

Sources: kubernetes.io, Assigning Pods to Nodes; argo-cd manifests/ha; argo-cd issue 8122.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from checks.argocd.repairing import wanted_of
from checks.argocd.view import applications, owners
from checks.declaration import FixAvailability, declare
from checks.model import Finding, Repair, Severity
from checks.policy.file import Policy
from gitops.discovery.snapshot import Change
from gitops.facts.secrets.pods import POD_SPECS, at, mapping, sequence
from gitops.files.editing import append, put, remove
from gitops.files.spans import Applicability
from gitops.installation.model import Member
from gitops.installation.places import place_of
from gitops.installation.requests import asking

RULE = declare("anti-affinity-unschedulable", Severity.ERROR, Severity.WARNING, fix=FixAvailability.SOMETIMES)


def check(change: Change, policy: Policy) -> Iterator[Finding]:
    """One finding for each workload."""
    nodes = len(policy.nodes)
    for one in change.head.once(asking) if nodes else ():
        if not one.apart or one.replicas is None:
            continue
        too_many = one.replicas > nodes
        if not too_many and not (one.replicas == nodes and one.surges):
            continue
        if too_many:
            message = f"{one.member.id} wants {one.replicas} nodes of its own, and there are {nodes}"
            effect = f"{one.replicas - nodes} of its pods stay Pending."
        else:
            message = f"{one.member.id} has a pod on each of {nodes} nodes, and its rollout makes one more first"
            effect = "The new pod finds no node without an old one: the rollout never ends."
        yield RULE.finding(
            place_of(change.head, one.member, "requiredDuringSchedulingIgnoredDuringExecution", "podAntiAffinity"),
            message,
            f"{one.member.id} cannot be scheduled" if too_many else f"A rollout of {one.member.id} never ends",
            effect,
            "Prefer to keep the pods apart (`preferredDuringSchedulingIgnoredDuringExecution`), or run fewer."
            if too_many
            else "Set `maxSurge: 0` and `maxUnavailable: 1`, or prefer to keep the pods apart.",
            severity=Severity.ERROR if too_many else Severity.WARNING,
            about=(str(one.member.id), one.member.application),
            resource=one.member.id,
            applications=applications([one.member]),
            owners=owners([one.member]),
            repair=_preferring(one.member),
        )


_REQUIRED: Final = "requiredDuringSchedulingIgnoredDuringExecution"
_PREFERRED: Final = "preferredDuringSchedulingIgnoredDuringExecution"


def _preferring(member: Member) -> Repair | None:
    """The same terms as a wish."""
    route = (*POD_SPECS[member.id.group, member.id.kind], "affinity", "podAntiAffinity")
    rules = mapping(at(member.manifest, route))
    wishes = [{"weight": 100, "podAffinityTerm": term} for term in sequence(rules.get(_REQUIRED))]
    # A list that is there is added to, since what stands in it is not ours to write anew.
    begun = bool(sequence(rules.get(_PREFERRED)))
    there = (*route, _PREFERRED)
    more = [append(there, wish) for wish in wishes] if begun else [put(there, wishes)]
    title = f"Keep the pods of {member.id} apart where there are nodes enough"
    wanted = wanted_of(member, *more, remove((*route, _REQUIRED)))
    return Repair(title, (wanted,), Applicability.SAFE, f"{RULE}|{member.written}|{member.id}")
