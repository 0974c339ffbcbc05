"""A bare mirror of each repository under the state directory, filled commit by commit.

Only what is looked at is fetched: single commits without history, their trees, and of their files those that
somebody reads. What was fetched is kept under refs of our own so that the next fetch transfers a difference.
Everything here can be had again from GitHub, so a damaged mirror is thrown away and made anew.

git itself never fetches what it misses: only the command that fetches is told that the repository is a partial one,
so that to all others a missing blob is an answer (`missing`) and no request to anywhere.
"""

from __future__ import annotations

import asyncio
import logging
import re
import shutil
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

from bot.process.errors import PermanentError
from bot.process.tenants import working_for
from bot.repositories.blobs import BlobUnreadable
from bot.repositories.git import (
    AuthenticationRefused,
    GitError,
    GitTimeout,
    RefNotFound,
    RemoteUnavailable,
    RepositoryGone,
    TooMuchOutput,
    git,
)
from bot.repositories.listing import HostileTree, TreeTooLarge, count
from bot.repositories.trees import Repository

T = TypeVar("T")
MergeBase = Callable[[], Awaitable[str | None]]  # asked only when it is needed; None where nobody knows
KEEP = "refs/argofix/commit/"  # one ref for each commit fetched
DAMAGED = "argofix-damaged"  # a file that a reader leaves where an object could not be read
UNFILTERED = ".whole"  # a file beside the mirror: this server does not give single blobs
MOST_REFS = 400  # then the mirror is begun anew: cheaper than a repack, and bounds the disk
_HISTORY = (50, 500, None)  # depths tried until the two sides meet; None is everything
_AUTHOR = {
    f"GIT_{who}_{what}": value
    for who in ("AUTHOR", "COMMITTER")
    for what, value in (("NAME", "argofix"), ("EMAIL", "argofix@localhost"), ("DATE", "2000-01-01T00:00:00Z"))
}
# These tell about the other side; anything else may be damage on ours.
_REMOTE = (RepositoryGone, AuthenticationRefused, RefNotFound, RemoteUnavailable, GitTimeout, TooMuchOutput)

# git's upload-pack.c and fetch-pack.c, of a server that has `uploadpack.allowFilter` and not `allowAnySHA1InWant`.
_REFUSED = re.compile(r"unadvertised object|not advertised", re.IGNORECASE)

log = logging.getLogger(__name__)


class MergeConflict(GitError, PermanentError):
    """Head cannot be merged into base. `paths` are the files in conflict."""

    def __init__(self, paths: Sequence[str]) -> None:
        super().__init__(f"merge conflict in {', '.join(paths[:10])}" if paths else "merge conflict")
        self.paths = tuple(paths)


@dataclass(slots=True)
class Mirror:
    """The mirror of one repository, for one run. Methods may be called from several tasks; writing ones take turns.

    `token` is asked for a token other than the one that was just refused. `reach` is asked before each command that
    goes to the network: it gives settings for it, or raises where it may not. `personal` and `largest` (of one fetch,
    in bytes) are those of `bot.repositories.git`.
    """

    directory: Path
    clone_url: str
    token: Callable[[str | None], Awaitable[str]] | None = field(default=None, repr=False)
    lock: asyncio.Lock = field(default_factory=asyncio.Lock, repr=False)
    reach: Callable[[], Awaitable[Mapping[str, str]]] | None = field(default=None, repr=False)
    personal: bool = False
    largest: int | None = None
    _bounded: bool = False

    async def fetch(self, commits: Sequence[str] = (), *, refs: Sequence[str] = (), depth: int | None = 1) -> None:
        """Have these commits (ids) and fully qualified refs, with `depth` generations of history (None: all).

        Commits that are here already are not fetched again. Raises `RepositoryGone`, `RefNotFound`,
        `AuthenticationRefused`, `RemoteUnavailable`, `GitTimeout`, else `GitError`.
        """
        async with self.lock:
            await self._repaired(lambda: self._fetch(commits, refs, depth))

    async def merge(
        self,
        base: str,
        head: str,
        *,
        number: int | None = None,
        merge_base: MergeBase | None = None,
        also: Sequence[str] = (),
    ) -> str:
        """An object id whose tree is `head` merged into `base` (commit ids), as GitHub would merge them.

        GitHub's own `refs/pull/NUMBER/merge` is taken when its parents are exactly those two. Else git merges here:
        on what `merge_base` answers (`bot.github.endpoints.repos.compare`), which needs three commits only, or with
        as much history as it takes. The commits in `also` are had with the same request. Raises `MergeConflict`,
        `TreeTooLarge`, `HostileTree`, and what `fetch` raises.
        """
        async with self.lock:
            return await self._repaired(lambda: self._merge(base, head, number, merge_base, also))

    def open(self) -> Repository:
        """The mirror for reading (`Repository.tree(rev)`), on the event loop that reads in threads; fetch first.
        Close it when the run ends."""
        loop = asyncio.get_running_loop()

        def bring(oids: Sequence[str]) -> None:
            if _runs_here(loop):
                raise RuntimeError("reading what is not here yet would hold up the event loop for ever")
            asyncio.run_coroutine_threadsafe(self._for_a_thread(oids), loop).result()

        on_damage = (self.directory / DAMAGED).touch
        return Repository(self.directory, on_damage=on_damage, off_loop=True, bring=bring)

    async def _for_a_thread(self, oids: Sequence[str]) -> None:
        # All threads of this repository may wait for this, and a token may need one: names are looked up there.
        with working_for(""):
            await self.bring(oids)

    async def bring(self, oids: Sequence[str]) -> None:
        """Have these blobs, with one request. Raises as `fetch` does."""
        async with self.lock:
            await self._bring(oids)

    async def _bring(self, oids: Sequence[str]) -> None:
        args = ["fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--no-auto-maintenance"]
        # Without the filter git would look for all that these might need.
        args += ["--filter=blob:none", "--stdin", "--end-of-options", self.clone_url]
        settings = {**self._partial, "fetch.negotiationAlgorithm": "noop"}
        try:
            await self._authorised(args, settings, input="".join(f"{oid}\n" for oid in oids).encode())
        except _REMOTE:
            raise
        except GitError as error:
            if _REFUSED.search(str(error)):
                log.warning("this server gives no single files, so all are fetched", extra={"reason": str(error)})
                self._unfiltered.touch()
            (self.directory / DAMAGED).touch()
            raise BlobUnreadable(str(error)) from None

    async def has(self, commit: str) -> bool:
        return not await self._lacking([commit])

    async def _lacking(self, commits: Sequence[str]) -> list[str]:
        """Those of the commits that are not here."""
        if not commits:
            return []
        asked = "".join(f"{commit}^{{tree}}\n" for commit in commits).encode()
        try:
            out = await git(["cat-file", "--batch-check"], self.directory, local=True, input=asked)
        except (GitError, OSError):
            return list(commits)
        rows = out.decode("utf-8", "replace").splitlines()
        here = [row.split()[1:2] == ["tree"] for row in rows] + [False] * (len(commits) - len(rows))
        return [commit for commit, found in zip(commits, here, strict=False) if not found]

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
        for directory in (self.directory.parent, self.directory):  # the mode is only that of the last one
            await asyncio.to_thread(directory.mkdir, parents=True, mode=0o700, exist_ok=True)
        await self._git("init", "--quiet", "--bare", ".")

    @property
    def _unfiltered(self) -> Path:
        return self.directory.with_name(self.directory.name + UNFILTERED)

    @property
    def _partial(self) -> dict[str, str]:
        """What `git fetch --filter` would write into the configuration if it did not find it there."""
        remote = f"remote.{self.clone_url}"
        return {f"{remote}.promisor": "true", f"{remote}.partialCloneFilter": "blob:none"}

    async def _fetch(self, commits: Sequence[str], refs: Sequence[str], depth: int | None) -> None:
        wanted_commits = list(dict.fromkeys(commits))
        missing = wanted_commits if depth != 1 else await self._lacking(wanted_commits)
        wanted = [f"+{commit}:{KEEP}{commit}" for commit in missing]
        wanted += [f"+{ref}:refs/argofix/{ref.removeprefix('refs/')}" for ref in refs]
        if not wanted:
            return
        await self._bound()
        how = f"--depth={depth}" if depth is not None else "--depth=2147483647"  # git's own "infinite"
        args = ["fetch", "--quiet", "--no-tags", "--force", "--no-write-fetch-head", "--no-auto-maintenance", how]
        settings: Mapping[str, str] = {}
        if not self._unfiltered.exists():
            args.append("--filter=blob:none")
            settings = self._partial
        await self._authorised([*args, "--end-of-options", self.clone_url, *wanted], settings)

    async def _authorised(
        self, args: Sequence[str], settings: Mapping[str, str], *, input: bytes | None = None
    ) -> None:
        parts = urlsplit(self.clone_url)
        origin = f"{parts.scheme}://{parts.netloc}/"
        if self.reach is not None:
            settings = {**settings, **await self.reach()}
        how = partial(git, personal=self.personal, largest=self.largest)
        fetch = partial(how, args, self.directory, origin=origin, input=input, settings=settings)
        token = await self.token(None) if self.token else None
        try:
            await fetch(token=token)
        except AuthenticationRefused:
            if self.token is None:
                raise
            # It may have been revoked before its time.
            await fetch(token=await self.token(token))

    async def _bound(self) -> None:
        # Only before a run's first fetch: a later one would take away what the run has opened.
        if self._bounded:
            return
        self._bounded = True
        kept = await self._git("for-each-ref", "--count", str(MOST_REFS + 1), "--format=%(objectname)", KEEP)
        if len(kept.split()) > MOST_REFS:
            await self._discard()
            await self._prepare()

    async def _merge(
        self, base: str, head: str, number: int | None, ask: MergeBase | None, also: Sequence[str]
    ) -> str:
        if number is not None:
            merged = await self._of_github(base, head, number, also)
            if merged is not None:
                return merged
        merge_base = None if ask is None else await ask()
        if merge_base is not None:
            await self._fetch([base, head, merge_base, *also], (), 1)
            await self._countable(base, head, merge_base)
            return await self._graft(base, head, merge_base)
        await self._fetch(also, (), 1)
        for depth in _HISTORY:
            await self._fetch([base, head], (), depth)
            await self._countable(base, head)
            try:
                found = await self._git("merge-base", "--end-of-options", base, head)
            except GitError:
                continue
            return await self._graft(base, head, found.decode().split()[0])
        raise MergeConflict(())  # unrelated histories: GitHub does not merge those either

    async def _of_github(self, base: str, head: str, number: int, also: Sequence[str]) -> str | None:
        ref = f"refs/argofix/pull/{number}/merge"
        known = await self._merge_of(ref, base, head)
        if known is None:
            try:
                await self._fetch([base, head, *also], [f"refs/pull/{number}/merge"], 1)
            except RefNotFound:
                return None  # there is a conflict, or GitHub has not made it yet
            known = await self._merge_of(ref, base, head)
        await self._fetch([base, head, *also], (), 1)
        return known

    async def _merge_of(self, ref: str, base: str, head: str) -> str | None:
        """The commit at a ref that is here, where it merges exactly these two. Its text tells: its parents need not
        be here."""
        try:
            asked = f"{ref}\n".encode()
            out = await git(["cat-file", "--batch"], self.directory, local=True, input=asked)
        except GitError:
            return None
        header, _, text = out.partition(b"\n")
        parents = [
            line[7:].decode() for line in text.partition(b"\n\n")[0].split(b"\n") if line.startswith(b"parent ")
        ]
        return header.split()[0].decode() if parents == [base, head] else None

    async def _countable(self, *commits: str) -> None:
        """Raise `TreeTooLarge` or `HostileTree` for what git would walk to its end, whatever that takes."""
        for commit in commits:
            await asyncio.to_thread(count, self.directory, commit)

    async def _graft(self, base: str, head: str, merge_base: str) -> str:
        """Merge two trees on a third: as commits of our own, for git 2.39 knows no `--merge-base` option."""
        root = await self._commit(merge_base)
        ours, theirs = await self._commit(base, root), await self._commit(head, root)
        await self._content(merge_base, base, head, both=True)
        try:
            return await self._merged(ours, theirs)
        except MergeConflict:
            raise
        except GitError:
            # What was renamed is found by content, also of files that only one side has.
            await self._content(merge_base, base, head, both=False)
            return await self._merged(ours, theirs)

    async def _merged(self, ours: str, theirs: str) -> str:
        try:
            out = await self._git("merge-tree", "--write-tree", "--name-only", "--no-messages", "-z", ours, theirs)
        except GitError as error:
            if error.status != 1:
                raise
            names = error.output.split(b"\0")[1:]
            raise MergeConflict([n.decode("utf-8", "surrogateescape") for n in names if n]) from None
        return out.split(b"\0")[0].decode().strip()

    async def _content(self, root: str, base: str, head: str, *, both: bool) -> None:
        """Have the files that a merge looks into: those that `both` sides changed, or that either did."""
        sides = [await self._changed(root, side) for side in (base, head)]
        paths = sides[0].keys() & sides[1].keys() if both else sides[0].keys() | sides[1].keys()
        ids = dict.fromkeys(oid for side in sides for path in paths for oid in side.get(path, ()))
        asked = "".join(f"{oid}\n" for oid in ids).encode()
        out = await git(["cat-file", "--batch-check"], self.directory, local=True, input=asked) if ids else b""
        missing = [line.split()[0].decode() for line in out.splitlines() if line.endswith(b" missing")]
        if missing:
            await self._bring(missing)

    async def _changed(self, root: str, side: str) -> dict[bytes, tuple[str, ...]]:
        """Path -> blob ids before and after, of files that two commits do not have alike."""
        out = await self._git("diff-tree", "-r", "-z", "--raw", "--no-renames", "--end-of-options", root, side)
        words = out.split(b"\0")[:-1]
        found = {}
        for meta, path in zip(words[::2], words[1::2], strict=True):
            old_mode, new_mode, old, new, _ = meta.lstrip(b":").split()
            pairs = ((old_mode, old), (new_mode, new))
            found[path] = tuple(oid.decode() for mode, oid in pairs if mode not in (b"000000", b"160000"))
        return found

    async def _commit(self, commit: str, *parents: str) -> str:
        of = [word for parent in parents for word in ("-p", parent)]
        out = await git(
            ["commit-tree", "-m", "x", *of, f"{commit}^{{tree}}"], self.directory, local=True, extra_env=_AUTHOR
        )
        return out.decode().strip()

    async def _git(self, *args: str) -> bytes:
        return await git(args, self.directory, local=True)


def _runs_here(loop: asyncio.AbstractEventLoop) -> bool:
    try:
        return asyncio.get_running_loop() is loop
    except RuntimeError:
        return False


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
