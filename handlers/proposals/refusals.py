"""Telling people why GitHub refused what they asked for: which rule, and who can do what about it."""

from __future__ import annotations

import logging
from collections.abc import Iterable

from bot.formats.refusal import Attempt, Doing, in_words, refusal
from bot.formats.writing.markdown import code, safe
from bot.github import rules
from bot.github.app import lacking
from bot.github.endpoints import installations
from bot.github.errors import Conflict, Forbidden, GitHubError, Unprocessable
from bot.github.rules import Rule
from bot.process.errors import PermanentError
from handlers.proposals.branches import Refused
from handlers.repository import RepositoryContext

log = logging.getLogger(__name__)


async def explained(
    repo: RepositoryContext, refused: Iterable[Refused], again: str, *, by_hand: str = ""
) -> list[str]:
    """Markdown for each reason; what was refused for the same one is told together. `again` says how to ask once
    more, `by_hand` is the command that makes the same edits on a checkout."""
    alike: dict[tuple[object, ...], list[Refused]] = {}
    for each in refused:
        alike.setdefault((each.doing, each.base, type(each.cause), each.cause.reason), []).append(each)
    found = []
    for group in alike.values():
        first = group[0]
        attempt = Attempt(first.doing, tuple(each.branch for each in group), first.base)
        hand = f"Until then, `{by_hand}` makes the edits on a checkout of {code(first.base)}." if by_hand else ""
        found.append(await _refusal(repo, first.cause, attempt, again, hand))
    return found


def taken(branch: str, again: str) -> str:
    """Why a branch is left alone that holds what is not ours."""
    return f"The branch {code(branch)} holds commits of others. Delete or rename it, then {again}."


async def why_not(repo: RepositoryContext, error: PermanentError, again: str) -> str:
    """Markdown: why a wish was not fulfilled and what to do, whatever kept it from being."""
    if isinstance(error, Refused):
        return "\n\n".join(await explained(repo, [error], again))
    if isinstance(error, GitHubError):
        return await _refusal(repo, error, Attempt(Doing.CREATE, (), ""), again, "")
    return f"This could not be done: {safe(in_words(error))}."


async def _refusal(repo: RepositoryContext, error: GitHubError, attempt: Attempt, again: str, by_hand: str) -> str:
    in_force: list[Rule] = []
    if isinstance(error, Forbidden | Unprocessable | Conflict) and attempt.branches:
        in_force = await _rules(repo, attempt.branches[0])
    if isinstance(error, Forbidden) and not error.needed:
        error.needed = await _lacking(repo) or None
    site, app = repo.details.clone_url.removesuffix(".git"), repo.context.services.identity.slug
    return refusal(error, attempt, in_force, site=site, app=app, again=again, by_hand=by_hand)


async def _rules(repo: RepositoryContext, branch: str) -> list[Rule]:
    try:
        return await rules.active(repo.github, repo.name, branch)
    except GitHubError as error:
        # Enterprise Servers before 3.11 have no such list; GitHub's own words are told then.
        log.info("the rules of a branch cannot be read", extra={"branch": branch, "reason": str(error)})
        return []


async def _lacking(repo: RepositoryContext) -> str:
    """What the installation has not been granted of that which fixes take, as GitHub's header writes it."""
    try:
        granted = (await installations.get(repo.context.services.github.as_app(), repo.installation)).permissions
    except GitHubError:
        return ""
    return ",".join(f"{name}={level}" for name, level in lacking(granted).items())
