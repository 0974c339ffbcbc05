"""A simulated Helm chart repository: `index.yaml` over HTTP, as GitHub Pages serves it (ETag and all).

The index has the form of Helm's "Chart repositories": per chart a list of versions, each with `version`,
`appVersion`, `urls`, `digest` and `created`, next to a lot that nobody asked for.
"""

from __future__ import annotations

import hashlib
from typing import Any, Self

import yaml
from aiohttp import web


class SimulatedCharts:
    """Use as an async context manager; `url` is the repository's address. `body` replaces the index when set."""

    def __init__(self) -> None:
        self.entries: dict[str, list[dict[str, Any]]] = {}
        self.requests: list[int] = []
        self.body: bytes | None = None
        self.content_type = "text/yaml"

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_get("/argo-helm/index.yaml", self._index)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}/argo-helm"
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()

    def publish(self, chart: str, version: str, app_version: str, **more: Any) -> None:
        self.entries.setdefault(chart, []).insert(
            0,
            {
                "apiVersion": "v2",
                "name": chart,
                "version": version,
                "appVersion": app_version,
                "created": "2026-11-07T10:00:00Z",
                "digest": hashlib.sha256(version.encode()).hexdigest(),
                "urls": [f"https://github.com/argoproj/argo-helm/releases/download/{chart}-{version}.tgz"],
                "annotations": {"artifacthub.io/changes": "- kind: changed\n  description: Bump argo-cd\n"},
                **more,
            },
        )

    async def _index(self, request: web.Request) -> web.Response:
        index = {"apiVersion": "v1", "entries": self.entries, "generated": "2026-11-07T10:00:00Z"}
        body = self.body if self.body is not None else yaml.safe_dump(index).encode()
        etag = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
        unchanged = request.headers.get("If-None-Match") == etag
        self.requests.append(304 if unchanged else 200)
        if unchanged:
            return web.Response(status=304, headers={"ETag": etag})
        return web.Response(body=body, content_type=self.content_type, headers={"ETag": etag})
