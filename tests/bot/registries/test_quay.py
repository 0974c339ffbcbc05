"""What quay.io's tags are read as, and what is made of a quay.io that is down, slow or lies."""

from __future__ import annotations

import asyncio
import os
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import aiohttp
import pytest
from aiohttp import web

from bot.registries import host as host_module
from bot.registries import quay as quay_module
from bot.registries.faults import SourceFault
from bot.registries.host import ATTEMPTS, LARGEST, Host
from bot.registries.quay import active_tags, has_manifest
from tests.bot.clocks import JumpingClock
from tests.bot.registries.conftest import Make
from tests.kubernetes import Authority
from tests.quay import Fault, SimulatedQuay, digest_of, faults

NAME = "argoproj/argocd"


def filled(quay: SimulatedQuay, count: int = 3) -> None:
    repository = quay.repository(NAME)
    for number in range(count):
        repository.push(f"v3.2.{number}", at=1_700_000_000 + number)


async def fault_of(host: Host) -> SourceFault:
    with pytest.raises(SourceFault) as caught:
        await active_tags(host, NAME)
    return caught.value


async def test_active_tags_come_with_digest_and_time_the_newest_first(quay: SimulatedQuay, host: Host) -> None:
    filled(quay)
    repository = quay.repository(NAME)
    repository.push("v3.2.1", at=1_700_000_900, digest=digest_of("pushed again"))
    repository.delete("v3.2.0", at=1_700_001_000)
    tags = await active_tags(host, NAME)
    assert [(tag.name, tag.digest, tag.since) for tag in tags] == [
        ("v3.2.1", digest_of("pushed again"), 1_700_000_900.0),
        ("v3.2.2", repository.tags[2].digest, 1_700_000_002.0),
    ]


async def test_a_tag_that_is_set_to_expire_is_left_out(quay: SimulatedQuay, host: Host, clock: JumpingClock) -> None:
    filled(quay)
    quay.repository(NAME).push("v3.3.0", at=1_700_000_500, expires=clock.now() + 86_400)
    assert "v3.3.0" not in {tag.name for tag in await active_tags(host, NAME)}


async def test_every_page_is_read(quay: SimulatedQuay, host: Host) -> None:
    filled(quay, 250)
    assert len(await active_tags(host, NAME)) == 250
    assert [request.path.rpartition("page=")[2] for request in quay.requests] == ["1", "2", "3"]


async def test_a_push_between_two_pages_counts_no_tag_twice(quay: SimulatedQuay, host: Host) -> None:
    filled(quay, 150)

    class Pushes(asyncio.Event):
        """What comes to it waits for a push, no longer."""

        async def wait(self) -> Literal[True]:
            quay.repository(NAME).push("v3.3.0", at=1_800_000_000)
            return True

    quay.faults.append(Fault(faults.held(Pushes()), path="page=2"))
    tags = await active_tags(host, NAME)
    assert len({tag.name for tag in tags}) == len(tags) == 150


async def test_more_than_the_bound_is_a_fault(
    quay: SimulatedQuay, host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(quay_module, "PAGES", 2)
    filled(quay, 201)
    fault = await fault_of(host)
    assert (fault.kind, len(quay.requests)) == ("too-much", 2)
    assert str(fault) == "argoproj/argocd has more than 200 active tags"


async def test_a_missing_repository_is_a_fault(host: Host) -> None:
    fault = await fault_of(host)
    assert fault.kind == "refused"
    assert "HTTP 401" in str(fault)  # an anonymous caller is not told whether it is missing or private


TAG = {"name": "v3.2.2", "manifest_digest": digest_of("x"), "start_ts": 1_700_000_000}


@pytest.mark.parametrize(
    ("effect", "kind"),
    [
        (faults.web_page(), "not-json"),
        (faults.says(b'{"tags": [', "application/json"), "not-json"),
        (faults.says([]), "malformed"),
        (faults.says({"tags": [TAG], "page": 1}), "malformed"),
        (faults.says({"tags": [TAG], "page": 2, "has_additional": False}), "malformed"),
        (faults.says({"tags": [], "page": 1, "has_additional": True}), "malformed"),
        (faults.says({"tags": {}, "page": 1, "has_additional": False}), "malformed"),
        (faults.says({"tags": [TAG | {"name": 3}], "page": 1, "has_additional": False}), "malformed"),
        (faults.says({"tags": [TAG | {"manifest_digest": ""}], "page": 1, "has_additional": False}), "malformed"),
        (faults.says({"tags": [TAG | {"start_ts": "x"}], "page": 1, "has_additional": False}), "malformed"),
        (faults.says(b" " * (LARGEST + 1)), "too-much"),
        (faults.too_many(), "limited"),
        (faults.server_error(), "unreachable"),
        (faults.half_body(), "unreachable"),
        (faults.reset(), "unreachable"),
    ],
)
async def test_a_source_that_fails_or_lies_is_a_fault(
    quay: SimulatedQuay, host: Host, effect: faults.Effect, kind: str
) -> None:
    filled(quay)
    quay.faults.append(Fault(effect, times=None))
    assert (await fault_of(host)).kind == kind


async def test_a_time_out_is_a_fault(quay: SimulatedQuay, host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(host_module, "TIMEOUT", aiohttp.ClientTimeout(total=0.05))
    gate = asyncio.Event()
    quay.faults.append(Fault(faults.held(gate), times=None))
    fault = await fault_of(host)
    gate.set()
    assert fault.kind == "unreachable"
    assert "gives no whole answer" in str(fault)


async def test_a_passing_error_is_asked_over(quay: SimulatedQuay, host: Host, clock: JumpingClock) -> None:
    filled(quay)
    quay.faults.append(Fault(faults.server_error(503), times=ATTEMPTS - 1))
    assert len(await active_tags(host, NAME)) == 3
    assert len(clock.slept) == ATTEMPTS - 1


async def test_a_host_that_fails_is_left_alone_longer_each_time(
    quay: SimulatedQuay, host: Host, clock: JumpingClock
) -> None:
    filled(quay)
    quay.faults.append(Fault(faults.too_many(), times=4))
    pauses = []
    for number in range(1, 5):
        await fault_of(host)
        said = re.search(r"left alone for another (\d+) s", str(await fault_of(host)))
        assert len(quay.requests) == number  # the second time it was not asked
        assert said
        pauses.append(int(said[1]))
        clock.time += pauses[-1] + 1
    assert len(await active_tags(host, NAME)) == 3
    assert 60 <= pauses[0] < pauses[1] < pauses[2] < pauses[3] <= 3600


async def test_retry_after_is_honoured_and_bounded(quay: SimulatedQuay, host: Host, clock: JumpingClock) -> None:
    filled(quay)
    for asked, waited in ((120, 120), (10**9, 3600)):
        quay.faults[:] = [Fault(faults.too_many(asked))]
        await fault_of(host)
        clock.time += waited - 1
        requests = len(quay.requests)
        await fault_of(host)
        assert len(quay.requests) == requests
        clock.time += 10
        assert len(await active_tags(host, NAME)) == 3


async def test_what_has_not_changed_is_not_sent_again_even_after_a_restart(quay: SimulatedQuay, make: Make) -> None:
    quay.etags = True
    filled(quay, 150)
    first = await active_tags(make(), NAME)
    assert await active_tags(make(), NAME) == first
    assert [request.status for request in quay.requests] == [200, 200, 304, 304]
    quay.repository(NAME).push("v3.3.0", at=1_800_000_000)
    assert (await active_tags(make(), NAME))[0].name == "v3.3.0"


async def test_a_lie_is_not_remembered(quay: SimulatedQuay, make: Make) -> None:
    filled(quay)
    lie = faults.says({"tags": [TAG | {"manifest_digest": ""}], "page": 1, "has_additional": False})
    lie.headers["ETag"] = '"lie"'
    quay.faults.append(Fault(lie))
    await fault_of(make())
    assert len(await active_tags(make(), NAME)) == 3
    assert not quay.requests[-1].conditional


@pytest.mark.parametrize("spoil", [lambda _: b"", lambda _: b"[" * 10**6, lambda text: text.replace(b"http", b"ftp")])
async def test_a_spoilt_cache_is_as_none(quay: SimulatedQuay, make: Make, spoil: Callable[[bytes], bytes]) -> None:
    quay.etags = True
    filled(quay)
    await active_tags(make(), NAME)
    (file,) = make().cache.directory.iterdir()
    file.write_bytes(spoil(file.read_bytes()))
    assert len(await active_tags(make(), NAME)) == 3


async def test_a_proxy_is_used(quay: SimulatedQuay, host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    filled(quay)
    asked: list[str] = []

    async def forward(request: web.Request) -> web.Response:
        asked.append(str(request.url))
        async with aiohttp.ClientSession() as session, session.get(str(request.url)) as answer:
            return web.Response(body=await answer.read(), content_type="application/json")

    app = web.Application()
    app.router.add_get("/{path:.*}", forward)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{runner.addresses[0][1]}")
        assert len(await active_tags(host, NAME)) == 3
    finally:
        await runner.cleanup()
    assert len(asked) == 1
    assert asked[0].startswith(quay.url)


async def test_a_manifest_that_the_registry_serves(quay: SimulatedQuay, host: Host) -> None:
    filled(quay)
    repository = quay.repository(NAME)
    assert await has_manifest(host, NAME, repository.tags[0].digest)
    assert not await has_manifest(host, NAME, digest_of("another"))
    repository.manifests.clear()
    assert not await has_manifest(host, NAME, repository.tags[0].digest)


async def test_the_token_that_anybody_gets_is_fetched_where_the_registry_wants_one(
    quay: SimulatedQuay, host: Host
) -> None:
    filled(quay)
    quay.repository(NAME).wants_token = True
    assert await has_manifest(host, NAME, quay.repository(NAME).tags[0].digest)
    assert [request.status for request in quay.requests] == [401, 200, 200]


async def test_a_private_repository_is_a_fault(quay: SimulatedQuay, host: Host) -> None:
    filled(quay)
    quay.repository(NAME).public = False
    with pytest.raises(SourceFault) as caught:
        await has_manifest(host, NAME, quay.repository(NAME).tags[0].digest)
    assert caught.value.kind == "refused"


async def test_no_token_is_fetched_from_elsewhere(quay: SimulatedQuay, host: Host) -> None:
    challenge = 'Bearer realm="http://127.0.0.1:9/auth",service="x",scope="y"'
    quay.faults.append(Fault(faults.Effect(401, {"WWW-Authenticate": challenge}), path="/v2/"))
    with pytest.raises(SourceFault) as caught:
        await has_manifest(host, NAME, digest_of("x"))
    assert str(caught.value) == "the registry does not let everybody in"


async def test_another_manifest_than_the_one_asked_for_is_a_lie(quay: SimulatedQuay, host: Host) -> None:
    effect = faults.Effect(200, {"Docker-Content-Digest": digest_of("other")})
    quay.faults.append(Fault(effect, path="/v2/"))
    with pytest.raises(SourceFault) as caught:
        await has_manifest(host, NAME, digest_of("x"))
    assert caught.value.kind == "malformed"


_READ = """
import asyncio, sys, aiohttp
from pathlib import Path
from bot.process.clock import SystemClock
from bot.registries.cache import AnswerCache
from bot.registries.host import Host
from bot.registries.quay import active_tags

async def main() -> None:
    async with aiohttp.ClientSession(trust_env=True) as session:
        host = Host(session, sys.argv[1], "quay", SystemClock(), AnswerCache(Path(sys.argv[2])))
        print([tag.name for tag in await active_tags(host, "argoproj/argocd")])

asyncio.run(main())
"""


async def test_a_certificate_authority_of_ones_own_is_trusted_when_the_environment_names_it(tmp_path: Path) -> None:
    """OpenSSL reads the variable when the process starts, so this takes one."""
    authority = Authority()
    (tmp_path / "ca.pem").write_text(authority.pem)
    async with SimulatedQuay(tls=authority.server_context()) as quay:
        quay.repository(NAME).push("v3.2.2", at=1_700_000_000)

        async def read(**environment: str) -> tuple[int | None, bytes, bytes]:
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-c", _READ, quay.url, str(tmp_path / "cache"), stdout=-1, stderr=-1,
                env={"PATH": os.environ["PATH"], **environment},
            )  # fmt: skip
            out, problem = await process.communicate()
            return process.returncode, out, problem

        status, out, _ = await read(SSL_CERT_FILE=str(tmp_path / "ca.pem"))
        assert (status, out) == (0, b"['v3.2.2']\n")
        assert len(quay.requests) == 1
        status, _, problem = await read()
        assert status != 0
        assert b"ClientConnectorCertificateError" in problem
