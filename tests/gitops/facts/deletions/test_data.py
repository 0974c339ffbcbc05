"""What loses data when Argo CD deletes it."""

from __future__ import annotations

import pytest

from gitops.facts.deletions.data import is_data_bearing, is_tracked, may_lose_data
from gitops.facts.deletions.options import Options, options_of
from gitops.resources.manifests import canonical
from gitops.resources.resource import Resource, ResourceId


@pytest.mark.parametrize(
    ("group", "kind"),
    [
        ("", "Namespace"),
        ("", "PersistentVolumeClaim"),
        ("", "Secret"),
        ("postgresql.cnpg.io", "Cluster"),
        ("database.example.org", "Instance"),
        ("kafka.strimzi.io", "KafkaTopic"),
        ("argoproj.io", "Application"),
        ("argoproj.io", "ApplicationSet"),
        ("snapshot.storage.k8s.io", "VolumeSnapshot"),
        ("project.openshift.io", "Project"),
        ("kyverno.io", "ClusterPolicy"),  # takes along what its rules generated
        ("monitoring.coreos.com", "Prometheus"),
    ],
)
def test_these_lose_data_and_so_does_whatever_nobody_knows(group: str, kind: str) -> None:
    assert may_lose_data(group, kind)


@pytest.mark.parametrize(
    ("group", "kind"),
    [
        ("", "ConfigMap"),
        ("", "Service"),
        ("apps", "Deployment"),
        ("batch", "CronJob"),
        ("rbac.authorization.k8s.io", "ClusterRole"),
        ("monitoring.coreos.com", "ServiceMonitor"),
        ("gateway.networking.k8s.io", "HTTPRoute"),
        ("networking.istio.io", "VirtualService"),
        ("argoproj.io", "AppProject"),
    ],
)
def test_what_can_be_made_again_from_git_loses_none(group: str, kind: str) -> None:
    assert not may_lose_data(group, kind)


def test_a_definition_carries_data_and_is_out_of_argo_cds_reach() -> None:
    definition = ("apiextensions.k8s.io", "CustomResourceDefinition")
    assert is_data_bearing(*definition)
    assert not is_tracked(*definition)
    assert not may_lose_data(*definition)


def said(kind: str = "PersistentVolumeClaim", spec: object = None, **metadata: object) -> Options:
    manifest = {"apiVersion": "v1", "kind": kind, "metadata": {"name": "x", **metadata}, "spec": spec or {}}
    return options_of(Resource(ResourceId("", kind, "", "x"), canonical(manifest)))


@pytest.mark.parametrize(
    ("text", "prune", "delete"),
    [
        ("Prune=false", "false", None),
        (" Prune=confirm , Delete=false", "confirm", "false"),
        ("Validate=false,Delete=confirm", None, "confirm"),
        ("Prune=true,Prune=false", "true", None),  # the first one counts
        ("prune=false", None, None),
        ("", None, None),
    ],
)
def test_sync_options_are_read_as_argo_cd_reads_them(text: str, prune: str | None, delete: str | None) -> None:
    found = said(annotations={"argocd.argoproj.io/sync-options": text})
    assert (found.prune, found.delete) == (prune, delete)
    assert found.guarded == bool({prune, delete} & {"false", "confirm"})


def test_helms_keep_owners_and_claims_that_go() -> None:
    assert said(annotations={"helm.sh/resource-policy": "keep"}) == Options(keeps=True)
    assert said(ownerReferences=[{"kind": "Deployment", "name": "x"}]) == Options(owned=True)
    claims = {"persistentVolumeClaimRetentionPolicy": {"whenDeleted": "Delete"}}
    assert said("StatefulSet", claims) == Options(claims_go=True)
    assert said(labels={"a": "sync-options"}) == Options()
