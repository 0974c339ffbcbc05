"""One evaluation: snapshots of head and base, every rule on both, the fixes proven, the findings told apart."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from checks.judgement.gaps import gaps_of, lost
from checks.judgement.reports import reports_of
from checks.model import CheckReport, Finding
from checks.planning.ownership.plan import FixPlan, Planned
from checks.planning.repairs.plan import RepairPlan
from checks.policy.file import Policy
from checks.registry import Rule
from checks.sync_order.view import EMPTY, View, handovers_of, view_of
from checks.wording import plural
from gitops.applications.live import Live
from gitops.discovery.snapshot import Change, Snapshot


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What is known about a commit (and its base).

    `findings` are sorted by place; `plans` are proven fixes of ownership, `repairs` such of Argo CD's own
    installation; `live` is what the clusters held; `order` is that of all its Applications, with the hand-overs of
    the plans; `unfinished` tells what argofix had no time or room for.
    """

    snapshot: Snapshot
    base: Snapshot | None
    findings: tuple[Finding, ...]
    reports: tuple[CheckReport, ...]
    plans: tuple[FixPlan, ...]
    live: Live | None = None
    order: View = EMPTY
    unfinished: tuple[str, ...] = ()
    repairs: tuple[RepairPlan, ...] = ()

    @property
    def gaps(self) -> tuple[str, ...]:
        """What could not be seen in clusters and not be analysed in git, one sentence each, without a full stop."""
        unseen = self.live.unseen if self.live is not None else ()
        return (*unseen, *gaps_of(self.snapshot))

    @property
    def lost(self) -> tuple[str, ...]:
        """What the base could be judged by and the head cannot, one sentence each, without a full stop. A change that
        takes something out, or brings something that was never analysed, loses nothing."""
        return () if self.base is None else lost(self.base, self.snapshot)

    @property
    def proven(self) -> tuple[FixPlan | RepairPlan, ...]:
        """Every fix that a pull request can be opened for."""
        return (*self.plans, *self.repairs)

    def report(self, check_name: str) -> CheckReport:
        """The report of one check run. Raises `KeyError` for a name that no rule belongs to."""
        for report in self.reports:
            if report.name == check_name:
                return report
        raise KeyError(check_name)

    def plan_for(self, finding: Finding) -> FixPlan | None:
        """The proven fix that settles a finding, None when there is none."""
        return next((plan for plan in self.plans if any(f.identity == finding.identity for f in plan.findings)), None)


def evaluation_of(
    change: Change,
    planned: Planned,
    chosen: Sequence[Rule],
    policy: Policy,
    left_out: Sequence[str],
    repairs: tuple[RepairPlan, ...] = (),
) -> Evaluation:
    """What comes of a change by the rules `chosen`, once what they found is `planned`. `left_out` are the reasons for
    which something was not rendered, one for each rendering."""
    head, live = change.head, change.live
    findings = tuple(sorted(planned.findings, key=lambda f: (f.span, f.rule, f.message)))
    order = view_of(head, policy, live, change.base, handovers_of(planned.plans))
    reports = reports_of(chosen, findings, head, live, policy)
    unfinished = _unfinished(left_out)
    return Evaluation(head, change.base, findings, reports, planned.plans, live, order, unfinished, repairs)


def _unfinished(left_out: Sequence[str]) -> tuple[str, ...]:
    return tuple(f"{plural('rendering', count)} left out: {reason}" for reason, count in Counter(left_out).items())
