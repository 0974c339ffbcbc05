"""The checklist: what a repository that runs Argo CD should have, and how it stands. Its state is computed, and
nobody ticks it off by hand.

An item is done only where something was looked at and nothing was found; what was not seen is said, and what nothing
here looks at is told as that.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from checks import argocd, ownership, render, secret_keys
from checks.coverage import Coverage
from checks.judgement.evaluation import Evaluation
from checks.model import Finding, Severity
from checks.policy.dashboard import ITEMS
from checks.policy.file import Policy
from checks.registry import rules
from checks.wording import listed
from gitops.installation.find import installations_of


class State(StrEnum):
    """How an item stands."""

    DONE = "done"
    OPEN = "open"
    UNKNOWN = "unknown"
    NOT_WANTED = "not-wanted"


@dataclass(frozen=True, slots=True)
class _Item:
    """`check` are the rules of a whole check run, `only` single ones, `rest` tells that those about Argo CD belong to
    it that no other item names; `of_argo_cd` that it is about Argo CD's own installation, without which git tells
    nothing."""

    title: str
    check: str = ""
    only: tuple[str, ...] = ()
    of_argo_cd: bool = True
    rest: bool = False


_ITEMS: Mapping[str, _Item] = {
    "renders": _Item("Every Application renders, and Argo CD accepts it", check=render.CHECK, of_argo_cd=False),
    "redirect-loop": _Item(
        "TLS ends where Argo CD's server expects it",
        only=("argocd-redirect-loop", "argocd-backend-protocol", "argocd-plain-http-exposed"),
    ),
    "starts": _Item(
        "Argo CD starts with its flags and settings, and heeds them",
        only=("argocd-unknown-flag", "argocd-start-conflict", "argocd-param-without-effect"),
    ),
    "scheduling": _Item("Its Pods find nodes", only=("anti-affinity-unschedulable", "requests-over-capacity")),
    "components": _Item(
        "Its components are there once, of one version, and reach each other",
        only=("argocd-controller-kind", "argocd-mixed-versions", "argocd-component-missing", "argocd-wrong-port"),
        rest=True,
    ),
    "one-owner": _Item("Each resource has one owner", check=ownership.CHECK, of_argo_cd=False),
    "secret-keys": _Item(
        "Secrets, and the keys that are read of them, are there", check=secret_keys.CHECK, of_argo_cd=False
    ),
    "redis-persistence": _Item("Redis keeps what it should", only=("redis-persistence-without-effect",)),
    "alerts": _Item("Alerts are loaded, and able to fire", only=("alerts-not-loaded", "alert-cannot-fire")),
    "probes": _Item("The UI and the API are probed from outside", only=("blackbox-target",)),
    "certificates": _Item(
        "Certificates can be issued", only=("dns-solver-secret-missing", "cluster-issuer-missing"), of_argo_cd=False
    ),
    "version-path": _Item("The next version has nothing in its way", only=("argocd-upgrade-note",)),
}


@dataclass(frozen=True, slots=True)
class Entry:
    """One item: `findings` are those that stand in its way, `why` a sentence about its state."""

    key: str
    title: str
    state: State
    findings: tuple[Finding, ...]
    why: str


def checklist_of(evaluation: Evaluation, policy: Policy) -> tuple[Entry, ...]:
    """Every item, in its order."""
    known = {rule.id: rule.check_name for rule in rules()}
    installed = bool(evaluation.snapshot.once(installations_of))
    coverage = Coverage.of(evaluation.snapshot)
    return tuple(_entry(key, evaluation, policy, known, coverage, installed) for key in ITEMS)


def _entry(
    key: str,
    evaluation: Evaluation,
    policy: Policy,
    known: Mapping[str, str],
    coverage: Coverage,
    installed: bool,
) -> Entry:
    item = _ITEMS[key]
    if key in policy.not_wanted:
        return Entry(key, item.title, State.NOT_WANTED, (), policy.not_wanted[key])
    mine = {rule for rule, check in known.items() if rule in item.only or check == item.check}
    if item.rest:
        named = {rule for other in _ITEMS.values() for rule in other.only}
        mine |= {rule for rule, check in known.items() if check == argocd.CHECK and rule not in named}
    if not mine:
        return Entry(key, item.title, State.UNKNOWN, (), "Nothing here looks at it yet.")
    found = tuple(
        finding
        for finding in evaluation.findings
        if finding.rule in mine and finding.suppressed is None and finding.severity is not Severity.NOTICE
    )
    if found:
        return Entry(key, item.title, State.OPEN, found, "")
    if item.of_argo_cd and not installed:
        return Entry(
            key,
            item.title,
            State.UNKNOWN,
            (),
            "Git does not tell: this repository does not hold Argo CD's own installation.",
        )
    if not coverage.seen and not item.of_argo_cd:
        return Entry(key, item.title, State.UNKNOWN, (), "Nothing was rendered, so nothing was looked at.")
    lacking = [rule for rule in item.only if rule not in known]
    why = [coverage.sentence()] if not coverage.whole else []
    why += [f"Not looked at yet: {listed([f'`{rule}`' for rule in lacking])}."] if lacking else []
    return Entry(key, item.title, State.DONE, (), " ".join(why))
