"""What whoever runs the command line has set up: git's `url.*.insteadOf` and credentials, Helm's logins.

Only what stands in his own configuration counts, and never that of a checkout, which somebody else may have written.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from bot.fetching.credentials import home, of_this_user
from bot.fetching.faults import refused
from bot.fetching.fetcher import Fetcher, Fetching
from bot.fetching.guard import Guard
from bot.fetching.hosts import named_hosts
from bot.fetching.permission import Access
from bot.fetching.repositories import Remote, Way
from bot.repositories.git import GitError, git
from gitops.outside.locations import NoLocation, is_ssh, ssh_host, web_location

_ANYWHERE = Path("/")  # no repository's configuration counts there


@dataclass(slots=True)
class Person:
    """Gives a `Fetching` for whoever runs us. `remotes` are those of the checkout: their hosts are his own."""

    fetcher: Fetcher
    _ways: dict[str, list[Remote]] = field(default_factory=dict)

    @classmethod
    async def open(
        cls, directory: Path, environ: Mapping[str, str], remotes: Iterable[str], offline: bool = False
    ) -> Person:
        """Raises `bot.fetching.hosts.NoHosts` for a setting that makes no sense."""
        credentials = of_this_user(environ, home())
        allowed = set(named_hosts(environ.get("ARGOFIX_FETCH_HOSTS", ""))) | credentials.hosts
        allowed |= {_host(url) for url in (*remotes, *await _rewritten_to())} - {""}
        return cls(Fetcher.open(directory, Guard(frozenset(allowed)), credentials=credentials, offline=offline))

    def fetching(self) -> Fetching:
        return self.fetcher.fetching(ways=self.ways)

    async def ways(self, url: str) -> list[Remote]:
        """As git itself would get there; over https where that is ssh, and nobody is let in. Raises `Unfetched`."""
        effective = await _instead_of(url)
        if effective != url:
            return [self._remote(url, effective, vouched=True)]
        try:
            over_https = web_location(url)
        except NoLocation as error:
            raise refused(str(error)) from None
        if is_ssh(url):
            return [self._remote(url, url), self._remote(over_https, await _instead_of(over_https))]
        return [self._remote(url, over_https)]

    def _remote(self, url: str, effective: str, vouched: bool = False) -> Remote:
        way = Way.SSH if is_ssh(effective) else Way.HTTP if effective.startswith("http") else Way.FILE
        # What is rewritten is told to git as it was written, since git rewrites it by itself.
        access = Access(effective if way is Way.HTTP else url, effective)
        directory, lock = self.fetcher.mirrors.place(access.key)
        fetcher = self.fetcher
        return Remote(access, fetcher.web, fetcher.credentials, directory, lock, fetcher.offline, way, True, vouched)


async def _instead_of(url: str) -> str:
    """The URL that git would use (`url.<base>.insteadOf`). Nobody is asked for it."""
    try:
        out = await git(["ls-remote", "--get-url", "--end-of-options", url], _ANYWHERE, personal=True)
    except GitError:
        return url
    return out.decode("utf-8", "replace").strip() or url


async def _rewritten_to() -> list[str]:
    try:
        pattern = r"^url\..*\.insteadof$"
        out = await git(["config", "--includes", "--get-regexp", "-z", pattern], _ANYWHERE, personal=True)
    except GitError:  # there is none
        return []
    keys = [entry.partition("\n")[0] for entry in out.decode("utf-8", "replace").split("\0")]
    return [key.removeprefix("url.").rpartition(".")[0] for key in keys]


def _host(url: str) -> str:
    if is_ssh(url):
        return ssh_host(url)[0].lower()
    try:
        return (urlsplit(url).hostname or "").lower()
    except ValueError:
        return ""
