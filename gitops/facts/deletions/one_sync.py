"""What becomes of objects that a sync finds to be no longer wanted, under one sync policy.

Source: argo-cd v3.5.1, controller/appcontroller.go:2332-2442 (when it syncs by itself) and
gitops-engine/pkg/sync/sync_context.go:322-343, :1097-1146, :1453-1458, :1615-1625 (what a sync prunes). The options
of an object are those of the live one, the base's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Set
from dataclasses import dataclass

from gitops.applications.application import SyncPolicy
from gitops.discovery.snapshot import Owned, OwnedId
from gitops.facts.deletions.data import is_tracked
from gitops.facts.deletions.model import Verdict, Why
from gitops.facts.deletions.options import Options, application_option, options_of

Judged = tuple[Verdict, Why]

_WORST = (Verdict.DELETED, Verdict.BY_HAND, Verdict.STAYS)


@dataclass(frozen=True, slots=True)
class Unwanted:
    """What a sync with this policy finds. `lost` are the objects, `passing` those of them that somebody else brings
    from now on; `nothing_left` tells that nothing at all is wanted any more. `forbidden` asks the AppProject;
    `namespace` is the destination's; `confirmed` tells that what asks for a confirmation has it."""

    policy: SyncPolicy

    lost: Mapping[OwnedId, Owned]
    passing: Set[OwnedId]
    nothing_left: bool
    forbidden: Callable[[OwnedId], bool]
    namespace: str
    confirmed: bool


def worst(syncs: Iterable[Unwanted]) -> dict[OwnedId, Judged]:
    """What the worst of several syncs does: either may be the first one."""
    result: dict[OwnedId, Judged] = {}
    for unwanted in syncs:
        for owned_id, judged in _in(unwanted).items():
            known = result.get(owned_id)
            if known is None or _WORST.index(judged[0]) < _WORST.index(known[0]):
                result[owned_id] = judged
    return result


def _in(unwanted: Unwanted) -> dict[OwnedId, Judged]:
    policy = unwanted.policy
    said = {owned_id: options_of(copy.resource) for owned_id, copy in unwanted.lost.items()}
    kept = {owned_id: _kept(owned_id, one, unwanted) for owned_id, one in said.items()}
    asking = {} if unwanted.confirmed else {o: one for o, one in said.items() if kept[o] is None}
    waiting = _waiting(asking, unwanted)
    wipes = unwanted.nothing_left and not policy.allow_empty
    result: dict[OwnedId, Judged] = {}
    for owned_id, why in kept.items():
        if why is not None:
            result[owned_id] = (Verdict.STAYS, why)
        elif not policy.prune:
            result[owned_id] = (Verdict.BY_HAND, Why.BY_HAND)
        elif wipes:
            result[owned_id] = (Verdict.BY_HAND, Why.WIPES_OUT)
        elif owned_id in waiting:
            result[owned_id] = (Verdict.BY_HAND, Why.CONFIRM)
        else:
            result[owned_id] = (Verdict.DELETED, Why.PRUNED)
    return result


def _waiting(said: Mapping[OwnedId, Options], unwanted: Unwanted) -> set[OwnedId]:
    """Higher waves are pruned first; one that asks for a confirmation holds its own wave and what comes after. What
    is taken over by somebody else asks no longer."""
    policy = unwanted.policy
    all_last = "PruneLast=true" in policy.options
    turns = {o: (True, 0) if all_last or one.last else (False, -one.wave) for o, one in said.items()}
    asked = [
        turns[owned_id]
        for owned_id, one in said.items()
        if _option(one.prune, policy) == "confirm" and owned_id not in unwanted.passing
    ]
    return {owned_id for owned_id, turn in turns.items() if asked and turn >= min(asked)}


def _kept(owned_id: OwnedId, said: Options, unwanted: Unwanted) -> Why | None:
    """Why a prune leaves an object alone; None when it does not."""
    rid, policy = owned_id.id, unwanted.policy
    if not is_tracked(rid.group, rid.kind):
        return Why.UNTRACKED
    if _option(said.prune, policy) == "false":
        return Why.PRUNE_FALSE
    if said.owned:
        return Why.OWNED
    if unwanted.forbidden(owned_id):
        return Why.FORBIDDEN
    is_own = (rid.group, rid.kind, rid.name) == ("", "Namespace", unwanted.namespace)
    return Why.MANAGED_NAMESPACE if is_own and policy.managed_namespace else None


def _option(own: str | None, policy: SyncPolicy) -> str | None:
    """The object's option wins over its Application's."""
    return own if own is not None else application_option(policy.options, "Prune")
