"""From what is deleted and what differs to one entry for each object."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from checks.changes.absent import absent_files
from checks.changes.block import Block
from checks.changes.catalogue import HOOK_AGAIN, HOOK_GOES, SET_NOT_ANALYSED, name_of
from checks.changes.deletions import block_of, deletes
from checks.changes.sentences import changed_sentence, declared_sentence, sentence, unseen_sentence
from checks.changes.subject import Subject
from checks.changes.table import dangers_of
from checks.changes.told import Said, Told
from checks.policy.file import Policy
from gitops.discovery.snapshot import ApplicationKey, OwnedId, Snapshot
from gitops.facts.changes.model import ApplicationChange, Difference, ResourceChange, Turn
from gitops.facts.deletions.model import Consequence, Consequences, Verdict, Why
from gitops.facts.deletions.world import object_of

_VERDICTS = {Turn.COMES: Verdict.COMES, Turn.GOES: Verdict.STAYS, Turn.CHANGES: Verdict.CHANGED}
_HOOK_GOES = "It is a hook, and no longer run; what the last run of it left stays in the cluster."
_HOOK_AGAIN = (
    "It is a hook: before it runs the next time what the last run left is deleted, and it is made again, unless its "
    "`hook-delete-policy` says otherwise."
)
_APPLICATION = ("argoproj.io", "Application")
_REFUSED = frozenset({"api-version-not-served", "claim-cannot-grow"})

Key = tuple[ApplicationKey | None, OwnedId]


def told_of(
    base: Snapshot, head: Snapshot, policy: Policy, differing: Difference, found: Consequences
) -> Iterator[Told]:
    """One entry for each object, in no order."""
    telling = _Telling(base, head, policy, differing)
    objects = telling.by_object()
    settled: set[Key] = set()
    taken = {(one.to.key, one.id) for one in found.all if one.verdict is Verdict.HANDED_OVER and one.to is not None}
    going = {one.id for one in found.all if one.verdict is Verdict.APPLICATION_DELETED and _takes_all(one)}
    for one in found.all:
        if one.why is Why.FILES_CHANGED and one.id in going:
            continue  # it is deleted with all that it owns, whatever it reads until then
        key = (one.key, one.id)
        settled.add(key)
        yield telling.of_consequence(one, objects.get(key))
    applications = {one.id for one in found.all if one.subject is not None}
    for key, (application, change) in objects.items():
        if key in settled or change.says_little:
            continue
        applications.add(key[1])
        told = telling.of_change(application, change, taken=key in taken and change.turn is Turn.COMES)
        if told is not None:
            yield told
    yield from telling.of_applications(applications)
    yield from telling.of_unseen_sets({one.id: one.verdict for one in found.all})
    yield from absent_files(base.tree, head.tree)


def _takes_all(one: Consequence) -> bool:
    return one.subject is None or one.subject.cascades


@dataclass(frozen=True)
class _Telling:
    base: Snapshot
    head: Snapshot
    policy: Policy
    difference: Difference

    def by_object(self) -> Mapping[Key, tuple[ApplicationChange, ResourceChange]]:
        """Changed manifests by the Application that brought them, as consequences name it, and the object."""
        found: dict[Key, tuple[ApplicationChange, ResourceChange]] = {}
        for application in self.difference.applications:
            state = application.before or application.after
            key = state.application.key if state is not None else None
            for change in application.resources:
                found[key, change.id] = (application, change)
        return found

    def of_consequence(self, one: Consequence, there: tuple[ApplicationChange, ResourceChange] | None) -> Told:
        said = [Said(name_of(one.why), sentence(one), one.why.source, block_of(one, self.base))]
        change = None
        if there is not None:
            application, change = there
            said += dangers_of(self._subject(application, change))
        span = one.copy.origin.span if one.copy is not None else one.subject.origin.span if one.subject else None
        return Told(
            one.verdict,
            one.id,
            one.application,
            tuple(said),
            one.key,
            one.maker,
            one.to.name if one.to is not None else "",
            deletes(one),
            span,
            one,
            change,
        )

    def of_change(self, application: ApplicationChange, change: ResourceChange, *, taken: bool) -> Told | None:
        """`taken` tells that the Application takes the object over, which is told of the one that had it."""
        verdict = _VERDICTS[change.turn]
        if change.turn is Turn.GOES:
            if not change.is_hook:
                return None  # whoever deletes it is not known, and that is told of the Application
            said = [Said(HOOK_GOES.id, _HOOK_GOES, HOOK_GOES.source)]
        else:
            said = dangers_of(self._subject(application, change))
            if taken and not said:
                return None
            said.append(Said(change.turn.value, changed_sentence(application, change, taken=taken), ""))
        if change.before is not None and change.after is not None and change.before.resource.hook and change.is_hook:
            verdict = Verdict.RECREATED
            said.insert(0, Said(HOOK_AGAIN.id, _HOOK_AGAIN, HOOK_AGAIN.source))
        if any(each.rule in _REFUSED for each in said):
            verdict = Verdict.SYNC_FAILS
        declared = application.application
        return Told(
            verdict,
            change.id,
            declared.name,
            tuple(said),
            declared.key,
            span=change.copy.origin.span,
            change=change,
        )

    def of_applications(self, told: set[OwnedId]) -> Iterator[Told]:
        """Applications that no other one brings, or of which its manifest tells not all."""
        for one in self.difference.applications:
            declared = one.application
            owned_id = object_of("Application", declared.namespace, declared.name)
            if owned_id in told or one.turn is Turn.GOES or (one.turn is Turn.CHANGES and not one.declared):
                continue
            maker = declared.parents[-1] if declared.generated and declared.parents else ""
            nobody = ResourceChange(owned_id, one.turn, None, None)
            said = dangers_of(self._subject(one, nobody)) if one.turn is Turn.CHANGES else []
            said.append(Said(one.turn.value, declared_sentence(one), ""))
            verdict = _VERDICTS[one.turn]
            yield Told(verdict, owned_id, "", tuple(said), None, maker, span=declared.origin.span, declares=declared)

    def of_unseen_sets(self, told: Mapping[OwnedId, Verdict]) -> Iterator[Told]:
        """ApplicationSets whose Applications nobody knows."""
        for one in self.difference.unseen:
            owned_id = object_of("ApplicationSet", one.before.namespace, one.before.name)
            if one.after is None and owned_id in told:
                continue  # whoever brings it takes it away, and its Applications with it
            kept = one.after is not None and (one.after.refused or not one.after.deletes)
            goes = one.may_drop and not kept
            block = Block.YES if goes and not one.before.preserves else Block.ASK
            adds = one.only_adds
            said = Said(
                SET_NOT_ANALYSED.id, unseen_sentence(one), SET_NOT_ANALYSED.source, Block.NO if adds else block
            )
            span = one.before.origin.span
            after = one.after.content if one.after is not None else ""
            yield Told(
                Verdict.UNKNOWN,
                owned_id,
                "",
                (said,),
                maker=one.before.name,
                deletes=not kept and not adds,
                span=span,
                evidence=repr((after, one.files)),
            )

    def _subject(self, application: ApplicationChange, change: ResourceChange) -> Subject:
        rid = change.id.id
        child = self._children.get((rid.namespace, rid.name)) if (rid.group, rid.kind) == _APPLICATION else None
        return Subject(application, change, self.base, self.head, self.policy, self.difference, child)

    @cached_property
    def _children(self) -> Mapping[tuple[str, str], ApplicationChange]:
        return {(one.application.namespace, one.application.name): one for one in self.difference.applications}
