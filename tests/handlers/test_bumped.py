"""What is bumped: digests, shared bases, remote bases, other components, charts."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.charts import SimulatedCharts
from tests.handlers.bumping import PATCH, PRODUCTION, STAGING, World, overlay, policy
from tests.handlers.conftest import Contents, body_of
from tests.scenarios import application, documents, kustomization, manifest


async def test_a_digest_moves_with_its_tag(world: World) -> None:
    world.publish("v3.2.2", "v3.2.3")
    digests = {tag.name: tag.digest for tag in world.quay.repository("argoproj/argocd").tags}
    pinned = overlay("v3.2.2") + f"    digest: {digests['v3.2.2']}\n"
    repo = world.repository({STAGING: pinned})
    await world.tick()
    wanted = pinned.replace("v3.2.2", "v3.2.3").replace(digests["v3.2.2"], digests["v3.2.3"])
    assert repo.file(STAGING, PATCH) == wanted.encode()


async def test_production_stays_where_only_the_base_pins_the_version(world: World) -> None:
    world.publish("v3.2.2", "v3.2.3")
    repo = world.repository({STAGING: kustomization("../../base"), PRODUCTION: kustomization("../../base")})
    await world.tick()
    assert [line for line in world.open(repo)[PATCH].diff().splitlines() if line.startswith("+++")] == [
        f"+++ b/{STAGING}"
    ]
    assert b"newTag: v3.2.3" in (repo.file(STAGING, PATCH) or b"")
    assert "nothing outside of it moves" in body_of(world.open(repo)[PATCH])


async def test_an_overlay_that_cannot_be_rendered_here_is_bumped_and_said_to_be_so(world: World) -> None:
    world.publish("v3.2.2", "v3.2.3")
    remote = "https://github.com/argoproj/argo-cd//manifests/cluster-install?ref="
    repo = world.repository({STAGING: kustomization(f"{remote}v3.2.2")})
    await world.tick()
    assert f"{remote}v3.2.3".encode() in (repo.file(STAGING, PATCH) or b"")
    body = body_of(world.open(repo)[PATCH])
    assert "was not compared" in body
    assert "❌" not in body


async def test_another_component_is_a_matter_of_configuration(world: World) -> None:
    rollouts = world.github.repository("argoproj/argo-rollouts", {"README.md": "x\n"}, private=False)
    for tag in ("v1.8.0", "v1.8.3"):
        world.github.release(rollouts, tag)
        world.quay.repository("argoproj/argo-rollouts").push(tag, at=world.bot.clock.now() - 1000)
    files: Contents = {
        "apps.yaml": documents(application("rollouts", "rollouts/staging", namespace="rollouts")),
        "rollouts/staging/kustomization.yaml": kustomization("deployment.yaml"),
        "rollouts/staging/deployment.yaml": manifest(
            "Pod",
            "r",
            "rollouts",
            spec={"containers": [{"name": "r", "image": "quay.io/argoproj/argo-rollouts:v1.8.0"}]},
        ),
        **policy(
            """
            versions:
              argo-rollouts:
                images: [quay.io/argoproj/argo-rollouts]
                quay: argoproj/argo-rollouts
                repository: argoproj/argo-rollouts
            """
        ),
    }
    repo = world.github.repository("acme/platform", files)
    world.github.install(repo)
    await world.tick()
    (pull,) = world.open(repo).values()
    assert pull.head_branch == "argofix/bump/argo-rollouts-patch"
    assert body_of(pull).startswith("<!-- argofix:bump:argo-rollouts -->")
    assert b"argo-rollouts:v1.8.3" in (repo.file("rollouts/staging/deployment.yaml", pull.head_branch) or b"")


@pytest.fixture
async def charts(world: World) -> AsyncIterator[SimulatedCharts]:
    async with SimulatedCharts() as simulation:
        await world.bot.stop()
        world.bot.charts_url = simulation.url
        await world.bot.start()
        yield simulation


CHART = "argocd/staging/argocd.yaml"
HELM: Contents = {
    CHART: application(
        "argocd",
        "",
        namespace="argocd",
        sources=[
            {"repoURL": "https://argoproj.github.io/argo-helm", "chart": "argo-cd", "targetRevision": "9.1.0"},
        ],
    )
}


async def test_a_charts_version_moves_to_the_one_that_installs_the_new_version(
    world: World, charts: SimulatedCharts
) -> None:
    world.publish("v3.2.2", "v3.2.3", "v3.3.0")
    for version, installs in (("9.1.0", "v3.2.2"), ("9.1.1", "v3.2.3"), ("9.1.2", "v3.2.3")):
        charts.publish("argo-cd", version, installs)
    repo = world.github.repository("acme/platform", HELM)
    world.github.install(repo)
    await world.tick()
    pulls = world.open(repo)
    assert set(pulls) == {PATCH}  # no version of the chart installs v3.3.0 yet
    moved = repo.file(CHART, PATCH)
    assert moved is not None
    assert b'"targetRevision": "9.1.2"' in moved
    assert "Helm chart `argo-cd` | `9.1.0` | `9.1.2` |" in body_of(pulls[PATCH])


async def test_a_chart_repository_that_is_down_changes_nothing(world: World, charts: SimulatedCharts) -> None:
    world.publish("v3.2.2", "v3.2.3")
    charts.publish("argo-cd", "9.1.0", "v3.2.2")
    charts.publish("argo-cd", "9.1.1", "v3.2.3")
    repo = world.github.repository("acme/platform", HELM)
    world.github.install(repo)
    await world.tick()
    pulls = world.open(repo)
    charts.body, charts.content_type = b"<html></html>", "text/html"
    await world.tick()
    assert world.open(repo) == pulls != {}
    assert world.metric("charts", "malformed") == 1
