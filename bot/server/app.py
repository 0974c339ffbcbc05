"""The server put together: settings in, webhooks answered, deliveries worked on, until told to stop."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
from collections.abc import Callable, Coroutine, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from functools import partial
from importlib.metadata import version
from typing import Any
from urllib.parse import urlsplit

import aiohttp

from bot.cluster.reader import ClusterReader, cluster_reader
from bot.fetching.fetcher import Fetcher
from bot.fetching.guard import Guard, host_and_port
from bot.fetching.web import port_of
from bot.github.app import GitHubApp
from bot.github.client import Wire
from bot.github.endpoints import installations
from bot.github.endpoints.installations import AppIdentity
from bot.github.outgoing import Outgoing
from bot.github.pace import ContentLimits
from bot.process.clock import Clock, SystemClock
from bot.process.errors import PermanentError, TemporaryError, causes
from bot.process.exclusive import Exclusive
from bot.process.metrics import Metrics
from bot.process.state_directory import make_private
from bot.process.threads import RepositoryThreads
from bot.queue.allowance import Allowance
from bot.queue.databases import SQLITE, open_store
from bot.queue.deliveries import DeliveryStore
from bot.queue.schedule import Periodic, keep_time
from bot.queue.waiting import Announcer, Heads
from bot.registries.sources import VersionSources
from bot.rendering.driver import Engine
from bot.rendering.verdicts import Verdicts
from bot.repositories.mirror import Mirrors
from bot.server.context import Services
from bot.server.http import application, listening
from bot.server.operator_faults import OperatorFaults
from bot.server.pages import Pages
from bot.server.readiness import AppAccess, free_bytes, limited, overdue, room, stuck
from bot.server.settings import Settings
from bot.server.webhook import Webhook
from bot.server.worker import Limits, Worker
from gitops.files.effort import Effort
from handlers.registry import HANDLERS, SHOW_QUEUED, taken

log = logging.getLogger(__name__)

IDENTITY_RETRY = 10.0  # seconds between attempts to learn who we are, while GitHub does not answer
HOUSEKEEPING = 60.0


@dataclass(frozen=True, slots=True)
class Running:
    """What is known once the server listens."""

    port: int
    worker: Worker
    engine: Engine


async def serve(
    settings: Settings,
    *,
    stop: asyncio.Event | None = None,
    started: Callable[[Running], None] | None = None,
    clock: Clock | None = None,
) -> None:
    """Serve until `stop` is set, or until SIGTERM or SIGINT when it is not given.

    Raises `bot.server.settings.SettingsError`, `bot.rendering.kustomize.RendererMissing`,
    `bot.process.exclusive.StateDirectoryInUse`, `bot.queue.deliveries.StoreUnavailable`,
    `bot.server.http.CannotListen` and `OSError` (the state directory cannot be used). Logging is the caller's to
    configure.
    """
    clock = clock or SystemClock()
    stop = stop or stop_on_signals()
    metrics = Metrics()
    metrics.state_free.set_function(lambda: free_bytes(settings.state_dir))
    operator_faults = OperatorFaults()
    access = AppAccess(operator_faults)

    def observe(method: str, status: int, remaining: int | None, scope: str) -> None:
        metrics.observe_github(method, status, remaining, scope)
        access.observe(status, scope)

    threads = RepositoryThreads(clock)
    asyncio.get_running_loop().set_default_executor(threads)
    # All threads share one interpreter. Behind ten that are at work the loop would wait ten times as long as this.
    sys.setswitchinterval(0.001)
    async with AsyncExitStack() as stack:
        if open_to := make_private(settings.state_dir):
            log.warning("the state directory is not private", extra={"reason": open_to})
            operator_faults.replace("state", {"access": open_to})
        # Mirrors and renderings are one server's, wherever the deliveries are.
        stack.callback(Exclusive(settings.state_dir / "server.lock").release)
        engine = await Engine.start(settings.state_dir, settings.renderer, engine=settings.engine)
        stack.push_async_callback(engine.close)
        engine.grant = lambda: Effort(seconds=settings.render_seconds, bytes=settings.manifest_mb * 2**20)
        engine.observe_renderings(metrics.observe_rendering)
        engine.observe_cache = metrics.observe_cache
        metrics.build.info({"version": version("argofix"), "renderer": engine.renderer})
        store = await _store(settings.database_url)
        stack.push_async_callback(store.close)
        pages = Pages(store, settings.webhook_secret, settings.public_url, clock)
        session = await stack.enter_async_context(aiohttp.ClientSession(trust_env=True, auto_decompress=True))
        wire = Wire(session, settings.api_url, clock, observe=observe, outgoing=Outgoing(settings.secrets))
        wire = replace(wire, held=metrics.observe_limit)
        content = ContentLimits(settings.content_per_minute, settings.content_per_hour)
        github = GitHubApp(wire, app_id=settings.app_id, private_key=settings.private_key, content=content)
        metrics.limited.set_function(lambda: len(github.held()))
        clusters = _clusters(settings, clock)
        if clusters is not None:
            stack.push_async_callback(clusters.close)
            if clusters.trouble:
                operator_faults.replace("cluster", {"access": clusters.trouble})
        identity: list[AppIdentity] = []
        heads, allowance, verdicts = Heads(), Allowance(), Verdicts()
        mirrors = Mirrors(settings.state_dir / "mirrors", github.token)

        versions = VersionSources(
            session,
            quay_url=settings.quay_url,
            charts_url=settings.charts_url,
            releases_url=settings.releases_url,
            clock=clock,
            directory=settings.state_dir / "versions",
            metrics=metrics,
        )

        # A GitHub Enterprise Server is most often inside.
        api = urlsplit(settings.api_url).hostname or ""
        guard = Guard(settings.fetch_hosts | {host_and_port(api, port_of(settings.api_url))})
        fetcher = Fetcher.open(settings.state_dir, guard, credentials=settings.fetch_credentials, clock=clock)
        stack.push_async_callback(fetcher.close)

        def services() -> Services:
            return Services(
                settings,
                clock,
                github,
                identity[0],
                mirrors,
                engine,
                metrics,
                versions,
                fetcher,
                worker.accept,
                pages,
                store,
                clusters,
                operator_faults,
                heads,
                allowance,
                verdicts,
            )

        limits = Limits(concurrency=settings.workers, run_limit=settings.run_limit)
        worker = Worker(store, HANDLERS, clock, metrics, services, limits)
        wanted = partial(taken, app=settings.app_id)
        webhook = Webhook(settings.webhook_secret, worker.accept, wanted, clock, metrics)
        problem: list[str] = ["GitHub has not answered yet"]
        operator_faults.watch("runs", "overdue", overdue(worker))
        operator_faults.watch("github", "limits", limited(github, clock))
        operator_faults.watch("threads", "stuck", stuck(threads))
        probes = {
            "github": lambda: problem[0] or None,
            "queue": worker.problem,
            "state": room(settings.state_dir),
            "threads": threads.problem,
        }
        port = await stack.enter_async_context(
            listening(
                application(webhook, metrics, probes, operator_faults, engine.renderer, pages),
                settings.host,
                settings.port,
            )
        )
        log.info("listening", extra={"port": port, "renderer": engine.renderer})
        if engine.exposed:
            exposed, refused = " and ".join(engine.exposed), "pull requests from forks of public repositories"
            said = {"exposed": exposed, "refused": refused, "reason": engine.confinement}
            log.warning("the renderer is not shut in", extra=said)
            reach = {"confinement": f"{engine.confinement}; {refused} are refused"}
            if settings.key_file:
                reach["key"] = f"it could read {settings.key_file}; give the private key as GITHUB_PRIVATE_KEY"
            operator_faults.replace("renderer", reach)
        if started is not None:
            started(Running(port, worker, engine))
        await _until(stop, worker, _work(worker, github, clock, identity, problem, _periodic(settings)))


def _periodic(settings: Settings) -> tuple[Periodic, ...]:
    return (
        Periodic("reconcile", settings.reconcile_interval, at_start=True),
        Periodic("poll", settings.poll_interval),
    )


async def _work(
    worker: Worker,
    github: GitHubApp,
    clock: Clock,
    identity: list[AppIdentity],
    problem: list[str],
    periodic: Sequence[Periodic],
) -> None:
    """Learn who we are, then work. Deliveries are accepted meanwhile."""
    while not identity:
        try:
            identity.append(await installations.identity(github.as_app()))
        except (TemporaryError, PermanentError) as error:
            # Wrong credentials do not mend themselves, but they may be replaced; /readyz tells.
            problem[0] = f"GitHub does not accept this App: {error}"
            log.error("GitHub does not answer as it should", extra={"reason": str(error)})
            await clock.sleep(IDENTITY_RETRY)
    problem[0] = ""
    log.info("ready", extra={"app": identity[0].slug})
    show = partial(SHOW_QUEUED, services=worker.make_services())
    announcer = Announcer(worker.waiting, worker.store, clock, show)
    works = [_keep_house(worker, clock), announcer.run()]
    works += [keep_time(each, worker.accept, clock) for each in periodic]
    await side_by_side(worker.run(), works)


async def side_by_side(work: Coroutine[Any, Any, None], beside: Sequence[Coroutine[Any, Any, None]]) -> None:
    """Await `work`, with what goes on for as long beside it. When one of them fails, all end: raises that error, and
    logs each one, since of a group Python says only how many errors it holds."""
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(each) for each in beside]
            await work
            for task in tasks:
                task.cancel()
    except BaseExceptionGroup as failed:
        errors = causes(failed)
        for error in errors:
            log.error("the server ends", extra={"reason": f"{type(error).__name__}: {error}"}, exc_info=error)
        raise errors[0] from None


async def _keep_house(worker: Worker, clock: Clock) -> None:
    while True:
        try:
            await worker.housekeeping()
        except Exception:
            log.exception("housekeeping failed")
        await clock.sleep(HOUSEKEEPING)


async def _until(stop: asyncio.Event, worker: Worker, work: Coroutine[Any, Any, None]) -> None:
    """Run `work` until `stop`, then let the worker drain; the work's own failure ends it too."""
    task = asyncio.create_task(work)
    watch = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait((task, watch), return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            task.result()
        else:
            await worker.stop()
    finally:
        watch.cancel()
        task.cancel()
        await asyncio.gather(watch, task, return_exceptions=True)


def _clusters(settings: Settings, clock: Clock) -> ClusterReader | None:
    """What KUBECONFIG or the Pod's ServiceAccount lets us see. A broken kubeconfig is logged; check runs say so."""
    if not settings.cluster:
        return None
    return cluster_reader(clock, {**os.environ, "KUBECONFIG": settings.kubeconfig})


async def _store(url: str) -> DeliveryStore:
    """An SQLite file is one server's; several may share PostgreSQL."""
    return await open_store(url, alone=url.startswith(SQLITE), make=True)


def stop_on_signals() -> asyncio.Event:
    """An event that SIGTERM and SIGINT set."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    return stop
