"""What is told of other repositories and charts that were read: what a branch or a range stands for today."""

from __future__ import annotations

from typing import Any

from checks.wording import listed
from gitops.applications.revisions import is_pinned
from gitops.discovery.snapshot import Snapshot
from gitops.outside.answers import Asked
from gitops.outside.names import shown
from gitops.outside.wanted import ChartWanted, FileWanted, RepositoryWanted

_SHOWN = 6


def floating(snapshot: Snapshot, most: int = _SHOWN) -> str:
    """One sentence; empty where everything is pinned. What is missing stands with whoever needs it."""
    told = dict.fromkeys(text for one in snapshot.outside if one.missing is None and (text := _today(one)))
    return f"Read elsewhere, as it is now: {listed(sorted(told), most)}." if told else ""


def _today(asked: Asked) -> str:
    match asked.wanted:
        case RepositoryWanted(url=url, revision=revision) if not is_pinned(revision):
            name = f"`{revision}`" if revision not in ("", "HEAD") else "the default branch"
            return f"{name} of {shown(url)} is {asked.version[:7]}"
        case ChartWanted(repository=repository, name=name, version=version) if version != asked.version:
            return f"chart {f'{name} {version}'.strip()} of {shown(repository)} is {asked.version}"
    return ""


def row(asked: Asked) -> dict[str, Any]:
    """One thing that was asked for, for programs: `version` is the commit, the chart's version or the digest."""
    wanted = asked.wanted
    match wanted:
        case RepositoryWanted():
            kind, url, name, revision = "repository", wanted.url, "", wanted.revision
        case ChartWanted():
            kind, url, name, revision = "chart", wanted.repository, wanted.name, wanted.version
        case FileWanted():
            kind, url, name, revision = "file", wanted.url, "", ""
    return {
        "kind": kind,
        "url": shown(url),
        "name": name,
        "revision": revision,
        "version": asked.version or None,
        "missing": asked.missing.reason if asked.missing is not None else None,
    }
