"""Where the submodules of a repository come from.

Source: git's documentation of .gitmodules; a URL that begins with ./ or ../ is relative to that of the repository.
"""

from __future__ import annotations

import configparser
import posixpath
from collections.abc import Mapping
from urllib.parse import urlsplit, urlunsplit

from gitops.files.errors import GitopsError
from gitops.files.tree import MODE_SUBMODULE, Tree

_FILE = ".gitmodules"


class UnreadableModules(GitopsError):
    """A .gitmodules that git does not understand either."""


def submodules(tree: Tree, url: str) -> Mapping[str, tuple[str, str]]:
    """Path -> URL and commit of each submodule that .gitmodules names; others are empty directories in a clone, too.
    `url` is the repository's. Raises `UnreadableModules`."""
    links = {path: entry.oid for path in tree.paths() if (entry := tree.entry(path)) and entry.mode == MODE_SUBMODULE}
    if not links or _FILE not in tree:
        return {}
    parser = configparser.RawConfigParser(strict=False, allow_no_value=True, delimiters=("=",))
    try:
        text = tree.read(_FILE).decode("utf-8", "replace")
        parser.read_string("\n".join(line.strip() for line in text.splitlines()))
    except configparser.Error:
        raise UnreadableModules(f"the .gitmodules of {url} cannot be read") from None
    found: dict[str, tuple[str, str]] = {}
    for section in parser.sections():
        path, where = parser.get(section, "path", fallback=None), parser.get(section, "url", fallback=None)
        if path and where and path in links:
            found[path] = (_absolute(url, where.strip('"')), links[path])
    return found


def _absolute(base: str, url: str) -> str:
    if not url.startswith(("./", "../")):
        return url
    parts = urlsplit(base)
    return urlunsplit((parts.scheme, parts.netloc, posixpath.normpath(posixpath.join(parts.path, url)), "", ""))
