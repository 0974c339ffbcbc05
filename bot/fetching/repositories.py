"""Repositories at a revision: what a revision stands for now, and the files of that commit.

git never resolves a host that was not looked at: each command that goes to the network is told the addresses
(`http.curloptResolve`) and follows no redirect; where a repository has moved to is found out before, by
`bot.fetching.web`. Revisions are resolved as Argo CD does (`util/git/client.go`, `lsRemote`).
"""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from urllib.parse import urlsplit

from bot.fetching.credentials import Credentials
from bot.fetching.faults import Unfetched, refused, transient
from bot.fetching.permission import Access
from bot.fetching.web import Web, origin, port_of, shown
from bot.process.errors import TemporaryError
from bot.repositories.git import (
    AuthenticationRefused,
    GitError,
    RefNotFound,
    RepositoryGone,
    TooMuchOutput,
    git,
)
from bot.repositories.listing import HostileTree, TreeTooLarge
from bot.repositories.mirror import Mirror
from bot.repositories.trees import Repository
from gitops.files.tree import Tree
from gitops.gotemplate.masterminds import NoRange
from gitops.outside.locations import ssh_host
from gitops.outside.ranges import is_range, newest

_COMMIT = re.compile(r"[0-9a-f]{40}")
_SHORTENED = re.compile(r"[0-9a-f]{7,39}")
_REFS = 32 * 2**20  # bytes of a list of refs; that of kubernetes/kubernetes has 0.3 MB of branches and tags
_SECONDS = 180.0
_ONE_PACK = {"fetch.unpackLimit": "1"}  # one file, which can be bounded
LARGEST = 2**30  # bytes of one fetch: one commit without history, and of its files those that somebody reads


class Way(Enum):
    """How git gets there."""

    HTTP = "http"
    SSH = "ssh"
    FILE = "file"


@dataclass(slots=True)
class Remote:
    """One repository, for as long as an evaluation needs it: its refs are listed once."""

    access: Access
    web: Web
    credentials: Credentials
    directory: Path
    lock: asyncio.Lock
    offline: bool = False
    way: Way = Way.HTTP
    personal: bool = False  # with the configuration and the credentials of whoever runs us
    vouched: bool = False  # who runs us has written where it is, in that configuration
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)  # of those who list refs and files
    _where: str = ""
    _refs: Mapping[str, str] | None = None
    _mirror: Mirror | None = None
    _open: Repository | None = None

    async def commit(self, revision: str) -> str:
        """The commit that a revision stands for. Raises `Unfetched`."""
        if _COMMIT.fullmatch(revision):
            return revision
        refs = await self.refs()
        revision = revision or "HEAD"
        if is_range(revision):
            tags = [name.removeprefix("refs/tags/") for name in refs if name.startswith("refs/tags/")]
            with contextlib.suppress(NoRange):
                revision = newest(tags, revision) or revision
        # In the order in which servers list them: a branch comes before a tag of the same name.
        for name in (revision, f"refs/heads/{revision}", f"refs/tags/{revision}"):
            if name in refs:
                return refs[name]
        if _SHORTENED.fullmatch(revision):
            how = "write all 40 characters"
            raise Unfetched(f"{self.shown} cannot be asked for {revision}, a shortened commit id; {how}")
        raise Unfetched(f"{self.shown} has neither a branch nor a tag {revision}")

    async def tree(self, commit: str) -> Tree:
        """The files of a commit, of which single ones are fetched when they are read. Raises `Unfetched`."""
        async with self.turn:
            return await self._tree(commit)

    async def _tree(self, commit: str) -> Tree:
        mirror = self._mirror = self._mirror or Mirror(
            self.directory, self.access.url, self.access.token, self.lock, self._reach, self.personal, LARGEST
        )
        try:
            if not await mirror.has(commit):
                if self.offline:
                    raise Unfetched(
                        f"{self.shown} at {commit[:12]} was not fetched before, and --offline fetches nothing"
                    )
                mirror.clone_url = await self._location()
                await mirror.fetch([commit])
            if self._open is None:
                self._open = mirror.open()
            return await self._open.read_tree(commit)
        except GitError as error:
            raise self._told(error, commit) from None
        except OSError as error:
            raise transient(f"{self.shown} cannot be kept: {error.strerror}") from None

    async def refs(self) -> Mapping[str, str]:
        """Branches, tags (as the commits that they name) and HEAD. Raises `Unfetched`."""
        async with self.turn:
            if self._refs is None:
                self._refs = await self._list()
            return self._refs

    def rest(self) -> None:
        """Nobody reads for now: whatever runs for reading ends, and begins again when somebody does."""
        if self._open is not None:
            self._open.rest()

    @property
    def shown(self) -> str:
        return shown(self.access.url)

    async def _list(self) -> Mapping[str, str]:
        where = await self._location()
        args = ["ls-remote", "--quiet", "--end-of-options", where]
        try:
            try:
                out = await self._ask(args, None)
            except AuthenticationRefused:
                if self.access.token is None:
                    raise
                out = await self._ask(args, await self.access.token(None))
        except TooMuchOutput:
            raise Unfetched(f"{self.shown} lists more refs than {_REFS:,} bytes of them") from None
        except GitError as error:
            raise self._told(error, "") from None
        refs: dict[str, str] = {}
        for line in out.decode("utf-8", "replace").splitlines():
            oid, _, name = line.partition("\t")
            if not _COMMIT.fullmatch(oid):
                raise Unfetched(f"{self.shown} answers with refs that make no sense")
            if name == "HEAD" or name.startswith("refs/"):
                # An annotated tag comes twice: the second line (`^{}`) has the commit.
                refs[name.removesuffix("^{}")] = oid
        return refs

    async def _ask(self, args: list[str], token: str | None) -> bytes:
        settings = await self._reach()
        where = args[-1]
        return await git(
            args,
            Path("/"),
            token=token,
            origin="/".join(where.split("/")[:3]) + "/",
            personal=self.personal,
            settings=settings,
            most=_REFS,
            timeout=_SECONDS,
        )

    async def _location(self) -> str:
        """Where the repository is after redirects. Raises `Unfetched`."""
        if self.way is not Way.HTTP:
            return self.access.url
        if not self._where:
            suffix = "/info/refs"
            url = f"{self.access.url.rstrip('/')}{suffix}?service=git-upload-pack"
            found = await self.web.locate(url, {"Git-Protocol": "version=2"})
            path = found.partition("?")[0]
            if not path.endswith(suffix):
                raise Unfetched(f"{self.shown} redirects to {shown(found)}, which is no repository")
            self._where = path.removesuffix(suffix)
            if origin(self._where) != origin(self.access.url) and self.access.token is not None:
                raise refused(f"{self.shown} has moved to another host, {shown(self._where)}")
        return self._where

    async def _reach(self) -> Mapping[str, str]:
        """Settings for one git command: the addresses that it may connect to, and a login for that host."""
        if self.offline:
            raise Unfetched(f"a file of {self.shown} was not fetched before, and --offline fetches nothing")
        if self.way is Way.FILE:
            return {"protocol.file.allow": "always", **_ONE_PACK}
        if self.way is Way.SSH:
            if not self.vouched:
                await self.web.guard.addresses(*ssh_host(self.access.url))
            return _ONE_PACK
        where = await self._location()
        host, port = urlsplit(where).hostname or "", port_of(where)
        addresses = await self.web.guard.addresses(host, port, urlsplit(where).scheme)
        there = ",".join(f"[{address}]" if ":" in address else address for address in addresses)
        settings = {"http.followRedirects": "false", **_ONE_PACK}
        if there:
            settings["http.curloptResolve"] = f"{host}:{port}:{there}"
        login = self.credentials.of(where)
        if login is not None and self.access.token is None and origin(where) == origin(self.access.url):
            settings[f"http.{'/'.join(where.split('/')[:3])}/.extraHeader"] = f"Authorization: {login.basic}"
        return settings

    def _told(self, error: GitError, commit: str) -> Unfetched:
        if isinstance(error, RefNotFound):
            return Unfetched(f"{self.shown} has no commit {commit[:12]}")
        if isinstance(error, RepositoryGone):
            return Unfetched(f"{self.shown} does not exist, or we may not see it")
        if isinstance(error, AuthenticationRefused):
            return Unfetched(f"{self.shown} does not let us in")
        if isinstance(error, TooMuchOutput):
            return Unfetched(f"{self.shown} sends more than {LARGEST:,} bytes for {commit[:12]}")
        if isinstance(error, TreeTooLarge | HostileTree):
            return Unfetched(f"{self.shown} at {commit[:12]}: {error}")
        if isinstance(error, TemporaryError):
            return transient(f"{self.shown} cannot be fetched now ({error})")
        return transient(f"{self.shown} cannot be fetched ({error})")
