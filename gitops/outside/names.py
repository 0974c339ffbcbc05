"""What people read of a thing that is outside."""

from __future__ import annotations

import re

from gitops.outside.found import ChartFound, FileFound, RepositoryFound
from gitops.outside.mounts import Place
from gitops.outside.wanted import ChartWanted, FileWanted, RepositoryWanted

_USER = re.compile(r"(?<=://)[^/@\s]*@")
_COMMIT = re.compile(r"[0-9a-f]{40}")


def shown(url: str) -> str:
    """An address without the credentials that may stand in it, in front of the host or behind a question mark."""
    return _USER.sub("", url).partition("?")[0]


def named(wanted: RepositoryWanted | ChartWanted | FileWanted) -> str:
    """What is wanted, as it is written."""
    match wanted:
        case RepositoryWanted():
            return f"{shown(wanted.url)} at {_revision(wanted.revision)}"
        case ChartWanted():
            return f"chart {f'{wanted.name} {wanted.version}'.strip()} of {shown(wanted.repository)}"
    return shown(wanted.url)


def repository_place(wanted: RepositoryWanted, found: RepositoryFound) -> Place:
    revision = wanted.revision
    if _COMMIT.fullmatch(revision):
        return Place(f"{shown(wanted.url)} at {revision[:12]}")
    return Place(f"{shown(wanted.url)} at {_revision(revision)} ({found.commit[:7]})")


def chart_place(wanted: ChartWanted, found: ChartFound) -> Place:
    return Place(f"chart {found.name} {found.version} of {shown(wanted.repository)}")


def file_place(wanted: FileWanted, _found: FileFound) -> Place:
    return Place(shown(wanted.url), is_file=True)


def _revision(revision: str) -> str:
    return f"`{revision}`" if revision not in ("", "HEAD") else "its default branch"
