"""Collecting the files that something may read, with what links lead to and the charts that charts depend on.

What is collected may be more than is read (a pattern of values files is taken a little wide), never less: the engine
itself decides by Argo CD's rules which of them count.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Mapping
from typing import Any

from gitops.files.documents import read_documents
from gitops.files.errors import GitopsError
from gitops.files.tree import MODE_SUBMODULE, MODE_SYMLINK, Tree, normalise

GLOB = re.compile(r"[*?\[{]")
_LOCAL = "file://"
_DEPENDENCIES = ("Chart.yaml", "requirements.yaml")
MAX_STARS = 6  # of a pattern; what stands behind more of them is taken for anything
MAX_CHARTS = 100  # that lie beside each other and name each other by `file://`


class ReadFiles:
    """Collects `paths`: files and links, each with what it leads to."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self.paths: set[str] = set()

    def directory(self, path: str) -> None:
        """Everything below a directory."""
        for file in self._tree.walk(path):
            self._take(file)

    def file(self, path: str) -> None:
        """One file, through links; nothing where it does not exist."""
        try:
            resolved, links = self._tree.trace(path)
        except GitopsError:
            self._links_of(path)
            return
        self.paths.update(links)
        self._take(resolved)

    def matching(self, pattern: str) -> None:
        """What a pattern of value files may stand for (doublestar: `**` crosses directories)."""
        fixed = GLOB.split(pattern, maxsplit=1)[0]
        expression = re.compile(_wide(pattern), re.DOTALL)
        for file in self._tree.walk(fixed.rpartition("/")[0]):
            if expression.fullmatch(file):
                self._take(file)

    def chart(self, path: str) -> None:
        """A chart, and the charts of the repository that it depends on by `file://`."""
        pending, seen = [path], {path}
        while pending and len(seen) <= MAX_CHARTS:
            here = pending.pop()
            self.directory(here)
            for other in self._local(here):
                if other not in seen:
                    seen.add(other)
                    pending.append(other)

    def _local(self, path: str) -> Iterable[str]:
        for name in _DEPENDENCIES:
            file = posixpath.join(path, name)
            try:
                documents = read_documents(file, self._tree.read(self._tree.resolve(file)))
            except GitopsError:
                continue
            value: Any = documents[0].value() if documents else None
            listed = value.get("dependencies") if isinstance(value, Mapping) else None
            for each in listed if isinstance(listed, list) else ():
                where = each.get("repository") if isinstance(each, Mapping) else None
                if not isinstance(where, str) or not where.startswith(_LOCAL):
                    continue
                try:
                    found = normalise(posixpath.join(path, where.removeprefix(_LOCAL)))
                except GitopsError:
                    continue
                if self._tree.is_dir(found):
                    yield found

    def _take(self, path: str) -> None:
        entry = self._tree.entry(path)  # noted as read, so that a file that appears is noticed
        if entry is None or entry.mode == MODE_SUBMODULE or path in self.paths:
            return
        self.paths.add(path)
        if entry.mode != MODE_SYMLINK:
            return
        try:
            resolved, links = self._tree.trace(path)
        except GitopsError:
            return  # the engine says that it leads nowhere
        self.paths.update(links)
        if self._tree.is_dir(resolved):
            if not path.startswith(f"{resolved}/"):
                self.directory(resolved)
        else:
            self._take(resolved)

    def _links_of(self, path: str) -> None:
        """Of a path that leads out of the repository, the link itself."""
        if self._tree.mode(path) == MODE_SYMLINK:
            self.paths.add(path)


def _wide(pattern: str) -> str:
    """A regular expression that matches at least what the pattern does."""
    made, at = "", 0
    while at < len(pattern):
        char = pattern[at]
        if char == "*" and pattern[:at].count("*") > MAX_STARS:
            return made + ".*"
        if pattern.startswith("**", at):
            made, at = made + ".*", at + 2
            if pattern.startswith("/", at):
                at += 1
            continue
        if char == "*":
            made += "[^/]*"
        elif char == "?":
            made += "[^/]"
        elif char in "[{\\":
            return made + ".*"  # classes and alternatives: whatever begins alike
        else:
            made += re.escape(char)
        at += 1
    return made
