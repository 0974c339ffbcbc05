"""The versions of a component that both quay.io and GitHub publish."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import aiohttp
from cachetools import LRUCache, TTLCache

from bot.github.client import FixedToken, GitHub, Wire
from bot.github.pace import Pace
from bot.process.clock import Clock
from bot.process.metrics import Metrics
from bot.registries import charts, quay, releases
from bot.registries.cache import AnswerCache
from bot.registries.faults import SourceFault
from bot.registries.host import Host
from bot.registries.model import GitHubRelease, Published, Tag
from checks.planning.bumps.choose import Release
from gitops.versions.components import ARGO_CD, Chart, Component
from gitops.versions.find import ChartIndex
from gitops.versions.pins.model import parse_version

FRESH = 300.0  # seconds that an outcome is good for, so that many repositories cost one look
FRESH_FAULT = 60.0
SERVED = 6 * 3600.0  # that an image was seen; a registry counts each look as a pull
_ARGO_HELM = frozenset(chart.repository for chart in ARGO_CD.charts)
_MOST = 200  # components that are remembered
# Both become part of a path, so `.` and `..` are out.
_PAIR = re.compile(r"(?!\.{1,2}/)[A-Za-z0-9_.-]+/(?!\.{1,2}\Z)[A-Za-z0-9_.-]+")

log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Known:
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    until: float = 0.0  # seconds since the epoch
    outcome: Published | SourceFault | None = None


class VersionSources:
    """One for the server. Releases are read with the access that a caller brings (GitHub counts them to that
    installation, whose 5,000 requests an hour they hardly touch; unauthenticated ones share 60 with everybody behind
    the same address), or without any from `releases_url`, where a GitHub Enterprise Server lacks those repositories.
    """

    def __init__(
        self,
        session: aiohttp.ClientSession,
        *,
        quay_url: str,
        charts_url: str,
        clock: Clock,
        directory: Path,
        metrics: Metrics,
        releases_url: str | None = None,
    ) -> None:
        self._clock = clock
        self._metrics = metrics
        self._cache = AnswerCache(directory)
        self._charts = Host(
            session, charts_url, "charts", clock, self._cache, metrics.observe_versions, largest=charts.LARGEST
        )
        self._known_charts: TTLCache[str, Mapping[str, str]] = TTLCache(_MOST, FRESH, timer=clock.now)
        self._quay = Host(session, quay_url, "quay", clock, self._cache, metrics.observe_versions)
        self._elsewhere: GitHub | None = None
        if releases_url is not None:
            wire = Wire(session, releases_url, clock, observe=metrics.observe_github)
            self._elsewhere = GitHub(wire, FixedToken(), Pace(clock), scope="anonymous")
        self._known: LRUCache[tuple[str, str], _Known] = LRUCache(_MOST)
        self._served: TTLCache[tuple[str, str], bool] = TTLCache(_MOST, SERVED, timer=clock.now)

    async def published(self, component: Component, github: GitHub) -> Published:
        """Raises `SourceFault` when either source cannot be trusted now: then nothing is known."""
        key = (component.quay, component.repository)
        known = self._known.setdefault(key, _Known())
        async with known.turn:
            if known.outcome is None or self._clock.now() >= known.until:
                await self._look(component, self._elsewhere or github, known)
        if isinstance(known.outcome, SourceFault):
            raise known.outcome
        assert known.outcome is not None
        return known.outcome

    async def charts(self, component: Component) -> ChartIndex:
        """For the component's charts in Argo's own repository (others are not asked, wherever a configuration points
        to): which version each of their versions installs. Raises `SourceFault`."""
        found: dict[Chart, Mapping[str, str]] = {}
        for chart in component.charts:
            if chart.repository in _ARGO_HELM:
                found[chart] = await self._chart(component, chart.name)
        return found

    async def _chart(self, component: Component, name: str) -> Mapping[str, str]:
        known = self._known_charts.get(name)
        if known is not None:
            return known
        try:
            versions = await charts.app_versions(self._charts, name)
        except SourceFault as fault:
            self._count(component, fault)
            raise
        self._known_charts[name] = versions
        return versions

    async def has_image(self, component: Component, digest: str) -> bool:
        """Whether the registry serves the image to everybody. Raises `SourceFault`."""
        key = (component.quay, digest)
        if key in self._served:
            return True
        try:
            served = await quay.has_manifest(self._quay, component.quay, digest)
        except SourceFault as fault:
            self._count(component, fault)
            raise
        if served:
            self._served[key] = True
        return served

    async def _look(self, component: Component, github: GitHub, known: _Known) -> None:
        try:
            for name in (component.quay, component.repository):
                if not _PAIR.fullmatch(name):
                    raise SourceFault("configuration", "refused", f"{name} names no repository")
            tags = await quay.active_tags(self._quay, component.quay)
            found = await releases.published(github, component.repository, self._cache)
            known.outcome, fresh = _joined(tags, found), FRESH
        except SourceFault as fault:
            self._count(component, fault)
            known.outcome, fresh = fault, FRESH_FAULT
        known.until = self._clock.now() + fresh

    def _count(self, component: Component, fault: SourceFault) -> None:
        self._metrics.version_faults.labels(fault.source, fault.kind).inc()
        log.warning(
            "a source of versions cannot be used; nothing is changed",
            extra={"component": component.name, "source": fault.source, "kind": fault.kind, "reason": str(fault)},
        )


def _joined(tags: tuple[Tag, ...], found: tuple[GitHubRelease, ...]) -> Published:
    """Versions that have both an image and a release, under one and the same tag."""
    by_name = {tag.name: tag for tag in tags}
    both: list[Release] = []
    for release in found:
        version, tag = parse_version(release.tag), by_name.get(release.tag)
        if version is not None and tag is not None:
            since = datetime.fromtimestamp(max(release.published, tag.since), UTC)
            both.append(Release(version, release.tag, since, tag.digest))
    return Published(tuple(both), {release.tag: release for release in found})
