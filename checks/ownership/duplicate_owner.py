"""Two Applications own the same resource.

What it finds: after rendering, two or more Applications of one cluster contain the same resource (group, kind,
namespace and name; the version is not identity).

Why it matters: Argo CD tracks an object for one Application only. At every sync the tracking annotation changes
hands, the Application that does not hold the object shows SharedResourceWarning and stays OutOfSync, and whichever
holds it prunes it, with everything in it when it is a Namespace, as soon as its own manifests no longer contain it.

Example: `infrastructure` and `api-backend` both list a copy of `namespace.yaml`.

CustomResourceDefinitions are another matter: Argo CD does not track them, so nobody is warned and nothing is pruned,
but each sync writes its own copy and the last one wins.

How the fix is safe: only what brings the superfluous, identical copy goes: an entry, a document, an item of a List.
A file that both Applications read stays; then the one that is to lose it passes over it (`directory.exclude`, a
patch with `$patch: delete`), or is told to be superfluous as a whole. What that can reach is rendered again, and a
fix, as well as a sentence that tells somebody to take something out, is offered only if the keeper's copy stays
byte for byte, no other Application changes and nothing loses its last owner.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from checks.declaration import FixAvailability, declare
from checks.model import Field, Finding, Related, Removal, Severity, Topic
from checks.ownership.conflicts import Conflict, Undecided, find_conflicts, partitions_of
from checks.ownership.first_synced import FirstSynced
from checks.ownership.holder import Holders
from checks.ownership.keeper import Keeper, choose_keeper
from checks.ownership.unsettled import unsettled
from checks.ownership.ways import Verdict, judge
from checks.policy.file import Policy
from checks.wording import counted, listed
from gitops.discovery.snapshot import ApplicationKey, Change, Owned, OwnedId
from gitops.facts.deletions.data import is_tracked
from gitops.files.spans import Span
from gitops.kustomize.steps import TakeOut

RULE = declare("duplicate-owner", Severity.ERROR, Severity.NOTICE, fix=FixAvailability.SOMETIMES)

EFFECT = (
    "Argo CD tracks an object for one Application only: they overwrite each other at every sync, one of them stays "
    "OutOfSync with SharedResourceWarning, and the one that holds it may prune it."
)


CRD_EFFECT = (
    "Argo CD does not track CustomResourceDefinitions: it warns about none that two Applications bring, and prunes "
    "none that leaves one of them. Each sync writes the Application's own copy, so the last sync wins."
)


@dataclass(frozen=True, slots=True)
class _Case:
    """A conflict with its verdicts: the keeper, and for each other copy what can be done."""

    conflict: Conflict
    keeper: Keeper
    others: tuple[Owned, ...]
    verdicts: tuple[Verdict, ...]

    @property
    def places(self) -> tuple[Span, ...]:
        return tuple(_place(copy, verdict) for copy, verdict in zip(self.others, self.verdicts, strict=True))

    @property
    def tracked(self) -> bool:
        return is_tracked(self.conflict.id.id.group, self.conflict.id.id.kind)

    @property
    def key(self) -> tuple[object, ...]:
        """Equal for conflicts of which one text is true."""
        return (
            self.keeper.copy.application.key,
            _by_file(self.keeper.copy, self.keeper.copy.origin.entry),
            self.keeper.of_several,
            self.tracked,
            tuple(
                (copy.application.key, _by_file(copy, span), verdict)
                for copy, span, verdict in zip(self.others, self.places, self.verdicts, strict=True)
            ),
        )


def check(change: Change, policy: Policy) -> Iterator[Finding]:
    """Findings for the head of a change."""
    conflicts = find_conflicts(change.head, policy, change.live, change.base)
    topics: dict[tuple[object, ...], list[_Case]] = {}
    for case in _cases(conflicts.certain, change, policy):
        topics.setdefault(case.key, []).append(case)
    for number, cases in enumerate(topics.values()):
        topic = _topic(cases, number)
        for case in cases:
            yield _finding(case, topic)
    for undecided in conflicts.undecided:
        yield _notice(undecided)
    yield from unsettled(RULE, change.head, change.head.once(partitions_of, policy, change.live, change.base))


def _cases(conflicts: Sequence[Conflict], change: Change, policy: Policy) -> Iterator[_Case]:
    holders = Holders(change.head, policy, change.live)
    waves = FirstSynced(change, policy)
    chosen = [(c, choose_keeper(c.id, c.copies, change.head, policy, waves, holders)) for c in conflicts]
    pairs: dict[tuple[ApplicationKey, ApplicationKey], list[tuple[OwnedId, Owned, Owned]]] = {}
    for conflict, keeper in chosen:
        for copy in conflict.copies:
            if copy is not keeper.copy:
                key = (keeper.copy.application.key, copy.application.key)
                pairs.setdefault(key, []).append((conflict.id, copy, keeper.copy))
    verdicts = {key: judge(triples) for key, triples in pairs.items()}
    for conflict, keeper in chosen:
        others = tuple(copy for copy in conflict.copies if copy is not keeper.copy)
        found = tuple(verdicts[(keeper.copy.application.key, o.application.key)][conflict.id] for o in others)
        yield _Case(conflict, keeper, others, found)


def _by_file(copy: Owned, span: Span) -> Span | str:
    """An entry, or the file where no entry brings the copy in: its documents are told together."""
    return span if copy.origin.chain else span.path


def _place(copy: Owned, verdict: Verdict) -> Span:
    """Where to point: at the entry that would go, else at the one that brings the copy in."""
    step = verdict.ways[0][0] if verdict.ways else None
    return step.span if isinstance(step, TakeOut) else copy.origin.entry


def _topic(cases: Sequence[_Case], number: int) -> Topic:
    first = cases[0]
    keeper = first.keeper.copy.application.label
    names = [f"`{name}`" for name in (keeper, *dict.fromkeys(c.application.label for c in first.others))]
    what = counted([case.conflict.id.id for case in cases])
    both = "both" if len(names) == 2 else "all"
    title = f"{listed(names)} {both} own {what}"
    it = "it" if len(cases) == 1 else "them"
    differ = any(v.differ for v in first.verdicts)
    alike = "The copies differ after rendering." if differ else "The copies are identical after rendering."
    effect = EFFECT if first.tracked else CRD_EFFECT
    alone = len({case.keeper.reason for case in cases}) == 1
    reason = first.keeper.reason if alone else first.keeper.of_several
    key = "|".join([RULE.id, keeper, str(first.keeper.copy.origin.entry), *map(str, first.places), str(number)])
    return Topic(key, title, f"{effect} {alike}", f"Keep {it} in `{keeper}`: {reason}.")


def _finding(case: _Case, topic: Topic) -> Finding:
    rid = case.conflict.id.id
    keeper = case.keeper.copy
    names = tuple(copy.application.label for copy in (keeper, *case.others))
    removals = tuple(
        Removal(keeper.application.key, copy.application.key, case.conflict.id, verdict.ways, verdict.cause)
        for copy, verdict in zip(case.others, case.verdicts, strict=True)
    )
    return RULE.finding(
        case.places[0],
        f"{rid} is owned by {listed([f'`{name}`' for name in names])}",
        topic=topic,
        severity=Severity.ERROR,
        about=(case.conflict.id.cluster, rid.group, rid.kind, rid.namespace, rid.name, *sorted(names)),
        resource=rid,
        applications=names,
        owners=(keeper.application.key, *(copy.application.key for copy in case.others)),
        related=_related(case),
        removals=removals,
        fields=[
            Field(case.others[0].application.key, case.others[0].resource.id, f"/metadata/{name}")
            for name in ("name", "namespace")
        ],
    )


def _related(case: _Case) -> Iterator[Related]:
    keeper = case.keeper.copy
    yield Related(keeper.origin.entry, f"`{keeper.application.label}`, which should keep it, brings it in here")
    for copy, span in list(zip(case.others, case.places, strict=True))[1:]:
        yield Related(span, f"`{copy.application.label}` brings it in here")
    for copy in (keeper, *case.others):
        if copy.resource.elsewhere is not None:
            yield Related(copy.origin.entry, f"the copy of `{copy.application.label}` is {copy.resource.elsewhere}")
        elif copy.origin.chain:
            yield Related(copy.origin.span, f"the copy of `{copy.application.label}`")


def _notice(undecided: Undecided) -> Finding:
    one, other = undecided.example
    left, right = (root.removeprefix("instance ") for root in undecided.roots)
    count = len(undecided.shared)
    what = "resource" if count == 1 else "resources"
    message = (
        f"the roots `{left}` and `{right}` render {count} {what} in common to in-cluster, {one.resource.id} first"
    )
    return RULE.finding(
        one.origin.entry,
        message,
        f"`{left}` and `{right}` may own the same {count} {what}",
        text="Nothing in the repository brings in either of these roots, so they may be bootstraps of one Argo CD "
        "(then they fight over these resources) or of two (then all is well).",
        advice=f"Say which in `.github/argofix.yaml`: `instances: {{name: [{left}, {right}]}}` when they share one "
        "Argo CD, two entries under `instances` when they do not.",
        severity=Severity.NOTICE,
        about=("roots", left, right),
        applications=(one.application.label, other.application.label),
        related=[Related(other.origin.entry, f"`{other.application.label}` brings it in here")],
    )
