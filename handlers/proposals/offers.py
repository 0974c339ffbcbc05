"""Which versions of a component are on offer, by size of the step, and why others are not."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property

from packaging.version import Version

from bot.formats.github import bump_pull_request as text
from bot.formats.writing.markdown import code
from bot.github.model import PullRequest
from bot.registries.faults import SourceFault
from bot.registries.model import Published
from checks.planning.bumps.choose import Release, choose, level_of
from checks.policy.bumps import Level, VersionPolicy
from checks.policy.file import PATH
from gitops.versions.find import ChartIndex
from gitops.versions.pins.model import Pins, parse_version

log = logging.getLogger(__name__)

_MOST_WITHOUT_IMAGE = 5  # rounds of looking for older versions instead


@dataclass(frozen=True, slots=True)
class Wish:
    """What a person asks for: the component `name` (None: all that are followed) and a version (None: what the policy
    gives). Schedule, limits and what people closed before do not hold it up."""

    name: str | None = None
    version: str | None = None


@dataclass(frozen=True)
class Offers:
    """One component at one commit: where it is, what is published, which of our pull requests are open by the size of
    their step. `now` is aware."""

    followed: VersionPolicy
    pins: Pins
    charts: ChartIndex
    current: Version
    published: Published
    wish: Wish | None
    open: Mapping[Level, PullRequest]
    now: datetime

    @cached_property
    def by_level(self) -> Mapping[Level, Release]:
        """The steps to offer, at most one of each size."""
        available, current = self.published.available, self.current
        if self.wish is not None and self.wish.version is not None:
            wanted = parse_version(self.wish.version)
            return {level_of(current, r.version): r for r in available if r.version == wanted and wanted > current}
        chosen = choose(available, current, self.followed, self.now)
        if self.wish is None:
            for level, pull in self.open.items():  # what a person asked for stands until it is merged or closed
                tag = text.read_version(pull.body) if text.asked_for(pull.body) else None
                for release in available:
                    if (
                        release.tag == tag
                        and release.version > current
                        and level_of(current, release.version) is level
                    ):
                        chosen[level] = release
        return chosen

    def asked(self, level: Level) -> bool:
        """Whether a person asked for this very version."""
        if self.wish is not None:
            return self.wish.version is not None
        return level in self.open and text.asked_for(self.open[level].body)

    async def with_images(self, has_image: Callable[[str], Awaitable[bool]]) -> Offers:
        """These without versions whose image (by its digest) is not there. Raises `SourceFault`."""
        offers = self
        for _ in range(_MOST_WITHOUT_IMAGE):
            missing = [r.tag for r in offers.by_level.values() if r.digest and not await has_image(r.digest)]
            if not missing:
                return offers
            log.warning("tags without an image", extra={"component": self.followed.component.name, "tags": missing})
            left = tuple(release for release in offers.published.available if release.tag not in missing)
            offers = replace(offers, published=replace(offers.published, available=left))
        name = self.followed.component.name
        raise SourceFault("quay", "malformed", f"the images of the newest versions of {name} are missing")

    def why_not(self, pull: PullRequest) -> str:
        """Why an open pull request's step is not on offer any more, as Markdown."""
        tag = text.read_version(pull.body) or ""
        version = parse_version(tag)
        if version is not None and version <= self.current:
            return f"{self._where}, so nothing is left to do."
        if tag not in {release.tag for release in self.published.available}:
            return f"{code(tag)} has no image or no release any more."
        return f"{code(PATH)} does not allow the step to {code(tag)} now."

    def nothing(self) -> tuple[str, bool]:
        """Why there is no step at all, as Markdown without a full stop, and whether that is well."""
        if self.wish is None or self.wish.version is None:
            return f"{self._where}, and there is nothing newer that {code(PATH)} allows", True
        wanted = parse_version(self.wish.version)
        if wanted is None:
            return f"{code(self.wish.version)} is no version such as `v3.2.2`", False
        if wanted <= self.current:
            return f"{self._where}, and argofix never goes back", wanted == self.current
        return f"{code(self.wish.version)} does not have both a final release and an image on Quay", False

    @property
    def _where(self) -> str:
        return f"{code(self.pins.overlay)} is at {code(str(self.current))}"
