"""Trees of the model (`gitops.files.tree.Tree`) read from a git repository or from a plain directory.

From a repository: one `git ls-tree` for the listing (`bot.repositories.listing`) and one long-lived `git cat-file
--batch` for the content, so nothing is checked out and only what is looked at is read. Reading is synchronous
because the model is.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import stat
import subprocess
import threading
import weakref
from collections import OrderedDict
from collections.abc import Callable, Iterable
from pathlib import Path
from types import TracebackType

from bot.process.errors import TemporaryError
from bot.repositories.git import GitError, close_git, git_now, open_git
from bot.repositories.listing import SizeUnknown, listed
from gitops.files.tree import (
    MAX_FILE_BYTES,
    MODE_EXECUTABLE,
    MODE_FILE,
    MODE_SUBMODULE,
    MODE_SYMLINK,
    Entry,
    Tree,
    blob_oid,
)

CACHE_BYTES = 64 * 1024 * 1024
_BATCH = 1000  # requests written before the answers are read: 41 bytes each, well inside a pipe's 64 KiB


class BlobUnreadable(GitError, TemporaryError):
    """An object that the tree names is missing or damaged; a mirror repairs that by fetching anew."""

    def __init__(self, message: str) -> None:
        GitError.__init__(self, message)
        self.delay = None


class Repository:
    """A local git repository (bare or not), opened for reading. Safe to use from several threads.

    Use as a context manager, or `close` it; a forgotten one is closed when nothing refers to it any more. Trees that
    came from it raise `ValueError` on reading after that.
    """

    def __init__(
        self, directory: Path, *, on_damage: Callable[[], None] = lambda: None, off_loop: bool = False
    ) -> None:
        """`on_damage` is called when an object turns out to be missing or damaged, before the error is raised.
        `off_loop` (the server, where others wait meanwhile) refuses to list a tree on an event loop."""
        self.directory = directory
        self._off_loop = off_loop
        self._on_damage = on_damage
        self._blobs = _Blobs(directory, on_damage)
        self._listings: dict[str, dict[str, Entry]] = {}  # the default branch is most often the base too

    def __enter__(self) -> Repository:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._blobs.close()

    def resolve(self, rev: str) -> str:
        """The id (hex) of the commit that `rev` names, or of the tree when it names one. Raises `GitError`."""
        for kind in ("commit", "tree"):
            out = git_now(
                ["rev-parse", "--verify", "--quiet", "--end-of-options", f"{rev}^{{{kind}}}"],
                self.directory,
                check=False,
            )
            if out:
                # rev-parse echoes --end-of-options before 2.44.
                return out.decode().split()[-1]
        raise GitError(f"there is no commit {rev}")

    def tree(self, rev: str) -> Tree:
        """The files at `rev` (a commit, or anything that names a tree). `Tree.sha` is the resolved id.

        Raises `GitError` when there is no such revision, `BlobUnreadable` when an object is missing, `HostileTree`
        for names that cannot be real paths, `TreeTooLarge` for more than `bot.repositories.listing.Limits`, and
        `RuntimeError` on an event loop where that was forbidden.
        """
        if self._off_loop and _on_event_loop():
            raise RuntimeError("a listing would hold up the event loop; await `read_tree`")
        sha = self.resolve(rev)
        entries = self._listings.get(sha)
        if entries is None:
            try:
                entries = self._listings[sha] = listed(self.directory, sha)
            except SizeUnknown as error:
                self._on_damage()
                raise BlobUnreadable(f"the object of {error.path!r} in {sha} is missing") from None
        blobs = self._blobs
        return Tree(entries, lambda path, entry: blobs.read(entry), sha)

    async def read_tree(self, rev: str) -> Tree:
        """The same for a coroutine: git lists, and we read what it lists, beside the event loop."""
        return await asyncio.to_thread(self.tree, rev)

    def preload(self, tree: Tree, paths: Iterable[str]) -> None:
        """Read the content of many paths of `tree` in one go; later reads of them are answered from memory."""
        entries = (tree.entry(path) for path in paths)
        self._blobs.preload([e.oid for e in entries if e and e.mode != MODE_SUBMODULE and e.size <= MAX_FILE_BYTES])


def _on_event_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


class _Blobs:
    """Content by object id through `git cat-file --batch`, the last 64 MiB of it kept."""

    def __init__(self, directory: Path, on_damage: Callable[[], None]) -> None:
        self._directory = directory
        self._on_damage = on_damage
        self._lock = threading.Lock()
        self._cache: OrderedDict[str, bytes] = OrderedDict()
        self._held = 0
        self._process: subprocess.Popen[bytes] | None = None
        self._finalizer: weakref.finalize[[subprocess.Popen[bytes]], _Blobs] | None = None
        self._closed = False

    def read(self, entry: Entry) -> bytes:
        if entry.mode == MODE_SUBMODULE:
            return b""
        with self._lock:
            data = self._cache.get(entry.oid)
            if data is not None:
                self._cache.move_to_end(entry.oid)
                return data
            return self._ask([entry.oid])[0]

    def preload(self, oids: list[str]) -> None:
        with self._lock:
            missing = list(dict.fromkeys(oid for oid in oids if oid not in self._cache))
            for start in range(0, len(missing), _BATCH):
                self._ask(missing[start : start + _BATCH])

    def close(self) -> None:
        with self._lock:
            self._closed = True
            self._cache.clear()
            self._stop()

    def _stop(self) -> None:
        if self._finalizer is not None:
            self._finalizer()
        self._process = self._finalizer = None

    def _ask(self, oids: list[str]) -> list[bytes]:
        if self._closed:
            raise ValueError("the repository was closed")
        if self._process is None:
            self._process = open_git(["cat-file", "--batch"], self._directory)
            self._finalizer = weakref.finalize(self, close_git, self._process)
        requests, answers = self._process.stdin, self._process.stdout
        assert requests is not None
        assert answers is not None
        try:
            requests.write("".join(f"{oid}\n" for oid in oids).encode())
            requests.flush()
            found = []
            for oid in oids:
                header = answers.readline().split()
                if len(header) != 3:
                    raise BlobUnreadable(f"object {oid} cannot be read: {b' '.join(header).decode() or 'git ended'}")
                data = answers.read(int(header[2]))
                if len(data) != int(header[2]) or answers.read(1) != b"\n":
                    raise BlobUnreadable(f"object {oid} cannot be read: git broke off")
                found.append(data)
                self._keep(oid, data)
        except BaseException as error:
            # The stream is out of step now: the next reader gets a new process.
            self._stop()
            if isinstance(error, BlobUnreadable | OSError):
                self._on_damage()
            if isinstance(error, OSError):
                raise BlobUnreadable("git cat-file ended") from None
            raise
        return found

    def _keep(self, oid: str, data: bytes) -> None:
        self._cache[oid] = data
        self._held += len(data)
        while self._held > CACHE_BYTES and len(self._cache) > 1:
            self._held -= len(self._cache.popitem(last=False)[1])


def tree_at(repo_dir: Path, rev: str) -> Tree:
    """The tree of one revision of the repository at `repo_dir`; its reader lives as long as the tree does.

    Prefer `Repository` where several revisions are read or the end must be certain. Raises `GitError`.
    """
    return Repository(repo_dir).tree(rev)


def tree_of_directory(path: Path) -> Tree:
    """The files below `path` as they are on disk now (`Tree.sha` is None).

    In a git checkout: what git tracks or would track (`.gitignore` counts). Elsewhere, and in a directory that an
    outer checkout ignores: every regular file and symlink. Symlinks are entries of their own and never followed.
    A file above 16 MiB has the oid `size:BYTES:mtime:NS`.
    Raises `NotADirectoryError` or `FileNotFoundError`.
    """
    root = path.resolve(strict=True)
    if not root.is_dir():
        raise NotADirectoryError(f"{path} is not a directory")
    listed = _tracked(root)
    names = listed or _walked(root)
    entries: dict[str, Entry] = {}
    for raw, submodule in names.items():
        name = raw.decode("utf-8", "surrogateescape")
        if submodule is not None:
            entries[name] = Entry(MODE_SUBMODULE, submodule)
            continue
        with contextlib.suppress(OSError):  # deleted on disk, or went away meanwhile
            entry = _entry(root, name)
            if entry is not None:
                entries[name] = entry
    return Tree(entries, lambda name, entry: _content(root, name, entry))


def _tracked(root: Path) -> dict[bytes, str | None] | None:
    """Paths git knows below `root` (submodules with their commit id); None outside a checkout or without git."""
    try:
        listed = git_now(["ls-files", "-co", "--exclude-standard", "-z"], root)
        staged = git_now(["ls-files", "-s", "-z"], root)
    except (GitError, OSError):
        return None
    # An untracked repository inside is listed as `name/`: its files are not this repository's.
    names: dict[bytes, str | None] = {n: None for n in listed.split(b"\0") if n and not n.endswith(b"/")}
    for record in staged.split(b"\0"):
        meta, _, name = record.partition(b"\t")
        if meta.startswith(b"160000 "):
            names[name] = meta.split()[1].decode()
    return names


def _walked(root: Path) -> dict[bytes, str | None]:
    names: dict[bytes, str | None] = {}
    top = os.fsencode(root)
    for where, directories, files in os.walk(top):
        links = [d for d in directories if os.path.islink(os.path.join(where, d))]  # noqa: PTH114, PTH118 - bytes
        directories[:] = sorted(d for d in directories if d != b".git" and d not in links)
        for name in (*files, *links):
            names[os.path.relpath(os.path.join(where, name), top)] = None  # noqa: PTH118
    return names


def _entry(root: Path, name: str) -> Entry | None:
    status = os.lstat(_on_disk(root, name))
    if stat.S_ISLNK(status.st_mode):
        target = os.readlink(_on_disk(root, name))  # noqa: PTH115 - bytes
        return Entry(MODE_SYMLINK, blob_oid(target), len(target))
    if not stat.S_ISREG(status.st_mode):
        return None  # a pipe, socket or device has no content to speak of
    mode = MODE_EXECUTABLE if status.st_mode & stat.S_IXUSR else MODE_FILE
    if status.st_size > MAX_FILE_BYTES:
        return Entry(mode, f"size:{status.st_size}:mtime:{status.st_mtime_ns}", status.st_size)
    data = _content(root, name, Entry(mode, ""))
    return Entry(mode, blob_oid(data), len(data))


def _content(root: Path, name: str, entry: Entry) -> bytes:
    if entry.mode == MODE_SUBMODULE:
        return b""
    if entry.mode == MODE_SYMLINK:
        return os.readlink(_on_disk(root, name))  # noqa: PTH115
    descriptor = os.open(_on_disk(root, name), os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with os.fdopen(descriptor, "rb") as file:
        return file.read()


def _on_disk(root: Path, name: str) -> bytes:
    return os.fsencode(root) + b"/" + name.encode("utf-8", "surrogateescape")
