"""A fix pull request that no plan asks for any more: whether it may go, and why."""

from __future__ import annotations

from collections.abc import Sequence

from bot.formats.github.marks import read_pair
from bot.formats.writing.markdown import bullets, code, safe
from bot.github.model import PullRequest
from checks.judgement.evaluation import Evaluation
from checks.model import Finding
from checks.planning.ownership.pair import Pair, called
from checks.registry import rules
from checks.wording import listed
from gitops.discovery.snapshot import ApplicationKey, Snapshot, State
from gitops.resources.rendering import NotAnalysed, RenderFailed


def unseen(evaluation: Evaluation, pull: PullRequest) -> bool:
    """Whether an Application of the pair cannot be seen at present: then nobody knows whether the fix is needed."""
    snapshot = evaluation.snapshot
    if snapshot.truncated:
        return True
    pairs = pairs_of(snapshot, pull)
    states = [_states(snapshot, key) for pair in pairs for key in pair.ends]
    if snapshot.unknown and not (states and all(states)):
        return True  # it may be in an ApplicationSet that cannot be expanded
    return any(isinstance(state.rendering, RenderFailed | NotAnalysed) for found in states for state in found)


def why_outlived(evaluation: Evaluation, pull: PullRequest) -> str:
    """Why no plan asks for it, for the pull request's readers."""
    snapshot, base = evaluation.snapshot, code(pull.base.ref)
    about_argo_cd = _rule_of(pull)
    if about_argo_cd:
        left = [f for f in evaluation.findings if f.rule == about_argo_cd and f.suppressed is None]
        return _left(left, base)
    pairs = [_Ends(snapshot, pair) for pair in pairs_of(snapshot, pull)]
    for plan in evaluation.plans:
        if plan.keeper != plan.loser and any(
            plan.keeper in ends.losers and plan.loser in ends.keepers for ends in pairs
        ):
            return f"It is the other way round now: {code(plan.keeper_name)} is to keep what both bring."
    about = [f for f in evaluation.findings if f.suppressed is None and any(ends.are_of(f) for ends in pairs)]
    settled = {identity for plan in evaluation.plans for identity in (finding.identity for finding in plan.findings)}
    rest = [finding for finding in about if finding.identity not in settled]
    others = _others(evaluation, pull, about)
    if others:
        return f"{'Another fix takes' if len(others) == 1 else 'Other fixes take'} its place: {listed(others)}."
    return _left(rest, base)


def _left(rest: Sequence[Finding], base: str) -> str:
    if not rest:
        return f"What this fixed is no longer there on {base}, so there is nothing left to do."
    left = bullets((safe(finding.message) for finding in rest), most=5)
    return f"There is nothing left on {base} that argofix can prove a fix for. For a person:\n\n{left}"


def _rule_of(pull: PullRequest) -> str:
    """The rule that a repair of Argo CD's installation is about, '' for other fixes."""
    name = pull.head.ref.rpartition("/")[2].rpartition("-")[0]
    return name if read_pair(pull.body) is None and any(rule.id == name for rule in rules()) else ""


def pairs_of(snapshot: Snapshot, pull: PullRequest) -> tuple[Pair, ...]:
    """The Applications that a fix is about, as its body tells. Earlier releases told the names only, by the branch:
    then every pair that may be meant."""
    told = read_pair(pull.body)
    return (told,) if told is not None else called(pull.head.ref.rpartition("/")[2], snapshot.by_key)


def _others(evaluation: Evaluation, pull: PullRequest, about: Sequence[Finding]) -> list[str]:
    """Branches of the plans that settle what a fix was about."""
    identities = {finding.identity for finding in about}
    scope = pull.head.ref.rpartition("/")[0]
    return [
        code(f"{scope}/{plan.key}")
        for plan in evaluation.plans
        if not identities.isdisjoint(finding.identity for finding in plan.findings)
    ]


class _Ends:
    """The two of a pair, where they are now."""

    def __init__(self, snapshot: Snapshot, pair: Pair) -> None:
        self.keepers, self.losers = (
            frozenset(state.application.key for state in _states(snapshot, key)) for key in (pair.keeper, pair.loser)
        )
        self._twice = pair.keeper == pair.loser

    def are_of(self, finding: Finding) -> bool:
        """Whether a finding is about what both bring, or the one brings twice."""
        owners = frozenset(finding.owners)
        if self._twice:
            return bool(owners) and owners <= self.keepers
        return bool(owners & self.keepers and owners & self.losers)


def _states(snapshot: Snapshot, key: ApplicationKey) -> Sequence[State]:
    """The Application, or those of its name where it has moved to another root or namespace."""
    state = snapshot.by_key.get(key)
    if state is not None:
        return (state,)
    return [other for other in snapshot.states if other.application.name == key[2]]
