"""`argofix bump`: the next version of Argo CD (or another component) as a proven diff of the staging overlay."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TypeVar

from packaging.version import Version

from bot.cli.checkout import CannotRun, Checkout
from bot.cli.engine import started
from bot.cli.progress import Progress
from bot.cli.terminal import say
from bot.cli.writing import apply, put_diff
from bot.formats.writing.diff import diff_of_edits
from bot.rendering.evaluation import analysis_by
from checks.judgement.target import judge, notes_of
from checks.planning.bumps.builds import is_published
from checks.planning.bumps.bump import plan_bump
from checks.planning.bumps.choose import choose
from checks.planning.bumps.plan import BumpPlan
from checks.planning.bumps.proof import BumpProof
from checks.planning.bumps.together import settle_bump
from checks.policy.bumps import VersionPolicy, with_built_in
from gitops.discovery.scan import Scan, scan
from gitops.discovery.snapshot import Snapshot
from gitops.discovery.sources import Analysis
from gitops.files.errors import GitopsError
from gitops.files.spans import Edit
from gitops.kustomize.closure import ParseMemo
from gitops.resources.rendering import Asking
from gitops.versions.components import ARGO_CD, BUILT_IN, Component
from gitops.versions.find import ChartIndex, find_pins
from gitops.versions.overlay import NoOverlay, find_overlay
from gitops.versions.pins.images import is_digest
from gitops.versions.pins.model import Pins, parse_version, split_build

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Target:
    tag: str
    digest: str | None


async def bump(checkout: Checkout, arguments: argparse.Namespace) -> int:
    """Gives the exit status: 1 when anything is left for a person or a bump cannot be proven. Raises `CannotRun`."""
    if arguments.digest is not None and not is_digest(arguments.digest):
        raise CannotRun(f"{arguments.digest} is no digest such as sha256:{'0' * 8}...")
    policies = _policies(checkout, arguments)
    memo: ParseMemo = {}
    work = _Work(checkout, arguments, scan(checkout.tree, {}, memo), memo)
    failed: list[str] = []
    left = False
    for policy in policies:
        try:
            left = await work.component(policy) or left
        except NoOverlay as error:
            failed.append(str(error))
            left = left or bool(error.directories)
        except _CannotBump as error:
            failed.append(str(error))
            left = True
    if len(failed) == len(policies):
        raise CannotRun("; ".join(failed))
    for message in failed:
        say(message)
    if arguments.write:
        apply(checkout, work.edits)
    else:
        put_diff(diff_of_edits(checkout.tree, work.edits))
    return 1 if left else 0


class _CannotBump(Exception):
    """One component cannot be bumped; the others may."""


@dataclass
class _Work:
    """One run; `edits` are what is proven so far."""

    checkout: Checkout
    arguments: argparse.Namespace
    found: Scan
    memo: ParseMemo
    edits: list[Edit] = field(default_factory=list)

    async def component(self, policy: VersionPolicy) -> bool:
        """Bump one component; whether anything is left for a person. Raises `NoOverlay`, `_CannotBump`."""
        checkout, component = self.checkout, policy.component
        pins = find_overlay(checkout.tree, component, self.found, self.memo, checkout.policy.overlay_of(policy))
        charts: ChartIndex = {}
        if self.arguments.to is None and any(pin.chart is not None for pin in pins.pins):
            from bot.cli.published import installed_by_charts

            charts = await installed_by_charts(component)
            pins = find_pins(checkout.tree, pins.overlay, component, found=self.found, memo=self.memo, charts=charts)
        target = await _target(policy, pins, self.arguments)
        if target is None:
            return False
        charts = _charts(component, target, self.arguments.chart_version) or charts
        try:
            plan = plan_bump(
                checkout.tree,
                pins.overlay,
                component,
                target.tag,
                target.digest,
                pins=pins,
                found=self.found,
                charts=charts,
            )
        except GitopsError as error:
            raise _CannotBump(str(error)) from None
        proof: BumpProof | None = None
        if plan.edits:
            plan, proof = await _driven(
                checkout, lambda before, analysis: settle_bump(before, analysis, plan, charts, judge)
            )
        elif plan.blocked:
            # A person has to move the version, and to know what the upgrade guides say of what is rendered.
            told = await _driven(checkout, lambda before, analysis: notes_of(before, analysis, plan))
            plan = replace(plan, notes=(*plan.notes, *told))
        _explain(plan, proof)
        if proof is not None and proof.holds:
            self.edits.extend(plan.edits)
        return plan.blocked or (proof is not None and (not proof.holds or bool(plan.copies)))


def _policies(checkout: Checkout, arguments: argparse.Namespace) -> list[VersionPolicy]:
    followed = with_built_in(checkout.policy.versions, BUILT_IN)
    # A version belongs to one component.
    wanted = arguments.component or (ARGO_CD.name if arguments.to else None)
    if wanted is None:
        if not followed:
            raise CannotRun("no component is followed: `versions` in .github/argofix.yaml switches all of them off")
        return followed
    chosen = [policy for policy in followed if policy.component.name == wanted]
    if not chosen:
        names = ", ".join(policy.component.name for policy in followed) or "none"
        raise CannotRun(f"{wanted} is no component that is followed; those are {names}")
    return chosen


async def _target(policy: VersionPolicy, pins: Pins, arguments: argparse.Namespace) -> _Target | None:
    """Where to go: `--to`, else the largest step that the policy offers; None when there is none."""
    name = policy.component.name
    if arguments.to is not None:
        version = parse_version(split_build(arguments.to)[0])
        if version is None:
            raise CannotRun(f"{arguments.to} is no version such as v3.2.2")
        digest = arguments.digest
        if digest is None and any(
            pin.digest and pin.decides and is_published(pin, policy.component) for pin in pins.pins
        ):
            digest = await _digest_of(policy.component, version)
        return _Target(_as_upstream(arguments.to, policy.component, pins), digest)
    if pins.current is None:
        places = ", ".join(str(pin.span) for pin in pins.pins[:3])
        raise _CannotBump(f"{places} does not tell which version of {name} runs; say `--to VERSION`")
    from bot.cli.published import published

    known = await published(policy.component)
    offers = choose(known.available, pins.current, policy, datetime.now(UTC))
    if not offers:
        say(f"{name} is at {pins.current} in {pins.overlay or 'the root'}, and the policy offers nothing newer")
        return None
    *others, (_, best) = offers.items()
    for level, release in others:
        say(f"also on offer: the {level} release {release.tag} (`--to {release.tag}`)")
    return _Target(best.tag, arguments.digest or best.digest)


def _as_upstream(text: str, component: Component, pins: Pins) -> str:
    """A version as upstream writes it: Argo CD with `v`, others as the pins here do."""
    bare = text.removeprefix("v")
    if component.name == ARGO_CD.name:
        return f"v{bare}"
    written = [pin.version.startswith("v") for pin in pins.pins if pin.version and pin.parsed and not pin.chart]
    return (f"v{bare}" if any(written) else bare) if written else text


async def _digest_of(component: Component, version: Version) -> str | None:
    from bot.cli.published import NotSeen, published

    try:
        known = await published(component)
    except NotSeen as error:
        # The version is known; what is missing is the digest of its image.
        raise CannotRun(f"{error.fault}; without it, say `--digest sha256:...`") from None
    return next((release.digest for release in known.available if release.version == version), None)


def _charts(component: Component, target: _Target, chart_version: str | None) -> ChartIndex:
    return {chart: {chart_version: target.tag} for chart in component.charts} if chart_version else {}


async def _driven(checkout: Checkout, asking: Callable[[Snapshot, Analysis], Asking[T]]) -> T:
    """What comes of work of the model on a checkout as it is rendered today."""
    progress = Progress()
    async with started(checkout.directory) as engine:
        try:
            analysis = analysis_by(engine, checkout.matcher, checkout.policy)
            before = await engine.snapshot(checkout.tree, analysis, progress)
            return await engine.drive(asking(before, analysis), progress)
        finally:
            progress.close()


def _explain(plan: BumpPlan, proof: BumpProof | None) -> None:
    """What the diff does and what it leaves, on stderr, so that stdout stays a diff."""
    name, where = plan.component.name, plan.overlay or "the root"
    for move in plan.moves:
        what = f"adds an override for {move.pin.span}" if move.override else f"{move.pin.style.value}"
        say(f"{move.span}: {what} {move.pin.subject}: {move.old or move.pin.digest} -> {move.new}")
    for report in plan.reported:
        say(f"left for you: {report.message}")
        if report.command:
            say(f"  {report.command}")
    for copy in plan.copies if plan.edits else ():
        say(f"left for you: {copy}")
    for move in plan.held:
        say(f"kept back: {move.pin.span}: {move.pin.style.value} {move.pin.subject}: {move.old or move.pin.digest}")
    for note in (*plan.notes, *(proof.cautions if proof is not None else ())):
        say(f"mind: {note}")
    if plan.blocked:
        say(f"{name} stays at {plan.current or 'its version'} in {where}: all its pins move together or none")
    elif proof is None:
        say(f"there is nothing to move in {where}: {name} is at {plan.current or plan.tag}")
    else:
        if proof.unproven:
            say(f"not rendered: {proof.unproven}")
        for row in proof.rows:
            say(f"{'proven' if row.holds else 'NOT SO'}: {row.statement} ({row.detail})")
        if not proof.holds:
            say("nothing is changed, because that is not proven")
