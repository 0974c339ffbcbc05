"""What operators read (operations, sandbox, clusters) is what the server does."""

from __future__ import annotations

import asyncio
import inspect
import re
import shlex
import subprocess
import sys
from dataclasses import fields
from functools import partial
from pathlib import Path

import pytest

from bot.cli.arguments import parser
from bot.cluster.limits import Limits as ClusterLimits
from bot.formats.github import check_run
from bot.github.endpoints.checks import ANNOTATIONS_A_REQUEST
from bot.process.metrics import Metrics
from bot.queue.deliveries import State
from bot.queue.postgresql.store import Heartbeat
from bot.queue.sqlite.store import SqliteStore
from bot.rendering.cache import RenderCache
from bot.rendering.sandbox import MAX_MEMORY, MAX_OUTPUT
from bot.rendering.sandbox import Limits as RendererLimits
from bot.server.settings import Settings
from bot.server.webhook import MAX_BYTES
from bot.server.worker import Limits
from gitops.discovery.sources import Analysis
from gitops.files.documents import MAX_DEPTH, MAX_NODES
from gitops.files.tree import MAX_FILE_BYTES
from gitops.kustomize import walk
from handlers.schedule import reconcile
from tests.bot.queue.samples import delivery
from tests.project.repository import read, tracked

OPERATIONS, SANDBOX, CLUSTERS = (read(f"docs/{name}.md") for name in ("operations", "sandbox", "clusters"))
COMMANDS = [
    pytest.param(line, id=f"{page}: {line}")
    for page in tracked()
    if page.suffix == ".md" and page.name != "CHANGELOG.md"
    for line in re.findall(r"^ {4,7}(argofix .+)$", read(page), re.MULTILINE)
]


def words(page: str) -> str:
    """The page as one line, since sentences go over several."""
    return " ".join(page.split())


@pytest.mark.parametrize("line", COMMANDS)
def test_every_command_that_a_page_shows_is_one(line: str) -> None:
    command = re.split(r"\s{2,}|\s+#", line)[0]
    command = re.sub(r"\[--format [^]]*\]|\[PATH\]", "", command)  # a choice, and what may be left out
    arguments = shlex.split(re.sub(r"[\[\]]|\.\.\.", "", command))[1:]
    parser().parse_args(arguments)  # ends the process for what it does not know


def test_what_the_renderer_may_use_is_what_it_gets() -> None:
    limits = RendererLimits()
    sizes = f"{MAX_MEMORY // 2**30} GB of memory or its share of the container's, processes, {MAX_OUTPUT // 2**20} MB"
    assert f"({limits.seconds:.0f} s, {limits.cpu_seconds} s of CPU, {sizes} of output)" in words(SANDBOX)


def test_how_it_shows_that_the_renderer_is_not_shut_in() -> None:
    report = check_run.refused("it is not")
    assert report.conclusion == "failure" and f"`{report.title}`" in SANDBOX
    app = read("bot/server/app.py")
    assert (
        'log.warning("the renderer is not shut in", extra=said)' in app
        and '"exposed": exposed' in app
        and '"confinement"' in app
    )
    assert "`the renderer is not shut in`, whose field `exposed`" in words(SANDBOX)
    assert "`renderer confinement`" in SANDBOX


def test_what_a_cluster_is_asked_at_most() -> None:
    limits = ClusterLimits()
    text = words(CLUSTERS)
    assert f"{limits.budget:.0f} seconds, with up to {limits.attempts} attempts of {limits.request:.0f} sec" in text
    most = f"{limits.lists} namespaces, {limits.page * limits.pages:,} objects in a list and {limits.objects} single"
    assert most in text


def test_the_settings_of_clusters_are_those_that_the_page_names() -> None:
    source = read("bot/server/settings.py")
    named = set(re.findall(r"`((?:ARGOFIX|GITHUB)_[A-Z_]+)", CLUSTERS + SANDBOX))
    assert named and not [name for name in named if name not in source]


def test_the_defaults_in_the_table_are_the_settings() -> None:
    given = re.findall(r'_(?:number|choice)\(env, "(\w+)", "?(\w+)"?', read("bot/server/settings.py"))
    table: dict[str, str] = {}
    for row in re.findall(r"^\| (`[A-Z_]+`.*?) \| (.*?) \|", OPERATIONS, re.MULTILINE):
        table |= dict(zip(re.findall(r"`(\w+)`", row[0]), re.findall(r"`([^`]+)`", row[1]), strict=False))
    defaults = {name: default for name, default in given if default != "None"}
    assert len(defaults) > 10
    assert {name: table.get(name) for name in defaults} == defaults


def test_the_limits_in_the_table_are_those_that_hold() -> None:
    table = OPERATIONS.partition("\n## Limits")[2].partition("\n### ")[0]
    (applications,) = (each.default for each in fields(Analysis) if each.name == "max_applications")
    for row in (
        f"| Applications looked at per commit | {applications:,};",
        f"| one file | {MAX_FILE_BYTES // 2**20} MiB; YAML to a depth of {MAX_DEPTH} and {MAX_NODES:,} nodes",
        f"| files of one kustomization | {walk.MAX_FILES:,}, to a depth of {walk.MAX_DEPTH} |",
        f"| webhook body | {MAX_BYTES // 2**20} MB",
        f"| annotations | the first {check_run.MOST_ANNOTATIONS} introduced problems, {ANNOTATIONS_A_REQUEST} a req",
    ):
        assert row in table


def test_the_times_of_the_queue_are_those_that_hold() -> None:
    text, limits, sign = words(OPERATIONS), Limits(), Heartbeat()
    assert f"tried up to {limits.attempts} times" in text
    assert f"kept as dead for {limits.keep_dead / 86400:.0f} days" in text
    assert f"rows kept for {limits.keep_done / 86400:.0f} days" in text
    assert (
        f"sign of life every {sign.every:.0f} seconds. One that gave none for {sign.dead_after:.0f} seconds" in text
    )
    assert f"ends its runs after {sign.own_until:.0f} seconds by itself" in text
    most = f"{reconcile.REPOSITORIES} repositories of an installation and {reconcile.PULLS} pull requests of a"
    assert most in text


def test_every_figure_for_prometheus_is_explained() -> None:
    names = {metric.name for metric in Metrics().registry.collect() if metric.name.startswith("argofix_")}
    assert names and not [name for name in names if f"`{name}" not in OPERATIONS]


def test_the_bounds_that_sizing_names() -> None:
    sizing = words(OPERATIONS.partition("## Sizing")[2].partition("\n## ")[0])
    (manifests,) = (each.default for each in fields(Settings) if each.name == "manifest_mb")
    assert f"keeps {manifests} MB of manifests" in sizing
    most = inspect.signature(RenderCache).parameters["most"].default
    assert f"renderings take {most // 2**30} GiB at most" in sizing
    deployment, claim = read("deploy/base/deployment.yaml"), read("deploy/sqlite/volume-claim.yaml")
    assert "memory: 512Mi" in deployment and 'cpu: "2"' in deployment and "memory: 3Gi" in deployment
    assert "asks for 512 MiB and allows 3 GiB and 2 processors" in sizing
    assert "storage: 10Gi" in claim and "the volume claim asks for 10 GiB" in sizing


@pytest.mark.parametrize("figure", ["73.3 s", "0.86 s", "18.7 s", "456", "82 MB / 100 MB", "318 MB", "2,499", "792"])
def test_the_measurements_that_sizing_rounds_are_in_the_benchmarks(figure: str) -> None:
    assert figure in read("benchmarks/README.md")


async def test_the_backup_that_the_page_tells_holds_what_waits(tmp_path: Path) -> None:
    (command,) = re.findall(r"^    (python3 -c .*)$", OPERATIONS, re.MULTILINE)
    running = SqliteStore(tmp_path / "argofix.db")
    await running.store(delivery("waits"))
    name, *arguments = shlex.split(command.replace("/state", str(tmp_path)))
    assert name == "python3"
    run = partial(subprocess.run, [sys.executable, *arguments], capture_output=True)
    assert (await asyncio.to_thread(run)).returncode == 0
    assert (await asyncio.to_thread(run)).returncode != 0, "a backup that is there is not overwritten"
    await running.store(delivery("later", number=2))
    await running.close()
    empty = tmp_path / "empty"
    empty.mkdir()
    (tmp_path / "backup.db").rename(empty / "argofix.db")
    restored = SqliteStore(empty / "argofix.db")
    assert [each.id for each in await restored.listed([State.QUEUED])] == ["waits"]
    await restored.close()
