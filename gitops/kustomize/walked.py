"""Walks that were made in other trees, taken again where every file of theirs is still the same."""

from __future__ import annotations

from collections.abc import MutableMapping
from dataclasses import dataclass

from gitops.files.errors import GitopsError
from gitops.files.tree import Entry, Tree
from gitops.kustomize.closure import Closure, ParseMemo, kustomization_file
from gitops.kustomize.kustomization import Reference
from gitops.kustomize.walk import walk
from gitops.outside.borrowed import Borrowed


@dataclass(slots=True)
class _Walked:
    closure: Closure
    entries: dict[str, Entry | None]

    @property
    def size(self) -> int:
        """About how many bytes it takes."""
        chains = sum(len(chains) for chains in self.closure.chains.values())
        return 2_000 + 400 * len(self.entries) + 200 * chains


ClosureMemo = MutableMapping[tuple[str, tuple[Reference, ...], bool], _Walked]


def walk_known(
    tree: Tree,
    root: str,
    memo: ParseMemo,
    closures: ClosureMemo,
    added: tuple[Reference, ...] = (),
    charts: bool = False,
    borrowed: Borrowed | None = None,
) -> Closure:
    """As `walk`, but a closure from another tree is taken when every file it read is still the same.

    Only closures without problems are kept: what was missing there may be here. A kustomization file that has come in
    beside another one is looked for; nothing else that is new can change where an entry leads.
    """
    key = (root, added, charts)
    known = closures.get(key)
    if known is not None and all(tree.entry(path) == entry for path, entry in known.entries.items()):
        try:
            if all(
                kustomization_file(tree, file.rpartition("/")[0]) == file for file in known.closure.kustomizations
            ):
                return known.closure
        except GitopsError:
            pass
    closure = walk(tree, root, memo, added, charts, borrowed)
    if closure.is_the_same_everywhere:
        closures[key] = _Walked(closure, {path: tree.entry(path) for path in closure.files})
    return closure
