"""`exclude` of the configuration: paths of files that nobody deploys, in the patterns of `.gitignore`."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from gitops.applicationsets import globs


def problem_of(pattern: str) -> str | None:
    """What is wrong with a pattern, None when it can be used."""
    if pattern.startswith("!"):
        return "takes nothing back in; leave the `!` pattern out"
    if not pattern.strip("/ ."):
        return "names everything"
    try:
        globs.doublestar_match(_rooted(pattern), "")
    except globs.BadPattern:
        return "is no pattern"
    return None


def excluding(patterns: Iterable[str], path: str) -> str | None:
    """The first pattern that names `path` or a directory above it; None when none does.

    `*` stops at a slash and `**` does not. A pattern without a slash names files and directories of that name
    anywhere; one with a slash begins at the top of the repository.
    """
    return next((pattern for pattern in patterns if _names(pattern, path)), None)


def _rooted(pattern: str) -> str:
    bare = pattern.removeprefix("./").rstrip("/")
    return bare.lstrip("/") if "/" in bare else f"**/{bare}"


@lru_cache(maxsize=20_000)
def _names(pattern: str, path: str) -> bool:
    wanted = _rooted(pattern)
    parts = path.split("/")
    return any(globs.doublestar_match(wanted, "/".join(parts[:depth])) for depth in range(1, len(parts) + 1))
