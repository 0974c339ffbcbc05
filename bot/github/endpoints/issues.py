"""Issues. Source: GitHub REST "Issues"."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bot.github.client import GitHub
from bot.github.errors import NotFound
from bot.http.fields import Fields


@dataclass(frozen=True, slots=True)
class Issue:
    """`state` is `open` or `closed`; `author` a login."""

    number: int
    state: str
    title: str
    body: str
    author: str
    on_pull_request: bool

    @classmethod
    def parse(cls, fields: Fields) -> Issue:
        user = fields.inner_or_none("user")
        return cls(
            fields.number("number"),
            fields.text("state"),
            fields.text("title"),
            fields.text_or_none("body") or "",
            user.text("login") if user else "ghost",
            fields.raw("pull_request") is not None,
        )


async def get(github: GitHub, repository: str, number: int) -> Issue:
    """Raises `bot.github.errors.NotFound` for one that was deleted, made a discussion, or transferred: GitHub answers
    with the issue of the other repository then."""
    path = f"/repos/{repository}/issues/{number}"
    fields = Fields(await github.getitem(path))
    issue = Issue.parse(fields)
    there = "/".join(fields.text("repository_url").split("/")[-2:])
    if (there.lower(), issue.number) != (repository.lower(), number):
        raise NotFound(f"it is #{issue.number} of {there} by now", request=f"GET {path}")
    return issue


async def by(github: GitHub, repository: str, login: str) -> list[Issue]:
    """The issues that somebody opened, open and closed, the newest first; none of them a pull request."""
    path = f"/repos/{repository}/issues{{?creator,state,per_page}}"
    values: dict[str, str | int] = {"creator": login, "state": "all", "per_page": 100}
    found = [Issue.parse(Fields(item)) async for item in github.getiter(path, values)]
    return [issue for issue in found if not issue.on_pull_request]


async def labels(github: GitHub, repository: str) -> list[str]:
    """The names of the labels that the repository has."""
    path = f"/repos/{repository}/labels{{?per_page}}"
    return [Fields(item).text("name") async for item in github.getiter(path, {"per_page": 100})]


async def create(github: GitHub, repository: str, title: str, body: str, label: Sequence[str] = ()) -> Issue:
    """Raises `bot.github.errors.ServerFault` when it may be there though no answer came."""
    data = {"title": title, "body": body} | ({"labels": list(label)} if label else {})
    return Issue.parse(Fields(await github.post(f"/repos/{repository}/issues", data)))


async def update(
    github: GitHub, repository: str, number: int, *, body: str | None = None, state: str | None = None
) -> Issue:
    """What is None stays as it is."""
    data = {name: value for name, value in (("body", body), ("state", state)) if value is not None}
    answer = await github.patch(f"/repos/{repository}/issues/{number}", data, repeatable=True)
    return Issue.parse(Fields(answer))
