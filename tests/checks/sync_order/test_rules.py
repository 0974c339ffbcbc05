"""Cycles, waves that contradict the evidence, and waves without effect."""

from __future__ import annotations

from typing import Any

import pytest

from bot.rendering.driver import Engine
from checks.model import Finding, Severity
from tests.gitops.facts.order.test_evidence import apps, crd, deployment, widget
from tests.scenarios import Files, application, config_map, documents, evaluated, manifest, of_rule

CYCLE, CONTRADICTION, IDLE = "sync-order-cycle", "sync-wave-contradiction", "sync-wave-without-effect"

HEALTH = manifest(
    "ConfigMap", "argocd-cm", "argocd",
    data={"resource.customizations.health.argoproj.io_Application": "return {status = 'Healthy'}"},
)  # fmt: skip
NO_HEALTH = manifest(
    "ConfigMap", "argocd-cm", "argocd",
    data={"resource.customizations.health.argoproj.io_ApplicationSet": "return {}", "url": "x"},
)  # fmt: skip


async def found(engine: Engine, rule: str, files: Files) -> list[Finding]:
    return of_rule(await evaluated(engine, files), rule)


def gadget() -> str:
    return manifest("Gadget", "g", "shop", "acme.example/v1")


async def test_two_that_bring_each_others_crds(engine: Engine) -> None:
    files = {
        "apps.yaml": apps("backup", "operator"),
        "operator/all.yaml": documents(crd("Widget"), gadget()),
        "backup/all.yaml": documents(crd("Gadget"), widget(), deployment()),
    }
    (finding,) = await found(engine, CYCLE, files)
    assert finding.severity is Severity.ERROR
    assert finding.applications == ("backup", "operator")
    assert finding.topic.title == "`backup` and `operator` need each other before they can be synced"
    assert "`backup` brings `CustomResourceDefinition gadgets.acme.example`" in finding.topic.message
    assert "(backup/all.yaml:1)" in finding.topic.advice
    assert {str(related.span) for related in finding.related} == {
        *("operator/all.yaml:1", "operator/all.yaml:3", "backup/all.yaml:3"),
    }
    # The one that brings both needs nobody.
    files["backup/more.yaml"] = crd("Widget")
    assert await found(engine, CYCLE, files) == []


async def test_three_in_a_circle(engine: Engine) -> None:
    kinds = {"a": ("Widget", "b"), "b": ("Gadget", "c"), "c": ("Gizmo", "a")}
    files = {"apps.yaml": apps(*kinds)}
    uses = {"b": "Widget", "c": "Gadget", "a": "Gizmo"}
    for name, (kind, _) in kinds.items():
        files[f"{name}/all.yaml"] = documents(crd(kind), manifest(uses[name], "x", "shop", "acme.example/v1"))
    (finding,) = await found(engine, CYCLE, files)
    assert finding.applications == ("a", "b", "c")
    assert finding.message.startswith("`a` → `b` → `c` → `a`: ")


async def test_namespaces_of_each_other_are_a_warning(engine: Engine) -> None:
    files = {
        "apps.yaml": apps("one", "two"),
        "one/x.yaml": documents(manifest("Namespace", "two"), config_map("x", "one")),
        "two/x.yaml": documents(manifest("Namespace", "one"), config_map("x", "two")),
    }
    (finding,) = await found(engine, CYCLE, files)
    assert finding.severity is Severity.WARNING


@pytest.mark.parametrize("needs", [{"serviceAccountName": "sa"}, {"imagePullSecrets": [{"name": "pull"}]}])
async def test_what_is_only_waited_for_makes_no_cycle(engine: Engine, needs: dict[str, Any]) -> None:
    files = {
        "apps.yaml": apps("one", "two"),
        "one/x.yaml": documents(crd(), deployment(**needs)),
        "two/x.yaml": documents(
            widget(), manifest("ServiceAccount", "sa", "shop"), manifest("Secret", "pull", "shop")
        ),
    }
    assert await found(engine, CYCLE, files) == []


def below_a_parent(first: int, second: int, **more: str) -> dict[str, str | bytes]:
    """`crds` in wave `first` brings what `objects` in wave `second` needs."""
    return {
        "root.yaml": application("root", "apps", namespace="argocd"),
        "apps/crds.yaml": application("crds", "crds", wave=first),
        "apps/objects.yaml": application("objects", "objects", wave=second),
        "crds/x.yaml": crd(),
        "objects/x.yaml": widget(),
        **more,
    }


@pytest.mark.parametrize(
    ("configuration", "severity"),
    [(HEALTH, Severity.ERROR), (config_map("other", "argocd"), Severity.WARNING)],
)
async def test_waves_that_contradict_the_evidence(engine: Engine, configuration: str, severity: Severity) -> None:
    (finding,) = await found(engine, CONTRADICTION, below_a_parent(5, 0, **{"argocd/cm.yaml": configuration}))
    assert finding.severity is severity
    assert finding.applications == ("crds", "objects")
    assert (finding.span.path, finding.span.line) == ("apps/crds.yaml", 1)
    assert finding.topic.title == "`objects` (wave 0) needs `crds` (wave 5), which is synced later"
    assert "`root` brings `crds` in wave 5, after `objects` in wave 0" in finding.topic.message
    assert 'argocd.argoproj.io/sync-wave: "-1"' in finding.topic.commands


@pytest.mark.parametrize(("first", "second"), [(0, 0), (0, 5), (-5, 0)])
async def test_waves_that_fit_are_no_contradiction(engine: Engine, first: int, second: int) -> None:
    assert await found(engine, CONTRADICTION, below_a_parent(first, second, **{"argocd/cm.yaml": HEALTH})) == []


async def test_waves_without_effect_contradict_nothing(engine: Engine) -> None:
    files = below_a_parent(5, 0, **{"argocd/cm.yaml": NO_HEALTH})
    assert await found(engine, CONTRADICTION, files) == []
    (finding,) = await found(engine, IDLE, files)
    assert finding.severity is Severity.WARNING
    assert finding.topic.title == "Argo CD does not wait between the sync waves below `root`"
    assert "resource.customizations.health.argoproj.io_Application: |" in finding.topic.commands


async def test_a_contradiction_between_the_parents(engine: Engine) -> None:
    files = {
        "root.yaml": application("root", "apps", namespace="argocd"),
        "apps/one.yaml": application("one", "one", wave=3, namespace="argocd"),
        "apps/two.yaml": application("two", "two", wave=1, namespace="argocd"),
        "one/crds.yaml": application("crds", "crds"),
        "two/objects.yaml": application("objects", "objects"),
        "crds/x.yaml": crd(),
        "objects/x.yaml": widget(),
        "argocd/cm.yaml": HEALTH,
    }
    (finding,) = await found(engine, CONTRADICTION, files)
    assert finding.applications == ("one", "two")
    assert "`crds` brings `CustomResourceDefinition widgets.acme.example`" in finding.message
    assert "(below `one`)" in finding.message


@pytest.mark.parametrize(
    "configuration",
    [
        HEALTH,
        "# values of the chart\nconfigs:\n  cm:\n    resource.customizations.health.argoproj.io_Application: x\n",
        "data:\n  resource.customizations: |\n    argoproj.io/Application:\n      health.lua: |\n        x\n",
        "kind: ArgoCD\nspec:\n  resourceHealthChecks:\n    - group: argoproj.io\n      kind: Application\n",
    ],
)
async def test_where_health_is_told_the_waves_have_an_effect(engine: Engine, configuration: str) -> None:
    files = below_a_parent(0, 5, **{"argocd/values.yaml": configuration})
    assert await found(engine, IDLE, files) == []


async def test_health_may_be_told_in_an_inline_patch(engine: Engine) -> None:
    patch = "patches:\n  - patch: |\n      data:\n        resource.customizations.health.argoproj.io_Application: x\n"
    assert await found(engine, IDLE, below_a_parent(0, 5, **{"argocd/kustomization.yaml": patch})) == []


async def test_without_an_argocd_cm_it_is_a_notice(engine: Engine) -> None:
    (finding,) = await found(engine, IDLE, below_a_parent(0, 5))
    assert finding.severity is Severity.NOTICE
    assert (finding.span.path, finding.span.line) == ("apps/crds.yaml", 1)
    assert await found(engine, IDLE, below_a_parent(2, 2)) == []


def a_set(*waves: int) -> dict[str, str | bytes]:
    elements = [{"name": f"app{number}", "wave": str(wave)} for number, wave in enumerate(waves)]
    appset = manifest(
        "ApplicationSet", "all", "argocd", "argoproj.io/v1alpha1",
        spec={
            "generators": [{"list": {"elements": elements}}],
            "template": {
                "metadata": {"name": "{{name}}", "annotations": {"argocd.argoproj.io/sync-wave": "{{wave}}"}},
                "spec": {
                    "source": {"repoURL": "https://github.com/acme/platform", "path": "{{name}}"},
                    "destination": {"server": "https://kubernetes.default.svc", "namespace": "shop"},
                },
            },
        },
    )  # fmt: skip
    return {"sets/all.yaml": appset, **{f"{element['name']}/x.yaml": config_map("x") for element in elements}}


async def test_a_set_ignores_waves_whatever_argocd_cm_says(engine: Engine) -> None:
    (finding,) = await found(engine, IDLE, {**a_set(-1, 5), "argocd/cm.yaml": HEALTH})
    assert finding.severity is Severity.WARNING
    assert finding.span.path == "sets/all.yaml"
    assert "the waves -1 and 5" in finding.topic.message
    assert 'matchExpressions: [{key: wave, operator: In, values: ["-1"]}]' in finding.topic.commands
    assert await found(engine, IDLE, a_set(3, 3)) == []


async def test_loose_applications_with_waves_are_nobodys_affair(engine: Engine) -> None:
    files = {
        "apps.yaml": documents(application("a", "a", wave=1), application("b", "b", wave=2)),
        "a/x.yaml": config_map("a"),
        "b/x.yaml": config_map("b"),
    }
    assert await found(engine, IDLE, files) == []


async def test_what_was_there_before_is_not_introduced(engine: Engine) -> None:
    base = {
        "apps.yaml": apps("backup", "operator"),
        "operator/all.yaml": documents(crd("Widget"), gadget()),
        "backup/all.yaml": documents(widget(), crd("Gadget")),
    }
    moved = {**base, "backup/all.yaml": documents(config_map("first"), widget(), crd("Gadget"))}
    (finding,) = of_rule(await evaluated(engine, moved, base=base), CYCLE)
    assert finding.introduced is False
    before = {**base, "backup/all.yaml": widget()}
    (finding,) = of_rule(await evaluated(engine, base, base=before), CYCLE)
    assert finding.introduced is True
