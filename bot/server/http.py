"""The HTTP side: which paths there are, and how it is served."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager

from aiohttp import web

from bot.process.metrics import Metrics
from bot.server import pages
from bot.server.operator_faults import OperatorFaults
from bot.server.pages import Pages
from bot.server.webhook import MAX_BYTES, Webhook


class CannotListen(Exception):
    """The address or port is not to be had. The message names them."""


# Why a part is not ready, in one sentence; None when it is.
Probe = Callable[[], str | None]


def application(
    webhook: Webhook,
    metrics: Metrics,
    probes: Mapping[str, Probe],
    operator_faults: OperatorFaults,
    renderer: str = "",
    shown: Pages | None = None,
) -> web.Application:
    """`POST /webhook`, `GET /healthz` (the process answers), `/readyz` (all `probes` are content; which `renderer`
    works), `/metrics`, and
    what comments lead to (`shown`)."""

    async def healthz(_request: web.Request) -> web.Response:
        return web.json_response({"status": "ok"})

    async def readyz(_request: web.Request) -> web.Response:
        problems = {name: problem for name, probe in probes.items() if (problem := probe()) is not None}
        status = "unavailable" if problems else "ok"
        told = dict(operator_faults.told())
        answer = {"status": status, "problems": problems, "troubles": told, "renderer": renderer}
        return web.json_response(answer, status=503 if problems else 200)

    async def show_metrics(_request: web.Request) -> web.Response:
        return web.Response(body=metrics.text(), headers={"Content-Type": "text/plain; version=0.0.4; charset=utf-8"})

    app = web.Application(client_max_size=MAX_BYTES, middlewares=[_plain_headers])
    app.router.add_post("/webhook", webhook.__call__)  # aiohttp knows async methods, not async objects
    app.router.add_get("/healthz", healthz)
    app.router.add_get("/readyz", readyz)
    app.router.add_get("/metrics", show_metrics)
    if shown is not None:
        app.router.add_get(pages.PATH, shown.__call__)
    return app


@asynccontextmanager
async def listening(app: web.Application, host: str, port: int) -> AsyncIterator[int]:
    """Serve `app` while inside; gives the port (port 0 picks a free one). On leaving, open requests may finish.

    Raises `CannotListen`.
    """
    # A compressed body is refused, so it must not be unpacked before we see it.
    runner = web.AppRunner(app, auto_decompress=False, access_log=None, handle_signals=False, shutdown_timeout=5.0)
    await runner.setup()
    try:
        site = web.TCPSite(runner, host, port, backlog=1024)
        try:
            await site.start()
        except OSError as error:
            why = os.strerror(error.errno) if error.errno is not None and error.errno > 0 else error.strerror
            raise CannotListen(f"it cannot listen on {host}, port {port} (HOST, PORT): {why or error}") from None
        yield int(runner.addresses[0][1])
    finally:
        await runner.cleanup()


@web.middleware
async def _plain_headers(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    response = await handler(request)
    response.headers["Server"] = "argofix"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response
