"""A tree with files of others in it, so that what needs both is rendered from one.

What is not in the repository is put below `.git`, which no commit can hold, or where a tool would have put it that
fetches by itself. `MountedTree.whence` tells the two kinds of files apart again.
"""

from __future__ import annotations

import hashlib
import re
from bisect import insort
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from gitops.files.effort import Effort
from gitops.files.errors import NoSuchFile, PathEscapes
from gitops.files.tree import MODE_SYMLINK, Entry, Tree, normalise

T = TypeVar("T")

OUT_OF_SIGHT = ".git/argofix"


@dataclass(frozen=True, slots=True)
class Place:
    """Where files come from that are not this repository's. `name` is what people read: `chart redis 17.3.2 of
    https://charts.example.com`. `is_file`: it is one file and has no paths in it."""

    name: str
    is_file: bool = False

    def __str__(self) -> str:
        return self.name


def mount_point(*identity: str, below: str = "") -> str:
    """The directory for what is identified so, below the directory `below` and out of sight of whoever lists it."""
    short = hashlib.sha256("\0".join(identity).encode("utf-8", "surrogateescape")).hexdigest()[:16]
    return f"{below}/{OUT_OF_SIGHT}/{short}" if below else f"{OUT_OF_SIGHT}/{short}"


@dataclass(frozen=True, slots=True)
class _Mount:
    at: str
    tree: Tree
    place: Place | None
    listed: bool


class MountedTree(Tree):
    """The files of `base`, which are those of `place` (None for this repository), and of what is mounted.

    Links do not lead from one into the other. `sha` is that of the base.
    """

    __slots__ = ("_mounts", "_once", "base", "place")

    def __init__(self, base: Tree, place: Place | None = None) -> None:
        super().__init__({}, _nothing, base.sha, effort=base.effort)
        self.base, self.place = base, place
        self._mounts: list[_Mount] = []  # the deepest first
        self._once: dict[tuple[object, str, str], object] = {}

    @property
    def is_mixed(self) -> bool:
        """Whether there is anything in it that is not this repository's."""
        return self.place is not None or bool(self._mounts)

    def mount(self, at: str, tree: Tree, place: Place | None, *, listed: bool = False) -> None:
        """Put the files of `tree` at `at`, in the place of whatever is there. They are found by whoever names them,
        and only when they are `listed` by whoever lists what is there."""
        if not any(one.at == at for one in self._mounts):
            # One that is charged there already may note what is asked of it (`WatchedTree`), and goes on with that.
            charged = tree if tree.effort is self.effort else tree.charged_to(self.effort)
            insort(self._mounts, _Mount(at, charged, place, listed), key=lambda one: -len(one.at))

    def has(self, at: str) -> bool:
        return any(one.at == at for one in self._mounts)

    def whence(self, path: str) -> tuple[Place | None, str]:
        """Whose a file is (None: this repository's), and its path there."""
        mount = self._mount(path)
        return (self.place, path) if mount is None else (mount.place, path[len(mount.at) + 1 :])

    def where(self, text: str) -> str:
        """A text for people: with the paths of mounted files as they are where those come from."""
        for mount in self._mounts:
            if mount.at in text:
                text = _told(text, mount)
        return text

    def part_of(self, path: str) -> str:
        """The mount point that a path lies in, '' for the base."""
        mount = self._mount(path)
        return "" if mount is None else mount.at

    def _mount(self, path: str) -> _Mount | None:
        for one in self._mounts:
            if path.startswith(one.at) and (len(path) == len(one.at) or path[len(one.at)] == "/"):
                return one
        return None

    def _in(self, path: str) -> tuple[Tree, str]:
        mount = self._mount(path)
        return (self.base, path) if mount is None else (mount.tree, path[len(mount.at) + 1 :])

    def charged_to(self, effort: Effort) -> Tree:
        copy = MountedTree(self.base.charged_to(effort), self.place)
        copy._mounts = [_Mount(m.at, m.tree.charged_to(effort), m.place, m.listed) for m in self._mounts]
        return copy

    def __len__(self) -> int:
        return len(self.paths())

    def __contains__(self, path: str) -> bool:
        tree, inner = self._in(path)
        return inner in tree

    def paths(self) -> list[str]:
        return list(self.walk(""))

    def entry(self, path: str) -> Entry | None:
        tree, inner = self._in(path)
        return tree.entry(inner)

    def mode(self, path: str) -> int | None:
        tree, inner = self._in(path)
        return tree.mode(inner)

    def is_dir(self, path: str) -> bool:
        tree, inner = self._in(path)
        return tree.is_dir(inner) or any(one.at.startswith(f"{path}/") for one in self._mounts)

    def list_dir(self, path: str) -> list[str]:
        tree, inner = self._in(path)
        names = set(tree.list_dir(inner))
        inside = f"{path}/" if path else ""
        names.update(one.at[len(inside) :].partition("/")[0] for one in self._listed(inside))
        return sorted(names)

    def walk(self, path: str) -> Iterator[str]:
        mount = self._mount(path)
        tree, inner = self._in(path)
        start = "" if mount is None else f"{mount.at}/"
        found = (start + each for each in tree.walk(inner))
        mounted = list(self._listed(f"{path}/" if path else ""))
        if not mounted:
            yield from found
            return
        kept = {each for each in found if self._mount(each) is mount}
        for one in mounted:
            kept.update(f"{one.at}/{each}" for each in one.tree.walk(""))
        yield from sorted(kept)

    def _listed(self, inside: str) -> Iterator[_Mount]:
        return (one for one in self._mounts if one.listed and one.at.startswith(inside))

    def read(self, path: str) -> bytes:
        tree, inner = self._in(path)
        try:
            return tree.read(inner)
        except NoSuchFile:
            raise NoSuchFile(f"{path} does not exist") from None

    def size(self, path: str) -> int:
        tree, inner = self._in(path)
        return tree.size(inner)

    def once(self, look: Callable[[str, bytes], T], path: str) -> T:
        if self._mount(path) is None and self.place is None:
            return self.base.once(look, path)
        resolved = self.resolve(path)
        entry = self.entry(resolved)
        key = (look, path, entry.oid if entry is not None else "")
        if key not in self._once:
            self._once[key] = look(path, self.read(resolved))
        found: T = self._once[key]  # type: ignore[assignment]
        return found

    def trace(self, path: str) -> tuple[str, tuple[str, ...]]:
        path = normalise(path)
        mount = self._mount(path)
        if mount is None:
            resolved, links = self.base.trace(path)
            start, place = "", self.place
        else:
            try:
                inner, links = mount.tree.trace(path[len(mount.at) + 1 :])
            except PathEscapes as error:
                raise PathEscapes(f"{mount.place or 'this repository'}: {error}") from None
            start, place = f"{mount.at}/", mount.place
            resolved = f"{start}{inner}" if inner else mount.at
        ahead = self._mount(resolved)
        if links and ahead is not mount and (ahead is None or not ahead.listed):
            raise PathEscapes(f"{links[-1]} is a symlink that leads out of {place or 'the repository'}")
        return resolved, tuple(start + link for link in links)

    def leads_astray(self, path: str) -> bool:
        """Whether a link leads to files that were put here for something else: a renderer would follow it."""
        if self.mode(path) != MODE_SYMLINK:
            return False
        try:
            self.trace(path)
        except PathEscapes:
            return OUT_OF_SIGHT in self.read(path).decode("utf-8", "surrogateescape") or self._mount(path) is not None
        return False


def _told(text: str, mount: _Mount) -> str:
    whole, place = re.escape(mount.at), mount.place
    if place is not None and place.is_file:
        return re.sub(rf"{whole}(?:/[^/\s'\"`:,]*)?", lambda _: place.name, text)
    inside = "" if place is None else f"{place} in "
    text = re.sub(rf"{whole}/(?=[^\s'\"`])", lambda _: inside, text)
    return re.sub(rf"{whole}/?", lambda _: str(place or "this repository"), text)


def _nothing(path: str, _entry: Entry) -> bytes:
    raise NoSuchFile(f"{path} does not exist")
