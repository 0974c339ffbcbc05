"""Webhook deliveries: built, validated against GitHub's description, signed, sent for real, and remembered."""

import asyncio
import hashlib
import hmac
import json
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from tests.github import payloads
from tests.github.description import load
from tests.github.repository import Repository
from tests.github.shape import fit
from tests.github.state import App, Installation, State, User

Json = dict[str, Any]

ALWAYS = frozenset({"installation", "installation_repositories", "ping"})
# An App with checks permission gets these without asking.
WITH_CHECKS = frozenset({"check_run", "check_suite"})


@dataclass(slots=True, eq=False)
class Delivery:
    """One attempt. A redelivery is another one with the same guid."""

    id: int
    guid: str
    event: str
    action: str | None
    payload: Json
    app: App
    installation: Installation | None
    repository_id: int | None
    delivered_at: str
    redelivery: bool = False
    done: bool = False
    status_code: int = 0
    status: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    response: str = ""


def emit(
    state: State,
    event: str,
    action: str | None,
    fields: Json,
    repository: Repository | None,
    sender: User,
    *,
    installation: Installation | None = None,
    only: App | None = None,
) -> None:
    """Delivers an event to every App that is installed and subscribed. Emits nothing when nobody would get it."""
    for candidate in [installation] if installation else list(state.installations.values()):
        app = candidate.app
        if installation is None and (not candidate.active or repository is None or not candidate.covers(repository)):
            continue
        checks = event in WITH_CHECKS and "checks" in candidate.permissions
        if (only is not None and app is not only) or not (event in ALWAYS or event in candidate.events or checks):
            continue
        payload = {**fields, "sender": payloads.user(state, sender)}
        if action is not None:
            payload["action"] = action
        if repository is not None:
            payload["repository"] = payloads.repository(repository)
            if repository.owner.type == "Organization":
                payload["organization"] = payloads.organization(state, repository.owner)
        if "installation" not in payload:
            payload["installation"] = {"id": candidate.id, "node_id": f"MDIz{candidate.id}"}
        deliver(state, app, candidate, event, action, payload, repository)


def deliver(
    state: State,
    app: App,
    installation: Installation | None,
    event: str,
    action: str | None,
    payload: Json,
    repository: Repository | None,
) -> None:
    description = load()
    name = event.replace("_", "-") + (f"-{action.replace('_', '-')}" if action else "")
    schema = description.events[name]
    payload = fit(schema, description.event_definitions, payload)
    if problems := description.errors(f"event {name}", schema, payload, event=True):
        state.violation("webhook", name, *problems)
    if app.webhook_url is None:
        return
    delivery = Delivery(
        next(state.ids),
        state.guid(),
        event,
        action,
        payload,
        app,
        installation,
        repository.id if repository else None,
        state.now(),
    )
    send(state, delivery)


def redeliver(state: State, delivery: Delivery) -> None:
    send(
        state,
        Delivery(
            next(state.ids),
            delivery.guid,
            delivery.event,
            delivery.action,
            delivery.payload,
            delivery.app,
            delivery.installation,
            delivery.repository_id,
            state.now(),
            redelivery=True,
        ),
    )


def send(state: State, delivery: Delivery) -> None:
    state.deliveries.append(delivery)
    if state.held is not None:
        state.held.append(delivery)
    else:
        post(state, delivery)


def post(state: State, delivery: Delivery) -> None:
    """Puts it on the wire, at once or as late as a test likes: GitHub promises no order."""
    task = asyncio.get_running_loop().create_task(_post(state, delivery))
    state.tasks.add(task)
    task.add_done_callback(state.tasks.discard)


def signed_headers(state: State, delivery: Delivery, body: bytes) -> dict[str, str]:
    secret = delivery.app.webhook_secret.encode()
    return {
        "Accept": "*/*",
        "Content-Type": "application/json",
        "User-Agent": "GitHub-Hookshot/51a11e2",
        "X-GitHub-Delivery": delivery.guid,
        "X-GitHub-Event": delivery.event,
        "X-GitHub-Hook-ID": str(delivery.app.id + 500_000),
        "X-GitHub-Hook-Installation-Target-ID": str(delivery.app.id),
        "X-GitHub-Hook-Installation-Target-Type": "integration",
        "X-Hub-Signature": "sha1=" + hmac.new(secret, body, hashlib.sha1).hexdigest(),
        "X-Hub-Signature-256": "sha256=" + hmac.new(secret, body, hashlib.sha256).hexdigest(),
    }


async def _post(state: State, delivery: Delivery) -> None:
    body = json.dumps(delivery.payload, separators=(",", ":")).encode()
    delivery.headers = signed_headers(state, delivery, body)
    url = delivery.app.webhook_url
    try:
        if url is None:
            raise aiohttp.ClientConnectionError("no webhook URL")
        timeout = aiohttp.ClientTimeout(total=state.webhook_timeout)
        async with (
            aiohttp.ClientSession(timeout=timeout) as session,
            session.post(url, data=body, headers=delivery.headers) as response,
        ):
            delivery.status_code = response.status
            delivery.response = await response.text(errors="replace")
            delivery.status = "OK" if response.ok else (response.reason or "failed")
    except TimeoutError:
        delivery.status_code, delivery.status = 504, "timed out"
    except aiohttp.ClientError:
        delivery.status_code, delivery.status = 502, "failed to connect to host"
    finally:
        delivery.done = True
        state.changed()
