"""The command line with a cluster to ask."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.bot.cli import processes
from tests.checks.secret_keys.stage import APP, deployment
from tests.kubernetes import SimulatedCluster, write_kubeconfig

FILES = {**APP, "a/web.yaml": deployment(("db", "url"))}
VALUE = "marked-value-4711"


@pytest.fixture
async def cluster() -> AsyncIterator[SimulatedCluster]:
    async with SimulatedCluster() as simulation:
        simulation.application("a", path="a")
        yield simulation


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    path = tmp_path / "platform"
    for name, data in FILES.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_text(data)
    return path


@pytest.fixture
def kubeconfig(tmp_path: Path, cluster: SimulatedCluster) -> str:
    return str(write_kubeconfig(tmp_path / "kubeconfig", {"prod": cluster.access(cluster.account())}))


async def argofix(state: Path, *words: str | Path, **env: str) -> tuple[int, str, str]:
    environment = {**os.environ, "ARGOFIX_STATE_DIR": str(state), **env}
    done = await asyncio.to_thread(processes.run, [str(word) for word in words], environment)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


async def test_check_asks_the_cluster_of_the_kubeconfig(
    engine_directory: Path, checkout: Path, cluster: SimulatedCluster, kubeconfig: str
) -> None:
    cluster.secret("shop", "db", {"uri": VALUE})
    status, out, err = await argofix(engine_directory, "check", checkout, KUBECONFIG=kubeconfig)
    assert status == 1
    assert err == ""
    assert "Secret `shop/db` has no key `url`" in out
    assert "as the cluster holds it" in out
    assert VALUE not in out
    assert {request.user_agent for request in cluster.requests} == {"argofix"}


async def test_off_means_off(
    engine_directory: Path, checkout: Path, cluster: SimulatedCluster, kubeconfig: str
) -> None:
    status, out, err = await argofix(
        engine_directory, "check", checkout, KUBECONFIG=kubeconfig, ARGOFIX_CLUSTER="off"
    )
    assert (status, err) == (0, "")
    assert "is provided by nothing in git" in out
    assert cluster.requests == []


async def test_a_word_that_is_neither_is_refused(engine_directory: Path, checkout: Path, kubeconfig: str) -> None:
    status, out, err = await argofix(engine_directory, "check", checkout, KUBECONFIG=kubeconfig, ARGOFIX_CLUSTER="no")
    assert (status, out) == (2, "")
    assert err == "argofix: ARGOFIX_CLUSTER must be one of on, off, not 'no'\n"


async def test_a_broken_kubeconfig_is_said_once_and_git_counts(engine_directory: Path, checkout: Path) -> None:
    broken = checkout.parent / "broken"
    broken.write_text(f"users: [{{user: {{token: {VALUE}")
    status, out, err = await argofix(engine_directory, "check", checkout, "--format", "json", KUBECONFIG=str(broken))
    assert (status, err) == (0, "")
    assert json.loads(out)["gaps"] == ["KUBECONFIG names no file that can be read as a kubeconfig"]
    assert VALUE not in out
