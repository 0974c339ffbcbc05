"""Who may make us contact whom.

A pull request is not trusted: what it names is contacted only as far as somebody else vouches for it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Set
from dataclasses import dataclass, field
from typing import Protocol

from bot.fetching.credentials import Credentials
from bot.fetching.faults import refused
from bot.fetching.guard import Guard, host_and_port

Token = Callable[[str | None], Awaitable[str]]


@dataclass(frozen=True, slots=True)
class Access:
    """How a repository is fetched. `url` is where it is (GitHub's `clone_url` where GitHub told), `key` what its
    mirror is known by, `token` asked for one other than the one that was refused."""

    url: str
    key: str
    token: Token | None = field(default=None, repr=False)


class Permission(Protocol):
    """What one evaluation may contact. Methods raise `bot.fetching.faults.Unfetched`."""

    def host(self, host: str, port: int, what: str, vouched: Set[str]) -> None:
        """Whether this host may be asked for `what` at all; its address is looked at elsewhere
        (`bot.fetching.guard`). `vouched` are hosts, and what they are asked for, of what can be trusted."""

    async def repository(self, url: str, vouched: bool) -> Access:
        """How the repository at an http(s) URL may be fetched. `vouched` tells that what can be trusted names it."""


@dataclass(frozen=True, slots=True)
class Anybody:
    """The command line's: whoever runs us could ask these hosts himself."""

    async def repository(self, url: str, vouched: bool) -> Access:
        return Access(url, url)

    def host(self, host: str, port: int, what: str, vouched: Set[str]) -> None:
        return None


# Repositories of the installation: by http(s) URL, and whether what can be trusted names it; None for what is none of
# theirs.
Installed = Callable[[str, bool], Awaitable[Access | None]]


@dataclass(frozen=True, slots=True)
class Served:
    """The server's, for one evaluation of one repository.

    `named` are the hosts that the default branch makes us contact, and what for. `by_stranger` tells that anybody
    at all may have written the change: then there are no others, but for those that the operator names.
    """

    guard: Guard
    installed: Installed
    named: frozenset[str]
    by_stranger: bool
    public: bool = True  # everybody reads what is said
    credentials: Credentials = field(default_factory=Credentials)

    def host(self, host: str, port: int, what: str, vouched: Set[str]) -> None:
        place = host_and_port(host, port).removesuffix(":443")
        if self.public and self.credentials.at(host, port) is not None:
            # Whoever reads about it could not read it.
            if what not in vouched and what not in self.named:
                raise refused(
                    f"{place} lets this server in and not everybody; for a public repository only what its default "
                    "branch names is read there"
                )
        elif not self.by_stranger:
            return
        elif host not in vouched and host not in self.named and not self.guard.names(host, port):
            raise refused(
                f"{place} is contacted by nothing on the default branch, and this comes from a fork; "
                "whoever has read the change may push it to a branch here, where it is judged"
            )

    async def repository(self, url: str, vouched: bool) -> Access:
        return await self.installed(url, vouched) or Access(url, url)
