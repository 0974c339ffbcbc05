"""Every place that names a Secret or ConfigMap, in every kind that has pods."""

from __future__ import annotations

from typing import Any

import pytest

from gitops.facts.secrets.consumers import uses_of
from gitops.facts.secrets.pods import POD_SPECS
from gitops.facts.secrets.references import Effect, is_placeholder, references
from gitops.resources.resource import Resource, ResourceId
from tests.scenarios import manifest

Seen = tuple[str, str, str | None, str, str]


def seen(group: str, kind: str, body: dict[str, Any]) -> list[Seen]:
    return [(use.kind, use.name, use.key, use.field, use.holder) for use in references(group, kind, body)]


def pod(**spec: Any) -> dict[str, Any]:
    return {"spec": spec}


def env(**source: Any) -> dict[str, Any]:
    return pod(containers=[{"name": "app", "env": [{"name": "A", "valueFrom": source}]}])


CASES: list[tuple[str, dict[str, Any], list[Seen]]] = [
    (
        "env secretKeyRef",
        env(secretKeyRef={"name": "s", "key": "k"}),
        [("Secret", "s", "k", "spec.containers[0].env[0].valueFrom.secretKeyRef.key", "container `app`")],
    ),
    (
        "env configMapKeyRef",
        env(configMapKeyRef={"name": "c", "key": "k"}),
        [("ConfigMap", "c", "k", "spec.containers[0].env[0].valueFrom.configMapKeyRef.key", "container `app`")],
    ),
    (
        "envFrom of an init container",
        pod(initContainers=[{"name": "i", "envFrom": [{"prefix": "P_", "secretRef": {"name": "s"}}]}]),
        [("Secret", "s", None, "spec.initContainers[0].envFrom[0].secretRef.name", "init container `i`")],
    ),
    (
        "envFrom configMapRef of an ephemeral container",
        pod(ephemeralContainers=[{"name": "e", "envFrom": [{"configMapRef": {"name": "c"}}]}]),
        [
            (
                "ConfigMap",
                "c",
                None,
                "spec.ephemeralContainers[0].envFrom[0].configMapRef.name",
                "ephemeral container `e`",
            )
        ],
    ),
    (
        "a whole secret volume",
        pod(volumes=[{"name": "v", "secret": {"secretName": "s"}}]),
        [("Secret", "s", None, "spec.volumes[0].secret.secretName", "volume `v`")],
    ),
    (
        "items of volumes",
        pod(
            volumes=[
                {"name": "v", "secret": {"secretName": "s", "items": [{"key": "a", "path": "x"}, {"key": "b"}]}},
                {"name": "w", "configMap": {"name": "c", "items": [{"key": "d"}]}},
            ]
        ),
        [
            ("Secret", "s", "a", "spec.volumes[0].secret.items[0].key", "volume `v`"),
            ("Secret", "s", "b", "spec.volumes[0].secret.items[1].key", "volume `v`"),
            ("ConfigMap", "c", "d", "spec.volumes[1].configMap.items[0].key", "volume `w`"),
        ],
    ),
    (
        "projected sources",
        pod(
            volumes=[
                {
                    "name": "v",
                    "projected": {
                        "sources": [
                            {"secret": {"name": "s", "items": [{"key": "a"}]}},
                            {"configMap": {"name": "c"}},
                            {"serviceAccountToken": {"path": "t"}},
                        ]
                    },
                }
            ]
        ),
        [
            ("Secret", "s", "a", "spec.volumes[0].projected.sources[0].secret.items[0].key", "volume `v`"),
            ("ConfigMap", "c", None, "spec.volumes[0].projected.sources[1].configMap.name", "volume `v`"),
        ],
    ),
    (
        "csi and older volumes",
        pod(
            volumes=[
                {"name": "v", "csi": {"driver": "d", "nodePublishSecretRef": {"name": "s"}}},
                {"name": "w", "azureFile": {"secretName": "t", "shareName": "x"}},
            ]
        ),
        [
            ("Secret", "s", None, "spec.volumes[0].csi.nodePublishSecretRef.name", "volume `v`"),
            ("Secret", "t", None, "spec.volumes[1].azureFile.secretName", "volume `w`"),
        ],
    ),
    (
        "pull secrets",
        pod(imagePullSecrets=[{"name": "s"}]),
        [("Secret", "s", None, "spec.imagePullSecrets[0].name", "`imagePullSecrets`")],
    ),
]


@pytest.mark.parametrize(("body", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_a_pod(body: dict[str, Any], expected: list[Seen]) -> None:
    assert seen("", "Pod", body) == expected


@pytest.mark.parametrize(("group", "kind"), sorted(POD_SPECS))
def test_every_pod_bearing_kind(group: str, kind: str) -> None:
    route = POD_SPECS[group, kind]
    body: dict[str, Any] = env(secretKeyRef={"name": "s", "key": "k"})["spec"]
    for step in reversed(route):
        body = {str(step): body}
    prefix = ".".join(str(step) for step in route)
    assert seen(group, kind, body) == [
        ("Secret", "s", "k", f"{prefix}.containers[0].env[0].valueFrom.secretKeyRef.key", "container `app`")
    ]


def test_an_ingress_and_a_service_account() -> None:
    ingress = {"spec": {"tls": [{"hosts": ["h"], "secretName": "t"}]}}
    assert seen("networking.k8s.io", "Ingress", ingress) == [("Secret", "t", None, "spec.tls[0].secretName", "`tls`")]
    account = {"secrets": [{"name": "a"}], "imagePullSecrets": [{"name": "b"}]}
    assert seen("", "ServiceAccount", account) == [
        ("Secret", "a", None, "secrets[0].name", "`secrets`"),
        ("Secret", "b", None, "imagePullSecrets[0].name", "`imagePullSecrets`"),
    ]
    effects = [use.effect for use in references("", "ServiceAccount", account)]
    assert effects == [Effect.NONE, Effect.PULL]


def test_an_ingress_of_another_group_is_none() -> None:
    assert seen("traefik.io", "Ingress", {"spec": {"tls": [{"secretName": "t"}]}}) == []


def _resource(text: str) -> Resource:
    return Resource(ResourceId("", "Pod", "shop", "p"), text.encode())


@pytest.mark.parametrize(
    "selector",
    [
        {"name": "s", "key": "k", "optional": True},
        {"name": "${NAME}", "key": "k"},
        {"name": "{{ .Values.name }}", "key": "k"},
        {"name": "<your-secret>", "key": "k"},
        {"name": "REPLACE_ME", "key": "k"},
        {"name": "s", "key": "$(KEY)"},
        {"name": "", "key": "k"},
        {"key": "k"},
        "s",
        None,
    ],
)
def test_what_is_optional_or_not_final_is_left_out(selector: Any) -> None:
    body = env(secretKeyRef=selector)
    assert uses_of(_resource(manifest("Pod", "p", "shop", **body))) == ()


@pytest.mark.parametrize("field", ["env", "volumes", "containers", "initContainers", "imagePullSecrets"])
@pytest.mark.parametrize("junk", ["text", 1, None, {}, [None], ["text"], [[]], [{"valueFrom": []}], [{"secret": 3}]])
def test_junk_is_no_reference(field: str, junk: Any) -> None:
    container: dict[str, Any] = {"name": "app"}
    spec: dict[str, Any] = {"containers": [container]}
    (container if field == "env" else spec)[field] = junk
    assert seen("", "Pod", {"spec": spec}) in (
        [],
        [("Secret", "", None, "spec.imagePullSecrets[0].name", "`imagePullSecrets`")],
    )


def test_placeholders() -> None:
    assert all(is_placeholder(text) for text in ("${A}", "$(A)", "{{a}}", "x-<name>", "<path:a#b>"))
    assert not any(is_placeholder(text) for text in ("a", "tls.crt", "A_B", "a$b", "a<b"))
