"""Pods ask for more than the nodes have.

What it finds: a pod that asks for more than the largest node of Argo CD's cluster has, and requests of all that runs
there which come to more than all nodes have together.

Why it matters: the scheduler goes by requests, not by use. A pod that fits no node stays Pending for ever; where the
sum is too much, somebody's pods do, and most often after a rollout, which needs room for both versions.

Example: three replicas of argocd-server with `cpu: 300m` each beside others, on one node of four cores.

How the fix is safe: none is applied; the finding has the numbers.

How sure it is: an error for a pod that fits no node, a warning for the sum. Only with `argocd.nodes` in the
configuration: git does not tell what nodes have. What an autoscaler scales is counted once at most, and what other
Applications or people run beside is not counted at all, so that the sum is never too high.

Sources: kubernetes.io, Resource Management for Pods and Containers.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from checks.argocd.view import applications, owners
from checks.declaration import declare
from checks.model import Finding, Severity
from checks.policy.file import Policy
from gitops.discovery.snapshot import Change
from gitops.installation.places import place_of
from gitops.installation.requests import Asking, asking

RULE = declare("requests-over-capacity", Severity.ERROR, Severity.WARNING)


def check(change: Change, policy: Policy) -> Iterator[Finding]:
    """One finding for each workload that fits no node, one for each root and kind of request."""
    if not policy.nodes:
        return
    roots: dict[str, list[Asking]] = {}
    for one in change.head.once(asking):
        if one.member.owned is not None:
            roots.setdefault(one.member.owned.application.root, []).append(one)
    for root, group in roots.items():
        for what in ("cpu", "memory"):
            have = [getattr(node, what) for node in policy.nodes]
            yield from _too_large(change, group, what, max(have))
            yield from _too_much(change, root, group, what, sum(have, Decimal(0)), len(have))


def _too_large(change: Change, group: list[Asking], what: str, largest: Decimal) -> Iterator[Finding]:
    for one in group:
        if getattr(one, what) > largest and one.replicas != 0:
            yield RULE.finding(
                place_of(change.head, one.member, "requests", f"{what}:"),
                f"a pod of {one.member.id} asks for {shown(getattr(one, what), what)} of {what}, and the largest "
                f"node has {shown(largest, what)}",
                f"{one.member.id} fits no node",
                "Its pods stay Pending (`Insufficient " + what + "`), however empty the cluster is.",
                "Ask for less, or for a larger node.",
                severity=Severity.ERROR,
                about=(str(one.member.id), one.member.application, what),
                resource=one.member.id,
                applications=applications([one.member]),
                owners=owners([one.member]),
            )


def _too_much(
    change: Change, root: str, group: list[Asking], what: str, have: Decimal, nodes: int
) -> Iterator[Finding]:
    seen: set[object] = set()
    total = Decimal(0)
    most: tuple[Decimal, Asking] | None = None
    for one in group:
        if one.member.id in seen:  # two Applications that bring it have one in the cluster
            continue
        seen.add(one.member.id)
        count = nodes if one.replicas is None else min(one.replicas, 1) if one.scaled else one.replicas
        sum_ = getattr(one, what) * count
        total += sum_
        if most is None or sum_ > most[0]:
            most = (sum_, one)
    if total <= have or most is None:
        return
    largest = most[1]
    yield RULE.finding(
        place_of(change.head, largest.member, "requests", f"{what}:"),
        f"all that `{root}` runs in Argo CD's cluster asks for {shown(total, what)} of {what}, and its nodes have "
        f"{shown(have, what)}",
        f"The cluster has too little {what}",
        f"Some pods stay Pending. The most is asked for by {largest.member.id}: {shown(most[0], what)}.",
        "Ask for less, run fewer replicas, or add a node.",
        severity=Severity.WARNING,
        about=(root, what),
        resource=largest.member.id,
        applications=applications([largest.member]),
        owners=owners([largest.member]),
    )


def shown(value: Decimal, what: str) -> str:
    """As people write it: `2600m` and `12 Gi`."""
    if what == "cpu":
        return f"{(value * 1000).quantize(Decimal(1)):f}m"
    gibibytes = value / Decimal(2**30)
    return f"{gibibytes.quantize(Decimal('0.01')).normalize():f} Gi"
