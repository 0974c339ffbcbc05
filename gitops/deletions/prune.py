"""What an Application that goes on leaves behind or prunes.

Source: argo-cd v3.5.1, controller/state.go:703-1000 (what is compared), controller/appcontroller.go:2332-2442 (when
it syncs by itself) and gitops-engine/pkg/sync/sync_context.go:322-343, :1453-1458, :1615-1625 (what a sync prunes).
The options are read from the live object, so those of the base count; an option of the whole Application has to be
there before and after, since the two may be synced in either order.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from gitops.applications import Application, SyncPolicy
from gitops.deletions.data import is_tracked
from gitops.deletions.model import Consequence, Verdict, Why
from gitops.deletions.options import Options, option, options_of
from gitops.deletions.unread import left_files, reads_the_same, unread
from gitops.deletions.world import World, is_forbidden, is_same, object_of
from gitops.rendering import NotAnalysed, RenderFailed
from gitops.resources import ResourceId
from gitops.snapshot import Owned, OwnedId, State

_HASH = re.compile(r"-[a-z0-9]{10}$")

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
    held = base.owned(state)
    if now.application.destination.cluster != application.destination.cluster:
        for owned_id, copy in held.items():
            yield Consequence(owned_id, Verdict.STAYS, Why.FORMER_CLUSTER, application, copy)
        return
    wanted = head.owned(now)
    lost = {owned_id: copy for owned_id, copy in held.items() if owned_id not in wanted}
    doubt = _doubt(state, now, base, head)
    if doubt is not None:
        yield doubt
        if doubt.why is not Why.NOT_ANALYSED:
            return  # it is not synced, or from elsewhere
        # What a source that is rendered no longer has may be in one that is not; what is listed by file is not.
        listed = left_files(state, now, base.snapshot, head.snapshot)
        known = {owned_id: copy for owned_id, copy in lost.items() if _is_whole(state, now, copy)}
        lost = known | {owned_id: copy for owned_id, copy in listed.items() if owned_id not in wanted}
    elif unread(now) or unread(state):
        return  # it is made of the same files
    yield from _pruned(_Losses(state, now, base, head, lost, wanted))


def _is_whole(state: State, now: State, copy: Owned) -> bool:
    index = copy.part.index
    parts = [part for part in now.parts if part.index == index]
    return bool(parts) and not isinstance(parts[0].rendering, NotAnalysed | RenderFailed)


def _doubt(state: State, now: State, base: World, head: World) -> Consequence | None:
    """What keeps one from telling what an Application prunes."""
    reason, earlier = unread(now), unread(state)
    if not reason and not earlier:
        return None
    if reads_the_same(state, now, base.snapshot.tree, head.snapshot.tree):
        return None
    rendering = now.rendering
    why = Why.NOT_ANALYSED
    if isinstance(rendering, RenderFailed):
        why = Why.NOT_RENDERED
    elif isinstance(rendering, NotAnalysed) and rendering.reason.startswith("it is pinned"):
        why = Why.FOLLOWS
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


def _pruned(losses: _Losses) -> Iterator[Consequence]:
    state, now, base, head = losses.state, losses.now, losses.base, losses.head
    application = state.application
    instance = base.instance(application)
    before, after = application.sync_policy, now.application.sync_policy
    # Either policy may be the one that is in force when the first sync comes.
    prunes = before.prune or after.prune
    wipes = not losses.wanted and not (before.allow_empty or after.allow_empty or unread(now))
    renamed = {_unhashed(o.id) for o, copy in losses.wanted.items() if copy.resource.generator is not None}
    said = {owned_id: options_of(copy.resource) for owned_id, copy in losses.lost.items()}
    waiting = {
        one.wave
        for owned_id, one in said.items()
        if _option(one.prune, before, after, "Prune") == "confirm"
        and head.heir(owned_id, application, instance) is None
    }
    for owned_id, copy in losses.lost.items():
        if copy.resource.generator is not None and _unhashed(owned_id.id) in renamed:
            continue  # the same ConfigMap or Secret with other content
        twin = _twin(owned_id)
        if twin in losses.wanted:
            yield Consequence(twin, Verdict.CHANGED, Why.ONE_OBJECT, application, copy)
            continue
        kept = _kept(owned_id, copy, said[owned_id], losses)
        races = prunes and kept is None and not wipes and said[owned_id].wave not in waiting
        adopted = _adopted(owned_id, head, instance)
        to = head.heir(owned_id, application, instance)
        if adopted is not None:
            maker = adopted.parents[-1]
            yield Consequence(owned_id, Verdict.HANDED_OVER, Why.ADOPTED, application, copy, maker=maker, races=races)
        elif to is not None:
            already = any(is_same(s.application, to) for s in base.owners(owned_id, instance))
            yield Consequence(
                owned_id,
                Verdict.HANDED_OVER,
                Why.TAKEN_OVER,
                application,
                copy,
                to=to,
                already=already,
                races=races,
                late=races and _is_late(owned_id, head),
            )
        elif kept is not None:
            yield Consequence(owned_id, Verdict.STAYS, kept, application, copy)
        elif not prunes:
            yield Consequence(owned_id, Verdict.BY_HAND, Why.BY_HAND, application, copy)
        elif wipes:
            yield Consequence(owned_id, Verdict.BY_HAND, Why.WIPES_OUT, application, copy)
        elif said[owned_id].wave in waiting:
            yield Consequence(owned_id, Verdict.BY_HAND, Why.CONFIRM, application, copy)
        else:
            stranger = head.stranger(owned_id, instance, base)
            yield Consequence(owned_id, Verdict.DELETED, Why.PRUNED, application, copy, detail=stranger)


def _kept(owned_id: OwnedId, copy: Owned, said: Options, losses: _Losses) -> Why | None:
    """Why a prune leaves an object alone; None when it does not."""
    rid = owned_id.id
    before, now = losses.state.application, losses.now.application
    if not is_tracked(rid.group, rid.kind):
        return Why.UNTRACKED
    if _option(said.prune, before.sync_policy, now.sync_policy, "Prune") == "false":
        return Why.PRUNE_FALSE
    if said.owned:
        return Why.OWNED
    if is_forbidden(owned_id, before, losses.base, losses.head):
        return Why.FORBIDDEN
    managed = before.sync_policy.managed_namespace and now.sync_policy.managed_namespace
    if managed and (rid.group, rid.kind) == ("", "Namespace") and rid.name == now.destination.namespace:
        return Why.MANAGED_NAMESPACE
    return None


def _option(own: str | None, before: SyncPolicy, after: SyncPolicy, key: str) -> str | None:
    """The object's option, else that of its Application where both sides agree on it."""
    if own is not None:
        return own
    one, other = option(before.options, key), option(after.options, key)
    return one if one == other else None


def _is_late(owned_id: OwnedId, head: World) -> bool:
    said = [options_of(copy.resource) for copy in head.snapshot.owners.get(owned_id, ())]
    return any(one.prune in ("false", "confirm") for one in said)


def _adopted(owned_id: OwnedId, head: World, instance: str) -> Application | None:
    """An Application that an ApplicationSet makes from now on: it takes over one that nobody controls."""
    rid = owned_id.id
    if owned_id != object_of("Application", rid.namespace, rid.name):
        return None
    now = head.application(rid.namespace, rid.name, instance)
    return now.application if now is not None and now.application.generated and now.application.parents else None


def _twin(owned_id: OwnedId) -> OwnedId:
    rid = owned_id.id
    group = _GROUPS.get((rid.group, rid.kind), rid.group)
    if group == rid.group:
        back = [g for (g, kind), to in _GROUPS.items() if (to, kind) == (rid.group, rid.kind)]
        group = back[0] if back else rid.group
    return OwnedId(owned_id.cluster, ResourceId(group, rid.kind, rid.namespace, rid.name))


def _unhashed(rid: ResourceId) -> ResourceId:
    return ResourceId(rid.group, rid.kind, rid.namespace, _HASH.sub("", rid.name))
