"""What one evaluation may fetch from outside of its repository."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from urllib.parse import quote, urlsplit

from bot.fetching.faults import refused, transient
from bot.fetching.fetcher import Fetcher, Fetching
from bot.fetching.permission import Access, Served
from bot.fetching.web import shown
from bot.github.app import GitHubApp
from bot.github.errors import Forbidden, GitHubError, NotFound
from bot.github.model import Repository
from bot.http.fields import Fields
from gitops.applications.repositories import RepositoryName, identity_of, parse_repo_url

# GitHub's own rules for names; an Enterprise managed user has one underscore.
_OWNER = re.compile(r"[a-z0-9](?:[a-z0-9_-]{0,98}[a-z0-9])?")
_NAME = re.compile(r"[a-z0-9._-]{1,100}")


def could_be_on_github(name: RepositoryName) -> bool:
    """Whether GitHub could have a repository of this name. What a manifest names otherwise is nothing to ask for."""
    return bool(_OWNER.fullmatch(name.owner) and _NAME.fullmatch(name.name))


@asynccontextmanager
async def fetching_for(
    fetcher: Fetcher, github: GitHubApp, installation: int, repository: Repository, by_stranger: bool
) -> AsyncIterator[Fetching]:
    """For an evaluation of this repository. `by_stranger` tells that anybody at all may have written the change."""
    host = (urlsplit(repository.clone_url).hostname or "").lower()
    names = f"{host} {repository.id}"
    named = await asyncio.to_thread(fetcher.named, names)
    own = _Installation(github, installation, repository, host, named, by_stranger)
    guard, public = fetcher.web.guard.also({host}), not repository.private
    permission = Served(guard, own.access, named, by_stranger, public, fetcher.credentials)
    async with fetcher.fetching(permission, names) as fetching:
        yield fetching


@dataclass(frozen=True, slots=True)
class _Installation:
    """The installation that a repository is part of: which others it has, and lets this one read."""

    github: GitHubApp
    number: int
    repository: Repository
    host: str
    named: frozenset[str]
    by_stranger: bool

    async def access(self, url: str, vouched: bool) -> Access | None:
        """How a repository of the installation is fetched; None for what is none of its, or needs no token. Raises
        `bot.fetching.faults.Unfetched`."""
        name = parse_repo_url(url)
        if name is None or name.host != self.host or not could_be_on_github(name):
            return None
        # Only names and whether they are private are read with this; files need a token for that one repository.
        github = self.github.installation(self.number, None, {"metadata": "read"})
        try:
            path = f"/repos/{quote(name.owner, safe='')}/{quote(name.name, safe='')}"
            found = Repository.parse(Fields(await github.getitem(path)))
            if not found.private and self.host == "github.com":
                return Access(found.clone_url, f"github {found.id}")
            await self.github.token(self.number, found.id)
        except (NotFound, Forbidden):
            return None
        except GitHubError as error:
            raise transient(f"GitHub cannot be asked now whose {shown(url)} is ({error})") from None
        if found.private and found.id != self.repository.id and not self._may_tell(url, vouched):
            raise refused(
                f"{found.full_name} is private, and what is said of it would stand where others read it; it is read "
                "as soon as the default branch names it"
            )
        token = partial(self._token, found.id)
        return Access(found.clone_url, f"github {found.id}", token)

    def _may_tell(self, url: str, vouched: bool) -> bool:
        """Whether what is in a private repository may be looked at for this one: Argo CD reads it for the default
        branch already, or whoever reads about it is let into a private repository, and was let write here."""
        return vouched or identity_of(url) in self.named or (self.repository.private and not self.by_stranger)

    async def _token(self, repository: int, refused: str | None) -> str:
        return await self.github.token(self.number, repository, refused)
