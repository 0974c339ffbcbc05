"""The checklist: what a repository that runs Argo CD should have, and how it stands. Its state is computed, and
nobody ticks it off by hand.

An item is done only where something was looked at and nothing was found; where it is about something that has to be
there, only where that was seen (`checks.judgement.evidence`). What is said of every Application, or of everything in
Argo CD's namespace, is done only where all of them were looked at. What was not is said, and what git does not tell.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from checks import argocd, ownership, render, secret_keys
from checks.coverage import Coverage, not_looked_at
from checks.judgement import evidence
from checks.judgement.evaluation import Evaluation
from checks.judgement.evidence import Seen
from checks.model import Finding, Severity
from checks.planning.additions.items import ITEMS as ADDITIONS
from checks.planning.additions.plan import NotPossible
from checks.policy.dashboard import ITEMS
from checks.policy.file import Policy
from checks.registry import rules
from checks.wording import listed
from gitops.discovery.snapshot import Snapshot
from gitops.files.errors import GitopsError
from gitops.files.spans import Span
from gitops.installation.find import installations_of


class State(StrEnum):
    """How an item stands. `ABSENT` is what is not there and nothing is wrong with that, `UNSEEN` what would be known
    if all of the repository had been looked at, `UNKNOWN` what git does not tell however well one looks."""

    DONE = "done"
    OPEN = "open"
    ABSENT = "absent"
    UNSEEN = "unseen"
    UNKNOWN = "unknown"
    NOT_WANTED = "not-wanted"


@dataclass(frozen=True, slots=True)
class _Item:
    """`check` are the rules of a whole check run, `only` single ones, `rest` tells that those about Argo CD belong
    to it that no other item names; `of_argo_cd` that it is about Argo CD's own installation, without which git
    tells nothing. `seen` tells whether what it is about is there, `adds` names what `argofix add` makes of it
    beside what is called like it, `notices` that those count too, `doubtful` that those tell what git leaves open,
    `ahead` gives what would be found after a change that is still to come. `every` tells that it says something of
    all Applications, `near` of all that Argo CD's namespace has."""

    title: str
    check: str = ""
    only: tuple[str, ...] = ()
    of_argo_cd: bool = True
    rest: bool = False
    seen: Callable[[Snapshot, Policy], Seen] | None = None
    adds: tuple[str, ...] = ()
    notices: bool = False
    doubtful: bool = False
    ahead: Callable[[Snapshot], tuple[Finding, ...]] | None = None
    every: bool = False
    near: bool = False


_ITEMS: Mapping[str, _Item] = {
    "renders": _Item(
        "Every Application renders, and Argo CD accepts it", check=render.CHECK, of_argo_cd=False, every=True
    ),
    "redirect-loop": _Item(
        "TLS ends where Argo CD's server expects it",
        only=("argocd-redirect-loop", "argocd-backend-protocol", "argocd-plain-http-exposed"),
        seen=evidence.server,
        near=True,
    ),
    "starts": _Item(
        "Argo CD starts with its flags and settings, and heeds them",
        only=("argocd-unknown-flag", "argocd-start-conflict", "argocd-param-without-effect"),
        seen=evidence.starts,
        near=True,
    ),
    "scheduling": _Item(
        "Its Pods find nodes",
        only=("anti-affinity-unschedulable", "requests-over-capacity"),
        seen=evidence.scheduling,
        near=True,
    ),
    "components": _Item(
        "Its components are there once, of one version, and reach each other",
        only=("argocd-controller-kind", "argocd-mixed-versions", "argocd-component-missing", "argocd-wrong-port"),
        rest=True,
        seen=evidence.components,
        near=True,
    ),
    "one-owner": _Item(
        "Each resource has one owner", check=ownership.CHECK, of_argo_cd=False, doubtful=True, every=True
    ),
    "secret-keys": _Item(
        "Secrets, and the keys that are read of them, are there",
        check=secret_keys.CHECK,
        of_argo_cd=False,
        doubtful=True,
        every=True,
    ),
    "redis-persistence": _Item(
        "Redis keeps what it holds",
        only=("redis-persistence-without-effect",),
        seen=evidence.redis,
        notices=True,
        near=True,
    ),
    "alerts": _Item(
        "Alerts about Argo CD are loaded, and able to fire",
        only=("alerts-not-loaded", "alert-cannot-fire"),
        seen=evidence.alerts,
        doubtful=True,
        adds=("monitoring",),
    ),
    "probes": _Item(
        "The UI and the API are probed from outside",
        only=("blackbox-target",),
        seen=evidence.probes,
    ),
    "certificates": _Item(
        "Certificates can be issued",
        only=("dns-solver-secret-missing", "cluster-issuer-missing"),
        of_argo_cd=False,
        doubtful=True,
        every=True,
        seen=evidence.issuers,
        adds=("dns01-issuers",),
    ),
    "certificate-expiry": _Item(
        "Somebody hears of it when certificates are about to expire",
        of_argo_cd=False,
        seen=evidence.expiry,
    ),
    "spread": _Item("Replicas go to different nodes", seen=evidence.spread, near=True),
    "staging": _Item("New versions are tried on staging first", seen=evidence.staging),
    "smoke-test": _Item("A test on staging tells whether a version works", seen=evidence.smoke_test),
    "version-path": _Item(
        "The next version has nothing in its way",
        seen=evidence.version_path,
        ahead=evidence.in_the_way,
        every=True,
    ),
}


@dataclass(frozen=True, slots=True)
class Offer:
    """What `argofix add` can make of an item; `cannot` is a clause that says why not, '' where it can."""

    name: str
    help: str
    cannot: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """One item: `findings` are those that stand in its way or leave it open, `notices` all others that are about it,
    which decide nothing; `why` sentences about its state, `places` where what they tell of is written."""

    key: str
    title: str
    state: State
    findings: tuple[Finding, ...]
    why: str
    places: tuple[Span, ...] = ()
    offer: Offer | None = None
    notices: tuple[Finding, ...] = ()


def checklist_of(evaluation: Evaluation, policy: Policy) -> tuple[Entry, ...]:
    """Every item, in its order."""
    known = {rule.id: rule.check_name for rule in rules()}
    list_of = _List(evaluation, policy, known, Coverage.of(evaluation.snapshot))
    return tuple(list_of.entry(key) for key in ITEMS)


def offers_of(snapshot: Snapshot, policy: Policy) -> tuple[Offer, ...]:
    """Everything that `argofix add` knows, and whether it can be added here."""
    return tuple(_offer(snapshot, policy, name) for name in ADDITIONS)


def by_reason(offers: Iterable[Offer]) -> Mapping[str, tuple[Offer, ...]]:
    """What cannot be added, below why ('': what can be, first)."""
    listed = tuple(offers)
    return {
        why: tuple(one for one in listed if one.cannot == why)
        for why in sorted({one.cannot: 0 for one in listed}, key=bool)
    }


@dataclass(frozen=True, slots=True)
class _List:
    """The items of one evaluation. `known` are the rules with their check runs."""

    evaluation: Evaluation
    policy: Policy
    known: Mapping[str, str]
    coverage: Coverage

    def entry(self, key: str) -> Entry:
        item = _ITEMS[key]
        if key in self.policy.not_wanted:
            return Entry(key, item.title, State.NOT_WANTED, (), self.policy.not_wanted[key])
        mine = _rules_of(item, self.known)
        told = [f for f in self.evaluation.findings if f.rule in mine and f.suppressed is None]
        entry = self._judged(key, item, mine, told)
        return replace(entry, notices=tuple(f for f in _notices(told) if f not in entry.findings))

    def _judged(self, key: str, item: _Item, mine: Collection[str], told: Sequence[Finding]) -> Entry:
        found = tuple(f for f in told if item.notices or f.severity is not Severity.NOTICE)
        found += self._snapshot.once(item.ahead) if item.ahead is not None else ()
        if found:
            return Entry(key, item.title, State.OPEN, found, "")
        if item.doubtful and told:
            return Entry(key, item.title, State.UNKNOWN, tuple(told), "")
        return self._nobody_could_look(key, item) or self._looked_at(key, item, mine, told)

    def _nobody_could_look(self, key: str, item: _Item) -> Entry | None:
        """An item about something that is not there to be looked at."""
        unseen = State.UNKNOWN if self.coverage.whole else State.UNSEEN
        if item.of_argo_cd and not self._snapshot.once(installations_of):
            why = (
                "This repository does not hold Argo CD's own installation."
                if self.coverage.whole
                else "What was looked at does not hold Argo CD's own installation."
            )
            return Entry(key, item.title, unseen, (), why)
        if not item.of_argo_cd and not self.coverage.seen:
            return Entry(key, item.title, unseen, (), "Nothing was rendered, so nothing was looked at.")
        return None

    def _looked_at(self, key: str, item: _Item, mine: Collection[str], noticed: Sequence[Finding]) -> Entry:
        seen = item.seen(self._snapshot, self.policy) if item.seen is not None else None
        if seen is not None and seen.done is not True:
            return self._not_there(key, item, seen)
        if seen is None and not mine:
            return Entry(key, item.title, State.UNKNOWN, (), "Nothing here looks at it yet.")
        lacking = [rule for rule in item.only if rule not in self.known]
        blind = self._blind(item)
        right = "What was looked at has only notices." if noticed else "Nothing is wrong with what was looked at."
        told = [right] if blind else []
        told += [seen.why] if seen is not None and seen.why else []
        told += [blind] if blind else []
        told += [f"Not looked at yet: {listed([f'`{rule}`' for rule in lacking])}."] if lacking else []
        places = seen.places if seen is not None else ()
        return Entry(key, item.title, State.UNSEEN if blind else State.DONE, (), " ".join(told), places)

    def _not_there(self, key: str, item: _Item, seen: Seen) -> Entry:
        names = [name for name in (key, *item.adds) if name in ADDITIONS]
        offer = _offer(self.evaluation.snapshot, self.policy, names[0]) if names else None
        addable = offer is not None and not offer.cannot
        # What was seen to lack it is the same whatever else there is; all else may be in what was not looked at.
        lacks = seen.done is False and bool(seen.places)
        if not (addable or seen.done is False):
            return Entry(key, item.title, State.UNKNOWN, (), seen.why, seen.places)
        if self.coverage.whole or lacks:
            return Entry(key, item.title, State.ABSENT, (), seen.why, seen.places, offer)
        why = f"{seen.why} {not_looked_at(self.evaluation.snapshot.states, self.coverage)}"
        return Entry(key, item.title, State.UNSEEN, (), why, seen.places, offer)

    def _blind(self, item: _Item) -> str:
        """What was not looked at and may be otherwise than the item says: a sentence, '' for nothing."""
        if item.every:
            return not_looked_at(self.evaluation.snapshot.states, self.coverage)
        if not item.near:
            return ""
        installed = [one for one in self._snapshot.once(installations_of) if one.deployed]
        if any(one.reached for one in installed):  # judged by its files, since nothing renders them
            return not_looked_at(self.evaluation.snapshot.states, self.coverage)
        near = {one.namespace for one in installed}
        return not_looked_at(
            s for s in self.evaluation.snapshot.states if s.application.destination.namespace in near
        )

    @property
    def _snapshot(self) -> Snapshot:
        """With what scripts apply, as the rules see it."""
        return self.evaluation.snapshot.once(Snapshot.with_applied)


def _notices(findings: Iterable[Finding]) -> list[Finding]:
    return [finding for finding in findings if finding.severity is Severity.NOTICE]


def _rules_of(item: _Item, known: Mapping[str, str]) -> set[str]:
    mine = {rule for rule, check in known.items() if rule in item.only or (item.check and check == item.check)}
    if item.rest:
        named = {rule for other in _ITEMS.values() for rule in other.only}
        mine |= {rule for rule, check in known.items() if check == argocd.CHECK and rule not in named}
    return mine


def _offer(snapshot: Snapshot, policy: Policy, name: str) -> Offer:
    item = ADDITIONS[name]
    try:
        item.plan(snapshot, policy)
    except (NotPossible, GitopsError) as error:
        return Offer(name, item.help, str(error))
    return Offer(name, item.help)
