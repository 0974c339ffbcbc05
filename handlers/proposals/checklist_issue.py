"""The checklist's issue on GitHub: known by its mark and by who opened it, never by its title."""

from __future__ import annotations

from collections.abc import Iterable

from bot.formats.doctor.issue import CLOSED, MARK, closed_body
from bot.github.endpoints import issues
from bot.github.endpoints.issues import Issue
from bot.github.errors import NotFound
from handlers.repository import RepositoryContext


async def existing(repo: RepositoryContext) -> Issue | None:
    """The issue, open or closed."""
    return next(iter(await all_of(repo)), None)


async def all_of(repo: RepositoryContext) -> list[Issue]:
    """Every issue that may be it: two servers may have opened one each, and people may transfer one here. The one
    that counts comes first: an open one, else one that a person closed, and of several the oldest."""
    listed = await issues.by(repo.on_issues(), repo.name, repo.context.services.identity.login)
    found = [issue for issue in listed if MARK in issue.body]
    return sorted(found, key=lambda issue: (issue.state != "open", CLOSED in issue.body, issue.number))


async def there(repo: RepositoryContext, number: int) -> Issue | None:
    """The issue of this number; None where somebody has deleted or transferred it, or made it a discussion."""
    try:
        return await issues.get(repo.on_issues(), repo.name, number)
    except NotFound:
        return None


async def close(repo: RepositoryContext, surplus: Iterable[Issue], why: str) -> None:
    """Close those that are open; `why` (Markdown) becomes the last line of each."""
    for one in surplus:
        if one.state == "open":
            body = closed_body(one.body, why)
            await issues.update(repo.on_issues(), repo.name, one.number, body=body, state="closed")
