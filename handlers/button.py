"""The **Fix** button of a pull request's check run, and what it opened kept up with the pull request."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

from bot.evaluation import Evaluation
from bot.formats.markdown import code, safe
from bot.github import comments, pulls
from bot.github.errors import Forbidden
from bot.github.model import PullRequest
from checks import ownership
from checks.model import Severity
from checks.policy import read_policy
from handlers.desk import Desk
from handlers.fixes import DEFAULT, Settled, Target, scope_of, scope_of_base, settle
from handlers.proposals import open_below
from handlers.pulls import Sides, sides_of

_MARK = "<!-- argofix:fixes -->"
_FORK = (
    "argofix cannot push to a fork. On a checkout of this branch `argofix fix --write` makes the edits; or press "
    "**Fix** again after the merge."
)
_NOTHING = "There is nothing here that argofix can prove a fix for; the check run says what to do by hand."
_FORBIDDEN = "GitHub does not let argofix push a branch here ({reason}). Its installation needs *Contents: write*."


@dataclass(frozen=True, slots=True)
class _Known:
    """What there is to fix for a pull request. `own` are plans on its own branch, `promised` what the check run's
    button stands for, `base` what its base had before."""

    sides: Sides
    own: Evaluation
    promised: int
    base: Evaluation | None
    unproven: int


async def fix_pull(desk: Desk, number: int) -> None:
    """Open the fixes for a pull request: against its own branch where it brings the problem in, else against its
    base. Says on the pull request what became of it."""
    pull = await pulls.get(desk.github, desk.name, number)
    if pull.state != "open":
        return
    async with _look(desk, pull) as known:
        if known is None:
            return
        try:
            lines = await _fix(desk, pull, known)
        except Forbidden as error:
            # Whoever pressed the button must not be left waiting.
            await _say(desk, pull, _FORBIDDEN.format(reason=safe(error.reason)))
            raise
    await _say(desk, pull, "\n\n".join(lines))


async def keep_up(desk: Desk, number: int) -> None:
    """Bring the fixes that the button opened against a pull request's own branch up to date with it."""
    if not await open_below(desk, scope_of(number)):
        return
    pull = await pulls.get(desk.github, desk.name, number)
    if pull.state != "open" or pull.from_fork:
        return
    async with _look(desk, pull) as known:
        if known is not None:
            await settle(desk, known.own, _own_target(pull))


async def _fix(desk: Desk, pull: PullRequest, known: _Known) -> list[str]:
    lines: list[str] = []
    if known.promised and pull.from_fork:
        lines.append(_FORK)
    elif known.own.plans:
        settled = await settle(desk, known.own, _own_target(pull), on_demand=True)
        lines += _told(settled, f"fixes what this pull request brings in; merge it into {code(pull.head.ref)}.")
    elif known.promised:
        base, head = code(pull.base.ref), code(pull.head.ref)
        lines.append(f"This comes only from merging with {base}: merge {base} into {head}, then press **Fix** again.")
    if known.base is not None:
        default = pull.base.ref == desk.repository.default_branch
        target = Target(pull.base.ref, known.sides.base, DEFAULT if default else scope_of_base(pull.base.ref))
        settled = await settle(desk, known.base, target, on_demand=True)
        lines += _told(settled, f"fixes what was on {code(pull.base.ref)} before.")
    if not lines:
        return [_NOTHING]
    if known.unproven:
        what = "One more conflict needs" if known.unproven == 1 else f"{known.unproven} more conflicts need"
        lines.append(f"{what} a person; the check run says why.")
    return lines


def _told(settled: Settled, what: str) -> list[str]:
    lines = [f"#{fix.number} {what}" for fix in settled.open]
    for branch in settled.taken:
        lines.append(
            f"The branch {code(branch)} holds commits of others. Delete or rename it, then press **Fix** again."
        )
    return lines


@asynccontextmanager
async def _look(desk: Desk, pull: PullRequest) -> AsyncIterator[_Known | None]:
    """What is known, for as long as its files can be read; None when the base branch has gone."""
    sides = await sides_of(desk, pull)
    if sides is None:
        yield None
        return
    async with desk.objects(sides.base, sides.head, pull.head.sha, sides.default) as objects:
        policy = read_policy(objects.tree(sides.default))
        before = objects.tree(sides.base)
        merged = await desk.evaluate(objects.tree(sides.head), before, policy)
        introduced = {f.identity for f in merged.findings if f.introduced}
        own = merged
        if sides.head != pull.head.sha:
            # Its edits go on top of its own head, so that is what they are computed and proven on.
            own = await desk.evaluate(objects.tree(pull.head.sha), before, policy)
        mine = tuple(p for p in own.plans if any(f.identity in introduced for f in p.findings))
        promised = [p for p in merged.plans if any(f.identity in introduced for f in p.findings)]
        base = await desk.evaluate(before, None, policy) if len(promised) < len(merged.plans) else None
        conflicts = merged.report(ownership.CHECK).findings
        unproven = [
            f
            for f in conflicts
            if f.introduced and f.severity is Severity.ERROR and f.fix is None and f.suppressed is None
        ]
        yield _Known(sides, replace(own, plans=mine), len(promised), base, len(unproven))


def _own_target(pull: PullRequest) -> Target:
    return Target(pull.head.ref, pull.head.sha, scope_of(pull.number))


async def _say(desk: Desk, pull: PullRequest, body: str) -> None:
    identity = desk.context.services.identity
    await comments.sticky(
        desk.github,
        desk.name,
        pull.number,
        mark=_MARK,
        body=f"{_MARK}\n{body}",
        app_id=identity.id,
        slug=identity.slug,
    )
