"""What the git generators of an ApplicationSet read, where nobody knows all that its generators make.

A generator in a matrix may have placeholders for what another one gives in its own patterns. These stand for any one
name here, so that more is taken for read than is, and nothing that is read is passed over.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any

from gitops.applications.repositories import identity_of
from gitops.applicationsets import globs
from gitops.applicationsets.git_generator import Repository, Settings, directory_params, file_params, prefix_of
from gitops.applicationsets.parameters import Dialect, Params, flattened
from gitops.applicationsets.problems import CannotExpand
from gitops.facts.secrets.pods import mapping, sequence
from gitops.files.tree import Tree
from gitops.resources.manifests import text_of

PLACEHOLDER = re.compile(r"\{\{-?\s*(.*?)\s*-?\}\}")
_WORD = re.compile(r"[A-Za-z_][\w.-]*")
_MOST_DEPTH = 8  # generators in generators; Argo CD takes two


def generators(spec: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Those of a set, and those in them."""
    todo = [(0, spec.get("generators"))]
    while todo:
        depth, listed = todo.pop()
        for generator in map(mapping, sequence(listed) if depth < _MOST_DEPTH else []):
            yield generator
            todo += [(depth + 1, mapping(body).get("generators")) for body in generator.values()]


def may_be_here(url: str, here: Set[str]) -> bool:
    """Whether an address may mean this repository once its placeholders are filled in; its addresses are `here`
    (`identity_of`; none is any)."""
    return "{{" in url or not here or identity_of(url) in here


def entries_of(listed: object) -> list[dict[str, Any]]:
    """The entries of `directories` or `files`, a placeholder as a pattern for any one name."""
    found: list[dict[str, Any]] = []
    for entry in map(mapping, sequence(listed)):
        path = text_of(entry.get("path"))
        if "{{" not in path:
            found.append({"path": path, "exclude": entry.get("exclude") is True})
        elif entry.get("exclude") is not True:  # what it keeps out nobody knows
            found.append({"path": PLACEHOLDER.sub("*", path), "exclude": False})
    return found


def is_listed(path: str, listed: object, match: Any) -> bool:
    """Whether entries of a generator take a path."""
    taken = barred = False
    for entry in entries_of(listed):
        try:
            hit = match(entry["path"], path)
        except globs.BadPattern:
            continue
        if entry["exclude"]:
            barred |= hit
        else:
            taken |= hit
    return taken and not barred


def git_generators(manifest: Any, here: Set[str]) -> Iterator[Mapping[str, Any]]:
    """The git generators of a set that read this repository."""
    for generator in generators(mapping(mapping(manifest).get("spec"))):
        body = mapping(generator.get("git"))
        if body and may_be_here(text_of(body.get("repoURL")), here):
            yield body


def words_of(text: str) -> frozenset[str]:
    """The names of what a template's text is made of."""
    return frozenset(name for found in PLACEHOLDER.findall(text) for name in _WORD.findall(found))


@dataclass(frozen=True, slots=True)
class Data:
    """What generators read in one tree. What was read once is remembered."""

    repository: Repository

    @classmethod
    def of(cls, tree: Tree) -> Data:
        return cls(Repository(tree, Settings()))

    def values(self, manifest: Any, here: Set[str]) -> dict[str, list[str]]:
        """What placeholders stand for, by their names, as far as git generators give it."""
        found: dict[str, dict[str, None]] = {}
        spec = mapping(mapping(manifest).get("spec"))
        dialect = Dialect(spec.get("goTemplate") is True)
        for body in git_generators(manifest, here):
            for params in self._params(dict(body), dialect):
                for name, value in flattened(params).items():
                    found.setdefault(name, {})[value.strip("/")] = None
        return {name: [each for each in values if "{{" not in each] for name, values in found.items()}

    def _params(self, body: dict[str, Any], dialect: Dialect) -> Iterator[Params]:
        try:
            prefix = prefix_of(body)
            for directory in self.repository.directories(entries_of(body.get("directories"))):
                yield directory_params(directory.path, prefix, dialect)
            for file in self.repository.files(entries_of(body.get("files"))):
                for content in self.contents(file.path):
                    yield file_params(file.path, content, prefix, dialect)
        except CannotExpand:
            return

    def contents(self, path: str) -> Sequence[Params]:
        """The objects of a data file; none where it cannot be read."""
        try:
            return self.repository.parameters(path)
        except CannotExpand:
            return []

    def named_by(self, path: str, words: Set[str]) -> set[tuple[tuple[str, str], ...]]:
        """Of each object of a data file what these words stand for in it."""
        return {
            tuple(sorted((name, value) for name, value in flattened(content).items() if name in words))
            for content in self.contents(path)
        }
