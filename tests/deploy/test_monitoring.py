"""Dashboard and alerts ask for what the server exports, in PromQL that parses, and the server really counts."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import aiohttp
import promql_parser
import pytest
from prometheus_client.parser import text_string_to_metric_families

from bot.process.metrics import Metrics
from demo.story import BEFORE, SERVICE_ACCOUNT
from tests.deploy.manifests import Json, container, kustomize, of_kind, settings, the, with_components
from tests.github import SimulatedGitHub, User
from tests.handlers.conftest import OWNERSHIP, Bot, Contents, checked, proposed
from tests.project.repository import read

TARGET_LABELS = {"job", "pod", "namespace", "instance"}  # what Prometheus itself puts on every sample


@pytest.fixture(scope="module")
def documents(tmp_path_factory: pytest.TempPathFactory) -> list[Json]:
    directory = tmp_path_factory.mktemp("monitoring")
    return kustomize(with_components(directory, "deploy/sqlite", ["deploy/monitoring"]))


def dashboard(documents: list[Json]) -> Json:
    found: Json = json.loads(the(documents, "ConfigMap", "argofix-dashboard")["data"]["argofix.json"])
    return found


def alerts(documents: list[Json]) -> list[Json]:
    (rule,) = of_kind(documents, "PrometheusRule")
    return [each for group in rule["spec"]["groups"] for each in group["rules"]]


def expressions(documents: list[Json]) -> Iterator[str]:
    for panel in dashboard(documents)["panels"]:
        for target in panel.get("targets", ()):
            # What Grafana puts in before it asks.
            yield target["expr"].replace("$__rate_interval", "5m").replace("$job", ".*")
    yield from (alert["expr"] for alert in alerts(documents))


def exported() -> dict[str, set[str]]:
    """Sample names -> labels, of every family that a server has."""
    found: dict[str, set[str]] = {}
    collectors = vars(Metrics()).values()
    for collector in collectors:
        labels = set(getattr(collector, "_labelnames", ()))
        for family in collector.collect() if hasattr(collector, "describe") else ():
            names = {
                "counter": [f"{family.name}_total"],
                "histogram": [f"{family.name}{end}" for end in ("_bucket", "_count", "_sum")],
                "info": [f"{family.name}_info"],
            }.get(family.type, [family.name])
            for name in names:
                found[name] = labels | ({"le"} if name.endswith("_bucket") else set())
    found["argofix_build_info"] = {"version", "renderer"}
    for family in text_string_to_metric_families(Metrics().text().decode()):
        for sample in family.samples:
            found.setdefault(sample.name, set())
    return found


def parts(node: Any) -> Iterator[Any]:
    """A parsed expression and all that is in it."""
    yield node
    for name in ("lhs", "rhs", "expr", "vector_selector"):
        if hasattr(node, name):
            yield from parts(getattr(node, name))
    for argument in getattr(node, "args", ()):
        yield from parts(argument)


def misfits(expression: str, known: dict[str, set[str]]) -> list[str]:
    """Metrics and labels that nobody exports. Raises `ValueError` when it is no PromQL."""
    nodes = list(parts(promql_parser.parse(expression)))
    selectors = [node for node in nodes if isinstance(node, promql_parser.VectorSelector)]
    names = [str(selector.name) for selector in selectors]
    found = [name for name in names if name not in known]
    labels = set().union(*(known.get(name, set()) for name in names)) | TARGET_LABELS
    for selector in selectors:
        found += [matcher.name for matcher in selector.matchers.matchers if matcher.name not in labels]
    for node in nodes:
        if isinstance(node, promql_parser.AggregateExpr) and node.modifier is not None:
            found += [label for label in node.modifier.labels if label not in labels]
    return found if selectors else [f"{expression} asks for nothing"]


def test_every_expression_parses_and_asks_for_what_there_is(documents: list[Json]) -> None:
    asked = list(expressions(documents))
    assert len(asked) > 20
    assert {expression: wrong for expression in asked if (wrong := misfits(expression, exported()))} == {}


@pytest.mark.parametrize(
    ("expression", "wrong"),
    [
        ("sum by (result) (rate(argofix_runs_total[5m]))", []),
        ("rate(argofix_runs[5m])", ["argofix_runs"]),
        ('argofix_queue_deliveries{status="queued"}', ["status"]),
        ("sum by (rule) (argofix_runs_total)", ["rule"]),
        ("1 + 1", ["1 + 1 asks for nothing"]),
    ],
)
def test_the_test_would_see(expression: str, wrong: list[str]) -> None:
    assert misfits(expression, exported()) == wrong


def test_no_promql_is_no_promql() -> None:
    with pytest.raises(ValueError, match="parenthesis"):
        misfits("sum(argofix_runs_total", exported())


def test_each_of_our_metrics_is_told_of(documents: list[Json]) -> None:
    """In the documentation, and (but for a few) on the dashboard."""
    own = {re.sub(r"_(bucket|count|sum|created)$", "", name) for name in exported() if name.startswith("argofix_")}
    page = read("docs/operations.md")
    assert own and not {name for name in own if f"`{name}`" not in page}
    shown = " ".join(expressions(documents))
    assert {name for name in own if name not in shown} == {"argofix_version_requests_total"}


def test_panels_and_alerts_are_whole(documents: list[Json]) -> None:
    panels = dashboard(documents)["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    places = {(p["gridPos"]["x"], p["gridPos"]["y"]) for p in panels}
    assert len(places) == len(panels) and all(p["gridPos"]["x"] + p["gridPos"]["w"] <= 24 for p in panels)
    for alert in alerts(documents):
        assert alert["labels"]["severity"] in ("critical", "warning")
        assert all(alert["annotations"][part] for part in ("summary", "description")), alert["alert"]


def test_prometheus_finds_the_server_and_is_let_in(documents: list[Json]) -> None:
    (monitor,) = of_kind(documents, "ServiceMonitor")
    service = the(documents, "Service")
    assert monitor["spec"]["selector"]["matchLabels"].items() <= service["metadata"]["labels"].items()
    (endpoint,) = monitor["spec"]["endpoints"]
    assert endpoint["port"] in {port["name"] for port in service["spec"]["ports"]}
    assert f'"{endpoint["path"]}"' in read("bot/server/http.py")
    (policy,) = [p for p in of_kind(documents, "NetworkPolicy") if p["metadata"]["name"] == "argofix-metrics"]
    (rule,) = policy["spec"]["ingress"]
    assert rule["from"] and rule["ports"][0]["port"] in {port["name"] for port in container(documents)["ports"]}
    assert settings(documents)


async def figures(bot_: Bot) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    """What Prometheus would scrape: (name, labels) -> value."""
    assert bot_.running is not None
    url = f"http://127.0.0.1:{bot_.running.port}/metrics"
    async with aiohttp.ClientSession() as session, session.get(url) as answer:
        text = await answer.text()
    samples = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
    return {(sample.name, frozenset(sample.labels.items())): sample.value for sample in samples}


def at(found: dict[tuple[str, frozenset[tuple[str, str]]], float], name: str, **labels: str) -> float:
    """The sum over all samples of that name with (at least) these labels."""
    return sum(v for (each, own), v in found.items() if each == name and labels.items() <= set(own))


async def test_a_webhook_is_seen_in_the_figures(github: SimulatedGitHub, bot_: Bot, alice: User) -> None:
    mine = "apps/infrastructure/service-accounts.yaml"  # that nobody has rendered before
    own: Contents = {mine: b"# %s\n" % uuid4().hex.encode() + SERVICE_ACCOUNT}
    repo, pull = await proposed(github, alice, before=BEFORE | own)
    assert (await checked(github, pull))[OWNERSHIP] == "failure"
    await bot_.idle()
    assert bot_.running is not None
    await bot_.running.worker.housekeeping()
    first = await figures(bot_)
    assert at(first, "argofix_deliveries_total", event="pull_request", result="accepted") == 1
    assert at(first, "argofix_runs_total", event="pull_request", result="ok") == 1
    assert at(first, "argofix_webhook_duration_seconds_count") >= 1
    assert at(first, "argofix_run_duration_seconds_count", event="pull_request") == 1
    assert at(first, "argofix_delivery_wait_seconds_count") >= 1
    assert at(first, "argofix_queue_deliveries", state="done") >= 1
    assert at(first, "argofix_findings_total", rule="duplicate-owner", severity="error") >= 1
    for request in ("GET", "POST", "PATCH"):
        assert at(first, "argofix_github_requests_total", method=request) > 0
    assert at(first, "argofix_github_requests_total", status="201") > 0
    assert at(first, "argofix_github_rate_limit_remaining", scope="app") > 0
    rendered = at(first, "argofix_render_duration_seconds_count", result="rendered")
    assert rendered == bot_.running.engine.renderer_runs > 0
    assert at(first, "argofix_render_cache_requests_total", result="miss") >= rendered
    assert at(first, "argofix_state_free_bytes") > 0
    assert at(first, "argofix_build_info", renderer=bot_.running.engine.renderer) == 1
    # A commit that changes no Application: everything that is asked for is found.
    hits = at(first, "argofix_render_cache_requests_total", result="hit")
    repo.push("copy", {"README.md": "# more\n"}, author=alice)
    await bot_.idle()
    second = await figures(bot_)
    assert at(second, "argofix_render_duration_seconds_count") == at(first, "argofix_render_duration_seconds_count")
    assert at(second, "argofix_render_cache_requests_total", result="hit") > hits


async def test_a_failing_rendering_is_counted_as_one(github: SimulatedGitHub, bot_: Bot, alice: User) -> None:
    files: Contents = {"apps/api-backend/kustomization.yaml": "resources: [deployment.yaml, twin.yaml]\n"}
    files["apps/api-backend/twin.yaml"] = BEFORE["apps/api-backend/deployment.yaml"]
    _, pull = await proposed(github, alice, files=files)
    await checked(github, pull)
    await bot_.idle()
    assert at(await figures(bot_), "argofix_render_duration_seconds_count", result="failed") >= 1


async def test_no_figure_names_a_repository(github: SimulatedGitHub, bot_: Bot, alice: User) -> None:
    _, pull = await proposed(github, alice)
    await checked(github, pull)
    await bot_.idle()
    names = " ".join(value for _, labels in await figures(bot_) for _, value in labels)
    assert names and not re.search("acme|platform|alice", names)
