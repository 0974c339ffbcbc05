"""What goes with an Application that is deleted.

Source: argo-cd v3.5.1, controller/appcontroller.go:1252-1401 (`shouldBeDeleted`, `finalizeApplicationDeletion`).
Neither automated sync nor `prune` plays a part in it, nor does `Prune=false`. The finalizer is that of the live
Application, and the sync options are those of the live objects: both as the base has them.
"""

from __future__ import annotations

from collections.abc import Iterator

from gitops.discovery.snapshot import Owned, OwnedId, State
from gitops.facts.deletions.data import is_tracked
from gitops.facts.deletions.hooks import left_by_hooks
from gitops.facts.deletions.model import Consequence, Verdict, Why
from gitops.facts.deletions.options import Options, application_option, is_confirmed, options_of
from gitops.facts.deletions.unread import listed_in, unread
from gitops.facts.deletions.world import World, is_forbidden, object_of, taken_over


def orphaned(state: State, now: State | None, base: World, head: World) -> Iterator[Consequence]:
    """An Application without the finalizer leaves everything behind."""
    application = state.application
    instance = base.instance(application)
    again = head.owned(now) if now is not None else {}
    for owned_id, copy in _held(state, base).items():
        to = head.heir(owned_id, application, instance, base)
        if owned_id in again:
            continue  # the same Application comes again, and finds it
        if to is not None:
            yield taken_over(owned_id, application, copy, to, base, owner_goes=True)
        else:
            yield Consequence(owned_id, Verdict.STAYS, Why.ORPHANED, application, copy)


def cascaded(state: State, now: State | None, base: World, head: World) -> Iterator[Consequence]:
    """An Application with the finalizer takes along what it owns."""
    application = state.application
    instance = base.instance(application)
    itself = object_of("Application", application.namespace, application.name)
    held_by_it = {owned_id: copy for owned_id, copy in _held(state, base).items() if owned_id != itself}
    reach = {owned_id: (copy, options_of(copy.resource)) for owned_id, copy in held_by_it.items()}
    going = {owned_id for owned_id, (copy, said) in reach.items() if _kept(owned_id, copy, said, base, head) is None}
    # One object that wants a confirmation holds the deletion of all of them (appcontroller.go:1363), until somebody
    # else has taken it over.
    approved = is_confirmed(application) or (now is not None and is_confirmed(now.application))
    held = not approved and any(
        _confirms(reach[owned_id][1], application.sync_policy.options)
        and head.heir(owned_id, application, instance, base) is None
        for owned_id in going
    )
    for owned_id, (copy, said) in reach.items():
        why = _kept(owned_id, copy, said, base, head)
        to = head.heir(owned_id, application, instance, base)
        if to is not None:
            races = why is None and not held
            yield taken_over(owned_id, application, copy, to, base, races=races, owner_goes=True)
        elif why is not None:
            yield Consequence(owned_id, Verdict.STAYS, why, application, copy)
        elif held:
            yield Consequence(owned_id, Verdict.BY_HAND, Why.CONFIRM, application, copy)
        else:
            stranger = head.stranger(owned_id, instance, base)
            yield Consequence(owned_id, Verdict.DELETED, Why.CASCADE, application, copy, detail=stranger)
    reason = unread(state)
    if reason:
        yield Consequence(itself, Verdict.UNKNOWN, Why.NOT_ANALYSED, application, detail=reason, subject=application)


def _held(state: State, base: World) -> dict[OwnedId, Owned]:
    return {**listed_in(state, base.snapshot), **left_by_hooks(base.snapshot, state), **base.owned(state)}


def _kept(owned_id: OwnedId, copy: Owned, said: Options, base: World, head: World) -> Why | None:
    """Why an object survives the deletion of its Application; None when it does not."""
    rid, application = owned_id.id, copy.application
    if not is_tracked(rid.group, rid.kind):
        return Why.UNTRACKED
    own = said.delete if said.delete is not None else application_option(application.sync_policy.options, "Delete")
    if own == "false" or said.keeps:
        return Why.DELETE_FALSE
    if said.owned:
        return Why.OWNED
    if is_forbidden(owned_id, application, base, head):
        return Why.FORBIDDEN
    return None


def _confirms(said: Options, options: frozenset[str]) -> bool:
    """controller/state.go:1171: either option asks for it."""
    delete = said.delete if said.delete is not None else application_option(options, "Delete")
    prune = said.prune if said.prune is not None else application_option(options, "Prune")
    return "confirm" in (delete, prune)
