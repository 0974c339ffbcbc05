"""What the checklist's issue is about, and how what each of its boxes stands for is now."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from bot.formats.doctor.boxes import RESCAN, add_key, again_key, bump_key, fix_key
from bot.github.model import PullRequest
from checks.judgement.checklist import Entry
from checks.judgement.evaluation import Evaluation
from checks.judgement.upgrade import Path
from checks.model import Finding, Severity
from checks.planning.ownership.plan import FixPlan
from checks.planning.repairs.plan import RepairPlan

ADDS = "argofix/add/"
BUMPS = "argofix/bump/argo-cd-"
_RANK = (Severity.ERROR, Severity.WARNING, Severity.NOTICE)


@dataclass(frozen=True, slots=True)
class Shown:
    """What the issue is about: the default branch at a commit, its checklist, where Argo CD can go, our pull
    requests there by their branches. `plans` are the fixes by their branches; `answers` what became of ticks, by
    key; `waiting` the keys of requests that have no place yet, of `max_open`; without `boxes` it stands where
    nobody can tick any.
    """

    evaluation: Evaluation
    entries: Sequence[Entry]
    branch: str
    commit: str
    plans: Mapping[str, FixPlan | RepairPlan]
    opened: Mapping[str, PullRequest]
    declined: Mapping[str, PullRequest]
    paths: Sequence[Path] = ()
    answers: Mapping[str, str] = field(default_factory=dict)
    waiting: frozenset[str] = frozenset()
    max_open: int = 5
    boxes: bool = True

    @property
    def free(self) -> int:
        """How many fixes and additions may be opened."""
        return places_left(self.max_open, self.opened)

    def offered(self) -> Mapping[str, FixPlan | RepairPlan]:
        """Fixes that are neither open nor were declined, the gravest first."""
        rest = {b: plan for b, plan in self.plans.items() if b not in self.opened and b not in self.declined}
        return dict(sorted(rest.items(), key=lambda item: _gravest(item[1].findings)))


def limited(branch: str) -> bool:
    """Whether a pull request of this branch takes one of the places that `dashboard.maxOpen` gives."""
    return branch.startswith(("argofix/fix/", ADDS))


def places_left(most: int, opened: Iterable[str]) -> int:
    """How many of these places are free beside pull requests of these branches."""
    return max(0, most - sum(limited(branch) for branch in opened))


def statuses(shown: Shown) -> Mapping[str, str]:
    """How what each box stands for is now, in words of our own: an answer is kept for as long as that stays so."""
    found = {RESCAN: shown.commit}
    for branch, plan in shown.plans.items():
        at = _stands(shown, branch, ",".join(sorted(str(edit) for edit in plan.edits)))
        found[fix_key(plan.key)] = found[again_key(branch)] = at
    for entry in shown.entries:
        if entry.offer is not None:
            branch = f"{ADDS}{entry.offer.name}"
            at = _stands(shown, branch, entry.offer.cannot)
            found[add_key(entry.offer.name)] = found[again_key(branch)] = at
    for path in shown.paths:
        for step in path.steps or () if path.moves else ():
            branch = f"{BUMPS}{step.level.value}"
            found[bump_key(str(step.release.version))] = _stands(shown, branch, str(path.current))
    return found


def gone(commit: str) -> str:
    """The status of a key that stands for nothing any more."""
    return f"gone at {commit}"


def _gravest(findings: Iterable[Finding]) -> int:
    """How grave the gravest is; the less, the graver."""
    return min((_RANK.index(finding.severity) for finding in findings), default=len(_RANK))


def _stands(shown: Shown, branch: str, offered: str) -> str:
    pull = shown.opened.get(branch)
    if pull is not None:
        return f"open {pull.number}"
    closed = shown.declined.get(branch)
    return f"declined {closed.number}" if closed is not None else f"offered {offered}"
