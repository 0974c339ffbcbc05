"""What can be merged first, so that a change deletes less: edits of the base that were tried.

Each is a change of its own. Argo CD goes by what is live (the options of the object, the finalizer of the
Application), so what comes in the same commit as a deletion comes too late for it. A remedy is offered only where
both merges were compared: the first deletes nothing, and after it the second one no longer deletes what is named.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from packaging.version import Version

from checks.changes.firewall import Firewall, firewall_of
from checks.changes.told import Told
from checks.changes.view import Changes, changes_of
from checks.planning.edits import after_edits
from checks.planning.ownership.prune import ASKING, PROTECTION, protect
from checks.planning.proof import Proof, Row
from checks.policy.file import Policy
from checks.wording import listed, plural
from gitops.applications.application import is_cascading
from gitops.applications.live import Live
from gitops.discovery.snapshot import Snapshot
from gitops.discovery.sources import Analysis
from gitops.facts.changes.fields import value_at
from gitops.facts.deletions.model import Verdict, Why
from gitops.files.editing import Operation, edit, put, remove
from gitops.files.errors import GitopsError
from gitops.files.spans import Edit
from gitops.installation.find import installations_of
from gitops.resources.rendering import Asking

_MOST = 6  # remedies that are tried: each is two commits to find and render
_CONFIRMS = Version("2.14")  # docs/user-guide/sync-options.md of argo-cd v2.14.0, and not of v2.13.0
_PRESERVE = ("spec", "syncPolicy", "preserveResourcesOnDeletion")
# What a template says of finalizers counts, whatever the set preserves (argo-cd, applicationset/utils/utils.go:299).
_FINALIZERS = ("spec", "template", "metadata", "finalizers")

Key = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class Remedy:
    """`edits` are those of the base commit. `settles` is what the change no longer deletes once they are live,
    `left` counts what still holds it back. `steps` are sentences, in the order in which things are to be done."""

    title: str
    outcome: str  # what the objects do then that it settles, of one: `stays in the cluster`
    edits: tuple[Edit, ...]
    steps: tuple[str, ...]
    settles: tuple[Told, ...]
    left: int
    proof: Proof


@dataclass(frozen=True, slots=True)
class _Idea:
    title: str
    before: tuple[Edit, ...]  # of the base
    after: tuple[Edit, ...]  # of the head, where the same is to stand in it
    seen: str  # how one sees that it is live
    outcome: str = "stays in the cluster"
    then: tuple[str, ...] = ()  # what is to be done afterwards


def remedies_of(
    changes: Changes, firewall: Firewall, analysis: Analysis, policy: Policy, live: Live | None = None
) -> Asking[tuple[Remedy, ...]]:
    """The remedies that were tried and hold, those that settle the most first. Raises nothing for edits that do not
    fit: those are no remedies."""
    found: list[Remedy] = []
    for idea in list(_ideas(changes, firewall))[:_MOST]:
        try:
            base = (yield from after_edits(changes.base, analysis, idea.before)).snapshot
            head = changes.head
            if idea.after:
                head = (yield from after_edits(head, analysis, idea.after)).snapshot
        except GitopsError:
            continue
        remedy = _tried(idea, changes, firewall, base, head, policy, live)
        if remedy.settles and remedy.proof.holds:
            found.append(remedy)
    return tuple(sorted(found, key=lambda one: (one.left, -len(one.settles))))


def _tried(
    idea: _Idea,
    changes: Changes,
    firewall: Firewall,
    base: Snapshot,
    head: Snapshot,
    policy: Policy,
    live: Live | None,
) -> Remedy:
    first = changes_of(changes.base, base, policy, live)
    second = changes_of(base, head, policy, live)
    going = [one for one in first.told if one.deletes]
    still = {_key(one) for one in firewall_of(second, policy).held}
    settled = tuple(one for one in firewall.held if _key(one) not in still)
    new = still - {_key(one) for one in firewall.held}
    names = listed([str(one.resource) for one in settled], 3)
    rows = (
        Row("Merging the first change deletes nothing", _seen(going), not going),
        Row(
            "After it the second one holds nothing back that it did not before", plural("deletion", len(new)), not new
        ),
        Row("After it these no longer hold the second one back", names, bool(settled)),
    )
    steps = [
        "Merge these edits as a change of their own, before this one.",
        f"Let Argo CD sync that, and see that it is live: {idea.seen}",
        "Bring this change up to date with it: what it moves keeps these edits, what it removes stays removed. Then "
        "merge it.",
    ]
    if any(one.verdict is Verdict.HANDED_OVER for one in settled):
        steps.append(
            "Once the tracking id of what changes hands names the other Application, take the options out again."
        )
    steps += idea.then
    left = len(firewall.held) - len(settled)
    return Remedy(idea.title, idea.outcome, idea.before, tuple(steps), settled, left, Proof(rows))


def _seen(going: Sequence[Told]) -> str:
    return listed([str(one.resource) for one in going], 3) if going else "nothing goes"


def _key(one: Told) -> Key:
    return (one.id, one.application, one.maker)


def _ideas(changes: Changes, firewall: Firewall) -> Iterator[_Idea]:
    yield from _preserving(changes, firewall)
    yield from _protecting(changes, firewall)
    yield from _asking(changes, firewall)


def _preserving(changes: Changes, firewall: Firewall) -> Iterator[_Idea]:
    """ApplicationSets that are to keep what their Applications own."""
    makers = [
        one.maker
        for one in firewall.held
        if one.verdict is Verdict.APPLICATION_DELETED
        and one.consequence is not None
        and one.consequence.why in (Why.SET_DROPS, Why.SET_GONE)
    ]
    for maker in dict.fromkeys(makers):
        before, after = (_set_edits(side, maker) for side in (changes.base, changes.head))
        if before:
            yield _Idea(
                f"Let ApplicationSet `{maker}` keep what its Applications own",
                before,
                after,
                f"the Applications of `{maker}` have no finalizer any more.",
            )


def _set_edits(snapshot: Snapshot, name: str) -> tuple[Edit, ...]:
    declared = [one for one in snapshot.sets if one.name == name]
    # One that does not update its Applications leaves the finalizer on them.
    if len(declared) != 1 or not declared[0].updates or declared[0].halted or declared[0].refused:
        return ()
    span = declared[0].origin.span
    try:
        path = snapshot.tree.resolve(span.path)
        if path != span.path:
            return ()
        operations = [put(_PRESERVE, True), *_without_cascade(declared[0].manifest)]
        return edit(path, snapshot.tree.read(path), span.line, operations)
    except (GitopsError, KeyError):
        return ()


def _without_cascade(manifest: Mapping[str, Any]) -> Iterator[Operation]:
    """What takes Argo CD's own finalizers out of the template."""
    listed = value_at(manifest, _FINALIZERS)
    if not isinstance(listed, list):
        return
    own = [number for number, one in enumerate(listed) if is_cascading(one)]
    yield from (remove((*_FINALIZERS, number)) for number in own) if len(own) < len(listed) else [remove(_FINALIZERS)]


def _protecting(changes: Changes, firewall: Firewall) -> Iterator[_Idea]:
    """Objects that are to stay, whoever lets go of them."""
    edits = _annotated(changes, firewall, PROTECTION)
    if edits:
        options = ",".join(PROTECTION)
        yield _Idea(
            f"Let Argo CD leave in place what carries data (`{options}`)",
            edits,
            tuple(edit for edit in edits if _is_untouched(edit.span.path, changes)),
            f"each of these objects has the annotation `argocd.argoproj.io/sync-options: {options}`.",
        )


def _asking(changes: Changes, firewall: Firewall) -> Iterator[_Idea]:
    """The same objects, for those who mean to delete them, and to be asked when it comes to it."""
    versions = [one.version for one in changes.base.once(installations_of) if one.version is not None]
    if any(version < _CONFIRMS for version in versions):
        return  # it does not know the word, and deletes
    edits = _annotated(changes, firewall, ASKING)
    if edits:
        options = ",".join(ASKING)
        since = "" if versions else f" Argo CD before {_CONFIRMS} does not know the word, and deletes."
        yield _Idea(
            f"Let Argo CD ask before it deletes what carries data (`{options}`)",
            edits,
            tuple(edit for edit in edits if _is_untouched(edit.span.path, changes)),
            f"each of these objects has the annotation `argocd.argoproj.io/sync-options: {options}`.{since}",
            "waits until a person confirms its deletion",
            (
                "The sync that is to delete them waits, with all that it prunes. Once the data may go, confirm it in "
                "Argo CD (Confirm Pruning, or the time in the Application's annotation "
                "`argocd.argoproj.io/deletion-approved`).",
            ),
        )


def _annotated(changes: Changes, firewall: Firewall, options: Sequence[str]) -> tuple[Edit, ...]:
    """Edits of the base after which what is held back says these options."""
    edits: dict[Edit, None] = {}
    for one in firewall.held:
        copy = one.consequence.copy if one.consequence is not None else None
        if copy is None or one.verdict is Verdict.APPLICATION_DELETED:
            continue
        if copy.resource.template or copy.resource.generator or copy.resource.path is None:
            continue
        try:
            edits.update(dict.fromkeys(protect(changes.base, copy, options)))
        except (GitopsError, KeyError):
            continue
    return _merged(edits)


def _is_untouched(path: str, changes: Changes) -> bool:
    """Whether a file is in the head as in the base, so that git brings the edits of the base into it."""
    before, after = (side.tree.entry(path) for side in (changes.base, changes.head))
    return before is not None and after is not None and before.oid == after.oid


def _merged(edits: Mapping[Edit, None]) -> tuple[Edit, ...]:
    """Each place once."""
    found = {edit.span: edit for edit in edits}
    return tuple(found.values())
