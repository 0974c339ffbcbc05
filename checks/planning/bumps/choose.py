"""Which version to offer: pure arithmetic over what is published."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from packaging.version import Version

from checks.policy.bumps import Level, VersionPolicy


@dataclass(frozen=True, slots=True)
class Release:
    """A version that is published as an image and as a release.

    `tag` is its name as written upstream (`v3.2.2`); `published` (aware) the later of the two times; `digest` the
    image's (`sha256:...`).
    """

    version: Version
    tag: str
    published: datetime
    digest: str | None = None
    draft: bool = False
    withdrawn: bool = False


def level_of(current: Version, new: Version) -> Level:
    """How large the step from `current` to `new` is."""
    if new.major != current.major:
        return Level.MAJOR
    return Level.MINOR if new.minor != current.minor else Level.PATCH


def is_final(release: Release) -> bool:
    """Whether it is meant for everybody: no pre-release, no draft, not withdrawn."""
    return not (release.draft or release.withdrawn or release.version.is_prerelease)


def choose(
    available: Iterable[Release], current: Version, policy: VersionPolicy, now: datetime
) -> dict[Level, Release]:
    """For each level that the policy allows, the newest release to offer; a level without one is absent.

    Never a pre-release, a draft, a withdrawn release or a downgrade. With `one_minor_at_a_time` a step leads
    at most to the next minor that exists, and to the next major only from the last minor before it. `now` is aware.
    """
    newer = [r for r in available if is_final(r) and r.version > current]
    following = min((_minor(r.version) for r in newer if _minor(r.version) > _minor(current)), default=None)
    chosen: dict[Level, Release] = {}
    for release in newer:
        level = level_of(current, release.version)
        if level.rank > policy.level.rank or now - release.published < policy.minimum_age:
            continue
        if not policy.range.contains(release.version):
            continue
        if policy.one_minor_at_a_time and level is not Level.PATCH and _minor(release.version) != following:
            continue
        best = chosen.get(level)
        if best is None or release.version > best.version:
            chosen[level] = release
    return {level: chosen[level] for level in Level if level in chosen}


def _minor(version: Version) -> tuple[int, int]:
    return (version.major, version.minor)
