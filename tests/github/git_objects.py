"""Objects of a bare repository, read and written as git keeps them (gitformat-loose-object), without a process each.

What is written here is what git would write; what is not as simple as this module knows it raises `Unknown`, and git
is asked instead. Only loose objects are read: git packs what is pushed in larger numbers.
"""

from __future__ import annotations

import hashlib
import os
import re
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

MOST = 20_000  # entries that are compared; trees that hold each other hold more than anybody counts

_SHA = re.compile(r"[0-9a-f]{40}")
# Names that git takes as they are, and takes on every system.
_PLAIN_NAME = re.compile(r"(?!\.git([ .]*$|modules)|git~)[^/\\\0:~]+", re.IGNORECASE)
_CRUD = ".,:;<>\"\\'"  # what git takes off both ends of a name, with all that is not printed
_PERSON = re.compile(rb"(?P<name>[^<>\n]*) <(?P<email>[^<>\n]*)> (?P<time>\d+) (?P<sign>[+-])(?P<h>\d\d)(?P<m>\d\d)")
_UTC = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
_KINDS = {"040000": "tree", "160000": "commit"}


class Unknown(Exception):
    """Not as simple as this module knows it: git has the answer."""


@dataclass(frozen=True, slots=True)
class Signature:
    name: str
    email: str
    date: str


@dataclass(frozen=True, slots=True)
class Item:
    """What a tree has under a name."""

    mode: str
    sha: str

    @property
    def kind(self) -> str:
        return _KINDS.get(self.mode, "blob")


@dataclass(frozen=True, slots=True)
class CommitData:
    sha: str
    tree: str
    parents: tuple[str, ...]
    author: Signature
    committer: Signature
    message: str


Changes = Mapping[str, Item | None]


@dataclass(slots=True)
class Objects:
    """Those below the `objects` directory of a bare repository, and of the repositories that it borrows from."""

    path: Path
    _read: dict[str, tuple[str, bytes]] = field(default_factory=dict, repr=False)

    def get(self, sha: str) -> tuple[str, bytes]:
        """Kind and content."""
        known = self._read.get(sha)
        if known is None:
            if not _SHA.fullmatch(sha):
                raise Unknown
            known = self._read[sha] = self._loose(sha)
        return known

    def _loose(self, sha: str) -> tuple[str, bytes]:
        for place in self._places():
            try:
                whole = zlib.decompress((place / sha[:2] / sha[2:]).read_bytes())
            except FileNotFoundError:
                continue
            header, _, data = whole.partition(b"\0")
            return header.split()[0].decode(), data
        raise Unknown

    def _places(self) -> Iterator[Path]:
        own = self.path / "objects"
        yield own
        borrowed = own / "info" / "alternates"
        if borrowed.exists():
            yield from map(Path, borrowed.read_text().splitlines())

    def write(self, kind: str, data: bytes) -> str:
        whole = b"%s %d\0" % (kind.encode(), len(data)) + data
        sha = hashlib.sha1(whole, usedforsecurity=False).hexdigest()
        target = self.path / "objects" / sha[:2] / sha[2:]
        if sha not in self._read or not target.exists():
            target.parent.mkdir(exist_ok=True)
            part = target.with_suffix(".part")
            part.write_bytes(zlib.compress(whole, 1))
            part.replace(target)
            self._read[sha] = kind, data
        return sha

    def kind(self, sha: str) -> str:
        return self.get(sha)[0]

    # Trees

    def items(self, tree: str) -> dict[str, Item]:
        """What is directly in a tree, in git's order."""
        kind, data = self.get(tree)
        if kind != "tree":
            raise Unknown
        found, at = {}, 0
        while at < len(data):
            space, end = data.index(b" ", at), data.index(b"\0", at)
            name, mode = os.fsdecode(data[space + 1 : end]), data[at:space].decode().zfill(6)
            found[name] = Item(mode, data[end + 1 : end + 21].hex())
            at = end + 21
        return found

    def tree_of(self, treeish: str) -> str:
        """The tree of a commit, or a tree itself."""
        return treeish if self.kind(treeish) == "tree" else self.commit_data(treeish).tree

    def at(self, treeish: str, path: str) -> Item | None:
        """What lies at a path below a tree."""
        item = Item("040000", self.tree_of(treeish))
        for name in path.split("/"):
            inner = self.items(item.sha).get(name) if item.kind == "tree" else None
            if inner is None:
                return None
            item = inner
        return item

    def changes(self, before: str | None, after: str | None) -> dict[str, tuple[Item | None, Item | None]]:
        """Path -> what was there and what is there, of all files in which two trees differ, in git's order."""
        found: dict[str, tuple[Item | None, Item | None]] = {}
        left = [("", before, after)]
        while left:
            prefix, old_tree, new_tree = left.pop()
            old, new = (self.items(tree) if tree else {} for tree in (old_tree, new_tree))
            for name in old.keys() | new.keys():
                pair = old.get(name), new.get(name)
                if pair[0] == pair[1]:
                    continue
                trees = [item.sha if item and item.kind == "tree" else None for item in pair]
                files = [item if item and item.kind != "tree" else None for item in pair]
                if any(trees):
                    left.append((f"{prefix}{name}/", trees[0], trees[1]))
                if any(files):
                    found[prefix + name] = files[0], files[1]
                if len(found) + len(left) > MOST:
                    raise Unknown
        return {path: found[path] for path in sorted(found, key=os.fsencode)}

    def edited(self, tree: str | None, changes: Changes) -> str:
        """A tree with files put at paths or taken away from them (None)."""
        return self._edited(tree, changes) or self.write("tree", b"")

    def _edited(self, tree: str | None, changes: Changes) -> str | None:
        items = self.items(tree) if tree else {}
        below: dict[str, dict[str, Item | None]] = {}
        for path, item in changes.items():
            name, slash, rest = path.partition("/")
            if not _PLAIN_NAME.fullmatch(name) or name in (".", ".."):
                raise Unknown
            there = items.get(name)
            if slash:
                below.setdefault(name, {})[rest] = item
            elif item is None:
                if there is not None and there.kind != "tree":
                    del items[name]
            elif there is not None and there.kind == "tree":
                raise Unknown
            else:
                items[name] = item
        for name, inner in below.items():
            there = items.get(name)
            if there is not None and there.kind != "tree":
                raise Unknown
            made = self._edited(there.sha if there else None, inner)
            items.pop(name, None)
            if made is not None:
                items[name] = Item("040000", made)
        if not items:
            return None
        order = sorted(items, key=lambda name: os.fsencode(name) + b"/" * (items[name].kind == "tree"))
        rows = (
            items[name].mode.lstrip("0").encode() + b" " + os.fsencode(name) + b"\0" + bytes.fromhex(items[name].sha)
            for name in order
        )
        return self.write("tree", b"".join(rows))

    # Commits

    def commit(self, tree: str, parents: Iterable[str], message: str, author: Signature, committer: Signature) -> str:
        above = list(parents)
        if self.kind(tree) != "tree" or any(self.kind(parent) != "commit" for parent in above):
            raise Unknown
        if "\0" in message or len(set(above)) < len(above):
            raise Unknown
        lines = [f"tree {tree}", *(f"parent {parent}" for parent in above)]
        lines += [f"author {_person(author)}", f"committer {_person(committer)}"]
        return self.write("commit", "\n".join([*lines, "", message]).encode())

    def commit_data(self, sha: str) -> CommitData:
        kind, data = self.get(sha)
        if kind != "commit":
            raise Unknown
        head, _, message = data.partition(b"\n\n")
        fields: dict[bytes, list[bytes]] = {}
        for line in head.split(b"\n"):
            name, _, value = line.partition(b" ")
            fields.setdefault(name, []).append(value)
        if fields.keys() - {b"tree", b"parent", b"author", b"committer"}:
            raise Unknown  # signed, or in an encoding of its own
        return CommitData(
            sha,
            fields[b"tree"][0].decode(),
            tuple(parent.decode() for parent in fields.get(b"parent", ())),
            _signature(fields[b"author"][0]),
            _signature(fields[b"committer"][0]),
            message.decode(errors="replace").rstrip("\n"),
        )

    def history(self, commit: str) -> set[str]:
        """A commit and all before it."""
        seen, left = {commit}, [commit]
        while left:
            fresh = [parent for parent in self.commit_data(left.pop()).parents if parent not in seen]
            seen.update(fresh)
            left += fresh
        return seen

    def line(self, commit: str, until: str | None, most: int) -> list[CommitData]:
        """What a commit has that another one has not, the newest first, where no merge is among it."""
        known, found = self.history(until) if until else set(), list[CommitData]()
        while commit not in known and len(found) < most:
            data = self.commit_data(commit)
            found.append(data)
            if not data.parents:
                break
            if len(data.parents) > 1 and len(found) < most:
                raise Unknown
            commit = data.parents[0]
        return found

    def merge_base(self, left: str, right: str) -> str | None:
        common = self.history(left) & self.history(right)
        best = common - {parent for one in common for parent in self.commit_data(one).parents}
        if len(best) > 1:
            raise Unknown
        return next(iter(best), None)

    def merged(self, left: str, right: str) -> str:
        """The tree of a merge in which the sides change different files and take none away: nothing can have been
        renamed then, and nothing conflicts."""
        base = self.merge_base(left, right)
        if base is None:
            raise Unknown
        root, ours, theirs = (self.commit_data(commit).tree for commit in (base, left, right))
        if base == left:
            return theirs
        if base == right:
            return ours
        sides = [self.changes(root, side) for side in (ours, theirs)]
        if sides[0].keys() & sides[1].keys() or any(new is None for side in sides for _, new in side.values()):
            raise Unknown
        return self.edited(ours, {path: new for path, (_, new) in sides[1].items()})


def _person(of: Signature) -> str:
    """As git writes it, where it would leave out nothing of it."""
    for text in (of.name, of.email):
        if not text.isprintable() or not text or text != text.strip(_CRUD + " ") or "<" in text or ">" in text:
            raise Unknown
    if not _UTC.fullmatch(of.date):
        raise Unknown
    return f"{of.name} <{of.email}> {int(datetime.fromisoformat(of.date).timestamp())} +0000"


def _signature(value: bytes) -> Signature:
    found = _PERSON.fullmatch(value)
    if found is None:
        raise Unknown
    minutes = int(found["h"]) * 60 + int(found["m"])
    zone = timezone(timedelta(minutes=-minutes if found["sign"] == b"-" else minutes)) if minutes else UTC
    date = datetime.fromtimestamp(int(found["time"]), zone).isoformat()
    return Signature(found["name"].decode(errors="replace"), found["email"].decode(errors="replace"), utc(date))


def utc(date: str) -> str:
    """git's ISO date as GitHub writes it. Commits made here carry UTC; others keep their offset."""
    return date.removesuffix("+00:00") + "Z" if date.endswith("+00:00") else date
