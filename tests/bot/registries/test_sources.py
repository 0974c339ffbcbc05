"""What both sources publish, and how seldom they are asked."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path

import aiohttp
import pytest

from bot.github.app import REPORT, GitHubApp
from bot.github.client import GitHub
from bot.process.metrics import Metrics
from bot.registries.faults import SourceFault
from bot.registries.sources import FRESH, FRESH_FAULT, SERVED, VersionSources
from gitops.versions.components import ARGO_CD, Chart, Component
from tests.bot.clocks import JumpingClock
from tests.charts import SimulatedCharts
from tests.github import Installation, Repository, SimulatedGitHub
from tests.quay import Fault, SimulatedQuay, faults

Make = Callable[..., VersionSources]


@pytest.fixture
async def charts() -> AsyncIterator[SimulatedCharts]:
    async with SimulatedCharts() as simulation:
        yield simulation


@pytest.fixture
def metrics() -> Metrics:
    return Metrics()


@pytest.fixture
async def sources(
    quay: SimulatedQuay, charts: SimulatedCharts, clock: JumpingClock, tmp_path: Path, metrics: Metrics
) -> AsyncIterator[VersionSources]:
    async with aiohttp.ClientSession() as session:
        yield VersionSources(
            session,
            quay_url=quay.url,
            charts_url=charts.url,
            clock=clock,
            directory=tmp_path / "versions",
            metrics=metrics,
        )


@pytest.fixture
def api(app: GitHubApp, repo: Repository, installation: Installation) -> GitHub:
    return app.installation(installation.id, repo.id, REPORT)


@pytest.fixture
def argo_cd(github: SimulatedGitHub, quay: SimulatedQuay, clock: JumpingClock) -> Repository:
    """v3.2.2 and v3.2.3 in both, and what has no business there."""
    repository = github.repository("argoproj/argo-cd", {"README.md": "Argo CD\n"}, private=False)
    image = quay.repository("argoproj/argocd")
    for tag in ("v3.2.1", "v3.2.2", "v3.2.3", "stable", "nightly-2026"):
        github.release(repository, tag, body=f"Notes of {tag}")
    for tag in ("v3.2.2", "v3.2.3", "v3.2.4", "latest", "stable", "sha256-0a.sig", "v3.2.2-cosign"):
        image.push(tag, at=clock.now() + 100)
    return repository


def fault_count(metrics: Metrics, source: str, kind: str) -> float:
    value = metrics.registry.get_sample_value("argofix_version_faults_total", {"source": source, "kind": kind})
    return value or 0.0


async def test_a_version_counts_when_it_has_an_image_and_a_release(
    sources: VersionSources, api: GitHub, argo_cd: Repository, quay: SimulatedQuay, clock: JumpingClock
) -> None:
    published = await sources.published(ARGO_CD, api)
    assert [release.tag for release in published.available] == ["v3.2.3", "v3.2.2"]
    newest = published.available[0]
    assert newest.digest == next(
        tag.digest for tag in quay.repository("argoproj/argocd").tags if tag.name == "v3.2.3"
    )
    assert newest.published.timestamp() == clock.now() + 100  # the image came after the release
    assert published.notes["v3.2.1"].notes == "Notes of v3.2.1"


async def test_many_repositories_cost_one_look(
    sources: VersionSources, api: GitHub, argo_cd: Repository, quay: SimulatedQuay, clock: JumpingClock
) -> None:
    await asyncio.gather(*(sources.published(ARGO_CD, api) for _ in range(5)))
    assert len(quay.requests) == 1
    clock.time += FRESH + 1
    await sources.published(ARGO_CD, api)
    assert len(quay.requests) == 2


async def test_a_fault_is_counted_and_not_asked_for_again_at_once(
    sources: VersionSources,
    api: GitHub,
    argo_cd: Repository,
    quay: SimulatedQuay,
    clock: JumpingClock,
    metrics: Metrics,
) -> None:
    quay.faults.append(Fault(faults.web_page()))
    for _ in range(3):
        with pytest.raises(SourceFault):
            await sources.published(ARGO_CD, api)
    assert len(quay.requests) == 1
    assert fault_count(metrics, "quay", "not-json") == 1
    clock.time += FRESH_FAULT + 1
    assert (await sources.published(ARGO_CD, api)).available


async def test_one_source_alone_is_not_enough(
    sources: VersionSources, api: GitHub, quay: SimulatedQuay, metrics: Metrics
) -> None:
    quay.repository("argoproj/argocd").push("v3.2.3", at=1_700_000_000)
    with pytest.raises(SourceFault) as caught:
        await sources.published(ARGO_CD, api)
    assert "argoproj/argo-cd" in str(caught.value)
    assert fault_count(metrics, "releases", "refused") == 1


@pytest.mark.parametrize(
    "component",
    [replace(ARGO_CD, quay="../user"), replace(ARGO_CD, repository="argoproj/.."), replace(ARGO_CD, quay="a/b/c")],
)
async def test_a_configuration_leads_to_no_other_path(
    sources: VersionSources, api: GitHub, quay: SimulatedQuay, github: SimulatedGitHub, component: Component
) -> None:
    with pytest.raises(SourceFault) as caught:
        await sources.published(component, api)
    assert caught.value.source == "configuration"
    assert not quay.requests
    assert not github.requests


async def test_releases_may_be_elsewhere_and_need_no_access_there(
    quay: SimulatedQuay,
    clock: JumpingClock,
    tmp_path: Path,
    github: SimulatedGitHub,
    argo_cd: Repository,
    api: GitHub,
) -> None:
    async with aiohttp.ClientSession() as session:
        sources = VersionSources(
            session,
            quay_url=quay.url,
            charts_url=quay.url,
            releases_url=github.api_url,
            clock=clock,
            directory=tmp_path / "other",
            metrics=Metrics(),
        )
        assert len((await sources.published(ARGO_CD, api)).available) == 2
    assert [r.installation for r in github.requests if "releases" in r.path] == [None]


async def test_an_image_is_looked_for_with_its_digest(
    sources: VersionSources, quay: SimulatedQuay, argo_cd: Repository, metrics: Metrics, clock: JumpingClock
) -> None:
    repository = quay.repository("argoproj/argocd")
    digest = repository.tags[0].digest
    assert await sources.has_image(ARGO_CD, digest)
    repository.manifests.discard(digest)
    assert await sources.has_image(ARGO_CD, digest)  # it was seen just now
    clock.time += SERVED
    assert not await sources.has_image(ARGO_CD, digest)
    repository.public = False
    with pytest.raises(SourceFault):
        await sources.has_image(ARGO_CD, digest)
    assert fault_count(metrics, "quay", "refused") == 1


HELM, OCI = ARGO_CD.charts


async def test_versions_of_a_chart_are_known_by_what_they_install(
    sources: VersionSources, charts: SimulatedCharts, clock: JumpingClock
) -> None:
    charts.publish("argo-cd", "9.1.0", "v3.2.2")
    charts.publish("argo-cd", "9.2.0", "v3.3.1")
    charts.publish("argo-cd", "9.2.1", "v3.3.1", deprecated=True)
    charts.publish("argo-workflows", "1.0.0", "v4.0.0")
    known = {"9.1.0": "v3.2.2", "9.2.0": "v3.3.1"}
    assert await sources.charts(ARGO_CD) == {HELM: known, OCI: known}  # one index for both
    assert charts.requests == [200]
    clock.time += FRESH + 1
    assert (await sources.charts(ARGO_CD))[HELM] == known
    assert charts.requests == [200, 304]


async def test_only_argos_own_chart_repository_is_asked(sources: VersionSources, charts: SimulatedCharts) -> None:
    elsewhere = replace(ARGO_CD, charts=(Chart("https://10.0.0.1/charts", "argo-cd"),))
    assert await sources.charts(elsewhere) == {}
    assert charts.requests == []


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"<html>sign in</html>", "text/html"),
        (b"entries: [", "text/yaml"),
        (b"entries: {argo-cd: 3}", "text/yaml"),
        (b"[" * 100_000, "text/yaml"),
        (b"", "text/yaml"),
    ],
)
async def test_an_index_that_makes_no_sense_is_a_fault(
    sources: VersionSources, charts: SimulatedCharts, metrics: Metrics, body: bytes, content_type: str
) -> None:
    charts.body, charts.content_type = body, content_type
    with pytest.raises(SourceFault):
        await sources.charts(ARGO_CD)
    assert fault_count(metrics, "charts", "malformed") == 1
