"""Charts in a real registry, which stands behind a token flow and may answer wrongly."""

from __future__ import annotations

import hashlib
import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from bot.fetching.credentials import Credentials, Login
from bot.fetching.fetcher import Fetcher, Fetching
from bot.fetching.guard import Guard
from gitops.outside.found import ChartFound, Missing
from gitops.outside.wanted import ChartWanted
from tests.bot.clocks import JumpingClock
from tests.http_faults import Effect, Fault, half_body
from tests.outside import Hosts, archive
from tests.outside.registry import INDEX, MANIFEST, Registry, installed

pytestmark = pytest.mark.skipif(
    not installed() and not os.environ.get("TESTS_NEED_REGISTRY"), reason="there is no docker-registry here"
)
WEB = archive("web", "1.2.3")


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    with Registry(tmp_path_factory.mktemp("registry")) as registry:
        registry.push("charts/web", "1.2.3", WEB)
        registry.push("charts/web", "1.3.0-rc.1", archive("web", "1.3.0-rc.1"))
        registry.push("charts/web", "2.0.0_build.5", archive("web", "2.0.0+build.5"))
        registry.push("charts/web", "latest", WEB)
        registry.push("charts/other", "1.0.0", WEB)
        registry.push("charts/image", "1.0.0", b"x", config_type="application/vnd.oci.image.config.v1+json")
        listed = registry.push("charts/listed", "hidden", archive("listed", "1.0.0"))
        entry = {"digest": listed, "size": 1, "mediaType": MANIFEST}
        several = {"schemaVersion": 2, "mediaType": INDEX, "manifests": [entry]}
        registry.manifest("charts/listed", "1.0.0", several, INDEX)
        yield registry


@pytest.fixture
async def fetching(hosts: Hosts, registry: Registry, fetcher: Fetcher) -> AsyncIterator[Fetching]:
    hosts.registry = registry.url
    async with fetcher.fetching() as fetching:
        yield fetching


def wanted(hosts: Hosts, version: str, name: str = "web") -> ChartWanted:
    # Registries on this very machine are spoken to without TLS, by this name.
    return ChartWanted(f"oci://localhost:{hosts.port}/charts", name, version)


@pytest.mark.parametrize(
    ("asked", "version"),
    [
        ("1.2.3", "1.2.3"),
        ("", "2.0.0+build.5"),
        ("1.x", "1.2.3"),
        (">=1.3.0-0 <2", "1.3.0-rc.1"),
        ("2.0.0+build.5", "2.0.0+build.5"),
        ("~1.2", "1.2.3"),
    ],
)
async def test_a_version_is_chosen_as_helm_chooses_it(
    hosts: Hosts, fetching: Fetching, asked: str, version: str
) -> None:
    hosts.login = ("", "")  # a token that anybody gets
    found = await fetching(wanted(hosts, asked))
    assert isinstance(found, ChartFound), found
    assert (found.name, found.version) == ("web", version)
    if version == "1.2.3":
        assert found.digest == f"sha256:{hashlib.sha256(WEB).hexdigest()}"


async def test_an_index_of_manifests_leads_to_the_chart(hosts: Hosts, fetching: Fetching) -> None:
    found = await fetching(wanted(hosts, "1.0.0", "listed"))
    assert isinstance(found, ChartFound), found
    assert found.name == "listed"


async def test_the_login_goes_to_the_registry_and_what_it_names(
    hosts: Hosts, registry: Registry, tmp_path: Path
) -> None:
    hosts.registry, hosts.login = registry.url, ("bot", "word")
    allowed = Guard(frozenset({f"localhost:{hosts.port}"}), hosts.resolve)
    for password, let_in in (("word", True), ("wrong", False)):
        credentials = Credentials({f"localhost:{hosts.port}": Login("bot", password)})
        fetcher = Fetcher.open(tmp_path / password, allowed, credentials=credentials, clock=JumpingClock())
        async with fetcher.fetching() as fetching:
            found = await fetching(wanted(hosts, "1.2.3"))
        await fetcher.close()
        if let_in:
            assert isinstance(found, ChartFound), found
        else:
            assert isinstance(found, Missing)
            assert "does not let us in" in found.reason
    assert {path.partition("?")[0] for path, letter in hosts.letters if letter.startswith("Basic")} == {"/token"}


async def test_what_is_no_chart_or_another_one_is_refused(hosts: Hosts, fetching: Fetching) -> None:
    place = f"oci://localhost:{hosts.port}/charts"
    told = {
        name: await fetching(wanted(hosts, version, name))
        for name, version in (("image", "1.0.0"), ("other", "1.0.0"), ("web", "9.9.9"), ("Web!", "1"))
    }
    assert {name: answer.reason for name, answer in told.items() if isinstance(answer, Missing)} == {
        "image": f"{place}/image:1.0.0 is no Helm chart",
        "other": f"what is answered for the chart other 1.0.0 of {place} is web 1.2.3",
        "web": f"{place}/web has no 9.9.9",
        "Web!": "charts/Web! is no name that an OCI registry could have",
    }


@pytest.mark.parametrize("part", ["manifests", "blobs"])
async def test_content_without_its_digest_is_refused(hosts: Hosts, fetching: Fetching, part: str) -> None:
    body = b'{"schemaVersion": 2}' if part == "manifests" else archive("web", "1.2.3", {"evil": "x"})
    other = Effect(200, {"Docker-Content-Digest": f"sha256:{'0' * 64}"}, body)
    hosts.faults.append(Fault(other, path=part, times=None))
    found = await fetching(wanted(hosts, "1.2.3"))
    assert isinstance(found, Missing)
    assert "is answered with other content than its digest" in found.reason


@pytest.mark.parametrize(
    "effect",
    [half_body(), Effect(502), Effect(429, {"Retry-After": "2"}), Effect(reset=True)],
    ids=["half", "502", "429", "reset"],
)
async def test_a_fault_is_waited_out(hosts: Hosts, fetching: Fetching, clock: JumpingClock, effect: Effect) -> None:
    hosts.faults.append(Fault(effect, path="blobs"))
    assert isinstance(await fetching(wanted(hosts, "1.2.3")), ChartFound)
    assert clock.slept == ([2.0] if effect.status == 429 else clock.slept[:1])


async def test_a_warm_version_costs_no_request(hosts: Hosts, fetcher: Fetcher, fetching: Fetching) -> None:
    await fetching(wanted(hosts, "1.2.3"))
    before = hosts.asked("")
    async with fetcher.fetching() as later:
        assert isinstance(await later(wanted(hosts, "1.2.3")), ChartFound)
    assert hosts.asked("") == before


async def test_a_token_stays_with_the_registry(hosts: Hosts, fetching: Fetching) -> None:
    """Registries redirect to where their blobs lie, which is another host most often."""
    hosts.login = ("", "")
    hosts.files["/blob"] = WEB
    there = Effect(307, {"Location": hosts.at("/blob", "cdn.example")})
    hosts.faults.append(Fault(there, path="blobs"))
    assert isinstance(await fetching(wanted(hosts, "1.2.3")), ChartFound)
    assert hosts.asked("/blob") == 2
    assert {path.partition("?")[0].rpartition("/")[0] for path, _ in hosts.letters} == {
        "/v2/charts/web/manifests", "/v2/charts/web/blobs",
    }  # fmt: skip
