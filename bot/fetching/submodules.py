"""A tree with those of its submodules in it, as a clone with `--recurse-submodules` has them."""

from __future__ import annotations

import configparser
import posixpath
from collections.abc import Callable, Mapping
from urllib.parse import urlsplit, urlunsplit

from bot.fetching.faults import Unfetched
from bot.repositories.git import GitError
from gitops.files.tree import MODE_SUBMODULE, Entry, Tree

MOST = 30  # submodules of one tree
DEPTH = 4


def wanted_by(tree: Tree, url: str) -> Mapping[str, tuple[str, str]]:
    """Path -> URL and commit of each submodule that .gitmodules names; others are empty directories in a clone, too.
    `url` is the repository's. Raises `Unfetched`."""
    links = {path: entry.oid for path in tree.paths() if (entry := tree.entry(path)) and entry.mode == MODE_SUBMODULE}
    if not links or ".gitmodules" not in tree:
        return {}
    parser = configparser.RawConfigParser(strict=False, allow_no_value=True, delimiters=("=",))
    try:
        text = tree.read(".gitmodules").decode("utf-8", "replace")
        parser.read_string("\n".join(line.strip() for line in text.splitlines()))
    except configparser.Error:
        raise Unfetched(f"the .gitmodules of {url} cannot be read") from None
    found: dict[str, tuple[str, str]] = {}
    for section in parser.sections():
        path, where = parser.get(section, "path", fallback=None), parser.get(section, "url", fallback=None)
        if path and where and path in links:
            found[path] = (_absolute(url, where.strip('"')), links[path])
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


def _absolute(base: str, url: str) -> str:
    """Source: git's documentation of .gitmodules: one that begins with ./ or ../ is relative to the repository."""
    if not url.startswith(("./", "../")):
        return url
    parts = urlsplit(base)
    return urlunsplit((parts.scheme, parts.netloc, posixpath.normpath(posixpath.join(parts.path, url)), "", ""))
