"""From two snapshots to what becomes of every object that is there before the change.

An Application is an object like others: what becomes of it decides what becomes of what it owns. So the question goes
up (to the Application or ApplicationSet that brings an object) before it goes down.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from enum import Enum, auto

from gitops.applications.application import Application
from gitops.applicationsets.declared import ApplicationSet, SetKey
from gitops.applicationsets.followed import Following, as_written
from gitops.discovery.snapshot import ApplicationKey, OwnedId, Snapshot, State
from gitops.facts.alike import is_alike, is_rendered
from gitops.facts.deletions.arrivals import arrivals
from gitops.facts.deletions.cascade import cascaded, orphaned
from gitops.facts.deletions.dependents import lets_go
from gitops.facts.deletions.hooks import run_over
from gitops.facts.deletions.in_place import changed_in_place, dropped_versions
from gitops.facts.deletions.meant import say_the_same
from gitops.facts.deletions.model import Consequence, Consequences, Verdict, Why
from gitops.facts.deletions.namespaces import swept
from gitops.facts.deletions.prune import surviving
from gitops.facts.deletions.stand_in import keeps_all
from gitops.facts.deletions.unread import lost_its_path, may_gain_hooks, reads_the_same
from gitops.facts.deletions.world import Grouping, World, object_of
from gitops.facts.pairs import is_same
from gitops.facts.scopes import scopes_in


class Fate(Enum):
    """What becomes of an Application or an ApplicationSet as an object."""

    LIVES = auto()
    FROZEN = auto()  # lives on as it is, whatever the change says of it
    DELETED = auto()
    BY_HAND = auto()
    RACES = auto()  # passes to somebody else, unless it is deleted first
    UNKNOWN = auto()


_OVERRULED = "whatever its `applicationsSync` says, since the `--policy` of Argo CD's controller overrules it"
_FATES = {
    Verdict.DELETED: Fate.DELETED,
    Verdict.APPLICATION_DELETED: Fate.DELETED,
    Verdict.RECREATED: Fate.DELETED,
    Verdict.BY_HAND: Fate.BY_HAND,
    Verdict.HANDED_OVER: Fate.RACES,
    Verdict.STAYS: Fate.FROZEN,
    Verdict.UNKNOWN: Fate.UNKNOWN,
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """An Application's fate, and the consequences for what it owns."""

    fate: Fate
    found: dict[OwnedId, Consequence] = field(default_factory=dict)


def consequences(
    base: Snapshot, head: Snapshot, before: Grouping, after: Grouping, following: Following = as_written
) -> Consequences:
    """What merging `head` into `base` does to what the clusters hold, which is taken to be what the base says. The
    groupings tell the Argo CDs of the base and of the head apart; `following` what controllers of ApplicationSets go
    by."""
    run = _Comparison(World(base, before, head), World(head, after, base), following)
    return Consequences.of(run.everything())


class _Comparison:
    def __init__(self, base: World, head: World, following: Following) -> None:
        self._base, self._head = base, head
        self._following = following
        self._outcomes: dict[ApplicationKey, Outcome] = {}
        self._scoped_alike = base.snapshot.once(scopes_in) == head.snapshot.once(scopes_in)
        self._errors: dict[SetKey, bool] = {}  # by ApplicationSet: whether it ends in an error before it deletes
        self._objects: dict[
            tuple[ApplicationKey, Verdict], Consequence
        ] = {}  # Applications that ApplicationSets make, or that nobody brings

    def everything(self) -> Iterator[Consequence]:
        found: dict[tuple[str, OwnedId, bool], Consequence] = {}
        for state in self._base.snapshot.states:
            instance = self._base.instance(state.application)
            for one in self._outcome(state).found.values():
                key = (instance, one.id, one.verdict is Verdict.UNKNOWN)
                other = found.get(key)
                # Of two that bring it in, nobody knows which one holds it: the worst counts.
                if other is None or one.cost < other.cost:
                    found[key] = one
        for one in run_over(self._base, self._head):
            key = (self._base.instance(one.owner) if one.owner is not None else "", one.id, False)
            other = found.get(key)
            if other is None or one.cost < other.cost:
                found[key] = one
        whole = [*self._objects.values(), *found.values()]
        whole = list(swept(whole, self._base, self._head))
        yield from whole
        yield from arrivals(whole, self._base, self._head)
        yield from dropped_versions(self._base, self._head)

    def _outcome(self, state: State) -> Outcome:
        key = state.application.key
        known = self._outcomes.get(key)
        if known is None:
            # In a ring of Applications that bring each other, whoever is asked first lives.
            self._outcomes[key] = Outcome(Fate.LIVES)
            known = self._outcomes[key] = self._decide(state)
        return known

    def _decide(self, state: State) -> Outcome:
        application = state.application
        instance = self._base.instance(application)
        now = self._head.counterpart(application, instance)
        fate = self._fate(state, now, instance)
        if fate is Fate.DELETED:
            # A file that nothing brings in any more makes no Application.
            again = now if now is not None and now.application.parents else None
            # Whoever makes it anew may put the finalizer on it before it is deleted.
            late = again is not None and again.application.cascades and not again.application.generated
            take = cascaded if application.cascades or late else orphaned
            self._left_alone(state, goes=True)  # a sync may still take away what protects an object
            found = [*take(state, again, self._base, self._head)]
            if again is not None and not again.application.generated:
                # Whoever brings it now gives it its new definition, and a sync may come before the deletion.
                found = _worse([*found, *surviving(state, again, self._base, self._head)])
            return Outcome(fate, dict(self._placed(found, instance)))
        if fate in (Fate.LIVES, Fate.RACES) and now is not None:
            if self._scoped_alike and is_alike(state, now) and (now is state or is_rendered(now)):
                return Outcome(fate)  # nothing of it differs
            if not say_the_same(application.sources, now.application.sources):
                self._left_alone(state)  # it may be synced once more before its new source reaches it
            changes = [*surviving(state, now, self._base, self._head)]
            changes += changed_in_place(state, now, self._base, self._head)
            return Outcome(fate, dict(self._placed(changes, instance)))
        if fate in (Fate.FROZEN, Fate.BY_HAND):
            self._left_alone(state)
        return Outcome(fate)

    def _left_alone(self, state: State, *, goes: bool = False) -> None:
        """One that lives on as it was, if only until it is deleted, goes on reading the files of the head."""
        policy = state.application.sync_policy
        base, head = self._base.snapshot.tree, self._head.snapshot.tree
        if not policy.automated or reads_the_same(state, None, base, head) or lost_its_path(state, head):
            return
        hooks = may_gain_hooks(state, base, head)
        if not hooks and keeps_all(state, self._base, self._head):
            return
        if goes or policy.prune or hooks:
            self._doubt(state.application, Why.FILES_CHANGED)

    def _placed(self, found: Iterable[Consequence], instance: str) -> Iterator[tuple[OwnedId, Consequence]]:
        for one in found:
            rid = one.id.id
            if one.id == object_of("Application", rid.namespace, rid.name) and one.subject is None:
                child = self._base.application(rid.namespace, rid.name, instance)
                gone = one.verdict is Verdict.DELETED
                verdict = Verdict.APPLICATION_DELETED if gone else one.verdict
                one = replace(one, verdict=verdict, subject=child.application if child is not None else None)
            yield one.id, one

    def _fate(self, state: State, now: State | None, instance: str) -> Fate:
        application = state.application
        if application.generated:
            return self._made(state, now, instance)
        brought = self._brought(object_of("Application", application.namespace, application.name), state, instance)
        if brought is not None:
            return brought
        if now is None:
            self._say(application, Verdict.UNKNOWN, Why.NOBODY)
            return Fate.UNKNOWN
        return Fate.LIVES

    def _brought(self, owned_id: OwnedId, itself: State | None, instance: str) -> Fate | None:
        """The fate of an object that Applications bring; None when none does."""
        fates: list[Fate] = []
        for parent in self._base.owners(owned_id, instance):
            if itself is not None and is_same(parent.application, itself.application):
                continue
            outcome = self._outcome(parent)
            consequence = outcome.found.get(owned_id)
            if consequence is not None:
                fates.append(_FATES.get(consequence.verdict, Fate.LIVES))
            else:
                fates.append(Fate.UNKNOWN if outcome.fate is Fate.UNKNOWN else Fate.LIVES)
        # With two that bring it nobody knows which one holds it: the worst counts.
        order = (Fate.DELETED, Fate.UNKNOWN, Fate.RACES, Fate.BY_HAND, Fate.FROZEN, Fate.LIVES)
        return min(fates, key=order.index) if fates else None

    def _made(self, state: State, now: State | None, instance: str) -> Fate:
        """The fate of an Application that an ApplicationSet makes."""
        application = state.application
        maker = self._base.set_of(application)
        if maker is None:
            return Fate.LIVES if now is not None else self._doubt(application, Why.SET_UNKNOWN)
        gone = self._set(maker, instance)
        heir = self._head.same_set(maker)
        given = now is not None and bool(now.application.parents) and not now.application.generated
        if gone is Fate.DELETED and self._lets_go(maker, instance):
            return Fate.LIVES if given else self._frozen(state, Why.SET_ORPHANS, maker)
        if gone is Fate.DELETED:
            self._say(application, Verdict.APPLICATION_DELETED, Why.SET_GONE, maker)
            return Fate.DELETED
        if gone is Fate.BY_HAND and given:
            return Fate.LIVES
        if gone is Fate.BY_HAND:
            self._say(application, Verdict.BY_HAND, Why.SET_GONE, maker)
            return Fate.BY_HAND
        if gone is Fate.UNKNOWN:
            return self._doubt(application, Why.NOBODY, maker)
        if heir is None:
            return Fate.LIVES if given else Fate.FROZEN
        kept = now is not None and self._head.set_of(now.application) == heir
        if kept and now is not None:
            if _declared(state) == _declared(now) or (self._following(heir).updates and not heir.halted):
                return Fate.LIVES
            return self._frozen(state, Why.SET_REFUSED if heir.halted else Why.SET_FREEZES, heir)
        rule = self._following(heir)
        keeps = heir.refused or not (heir.troubles or rule.deletes)
        if keeps and given:
            return Fate.LIVES  # an Application brings it too, and gives it its definition
        if heir.refused:
            return self._frozen(state, Why.SET_REFUSED, heir)
        if heir.troubles:
            return self._doubt(application, Why.SET_UNKNOWN, maker)
        if not rule.deletes:
            return self._frozen(state, Why.SET_RULED if heir.deletes else Why.SET_KEEPS, heir)
        blocked = self._errors.get(heir.key)
        if blocked is None:
            blocked = self._errors[heir.key] = self._blocked(heir, instance)
        if blocked:
            return self._frozen(state, Why.SET_BLOCKED, heir)
        if rule.overruled and not rule.certain:
            return self._doubt(application, Why.SET_UNTOLD, maker)
        self._say(
            application, Verdict.APPLICATION_DELETED, Why.SET_DROPS, maker, _OVERRULED if rule.overruled else ""
        )
        return Fate.DELETED

    def _blocked(self, heir: ApplicationSet, instance: str) -> bool:
        """Whether a set wants an Application that another set keeps: the error ends its run before it deletes."""
        for wanted in self._head.snapshot.states:
            application = wanted.application
            if self._head.set_of(application) != heir:
                continue
            there = self._base.application(application.namespace, application.name, instance)
            other = self._base.set_of(there.application) if there is not None else None
            if other is None or (other.namespace, other.name) == (heir.namespace, heir.name):
                continue
            keeper = self._head.same_set(other)
            if keeper is None and self._set(other, instance) in (Fate.BY_HAND, Fate.FROZEN):
                return True
            if keeper is not None and (keeper.refused or not self._following(keeper).deletes):
                return True
        return False

    def _set(self, maker: ApplicationSet, instance: str) -> Fate:
        """The fate of an ApplicationSet."""
        brought = self._brought(object_of("ApplicationSet", maker.namespace, maker.name), None, instance)
        if brought is not None:
            return brought
        return Fate.LIVES if self._head.same_set(maker) is not None else Fate.UNKNOWN

    def _lets_go(self, maker: ApplicationSet, instance: str) -> bool:
        """Whether whoever deletes the set lets its Applications live."""
        owned_id = object_of("ApplicationSet", maker.namespace, maker.name)
        deletions = [
            (found, self._head.counterpart(parent.application, instance))
            for parent in self._base.owners(owned_id, instance)
            if (found := self._outcome(parent).found.get(owned_id)) is not None and found.verdict is Verdict.DELETED
        ]
        may = self._following(maker).deletes
        return bool(deletions) and all(
            lets_go(maker, may, found, now.application if now is not None else None) for found, now in deletions
        )

    def _frozen(self, state: State, why: Why, maker: ApplicationSet) -> Fate:
        self._say(state.application, Verdict.STAYS, why, maker)
        return Fate.FROZEN

    def _doubt(self, application: Application, why: Why, maker: ApplicationSet | None = None) -> Fate:
        self._say(application, Verdict.UNKNOWN, why, maker)
        return Fate.UNKNOWN

    def _say(
        self,
        application: Application,
        verdict: Verdict,
        why: Why,
        maker: ApplicationSet | None = None,
        detail: str = "",
    ) -> None:
        owned_id = object_of("Application", application.namespace, application.name)
        name = maker.name if maker is not None else ""
        said = Consequence(owned_id, verdict, why, maker=name, subject=application, detail=detail)
        self._objects[application.key, verdict] = said


def _worse(found: Iterable[Consequence]) -> list[Consequence]:
    result: dict[tuple[OwnedId, bool], Consequence] = {}
    for one in found:
        key = (one.id, one.verdict is Verdict.UNKNOWN)
        other = result.get(key)
        if other is None or (one.cost, not one.races) < (other.cost, not other.races):
            result[key] = one
    return list(result.values())


def _declared(state: State) -> object:
    application = state.application
    return (application.sources, application.destination, application.sync_policy, application.project)
