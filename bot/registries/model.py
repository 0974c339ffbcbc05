"""What the sources say, parsed. Times are in seconds since the epoch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from checks.planning.bumps.choose import Release


@dataclass(frozen=True, slots=True)
class Tag:
    """An active tag of a registry: its manifest (`sha256:...`) and since when it points there."""

    name: str
    digest: str
    since: float


@dataclass(frozen=True, slots=True)
class GitHubRelease:
    """A published release that is no pre-release; `notes` is Markdown that others have written."""

    tag: str
    published: float
    notes: str
    url: str


@dataclass(frozen=True, slots=True)
class Published:
    """What has an image and a release, the newest release first. `notes`, by tag, is what GitHub says about every
    release, also about those without an image: they are passed all the same."""

    available: tuple[Release, ...]
    notes: Mapping[str, GitHubRelease]
