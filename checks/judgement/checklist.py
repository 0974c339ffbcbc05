"""The checklist: what a repository that runs Argo CD should have, and how it stands. Its state is computed, and
nobody ticks it off by hand.

An item is done only where something was looked at and nothing was found; where it is about something that has to be
there, only where that was seen (`checks.judgement.evidence`). What was not seen is said, and what git does not tell.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from checks import argocd, ownership, render, secret_keys
from checks.coverage import Coverage
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
    """How an item stands. `ABSENT` is what is not there and nothing is wrong with that."""

    DONE = "done"
    OPEN = "open"
    ABSENT = "absent"
    UNKNOWN = "unknown"
    NOT_WANTED = "not-wanted"


@dataclass(frozen=True, slots=True)
class _Item:
    """`check` are the rules of a whole check run, `only` single ones, `rest` tells that those about Argo CD belong to
    it that no other item names; `of_argo_cd` that it is about Argo CD's own installation, without which git tells
    nothing. `seen` tells whether what it is about is there, `adds` names what
    `argofix add` makes of it beside what is called like it, `notices`
    that those count too, `ahead` gives what would be found after a change that is still to come."""

    title: str
    check: str = ""
    only: tuple[str, ...] = ()
    of_argo_cd: bool = True
    rest: bool = False
    seen: Callable[[Snapshot, Policy], Seen] | None = None
    adds: tuple[str, ...] = ()
    notices: bool = False
    ahead: Callable[[Snapshot], tuple[Finding, ...]] | None = None
    every: bool = False


_ITEMS: Mapping[str, _Item] = {
    "renders": _Item(
        "Every Application renders, and Argo CD accepts it", check=render.CHECK, of_argo_cd=False, every=True
    ),
    "redirect-loop": _Item(
        "TLS ends where Argo CD's server expects it",
        only=("argocd-redirect-loop", "argocd-backend-protocol", "argocd-plain-http-exposed"),
        seen=evidence.server,
    ),
    "starts": _Item(
        "Argo CD starts with its flags and settings, and heeds them",
        only=("argocd-unknown-flag", "argocd-start-conflict", "argocd-param-without-effect"),
        seen=evidence.starts,
    ),
    "scheduling": _Item(
        "Its Pods find nodes",
        only=("anti-affinity-unschedulable", "requests-over-capacity"),
        seen=evidence.scheduling,
    ),
    "components": _Item(
        "Its components are there once, of one version, and reach each other",
        only=("argocd-controller-kind", "argocd-mixed-versions", "argocd-component-missing", "argocd-wrong-port"),
        rest=True,
        seen=evidence.components,
    ),
    "one-owner": _Item("Each resource has one owner", check=ownership.CHECK, of_argo_cd=False),
    "secret-keys": _Item(
        "Secrets, and the keys that are read of them, are there", check=secret_keys.CHECK, of_argo_cd=False
    ),
    "redis-persistence": _Item(
        "Redis keeps what it holds",
        only=("redis-persistence-without-effect",),
        seen=evidence.redis,
        notices=True,
    ),
    "alerts": _Item(
        "Alerts about Argo CD are loaded, and able to fire",
        only=("alerts-not-loaded", "alert-cannot-fire"),
        seen=evidence.alerts,
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
        seen=evidence.issuers,
        adds=("dns01-issuers",),
    ),
    "certificate-expiry": _Item(
        "Somebody hears of it when certificates are about to expire",
        of_argo_cd=False,
        seen=evidence.expiry,
    ),
    "spread": _Item("Replicas go to different nodes", seen=evidence.spread),
    "staging": _Item("New versions are tried on staging first", seen=evidence.staging),
    "smoke-test": _Item("A test on staging tells whether a version works", seen=evidence.smoke_test),
    "version-path": _Item(
        "The next version has nothing in its way", seen=evidence.version_path, ahead=evidence.in_the_way
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
    """One item: `findings` are those that stand in its way, `why` sentences about its state, `places` where what they
    tell of is written."""

    key: str
    title: str
    state: State
    findings: tuple[Finding, ...]
    why: str
    places: tuple[Span, ...] = ()
    offer: Offer | None = None


def checklist_of(evaluation: Evaluation, policy: Policy) -> tuple[Entry, ...]:
    """Every item, in its order."""
    known = {rule.id: rule.check_name for rule in rules()}
    installed = bool(evaluation.snapshot.once(installations_of))
    coverage = Coverage.of(evaluation.snapshot)
    return tuple(_entry(key, evaluation, policy, known, coverage, installed) for key in ITEMS)


def offers_of(snapshot: Snapshot, policy: Policy) -> tuple[Offer, ...]:
    """Everything that `argofix add` knows, and whether it can be added here."""
    return tuple(_offer(snapshot, policy, name) for name in ADDITIONS)


def _entry(
    key: str,
    evaluation: Evaluation,
    policy: Policy,
    known: Mapping[str, str],
    coverage: Coverage,
    installed: bool,
) -> Entry:
    item, snapshot = _ITEMS[key], evaluation.snapshot
    if key in policy.not_wanted:
        return Entry(key, item.title, State.NOT_WANTED, (), policy.not_wanted[key])
    mine = _rules_of(item, known)
    found = tuple(
        finding
        for finding in evaluation.findings
        if finding.rule in mine
        and finding.suppressed is None
        and (item.notices or finding.severity is not Severity.NOTICE)
    )
    found += snapshot.once(item.ahead) if item.ahead is not None else ()
    if found:
        return Entry(key, item.title, State.OPEN, found, "")
    if item.of_argo_cd and not installed:
        why = "This repository does not hold Argo CD's own installation."
        return Entry(key, item.title, State.UNKNOWN, (), why)
    if not coverage.seen and not item.of_argo_cd:
        return Entry(key, item.title, State.UNKNOWN, (), "Nothing was rendered, so nothing was looked at.")
    if item.every and not coverage.whole:
        return Entry(
            key, item.title, State.UNKNOWN, (), f"Nothing is wrong with what was seen. {coverage.sentence()}"
        )
    seen = item.seen(snapshot, policy) if item.seen is not None else None
    if seen is not None and seen.done is not True:
        names = [name for name in (key, *item.adds) if name in ADDITIONS]
        offer = _offer(snapshot, policy, names[0]) if names else None
        # What can be added is not there, whatever else git does not tell; else it may be in what was not seen.
        addable = offer is not None and not offer.cannot
        absent = addable or (seen.done is False and coverage.whole)
        state = State.ABSENT if absent else State.UNKNOWN
        why = f"{seen.why} {coverage.sentence()}" if seen.done is False and not coverage.whole else seen.why
        return Entry(key, item.title, state, (), why, seen.places, offer if absent else None)
    if seen is None and not mine:
        return Entry(key, item.title, State.UNKNOWN, (), "Nothing here looks at it yet.")
    lacking = [rule for rule in item.only if rule not in known]
    told = [seen.why] if seen is not None and seen.why else []
    told += [coverage.sentence()] if not coverage.whole else []
    told += [f"Not looked at yet: {listed([f'`{rule}`' for rule in lacking])}."] if lacking else []
    return Entry(key, item.title, State.DONE, (), " ".join(told), seen.places if seen is not None else ())


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
