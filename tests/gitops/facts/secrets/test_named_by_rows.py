"""Rows of the table whose Secret is named by a field, and by the manifest's own name without it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.gitops.facts.secrets.test_providers import given


def _named(kind: str, api: str, spec: dict[str, Any], made: str, without: dict[str, Any] | None) -> Any:
    return pytest.param(kind, api, spec, made, without, id=f"{api} {kind}")


# Rows that read a name: what is made, and a specification with which nothing is (None: the manifest's name counts).
NAMED = [
    _named("Issuer", "cert-manager.io/v1", {"acme": {"privateKeySecretRef": {"name": "y"}}}, "y", {"ca": {}}),
    _named("ExternalSecret", "kubernetes-client.io/v1", {"data": [{"name": "a"}]}, "x", None),
    _named(
        "VaultDynamicSecret", "secrets.hashicorp.com/v1beta1", {"destination": {"name": "y", "create": True}}, "y", {}
    ),
    _named(
        "VaultPKISecret", "secrets.hashicorp.com/v1beta1", {"destination": {"name": "y", "create": True}}, "y", {}
    ),
    _named(
        "HCPVaultSecretsApp", "secrets.hashicorp.com/v1beta1", {"destination": {"name": "y", "create": True}}, "y", {}
    ),
    _named("VaultSecret", "ricoberger.de/v1alpha1", {"path": "p"}, "x", None),
    _named(
        "VaultSecret", "redhatcop.redhat.io/v1alpha1", {"output": {"name": "y", "stringData": {"a": ""}}}, "y", {}
    ),
    _named("BitwardenSecret", "k8s.bitwarden.com/v1", {"secretName": "y"}, "y", {}),
    _named("DopplerSecret", "secrets.doppler.com/v1alpha1", {"managedSecret": {"name": "y"}}, "y", {}),
    _named("InfisicalSecret", "secrets.infisical.com/v1", {"managedSecretReference": {"secretName": "y"}}, "y", {}),
    _named(
        "InfisicalDynamicSecret", "secrets.infisical.com/v1", {"managedSecretReference": {"secretName": "y"}}, "y", {}
    ),
    _named("AzureKeyVaultSecret", "spv.no/v2beta1", {"output": {"secret": {"name": "y"}}}, "y", {"vault": {}}),
    _named("AzureKeyVaultSecret", "akv2k8s.io/v1", {"output": {"secret": {"name": "y"}}}, "y", {"vault": {}}),
    *(
        _named(kind, "secretgenerator.mittwald.de/v1alpha1", {}, "x", None)
        for kind in ("StringSecret", "BasicAuth", "SSHKeyPair")
    ),
    *(
        _named(kind, "secretgen.k14s.io/v1alpha1", {}, "x", None)
        for kind in ("Password", "Certificate", "RSAKey", "SSHKey")
    ),
    _named("SecretImport", "secretgen.carvel.dev/v1alpha1", {"fromNamespace": "n"}, "x", None),
    _named("SecretTemplate", "secretgen.carvel.dev/v1alpha1", {}, "x", None),
]


@pytest.mark.parametrize(("kind", "api", "spec", "made", "without"), NAMED)
def test_rows_that_read_a_name(
    kind: str, api: str, spec: dict[str, Any], made: str, without: dict[str, Any] | None
) -> None:
    assert [(each.name, each.creates) for each in given(api, kind, spec=spec)] == [(made, True)]
    if without is not None:
        assert given(api, kind, spec=without) == []
    assert given("acme.example/v1", kind, spec=spec) == []  # of another group


def test_a_secret_export_makes_nothing_by_itself() -> None:
    assert given("secretgen.carvel.dev/v1alpha1", "SecretExport", spec={"toNamespaces": ["*"]}) == []
