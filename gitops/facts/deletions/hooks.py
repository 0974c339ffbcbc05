"""What hooks delete: an object that a hook stands for is deleted before each run, or once it has run, whoever brought
it before, and whatever its sync options and the sync policy say about pruning.

Source: argo-cd v3.5.1, gitops-engine/pkg/sync/hook/hook.go and delete_policy.go (what a hook is, what deletes it),
sync_context.go:1702-1725 (before it is created), :671 (once its phase has succeeded), sync_task.go:130;
controller/state.go (hooks of a deletion are no part of a sync).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from gitops.discovery.snapshot import Owned, OwnedId, Scopes, Snapshot, State
from gitops.facts.deletions.data import is_data_bearing
from gitops.facts.deletions.model import Consequence, Verdict, Why
from gitops.facts.deletions.options import HOOK, listed
from gitops.facts.deletions.unread import unread
from gitops.facts.deletions.world import World
from gitops.facts.owners import owners_of
from gitops.facts.pairs import is_same
from gitops.facts.scopes import placed_by, scopes_in
from gitops.facts.secrets.pods import at, mapping, read_manifest
from gitops.resources.resource import Resource

_HELM_HOOK = "helm.sh/hook"
# Phases of a sync that runs through; a `SyncFail` hook runs only when one fails.
_PHASES = frozenset({"PreSync", "Sync", "PostSync"})
_HELM_PHASES = frozenset({"pre-install", "pre-upgrade", "post-install", "post-upgrade"})
_BEFORE, _SUCCEEDED, _FAILED = "BeforeHookCreation", "HookSucceeded", "HookFailed"
_HELM_POLICIES: Mapping[str, str] = {
    "before-hook-creation": _BEFORE,
    "hook-succeeded": _SUCCEEDED,
    "hook-failed": _FAILED,
}

Deletes = Why | None


def left_by_hooks(snapshot: Snapshot, state: State) -> dict[OwnedId, Owned]:
    """What carries data and stays when a hook has run: it carries the Application's tracking id like all else."""
    return {owned_id: copy for owned_id, (copy, why) in _hooks(snapshot, state).items() if why is not Why.HOOK_DONE}


def deleted_by_hooks(snapshot: Snapshot, state: State) -> dict[OwnedId, Why]:
    """What carries data and is deleted by each sync of an Application that has a hook of that name."""
    return {owned_id: why for owned_id, (_, why) in _hooks(snapshot, state).items() if why is not None}


def run_over(base: World, head: World) -> Iterator[Consequence]:
    """Objects that are there before the change and that hooks delete from now on."""
    known = {id(state) for state in base.snapshot.states}
    for state in head.snapshot.states:
        if id(state) in known:
            continue
        deleted = deleted_by_hooks(head.snapshot, state)
        if not deleted:
            continue
        application = state.application
        instance = head.instance(application)
        now = base.counterpart(application, instance)
        # Argo CD does not sync by itself where all that is there would be pruned.
        empty = not head.owned(state) and not unread(state)
        # It may be synced once more as it was declared before, and where it was then.
        automated: dict[str, bool] = {}
        for side in [each.application for each in (now, state) if each is not None]:
            policy, cluster = side.sync_policy, side.destination.cluster
            syncs = policy.automated and not (empty and policy.prune and not policy.allow_empty)
            automated[cluster] = automated.get(cluster, False) or syncs
        for found, why in deleted.items():
            for cluster, syncs in sorted(automated.items()):
                owned_id = OwnedId(cluster, found.id)
                copy = _there(owned_id, state, instance, base)
                if copy is not None:
                    verdict = Verdict.DELETED if syncs else Verdict.BY_HAND
                    yield Consequence(owned_id, verdict, why, copy.application, copy)


def _there(owned_id: OwnedId, state: State, instance: str, base: World) -> Owned | None:
    """The object before the change, unless a hook deletes it already."""
    for copy in base.snapshot.once(owners_of).get(owned_id, ()):
        if base.instance(copy.application) == instance:
            return copy
    for before in base.snapshot.states:
        if is_same(before.application, state.application):
            found = _hooks(base.snapshot, before).get(owned_id)
            return found[0] if found is not None and found[1] is None else None
    return None


def _hooks(snapshot: Snapshot, state: State) -> dict[OwnedId, tuple[Owned, Deletes]]:
    """Hooks of a sync that carry data, by what deletes them."""
    return {
        owned_id: (Owned(state, part, resource, snapshot.tree), why)
        for owned_id, part, resource, why in state.once(_hooks_in, snapshot.once(scopes_in))
    }


def _hooks_in(state: State, scopes: Scopes) -> tuple[tuple[OwnedId, Any, Resource, Deletes], ...]:
    """For `state.once`."""
    found = []
    for owned_id, part, resource in state.once(placed_by, scopes):
        rid = owned_id.id
        if not resource.hook or not rid.name or resource.random or not is_data_bearing(rid.group, rid.kind):
            continue
        annotations = mapping(at(read_manifest(resource.text), ("metadata", "annotations")))
        if _is_run(annotations):
            found.append((owned_id, part, resource, _deletes(annotations)))
    return tuple(found)


def _is_run(annotations: Mapping[str, Any]) -> bool:
    """Whether a sync runs it; Helm's word counts where Argo CD's says nothing."""
    own = set(listed(annotations, HOOK)) & {*_PHASES, "SyncFail", "Skip"}
    return bool(own & _PHASES) if own else bool(set(listed(annotations, _HELM_HOOK)) & _HELM_PHASES)


def _deletes(annotations: Mapping[str, Any]) -> Deletes:
    known = {_BEFORE, _SUCCEEDED, _FAILED}
    policies = known.intersection(listed(annotations, f"{HOOK}-delete-policy"))
    helm = listed(annotations, f"{_HELM_HOOK}-delete-policy")
    policies |= {_HELM_POLICIES[each] for each in helm if each in _HELM_POLICIES}
    if _SUCCEEDED in policies:
        return Why.HOOK_DONE
    return Why.HOOK_RECREATED if _BEFORE in policies or not policies else None
