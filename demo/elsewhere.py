"""The story's second part: three Applications that take what they deploy from elsewhere.

`cache` is a chart of a registry, `web` a kustomization upon a remote base, and `orders` lives in a second repository.
One pull request copies what the chart brings, the other one, in the second repository, what `web` brings.
"""

from __future__ import annotations

import hashlib
import io
import tarfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from textwrap import dedent

from aiohttp import web

from tests.github import File

ACCOUNT = "apiVersion: v1\nkind: ServiceAccount\nmetadata:\n  name: cache\n  namespace: shop\n"
FLAGS = (
    "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: feature-flags\n  namespace: shop\ndata:\n  checkout: v2\n"
)
_CHART = {
    "cache/Chart.yaml": "apiVersion: v2\nname: cache\nversion: 1.2.0\n",
    "cache/values.yaml": "account:\n  create: true\n",
    "cache/templates/account.yaml": (
        "{{- if .Values.account.create }}\napiVersion: v1\nkind: ServiceAccount\nmetadata:\n"
        "  name: {{ .Release.Name }}\n  namespace: {{ .Release.Namespace }}\n{{- end }}\n"
    ),
}
# The repository that others take their manifests from.
MANIFESTS: dict[str, bytes | str | File | None] = {
    "base/kustomization.yaml": "resources: [service.yaml]\n",
    "base/service.yaml": (
        "apiVersion: v1\nkind: Service\nmetadata:\n  name: web\nspec:\n"
        "  selector: {app: web}\n  ports: [{port: 80}]\n"
    ),
    "orders/orders.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: orders\n  namespace: shop\n",
}
COPIED_FLAGS: dict[str, bytes | str | File | None] = {"orders/feature-flags.yaml": FLAGS}


def edge(git: str, charts: str) -> dict[str, bytes | str | File | None]:
    """The repository with the Applications. `git` is where the second one is cloned from, `charts` the registry."""
    return {
        "apps/cache.yaml": _application("cache", f"{{repoURL: '{charts}', chart: cache, targetRevision: 1.x}}"),
        "apps/orders.yaml": _application("orders", f"{{repoURL: '{git}', targetRevision: main, path: orders}}"),
        "apps/web.yaml": _application(
            "web", "{repoURL: 'https://github.com/umbrella/edge', targetRevision: main, path: web}"
        ),
        "web/kustomization.yaml": kustomization(git, "flags.yaml"),
        "web/flags.yaml": FLAGS,
    }


def kustomization(git: str, *files: str) -> str:
    """`web` upon its remote base."""
    entries = "".join(f"  - {each}\n" for each in (f"git::{git}//base?ref=main", *files))
    return f"namespace: shop\nresources:\n{entries}"


def _application(name: str, source: str) -> str:
    return dedent(
        f"""\
        apiVersion: argoproj.io/v1alpha1
        kind: Application
        metadata:
          name: {name}
          namespace: argocd
        spec:
          project: default
          destination: {{server: 'https://kubernetes.default.svc', namespace: shop}}
          source: {source}
        """
    )


@asynccontextmanager
async def registry() -> AsyncIterator[str]:
    """A Helm repository with one chart, on a free port of 127.0.0.1; gives its URL."""
    archive = _packed()
    digest = hashlib.sha256(archive).hexdigest()
    entry = f"{{name: cache, version: 1.2.0, apiVersion: v2, urls: [cache-1.2.0.tgz], digest: {digest}}}"
    index = f"apiVersion: v1\nentries:\n  cache:\n    - {entry}\n"

    async def listed(_request: web.Request) -> web.Response:
        return web.Response(text=index, content_type="application/yaml")

    async def chart(_request: web.Request) -> web.Response:
        return web.Response(body=archive, content_type="application/gzip")

    app = web.Application()
    app.router.add_get("/index.yaml", listed)
    app.router.add_get("/cache-1.2.0.tgz", chart)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


def _packed() -> bytes:
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w:gz") as archive:
        for path, text in _CHART.items():
            data = text.encode()
            member = tarfile.TarInfo(path)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return target.getvalue()
