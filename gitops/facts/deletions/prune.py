"""What an Application that goes on leaves behind or prunes.

Source: argo-cd v3.5.1, controller/state.go:696-1000 (what is compared); what a sync then prunes: `one_sync`. An
Application is synced with its former spec or with its new one, whichever its parent has given it by then.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial

from gitops.applications.application import Application
from gitops.discovery.snapshot import Owned, OwnedId, Part, State
from gitops.facts.deletions.hooks import deleted_by_hooks
from gitops.facts.deletions.meant import say_the_same
from gitops.facts.deletions.model import Consequence, Verdict, Why
from gitops.facts.deletions.one_sync import Unwanted, worst
from gitops.facts.deletions.options import is_confirmed, is_skipped, options_of
from gitops.facts.deletions.unbuilt import are_unbuilt_alike, is_unbuilt_alike
from gitops.facts.deletions.unread import changed_files, differs_in_listed, left_files, reads_the_same, unread
from gitops.facts.deletions.world import World, is_forbidden, object_of, taken_over
from gitops.facts.owners import owners_of
from gitops.facts.scopes import id_of
from gitops.files.tree import Tree
from gitops.resources.rendering import NotAnalysed, RenderFailed
from gitops.resources.resource import ResourceId

# The signs that kustomize's hasher makes names of (api/hasher/hasher.go, encode).
_HASH = re.compile(r"-[bcdfghkmt2456789]{10}$")

# One object that the API server shows under two groups (gitops-engine/pkg/sync/reconcile.go, dedupLiveResources).
_GROUPS: Mapping[tuple[str, str], str] = {
    ("extensions", "DaemonSet"): "apps",
    ("extensions", "Deployment"): "apps",
    ("extensions", "ReplicaSet"): "apps",
    ("extensions", "Ingress"): "networking.k8s.io",
    ("extensions", "NetworkPolicy"): "networking.k8s.io",
    ("extensions", "PodSecurityPolicy"): "policy",
    ("authorization.openshift.io", "ClusterRole"): "rbac.authorization.k8s.io",
    ("authorization.openshift.io", "ClusterRoleBinding"): "rbac.authorization.k8s.io",
    ("authorization.openshift.io", "Role"): "rbac.authorization.k8s.io",
    ("authorization.openshift.io", "RoleBinding"): "rbac.authorization.k8s.io",
    ("", "Event"): "events.k8s.io",
}


def surviving(state: State, now: State, base: World, head: World) -> Iterator[Consequence]:
    """What becomes of the objects of an Application that the change leaves in place, `now` in the head."""
    application = state.application
    held, wanted = base.owned(state), head.owned(now)
    if now.application.destination.cluster != application.destination.cluster:
        arriving = {owned_id.id for owned_id in wanted}
        for owned_id, copy in held.items():
            if owned_id.id in arriving:
                yield Consequence(owned_id, Verdict.STAYS, Why.FORMER_CLUSTER, application, copy)
        # What its files no longer have it prunes where it still is, if it is synced before it is moved.
        lost = {owned_id: copy for owned_id, copy in held.items() if owned_id.id not in arriving}
        yield from _pruned(_Losses(state, now, base, head, lost, wanted))
        return
    lost = {owned_id: copy for owned_id, copy in held.items() if owned_id not in wanted}
    doubt, unsure = _doubt(state, now, base, head), frozenset[OwnedId]()
    if doubt is not None:
        yield doubt
        if doubt.why is not Why.NOT_ANALYSED:
            return  # it is not synced, or from elsewhere
    if doubt is not None or unread(now) or unread(state):
        # What a source that is rendered no longer has may be in one that is not; what is listed by file is not.
        listed = left_files(state, now, base.snapshot, head.snapshot)
        trees = base.snapshot.tree, head.snapshot.tree
        whole = {old.index for old, new in zip(state.parts, now.parts, strict=False) if _tells_all(old, new, *trees)}
        known = {owned_id: copy for owned_id, copy in lost.items() if copy.part.index in whole}
        lost = known | {owned_id: copy for owned_id, copy in listed.items() if owned_id not in wanted}
        if doubt is not None:
            unsure = frozenset(lost.keys() - known.keys())
    yield from _pruned(_Losses(state, now, base, head, lost, wanted, unsure))


def _tells_all(old: Part, new: Part, base: Tree, head: Tree) -> bool:
    """Whether what is no longer built of a source is no longer in it."""
    if not isinstance(new.rendering, NotAnalysed | RenderFailed):
        return True
    return are_unbuilt_alike(old, new, base, head)


def _doubt(state: State, now: State, base: World, head: World) -> Consequence | None:
    """What keeps one from telling what an Application prunes."""
    reason, earlier = unread(now), unread(state)
    if not reason and not earlier:
        return None
    trees = base.snapshot.tree, head.snapshot.tree
    if reads_the_same(state, now, *trees) or differs_in_listed(state, now, *trees):
        return None
    if say_the_same(state.application.sources, now.application.sources) and is_unbuilt_alike(state, now, *trees):
        return None
    rendering = now.rendering
    why = Why.NOT_ANALYSED
    if isinstance(rendering, RenderFailed):
        why = Why.NOT_RENDERED
    elif isinstance(rendering, NotAnalysed) and rendering.follows:
        why = Why.FOLLOWS
    changed = [f"`{path}`" for path in changed_files(state, now, *trees)]
    if changed and why is Why.NOT_ANALYSED:
        more = f" and {len(changed) - 2} more" if len(changed) > 2 else ""
        reason = f"{', '.join(changed[:2])}{more} {'changes' if len(changed) == 1 else 'change'}; {reason or earlier}"
    own = now.application
    owned_id = object_of("Application", own.namespace, own.name)
    return Consequence(
        owned_id, Verdict.UNKNOWN, why, state.application, detail=reason or earlier, subject=state.application
    )


@dataclass(frozen=True, slots=True)
class _Losses:
    state: State
    now: State
    base: World
    head: World
    lost: Mapping[OwnedId, Owned]
    wanted: Mapping[OwnedId, Owned]
    unsure: frozenset[OwnedId] = frozenset()


def _pruned(losses: _Losses) -> Iterator[Consequence]:
    state, now, base, head = losses.state, losses.now, losses.base, losses.head
    application = state.application
    instance = base.instance(application)
    lost: dict[OwnedId, Owned] = {}
    skipped = {
        id_of(head.snapshot, copy)
        for copy in head.snapshot.copies(now)
        if copy.resource.hook and is_skipped(copy.resource)
    }
    hooked = deleted_by_hooks(head.snapshot, now)
    renamed = {unhashed(o.id) for o, copy in losses.wanted.items() if copy.resource.generator is not None}
    for owned_id, copy in losses.lost.items():
        if copy.resource.generator is not None and unhashed(owned_id.id) in renamed:
            continue  # the same ConfigMap or Secret with other content
        if owned_id in hooked:
            continue  # `run_over` tells what becomes of it
        if owned_id in skipped:
            yield Consequence(owned_id, Verdict.STAYS, Why.SKIPPED, application, copy)
            continue
        other = twin(owned_id)
        if other in losses.wanted:
            yield Consequence(other, Verdict.CHANGED, Why.ONE_OBJECT, application, copy)
        else:
            lost[owned_id] = copy
    heirs = {o: heir for o in lost if (heir := head.heir(o, application, instance, base)) is not None}
    # With its new destination it does not look at the former cluster any more.
    stays = now.application.destination.cluster == application.destination.cluster
    syncs = [
        Unwanted(
            side.sync_policy,
            lost,
            heirs.keys(),
            not losses.wanted and not unread(now),
            partial(is_forbidden, application=side, base=base, head=head),
            side.destination.namespace,
            is_confirmed(side),
        )
        for side in ((application, now.application) if stays else (application,))
    ]
    judged = worst(syncs)
    for owned_id, (verdict, why) in judged.items():
        copy, races = lost[owned_id], verdict is Verdict.DELETED
        adopted, to = _adopted(owned_id, head, instance), heirs.get(owned_id)
        if adopted is not None:
            maker = adopted.parents[-1]
            before = _adopted(owned_id, base, instance)
            already = before is not None and before.parents[-1] == maker
            yield Consequence(
                owned_id,
                Verdict.HANDED_OVER,
                Why.ADOPTED,
                application,
                copy,
                maker=maker,
                already=already,
                races=races,
            )
        elif to is not None:
            late = races and _is_late(owned_id, head)
            yield taken_over(owned_id, application, copy, to, base, races=races, late=late)
        else:
            stranger = head.stranger(owned_id, instance, base) if races else ""
            unsure = owned_id in losses.unsure
            yield Consequence(owned_id, verdict, why, application, copy, detail=stranger, unsure=unsure)


def _is_late(owned_id: OwnedId, head: World) -> bool:
    said = [options_of(copy.resource) for copy in head.snapshot.once(owners_of).get(owned_id, ())]
    return any(one.prune in ("false", "confirm") for one in said)


def _adopted(owned_id: OwnedId, side: World, instance: str) -> Application | None:
    """An Application that an ApplicationSet makes on this side of the change: it takes over one that nobody
    controls."""
    rid = owned_id.id
    if owned_id != object_of("Application", rid.namespace, rid.name):
        return None
    now = side.application(rid.namespace, rid.name, instance)
    return now.application if now is not None and now.application.generated and now.application.parents else None


def twin(owned_id: OwnedId) -> OwnedId:
    """The same object under the other API group that shows it; itself where there is none."""
    rid = owned_id.id
    group = _GROUPS.get((rid.group, rid.kind), rid.group)
    if group == rid.group:
        back = [g for (g, kind), to in _GROUPS.items() if (to, kind) == (rid.group, rid.kind)]
        group = back[0] if back else rid.group
    return OwnedId(owned_id.cluster, ResourceId(group, rid.kind, rid.namespace, rid.name))


def unhashed(rid: ResourceId) -> ResourceId:
    """The id without the hash that kustomize puts behind a generated name."""
    return ResourceId(rid.group, rid.kind, rid.namespace, _HASH.sub("", rid.name))
