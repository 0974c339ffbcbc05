"""`argofix check` on a checkout that takes things from elsewhere, with real git and a real Helm repository."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.bot.cli.processes import run
from tests.http_faults import Effect, Fault
from tests.outside import Hosts, archive, index
from tests.scenarios import application, config_map, kustomization

CHART = {"templates/map.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: from-chart\n"}


def served(hosts: Hosts) -> dict[str, str]:
    """A checkout, and all that it names."""
    other = {"deploy/kustomization.yaml": kustomization("map.yaml"), "deploy/map.yaml": config_map("from-other")}
    hosts.repository("other").commit(other, tags=("v1.4.0",))
    hosts.repository("library").commit({"base/kustomization.yaml": kustomization("map.yaml"),
                                        "base/map.yaml": config_map("from-base")}, tags=("v2.0.0",))  # fmt: skip
    chart = archive("web", "1.2.3", CHART)
    hosts.files |= {"/charts/index.yaml": index([("web", "1.2.3", "web.tgz", chart)]), "/charts/web.tgz": chart}
    hosts.files["/crds.yaml"] = config_map("from-url").encode()
    git = hosts.at("/git", "127.0.0.1")
    source = {"repoURL": hosts.at("/charts", "127.0.0.1"), "chart": "web", "targetRevision": "1.2.x"}
    return {
        "apps/other.yaml": application("other", "deploy", url=f"{git}/other.git", source={"targetRevision": "v1.x"}),
        "apps/chart.yaml": application("chart", "", sources=[source]),
        "apps/base.yaml": application("base", "base"),
        "base/kustomization.yaml": kustomization(f"{git}/library.git//base?ref=v2.0.0"),
        "apps/url.yaml": application("url", "url"),
        "url/kustomization.yaml": kustomization(hosts.at("/crds.yaml", "127.0.0.1")),
    }


@pytest.fixture
def checkout(tmp_path: Path, hosts: Hosts) -> Path:
    for path, text in served(hosts).items():
        target = tmp_path / "checkout" / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
    return tmp_path / "checkout"


async def checked(checkout: Path, hosts: Hosts, *words: str, allowed: bool = True) -> Mapping[str, Any]:
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(checkout.parent),
        "ARGOFIX_STATE_DIR": str(checkout.parent / "state"),
        "ARGOFIX_FETCH_HOSTS": f"127.0.0.1:{hosts.port}" if allowed else "",
    }
    done = await asyncio.to_thread(run, ["check", str(checkout), "--format", "json", *words], environment)
    assert done.returncode == 0, (done.stdout, done.stderr)
    report: Mapping[str, Any] = json.loads(done.stdout)
    return {each["name"]: (each["status"], each["reason"], each["resources"]) for each in report["applications"]}


async def test_what_is_elsewhere_is_rendered_and_then_is_at_hand(checkout: Path, hosts: Hosts) -> None:
    everything = dict.fromkeys(("other", "chart", "base", "url"), ("rendered", None, 1))
    nothing = await checked(checkout, hosts, "--offline")
    assert {status for status, _, _ in nothing.values()} == {"not-analysed"}
    assert all("--offline fetches nothing" in reason for _, reason, _ in nothing.values())
    assert hosts.requests == []
    assert await checked(checkout, hosts) == everything
    before = len(hosts.requests)
    assert await checked(checkout, hosts, "--offline") == everything
    assert len(hosts.requests) == before


async def test_what_stands_in_a_private_network_is_said_so(checkout: Path, hosts: Hosts) -> None:
    found = await checked(checkout, hosts, allowed=False)
    assert {status for status, _, _ in found.values()} == {"not-analysed"}
    assert all("ARGOFIX_FETCH_HOSTS names" in reason for _, reason, _ in found.values())
    assert hosts.requests == []


async def test_a_host_that_dies_meanwhile_costs_what_comes_from_there(checkout: Path, hosts: Hosts) -> None:
    """What is read of a repository is brought when it is read, and by then nobody may answer any more."""
    chart = {"Chart.yaml": "apiVersion: v2\nname: web\nversion: 1.0.0\n", "files/f.bin": "b", **CHART}
    hosts.repository("dying").commit({f"chart/{path}": text for path, text in chart.items()})
    url = hosts.at("/git/dying.git", "127.0.0.1")
    (checkout / "apps/dying.yaml").write_text(application("dying", "chart", url=url))
    # Where it is, and two requests each for refs, the commit, and what is read by its name; then no more.
    hosts.faults.append(Fault(Effect(500), path="dying.git/.*git-upload-pack", skip=7, times=None))
    found = await checked(checkout, hosts)
    others = {name: status for name, (status, _, _) in found.items() if name != "dying"}
    assert set(others.values()) == {"rendered"}
    status, reason, _ = found["dying"]
    assert status == "not-analysed"
    assert f"a file of {url} cannot be had" in reason
