"""Who owns what, and in which of these cases that is a mistake, on the real renderer."""

from __future__ import annotations

import pytest

from bot.rendering.driver import Engine
from checks.model import Severity
from gitops.files.spans import Applicability
from tests.checks.story import STORY as STORY
from tests.checks.story import two
from tests.scenarios import (
    Files,
    application,
    config_map,
    documents,
    evaluated,
    fixed,
    kustomization,
    manifest,
    of_rule,
)


async def test_the_origin_story_is_found_and_fixed_by_two_lines(engine: Engine) -> None:
    evaluation = await evaluated(engine, STORY)
    found = of_rule(evaluation, "duplicate-owner")
    assert sorted(str(f.resource) for f in found) == [
        "Namespace shop",
        "NetworkPolicy shop/allow",
        "NetworkPolicy shop/deny",
        "ServiceAccount shop/api-sa",
    ]
    assert all(f.severity is Severity.ERROR for f in found)
    namespace = next(f for f in found if f.resource and f.resource.kind == "Namespace")
    assert namespace.applications == ("infrastructure", "api-backend")
    assert (namespace.span.path, namespace.span.line) == ("api/kustomization.yaml", 3)
    assert ("infra/kustomization.yaml", 4) in [(r.span.path, r.span.line) for r in namespace.related]
    assert namespace.fix is not None
    assert namespace.fix.applicability is Applicability.UNSAFE  # a Namespace may be pruned with all in it
    account = next(f for f in found if f.resource and f.resource.kind == "ServiceAccount")
    assert account.fix is None
    assert "the copies differ: `imagePullSecrets`" in account.message
    assert fixed(evaluation, "api/kustomization.yaml") == (
        b"# api\r\nresources:\r\n  - account.yaml\r\n  - workload.yaml\r\n"
    )
    (plan,) = evaluation.plans
    assert plan.proof.holds
    assert {edit.span.path for edit in plan.edits} == {"api/kustomization.yaml"}


async def test_what_is_read_together_is_one_topic_a_pair_of_entries(engine: Engine) -> None:
    evaluation = await evaluated(engine, STORY)
    topics = {f.topic.key: f.topic.title for f in of_rule(evaluation, "duplicate-owner")}
    assert sorted(topics.values()) == [
        "`api-backend` and `infrastructure` both own ServiceAccount shop/api-sa",
        "`infrastructure` and `api-backend` both own 2 NetworkPolicies",
        "`infrastructure` and `api-backend` both own Namespace shop",
    ]


async def test_known_conflicts_are_told_from_new_ones(engine: Engine) -> None:
    before = dict(STORY)
    before["api/kustomization.yaml"] = kustomization("namespace.yaml", "workload.yaml")
    evaluation = await evaluated(engine, STORY, base=before)
    introduced = {str(f.resource): f.introduced for f in of_rule(evaluation, "duplicate-owner")}
    assert introduced["Namespace shop"] is False
    assert introduced["NetworkPolicy shop/deny"] is True
    assert evaluation.report("argofix / ownership").conclusion == "failure"
    again = await evaluated(engine, STORY, base=STORY)
    assert again.report("argofix / ownership").conclusion == "success"


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ({"server": "https://one.example"}, {"server": "https://two.example"}),
        ({"cluster": "one"}, {"cluster": "two"}),
        ({"server": "https://one.example"}, {}),
    ],
)
async def test_the_same_name_in_other_clusters_is_no_duplicate(
    engine: Engine, left: dict[str, str], right: dict[str, str]
) -> None:
    apps = documents(
        application(
            "a", "a", server=left.get("server", "https://kubernetes.default.svc"), cluster=left.get("cluster", "")
        ),
        application(
            "b", "b", server=right.get("server", "https://kubernetes.default.svc"), cluster=right.get("cluster", "")
        ),
    )
    evaluation = await evaluated(engine, two(**{"apps.yaml": apps}))
    assert of_rule(evaluation, "duplicate-owner") == []


async def test_one_explicit_cluster_named_below_two_roots_is_an_error(engine: Engine) -> None:
    files = two(
        **{
            "one/a.yaml": application("a", "a", server="https://prod.example/"),
            "two/b.yaml": application("b", "b", server="https://prod.example"),
        }
    )
    (finding,) = of_rule(await evaluated(engine, files), "duplicate-owner")
    assert finding.severity is Severity.ERROR


async def test_in_cluster_below_two_roots_is_one_notice(engine: Engine) -> None:
    files = two(**{"one/a.yaml": application("a", "a"), "two/b.yaml": application("b", "b")})
    files["a/more.yaml"] = files["b/more.yaml"] = config_map("more")
    files["a/kustomization.yaml"] = files["b/kustomization.yaml"] = kustomization("map.yaml", "more.yaml")
    (finding,) = of_rule(await evaluated(engine, files), "duplicate-owner")
    assert finding.severity is Severity.NOTICE
    assert "render 2 resources in common" in finding.message
    assert "instances" in finding.topic.advice


async def test_instances_settle_what_two_roots_are(engine: Engine) -> None:
    files = two(**{"one/a.yaml": application("a", "a"), "two/b.yaml": application("b", "b")})
    joined = await evaluated(engine, files, policy="instances: {prod: [one, two]}")
    assert [f.severity for f in of_rule(joined, "duplicate-owner")] == [Severity.ERROR]
    apart = await evaluated(engine, files, policy="instances: {prod: [one], test: [b]}")
    assert of_rule(apart, "duplicate-owner") == []


async def test_roots_with_an_application_of_the_same_name_are_alternatives(engine: Engine) -> None:
    files = two(
        **{
            "one/apps.yaml": documents(application("a", "a"), application("same", "b")),
            "two/apps.yaml": documents(application("same", "a")),
        }
    )
    found = of_rule(await evaluated(engine, files), "duplicate-owner")
    assert [f.applications for f in found] == [("a", "same")]  # within the first root; nothing across


async def test_a_namespaced_resource_takes_the_destination_namespace(engine: Engine) -> None:
    files = {
        "apps.yaml": documents(application("a", "a", namespace="x"), application("b", "b", namespace="x")),
        "a/map.yaml": manifest("ConfigMap", "settings"),
        "b/map.yaml": manifest("ConfigMap", "settings", "x"),
    }
    (finding,) = of_rule(await evaluated(engine, files), "duplicate-owner")
    assert str(finding.resource) == "ConfigMap x/settings"
    files["apps.yaml"] = documents(application("a", "a", namespace="y"), application("b", "b", namespace="x"))
    assert of_rule(await evaluated(engine, files), "duplicate-owner") == []


async def test_cluster_scoped_kinds_and_crds_of_the_repository_decide_scope(engine: Engine) -> None:
    def crd(scope: str) -> str:
        names = {"kind": "Widget", "plural": "widgets"}
        spec = {"group": "acme.io", "names": names, "scope": scope}
        return manifest("CustomResourceDefinition", "widgets.acme.io", api="apiextensions.k8s.io/v1", spec=spec)

    def files(scope: str) -> Files:
        return {
            "apps.yaml": documents(
                application("a", "a", namespace="x"),
                application("b", "b", namespace="y"),
                application("crds", "crds"),
            ),
            "a/w.yaml": manifest("Widget", "w", api="acme.io/v1"),
            "b/w.yaml": manifest("Widget", "w", api="acme.io/v1beta1"),  # the version is not identity
            "crds/crd.yaml": crd(scope),
        }

    (finding,) = of_rule(await evaluated(engine, files("Cluster")), "duplicate-owner")
    assert str(finding.resource) == "Widget w"
    assert of_rule(await evaluated(engine, files("Namespaced")), "duplicate-owner") == []
    roles = {
        "apps.yaml": documents(application("a", "a", namespace="x"), application("b", "b", namespace="y")),
        "a/r.yaml": manifest("ClusterRole", "r", "x", "rbac.authorization.k8s.io/v1"),
        "b/r.yaml": manifest("ClusterRole", "r", "y", "rbac.authorization.k8s.io/v1"),
    }
    assert len(of_rule(await evaluated(engine, roles), "duplicate-owner")) == 1


async def test_hooks_and_generated_names_are_not_owned(engine: Engine) -> None:
    generated = '{"apiVersion": "v1", "kind": "Pod", "metadata": {"generateName": "x-", "namespace": "shop"}}\n'
    hook = manifest(
        "Job", "migrate", "shop", "batch/v1", metadata={"annotations": {"argocd.argoproj.io/hook": "Sync"}}
    )
    files = {
        "apps.yaml": documents(application("a", "a"), application("b", "b")),
        "a/hook.yaml": hook,
        "b/hook.yaml": hook,
        "a/gen.yaml": generated,
        "b/gen.yaml": generated,
    }
    assert of_rule(await evaluated(engine, files), "duplicate-owner") == []
