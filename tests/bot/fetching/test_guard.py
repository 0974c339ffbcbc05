"""Who is never contacted, whatever a repository names."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.fetching.credentials import Credentials, Login
from bot.fetching.fetcher import Fetcher, Fetching
from bot.fetching.guard import Guard, Resolve, is_public
from gitops.outside.found import FileFound, Missing
from gitops.outside.wanted import ChartWanted, FileWanted, RepositoryWanted, Wanted
from tests.bot.clocks import JumpingClock
from tests.http_faults import Effect, Fault
from tests.outside import Hosts, Metadata, archive, index

PRIVATE = [
    "0.0.0.0",
    "10.0.0.1",
    "100.64.0.1",
    "100.100.100.200",
    "127.0.0.1",
    "127.8.8.8",
    "168.63.129.16",
    "169.254.169.254",
    "172.16.0.1",
    "192.0.0.192",
    "192.168.1.1",
    "198.18.0.1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::ffff:169.254.169.254",
    "2001:db8::1",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::1",
    "2002:7f00:1::",
    "2001::1",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "ff02::1",
]
PUBLIC = ("8.8.8.8", "140.82.121.4", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808", "2002:808:808::")


@pytest.mark.parametrize("address", PRIVATE)
def test_a_private_address_is_one_in_every_form(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", PUBLIC)
def test_the_internet_is_public(address: str) -> None:
    assert is_public(address)


@given(st.ip_addresses(v=4))
def test_an_address_is_as_private_in_ipv6_as_it_is_in_ipv4(address: IPv4Address) -> None:
    for prefix in (0xFFFF << 32, 0x64FF9B << 96):
        assert is_public(str(IPv6Address(prefix | int(address)))) == is_public(str(address))


@asynccontextmanager
async def guarded(tmp_path: Path, resolve: Resolve, allowed: Sequence[str] = ()) -> AsyncIterator[Fetching]:
    fetcher = Fetcher.open(tmp_path / "state", Guard(frozenset(allowed), resolve), clock=JumpingClock())
    async with fetcher.fetching() as fetching:
        yield fetching
    await fetcher.close()


async def inside(_host: str, _port: int) -> Sequence[str]:
    return ["127.0.0.1"]


async def system(host: str, port: int) -> Sequence[str]:
    """What getaddrinfo makes of an address that is written oddly; it asks nobody."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, flags=4)  # AI_NUMERICHOST
    return [str(address[0]) for *_, address in found]


NAMES = ("metadata.example", "127.0.0.1", "127.1", "2130706433", "0x7f.0.0.1", "[::1]", "[::ffff:127.0.0.1]")
KINDS: dict[str, Callable[[str], Wanted]] = {
    "file": lambda at: FileWanted(f"http://{at}/latest/meta-data/"),
    "chart": lambda at: ChartWanted(f"http://{at}/charts", "web", "1.0.0"),
    "registry": lambda at: ChartWanted(f"oci://{at}/charts", "web", "1.0.0"),
    "git": lambda at: RepositoryWanted(f"http://{at}/o/r.git", "main"),
    "commit": lambda at: RepositoryWanted(f"http://{at}/o/r.git", "1" * 40),
}


@pytest.mark.parametrize("kind", KINDS)
async def test_a_metadata_service_never_hears_anything(tmp_path: Path, metadata: Metadata, kind: str) -> None:
    for name in NAMES:
        resolve = inside if name == "metadata.example" else system
        async with guarded(tmp_path, resolve) as fetching:
            answer = await fetching(KINDS[kind](f"{name}:{metadata.port}"))
        assert isinstance(answer, Missing), name
        assert answer.refused, (name, answer)
        assert "ARGOFIX_FETCH_HOSTS names" in answer.reason
    assert metadata.heard == []


@pytest.mark.parametrize("kind", ["file", "chart", "git"])
async def test_nor_does_it_after_a_redirect(tmp_path: Path, hosts: Hosts, metadata: Metadata, kind: str) -> None:
    for target in (f"127.0.0.1:{metadata.port}", f"metadata.example:{metadata.port}"):
        hosts.faults[:] = [Fault(Effect(302, {"Location": f"http://{target}/info/refs"}), times=None)]
        async with guarded(tmp_path, inside, [f"charts.example:{hosts.port}"]) as fetching:
            answer = await fetching(KINDS[kind](f"charts.example:{hosts.port}"))
        assert isinstance(answer, Missing)
        assert answer.refused, answer
    assert metadata.heard == []


async def test_nor_does_it_through_an_index_or_a_registry(tmp_path: Path, hosts: Hosts, metadata: Metadata) -> None:
    evil = f"http://127.0.0.1:{metadata.port}"
    hosts.files["/charts/index.yaml"] = index([("web", "1.0.0", f"{evil}/web.tgz", archive("web", "1.0.0"))])
    challenge = {"WWW-Authenticate": f'Bearer realm="{evil}/token",service="x"'}
    hosts.faults.append(Fault(Effect(401, challenge), path="^/v2/", times=None))
    allowed = [f"charts.example:{hosts.port}", f"localhost:{hosts.port}"]
    async with guarded(tmp_path, inside, allowed) as fetching:
        for asked in (KINDS["chart"](f"charts.example:{hosts.port}"), KINDS["registry"](f"localhost:{hosts.port}")):
            answer = await fetching(asked)
            assert isinstance(answer, Missing)
            assert answer.refused, answer
    assert metadata.heard == []


@pytest.mark.parametrize("kind", ["file", "git", "commit"])
async def test_nor_when_a_name_leads_elsewhere_the_second_time(tmp_path: Path, metadata: Metadata, kind: str) -> None:
    """The first answer of the name server is public, each later one is not."""
    asked: list[str] = []

    async def rebinding(host: str, _port: int) -> Sequence[str]:
        asked.append(host)
        return ["192.88.98.1"] if len(asked) == 1 else ["127.0.0.1"]

    async with guarded(tmp_path, rebinding) as fetching:
        answer = await fetching(KINDS[kind](f"rebinding.example:{metadata.port}"))
    assert isinstance(answer, Missing)
    assert len(asked) > 1
    assert metadata.heard == []


async def test_a_host_with_one_private_address_among_public_ones_is_refused(
    tmp_path: Path, metadata: Metadata
) -> None:
    async def both(_host: str, _port: int) -> Sequence[str]:
        return ["8.8.8.8", "127.0.0.1"]

    async with guarded(tmp_path, both) as fetching:
        answer = await fetching(FileWanted(f"http://both.example:{metadata.port}/"))
    assert isinstance(answer, Missing)
    assert answer.refused


@pytest.mark.parametrize("named", ["charts.example", "charts.example:{port}"])
async def test_the_operator_may_name_a_private_host(tmp_path: Path, hosts: Hosts, named: str) -> None:
    hosts.files["/x"] = b"x"
    async with guarded(tmp_path, inside, [named.format(port=hosts.port)]) as fetching:
        assert isinstance(await fetching(FileWanted(hosts.at("/x"))), FileFound)
        other = await fetching(FileWanted(hosts.at("/x", "other.example")))
    assert isinstance(other, Missing)
    assert other.refused


async def test_only_http_and_https_are_spoken(tmp_path: Path, hosts: Hosts) -> None:
    hosts.faults.append(Fault(Effect(302, {"Location": "file:///etc/passwd"}), times=None))
    async with guarded(tmp_path, inside, [f"charts.example:{hosts.port}"]) as fetching:
        answers = [
            await fetching(FileWanted(url))
            for url in ("file:///etc/passwd", "ftp://charts.example/x", hosts.at("/x"))
        ]
    assert [answer.reason for answer in answers if isinstance(answer, Missing)] == [
        "file:///etc/passwd is not fetched: only http, https and oci are",
        "ftp://charts.example/x is not fetched: only http, https and oci are",
        f"file:///etc/passwd is not fetched: {hosts.at('/x')} redirects to it, and only http and https are",
    ]


async def test_redirects_end(tmp_path: Path, hosts: Hosts) -> None:
    hosts.faults.append(Fault(Effect(302, {"Location": "/again"}), times=None))
    async with guarded(tmp_path, inside, [f"charts.example:{hosts.port}"]) as fetching:
        answer = await fetching(FileWanted(hosts.at("/x")))
    assert answer == Missing(f"{hosts.at('/x')} redirects more than 5 times")
    assert len(hosts.requests) == 6


async def test_a_redirect_takes_no_credentials_along(tmp_path: Path, hosts: Hosts) -> None:
    hosts.files["/there"] = b"x"
    logins = Credentials({f"charts.example:{hosts.port}": Login("bot", "word")})
    allowed = Guard(frozenset({"charts.example", "cdn.example"}), inside)
    fetcher = Fetcher.open(tmp_path, allowed, credentials=logins, clock=JumpingClock())
    async with fetcher.fetching() as fetching:
        for host, sent in (("charts.example", ["/x", "/there"]), ("cdn.example", ["/x"])):
            hosts.letters.clear()
            hosts.faults[:] = [Fault(Effect(302, {"Location": hosts.at("/there", host)}), path="/x")]
            assert isinstance(await fetching(FileWanted(hosts.at(f"/x?{host}"))), FileFound)
            assert [path.partition("?")[0] for path, _ in hosts.letters] == sent
    await fetcher.close()


async def test_a_redirect_from_https_to_http_is_not_followed(tmp_path: Path, hosts: Hosts) -> None:
    """What TLS kept from others would go on in the open."""

    @asynccontextmanager
    async def secure(url: str, **_: object) -> AsyncIterator[SimpleNamespace]:
        # What a server with a certificate would say; the rest is that of a test over http.
        yield SimpleNamespace(status=302, headers={"Location": url.replace("https:", "http:")})

    async with guarded(tmp_path, inside, ["charts.example"]) as fetching:
        session = fetching.fetcher.web.session
        fetching.fetcher.web.session = SimpleNamespace(get=secure)  # type: ignore[assignment]
        answer = await fetching(FileWanted(f"https://charts.example:{hosts.port}/x"))
        fetching.fetcher.web.session = session
    at = f"charts.example:{hosts.port}/x"
    assert answer == Missing(f"https://{at} redirects from https to http://{at}", refused=True)


async def test_a_proxy_resolves_what_nobody_here_can(
    tmp_path: Path, hosts: Hosts, metadata: Metadata, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def unknown(host: str, port: int) -> Sequence[str]:
        return ["127.0.0.1"] if host == "proxy.internal" else await system(host, port)

    monkeypatch.setenv("http_proxy", f"http://proxy.internal:{hosts.port}")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    hosts.files["/x"] = b"x"
    async with guarded(tmp_path, unknown) as fetching:
        assert isinstance(await fetching(FileWanted("http://behind.example/x")), FileFound)
        for at in (f"127.0.0.1:{metadata.port}", f"proxy.internal:{hosts.port}"):
            answer = await fetching(FileWanted(f"http://{at}/x"))
            assert isinstance(answer, Missing)
            assert answer.refused, "what is written out is refused whoever would get there"
