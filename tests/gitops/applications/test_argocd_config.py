"""What Argo CD does not apply belongs to nobody: exclusions of argocd-cm, and Argo CD's own."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.rendering.driver import Engine
from checks.model import Severity
from gitops.applications.argocd_config import CORE, OF_3, Filter, Pattern, bits_of
from gitops.resources.rendering import Rendered
from tests.scenarios import application, evaluated, manifest, of_rule, state_of

ENDPOINTS = manifest("Endpoints", "db", subsets=[])
SLICE = manifest("EndpointSlice", "db", api="discovery.k8s.io/v1", endpoints=[])
LEASE = manifest("Lease", "db", api="coordination.k8s.io/v1", spec={})
EXCLUDED = """
- apiGroups: ["", discovery.k8s.io]
  kinds: [Endpoints, EndpointSlice]
  clusters: ["*"]
"""


def files(resource: str, server: str = "https://kubernetes.default.svc", **more: str) -> dict[str, str]:
    return {
        "apps/a.yaml": application("a", "a", server=server),
        "apps/b.yaml": application("b", "b", server=server),
        "a/x.yaml": resource,
        "b/x.yaml": resource,
        **{path.replace("__", "/") + ".yaml": text for path, text in more.items()},
    }


def argocd_cm(**data: str) -> str:
    return manifest("ConfigMap", "argocd-cm", "argocd", data={k.replace("_", "."): v for k, v in data.items()})


async def collisions(engine: Engine, repository: dict[str, str]) -> list[Severity]:
    evaluation = await evaluated(engine, repository)
    assert isinstance(state_of(evaluation, "a").rendering, Rendered)
    return [finding.severity for finding in of_rule(evaluation, "duplicate-owner")]


INSTALLED = (
    "kind: Kustomization\nresources:\n- https://github.com/argoproj/argo-cd//manifests/cluster-install?ref=v{}.1.0\n"
)


@pytest.mark.parametrize(
    ("resource", "more"),
    [
        (ENDPOINTS, {"argocd__cm": argocd_cm(resource_exclusions=EXCLUDED)}),
        (SLICE, {"argocd__cm": argocd_cm(resource_exclusions=EXCLUDED.replace('["*"]', '["https://kubernetes*"]'))}),
        (ENDPOINTS, {"argocd__cm": argocd_cm(resource_exclusions="- kinds: ['*']\n  apiGroups: ['']\n")}),
        (SLICE, {"argocd__cm": argocd_cm(resource_exclusions="- apiGroups: ['*.k8s.io']\n")}),
        # Only what is included is applied.
        (ENDPOINTS, {"argocd__cm": argocd_cm(resource_inclusions="- apiGroups: [apps]\n")}),
        # A chart's values, an operator's ArgoCD, a patch in a kustomization.
        (ENDPOINTS, {"values": json.dumps({"configs": {"cm": {"resource.exclusions": EXCLUDED}}})}),
        (
            ENDPOINTS,
            {"argocd": manifest("ArgoCD", "x", api="argoproj.io/v1beta1", spec={"resourceExclusions": EXCLUDED})},
        ),
        (
            ENDPOINTS,
            {"k__kustomization": json.dumps({"patches": [{"patch": argocd_cm(resource_exclusions=EXCLUDED)}]})},
        ),
        # Argo CD 3 says so itself, and every Argo CD leaves these alone.
        (ENDPOINTS, {"argocd__kustomization": INSTALLED.format(3)}),
        (SLICE, {"argocd__d": "image: quay.io/argoproj/argocd:v3.1.2\n"}),
        (SLICE, {"argocd__kustomization": "images:\n- name: quay.io/argoproj/argocd\n  newTag: v3.4.0\n"}),
        (LEASE, {}),
        (manifest("Event", "e"), {}),
    ],
)
async def test_what_is_excluded_has_no_owner_and_a_notice_says_so(
    engine: Engine, resource: str, more: dict[str, str]
) -> None:
    evaluation = await evaluated(engine, files(resource, **more))
    assert of_rule(evaluation, "duplicate-owner") == []
    notices = of_rule(evaluation, "render-failed")
    assert [(n.severity, n.applications) for n in notices] == [(Severity.NOTICE, ("a",)), (Severity.NOTICE, ("b",))]
    assert "does not apply" in notices[0].message


@pytest.mark.parametrize(
    ("resource", "server", "more"),
    [
        (ENDPOINTS, "https://kubernetes.default.svc", {}),
        (ENDPOINTS, "https://kubernetes.default.svc", {"argocd__kustomization": INSTALLED.format(2)}),
        # One file says otherwise, and nobody says whose it is.
        (
            ENDPOINTS,
            "https://kubernetes.default.svc",
            {
                "one__cm": argocd_cm(resource_exclusions=EXCLUDED),
                "two__cm": argocd_cm(resource_exclusions="- kinds: [Pod]\n"),
            },
        ),
        # Version 3's defaults are replaced as a whole.
        (
            ENDPOINTS,
            "https://kubernetes.default.svc",
            {"k": INSTALLED.format(3), "cm": argocd_cm(resource_exclusions="[]\n")},
        ),
        (
            ENDPOINTS,
            "https://far.example",
            {"cm": argocd_cm(resource_exclusions=EXCLUDED.replace('["*"]', "[https://kubernetes.default.svc]"))},
        ),
        (ENDPOINTS, "https://kubernetes.default.svc", {"cm": argocd_cm(resource_exclusions="{{ .Values.x }}\n")}),
        (
            ENDPOINTS,
            "https://kubernetes.default.svc",
            {"cm": argocd_cm(resource_inclusions="- kinds: [Endpoints]\n")},
        ),
    ],
    ids=["nobody", "version 2", "two files", "replaced", "other cluster", "template", "included"],
)
async def test_what_is_not_excluded_for_sure_collides(
    engine: Engine, resource: str, server: str, more: dict[str, str]
) -> None:
    assert await collisions(engine, files(resource, server, **more)) == [Severity.ERROR]


PATTERNS = st.builds(
    Pattern,
    st.lists(st.sampled_from(["", "apps", "*.io", "*"]), max_size=2).map(tuple),
    st.lists(st.sampled_from(["Pod", "Deployment", "*"]), max_size=2).map(tuple),
    st.lists(st.sampled_from(["https://a", "https://*", "*"]), max_size=2).map(tuple),
)
LISTS = st.lists(PATTERNS, max_size=3).map(tuple)


@given(LISTS, LISTS, st.sampled_from(["", "apps", "x.io"]), st.sampled_from(["Pod", "Deployment"]))
def test_exclusions_beat_inclusions_and_an_unknown_cluster_excludes_least(
    exclusions: tuple[Pattern, ...], inclusions: tuple[Pattern, ...], group: str, kind: str
) -> None:
    both = Filter(exclusions, inclusions)
    for server in ("https://a", "https://b"):
        if Filter(exclusions).excludes(group, kind, server):
            assert both.excludes(group, kind, server)
        if Filter(exclusions).excludes(group, kind, None):
            assert Filter(exclusions).excludes(group, kind, server)
    assert not Filter().excludes(group, kind, "https://a")


def test_the_defaults_are_argo_cds() -> None:
    assert OF_3.excludes("cilium.io", "CiliumEndpoint", "https://a")
    assert not OF_3.excludes("cilium.io", "CiliumNetworkPolicy", "https://a")
    assert not CORE.excludes("", "Endpoints", "https://a")
    assert bits_of(b"kind: ConfigMap\n") == 0
