"""Where a custom resource lives: told by CRDs in git, else by a table; else it is unknown, and that is said."""

from __future__ import annotations

import json

import pytest

from bot.rendering.driver import Engine
from checks.model import Severity
from gitops.resources.kinds import is_namespaced, scope_of
from gitops.resources.known_scopes import CLUSTER, NAMESPACED
from tests.scenarios import application, evaluated, manifest, of_rule

TWO = {
    "apps/a.yaml": application("a", "a", namespace="team-a"),
    "apps/b.yaml": application("b", "b", namespace="team-b"),
}


def both(text: str) -> dict[str, str]:
    return {**TWO, "a/x.yaml": text, "b/x.yaml": text}


@pytest.mark.parametrize(
    ("api", "kind"),
    [
        ("keda.sh/v1alpha1", "ClusterTriggerAuthentication"),
        ("pkg.crossplane.io/v1", "Provider"),
        ("s3.aws.upbound.io/v1beta1", "Bucket"),
        ("aws.upbound.io/v1beta1", "ProviderConfig"),
        ("s3.aws.m.upbound.io/v1beta1", "ClusterProviderConfig"),
        ("elbv2.k8s.aws/v1beta1", "IngressClassParams"),
        ("policies.kyverno.io/v1alpha1", "MutatingPolicy"),
        ("capsule.clastix.io/v1beta2", "Tenant"),
        ("cilium.io/v2alpha1", "CiliumPodIPPool"),
        ("constraints.gatekeeper.sh/v1beta1", "K8sRequiredLabels"),
        ("templates.gatekeeper.sh/v1", "ConstraintTemplate"),
        ("external-secrets.io/v1", "ClusterSecretStore"),
        ("cert-manager.io/v1", "ClusterIssuer"),
        ("trust.cert-manager.io/v1alpha1", "Bundle"),
        ("argoproj.io/v1alpha1", "ClusterAnalysisTemplate"),
        ("karpenter.sh/v1", "NodePool"),
        ("kueue.x-k8s.io/v1beta1", "ClusterQueue"),
        ("operator.tigera.io/v1", "Installation"),
        ("postgresql.cnpg.io/v1", "ClusterImageCatalog"),
        ("gateway.networking.k8s.io/v1", "GatewayClass"),
    ],
)
async def test_a_cluster_scoped_custom_resource_is_one_object_for_every_namespace(
    engine: Engine, api: str, kind: str
) -> None:
    evaluation = await evaluated(engine, both(manifest(kind, "x", api=api, spec={})))
    (finding,) = of_rule(evaluation, "duplicate-owner")
    assert finding.severity is Severity.ERROR
    assert finding.applications == ("a", "b")
    assert finding.resource is not None
    assert (finding.resource.kind, finding.resource.namespace) == (kind, "")


@pytest.mark.parametrize(
    ("api", "kind"),
    [
        ("keda.sh/v1alpha1", "ScaledObject"),
        ("cert-manager.io/v1", "Certificate"),
        ("monitoring.coreos.com/v1", "ServiceMonitor"),
        ("networking.istio.io/v1", "VirtualService"),
        ("traefik.io/v1alpha1", "IngressRoute"),
        ("postgresql.cnpg.io/v1", "Cluster"),
        ("kafka.strimzi.io/v1beta2", "KafkaTopic"),
        ("acid.zalan.do/v1", "postgresql"),
        ("s3.aws.m.upbound.io/v1beta1", "Bucket"),
        ("operator.openshift.io/v1", "IngressController"),
        ("apps/v1", "Deployment"),
        ("autoscaling/v2", "HorizontalPodAutoscaler"),
        ("coordination.k8s.io/v1", "LeaseCandidate"),
    ],
)
async def test_a_namespaced_one_is_one_in_each(engine: Engine, api: str, kind: str) -> None:
    evaluation = await evaluated(engine, both(manifest(kind, "x", api=api, spec={})))
    assert of_rule(evaluation, "duplicate-owner") == []


WIDGETS = "".join(manifest("Widget", name, api="example.org/v1", spec={}) + "---\n" for name in ("one", "two"))


async def test_of_an_unknown_scope_one_notice_says_what_it_depends_on(engine: Engine) -> None:
    files = {**both(WIDGETS), "apps/c.yaml": application("c", "a", namespace="team-c")}
    (finding,) = of_rule(await evaluated(engine, files), "duplicate-owner")
    assert finding.severity is Severity.NOTICE
    assert "`a`, `b` and `c` own the same 2 objects of kind Widget" in finding.message
    assert "which is not known" in finding.message


def crd(scope: str) -> str:
    return json.dumps(
        {
            "apiVersion": "apiextensions.k8s.io/v1",
            "kind": "CustomResourceDefinition",
            "metadata": {"name": "widgets.example.org"},
            "spec": {
                "group": "example.org",
                "scope": scope,
                "names": {"kind": "Widget", "plural": "widgets"},
                "versions": [{"name": "v1", "served": True, "storage": True}],
            },
        }
    )


def xrd(version: str, **spec: str) -> str:
    names = {
        "names": {"kind": "XWidget", "plural": "xwidgets"},
        "claimNames": {"kind": "Widget", "plural": "widgets"},
    }
    api = f"apiextensions.crossplane.io/{version}"
    return manifest("CompositeResourceDefinition", "x", api=api, spec={"group": "example.org", **names, **spec})


@pytest.mark.parametrize(
    ("definition", "kind", "severities"),
    [
        (crd("Cluster"), "Widget", ["error"]),
        (crd("Namespaced"), "Widget", []),
        (xrd("v1"), "Widget", []),
        (xrd("v1"), "XWidget", ["error"]),
        (xrd("v2"), "XWidget", []),
        (xrd("v2", scope="Cluster"), "XWidget", ["error"]),
    ],
)
async def test_a_definition_in_git_settles_it(
    engine: Engine, definition: str, kind: str, severities: list[str]
) -> None:
    files = {
        **both(manifest(kind, "one", api="example.org/v1", spec={})),
        "apps/crds.yaml": application("crds", "crds"),
        "crds/x.yaml": definition,
    }
    found = of_rule(await evaluated(engine, files), "duplicate-owner")
    assert [finding.severity for finding in found] == severities


CRD_FILE = """\
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata:
  name: widgets.example.org
spec:
  group: example.org
  names:
    kind: Widget
    plural: widgets
  scope: {}
  versions: []
"""


@pytest.mark.parametrize(
    ("files", "severities"),
    [
        ({"charts/widgets/crds/widget.yaml": CRD_FILE.format("Cluster")}, ["error"]),
        ({"charts/widgets/crds/widget.yaml": CRD_FILE.format("Namespaced")}, []),
        ({"crds/all.yaml": "# two\n---\n" + CRD_FILE.format("'Cluster'") + "---\nkind: Other\n"}, ["error"]),
        ({"one.yaml": CRD_FILE.format("Cluster"), "two.yaml": CRD_FILE.format("Namespaced")}, ["notice"]),
        ({"charts/widgets/templates/crd.yaml": CRD_FILE.format("{{ .Values.scope }}")}, ["notice"]),
    ],
    ids=["cluster", "namespaced", "among others", "two versions", "template"],
)
async def test_a_definition_that_no_application_brings_settles_it_too(
    engine: Engine, files: dict[str, str], severities: list[str]
) -> None:
    widgets = both(manifest("Widget", "one", api="example.org/v1"))
    found = of_rule(await evaluated(engine, {**widgets, **files}), "duplicate-owner")
    assert [finding.severity for finding in found] == severities


@pytest.mark.parametrize(
    "files",
    [
        # It names its namespaces, so it has them.
        {
            **TWO,
            "a/x.yaml": manifest("Widget", "one", "team-a", api="example.org/v1"),
            "b/x.yaml": manifest("Widget", "one", "team-b", api="example.org/v1"),
        },
        # Two clusters.
        {
            **both(WIDGETS),
            "apps/b.yaml": application("b", "b", namespace="team-b", server="https://other.example"),
        },
        # Other names.
        {
            **TWO,
            "a/x.yaml": manifest("Widget", "one", api="example.org/v1"),
            "b/x.yaml": manifest("Widget", "two", api="example.org/v1"),
        },
    ],
    ids=["named namespaces", "other cluster", "other names"],
)
async def test_no_notice_where_nothing_can_be_shared(engine: Engine, files: dict[str, str]) -> None:
    assert of_rule(await evaluated(engine, files), "duplicate-owner") == []


def test_a_repositorys_own_definition_goes_before_the_table() -> None:
    assert scope_of("cert-manager.io", "ClusterIssuer", {}) is False
    assert scope_of("cert-manager.io", "ClusterIssuer", {("cert-manager.io", "ClusterIssuer"): True}) is True
    assert scope_of("example.org", "Widget", {}) is None
    assert is_namespaced("example.org", "Widget", {}) is True


def test_the_table_says_nothing_twice_and_knows_what_many_use() -> None:
    pairs = [(group, kind) for table in (CLUSTER, NAMESPACED) for group in table for kind in table[group].split()]
    assert len(pairs) == len(set(pairs)) > 600
    for group in ("argoproj.io", "cert-manager.io", "external-secrets.io", "kyverno.io", "monitoring.coreos.com"):
        assert group in CLUSTER or group in NAMESPACED
