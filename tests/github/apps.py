"""The App, its installations, tokens and webhook deliveries."""

from datetime import timedelta
from typing import Any

from tests.github import payloads
from tests.github.handling import Answer, ApiError, Call, found, listed, operation, page
from tests.github.state import LEVELS, Installation, Token
from tests.github.webhooks import Delivery, redeliver, signed_headers

Json = dict[str, Any]

TOKEN_LENGTH = 520
TOKEN_LIFETIME = timedelta(hours=1)
SEARCH = {"limit": 30, "used": 0, "remaining": 30}
DELIVERIES_KEPT = timedelta(days=3)


def find_installation(call: Call) -> Installation:
    item = call.state.installations.get(int(call.path["installation_id"]))
    if item is None or item.deleted or item.app is not call.app:
        raise ApiError(404, "Not Found")
    return item


@operation("apps/get-authenticated", "app")
def get_app(call: Call) -> Answer:
    return Answer(200, payloads.app(call.state, call.app))


@operation("apps/list-installations", "app")
def list_installations(call: Call) -> Answer:
    items = [item for item in call.state.installations.values() if item.app is call.app and not item.deleted]
    return listed(call, items, lambda item: payloads.installation(call.state, item))


@operation("apps/get-installation", "app")
def get_installation(call: Call) -> Answer:
    return Answer(200, payloads.installation(call.state, find_installation(call)))


@operation("apps/get-repo-installation", "app")
def get_repo_installation(call: Call) -> Answer:
    item = call.state.installation_for(call.repo)
    if item is None or item.app is not call.app:
        raise ApiError(404, "Not Found")
    return Answer(200, payloads.installation(call.state, item))


@operation("apps/create-installation-access-token", "app")
def create_token(call: Call) -> Answer:
    item, body = find_installation(call), call.body or {}
    if item.suspended_at:
        raise ApiError(403, "This installation has been suspended")
    permissions = item.permissions
    if "permissions" in body:
        permissions = body["permissions"]
        for name, level in permissions.items():
            if LEVELS.get(level, 9) > LEVELS.get(item.permissions.get(name, ""), 0):
                raise ApiError(422, "The permissions requested are not granted to this installation.")
        permissions = {"metadata": "read", **permissions}
    chosen = None
    if "repositories" in body or "repository_ids" in body:
        covered = [repo for repo in call.state.repositories.values() if item.covers(repo)]
        names, ids = set(body.get("repositories", ())), set(body.get("repository_ids", ()))
        chosen = [repo for repo in covered if repo.name in names or repo.id in ids]
        if names - {repo.name for repo in covered} or ids - {repo.id for repo in covered}:
            raise ApiError(
                422,
                "A repository does not exist or is not accessible to the parent installation.",
            )
    token = Token(
        "ghs_" + call.state.letters(TOKEN_LENGTH - 4),
        item,
        dict(permissions),
        None if chosen is None else frozenset(repo.id for repo in chosen),
        call.state.clock() + TOKEN_LIFETIME,
    )
    call.state.tokens[token.value] = token
    result: Json = {
        "token": token.value,
        "expires_at": token.expires_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "permissions": token.permissions,
        "repository_selection": "all" if item.repositories is None and chosen is None else "selected",
    }
    if chosen is not None:
        result["repositories"] = [payloads.repository(repo) for repo in chosen]
    return Answer(201, result)


@operation("apps/revoke-installation-access-token", "token")
def revoke_token(call: Call) -> Answer:
    assert call.caller.token
    del call.state.tokens[call.caller.token.value]
    return Answer(204)


@operation("apps/list-repos-accessible-to-installation", "token")
def list_repositories(call: Call) -> Answer:
    token = call.caller.token
    assert token
    items = [repo for repo in call.state.repositories.values() if token.covers(repo)]
    answer = listed(call, items, payloads.repository, "repositories")
    answer.body["repository_selection"] = "all" if token.installation.repositories is None else "selected"
    return answer


@operation("apps/create-from-manifest")
def create_from_manifest(call: Call) -> Answer:
    item = found(call.state.manifests.pop(call.path["code"], None))
    secrets = {
        "client_secret": call.state.letters(40),
        "webhook_secret": item.webhook_secret,
        "pem": item.private_key,
    }
    return Answer(201, payloads.app(call.state, item) | secrets)


def delivery_item(delivery: Delivery) -> Json:
    return {
        "id": delivery.id,
        "guid": delivery.guid,
        "delivered_at": delivery.delivered_at,
        "redelivery": delivery.redelivery,
        "duration": 0.1,
        "status": delivery.status,
        "status_code": delivery.status_code,
        "event": delivery.event,
        "action": delivery.action,
        "installation_id": delivery.installation.id if delivery.installation else None,
        "repository_id": delivery.repository_id,
        "throttled_at": None,
    }


def kept(call: Call) -> list[Delivery]:
    """The App's deliveries of the last three days, newest first."""
    oldest = (call.state.clock() - DELIVERIES_KEPT).strftime("%Y-%m-%dT%H:%M:%SZ")
    return [
        item
        for item in reversed(call.state.deliveries)
        if item.app is call.app and item.done and item.delivered_at >= oldest
    ]


def find_delivery(call: Call) -> Delivery:
    wanted = int(call.path["delivery_id"])
    return found(next((item for item in kept(call) if item.id == wanted), None))


@operation("apps/list-webhook-deliveries", "app")
def list_deliveries(call: Call) -> Answer:
    """Newest first; the cursor is the id of the last delivery of the page before."""
    items = kept(call)
    if status := call.query.get("status"):
        items = [item for item in items if (200 <= item.status_code < 400) == (status == "success")]
    if cursor := call.query.get("cursor"):
        if not cursor.removeprefix("v1_").isdigit():
            raise ApiError(422, "Invalid cursor")
        items = [item for item in items if item.id < int(cursor.removeprefix("v1_"))]
    chosen, _ = page(call, items)
    headers = {}
    if len(items) > len(chosen):
        size = call.query.get("per_page", 30)
        base = call.url.partition("?")[0]
        headers = {"Link": f'<{base}?per_page={size}&cursor=v1_{chosen[-1].id}>; rel="next"'}
    return Answer(200, [delivery_item(item) for item in chosen], headers)


@operation("apps/get-webhook-delivery", "app")
def get_delivery(call: Call) -> Answer:
    item = find_delivery(call)
    request = {"headers": item.headers or signed_headers(call.state, item, b""), "payload": item.payload}
    response = {"headers": {}, "payload": item.response}
    return Answer(200, delivery_item(item) | {"url": item.app.webhook_url, "request": request, "response": response})


@operation("apps/redeliver-webhook-delivery", "app")
def redeliver_delivery(call: Call) -> Answer:
    redeliver(call.state, find_delivery(call))
    return Answer(202, {})


@operation("rate-limit/get")
def rate_limit(call: Call) -> Answer:
    core = call.state.rate(call.caller.installation)
    return Answer(200, {"resources": {"core": core, "search": core | SEARCH}, "rate": core})
