"""An Application deploys into a namespace that nothing makes.

What it finds: an Application whose resources land in its destination namespace, while it has no
`CreateNamespace=true`, and neither it nor any other Application of that cluster makes the Namespace; and one whose
resources say another namespace that nobody makes, which that option does not make either.

Why it matters: the first sync into a cluster fails with `namespaces "..." not found`, and so does every one after a
disaster.

Example: `destination: {namespace: shop}` beside Applications that all have `CreateNamespace=true`.

How the fix is safe: none is offered; the option to add is named.

How sure it is: a warning, and a notice where `CreateNamespace=false` is written: somebody else is meant. Told only
where most Namespaces of the cluster are made by what is in git, since elsewhere somebody else makes them. Silent
for the namespaces that Kubernetes, its distributions and Argo CD itself bring, for what is not rendered whole, and
while an ApplicationSet cannot be expanded or another Application of that namespace is not rendered: it may make it.

Sources: argo-cd, gitops-engine/pkg/sync/sync_context.go (autoCreateNamespace), controller/sync_namespace.go.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from checks.applications.subjects import Remark, subjects_of, told, unseen
from checks.coverage import Sight, sight_of
from checks.declaration import declare
from checks.model import Finding, Severity
from checks.policy.file import Policy
from checks.wording import listed
from gitops.applications.application import IN_CLUSTER
from gitops.discovery.snapshot import Change, Snapshot, State
from gitops.facts.namespaces import BUILT_IN, Namespace, made_in
from gitops.facts.owners import owned_by
from gitops.resources.resource import ResourceId

RULE = declare("namespace-missing", Severity.WARNING, Severity.NOTICE)

_WITHOUT = "CreateNamespace=false"
_OF_PLATFORMS = ("kube-", "openshift", "cattle-", "gke-", "gmp-", "aks-", "azure-", "amazon-", "calico-", "tigera-")


def check(change: Change, policy: Policy) -> Iterator[Finding]:
    """One finding for each Application, or for all that an ApplicationSet makes."""
    head = change.head
    if head.truncated or any(unknown.refused is None for unknown in head.unknown):
        return
    missing = {state.application.key: state for state in head.states if _is_missing(head, change, state)}
    others = {state.application.key: stray for state in head.states if (stray := _others(head, change, state))}
    every = {_place(state) for state in missing.values()} | {place for stray in others.values() for place in stray}
    places = Counter(place[0] for place in every)
    known = head.once(made_in)
    made = Counter(cluster for cluster, _ in {*known.brought, *known.created})
    told_of = {cluster for cluster, count in places.items() if count <= made[cluster]}
    for subject in head.once(subjects_of):
        found = [s for s in subject.states if s.application.key in missing and _place(s)[0] in told_of]
        if found:
            # What one template makes lacks one line, however many namespaces that is about.
            meant = all(_WITHOUT in state.application.sync_policy.options for state in found)
            remark = _remark(list(dict.fromkeys(map(_place, found))), meant)
            yield from told(RULE, head, subject, {remark: found})
        strays: dict[Remark, list[State]] = {}
        for state in subject.states:
            for place in others.get(state.application.key, ()) if _place(state)[0] in told_of else ():
                strays.setdefault(_stray(place), []).append(state)
        yield from told(RULE, head, subject, strays)


def _place(state: State) -> Namespace:
    destination = state.application.destination
    return (destination.cluster, destination.namespace)


def _is_missing(head: Snapshot, change: Change, state: State) -> bool:
    """Whether nobody makes the namespace of its destination, in which something of it lands."""
    if "CreateNamespace=true" in state.application.sync_policy.options:
        return False
    if not _lacks(head, change, state, _place(state)):
        return False
    return any(owned.id.namespace == _place(state)[1] for owned, _ in owned_by(head, state))


def _others(head: Snapshot, change: Change, state: State) -> tuple[Namespace, ...]:
    """The other namespaces in which something of it lands and that nobody makes: no option of its own does."""
    cluster, own = _place(state)
    names = dict.fromkeys(owned.id.namespace for owned, _ in owned_by(head, state))
    return tuple((cluster, name) for name in names if name != own and _lacks(head, change, state, (cluster, name)))


def _lacks(head: Snapshot, change: Change, state: State, place: Namespace) -> bool:
    """Whether nobody is known to make a namespace, and nobody may."""
    cluster, namespace = place
    if not namespace or namespace in BUILT_IN or namespace.startswith(_OF_PLATFORMS):
        return False
    if cluster == IN_CLUSTER and namespace == state.application.namespace:
        return False  # Argo CD lives there
    made = head.once(made_in)
    if place in made.brought or place in made.created or sight_of(state) is not Sight.WHOLE:
        return False
    if _may_be_made(head, place):
        return False
    live = change.live.clusters.get(cluster) if change.live is not None else None
    return live is None or ResourceId("", "Namespace", "", namespace) not in live.tracking


def _may_be_made(head: Snapshot, place: Namespace) -> bool:
    """Whether an Application that was not seen whole may make it: it deploys there, or has its name."""
    return any(
        _place(state) == place or place[1] in state.application.name or state.application.name in place[1]
        for state in head.once(unseen)
    )


def _stray(place: Namespace) -> Remark:
    cluster, name = place
    where = f" of {cluster}" if cluster != IN_CLUSTER else ""
    return Remark(
        ("spec", "destination", "namespace"),
        f"it brings resources into the namespace `{name}`{where}, which nothing in git makes",
        "As long as nobody makes it, each sync fails: the namespace is not found. `CreateNamespace=true` makes that "
        "of the destination alone.",
        f"Bring the Namespace `{name}`.",
        ("namespace", name),
        Severity.WARNING,
    )


def _remark(places: Sequence[Namespace], meant: bool) -> Remark:
    """`meant`: somebody wrote that Argo CD is not to make it, and so makes it otherwise."""
    clusters = list(dict.fromkeys(cluster for cluster, _ in places if cluster != IN_CLUSTER))
    names = list(dict.fromkeys(f"`{name}`" for _, name in places))
    where = f" of {listed(clusters, 3)}" if clusters else ""
    what = f"the namespace {names[0]}" if len(names) == 1 else f"the namespaces {listed(names, 3)}"
    return Remark(
        ("spec", "destination", "namespace"),
        f"nothing in git makes {what}{where}",
        f"{'It is written that Argo CD does not. ' if meant else ''}As long as nobody makes it, each sync into it "
        "fails: the namespace is not found.",
        "Add `CreateNamespace=true` to `spec.syncPolicy.syncOptions`, or bring the Namespace.",
        ("namespace",),
        Severity.NOTICE if meant else Severity.WARNING,
    )
