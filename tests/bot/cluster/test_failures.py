"""Clusters that answer badly, late or not at all: the rest is used, and nothing counts as absent for it."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Callable, Sequence

import pytest

from bot.cluster.limits import Limits
from bot.cluster.reader import ClusterReader
from bot.rendering.driver import Engine
from checks.policy.file import Policy
from gitops.applications.live import LiveCluster
from tests.bot.clocks import JumpingClock
from tests.bot.cluster.conftest import Reading
from tests.bot.cluster.stage import EVERYTHING, clauses, elsewhere, furnish, judged, looked, seen, snapshot_of, spread
from tests.checks.secret_keys.stage import APP, deployment, said
from tests.kubernetes import (
    Access,
    Authority,
    Effect,
    Fault,
    SimulatedCluster,
    expired,
    garbage,
    half_body,
    held,
    internal_error,
    reset,
    too_many_requests,
    unavailable,
)
from tests.scenarios import Files

LIST = r"/namespaces/shop/secrets\?"
NO_ANSWER = "no answer in time and in full"
NOT_UNDERSTOOD = "the answer is not what the Kubernetes API answers"


def status(code: int, reason: str, **details: str) -> bytes:
    return json.dumps(
        {
            "kind": "Status",
            "apiVersion": "v1",
            "status": "Failure",
            "reason": reason,
            "details": details,
            "code": code,
        }
    ).encode()


def listing(items: object) -> bytes:
    return json.dumps({"kind": "PartialObjectMetadataList", "metadata": {}, "items": items}).encode()


@pytest.mark.parametrize(
    ("effect", "waits"),
    [
        pytest.param(internal_error(), [0.5], id="500"),
        pytest.param(unavailable(), [0.5], id="503"),
        pytest.param(garbage(b"<html>", 502, "text/html"), [0.5], id="502"),
        pytest.param(too_many_requests(7), [7.0], id="429 with Retry-After"),
        pytest.param(too_many_requests(None), [0.5], id="429"),
        pytest.param(Effect(503, {"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"}), [0.5], id="a date that is over"),
        pytest.param(half_body(), [0.5], id="half a body"),
        pytest.param(expired(), [], id="410"),
    ],
)
async def test_what_passes_is_asked_again(
    engine: Engine,
    cluster: SimulatedCluster,
    reader: ClusterReader,
    clock: JumpingClock,
    effect: Effect,
    waits: list[float],
) -> None:
    cluster.secret("shop", "db", {"url": "u", "password": "p"})
    cluster.faults.append(Fault(effect, path=LIST))
    live = await seen(engine, reader)
    assert live.secrets == {("shop", "db"): frozenset({"url", "password"})}
    assert live.complete == {"shop"}
    assert not live.problems + live.unseen_holders
    assert len(clock.slept) == len(waits)
    assert all(least <= slept <= 2 * least for least, slept in zip(waits, clock.slept, strict=True))


@pytest.mark.parametrize(
    ("effect", "clause", "waits"),
    [
        pytest.param(internal_error(), "the API server has an error (HTTP 500)", [0.5, 1.0], id="500"),
        pytest.param(unavailable(), "the API server has an error (HTTP 503)", [0.5, 1.0], id="503"),
        pytest.param(garbage(b"", 418), "the API server has an error (HTTP 418)", [], id="418"),
        pytest.param(too_many_requests(3), "the API server is too busy", [3.0, 3.0], id="429"),
        pytest.param(too_many_requests(3600), "the API server is too busy", [], id="429 for too long"),
        pytest.param(half_body(), NO_ANSWER, [0.5, 1.0], id="half a body"),
        pytest.param(reset(), NO_ANSWER, [0.5, 1.0], id="reset"),
        pytest.param(Effect(406), "not to be had as metadata", [], id="406"),
        pytest.param(garbage(b"default backend - 404", 404, "text/plain"), "not found", [], id="404 of a proxy"),
        pytest.param(garbage(b"x" * 200_000, 404, "text/plain"), "not found", [], id="404 without end"),
        pytest.param(garbage(b"<html>log in</html>"), NOT_UNDERSTOOD, [], id="html"),
        pytest.param(garbage(b""), NOT_UNDERSTOOD, [], id="nothing"),
        pytest.param(garbage(b"\xff\xfe"), NOT_UNDERSTOOD, [], id="bytes"),
        pytest.param(garbage(b"null"), NOT_UNDERSTOOD, [], id="null"),
        pytest.param(garbage(b"[" * 100_000), NOT_UNDERSTOOD, [], id="deep"),
        pytest.param(garbage(b'{"kind": "PartialObjectMetadataList", "items": [{'), NOT_UNDERSTOOD, [], id="cut"),
        pytest.param(garbage(b'{"kind": "PartialObjectMetadataList"}'), NOT_UNDERSTOOD, [], id="no items"),
        pytest.param(garbage(b'{"kind": "SecretList", "items": []}'), NOT_UNDERSTOOD, [], id="another kind"),
        pytest.param(garbage(listing({"a": 1})), NOT_UNDERSTOOD, [], id="items are no list"),
        pytest.param(garbage(listing([None])), NOT_UNDERSTOOD, [], id="null item"),
        pytest.param(garbage(listing([{"metadata": {}}])), NOT_UNDERSTOOD, [], id="item without a name"),
        pytest.param(garbage(status(403, "Forbidden")), NOT_UNDERSTOOD, [], id="a Status with 200"),
    ],
)
async def test_what_lasts_is_said(
    engine: Engine,
    cluster: SimulatedCluster,
    reader: ClusterReader,
    clock: JumpingClock,
    effect: Effect,
    clause: str,
    waits: list[float],
) -> None:
    cluster.secret("ops", "db", {"url": "u"})
    cluster.faults.append(Fault(effect, path=LIST, times=None))
    evaluation = await judged(engine, reader, spread("ops", "shop"))
    assert evaluation.live is not None
    live = evaluation.live.clusters["in-cluster"]
    assert live.complete == {"ops"}
    assert live.secrets == {("ops", "db"): frozenset({"url"})}
    assert clauses(live) == [f"Secrets in `shop`: {clause}"]
    assert {severity.value for _, severity, _ in said(evaluation)} == {"warning"}
    assert len(clock.slept) == len(waits)
    assert all(least <= slept <= 2 * least for least, slept in zip(waits, clock.slept, strict=True))


async def test_a_list_that_expires_midway_is_begun_again(
    engine: Engine, cluster: SimulatedCluster, reading: Reading
) -> None:
    for name in ("a", "b", "c", "db"):
        cluster.secret("shop", name, {"url": "u", "password": "p"})
    reader = reading({"c": cluster.access(cluster.account())}, limits=Limits(page=2))
    cluster.faults.append(Fault(expired(), path="continue="))
    live = await seen(engine, reader)
    assert {name for _, name in live.secrets} == {"a", "b", "c", "db"}
    assert live.complete == {"shop"}
    assert not live.problems + live.unseen_holders
    assert [("continue=" in r.path, r.status) for r in cluster.asked("secrets?")] == [
        (False, 200),
        (True, 410),
        (False, 200),
        (True, 200),
    ]


async def test_a_list_that_keeps_expiring_is_asked_name_by_name(
    engine: Engine, cluster: SimulatedCluster, reading: Reading
) -> None:
    for name in ("a", "b", "db"):
        cluster.secret("shop", name, {"url": "u", "password": "p"})
    reader = reading({"c": cluster.access(cluster.account())}, limits=Limits(page=2))
    cluster.faults.append(Fault(expired(), path="continue=", times=None))
    live = await seen(engine, reader)
    assert live.secrets == {("shop", "db"): frozenset({"url", "password"})}
    assert live.complete == {"shop"}
    assert not live.problems + live.unseen_holders


async def test_another_authority(engine: Engine, cluster: SimulatedCluster, reading: Reading) -> None:
    reader = reading({"c": Access(cluster.url, Authority("another").pem, cluster.account())})
    live = await seen(engine, reader)
    assert clauses(live) == [f"Applications: {NO_ANSWER}", f"Secrets in `shop`: {NO_ANSWER}"]
    assert not live.complete
    assert not cluster.requests, "no token is sent to whoever it is"


async def test_nobody_listens(engine: Engine, cluster: SimulatedCluster, reading: Reading) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"https://127.0.0.1:{free.getsockname()[1]}"
    reader = reading({"c": Access(url, cluster.authority.pem, "t")})
    evaluation = await judged(engine, reader)
    assert evaluation.live is not None
    live = evaluation.live.clusters["in-cluster"]
    assert clauses(live) == [f"Applications: {NO_ANSWER}", f"Secrets in `shop`: {NO_ANSWER}"]
    assert {severity.value for _, severity, _ in said(evaluation)} == {"warning"}


async def test_a_request_that_hangs_is_given_up(engine: Engine, cluster: SimulatedCluster, reading: Reading) -> None:
    cluster.secret("ops", "db", {"url": "u"})
    gate = asyncio.Event()
    cluster.faults.append(Fault(held(gate), path=LIST, times=None))
    reader = reading({"c": cluster.access(cluster.account())}, limits=Limits(request=0.3, attempts=2))
    live = await seen(engine, reader, spread("ops", "shop"))
    gate.set()
    assert live.complete == {"ops"}
    assert clauses(live) == [f"Secrets in `shop`: {NO_ANSWER}"]
    assert len(cluster.asked("/shop/secrets?")) <= 2


async def test_what_was_answered_before_the_time_was_up_counts(
    engine: Engine, cluster: SimulatedCluster, reading: Reading
) -> None:
    cluster.application("a", path="a")
    cluster.secret("ops", "db", {"url": "u"})
    gate = asyncio.Event()
    cluster.faults.append(Fault(held(gate), path=LIST, times=None))
    reader = reading({"c": cluster.access(cluster.account())}, limits=Limits(budget=0.3))
    live = await seen(engine, reader, spread("ops", "shop"))
    gate.set()
    assert live.complete == {"ops"}
    assert live.applications.keys() == {("argocd", "a")}
    assert clauses(live) == [f"Secrets in `shop`: {NO_ANSWER}"]


async def test_one_cluster_does_not_hold_up_what_another_says(
    engine: Engine, cluster: SimulatedCluster, other: SimulatedCluster, reading: Reading
) -> None:
    other.secret("shop", "db", {"url": "u"})
    cluster.faults.append(Fault(internal_error(), times=None))
    reader = reading({"main": cluster.access(cluster.account()), "eu": other.access(other.account())})
    live = await looked(engine, reader, elsewhere(here="in-cluster", there="eu"))
    assert live.clusters["eu"].complete == {"shop"}
    assert not live.clusters["eu"].problems
    assert clauses(live.clusters["in-cluster"]) == [
        "Applications: the API server has an error (HTTP 500)",
        "Secrets in `shop`: the API server has an error (HTTP 500)",
    ]


PATHS = (
    "",
    r"/secrets\?",
    "continue=",
    "/secrets/trimmed",
    "/applications",
    "/applications/a",
    "/api/v1$",
    "/apis$",
    "/apis/networking.istio.io",
    "/configmaps/shared",
    "/configmaps/argocd-cm",
    "/namespaces/team$",
    "/envoyfilters",
)
BAD: Sequence[Callable[[], Effect]] = (
    internal_error,
    unavailable,
    too_many_requests,
    half_body,
    reset,
    expired,
    lambda: garbage(b"<html>"),
    lambda: garbage(b"{}"),
    lambda: garbage(b"404 page not found\n", 404, "text/plain"),
    lambda: garbage(status(404, "NotFound"), 404),
    lambda: garbage(status(404, "NotFound", name="another"), 404),
    lambda: garbage(status(403, "Forbidden"), 403),
    lambda: garbage(status(401, "Unauthorized"), 401),
    lambda: garbage(b'{"kind": "APIGroupList", "groups": "x"}'),
)


def claims(live: LiveCluster) -> dict[str, set[object]]:
    """Everything that a reader says is so of what it was asked."""
    objects = [*live.secrets.items(), *live.config_maps.items()]
    return {
        "exists": {*(name for name, _ in objects if name[1] != "unrelated"), *live.tracking},
        "keys": {(name, keys) for name, keys in objects if keys is not None},
        "complete": set(live.complete),
        "absent": set(live.absent),
        "tracking": set(live.tracking.items()),
        "applications": set(live.applications),
        "status": {(name, status) for name, status in live.applications.items() if status.sync_status},
        "all": {"applications"} if live.all_applications else set(),
    }


async def test_the_whole_truth(engine: Engine, cluster: SimulatedCluster, reading: Reading) -> None:
    furnish(cluster)
    reader = reading({"c": cluster.access(cluster.account())}, limits=Limits(page=2))
    live = await seen(engine, reader, EVERYTHING)
    assert not live.problems + live.unseen_holders
    assert live.secrets == {
        ("shop", "db"): frozenset({"url"}),
        ("shop", "trimmed"): frozenset({"key"}),
        ("shop", "unrelated"): None,
    }
    assert {f"{rid}": value for rid, value in live.tracking.items()} == {
        "ConfigMap shop/shared": "a:/ConfigMap:shop/shared",
        "EnvoyFilter shop/edge": "a:networking.istio.io/EnvoyFilter:shop/edge",
        "Namespace team": "",
    }
    assert {f"{rid}" for rid in live.absent} == {"ConfigMap shop/lost", "Secret shop/gone"}
    assert live.all_applications


@pytest.mark.parametrize("bad", BAD, ids=range(len(BAD)))
async def test_whatever_fails_nothing_false_is_said(
    engine: Engine, cluster: SimulatedCluster, reading: Reading, bad: Callable[[], Effect]
) -> None:
    """Every kind of request fails in every way: what is said is part of the truth, and what is not is owned up to."""
    furnish(cluster)
    reader = reading({"c": cluster.access(cluster.account())}, limits=Limits(page=2))
    snapshot = await snapshot_of(engine, EVERYTHING)
    truth = claims(await seen(engine, reader, EVERYTHING))
    for path in PATHS:
        cluster.faults[:] = [Fault(bad(), path=path, times=None)]
        answer = await reader.look([snapshot], Policy())
        assert answer is not None
        live = answer.clusters["in-cluster"]
        assert cluster.faults[0].hits, f"{path} is never asked for"
        found = claims(live)
        for what, said_to_be in found.items():
            assert said_to_be <= truth[what], (path, what)
        assert found == truth or live.problems or live.unseen_holders, path


async def test_a_cluster_that_comes_back_is_seen_again(
    engine: Engine, cluster: SimulatedCluster, reading: Reading
) -> None:
    files: Files = {**APP, "a/web.yaml": deployment(("db", "url"))}
    cluster.application("a", path="a")
    cluster.secret("shop", "db", {"url": "u"})
    reader = reading({"c": cluster.access(cluster.account())})
    cluster.faults.append(Fault(reset(), times=None))
    assert (await seen(engine, reader, files)).problems
    cluster.faults.clear()
    assert not (await seen(engine, reader, files)).problems
