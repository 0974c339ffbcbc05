"""A tree with those of its submodules in it, as a clone with `--recurse-submodules` has them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from bot.fetching.faults import Unfetched
from bot.repositories.git import GitError
from gitops.files.tree import Entry, Tree
from gitops.outside.submodules import UnreadableModules, submodules

MOST = 30  # submodules of one tree
DEPTH = 4


def wanted_by(tree: Tree, url: str) -> Mapping[str, tuple[str, str]]:
    """Path -> URL and commit of each submodule that .gitmodules names; others are empty directories in a clone, too.
    `url` is the repository's. Raises `Unfetched`."""
    try:
        found = submodules(tree, url)
    except UnreadableModules as error:
        raise Unfetched(str(error)) from None
    if len(found) > MOST:
        raise Unfetched(f"{url} has more than {MOST} submodules")
    return found


def whole(tree: Tree, below: Mapping[str, Tree], failed: Callable[[Exception], Exception]) -> Tree:
    """The files of a tree, and those of its submodules (by path) below them. What reading one raises of git's errors
    is raised as what `failed` makes of it."""
    entries: dict[str, Entry] = {}
    owners: dict[str, tuple[Tree, str]] = {}
    for path in tree.paths():
        entry = tree.entry(path)
        if entry is not None and path not in below:
            entries[path], owners[path] = entry, (tree, path)
    for at, inner in below.items():
        for path in inner.paths():
            entry = inner.entry(path)
            if entry is not None:
                entries[f"{at}/{path}"], owners[f"{at}/{path}"] = entry, (inner, path)

    def read(path: str, _entry: Entry) -> bytes:
        owner, inside = owners[path]
        try:
            return owner.read(inside)
        except (GitError, Unfetched) as error:
            raise failed(error) from error

    return Tree(entries, read, None if below else tree.sha)
