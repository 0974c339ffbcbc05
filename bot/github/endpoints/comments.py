"""Comments on issues and pull requests. Source: GitHub REST "Issue comments", "Reactions"."""

from __future__ import annotations

from collections.abc import Sequence

from bot.github.client import GitHub
from bot.github.made_once import made_once
from bot.github.model import Comment
from bot.http.fields import Fields


async def get(github: GitHub, repository: str, comment_id: int) -> Comment:
    return Comment.parse(Fields(await github.getitem(f"/repos/{repository}/issues/comments/{comment_id}")))


async def listed(github: GitHub, repository: str, number: int, *, since: str | None = None) -> list[Comment]:
    """The comments of an issue or pull request, oldest first; with `since` (ISO 8601) those updated then or later."""
    path = f"/repos/{repository}/issues/{number}/comments{{?per_page,since}}"
    values: dict[str, str | int] = {"per_page": 100} | ({"since": since} if since is not None else {})
    return [Comment.parse(Fields(item)) async for item in github.getiter(path, values)]


async def recent(github: GitHub, repository: str, *, since: str, most: int = 100) -> list[Comment]:
    """The newest comments of a whole repository, of those updated since then (ISO 8601)."""
    path = f"/repos/{repository}/issues/comments{{?sort,direction,since,per_page}}"
    values: dict[str, str | int] = {"sort": "created", "direction": "desc", "since": since, "per_page": most}
    found: list[Comment] = []
    async for item in github.getiter(path, values):
        found.append(Comment.parse(Fields(item)))
        if len(found) == most:
            break
    return found


async def create(github: GitHub, repository: str, number: int, body: str) -> Comment:
    """Raises `bot.github.errors.ServerFault` when it may be there though no answer came."""
    answer = await github.post(f"/repos/{repository}/issues/{number}/comments", {"body": body})
    return Comment.parse(Fields(answer))


async def update(github: GitHub, repository: str, comment_id: int, body: str) -> Comment:
    answer = await github.patch(f"/repos/{repository}/issues/comments/{comment_id}", {"body": body}, repeatable=True)
    return Comment.parse(Fields(answer))


async def delete(github: GitHub, repository: str, comment_id: int) -> None:
    await github.delete(f"/repos/{repository}/issues/comments/{comment_id}")


async def sticky(
    github: GitHub,
    repository: str,
    number: int,
    *,
    mark: str,
    body: str,
    app_id: int,
    slug: str,
    only_update: bool = False,
    present: Sequence[Comment] | None = None,
) -> Comment | None:
    """The one comment of ours that begins with `mark` (an HTML comment): created, updated, or left when it says the
    same. With `only_update` none is created; None when there is none. `present` are the comments there, where they
    were listed a moment ago.

    A person may quote the mark, so only the App's own comments count (`slug[bot]`), and those may quote the files of
    anybody, so only the mark they begin with does.
    """
    body = body if body.startswith(mark) else f"{mark}\n{body}"

    def ours(found: Sequence[Comment]) -> Comment | None:
        return next((each for each in found if is_ours(each, app_id, slug) and each.body.startswith(mark)), None)

    async def there() -> Comment | None:
        return ours(await listed(github, repository, number))

    comment = ours(present) if present is not None else await there()
    if comment is not None:
        same = comment.body.replace("\r\n", "\n").strip() == body.replace("\r\n", "\n").strip()
        return comment if same else await update(github, repository, comment.id, body)
    return None if only_update else await made_once(lambda: create(github, repository, number, body), there)


def is_ours(comment: Comment, app_id: int, slug: str) -> bool:
    return comment.app_id == app_id or comment.author == f"{slug}[bot]"


async def has_reacted(github: GitHub, repository: str, comment_id: int, content: str, slug: str) -> bool:
    """Whether our App (`slug`) has put this reaction on a comment."""
    path = f"/repos/{repository}/issues/comments/{comment_id}/reactions{{?content,per_page}}"
    async for item in github.getiter(path, {"content": content, "per_page": 100}):
        user = Fields(item).inner_or_none("user")
        if user is not None and user.text("login") == f"{slug}[bot]":
            return True
    return False


async def react(github: GitHub, repository: str, comment_id: int, content: str) -> None:
    """Add a reaction (`eyes`, `+1`, `confused`, `rocket`...); GitHub keeps one of each kind."""
    path = f"/repos/{repository}/issues/comments/{comment_id}/reactions"
    await github.post(path, {"content": content}, repeatable=True)
