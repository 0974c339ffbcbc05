"""Trees of the model (`gitops.files.tree.Tree`) read from a git repository or from a plain directory.

From a repository: one `git ls-tree` for the listing (`bot.repositories.listing`) and one long-lived `git cat-file
--batch-command` for the content, so nothing is checked out and only what is looked at is read. Reading is synchronous
because the model is.
"""

from __future__ import annotations

import asyncio
import os
import re
import stat
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import TracebackType

from bot.repositories.blobs import Blobs, BlobUnreadable, Bring, Neighbours
from bot.repositories.git import GitError, git_now
from bot.repositories.listing import listed
from gitops.files.errors import TooLarge
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
from gitops.kustomize.reading import is_kustomization, named_in, read_by_name

_FULL = re.compile(r"[0-9a-f]{40}")
__all__ = ["BlobUnreadable", "Repository", "tree_at", "tree_of_directory"]


class Repository:
    """A local git repository (bare or not), opened for reading. Safe to use from several threads.

    Use as a context manager, or `close` it; a forgotten one is closed when nothing refers to it any more. Trees that
    came from it raise `ValueError` on reading after that.
    """

    def __init__(
        self,
        directory: Path,
        *,
        on_damage: Callable[[], None] = lambda: None,
        off_loop: bool = False,
        bring: Bring | None = None,
        in_part: bool = False,
    ) -> None:
        """`in_part` tells that the clone may lack blobs, which are `absent` from its trees then. `on_damage` is
        called when an object turns out to be missing or damaged, before the error is raised. `off_loop` (the server,
        where others wait meanwhile) refuses to list a tree on an event loop. `bring` blocks until blobs that are not
        here are; without it there are no others."""
        self.directory = directory
        self._off_loop = off_loop
        self._on_damage = on_damage
        self._bring = bring
        self._in_part = in_part
        self._absent: dict[str, frozenset[str]] = {}
        self._blobs = Blobs(directory, on_damage, bring)
        self._listings: dict[str, dict[str, Entry]] = {}  # the default branch is most often the base too

    def __enter__(self) -> Repository:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._blobs.close()

    def rest(self) -> None:
        """End what runs for reading; whoever reads after that begins it again."""
        self._blobs.rest()

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
        for names that cannot be real paths, `TreeTooLarge` for more than `bot.repositories.listing.Limits`, what
        `bring` raises, and `RuntimeError` on an event loop where that was forbidden.
        """
        (sha,) = self.prepare((rev,))
        entries = self._listings[sha]
        near = Neighbours(entries) if self._bring is not None else None
        absent = self._absent.get(sha, frozenset())
        return Tree(entries, lambda path, entry: self._blobs.read(path, entry, near), sha, absent=absent)

    async def read_tree(self, rev: str) -> Tree:
        """The same for a coroutine: git lists, and we read what it lists, beside the event loop."""
        return await asyncio.to_thread(self.tree, rev)

    def prepare(self, revs: Iterable[str]) -> list[str]:
        """List these revisions and have what is most likely read of all of them, brought in one go. Their ids. Raises
        as `tree` does."""
        if self._off_loop and _on_event_loop():
            raise RuntimeError("a listing would hold up the event loop; await `read_tree`")
        ids = [rev if _FULL.fullmatch(rev) else self.resolve(rev) for rev in revs]
        new = {sha: listed(self.directory, sha) for sha in dict.fromkeys(ids) if sha not in self._listings}
        missing_here = frozenset[str]()
        if self._in_part and new:
            missing_here = _missing(self.directory, *(f"{sha}^{{tree}}" for sha in new))
        for sha, entries in new.items():
            self._absent[sha] = frozenset(path for path, entry in entries.items() if entry.oid in missing_here)
        wanted = {
            entry.oid: path
            for entries in new.values()
            for path, entry in entries.items()
            if entry.mode != MODE_SUBMODULE and (entry.mode == MODE_SYMLINK or read_by_name(path))
            if entry.oid not in missing_here
        }
        sizes = self._blobs.sizes(list(wanted))
        if self._bring is not None:
            missing = [oid for oid in wanted if oid not in sizes]
            sizes |= self._brought(missing)
            named = self._named([wanted[oid] for oid in missing], new)
            here = self._blobs.sizes(named)
            sizes |= here | self._brought([oid for oid in named if oid not in here])
        for entries in new.values():
            for path, entry in entries.items():
                if (size := sizes.get(entry.oid)) is not None:
                    entries[path] = Entry(entry.mode, entry.oid, size)
        self._listings |= new
        return ids

    def _named(self, paths: list[str], listings: Mapping[str, Mapping[str, Entry]]) -> list[str]:
        """Ids of files that kustomizations among `paths` may name, other than those whose names tell it."""
        found: dict[str, None] = {}
        for path in filter(is_kustomization, paths):
            for entries in listings.values():
                entry = entries.get(path)
                if entry is None or entry.mode == MODE_SUBMODULE:
                    continue
                try:
                    data = self._blobs.read(path, entry, None)
                except TooLarge:
                    continue
                for name in named_in(path, data):
                    each = entries.get(name)
                    if each is not None and each.mode != MODE_SUBMODULE and not read_by_name(name):
                        found[each.oid] = None
        return list(found)

    def _brought(self, oids: list[str]) -> dict[str, int]:
        if not oids:
            return {}
        assert self._bring is not None
        self._bring(oids)
        return self._blobs.sizes(oids)

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


def tree_at(repo_dir: Path, rev: str) -> Tree:
    """The tree of one revision of the repository at `repo_dir`; its reader lives as long as the tree does.

    Prefer `Repository` where several revisions are read or the end must be certain. Raises `GitError`.
    """
    return Repository(repo_dir).tree(rev)


def tree_of_directory(path: Path) -> Tree:
    """The files below `path` as they are on disk now (`Tree.sha` is None).

    In a git checkout: what git tracks or would track (`.gitignore` counts); files that it leaves out on purpose
    (`git sparse-checkout`) as its index has them, `absent` where a clone lacks them. Elsewhere, and in a directory
    that an outer checkout ignores: every regular file and symlink. Symlinks are entries of their own and never
    followed. A file above 16 MiB has the oid `size:BYTES:mtime:NS`.
    Raises `NotADirectoryError` or `FileNotFoundError`.
    """
    root = path.resolve(strict=True)
    if not root.is_dir():
        raise NotADirectoryError(f"{path} is not a directory")
    listed, left_out = _tracked(root)
    names = listed or _walked(root)
    entries: dict[str, Entry] = {}
    indexed: dict[str, Entry] = {}
    for raw, submodule in names.items():
        name = raw.decode("utf-8", "surrogateescape")
        if submodule is not None:
            entries[name] = Entry(MODE_SUBMODULE, submodule)
            continue
        try:
            entry = _entry(root, name)
        except FileNotFoundError:  # deleted on disk, unless git itself left it out
            entry = None
            if raw in left_out:
                indexed[name] = left_out[raw]
        except OSError:
            entry = None
        if entry is not None:
            entries[name] = entry
    if not indexed:
        return Tree(entries, lambda name, entry: _content(root, name, entry))
    return _with_index(root, entries, indexed)


def _with_index(root: Path, entries: dict[str, Entry], indexed: Mapping[str, Entry]) -> Tree:
    blobs = Blobs(root, lambda: None)
    missing = _missing(root, "--indexed-objects")
    sizes = blobs.sizes(list(dict.fromkeys(each.oid for each in indexed.values() if each.oid not in missing)))
    for name, entry in indexed.items():
        entries[name] = Entry(entry.mode, entry.oid, sizes.get(entry.oid, -1))

    def content(name: str, entry: Entry) -> bytes:
        return blobs.read(name, entry) if name in indexed else _content(root, name, entry)

    absent = frozenset(name for name, entry in indexed.items() if entry.oid not in sizes)
    return Tree(entries, content, absent=absent)


def _missing(directory: Path, *objects: str) -> frozenset[str]:
    """The blobs of trees (`--indexed-objects`: of the index) that are not here. Asked for one, git would fetch it."""
    args = ["rev-list", "--objects", "--no-object-names", "--missing=print", *objects]
    lines = git_now(args, directory).decode().splitlines()
    return frozenset(line[1:] for line in lines if line.startswith("?"))


def _tracked(root: Path) -> tuple[dict[bytes, str | None] | None, dict[bytes, Entry]]:
    """Paths git knows below `root` (submodules with their commit id), None outside a checkout or without git; and
    what of them it does not put on the disk (the index marks it `skip-worktree`)."""
    try:
        listed = git_now(["ls-files", "-co", "--exclude-standard", "-z"], root)
        staged = git_now(["ls-files", "-s", "-v", "-z"], root)
    except (GitError, OSError):
        return None, {}
    # An untracked repository inside is listed as `name/`: its files are not this repository's.
    names: dict[bytes, str | None] = {n: None for n in listed.split(b"\0") if n and not n.endswith(b"/")}
    left_out: dict[bytes, Entry] = {}
    for record in staged.split(b"\0"):
        meta, _, name = record.partition(b"\t")
        if not name:
            continue
        mark, mode, oid, _ = meta.split()
        if mode == b"160000":
            names[name] = oid.decode()
        elif mark in (b"S", b"s"):
            left_out[name] = Entry(int(mode, 8), oid.decode())
    return names, left_out


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
