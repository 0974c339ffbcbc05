"""What is never printed, wherever it stands."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gitops.facts.changes.hidden import shown
from gitops.facts.changes.texts import is_telling, without_secrets
from gitops.resources.resource import ResourceId

MAP = ResourceId("", "ConfigMap", "a", "c")
VALUE = "hunter2/x"


def container(**fields: Any) -> dict[str, Any]:
    return {"spec": {"containers": [{"name": "web", **fields}]}}


@pytest.mark.parametrize(
    "manifest",
    [
        container(env=[{"name": "DB_PASSWORD", "value": VALUE}]),
        container(env=[{"name": "AWS_SECRET_ACCESS_KEY", "value": VALUE}, {"name": "SECRET_KEY", "value": VALUE}]),
        container(args=["--user", "root", "--password", VALUE, f"--api-token={VALUE}"]),
        container(command=["sh", "-c", f"mysql --password {VALUE} <in; curl -H 'Authorization: Bearer {VALUE}' h"]),
        {"spec": {"variables": [{"key": "api_key", "value": VALUE}]}},
        {"spec": {"passwords": {"bob": VALUE}, "tokens": [VALUE]}},
        {"spec": {"manifest": {"kind": "Secret", "stringData": {"a": VALUE}}}},
        {"data": {"x": json.dumps({"apiVersion": "v1", "kind": "Secret", "data": {"a": VALUE}})}},
        {"data": {"x": json.dumps(json.dumps({"kind": "Secret", "data": {"a": VALUE}}))}},
        {"data": {"x": f"- a\n---\nkind: Secret\nstringData:\n  a: {VALUE}\n"}},
        {"data": {"values": f"db:\n  password: {VALUE}\n  tls: on\n"}},
        {"data": {"values": f"db: {{user: a, password: {VALUE}}}\n"}},
        {"data": {"values": f"env:\n- name: TOKEN\n  value: {VALUE}\n"}},
        {"data": {"values": f"private_key: |\n  a\n  {VALUE}\nuser: b\n"}},
        {"data": {"app.env": f"A=b\nexport SMTP_PASS='{VALUE} c'\nMYSQL_PWD={VALUE}\n"}},
        {"data": {"a.json": json.dumps({"a": 1, "clientSecret": VALUE}, indent=1)}},
        {"data": {"url": f"postgres://a:{VALUE.replace('/', '')}@db/x?sslpassword={VALUE}"}},
    ],
)
def test_no_secret_is_left(manifest: dict[str, Any]) -> None:
    text = json.dumps(shown(MAP, manifest))
    assert VALUE not in text
    assert VALUE.replace("/", "") not in text
    assert "(hidden)" in text


def test_what_a_sealed_secret_puts_into_its_secret_as_it_is() -> None:
    sealed = {"spec": {"encryptedData": {"p": "AgB"}, "template": {"data": {"q": VALUE}, "type": "Opaque"}}}
    assert shown(ResourceId("bitnami.com", "SealedSecret", "a", "s"), sealed)["spec"]["template"]["data"] == {
        "q": "(hidden)"
    }


@pytest.mark.parametrize(
    "manifest",
    [
        container(env=[{"name": "TOKEN", "valueFrom": {"secretKeyRef": {"name": "web", "key": "token"}}}]),
        {
            "spec": {
                "imagePullSecrets": [{"name": "web"}],
                "volumes": [{"name": "a", "secret": {"secretName": "web"}}],
            }
        },
        {"spec": {"data": [{"secretKey": "password", "remoteRef": {"key": "db", "property": "password"}}]}},
        {
            "data": {
                "values": "existingSecret: web\npassword: ${PASSWORD}\ntoken: {{ .Values.token }}\nmax_tokens: 9\n"
            }
        },
        {"data": {"values": "automountServiceAccountToken: false\nsecretName: web\n# a secret, by: me\n"}},
    ],
)
def test_names_of_secrets_and_what_stands_for_one_can_be_read(manifest: dict[str, Any]) -> None:
    assert shown(MAP, manifest) == manifest


def test_a_definition_has_fields_that_are_called_so() -> None:
    definition = {"spec": {"properties": {"password": "what it is: a text", "secrets": {"type": "array"}}}}
    rid = ResourceId("apiextensions.k8s.io", "CustomResourceDefinition", "", "x")
    assert shown(rid, definition) == definition


def test_the_rest_of_a_text_can_be_read_line_by_line() -> None:
    text = "a: 1\npassword: x\nb: 2\n"
    assert without_secrets(text) == "a: 1\npassword: (hidden)\nb: 2\n"
    assert without_secrets("x" * 300_000 + " token") == "(hidden)"


@pytest.mark.parametrize("name", ["secretName", "tokenSecretRef", "compass", "existingSecret", "secretKey"])
def test_names_that_tell_nothing(name: str) -> None:
    assert not is_telling(name)
