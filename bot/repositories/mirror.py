"""A bare mirror of each repository under the state directory, filled commit by commit.

Only what is looked at is fetched (single commits, no history), and what was fetched is kept under refs of our own so
that the next fetch transfers a difference. Everything here can be had again from GitHub, so a damaged mirror is
thrown away and made anew.
"""

from __future__ import annotations

import asyncio
import logging
import shutil
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

from bot.process.errors import PermanentError
from bot.repositories.git import (
    AuthenticationRefused,
    GitError,
    GitTimeout,
    RefNotFound,
    RemoteUnavailable,
    RepositoryGone,
    git,
)
from bot.repositories.listing import HostileTree, TreeTooLarge, count
from bot.repositories.trees import Repository

T = TypeVar("T")
MergeBase = Callable[[], Awaitable[str | None]]  # asked only when it is needed; None where nobody knows
KEEP = "refs/argofix/commit/"  # one ref for each commit fetched
DAMAGED = "argofix-damaged"  # a file that a reader leaves where an object could not be read
MOST_REFS = 400  # then the mirror is begun anew: cheaper than a repack, and bounds the disk
_HISTORY = (50, 500, None)  # depths tried until the two sides meet; None is everything
_AUTHOR = {
    f"GIT_{who}_{what}": value
    for who in ("AUTHOR", "COMMITTER")
    for what, value in (("NAME", "argofix"), ("EMAIL", "argofix@localhost"), ("DATE", "2000-01-01T00:00:00Z"))
}
# These tell about the other side; anything else may be damage on ours.
_REMOTE = (RepositoryGone, AuthenticationRefused, RefNotFound, RemoteUnavailable, GitTimeout)

log = logging.getLogger(__name__)


class MergeConflict(GitError, PermanentError):
    """Head cannot be merged into base. `paths` are the files in conflict."""

    def __init__(self, paths: Sequence[str]) -> None:
        super().__init__(f"merge conflict in {', '.join(paths[:10])}" if paths else "merge conflict")
        self.paths = tuple(paths)


@dataclass(slots=True)
class Mirror:
    """The mirror of one repository, for one run. Methods may be called from several tasks; writing ones take turns.

    `token` is asked for a token other than the one that was just refused.
    """

    directory: Path
    clone_url: str
    token: Callable[[str | None], Awaitable[str]] | None = field(default=None, repr=False)
    lock: asyncio.Lock = field(default_factory=asyncio.Lock, repr=False)
    _bounded: bool = False

    async def fetch(self, commits: Sequence[str] = (), *, refs: Sequence[str] = (), depth: int | None = 1) -> None:
        """Have these commits (ids) and fully qualified refs, with `depth` generations of history (None: all).

        Commits that are here already are not fetched again. Raises `RepositoryGone`, `RefNotFound`,
        `AuthenticationRefused`, `RemoteUnavailable`, `GitTimeout`, else `GitError`.
        """
        async with self.lock:
            await self._repaired(lambda: self._fetch(commits, refs, depth))

    async def merge(
        self, base: str, head: str, *, number: int | None = None, merge_base: MergeBase | None = None
    ) -> str:
        """An object id whose tree is `head` merged into `base` (commit ids), as GitHub would merge them.

        GitHub's own `refs/pull/NUMBER/merge` is taken when its parents are exactly those two. Else git merges here:
        on what `merge_base` answers (`bot.github.endpoints.repos.compare`), which needs three commits only, or with
        as much history as it takes. Raises `MergeConflict`, `TreeTooLarge`, `HostileTree`, and what `fetch` raises.
        """
        async with self.lock:
            return await self._repaired(lambda: self._merge(base, head, number, merge_base))

    def open(self) -> Repository:
        """The mirror for reading (`Repository.tree(rev)`); fetch first. Close it when the run ends."""
        return Repository(self.directory, on_damage=(self.directory / DAMAGED).touch, off_loop=True)

    async def has(self, commit: str) -> bool:
        try:
            await self._git("cat-file", "-e", f"{commit}^{{tree}}")
        except (GitError, OSError):
            return False
        return True

    async def discard(self) -> None:
        """Delete the mirror (its repository has gone); a later fetch would begin anew."""
        async with self.lock:
            await self._discard()

    async def _discard(self) -> None:
        await asyncio.to_thread(shutil.rmtree, self.directory, ignore_errors=True)

    async def _repaired(self, work: Callable[[], Awaitable[T]]) -> T:
        try:
            await self._prepare()
            return await work()
        except (*_REMOTE, MergeConflict, TreeTooLarge, HostileTree):
            raise
        except (GitError, OSError) as error:
            log.warning("the mirror is damaged and made anew", extra={"reason": str(error)})
            await self._discard()
            await self._prepare()
            return await work()

    async def _prepare(self) -> None:
        if (self.directory / "HEAD").exists() and not (self.directory / DAMAGED).exists():
            return
        await self._discard()
        await asyncio.to_thread(self.directory.mkdir, parents=True, mode=0o700)
        await self._git("init", "--quiet", "--bare", ".")

    async def _fetch(self, commits: Sequence[str], refs: Sequence[str], depth: int | None) -> None:
        missing = [commit for commit in dict.fromkeys(commits) if depth != 1 or not await self.has(commit)]
        wanted = [f"+{commit}:{KEEP}{commit}" for commit in missing]
        wanted += [f"+{ref}:refs/argofix/{ref.removeprefix('refs/')}" for ref in refs]
        if not wanted:
            return
        await self._bound()
        how = f"--depth={depth}" if depth is not None else "--depth=2147483647"  # git's own "infinite"
        args = ["fetch", "--quiet", "--no-tags", "--force", "--no-write-fetch-head", "--no-auto-maintenance", how]
        args += ["--end-of-options", self.clone_url, *wanted]
        token = await self.token(None) if self.token else None
        try:
            await self._remote(args, token)
        except AuthenticationRefused:
            if self.token is None:
                raise
            # It may have been revoked before its time.
            await self._remote(args, await self.token(token))

    async def _remote(self, args: Sequence[str], token: str | None) -> None:
        parts = urlsplit(self.clone_url)
        await git(args, self.directory, token=token, origin=f"{parts.scheme}://{parts.netloc}/")

    async def _bound(self) -> None:
        # Only before a run's first fetch: a later one would take away what the run has opened.
        if self._bounded:
            return
        self._bounded = True
        kept = await self._git("for-each-ref", "--count", str(MOST_REFS + 1), "--format=%(objectname)", KEEP)
        if len(kept.split()) > MOST_REFS:
            await self._discard()
            await self._prepare()

    async def _merge(self, base: str, head: str, number: int | None, ask: MergeBase | None) -> str:
        if number is not None:
            merged = await self._of_github(base, head, number)
            if merged is not None:
                return merged
        merge_base = None if ask is None else await ask()
        if merge_base is not None:
            await self._fetch([base, head, merge_base], (), 1)
            await self._countable(base, head, merge_base)
            return await self._graft(base, head, merge_base)
        for depth in _HISTORY:
            await self._fetch([base, head], (), depth)
            await self._countable(base, head)
            try:
                found = await self._git("merge-base", "--end-of-options", base, head)
            except GitError:
                continue
            return await self._graft(base, head, found.decode().split()[0])
        raise MergeConflict(())  # unrelated histories: GitHub does not merge those either

    async def _of_github(self, base: str, head: str, number: int) -> str | None:
        try:
            await self._fetch((), [f"refs/pull/{number}/merge"], 2)
        except RefNotFound:
            return None  # there is a conflict, or GitHub has not made it yet
        line = await self._git("rev-list", "--parents", "-n", "1", f"refs/argofix/pull/{number}/merge")
        commit, *parents = line.decode().split()
        return commit if parents == [base, head] else None

    async def _countable(self, *commits: str) -> None:
        """Raise `TreeTooLarge` or `HostileTree` for what git would walk to its end, whatever that takes."""
        for commit in commits:
            await asyncio.to_thread(count, self.directory, commit)

    async def _graft(self, base: str, head: str, merge_base: str) -> str:
        """Merge two trees on a third: as commits of our own, for git 2.39 knows no `--merge-base` option."""
        root = await self._commit(merge_base)
        ours, theirs = await self._commit(base, root), await self._commit(head, root)
        try:
            out = await self._git("merge-tree", "--write-tree", "--name-only", "--no-messages", "-z", ours, theirs)
        except GitError as error:
            if error.status != 1:
                raise
            names = error.output.split(b"\0")[1:]
            raise MergeConflict([n.decode("utf-8", "surrogateescape") for n in names if n]) from None
        return out.split(b"\0")[0].decode().strip()

    async def _commit(self, commit: str, *parents: str) -> str:
        of = [word for parent in parents for word in ("-p", parent)]
        out = await git(
            ["commit-tree", "-m", "x", *of, f"{commit}^{{tree}}"], self.directory, local=True, extra_env=_AUTHOR
        )
        return out.decode().strip()

    async def _git(self, *args: str) -> bytes:
        return await git(args, self.directory, local=True)


@dataclass(slots=True)
class Mirrors:
    """Every mirror of this server. `root` is the directory they live in; `token` gives one for `git fetch`
    (`GitHubApp.token`)."""

    root: Path
    token: Callable[[int, int, str | None], Awaitable[str]] | None = field(default=None, repr=False)
    _locks: dict[int, asyncio.Lock] = field(default_factory=dict, repr=False)

    def of(self, repository: int, clone_url: str, installation: int) -> Mirror:
        """The mirror of a repository (by id, which survives a rename). Nothing is fetched yet."""
        ask = self.token
        return Mirror(
            directory=self.root / f"{repository}.git",
            clone_url=clone_url,
            token=None if ask is None else lambda refused: ask(installation, repository, refused),
            lock=self._locks.setdefault(repository, asyncio.Lock()),
        )
