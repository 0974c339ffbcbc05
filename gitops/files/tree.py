"""A commit's files, read without a checkout.

A `Tree` is a sorted listing (path -> mode and blob id) plus a function that reads one blob. It knows git's object
ids, so two trees can be compared, and a rendering fingerprinted, without reading a byte of content.
"""

from __future__ import annotations

import bisect
import hashlib
import posixpath
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from gitops.files.effort import Effort
from gitops.files.errors import NoSuchFile, NotHere, PathEscapes, PathTooLong, TooLarge

T = TypeVar("T")

MODE_FILE = 0o100644
MODE_EXECUTABLE = 0o100755
MODE_SYMLINK = 0o120000
MODE_SUBMODULE = 0o160000

# kustomize itself reads whole files into memory; nothing that people write by hand comes near this.
MAX_FILE_BYTES = 16 * 1024 * 1024
MAX_PATH_BYTES = 4096  # Linux's PATH_MAX: no checkout can hold a longer one
MAX_PATH_STEPS = 1_000  # parts of a path and of the links on it; people's have a dozen
MAX_SYMLINK_HOPS = 40  # as Linux's MAXSYMLINKS


@dataclass(frozen=True, slots=True)
class Entry:
    """One file of a tree. `oid` is git's blob id (hex), `size` its length in bytes (-1 when not known). That does not
    make it another file: a working tree knows all sizes, a commit those of what is likely to be read."""

    mode: int
    oid: str
    size: int = field(default=-1, compare=False)


@dataclass(frozen=True, slots=True)
class Changes:
    """Paths whose content or mode differs between two trees, and those that only one of them has."""

    modified: frozenset[str] = frozenset()
    one_sided: frozenset[str] = frozenset()

    @classmethod
    def of(cls, tree: Tree, edited: Mapping[str, bytes | None]) -> Changes:
        """Those of an `overlay` of the tree."""
        one_sided = frozenset(path for path, data in edited.items() if data is None or path not in tree)
        return cls(frozenset(edited.keys() - one_sided), one_sided)


def blob_oid(data: bytes) -> str:
    """Git's id of a blob with these bytes."""
    return hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()


def normalise(path: str) -> str:
    """Repository-relative form of `path` ('' is the root).

    Raises `PathEscapes` for an absolute path and for one whose `..` leaves the repository, `PathTooLong`.
    """
    refuse_long(path)
    if _is_normal(path):
        return path
    if path.startswith("/"):
        raise PathEscapes(f"{path} is an absolute path")
    clean = posixpath.normpath(path) if path else ""
    if clean == "..":
        raise PathEscapes(f"{path} leaves the repository")
    if clean.startswith("../"):
        raise PathEscapes(f"{path} leaves the repository")
    return "" if clean == "." else clean


def _is_normal(path: str) -> bool:
    """Whether a path is its own normal form, where a look at it tells: nearly all are."""
    return bool(path) and path[0] not in "./" and path[-1] != "/" and "//" not in path and "/." not in path


def refuse_long(path: str) -> None:
    """Raise `PathTooLong` for what no file system could hold, before anybody follows it step by step."""
    if len(path) <= MAX_PATH_BYTES // 4:
        return  # in UTF-8 no character has more than four bytes
    if len(path) > MAX_PATH_BYTES or len(path.encode("utf-8", "surrogateescape")) > MAX_PATH_BYTES:
        raise PathTooLong(
            f"a path that begins with {path[:40]} is longer than {MAX_PATH_BYTES:,} bytes, which no file system takes"
        )


class Tree:
    """Files of one commit (or of a working directory: then `sha` is None).

    `entries` maps repository-relative paths to `Entry`; `read_blob(path, entry)` gives the raw bytes (the target,
    for a symlink). Immutable; `overlay` makes a changed copy that shares everything else. What is read is charged to
    `effort` (`gitops.files.effort`), whose errors every method may raise. `absent` are paths of which only the id is
    known.
    """

    __slots__ = (
        *("_children", "_entries", "_links", "_overlay", "_read", "_seen", "_sorted"),
        *("absent", "effort", "sha"),
    )

    def __init__(
        self,
        entries: Mapping[str, Entry],
        read_blob: Callable[[str, Entry], bytes],
        sha: str | None = None,
        overlay: Mapping[str, bytes] | None = None,
        effort: Effort | None = None,
        absent: frozenset[str] = frozenset(),
    ) -> None:
        self.sha = sha
        self.absent = absent
        self.effort = effort or Effort()
        self._entries = entries
        self._read = read_blob
        self._overlay = dict(overlay or {})
        self._sorted: list[str] | None = None
        self._links: frozenset[str] | None = None
        self._children: dict[str, list[str]] | None = None
        self._seen: dict[tuple[object, str, str], Any] = {}

    @classmethod
    def of(cls, files: Mapping[str, bytes], sha: str | None = None) -> Tree:
        """A tree held in memory (tests, generated wrappers)."""
        entries = {p: Entry(MODE_FILE, blob_oid(b), len(b)) for p, b in files.items()}
        return cls(entries, lambda path, _entry: files[path], sha)

    def charged_to(self, effort: Effort) -> Tree:
        """The same tree, what is read of which is charged to `effort`."""
        tree = Tree({}, self._read)
        tree.share(self)
        tree.effort = effort
        return tree

    def share(self, other: Tree) -> None:
        """Be the same tree as another one."""
        self.sha, self.effort, self.absent = other.sha, other.effort, other.absent
        self._entries, self._read, self._overlay = other._entries, other._read, other._overlay
        self._sorted, self._children, self._seen = other._sorted, other._children, other._seen
        self._links = other._symlinks()

    def __len__(self) -> int:
        return len(self._entries)

    def __contains__(self, path: str) -> bool:
        return path in self._entries

    def paths(self) -> list[str]:
        """Every file path, sorted by code point."""
        return self._ordered()

    def _ordered(self) -> list[str]:
        if self._sorted is None:
            self._sorted = sorted(self._entries)
        return self._sorted

    def entry(self, path: str) -> Entry | None:
        return self._entries.get(path)

    def differing(self, other: Tree) -> frozenset[str]:
        """Paths of files that the two trees do not have alike (kind and content)."""
        if self._entries is other._entries:
            return frozenset()
        self.effort.step(len(self) + len(other))
        changed = {
            path
            for path, entry in self._entries.items()
            if (old := other._entries.get(path)) is None or (old.mode, old.oid) != (entry.mode, entry.oid)
        }
        return frozenset(changed.union(path for path in other._entries if path not in self._entries))

    def mode(self, path: str) -> int | None:
        """The mode of the file at `path`, None when there is none."""
        entry = self._entries.get(path)
        return entry.mode if entry is not None else None

    def changes_since(self, before: Tree) -> Changes:
        """What differs from another tree."""
        changed = self.differing(before)
        modified = frozenset(path for path in changed if path in self._entries and path in before._entries)
        return Changes(modified, changed - modified)

    def is_dir(self, path: str) -> bool:
        """Whether any file lies below `path` ('' is the root, always a directory)."""
        return path == "" or path in self._index()

    def list_dir(self, path: str) -> list[str]:
        """Names (not paths) of files and directories directly in `path`, sorted; empty when it is no directory."""
        return self._index().get(path, [])

    def walk(self, path: str) -> Iterator[str]:
        """Every file path below the directory `path`, sorted."""
        ordered = self._ordered()
        if path == "":
            for each in ordered:
                self.effort.step()
                yield each
            return
        prefix = path + "/"
        for i in range(bisect.bisect_left(ordered, prefix), len(ordered)):
            if not ordered[i].startswith(prefix):
                return
            self.effort.step()
            yield ordered[i]

    def read(self, path: str) -> bytes:
        """Bytes of the file at `path`, which must be a resolved path (see `resolve`).

        Raises `NoSuchFile` (a `KeyError`), `NotHere` for one that is `absent`, `TooLarge` above
        `MAX_FILE_BYTES`.
        """
        if path in self._overlay:
            self.effort.read(len(self._overlay[path]))
            return self._overlay[path]
        entry = self._entries.get(path)
        if entry is None:
            raise NoSuchFile(f"{path} does not exist")
        if path in self.absent:
            raise NotHere(path)
        if entry.size > MAX_FILE_BYTES:
            raise TooLarge(f"{path} has {entry.size:,} bytes; argofix reads files up to {MAX_FILE_BYTES:,}")
        data = self._read(path, entry)
        if len(data) > MAX_FILE_BYTES:
            raise TooLarge(f"{path} has {len(data):,} bytes; argofix reads files up to {MAX_FILE_BYTES:,}")
        self.effort.read(len(data))
        return data

    def present(self, path: str) -> bytes:
        """What `read` gives, and no bytes for a file that is not there: edits may make it."""
        return self.read(path) if path in self else b""

    def once(self, look: Callable[[str, bytes], T], path: str) -> T:
        """`look(path, content)` of a file, which is looked at once for as long as its content is the same: in this
        tree, its overlays and whoever is charged for it. Raises as `resolve` and `read` do."""
        resolved = self.resolve(path)
        entry = self._entries.get(resolved)
        key = (look, path, entry.oid if entry is not None else "")
        if key not in self._seen:
            self._seen[key] = look(path, self.read(resolved))
        found: T = self._seen[key]
        return found

    def size(self, path: str) -> int:
        """Bytes of the file at `path`, 0 when there is none. Read where only that tells; what is too large to be read
        counts as one byte more than may be."""
        entry = self._entries.get(path)
        if entry is None:
            return 0
        if entry.size >= 0:
            return entry.size
        try:
            return len(self.read(path))
        except TooLarge:
            return MAX_FILE_BYTES + 1

    def resolve(self, path: str) -> str:
        """Follow symlinks inside the repository, in every component.

        Gives the path of the file or directory that `path` names (which need not exist). Raises `PathEscapes` when
        the path or a link leaves the repository or links go in a circle, `PathTooLong` above `MAX_PATH_BYTES`.
        """
        return self.trace(path)[0]

    def trace(self, path: str) -> tuple[str, tuple[str, ...]]:
        """As `resolve`, and the paths of the symlinks that were followed on the way."""
        self.effort.step()
        clean = normalise(path)
        if clean.count("/") < MAX_PATH_STEPS and not self._crosses_link(clean):
            self.effort.step(clean.count("/") + 1)
            return clean, ()
        links: list[str] = []
        todo = clean.split("/")[::-1]  # the next part is the last
        done: list[str] = []
        steps = 0
        while todo:
            part = todo.pop()
            steps += 1
            if steps > MAX_PATH_STEPS:
                raise PathTooLong(f"{path} takes more than {MAX_PATH_STEPS:,} steps to follow")
            if part in ("", "."):
                continue
            if part == "..":
                if not done:
                    raise PathEscapes(f"{path} leaves the repository through a symlink")
                done.pop()
                continue
            done.append(part)
            here = "/".join(done)
            refuse_long(here)
            entry = self._entries.get(here)
            if entry is not None and entry.mode == MODE_SYMLINK:
                links.append(here)
                if len(links) > MAX_SYMLINK_HOPS:
                    raise PathEscapes(f"{path}: symlinks go in a circle")
                target = self.read(here).decode("utf-8", "surrogateescape")
                refuse_long(target)
                if target.startswith("/"):
                    raise PathEscapes(f"{here} is a symlink to {target}, outside the repository")
                done.pop()
                todo.extend(reversed(target.split("/")))
        self.effort.step(steps)
        return "/".join(done), tuple(dict.fromkeys(links))

    def _symlinks(self) -> frozenset[str]:
        if self._links is None:
            self._links = frozenset(path for path, entry in self._entries.items() if entry.mode == MODE_SYMLINK)
        return self._links

    def _crosses_link(self, path: str) -> bool:
        """Whether a symlink is among a path and the directories above it."""
        links = self._symlinks()
        return bool(links) and (path in links or any(each in links for each in above(path)))

    def overlay(self, changes: Mapping[str, bytes | None]) -> Tree:
        """A copy with these files replaced or added (bytes) or deleted (None). It has no commit SHA."""
        entries = dict(self._entries)
        data = dict(self._overlay)
        for path, content in changes.items():
            if content is None:
                entries.pop(path, None)
                data.pop(path, None)
                continue
            old = entries.get(path)
            entries[path] = Entry(old.mode if old else MODE_FILE, blob_oid(content), len(content))
            data[path] = content
        tree = Tree(entries, self._read, None, data, self.effort, self.absent - changes.keys())
        tree._seen = self._seen
        tree._links = self._symlinks() & entries.keys()
        gone = [path for path in changes if path in self._entries and path not in entries]
        if not gone and len(entries) == len(self._entries):
            tree._sorted, tree._children = self._sorted, self._children
        elif len(entries) == len(self._entries) - len(gone):
            tree._sorted = [path for path in self._sorted if path in entries] if self._sorted else None
            tree._children = _without(self._children, gone) if self._children else None
        return tree

    def _index(self) -> dict[str, list[str]]:
        if self._children is None:
            names: dict[str, set[str]] = {"": set()}
            for path in self._entries:
                child = path
                while True:
                    parent, _, name = child.rpartition("/")
                    known = parent in names
                    names.setdefault(parent, set()).add(name)
                    if known:
                        break
                    child = parent
            self._children = {parent: sorted(children) for parent, children in names.items()}
        return self._children


def above(path: str) -> Iterator[str]:
    """The directories that a path lies in, from the nearest to the root ('')."""
    while path:
        path = path.rpartition("/")[0]
        yield path


def _without(children: Mapping[str, list[str]], gone: Iterable[str]) -> dict[str, list[str]]:
    """The names in each directory without these files, and without the directories that are empty then."""
    left = dict(children)
    for path in gone:
        child = path
        while child:
            parent, _, name = child.rpartition("/")
            left[parent] = [each for each in left[parent] if each != name]
            if left[parent] or not parent:
                break
            del left[parent]
            child = parent
    return left
