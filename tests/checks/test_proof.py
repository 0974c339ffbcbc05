"""A fix that would change more than it promises is not offered, and the finding says why."""

from __future__ import annotations

from bot.rendering.driver import Engine
from checks.model import Finding
from gitops.facts.owners import owners_of
from gitops.files.spans import Applicability
from tests.checks.story import NAMESPACE
from tests.scenarios import (
    Files,
    application,
    config_map,
    documents,
    evaluated,
    fixed,
    kustomization,
    of_rule,
)


def refused(findings: list[Finding], *words: str) -> None:
    (finding,) = findings
    assert finding.fix is None
    assert "no fix is offered" in finding.message
    for word in words:
        assert word in finding.message


async def test_an_entry_that_also_changes_the_losers_other_resources(engine: Engine) -> None:
    patch = '[{"op": "add", "path": "/data/x", "value": "y"}]'
    files: Files = {
        "apps.yaml": documents(application("infrastructure", "infra", wave=-1), application("b", "b")),
        "infra/kustomization.yaml": kustomization("settings.yaml"),
        "infra/settings.yaml": config_map("settings"),
        "b/kustomization.yaml": kustomization("own.yaml", extra="components: [../component]\n"),
        "b/own.yaml": config_map("own"),
        "component/settings.yaml": config_map("settings"),
        "component/kustomization.yaml": "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\n"
        "resources: [settings.yaml]\n"
        f"patches: [{{target: {{name: own}}, patch: '{patch}'}}]\n",
    }
    evaluation = await evaluated(engine, files)
    # The component goes on patching what is b's own: only what it lists may go.
    (finding,) = of_rule(evaluation, "duplicate-owner")
    assert finding.fix is not None
    assert finding.fix.title == "Remove `settings.yaml` from component/kustomization.yaml"
    assert b"component" in fixed(evaluation, "b/kustomization.yaml")


async def test_a_base_that_another_cluster_needs(engine: Engine) -> None:
    files: Files = {
        "apps.yaml": documents(
            application("infrastructure", "infra"),
            application("b", "b"),
            application("far", "far", server="https://far.example"),
        ),
        "infra/kustomization.yaml": kustomization("ns.yaml"),
        "infra/ns.yaml": NAMESPACE,
        "base/kustomization.yaml": kustomization("ns.yaml", "map.yaml"),
        "base/ns.yaml": NAMESPACE,
        "base/map.yaml": config_map("m"),
        "b/kustomization.yaml": kustomization("../base"),
        "far/kustomization.yaml": kustomization("../base"),
    }
    evaluation = await evaluated(engine, files)
    (plan,) = evaluation.plans
    assert {edit.span.path for edit in plan.edits} == {"b/kustomization.yaml"}
    assert b"$patch: delete" in fixed(evaluation, "b/kustomization.yaml")
    # Written in a way that is not edited, b cannot leave it out, and the base must keep it.
    files = {**files, "b/kustomization.yaml": '{"resources": ["../base"]}'}
    evaluation = await evaluated(engine, files)
    refused(of_rule(evaluation, "duplicate-owner"), "No other Application changes", "far would change")
    assert evaluation.plans == ()


async def test_a_base_that_another_root_renders_is_a_caution(engine: Engine) -> None:
    files: Files = {
        "one/apps.yaml": documents(application("infrastructure", "infra", wave=-1), application("b", "b")),
        "two/apps.yaml": application("elsewhere", "elsewhere"),
        "infra/kustomization.yaml": kustomization("settings.yaml"),
        "infra/settings.yaml": config_map("settings"),
        "base/kustomization.yaml": kustomization("settings.yaml", "map.yaml"),
        "base/settings.yaml": config_map("settings"),
        "base/map.yaml": config_map("m"),
        "b/kustomization.yaml": kustomization("../base"),
        "elsewhere/kustomization.yaml": kustomization("../base"),
    }
    evaluation = await evaluated(engine, files)
    (plan,) = evaluation.plans
    assert plan.applicability is Applicability.UNSAFE
    assert "`elsewhere` of the root `two` renders the same entry" in plan.proof.cautions[0]


async def test_the_last_owner_of_a_cluster_keeps_what_it_has(engine: Engine) -> None:
    """Three owners: both superfluous copies go, the keeper's stays."""
    files: Files = {
        "apps.yaml": documents(*(application(name, name) for name in ("infrastructure", "b", "c"))),
        **{f"{name}/kustomization.yaml": kustomization("ns.yaml", "m.yaml") for name in ("infrastructure", "b", "c")},
        **{f"{name}/ns.yaml": NAMESPACE for name in ("infrastructure", "b", "c")},
        **{f"{name}/m.yaml": config_map(name) for name in ("infrastructure", "b", "c")},
    }
    evaluation = await evaluated(engine, files)
    after = {f"{name}/kustomization.yaml": fixed(evaluation, f"{name}/kustomization.yaml") for name in ("b", "c")}
    assert all(data == kustomization("m.yaml").encode() for data in after.values())
    again = await evaluated(engine, {**files, **after})
    assert of_rule(again, "duplicate-owner") == []
    assert [str(o.id) for o in again.snapshot.once(owners_of) if o.id.kind == "Namespace"] == ["Namespace shop"]
