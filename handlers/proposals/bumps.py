"""Version bumps: which should be open is worked out anew each time, and made so.

One branch and one pull request per component and size of the step (`argofix/bump/argo-cd-minor`). How a pull request
is made and what people do to it: `handlers.proposals`. A source of versions that cannot be trusted changes nothing.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial

from bot.formats.github import bump_pull_request as text
from bot.formats.github.proposal import digest, title
from bot.formats.writing.markdown import code, in_one_line, safe
from bot.github.client import GitHub
from bot.github.endpoints import pulls
from bot.github.errors import Forbidden, GitHubError, NotFound, Suspended
from bot.github.model import PullRequest
from bot.process.errors import PermanentError
from bot.registries.faults import SourceFault
from bot.rendering.evaluation import analysis_by
from checks.judgement.target import judge
from checks.planning.bumps.bump import plan_bump
from checks.planning.bumps.choose import Release
from checks.planning.bumps.plan import BumpPlan
from checks.planning.bumps.proposal import BumpProposal
from checks.planning.bumps.together import settle_bump
from checks.policy.bumps import Level, VersionPolicy, with_built_in
from checks.policy.file import PATH, Policy, read_policy
from gitops.discovery.scan import Scan, scan
from gitops.discovery.sources import Analysis
from gitops.files.errors import GitopsError
from gitops.files.tree import Tree
from gitops.resources.rendering import RenderFailed
from gitops.versions.components import BUILT_IN, Component
from gitops.versions.find import ChartIndex, find_pins
from gitops.versions.overlay import NoOverlay, find_overlay
from handlers.proposals.branches import (
    ProposedBranch,
    Refused,
    Taken,
    close,
    closed_by_person,
    file_changes,
    history_of,
    is_ours,
    open_below,
    propose,
)
from handlers.proposals.offers import Offers, Wish
from handlers.proposals.refusals import explained
from handlers.repository import RepositoryContext

log = logging.getLogger(__name__)

BELOW = "bump/"
MOST_COMPONENTS = 50  # of a repository; each is looked for in every overlay
_HOUR = 3600.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one step, as Markdown without a full stop; `ok` is False when something kept it from being."""

    component: str
    text: str
    pull: PullRequest | None = None
    ok: bool = True


def branch_of(component: Component, level: Level) -> str:
    return f"argofix/{BELOW}{component.name}-{level.value}"


async def settle_bumps(repo: RepositoryContext, wish: Wish | None = None) -> list[Outcome]:
    """Open, update and close bump pull requests until they are what sources, policy and default branch call for.

    With a wish only what it is about is opened or updated, and nothing is closed.
    """
    if repo.details.archived:
        return []
    tip = await repo.default_tip()
    async with repo.objects(tip) as objects:
        tree = await objects.read_tree(tip)
        policy = await asyncio.to_thread(read_policy, tree)
        analysis = analysis_by(repo.context.services.engine, repo.matcher(), policy)
        found = await asyncio.to_thread(scan, tree, analysis.scan_memo, analysis.memo)
        known = {pull.head.ref: pull for pull in await open_below(repo, BELOW)}
        work = _Work(repo, repo.writing(), tree, tip, policy, analysis, found, wish, known)
        outcomes: list[Outcome] = []
        for followed in with_built_in(policy.versions, BUILT_IN)[:MOST_COMPONENTS]:
            if wish is None or wish.name in (None, followed.component.name):
                outcomes += await work.component(followed)
        if wish is None:
            await work.close_others()
        if work.refused is not None and wish is None:
            raise work.refused
        return outcomes


async def keep_up(repo: RepositoryContext, listed: Sequence[PullRequest]) -> None:
    """Look again when there are bumps that the default branch may have overtaken. `listed` are the open pull
    requests."""
    if repo.context.services.settings.poll_interval > 0 and await open_below(repo, BELOW, listed):
        await settle_bumps(repo)


@dataclass
class _Work:
    """One look at one commit. `open` are our open pull requests by branch, `keep` the branches of those that stay,
    `why` a word for those that go."""

    repo: RepositoryContext
    github: GitHub
    tree: Tree
    tip: str
    policy: Policy
    analysis: Analysis
    found: Scan
    wish: Wish | None
    open: dict[str, PullRequest]
    keep: set[str] = field(default_factory=set)
    why: dict[str, str] = field(default_factory=dict)
    refused: PermanentError | None = None
    opened_lately: int | None = None

    async def component(self, followed: VersionPolicy) -> list[Outcome]:
        self.repo.context.check()
        component = followed.component
        configured = self.policy.overlay_of(followed)
        look = partial(find_overlay, self.tree, component, self.found, self.analysis.memo, configured)
        try:
            pins = await asyncio.to_thread(look)
        except NoOverlay as error:
            if self.found.malformed or self.found.unread:
                self._keep(component)  # it may be in what cannot be read at present
            return [self._not_possible(component, safe(str(error)))]
        services = self.repo.context.services
        charts: ChartIndex = {}
        if any(pin.chart is not None for pin in pins.pins):
            try:
                charts = await services.versions.charts(component)
            except SourceFault as fault:
                return [self._unknown(component, fault)]
            look_again = partial(find_pins, found=self.found, memo=self.analysis.memo, charts=charts)
            pins = await asyncio.to_thread(look_again, self.tree, pins.overlay, component)
        current = pins.current
        if current is None:
            return [self._not_possible(component, f"no pin in {code(pins.overlay)} tells a version")]
        try:
            published = await services.versions.published(component, self.repo.github)
            offers = Offers(
                followed, pins, charts, current, published, self.wish, self._open_of(component), self._now()
            )
            offers = await offers.with_images(partial(services.versions.has_image, component))
        except SourceFault as fault:
            return [self._unknown(component, fault)]
        outcomes = [await self._offer(offers, level, release) for level, release in offers.by_level.items()]
        for level, pull in offers.open.items():
            if level not in offers.by_level:
                self.why[pull.head.ref] = offers.why_not(pull)
        if outcomes:
            return outcomes
        why, well = offers.nothing()
        return [Outcome(component.name, why, ok=well)]

    def _unknown(self, component: Component, fault: SourceFault) -> Outcome:
        self._keep(component)
        return Outcome(component.name, f"{safe(str(fault))}, so nothing is changed", ok=False)

    def _keep(self, component: Component) -> None:
        self.keep |= {branch_of(component, level) for level in Level}

    def _open_of(self, component: Component) -> dict[Level, PullRequest]:
        found = {level: self.open.get(branch_of(component, level)) for level in Level}
        return {level: pull for level, pull in found.items() if pull is not None}

    async def close_others(self) -> None:
        """Close what is open and no longer called for."""
        for branch, pull in self.open.items():
            if branch not in self.keep:
                why = self.why.get(branch, f"{code(PATH)} no longer follows this component.")
                await close(self.repo, self.github, pull, why)

    async def _offer(self, offers: Offers, level: Level, release: Release) -> Outcome:
        followed, component = offers.followed, offers.followed.component
        branch, current = branch_of(component, level), offers.open.get(level)
        try:
            plan = await asyncio.to_thread(self._plan, offers, release)
        except GitopsError as error:
            return self._not_offered(component, release, branch, safe(str(error)))
        if not plan.edits:
            return self._not_offered(component, release, branch, _reasons(plan))
        engine = self.repo.context.services.engine
        async with self.repo.fetching() as outside:
            with outside.of_the_base():
                looking = engine.snapshot(self.tree, self.analysis, outside=outside)
                snapshot = await self.repo.context.unless_superseded(looking)
            proving = engine.drive(settle_bump(snapshot, self.analysis, plan, offers.charts, judge), outside=outside)
            plan, proof = await self.repo.context.unless_superseded(proving)
        if not proof.holds:
            if any(isinstance(state.rendering, RenderFailed) for state in snapshot.states):
                self.keep.add(branch)  # what is broken on the default branch will be mended
            return self._not_offered(component, release, branch, f"it cannot be proven: {safe(proof.failure)}")
        self.keep.add(branch)
        if self.wish is None:
            if not followed.is_open(self._now()):
                return Outcome(
                    component.name, f"{code(release.tag)} waits for the time that the schedule names", current
                )
            if current is None:
                held = await self._held_up(component, release)
                if held is not None:
                    return Outcome(component.name, held, ok=False)
        passed = text.passed(offers.published.notes.values(), offers.current, release.version)
        bump = text.Bump(BumpProposal.of(plan, proof), release, level, passed, offers.asked(level))
        return await self._make_so(bump, branch, current)

    def _plan(self, offers: Offers, release: Release) -> BumpPlan:
        return plan_bump(
            self.tree,
            offers.pins.overlay,
            offers.followed.component,
            release.tag,
            release.digest,
            pins=offers.pins,
            found=self.found,
            charts=offers.charts,
        )

    async def _held_up(self, component: Component, release: Release) -> str | None:
        """Why a new pull request is not opened now."""
        for level in Level:
            for pull in await history_of(self.repo, self.github, branch_of(component, level)):
                if closed_by_person(pull) and text.read_version(pull.body) == release.tag:
                    return f"{code(release.tag)} was closed by a person (#{pull.number}) and is not offered again"
        limit = self.repo.context.services.settings.bumps_per_hour
        if self.opened_lately is None:
            since = self._now().timestamp() - _HOUR
            newest = await pulls.newest(self.github, self.repo.name)
            self.opened_lately = sum(
                is_ours(self.repo, p) and p.head.ref.startswith(f"argofix/{BELOW}") and p.created > since
                for p in newest
            )
        if self.opened_lately >= limit:
            return f"{code(release.tag)} waits: {limit} pull requests were opened within an hour"
        return None

    async def _make_so(self, bump: text.Bump, branch: str, current: PullRequest | None) -> Outcome:
        repo, plan, name = self.repo, bump.plan, bump.plan.component.name
        proposal = ProposedBranch(
            branch=branch,
            base=repo.details.default_branch,
            parent=self.tip,
            digest=digest(self.tree, bump.proposal),
            title=title(bump.proposal),
            message=text.commit_message(bump),
            changes=lambda: file_changes(self.tree, plan.edits),
            body=lambda commit: text.body(self.tree, bump, commit),
        )
        try:
            pull = await propose(repo, self.github, proposal, current)
        except Refused as error:
            if isinstance(error.cause, Forbidden | NotFound | Suspended) and self.wish is None:
                raise  # that holds for all of them
            log.warning("a bump was refused", extra={"branch": branch, "reason": str(error)})
            self.refused = error
            (why,) = await explained(repo, [error], "ask again")
            why = in_one_line(why).removesuffix(".")
            return Outcome(name, f"{code(bump.release.tag)} cannot be offered. {why}", current, ok=False)
        except Taken:
            log.warning("a branch is not ours to move", extra={"branch": branch})
            return Outcome(name, f"the branch {code(branch)} holds commits of others; delete or rename it", ok=False)
        if current is None:
            self.opened_lately = (self.opened_lately or 0) + 1
            await self._label(pull, name)
        return Outcome(name, f"#{pull.number} takes {code(plan.overlay)} to {code(bump.release.tag)}", pull)

    async def _label(self, pull: PullRequest, name: str) -> None:
        try:
            await pulls.label(self.github, self.repo.name, pull.number, ["dependencies", name])
        except GitHubError as error:
            log.warning("a pull request has no labels", extra={"pull": pull.number, "reason": str(error)})

    def _not_possible(self, component: Component, why: str) -> Outcome:
        for level in Level:
            self.why[branch_of(component, level)] = f"{why[0].upper()}{why[1:]}."
        return Outcome(component.name, why, ok=False)

    def _not_offered(self, component: Component, release: Release, branch: str, why: str) -> Outcome:
        log.info(
            "a version is not offered", extra={"component": component.name, "version": release.tag, "reason": why}
        )
        self.why[branch] = f"{code(release.tag)} is not offered: {why}."
        return Outcome(component.name, f"{code(release.tag)} is not offered: {why}", ok=False)

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self.repo.context.services.clock.now(), UTC)


def _reasons(plan: BumpPlan) -> str:
    return "; ".join(_told(plan)) or "there is nothing to edit"


def _told(plan: BumpPlan) -> Iterator[str]:
    for report in plan.reported[:3]:
        yield safe(report.message)
    if len(plan.reported) > 3:
        yield f"and {len(plan.reported) - 3} more"
