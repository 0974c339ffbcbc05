"""Objects and lists in both forms, against kubernetes_asyncio's own models of them.

The models are generated from Kubernetes' OpenAPI. They drop what they do not know, so an answer fits when it comes
back from its model unchanged. PartialObjectMetadata has no model; its metadata has.
"""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest
from kubernetes_asyncio.client.api_client import ApiClient

from tests.kubernetes import SimulatedCluster
from tests.kubernetes.objects import managed
from tests.kubernetes_sim.conftest import METADATA, METADATA_LIST, SECRETS, Client

APPLICATIONS = "/apis/argoproj.io/v1alpha1/namespaces/argocd/applications"


class Models(ApiClient):
    """kubernetes_asyncio's (de)serialization, without a connection."""

    def __init__(self) -> None:
        self.client_side_validation = True

    def fits(self, answer: Any, model: str) -> Any:
        """The model of an answer, which must hold all of it."""
        response: Any = SimpleNamespace(data=json.dumps(answer))
        found = self.deserialize(response, model)
        assert _times(self.sanitize_for_serialization(found)) == _times(answer)
        return found


def _times(value: Any) -> Any:
    """The client writes the time zone another way."""
    return json.loads(json.dumps(value).replace("+00:00", "Z"))


@pytest.fixture
def models() -> Models:
    return Models()


def fill(cluster: SimulatedCluster) -> None:
    cluster.secret(
        "shop",
        "db",
        {"url": "postgres://", "password": "p"},
        labels={"app.kubernetes.io/instance": "web"},
        annotations={"kubectl.kubernetes.io/last-applied-configuration": "{}"},
    )
    cluster.config_map("shop", "settings", {"mode": "fast"}, {"logo.png": "AAAA"})
    cluster.tracked("v1", "Namespace", "", "team", "web:/Namespace:shop/team")
    cluster.application("web", path="a")


@pytest.mark.parametrize(
    ("path", "model"),
    [
        (f"{SECRETS}/db", "V1Secret"),
        (SECRETS, "V1SecretList"),
        ("/api/v1/secrets", "V1SecretList"),
        ("/api/v1/namespaces/shop/configmaps/settings", "V1ConfigMap"),
        ("/api/v1/namespaces/shop/configmaps", "V1ConfigMapList"),
        ("/api/v1/namespaces/team", "V1Namespace"),
        ("/api/v1/namespaces", "V1NamespaceList"),
        ("/apis", "V1APIGroupList"),
        ("/apis/argoproj.io", "V1APIGroup"),
        ("/api", "V1APIVersions"),
        ("/api/v1", "V1APIResourceList"),
        ("/apis/apps/v1", "V1APIResourceList"),
        ("/apis/authorization.k8s.io/v1", "V1APIResourceList"),
        (f"{SECRETS}/nope", "V1Status"),
        ("/api/v1/namespaces/shop/widgets", "V1Status"),
    ],
)
async def test_answers_fit_the_models(client: Client, models: Models, path: str, model: str) -> None:
    fill(client.cluster)
    models.fits((await client.get(path)).json, model)


async def test_a_secret_and_its_list(client: Client) -> None:
    fill(client.cluster)
    whole = (await client.get(f"{SECRETS}/db")).json
    assert (whole["kind"], whole["apiVersion"], whole["type"]) == ("Secret", "v1", "Opaque")
    assert whole["data"] == {"url": "cG9zdGdyZXM6Ly8=", "password": "cA=="}
    assert {"name", "namespace", "uid", "resourceVersion", "creationTimestamp"} <= whole["metadata"].keys()
    listed = (await client.get(SECRETS)).json
    assert (listed["kind"], listed["apiVersion"]) == ("SecretList", "v1")
    # Items of built-in lists do not say what they are; those of custom ones do.
    assert [item.keys() & {"kind", "apiVersion"} for item in listed["items"]] == [set()]
    custom = (await client.get(APPLICATIONS)).json
    assert [(item["kind"], item["apiVersion"]) for item in custom["items"]] == [
        ("Application", "argoproj.io/v1alpha1")
    ]


@pytest.mark.parametrize("path", [f"{SECRETS}/db", f"{APPLICATIONS}/web", "/api/v1/namespaces/team"])
async def test_metadata_of_one_object(client: Client, models: Models, path: str) -> None:
    fill(client.cluster)
    whole, partial = (await client.get(path)).json, await client.get(path, METADATA)
    assert partial.headers["Content-Type"].startswith("application/json")
    assert partial.json == {
        "kind": "PartialObjectMetadata",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": whole["metadata"],
    }
    models.fits(partial.json["metadata"], "V1ObjectMeta")


@pytest.mark.parametrize("path", [SECRETS, APPLICATIONS, "/api/v1/namespaces", "/api/v1/secrets"])
async def test_metadata_of_a_list(client: Client, models: Models, path: str) -> None:
    fill(client.cluster)
    whole, partial = (await client.get(path)).json, (await client.get(path, METADATA_LIST)).json
    assert (partial["kind"], partial["apiVersion"]) == ("PartialObjectMetadataList", "meta.k8s.io/v1")
    assert partial["metadata"] == whole["metadata"]
    models.fits(partial["metadata"], "V1ListMeta")
    assert [item["metadata"] for item in partial["items"]] == [item["metadata"] for item in whole["items"]]
    assert {(item["kind"], item["apiVersion"], len(item)) for item in partial["items"]} == {
        ("PartialObjectMetadata", "meta.k8s.io/v1", 3)
    }


async def test_an_empty_list_of_metadata_has_null_for_items(client: Client) -> None:
    """The conversion appends to a nil slice (apiserver's `asPartialObjectMetadataList`), unlike whole lists."""
    client.cluster.config_map("shop", "settings", {})
    assert (await client.get(SECRETS, METADATA_LIST)).json["items"] is None
    assert (await client.get(SECRETS)).json["items"] == []


async def test_forms_that_are_not_to_be_had(client: Client, models: Models) -> None:
    fill(client.cluster)
    yaml = await client.get(SECRETS, "text/html")
    assert (yaml.status, yaml.json["reason"]) == (406, "NotAcceptable")
    assert yaml.json["message"].startswith("only the following media types are accepted: application/json")
    listed = await client.get(SECRETS, METADATA)
    assert (listed.status, listed.json["message"]) == (
        406,
        "you requested PartialObjectMetadata, but the requested object is a list (*core.SecretList)",
    )
    single = await client.get(f"{SECRETS}/db", METADATA_LIST)
    assert (single.status, single.json["message"]) == (
        406,
        "you requested PartialObjectMetadataList, but the requested object is not a list (*core.Secret)",
    )
    assert (await client.get(f"{SECRETS}/nope", METADATA_LIST)).status == 404
    for answer in (yaml, listed, single):
        models.fits(answer.json, "V1Status")


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        (f"{METADATA_LIST}, application/json", "PartialObjectMetadataList"),
        (f"text/html, {METADATA_LIST}", "PartialObjectMetadataList"),
        ("application/json", "SecretList"),
        ("*/*", "SecretList"),
        (METADATA_LIST.replace("v=v1", "v=v9") + ", application/json", "SecretList"),
    ],
)
async def test_the_first_acceptable_form_is_given(client: Client, accept: str, kind: str) -> None:
    fill(client.cluster)
    assert (await client.get(SECRETS, accept)).json["kind"] == kind


async def test_managed_fields_name_what_somebody_set(client: Client) -> None:
    fill(client.cluster)
    (entry,) = (await client.get(f"{SECRETS}/db", METADATA)).json["metadata"]["managedFields"]
    assert entry["fieldsType"] == "FieldsV1"
    assert entry["operation"] == "Update"
    assert entry["apiVersion"] == "v1"
    assert entry["fieldsV1"]["f:data"] == {".": {}, "f:url": {}, "f:password": {}}
    assert entry["fieldsV1"]["f:metadata"]["f:annotations"] == {
        ".": {},
        "f:kubectl.kubernetes.io/last-applied-configuration": {},
    }
    assert entry["fieldsV1"]["f:type"] == {}
    (of_map,) = (await client.get("/api/v1/namespaces/shop/configmaps/settings")).json["metadata"]["managedFields"]
    assert of_map["fieldsV1"]["f:binaryData"] == {".": {}, "f:logo.png": {}}


async def test_managed_fields_can_have_several_managers_or_be_trimmed(client: Client) -> None:
    body = {"apiVersion": "v1", "kind": "Secret", "data": {"a": "MQ=="}}
    more = {"apiVersion": "v1", "kind": "Secret", "data": {"b": "MQ=="}}
    client.cluster.secret(
        "shop", "db", {"a": "1", "b": "1"}, managed_fields=[managed(body), managed(more, "helm", "Apply")]
    )
    client.cluster.secret("shop", "old", {"a": "1"}, managed_fields=[])
    entries = (await client.get(f"{SECRETS}/db")).json["metadata"]["managedFields"]
    assert [(entry["manager"], entry["operation"]) for entry in entries] == [
        ("kubectl-create", "Update"),
        ("helm", "Apply"),
    ]
    assert "managedFields" not in (await client.get(f"{SECRETS}/old")).json["metadata"]
