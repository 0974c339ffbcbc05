"""Version bumps: which should be open is worked out anew each time, and made so.

One branch and one pull request per component and size of the step (`argofix/bump/argo-cd-minor`). How a pull request
is made and what people do to it: `handlers.proposals`. A source of versions that cannot be trusted changes nothing.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial

from bot.errors import PermanentError
from bot.formats import bump_pull_request as text
from bot.formats.markdown import code, safe
from bot.github import pulls
from bot.github.client import GitHub
from bot.github.errors import Forbidden, GitHubError, NotFound, Suspended
from bot.github.model import PullRequest
from bot.versions.faults import SourceFault
from bot.versions.model import Published
from checks.policy import PATH, Policy, read_policy
from checks.versions.bump import plan_bump
from checks.versions.choose import Release, choose, level_of
from checks.versions.plan import BumpPlan
from checks.versions.policy import Level, VersionPolicy, with_built_in
from checks.versions.proof import prove_bump
from gitops.errors import GitopsError
from gitops.scan import Scan, scan
from gitops.sources import Analysis
from gitops.tree import Tree
from gitops.versions.components import ARGO_CD, BUILT_IN, Component
from gitops.versions.overlay import NoOverlay, find_overlay
from gitops.versions.pins import Pins, parse_version
from handlers.desk import Desk
from handlers.proposals import (
    Proposal,
    Taken,
    close,
    closed_by_person,
    file_changes,
    history_of,
    is_ours,
    open_below,
    propose,
)

log = logging.getLogger(__name__)

BELOW = "bump/"
_HOUR = 3600.0
_MOST_WITHOUT_IMAGE = 5  # versions tried in turn


@dataclass(frozen=True, slots=True)
class Wish:
    """What a person asks for: the component `name` (None: all that are followed) and a version (None: what the policy
    gives). Schedule, limits and what people closed before do not hold it up."""

    name: str | None = None
    version: str | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one step, as Markdown without a full stop; `ok` is False when something kept it from being."""

    component: str
    text: str
    pull: PullRequest | None = None
    ok: bool = True


def branch_of(component: Component, level: Level) -> str:
    return f"argofix/{BELOW}{component.name}-{level.value}"


async def settle_bumps(desk: Desk, wish: Wish | None = None) -> list[Outcome]:
    """Open, update and close bump pull requests until they are what sources, policy and default branch call for.

    With a wish only what it is about is opened or updated, and nothing is closed.
    """
    if desk.repository.archived:
        return []
    tip = await desk.default_tip()
    async with desk.objects(tip) as objects:
        tree = objects.tree(tip)
        policy = read_policy(tree)
        analysis = desk.context.services.engine.analysis(desk.matcher, policy.build_options)
        found = await asyncio.to_thread(scan, tree, analysis.scan_memo, analysis.memo)
        known = {pull.head.ref: pull for pull in await open_below(desk, BELOW)}
        work = _Work(desk, desk.writing(), tree, tip, policy, analysis, found, wish, known)
        outcomes: list[Outcome] = []
        for followed in with_built_in(policy.versions, BUILT_IN):
            if wish is None or wish.name in (None, followed.component.name):
                outcomes += await work.component(followed)
        if wish is None:
            await work.close_others()
        if work.refused is not None and wish is None:
            raise work.refused
        return outcomes


async def keep_up(desk: Desk) -> None:
    """Bring what is open up to date with the default branch; what is new is left to the schedule."""
    if desk.context.services.settings.poll_interval > 0 and await open_below(desk, BELOW):
        await settle_bumps(desk)


@dataclass
class _Work:
    """One look at one commit. `open` are our open pull requests by branch, `keep` the branches of those that stay,
    `why` a word for those that go."""

    desk: Desk
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
        self.desk.context.check()
        component = followed.component
        configured = followed.overlay or (self.policy.argocd_overlay if component.name == ARGO_CD.name else None)
        look = partial(find_overlay, self.tree, component, self.found, self.analysis.memo, configured)
        try:
            pins = await asyncio.to_thread(look)
        except NoOverlay as error:
            return [self._not_possible(component, safe(str(error)))]
        current = pins.current
        if current is None:
            return [self._not_possible(component, f"no pin in {code(pins.overlay)} tells a version")]
        try:
            published = await self.desk.context.services.versions.published(component, self.desk.github)
            published = await self._with_image(followed, pins, published)
        except SourceFault as fault:
            self.keep |= {branch_of(component, level) for level in Level}
            return [Outcome(component.name, f"{safe(str(fault))}, so nothing is changed", ok=False)]
        offers = self._chosen(followed, pins, published)
        outcomes = [await self._offer(followed, pins, published, level, release) for level, release in offers.items()]
        self._explain(component, pins, published, offers)
        return outcomes or [self._nothing(followed, pins, published)]

    async def close_others(self) -> None:
        """Close what is open and no longer called for."""
        for branch, pull in self.open.items():
            if branch not in self.keep:
                why = self.why.get(branch, f"{code(PATH)} no longer follows this component.")
                await close(self.desk, self.github, pull, why)

    async def _with_image(self, followed: VersionPolicy, pins: Pins, published: Published) -> Published:
        """Without the versions that would be offered though the registry does not serve their image. Raises
        `SourceFault`."""
        versions = self.desk.context.services.versions
        for _ in range(_MOST_WITHOUT_IMAGE):
            missing = [
                release.tag
                for release in self._chosen(followed, pins, published).values()
                if release.digest and not await versions.has_image(followed.component, release.digest)
            ]
            if not missing:
                return published
            log.warning("tags without an image", extra={"component": followed.component.name, "tags": missing})
            available = tuple(release for release in published.available if release.tag not in missing)
            published = replace(published, available=available)
        raise SourceFault(
            "quay", "malformed", f"the images of {followed.component.name}'s newest versions are missing"
        )

    def _chosen(self, followed: VersionPolicy, pins: Pins, published: Published) -> dict[Level, Release]:
        """The steps to offer."""
        current, available = pins.current, published.available
        assert current is not None
        wanted = self.wish.version if self.wish is not None else None
        if wanted is not None:
            version = parse_version(wanted)
            return {level_of(current, r.version): r for r in available if r.version == version and version > current}
        chosen = choose(available, current, followed, self._now())
        if self.wish is not None:
            return chosen
        for level in Level:  # what a person asked for stands until it is merged or closed
            pull = self.open.get(branch_of(followed.component, level))
            tag = text.read_version(pull.body) if pull is not None and text.asked_for(pull.body) else None
            for release in available:
                if release.tag == tag and release.version > current and level_of(current, release.version) is level:
                    chosen[level] = release
        return chosen

    async def _offer(
        self, followed: VersionPolicy, pins: Pins, published: Published, level: Level, release: Release
    ) -> Outcome:
        component, branch = followed.component, branch_of(followed.component, level)
        current = self.open.get(branch)
        try:
            plan = await asyncio.to_thread(self._plan, component, pins, release)
        except GitopsError as error:
            return self._not_offered(component, release, branch, safe(str(error)))
        if not plan.edits:
            return self._not_offered(component, release, branch, _reasons(plan))
        engine = self.desk.context.services.engine
        snapshot = await self.desk.context.unless_superseded(engine.snapshot(self.tree, self.analysis))
        proof = await self.desk.context.unless_superseded(engine.drive(prove_bump(snapshot, self.analysis, plan)))
        if not proof.holds:
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
        asked = (
            self.wish.version is not None
            if self.wish is not None
            else current is not None and text.asked_for(current.body)
        )
        passed = text.passed(published.notes.values(), pins.current, release.version)
        return await self._make_so(text.Bump(plan, release, level, proof, passed, asked), branch, current)

    def _plan(self, component: Component, pins: Pins, release: Release) -> BumpPlan:
        return plan_bump(self.tree, pins.overlay, component, release.tag, release.digest, pins=pins, found=self.found)

    async def _held_up(self, component: Component, release: Release) -> str | None:
        """Why a new pull request is not opened now."""
        for level in Level:
            for pull in await history_of(self.desk, self.github, branch_of(component, level)):
                if closed_by_person(pull) and text.read_version(pull.body) == release.tag:
                    return f"{code(release.tag)} was closed by a person (#{pull.number}) and is not offered again"
        limit = self.desk.context.services.settings.bumps_per_hour
        if self.opened_lately is None:
            since = self._now().timestamp() - _HOUR
            newest = await pulls.newest(self.github, self.desk.name)
            self.opened_lately = sum(
                is_ours(self.desk, p) and p.head.ref.startswith(f"argofix/{BELOW}") and p.created > since
                for p in newest
            )
        if self.opened_lately >= limit:
            return f"{code(release.tag)} waits: {limit} pull requests were opened within an hour"
        return None

    async def _make_so(self, bump: text.Bump, branch: str, current: PullRequest | None) -> Outcome:
        desk, plan, name = self.desk, bump.plan, bump.plan.component.name
        proposal = Proposal(
            branch=branch,
            base=desk.repository.default_branch,
            parent=self.tip,
            digest=text.digest(self.tree, plan),
            title=text.title(bump),
            message=text.commit_message(bump),
            changes=lambda: file_changes(self.tree, plan.edits),
            body=lambda commit: text.body(self.tree, bump, commit),
        )
        try:
            pull = await propose(desk, self.github, proposal, current)
        except (Forbidden, NotFound, Suspended):
            raise  # that holds for all of them
        except PermanentError as error:
            log.warning("a bump was refused", extra={"branch": branch, "reason": str(error)})
            self.refused = error
            return Outcome(name, f"GitHub refuses it: {safe(str(error))}", current, ok=False)
        except Taken:
            log.warning("a branch is not ours to move", extra={"branch": branch})
            return Outcome(name, f"the branch {code(branch)} holds commits of others; delete or rename it", ok=False)
        if current is None:
            self.opened_lately = (self.opened_lately or 0) + 1
            await self._label(pull, name)
        return Outcome(name, f"#{pull.number} takes {code(plan.overlay)} to {code(bump.release.tag)}", pull)

    async def _label(self, pull: PullRequest, name: str) -> None:
        try:
            await pulls.label(self.github, self.desk.name, pull.number, ["dependencies", name])
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

    def _explain(self, component: Component, pins: Pins, published: Published, offers: dict[Level, Release]) -> None:
        """Say why what is open for another step goes."""
        tags = {release.tag for release in published.available}
        for level in Level:
            branch = branch_of(component, level)
            pull = self.open.get(branch)
            if pull is None or level in offers:
                continue
            tag = text.read_version(pull.body) or ""
            version = parse_version(tag)
            if version is not None and pins.current is not None and version <= pins.current:
                self.why[branch] = f"{code(pins.overlay)} is at {code(str(pins.current))}, so nothing is left to do."
            elif tag not in tags:
                self.why[branch] = f"{code(tag)} has no image or no release any more."
            else:
                self.why[branch] = f"{code(PATH)} does not allow the step to {code(tag)} now."

    def _nothing(self, followed: VersionPolicy, pins: Pins, published: Published) -> Outcome:
        name, where = followed.component.name, f"{code(pins.overlay)} is at {code(str(pins.current))}"
        if self.wish is None or self.wish.version is None:
            return Outcome(name, f"{where}, and there is nothing newer that {code(PATH)} allows")
        wanted = parse_version(self.wish.version)
        if wanted is None:
            return Outcome(name, f"{code(self.wish.version)} is no version such as `v3.2.2`", ok=False)
        if pins.current is not None and wanted <= pins.current:
            return Outcome(name, f"{where}, and argofix never goes back", ok=wanted == pins.current)
        return Outcome(
            name, f"{code(self.wish.version)} does not have both a final release and an image on Quay", ok=False
        )

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self.desk.context.services.clock.now(), UTC)


def _reasons(plan: BumpPlan) -> str:
    return "; ".join(_told(plan)) or "there is nothing to edit"


def _told(plan: BumpPlan) -> Iterator[str]:
    for report in plan.reported[:3]:
        yield safe(report.message)
    if len(plan.reported) > 3:
        yield f"and {len(plan.reported) - 3} more"
