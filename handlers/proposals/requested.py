"""Fixes that somebody asks for on a pull request, by its check run's **Fix** button or by a command; what was opened
is kept up with the pull request."""

from __future__ import annotations

import asyncio
import difflib
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

from bot.formats.github.merging import shown_diff
from bot.formats.github.proposal import title
from bot.formats.refusal import in_words
from bot.formats.writing.markdown import block, bullets, code, details, safe
from bot.github.endpoints import checks, pulls
from bot.github.errors import BadRequest, Forbidden
from bot.github.model import PullRequest
from bot.process import logs
from bot.process.errors import PermanentError, Superseded, TemporaryError
from checks import ownership
from checks.judgement.evaluation import Evaluation
from checks.model import Severity
from checks.planning.ownership.plan import FixPlan
from checks.policy.file import Policy, Preferred, read_policy
from handlers.judging.pulls import Sides, sides_of
from handlers.proposals.branches import open_below
from handlers.proposals.fixes import Settled, Target, chosen, scope_of, scope_of_base, settle
from handlers.proposals.refusals import explained, taken, why_not
from handlers.repository import RepositoryContext

log = logging.getLogger(__name__)

_MARK = "<!-- argofix:fixes -->"
_AGAIN = "press **Fix** again"
_FORK = "On a checkout of this branch `argofix fix --write` makes the edits; or {again} after the merge."
_NOTHING = "There is nothing here that argofix can prove a fix for; the check run says what to do by hand."
_BY_HAND = "argofix fix --write"
_CLOSED = (
    "This pull request is closed, so there is nothing to fix on it. `/argofix fix` on an issue opens those "
    "for what is on the default branch."
)
_FAILED = "This failed by a mistake in argofix; the server's log tells which."
_GONE = "The branch that this is to be merged into is gone."


@dataclass(frozen=True, slots=True)
class Told:
    """What became of a wish to have things fixed, in Markdown; `ok` tells whether it was fulfilled."""

    text: str
    ok: bool


@dataclass(frozen=True, slots=True)
class _Known:
    """What there is to fix for a pull request. `own` are plans on its own branch, `promised` those that the check
    run's button stands for, `base` what its base had before; each with the policy that it was made with."""

    sides: Sides
    own: Evaluation
    own_policy: Policy
    promised: tuple[FixPlan, ...]
    base: Evaluation | None
    base_policy: Policy
    unproven: int


async def fix_pull(repo: RepositoryContext, number: int, run: int) -> None:
    """The button on the check run `run`: open the fixes for a pull request, and say on it what became of that.

    Whoever pressed it is answered whatever happens: when nobody comes after this attempt, with what went wrong.
    """
    with logs.about_pulls(number):
        pull = await pulls.get(repo.github, repo.name, number)
        if pull.state != "open":
            await _say(repo, pull, run, _CLOSED)
            return
        try:
            told = await fix(repo, pull, again=_AGAIN)
        except Superseded:
            raise
        except (Exception, asyncio.CancelledError) as error:
            if isinstance(error, PermanentError) or repo.context.attempt.is_last(error):
                await _say(repo, pull, run, await _why(repo, error))
            raise
        await _say(repo, pull, run, told.text)


async def _why(repo: RepositoryContext, error: BaseException) -> str:
    """What to tell of an error; of our own mistakes only the log tells."""
    if isinstance(error, PermanentError):
        return await why_not(repo, error, _AGAIN)
    if isinstance(error, TemporaryError | asyncio.CancelledError):
        after = repo.context.attempt.told
        return f"This could not be done{after}: {safe(in_words(error))}. To try once more, {_AGAIN}."
    return _FAILED


async def fix(repo: RepositoryContext, pull: PullRequest, *, again: str, keep: str | None = None) -> Told:
    """Open the fixes for a pull request: against its own branch where it brings the problem in, else against its
    base.

    `again` says how to ask once more; `keep` is an Application that is to keep what it shares with others.
    """
    with logs.about_pulls(pull.number):
        return await _asked(repo, pull, again, keep)


async def _asked(repo: RepositoryContext, pull: PullRequest, again: str, keep: str | None) -> Told:
    async with _look(repo, pull, keep) as known:
        if known is None:
            return Told(_GONE, ok=False)
        if keep is not None and keep not in _keepers(known):
            return Told(_no_keeper(known, keep), ok=False)
        return await _fix(repo, pull, known, again)


async def keep_up(repo: RepositoryContext, number: int, listed: Sequence[PullRequest] | None = None) -> None:
    """Bring the fixes that were asked for against a pull request's own branch up to date with it. `listed` are
    the open pull requests, where they are known."""
    if not await open_below(repo, scope_of(number), listed):
        return
    pull = await pulls.get(repo.github, repo.name, number)
    if pull.state != "open" or pull.from_fork:
        return
    async with _look(repo, pull) as known:
        if known is not None:
            (await settle(repo, known.own, known.own_policy, _own_target(pull))).require()


async def _fix(repo: RepositoryContext, pull: PullRequest, known: _Known, again: str) -> Told:
    lines: list[str] = []
    ok = True
    if (known.promised or known.own.repairs) and pull.from_fork:
        lines.append(_for_fork(known, again))
        ok = False
    elif known.own.proven:
        settled = await settle(repo, known.own, known.own_policy, _own_target(pull), on_demand=True)
        where = f"fixes what this pull request brings in; merge it into {code(pull.head.ref)}."
        lines += await opened(repo, settled, where, again)
        ok = not (settled.taken or settled.refused)
    elif known.promised:
        base, head = code(pull.base.ref), code(pull.head.ref)
        lines.append(f"This comes only from merging with {base}: merge {base} into {head}, then {again}.")
        ok = False
    if known.base is not None:
        target = _base_target(repo, pull, known.sides.base)
        settled = await settle(repo, known.base, known.base_policy, target, on_demand=True)
        lines += await opened(repo, settled, f"fixes what was on {code(pull.base.ref)} before.", again)
        ok = ok and not (settled.taken or settled.refused)
    if not lines:
        return Told(_NOTHING, ok=not known.unproven)
    if known.unproven:
        what = "One more conflict needs" if known.unproven == 1 else f"{known.unproven} more conflicts need"
        lines.append(f"{what} a person; the check run says why.")
    return Told("\n\n".join(lines), ok)


async def opened(repo: RepositoryContext, settled: Settled, what: str, again: str) -> list[str]:
    """A line for each fix that is open now, and for each that is not, why. `what` says what it does."""
    lines = [f"#{fix.number} {what}" for fix in settled.open]
    lines += [taken(branch, again) for branch in settled.taken]
    return [*lines, *await explained(repo, settled.refused, again, by_hand=_BY_HAND)]


def _for_fork(known: _Known, again: str) -> str:
    """What it would do, since it cannot."""
    parts = ["argofix cannot push to a fork. It would open:"]
    parts.append(bullets((safe(title(plan)) for plan in known.own.proven or known.promised), most=10))
    diff = shown_diff(known.own.snapshot.tree, [edit for plan in known.own.proven for edit in plan.edits])
    if diff:
        parts.append(details("The edits (for <code>git apply</code>)", block(diff, "diff")))
    return "\n\n".join([*parts, _FORK.format(again=again)])


def _keepers(known: _Known) -> set[str]:
    plans = [*known.own.plans, *known.promised, *(known.base.plans if known.base is not None else ())]
    return {plan.keeper[2] for plan in plans if plan.keeper != plan.loser}


def _no_keeper(known: _Known, keep: str) -> str:
    names = sorted({state.application.name for state in known.own.snapshot.states if state.application.name})
    if keep not in names:
        near = difflib.get_close_matches(keep, names, 1)
        return f"There is no Application {code(keep)} here." + (f" Did you mean {code(near[0])}?" if near else "")
    return f"argofix can prove no fix here that lets {code(keep)} keep something; the check run says what is shared."


@asynccontextmanager
async def _look(repo: RepositoryContext, pull: PullRequest, keep: str | None = None) -> AsyncIterator[_Known | None]:
    """What is known, for as long as its files can be read; None when the base branch has gone."""
    sides = await sides_of(repo, pull)
    if sides is None:
        yield None
        return
    async with repo.objects(sides.base, sides.head, pull.head.sha, sides.default) as objects:
        policy = await asyncio.to_thread(read_policy, await objects.read_tree(sides.default))
        if keep is not None:
            policy = replace(policy, preferred=(Preferred(keep),))
        stranger = repo.by_stranger(pull)
        listed = await pulls.listed(repo.github, repo.name)
        own_policy = await chosen(repo, scope_of(pull.number), policy, listed=listed)
        base_policy = await chosen(repo, _base_target(repo, pull, sides.base).scope, policy, listed=listed)
        before, into = await objects.read_tree(sides.base), pull.base.ref
        head = await objects.read_tree(sides.head)
        merged = await repo.evaluate(head, before, own_policy, by_stranger=stranger, branch=into)
        introduced = {f.identity for f in merged.findings if f.introduced}
        own = merged
        if sides.head != pull.head.sha:
            # Its edits go on top of its own head, so that is what they are computed and proven on.
            head = await objects.read_tree(pull.head.sha)
            own = await repo.evaluate(head, before, own_policy, by_stranger=stranger, branch=into)
        mine = tuple(p for p in own.plans if any(f.identity in introduced for f in p.findings))
        promised = tuple(p for p in merged.plans if any(f.identity in introduced for f in p.findings))
        base = (
            await repo.evaluate(before, None, base_policy, branch=into) if len(promised) < len(merged.plans) else None
        )
        conflicts = merged.report(ownership.CHECK).findings
        unproven = [
            f
            for f in conflicts
            if f.introduced and f.severity is Severity.ERROR and f.fix is None and f.suppressed is None
        ]
        repairs = tuple(p for p in own.repairs if any(f.identity in introduced for f in p.findings))
        own = replace(own, plans=mine, repairs=repairs)
        yield _Known(sides, own, own_policy, promised, base, base_policy, len(unproven))


def _own_target(pull: PullRequest) -> Target:
    return Target(pull.head.ref, pull.head.sha, scope_of(pull.number))


def _base_target(repo: RepositoryContext, pull: PullRequest, tip: str) -> Target:
    return Target(pull.base.ref, tip, scope_of_base(repo, pull.base.ref))


async def _say(repo: RepositoryContext, pull: PullRequest, run: int, body: str) -> None:
    try:
        await repo.sticky(pull.number, mark=_MARK, body=f"{_MARK}\n{body}")
    except (Forbidden, BadRequest) as error:
        # A locked conversation, say. The button's own check run is the next place where it is looked for.
        log.warning("the button cannot be answered by a comment", extra={"reason": str(error)})
        await answer_on_run(repo, run, body)


async def answer_on_run(repo: RepositoryContext, run: int, body: str) -> None:
    """Answer whoever pressed the button of a check run in that run itself."""
    await checks.add_text(repo.github, repo.name, run, f"## Fix\n\n{body}")
