"""The page on which a person registers an App from a manifest, as far as a browser needs it.

Source: GitHub Docs, "Registering a GitHub App from a manifest".
"""

from __future__ import annotations

import json
from html import escape
from urllib.parse import urlencode

from aiohttp import web

from tests.github.description import load
from tests.github.people import People

PARAMETERS = {
    "name", "url", "hook_attributes", "redirect_url", "callback_urls", "setup_url", "description", "public",
    "default_events", "default_permissions", "request_oauth_on_install", "setup_on_update",
}  # fmt: skip


def problems(manifest: object) -> list[str]:
    """Why GitHub would refuse it."""
    if not isinstance(manifest, dict):
        return ["the manifest is not an object"]
    found = [f"unknown parameter {name}" for name in sorted(manifest.keys() - PARAMETERS)]
    found += [f"{name} is missing" for name in ("name", "url") if not manifest.get(name)]
    schema = {"$ref": "#/$defs/app-permissions"}
    found += load().errors("manifest permissions", schema, manifest.get("default_permissions", {}))
    if len(str(manifest.get("name", ""))) > 34:
        found.append("the name is too long")
    return found


def add_to(app: web.Application, github: People) -> None:
    """Routes of the page: the form that a server's page posts to, and the button on it."""
    waiting: dict[str, tuple[dict[str, object], str]] = {}

    async def show(request: web.Request) -> web.Response:
        manifest = json.loads(str((await request.post())["manifest"]))
        wrong = problems(manifest)
        if wrong:
            github.violation("client", "the manifest page", *wrong)
            return web.Response(status=422, text="; ".join(wrong))
        ticket = github.letters(20)
        waiting[ticket] = (manifest, request.query.get("state", ""))
        owner = request.match_info.get("organization", "you")
        page = (
            f"<!doctype html><title>Create GitHub App</title><h1>Create GitHub App for {escape(owner)}</h1>"
            f'<form method="post" action="/settings/apps/create?ticket={ticket}">'
            f'<button type="submit">Create {escape(str(manifest["name"]))}</button></form>'
        )
        return web.Response(text=page, content_type="text/html")

    async def create(request: web.Request) -> web.Response:
        manifest, state = waiting.pop(request.query["ticket"])
        query = urlencode({"code": github.manifest_code(manifest), "state": state})
        return web.Response(status=302, headers={"Location": f"{manifest['redirect_url']}?{query}"})

    app.router.add_post("/settings/apps/new", show)
    app.router.add_post("/organizations/{organization}/settings/apps/new", show)
    app.router.add_post("/settings/apps/create", create)
