"""Who may ask what, and how the API server says no (`metav1.Status` in apimachinery)."""

from __future__ import annotations

import ssl

import aiohttp
import pytest

from tests.kubernetes import Authority, SimulatedCluster, allow
from tests.kubernetes_sim.conftest import METADATA, METADATA_LIST, SECRETS, Client


async def test_a_certificate_of_another_authority_is_not_accepted(cluster: SimulatedCluster) -> None:
    context = ssl.create_default_context(cadata=Authority("another").pem)
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=context)) as session:
        with pytest.raises(aiohttp.ClientConnectorCertificateError):
            await Client(cluster, session, "").get("/version")
    assert not cluster.requests


async def test_an_unknown_token_is_401_and_nobody_is_anonymous(client: Client) -> None:
    nobody = Client(client.cluster, client.session, "")
    stranger = Client(client.cluster, client.session, "sim.unknown")
    refused = await stranger.get(SECRETS)
    assert refused.status == 401
    assert refused.json == {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": "Unauthorized",
        "reason": "Unauthorized",
        "code": 401,
    }
    anonymous = await nobody.get(SECRETS)
    assert anonymous.status == 403
    assert 'User "system:anonymous" cannot list resource "secrets"' in anonymous.json["message"]
    assert (await nobody.get("/version")).status == 200


@pytest.mark.parametrize("accept", ["application/json", METADATA, METADATA_LIST])
async def test_rbac_knows_neither_metadata_nor_values(client: Client, accept: str) -> None:
    """Whoever may not list Secrets may not list their metadata either; the refusal is a whole Status."""
    token = client.cluster.account("reader", allow("get", resources=["secrets"], namespaces=["shop"]))
    refused = await Client(client.cluster, client.session, token).get(SECRETS, accept)
    assert refused.status == 403
    assert refused.json == {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": 'secrets is forbidden: User "system:serviceaccount:argofix:reader" cannot list resource "secrets"'
        ' in API group "" in the namespace "shop"',
        "reason": "Forbidden",
        "details": {"kind": "secrets"},
        "code": 403,
    }


async def test_rules_hold_for_verbs_namespaces_names_and_groups(client: Client) -> None:
    cluster = client.cluster
    for namespace in ("shop", "ops"):
        cluster.secret(namespace, "db", {"a": "1"})
        cluster.secret(namespace, "mail", {"a": "1"})
    cluster.application("web")
    token = cluster.account(
        "reader",
        allow("get", resources=["secrets"], namespaces=["shop"], names=["db"]),
        allow("list", resources=["applications"], groups=["argoproj.io"]),
    )
    reader = Client(cluster, client.session, token)
    applications = "/apis/argoproj.io/v1alpha1"
    answers = {
        path: (await reader.get(path)).status
        for path in (
            f"{SECRETS}/db",
            f"{SECRETS}/mail",
            SECRETS,
            "/api/v1/namespaces/ops/secrets/db",
            "/api/v1/secrets",
            f"{applications}/applications",
            f"{applications}/namespaces/argocd/applications",
            f"{applications}/namespaces/argocd/applications/web",
        )
    }
    assert answers == {
        f"{SECRETS}/db": 200,
        f"{SECRETS}/mail": 403,
        SECRETS: 403,
        "/api/v1/namespaces/ops/secrets/db": 403,
        "/api/v1/secrets": 403,
        f"{applications}/applications": 200,
        f"{applications}/namespaces/argocd/applications": 200,
        f"{applications}/namespaces/argocd/applications/web": 403,
    }


async def test_who_may_not_ask_learns_not_whether_it_exists(client: Client) -> None:
    token = client.cluster.account("reader", allow("get", resources=["configmaps"]))
    reader = Client(client.cluster, client.session, token)
    client.cluster.secret("shop", "db", {})
    there, not_there = await reader.get(f"{SECRETS}/db"), await reader.get(f"{SECRETS}/nope")
    assert (there.status, not_there.status) == (403, 403)
    assert there.json["message"] == not_there.json["message"].replace("nope", "db")


async def test_what_does_not_exist(client: Client) -> None:
    client.cluster.secret("shop", "db", {})
    missing = await client.get(f"{SECRETS}/nope")
    assert missing.status == 404
    assert missing.json == {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": 'secrets "nope" not found',
        "reason": "NotFound",
        "details": {"name": "nope", "kind": "secrets"},
        "code": 404,
    }
    custom = await client.get("/apis/argoproj.io/v1alpha1/namespaces/argocd/applications/nope")
    assert custom.json["details"] == {"name": "nope", "group": "argoproj.io", "kind": "applications"}
    assert custom.json["message"] == 'applications.argoproj.io "nope" not found'
    resource = await client.get("/api/v1/namespaces/shop/widgets")
    assert (resource.status, resource.json["message"]) == (404, "the server could not find the requested resource")
    group = await client.get("/apis/example.org/v1/widgets")
    assert (group.status, group.json, group.text) == (404, None, "404 page not found\n")
    nowhere = await client.get("/api/v1/namespaces/nowhere/secrets")
    assert (nowhere.status, nowhere.json["items"]) == (200, [])


async def test_nothing_can_be_written_and_the_attempt_is_kept(client: Client) -> None:
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        answer = await client.ask(method, f"{SECRETS}/db", send={})
        assert answer.status == 403
    assert client.cluster.violations == [f"{m} {SECRETS}/db" for m in ("POST", "PUT", "PATCH", "DELETE")]


async def test_an_account_can_ask_what_it_may_do(client: Client) -> None:
    token = client.cluster.account("reader", allow("get", resources=["secrets"], namespaces=["shop"]))
    reader = Client(client.cluster, client.session, token)
    path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
    allowed = {}
    for verb in ("get", "list"):
        spec = {"resourceAttributes": {"verb": verb, "resource": "secrets", "namespace": "shop"}}
        answer = await reader.ask("POST", path, send={"kind": "SelfSubjectAccessReview", "spec": spec})
        assert (answer.status, answer.json["spec"]) == (201, spec)
        allowed[verb] = answer.json["status"]["allowed"]
    assert allowed == {"get": True, "list": False}
    assert not client.cluster.violations
