"""What answers were read from, so that it is known of a later tree which of them are still the same."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from gitops.files.tree import Changes, Entry, Tree, above

T = TypeVar("T")

Readers = dict[str, list[str]]  # by path, who asked


@dataclass(frozen=True, slots=True)
class Reads:
    """Who asked what of a tree, by path: for the content of a file, whether there is a file, whether there is a
    directory, what a directory holds (at any depth)."""

    content: Readers = field(default_factory=dict)
    files: Readers = field(default_factory=dict)
    directories: Readers = field(default_factory=dict)
    listings: Readers = field(default_factory=dict)

    def touched_by(self, changes: Changes, before: Tree, after: Tree) -> set[str]:
        """Who would be answered otherwise in `after`, which differs from `before` by `changes`. Links are none of
        them: those lead everybody elsewhere."""
        touched: set[str] = set()
        for path in changes.modified:
            touched.update(self.content.get(path, ()))
        for path in changes.one_sided:
            touched.update(self.content.get(path, ()), self.files.get(path, ()))
            for directory in above(path):
                touched.update(self.listings.get(directory, ()))
                asked = self.directories.get(directory)
                if asked and before.is_dir(directory) != after.is_dir(directory):
                    touched.update(asked)
        return touched

    def of(self, readers: Collection[str]) -> Reads:
        """Those of these readers."""
        kinds = (self.content, self.files, self.directories, self.listings)
        return Reads(*(_of(kind, readers) for kind in kinds))

    def also(self, later: Reads) -> Reads:
        """With what was asked later."""
        return Reads(
            _both(self.content, later.content),
            _both(self.files, later.files),
            _both(self.directories, later.directories),
            _both(self.listings, later.listings),
        )


def _of(known: Readers, readers: Collection[str]) -> Readers:
    found = ((path, [each for each in asked if each in readers]) for path, asked in known.items())
    return {path: asked for path, asked in found if asked}


def _both(known: Readers, later: Mapping[str, list[str]]) -> Readers:
    both = dict(known)
    for path, readers in later.items():
        had = both.get(path)
        both[path] = readers if had is None else [*had, *(each for each in readers if each not in had)]
    return both


class WatchedTree(Tree):
    """The same tree, which notes in `reads` what `reader` asks."""

    __slots__ = ("reader", "reads")

    def __init__(self, tree: Tree) -> None:
        tree.list_dir("")  # what is worked out from the paths is shared
        self.share(tree)
        self.reads = Reads()
        self.reader = ""

    def _note(self, where: Readers, path: str) -> None:
        readers = where.get(path)
        if readers is None:
            where[path] = [self.reader]
        elif readers[-1] != self.reader:
            readers.append(self.reader)

    def __contains__(self, path: str) -> bool:
        self._note(self.reads.files, path)
        return super().__contains__(path)

    def __len__(self) -> int:
        self._note(self.reads.listings, "")
        return super().__len__()

    def mode(self, path: str) -> int | None:
        self._note(self.reads.files, path)
        return super().mode(path)

    def entry(self, path: str) -> Entry | None:
        self._note(self.reads.content, path)
        return super().entry(path)

    def read(self, path: str) -> bytes:
        self._note(self.reads.content, path)
        return super().read(path)

    def size(self, path: str) -> int:
        self._note(self.reads.content, path)
        return super().size(path)

    def once(self, look: Callable[[str, bytes], T], path: str) -> T:
        self._note(self.reads.content, self.resolve(path))
        return super().once(look, path)

    def is_dir(self, path: str) -> bool:
        self._note(self.reads.directories, path)
        return super().is_dir(path)

    def list_dir(self, path: str) -> list[str]:
        self._note(self.reads.listings, path)
        return super().list_dir(path)

    def walk(self, path: str) -> Iterator[str]:
        self._note(self.reads.listings, path)
        return super().walk(path)

    def paths(self) -> list[str]:
        self._note(self.reads.listings, "")
        return super().paths()
