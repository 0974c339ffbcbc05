"""Pull requests. Source: GitHub REST "Pulls". `repository` is `owner/name` throughout."""

from __future__ import annotations

from collections.abc import Sequence

from bot.github.client import GitHub
from bot.github.errors import Unprocessable
from bot.github.model import PullRequest, PullRequestFile, Repository
from bot.http.fields import Fields


class AlreadyOpen(Unprocessable):
    """There is an open pull request for this head branch."""


async def get(github: GitHub, repository: str, number: int) -> PullRequest:
    """Raises `NotFound`."""
    return PullRequest.parse(Fields(await github.getitem(f"/repos/{repository}/pulls/{number}")))


async def listed(
    github: GitHub, repository: str, *, state: str = "open", head: str | None = None, base: str | None = None
) -> list[PullRequest]:
    """Pull requests, newest first. `head` is a branch of this repository, `state` open, closed or all."""
    values: dict[str, str | int] = {"state": state, "per_page": 100}
    if head is not None:
        values["head"] = f"{repository.partition('/')[0]}:{head}"
    if base is not None:
        values["base"] = base
    path = f"/repos/{repository}/pulls{{?state,head,base,per_page}}"
    return [PullRequest.parse(Fields(item)) async for item in github.getiter(path, values)]


async def opened(github: GitHub, repository: str) -> tuple[list[PullRequest], Repository | None]:
    """The open pull requests, and the repository itself as they show it (None when there are none): one request where
    asking for both would take two. Follows renames."""
    items = [Fields(item) async for item in github.getiter(f"/repos/{repository}/pulls?state=open&per_page=100")]
    found = Repository.parse(items[0].inner("base").inner("repo")) if items else None
    return [PullRequest.parse(item) for item in items], found


async def newest(github: GitHub, repository: str) -> list[PullRequest]:
    """The 100 pull requests that were opened last, open and closed, the newest first."""
    path = f"/repos/{repository}/pulls?state=all&sort=created&direction=desc&per_page=100"
    return [PullRequest.parse(Fields(item)) for item in await github.getitem(path)]


async def label(github: GitHub, repository: str, number: int, labels: Sequence[str]) -> None:
    """Add labels; GitHub makes those that the repository lacks."""
    data = {"labels": list(labels)}
    await github.post(f"/repos/{repository}/issues/{number}/labels", data, repeatable=True)


async def create(
    github: GitHub, repository: str, *, head: str, base: str, title: str, body: str, draft: bool = False
) -> PullRequest:
    """Open a pull request. Where drafts are not available (private repository on a free plan) it is opened as usual.

    Raises `AlreadyOpen`, else `Unprocessable` (no commits between the two, no such branch).
    """
    data = {"head": head, "base": base, "title": title, "body": body, "draft": draft}
    try:
        answer = await github.post(f"/repos/{repository}/pulls", data)
    except Unprocessable as error:
        if draft and error.says("draft pull requests are not supported"):
            return await create(github, repository, head=head, base=base, title=title, body=body)
        if error.says("a pull request already exists"):
            raise AlreadyOpen(error.reason, status=422, request=error.request, errors=error.errors) from None
        raise
    return PullRequest.parse(Fields(answer))


async def update(
    github: GitHub,
    repository: str,
    number: int,
    *,
    title: str | None = None,
    body: str | None = None,
    state: str | None = None,
) -> PullRequest:
    """Change what is given; `state="closed"` closes it without a merge."""
    changes = {k: v for k, v in (("title", title), ("body", body), ("state", state)) if v is not None}
    answer = await github.patch(f"/repos/{repository}/pulls/{number}", changes, repeatable=True)
    return PullRequest.parse(Fields(answer))


async def files(github: GitHub, repository: str, number: int) -> list[PullRequestFile]:
    """What the pull request changes; GitHub stops at 3,000 files."""
    path = f"/repos/{repository}/pulls/{number}/files{{?per_page}}"
    return [PullRequestFile.parse(Fields(item)) async for item in github.getiter(path, {"per_page": 100})]
