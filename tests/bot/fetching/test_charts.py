"""Charts of a Helm repository over HTTP, and what one can do wrong."""

from __future__ import annotations

import asyncio
import hashlib
import socket
from pathlib import Path

import pytest

from bot.fetching import charts
from bot.fetching.fetcher import Fetcher, Fetching
from bot.fetching.guard import Guard
from gitops.outside.found import ChartFound, Missing
from gitops.outside.wanted import ChartWanted
from tests.bot.clocks import JumpingClock
from tests.http_faults import Effect, Fault, half_body
from tests.outside import Hosts, archive, index

VERSIONS = ("2.0.0-beta.1", "1.10.0", "1.9.1", "v1.9.0", "not-a-version")


def published(hosts: Hosts) -> dict[str, bytes]:
    """A repository below /stable with these versions of `web`; the archive of 1.9.1 is on another host."""
    archives = {version: archive("web", version) for version in VERSIONS}
    for version, content in archives.items():
        hosts.files[f"/stable/charts/web-{version}.tgz"] = content
    urls = {v: f"charts/web-{v}.tgz" for v in VERSIONS}
    urls["1.9.1"] = hosts.at("/stable/charts/web-1.9.1.tgz", "cdn.example")
    entries = [("web", version, urls[version], archives[version]) for version in VERSIONS]
    hosts.files["/stable/index.yaml"] = index([*entries, ("web-extra", "5.0.0", "x.tgz", b"")])
    return archives


def wanted(hosts: Hosts, version: str, name: str = "web") -> ChartWanted:
    return ChartWanted(hosts.at("/stable/"), name, version)


async def missing(fetching: Fetching, asked: ChartWanted) -> Missing:
    answer = await fetching(asked)
    assert isinstance(answer, Missing), answer
    return answer


@pytest.mark.parametrize(
    ("asked", "version"),
    [
        ("1.9.1", "1.9.1"),
        ("1.9.0", "v1.9.0"),
        ("v1.9.0", "v1.9.0"),
        ("", "1.10.0"),
        ("*", "1.10.0"),
        ("1.9", "1.9.1"),
        (">=1 <1.10.0", "1.9.1"),
        ("^2.0.0-0", "2.0.0-beta.1"),
        ("not-a-version", "not-a-version"),
    ],
)
async def test_a_version_is_chosen_as_helm_chooses_it(
    hosts: Hosts, fetching: Fetching, asked: str, version: str
) -> None:
    archives = published(hosts)
    found = await fetching(wanted(hosts, asked))
    assert isinstance(found, ChartFound), found
    assert (found.name, found.version) == ("web", version)
    assert found.digest == f"sha256:{hashlib.sha256(archives[version]).hexdigest()}"
    assert found.tree.paths() == ["Chart.yaml"]


async def test_what_is_not_there_is_told(hosts: Hosts, fetching: Fetching) -> None:
    published(hosts)
    where = hosts.at("/stable/index.yaml")
    told = {
        (name, version): (await missing(fetching, wanted(hosts, version, name))).reason
        for name, version in (("web", "7.0.0"), ("nothing", "1.0.0"), ("web", "latest"))
    }
    assert told == {
        ("web", "7.0.0"): f"{where} has no version 7.0.0 of web; the newest there is 2.0.0-beta.1",
        ("nothing", "1.0.0"): f"{where} has no chart nothing",
        (
            "web",
            "latest",
        ): f"the chart web latest of {hosts.at('/stable/')} cannot be chosen: latest is neither a version "
        "nor a range of versions",
    }


async def test_an_archive_that_is_not_the_one_in_the_index_is_refused(hosts: Hosts, fetching: Fetching) -> None:
    published(hosts)
    hosts.files["/stable/charts/web-1.10.0.tgz"] = archive("web", "1.10.0", {"templates/backdoor.yaml": "x"})
    answer = await missing(fetching, wanted(hosts, "1.10.0"))
    assert "has another digest than the index says" in answer.reason


@pytest.mark.parametrize(("name", "version"), [("other", "1.0.0"), ("web", "0.9.0")])
async def test_an_archive_of_another_chart_is_refused(
    hosts: Hosts, fetching: Fetching, name: str, version: str
) -> None:
    """Helm would take it: the digest in the index is right, and so is the file's name."""
    content = archive(name, version)
    hosts.files |= {"/stable/index.yaml": index([("web", "1.0.0", "w.tgz", content)]), "/stable/w.tgz": content}
    answer = await missing(fetching, wanted(hosts, "1.0.0"))
    assert answer.reason == (
        f"what is answered for the chart web 1.0.0 of {hosts.at('/stable/')} is {name} {version}"
    )


async def test_an_index_is_asked_for_again_with_its_etag(hosts: Hosts, fetcher: Fetcher) -> None:
    published(hosts)
    for _ in range(2):
        async with fetcher.fetching() as fetching:
            assert isinstance(await fetching(wanted(hosts, "1.x")), ChartFound)
    assert hosts.asked("index.yaml") == 2
    assert hosts.asked(".tgz") == 1, "an archive with this digest is here"
    published(hosts)
    hosts.files["/stable/index.yaml"] = index([("web", "1.11.0", "n.tgz", archive("web", "1.11.0"))])
    hosts.files["/stable/n.tgz"] = archive("web", "1.11.0")
    async with fetcher.fetching() as fetching:
        found = await fetching(wanted(hosts, "1.x"))
    assert isinstance(found, ChartFound)
    assert found.version == "1.11.0"


async def test_an_exact_version_that_was_fetched_costs_no_request(hosts: Hosts, fetcher: Fetcher) -> None:
    published(hosts)
    for _ in range(2):
        async with fetcher.fetching() as fetching:
            assert isinstance(await fetching(wanted(hosts, "1.9.1")), ChartFound)
    assert len(hosts.requests) == 2


async def test_a_chart_is_downloaded_once_for_all_who_want_it(hosts: Hosts, fetcher: Fetcher) -> None:
    published(hosts)
    hosts.faults.append(Fault(Effect(gate=(gate := asyncio.Event())), path=".tgz", times=None))
    async with fetcher.fetching() as one, fetcher.fetching() as other:
        asked = [asyncio.create_task(each(wanted(hosts, "1.9.1"))) for each in (one, other, one)]
        await hosts.arrived.wait()
        gate.set()
        found = await asyncio.gather(*asked)
    assert all(isinstance(each, ChartFound) for each in found)
    assert (hosts.asked("index.yaml"), hosts.asked(".tgz")) == (1, 1)


async def test_who_gives_up_takes_nothing_from_others(hosts: Hosts, fetcher: Fetcher) -> None:
    published(hosts)
    hosts.faults.append(Fault(Effect(gate=(gate := asyncio.Event())), path=".tgz", times=None))
    async with fetcher.fetching() as other:
        async with fetcher.fetching() as one:
            first = asyncio.create_task(one(wanted(hosts, "1.9.1")))
            await hosts.arrived.wait()
            second = asyncio.create_task(other(wanted(hosts, "1.9.1")))
            await asyncio.sleep(0)
            first.cancel()
        gate.set()
        assert isinstance(await second, ChartFound)


@pytest.mark.parametrize("path", ["index.yaml", ".tgz"])
@pytest.mark.parametrize(
    ("effect", "slept"),
    [(half_body(), None), (Effect(500), None), (Effect(429, {"Retry-After": "7"}), [7.0])],
    ids=["half", "500", "429"],
)
async def test_a_fault_is_waited_out(
    hosts: Hosts, fetching: Fetching, clock: JumpingClock, path: str, effect: Effect, slept: list[float] | None
) -> None:
    published(hosts)
    hosts.faults.append(Fault(effect, path=path))
    assert isinstance(await fetching(wanted(hosts, "1.10.0")), ChartFound)
    assert clock.slept == slept if slept else len(clock.slept) == 1


async def test_a_host_that_stays_away_is_told_and_not_believed(hosts: Hosts, fetching: Fetching) -> None:
    published(hosts)
    hosts.faults.append(Fault(half_body(), path=".tgz", times=None))
    answer = await missing(fetching, wanted(hosts, "1.10.0"))
    url = hosts.at("/stable/charts/web-1.10.0.tgz")
    assert answer == Missing(f"{url} gives no whole answer (it breaks off)", transient=True)


async def test_a_host_that_wants_to_be_left_alone_is(hosts: Hosts, fetcher: Fetcher, clock: JumpingClock) -> None:
    published(hosts)
    hosts.faults.append(Fault(Effect(429, {"Retry-After": "600"})))
    for reason in ("asks to be left alone for 600 s (HTTP 429)", "asked to be left alone for another 600 s"):
        async with fetcher.fetching() as fetching:
            answer = await missing(fetching, wanted(hosts, "1.10.0"))
        assert answer == Missing(f"charts.example:{hosts.port} {reason}", transient=True)
    assert len(hosts.requests) == 1
    clock.time += 601
    async with fetcher.fetching() as fetching:
        assert isinstance(await fetching(wanted(hosts, "1.10.0")), ChartFound)


async def test_offline_answers_from_what_was_fetched_and_says_what_was_not(hosts: Hosts, fetcher: Fetcher) -> None:
    published(hosts)
    async with fetcher.fetching() as fetching:
        for version in ("1.9.1", "1.x"):
            await fetching(wanted(hosts, version))
    before = len(hosts.requests)
    fetcher.offline = True
    async with fetcher.fetching() as fetching:
        found = [await fetching(wanted(hosts, version)) for version in ("1.9.1", "1.x")]
        absent = await missing(fetching, wanted(hosts, "2.x"))
    assert [each.version for each in found if isinstance(each, ChartFound)] == ["1.9.1", "1.10.0"]
    assert absent.reason == (
        f"the chart web 2.x of {hosts.at('/stable/')} was not fetched before, and --offline fetches nothing; run the "
        "same command once without --offline"
    )
    assert len(hosts.requests) == before


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"<html>sign in</html>", "is a page or empty, and no index of charts"),
        (b"", "is a page or empty, and no index of charts"),
        (b"apiVersion: v1\n", "is no index of charts: it has no entries"),
        (b"entries: {web: [{version: 1.0.0}]}\n", "has no apiVersion, so Helm refuses it"),
        (b"apiVersion: v1\nentries:\n  web:\n  - version: 1.0.0\n  web: []\n", "has the chart web twice"),
        (b"apiVersion: v1\nentries:\n  web: {}\n", "has no chart web"),
        (b"apiVersion: v1\nentries:\n  web:\n  - version: [\n", "cannot be read: "),
    ],
)  # fmt: skip
async def test_an_index_that_makes_no_sense_is_told(
    hosts: Hosts, fetching: Fetching, content: bytes, reason: str
) -> None:
    hosts.files["/stable/index.yaml"] = content
    answer = await missing(fetching, wanted(hosts, "1.x"))
    assert answer.reason.startswith(f"{hosts.at('/stable/index.yaml')} {reason}")


async def test_an_index_of_sixty_megabytes_is_refused_in_words(hosts: Hosts, fetching: Fetching) -> None:
    hosts.files["/stable/index.yaml"] = b"#" * 60_000_000
    answer = await missing(fetching, wanted(hosts, "1.x"))
    assert answer.reason == f"{hosts.at('/stable/index.yaml')} has more than 50,331,648 bytes"


async def test_an_answer_that_announces_no_length_ends_at_the_limit_too(
    hosts: Hosts, fetching: Fetching, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(charts, "LARGEST_INDEX", 1_000)
    hosts.chunked.add("/stable/index.yaml")
    hosts.files["/stable/index.yaml"] = b"#" * 1_001
    answer = await missing(fetching, wanted(hosts, "1.x"))
    assert answer.reason == f"{hosts.at('/stable/index.yaml')} has more than 1,000 bytes"


async def test_an_evaluation_asks_for_an_index_once(hosts: Hosts, fetching: Fetching) -> None:
    """Whatever a host says in between: two charts of one evaluation come from the same index."""
    published(hosts)
    found = await asyncio.gather(*(fetching(wanted(hosts, version)) for version in VERSIONS[1:4]))
    assert all(isinstance(each, ChartFound) for each in found)
    hosts.files["/stable/index.yaml"] = index([("web", "3.0.0", "n.tgz", archive("web", "3.0.0"))])
    newest = await fetching(wanted(hosts, "*"))
    assert isinstance(newest, ChartFound)
    assert newest.version == "1.10.0"
    assert hosts.asked("index.yaml") == 1


async def test_a_host_that_does_not_answer_is_not_asked_for_each_of_its_charts(
    tmp_path: Path, hosts: Hosts, clock: JumpingClock
) -> None:
    resolved: list[str] = []

    async def resolve(host: str, _port: int) -> list[str]:
        resolved.append(host)
        return ["127.0.0.1"]

    fetcher = Fetcher.open(tmp_path / "state", Guard(frozenset({"gone.example"}), resolve), clock=clock)
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))  # and nobody listens
        at = f"gone.example:{closed.getsockname()[1]}"
        async with fetcher.fetching() as fetching:
            first = await missing(fetching, ChartWanted(f"http://{at}/a", "web", "1.x"))
            asked = len(resolved)
            others = [await missing(fetching, ChartWanted(f"http://{at}/{n}", "web", "1.x")) for n in range(5)]
    await fetcher.close()
    assert first == Missing(
        f"http://{at}/a/index.yaml gives no whole answer (it cannot be connected to)", transient=True
    )
    assert set(others) == {Missing(f"{at} gave no answer a moment ago (it cannot be connected to)", transient=True)}
    assert len(resolved) == asked
