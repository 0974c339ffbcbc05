"""The fetcher: answers what the model asks for (`gitops.outside.wanted`), from the store or from hosts.

One for the process. Each evaluation gets a `Fetching` of its own, which knows whom this evaluation may contact and
what a branch or a range stands for: that is found out once, and is the same for the base and the head.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

from bot.fetching.charts import Charts, Indexes, is_oci
from bot.fetching.credentials import Credentials
from bot.fetching.faults import Unfetched, refused
from bot.fetching.guard import Guard
from bot.fetching.kept import DAY, Kept, age, settled
from bot.fetching.mirrors import Mirrors
from bot.fetching.once import Once
from bot.fetching.permission import Anybody, Permission
from bot.fetching.repositories import Remote
from bot.fetching.store import Store, digest_of
from bot.fetching.submodules import DEPTH, wanted_by, whole
from bot.fetching.web import Web, port_of, shown
from bot.process.clock import Clock
from bot.rendering.outside import OutsideBroke
from gitops.applications.repositories import identity_of
from gitops.files.tree import MAX_FILE_BYTES, Tree
from gitops.outside.found import FileFound, Found, Missing, RepositoryFound
from gitops.outside.locations import NoLocation, web_location
from gitops.outside.ranges import is_exact
from gitops.outside.wanted import ChartWanted, FileWanted, RepositoryWanted, Wanted

T = TypeVar("T")

AT_ONCE = 8  # things that are fetched at the same time, for everybody together
SECONDS = 300.0  # for one of them
MOST = 2_000  # things that one evaluation may ask for

log = logging.getLogger(__name__)

# Gives the ways to a repository, the best first. Raises `Unfetched`.
Ways = Callable[[str], Awaitable[list[Remote]]]


@dataclass(slots=True)
class Fetcher:
    """`directory` is for what was fetched, and nothing else. Close it where its event loop still runs."""

    directory: Path
    web: Web
    credentials: Credentials = field(default_factory=Credentials)
    offline: bool = False
    store: Store = field(init=False)
    kept: Kept = field(init=False)
    charts: Charts = field(init=False)
    mirrors: Mirrors = field(init=False)
    places: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE))
    _once: Once[Found] = field(default_factory=Once)

    def __post_init__(self) -> None:
        self.store = Store(self.directory / "fetched")
        self.kept = Kept(self.web, self.store)
        self.charts = Charts(self.web, self.kept, self.store, self.credentials)
        self.mirrors = Mirrors(self.directory / "fetched" / "repositories")

    @classmethod
    def open(
        cls,
        directory: Path,
        guard: Guard,
        *,
        credentials: Credentials | None = None,
        clock: Clock | None = None,
        offline: bool = False,
    ) -> Fetcher:
        """Call it where an event loop runs."""
        return cls(directory, Web.open(guard, clock), credentials or Credentials(), offline)

    async def close(self) -> None:
        await self._once.close()
        await self.kept.once.close()
        await self.web.close()

    def fetching(self, permission: Permission | None = None, names: str = "", ways: Ways | None = None) -> Fetching:
        """For one evaluation. `names` is where hosts are remembered that are contacted for what can be trusted."""
        return Fetching(self, permission or Anybody(), names, ways)

    def named(self, names: str) -> frozenset[str]:
        """Hosts, and repositories (`gitops.applications.repositories.identity_of`), that were noted there."""
        facts = self.store.known(f"named {names}") or {}
        found = facts.get("named")
        return frozenset(each for each in found if isinstance(each, str)) if isinstance(found, list) else frozenset()

    def note(self, names: str, named: Iterable[str]) -> None:
        known = self.named(names)
        if not known.issuperset(named):
            self.store.note(f"named {names}", {"named": sorted(known.union(named))[:1_000]})

    async def shared(self, wanted: Wanted, work: Callable[[], Awaitable[Found]]) -> Found:
        """What `work` gives, once for all who ask for the same meanwhile."""

        async def placed() -> Found:
            async with self.places:
                return await work()

        return await self._once.do(wanted.fingerprint, placed)


@dataclass(slots=True)
class Fetching:
    """Answers for one evaluation. Never raises for what a repository or a host does."""

    fetcher: Fetcher
    permission: Permission
    names: str
    ways: Ways | None
    trusted: bool = False
    _known: dict[str, asyncio.Future[Found]] = field(default_factory=dict)
    _remotes: dict[str, list[Remote]] = field(default_factory=dict)
    _indexes: Indexes = field(default_factory=dict)
    _gone: dict[str, Unfetched] = field(default_factory=dict)
    _named: set[str] = field(default_factory=set)

    @contextmanager
    def of_the_base(self) -> Iterator[None]:
        """What is asked for inside stands in what can be trusted: whoever comes after may contact the same."""
        self.trusted = True
        try:
            yield
        finally:
            self.trusted = False
            if self.names:
                self.fetcher.note(self.names, self._named)

    async def __call__(self, wanted: Wanted) -> Found:
        key = wanted.fingerprint
        known = self._known.get(key)
        if known is not None:
            found = await asyncio.shield(known)
            # Whether it may be asked for depends on who asks; what is answered then does not.
            if not (self.trusted and isinstance(found, Missing) and found.refused):
                return found
        elif len(self._known) >= MOST:
            return Missing(f"more than {MOST:,} things outside of this repository are asked for", refused=True)
        known = self._known[key] = asyncio.ensure_future(self._found(wanted))
        return await asyncio.shield(known)

    async def __aenter__(self) -> Fetching:
        self.fetcher.mirrors.users += 1
        return self

    async def __aexit__(self, *_: object) -> None:
        """The evaluation is over. What it has found may still be read."""
        for task in self._known.values():
            task.cancel()
        await asyncio.gather(*self._known.values(), return_exceptions=True)
        for remote in (one for several in self._remotes.values() for one in several):
            await asyncio.to_thread(remote.rest)
        mirrors = self.fetcher.mirrors
        mirrors.users -= 1
        if not mirrors.users:
            await asyncio.to_thread(mirrors.bound)

    async def _found(self, wanted: Wanted) -> Found:
        try:
            async with asyncio.timeout(SECONDS):
                return await self._fetched(wanted)
        except Unfetched as error:
            return Missing(str(error), error.transient, error.refused)
        except TimeoutError:
            return Missing(f"{_shown(wanted)} was not fetched within {SECONDS:.0f} s", transient=True)
        except Exception:
            log.exception("fetching failed", extra={"wanted": _shown(wanted)})
            return Missing(f"{_shown(wanted)} could not be fetched, by a mistake of argofix", transient=True)

    async def _fetched(self, wanted: Wanted) -> Found:
        if isinstance(wanted, RepositoryWanted):
            tree, commit = await self._repository(wanted.url, wanted.revision, DEPTH if wanted.submodules else 0)
            return RepositoryFound(tree, commit)
        if isinstance(wanted, ChartWanted):
            self._may(wanted.repository, f"{wanted.repository.rstrip('/')} {wanted.name}")
        else:
            self._may(wanted.url, wanted.url)
        fetcher = self.fetcher
        if isinstance(wanted, ChartWanted):
            chart = wanted
            return await fetcher.shared(
                wanted, lambda: fetcher.charts.fetch(chart, self._indexes, offline=fetcher.offline)
            )
        return await fetcher.shared(wanted, lambda: self._file(wanted.url))

    def _may(self, url: str, what: str) -> None:
        try:
            parts = urlsplit(url)
            host, port = parts.hostname or "", port_of(url)
        except ValueError:
            raise Unfetched(f"{url} is no URL") from None
        if not (parts.scheme in ("http", "https") or is_oci(url)) or not host:
            raise refused(f"{shown(url)} is not fetched: only http, https and oci are")
        port = parts.port or 443 if is_oci(url) else port
        if self.trusted:
            self._named |= {host.lower(), what}
        else:
            self.permission.host(host.lower(), port, what, self._named)

    async def _file(self, url: str) -> Found:
        kept = self.fetcher.kept
        if self.fetcher.offline:
            content = await kept.at_hand(url)
            if content is None:
                raise Unfetched(f"{shown(url)} {NOT_AT_HAND}")
        else:
            content = await kept.get(url, MAX_FILE_BYTES, self.fetcher.credentials.headers, settled(url))
        return FileFound(content, digest_of(content))

    async def _repository(self, url: str, revision: str, depth: int) -> tuple[Tree, str]:
        remotes = self._remotes.get(url)
        if remotes is None:
            remotes = self._remotes[url] = await (self.ways or self._way)(url)
        first: Unfetched | None = None
        for remote in remotes:
            try:
                commit = await self._commit(remote, revision)
                tree = await self._placed(remote, commit)
            except Unfetched as error:
                first = first or error
            else:
                break
        else:
            raise first or self._gone[url]
        below: dict[str, Tree] = {}
        inside = await asyncio.to_thread(wanted_by, tree, remote.access.url) if depth else {}
        for path, (where, inner) in inside.items():
            below[path], _ = await self._repository(where, inner, depth - 1)
        return await asyncio.to_thread(whole, tree, below, partial(self._broke, url)), commit

    def _broke(self, url: str, error: Exception) -> Exception:
        """From now on the repository is missing."""
        reason = f"a file of {shown(url) if '://' in url else url} cannot be had ({error})"
        self._remotes[url] = []
        self._gone[url] = Unfetched(reason, transient=True)
        self._known = {key: task for key, task in self._known.items() if not _is_of(task, RepositoryFound)}
        return OutsideBroke(reason)

    async def _placed(self, remote: Remote, commit: str) -> Tree:
        async with self.fetcher.places:
            return await remote.tree(commit)

    async def _commit(self, remote: Remote, revision: str) -> str:
        """What the revision stands for; without the network what it stood for the last time."""
        name, now = f"revision {remote.access.key} {revision or 'HEAD'}", self.fetcher.web.clock.now()
        facts = await asyncio.to_thread(self.fetcher.store.known, name) or {}
        if is_exact(revision) and age(facts, now) < DAY:
            return str(facts.get("commit"))
        if self.fetcher.offline:
            facts = facts or {"commit": revision}
            commit = str(facts.get("commit"))
            if len(commit) != 40:
                raise Unfetched(f"{remote.shown} at {revision or 'HEAD'} {NOT_AT_HAND}")
            return commit
        commit = await remote.commit(revision)
        if commit != revision:
            await asyncio.to_thread(self.fetcher.store.note, name, {"commit": commit, "at": now})
        return commit

    async def _way(self, url: str) -> list[Remote]:
        """The server's: over http(s), whatever the URL is written like."""
        try:
            where = web_location(url)
        except NoLocation as error:
            raise refused(str(error)) from None
        self._may(where, identity_of(where))
        access = await self.permission.repository(where, self.trusted or identity_of(where) in self._named)
        directory, lock = self.fetcher.mirrors.place(access.key)
        fetcher = self.fetcher
        return [Remote(access, fetcher.web, fetcher.credentials, directory, lock, fetcher.offline)]


NOT_AT_HAND = "was not fetched before, and --offline fetches nothing; run the same command once without it"


def _is_of(task: asyncio.Future[Found], kind: type[Found]) -> bool:
    return not task.done() or (not task.cancelled() and isinstance(task.result(), kind))


def _shown(wanted: Wanted) -> str:
    if isinstance(wanted, ChartWanted):
        return f"the chart {wanted.name} of {shown(wanted.repository)}"
    return shown(wanted.url) if isinstance(wanted, FileWanted) or "://" in wanted.url else wanted.url
