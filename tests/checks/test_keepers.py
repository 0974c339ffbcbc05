"""Who keeps a resource, and what may be taken out of whom."""

from __future__ import annotations

import pytest

from bot.rendering.driver import Engine
from tests.checks.story import NAMESPACE, POLICY, STORY, two
from tests.scenarios import (
    URL,
    Files,
    application,
    config_map,
    documents,
    evaluated,
    fixed,
    kustomization,
    manifest,
    of_rule,
    state_of,
)


async def test_a_base_that_both_take_in_by_their_own_entry_leaves_one_entry(engine: Engine) -> None:
    files: Files = {
        "apps.yaml": documents(application("infrastructure", "infra"), application("b", "b")),
        "base/kustomization.yaml": kustomization("ns.yaml"),
        "base/ns.yaml": NAMESPACE,
        "infra/kustomization.yaml": kustomization("../base"),
        "b/kustomization.yaml": kustomization("../base", "map.yaml"),
        "b/map.yaml": config_map("b"),
    }
    evaluation = await evaluated(engine, files)
    assert fixed(evaluation, "b/kustomization.yaml").endswith(b"resources:\n  - map.yaml\n")


async def test_an_entry_that_both_share_offers_no_edit(engine: Engine) -> None:
    files: Files = {
        "apps.yaml": documents(application("infrastructure", "infra"), application("b", "b")),
        "base/kustomization.yaml": kustomization("ns.yaml", "map.yaml"),
        "base/ns.yaml": NAMESPACE,
        "base/map.yaml": config_map("b"),
        "infra/kustomization.yaml": kustomization("../base/ns-only"),
        "base/ns-only/kustomization.yaml": kustomization("../shared"),
        "base/shared/kustomization.yaml": kustomization("ns.yaml"),
        "base/shared/ns.yaml": NAMESPACE,
        "b/kustomization.yaml": kustomization("../base/shared", "map.yaml"),
        "b/map.yaml": config_map("x"),
    }
    evaluation = await evaluated(engine, files)
    # b's own entry can go; the shared one must not.
    assert fixed(evaluation, "b/kustomization.yaml").endswith(b"resources:\n  - map.yaml\n")
    assert all(edit.span.path == "b/kustomization.yaml" for plan in evaluation.plans for edit in plan.edits)


async def test_an_application_that_is_nothing_but_the_shared_base_is_not_emptied(engine: Engine) -> None:
    files: Files = {
        "apps.yaml": documents(application("infrastructure", "base"), application("copy", "base")),
        "base/kustomization.yaml": kustomization("ns.yaml"),
        "base/ns.yaml": NAMESPACE,
    }
    evaluation = await evaluated(engine, files)
    (finding,) = of_rule(evaluation, "duplicate-owner")
    assert finding.fix is None
    assert "`copy` brings nothing else, so one of the two Applications is too many" in finding.topic.advice


async def test_an_entry_that_brings_more_than_the_keeper_has_stays(engine: Engine) -> None:
    files = dict(STORY)
    files["api/policies.yaml"] = POLICY + "---\n" + config_map("only-here")
    evaluation = await evaluated(engine, files)
    policy = next(f for f in of_rule(evaluation, "duplicate-owner") if f.resource and f.resource.name == "deny")
    assert policy.fix is not None
    assert "Delete lines 1 to 1 and 3 to 3 of api/policies.yaml" in policy.topic.advice
    assert b"policies.yaml" in fixed(evaluation, "api/kustomization.yaml")
    assert fixed(evaluation, "api/policies.yaml") == config_map("only-here").encode()


async def test_three_owners_are_one_finding(engine: Engine) -> None:
    files = two(**{"apps.yaml": documents(*(application(name, name) for name in ("a", "b", "c")))})
    files["c/kustomization.yaml"], files["c/map.yaml"] = kustomization("map.yaml"), config_map("settings")
    (finding,) = of_rule(await evaluated(engine, files), "duplicate-owner")
    assert finding.applications == ("a", "b", "c")
    assert "all own" in finding.topic.title


async def test_plain_directories_lose_the_document(engine: Engine) -> None:
    files = {
        "apps.yaml": documents(application("a", "a"), application("b", "b")),
        "a/map.yaml": config_map("settings"),
        "b/all.yaml": documents(config_map("other"), config_map("settings")),
    }
    evaluation = await evaluated(engine, files)
    (finding,) = of_rule(evaluation, "duplicate-owner")
    assert finding.fix is not None
    assert "Delete lines 3 to 3 of b/all.yaml" in finding.topic.advice
    assert fixed(evaluation, "b/all.yaml") == config_map("other").encode()


async def test_what_a_generator_makes_is_placed_at_the_generator(engine: Engine) -> None:
    generator = (
        "configMapGenerator:\n  - name: settings\n    literals: [a=b]\n    options: {disableNameSuffixHash: true}\n"
    )
    files: Files = {
        "apps.yaml": documents(application("a", "a"), application("b", "b")),
        "a/kustomization.yaml": generator,
        "b/kustomization.yaml": "namespace: shop\n" + generator + "resources: [own.yaml]\n",
        "b/own.yaml": config_map("own"),
    }
    evaluation = await evaluated(engine, files)
    (finding,) = of_rule(evaluation, "duplicate-owner")
    assert (finding.span.path, finding.span.line) == ("b/kustomization.yaml", 3)
    assert "Remove the generator `settings` (b/kustomization.yaml:3) from `b`" in finding.topic.advice
    assert b"settings" not in fixed(evaluation, "b/kustomization.yaml")


@pytest.mark.parametrize(
    ("policy", "kept"), [(None, "infrastructure"), ("ownership: {keep: {Namespace/*: api-backend}}", "api-backend")]
)
async def test_the_configuration_chooses_the_keeper(engine: Engine, policy: str | None, kept: str) -> None:
    evaluation = await evaluated(engine, STORY, policy=policy)
    namespace = next(
        f for f in of_rule(evaluation, "duplicate-owner") if f.resource and f.resource.kind == "Namespace"
    )
    assert namespace.applications[0] == kept


async def test_without_a_telling_name_the_earlier_wave_keeps(engine: Engine) -> None:
    apps = documents(application("a", "a", wave=3), application("b", "b", wave=1))
    (finding,) = of_rule(await evaluated(engine, two(**{"apps.yaml": apps})), "duplicate-owner")
    assert finding.applications == ("b", "a")
    assert "its sync wave is the first (1)" in finding.topic.advice


HEALTH = manifest(
    "ConfigMap", "argocd-cm", "argocd", data={"resource.customizations.health.argoproj.io_Application": "return {}"}
)
NO_HEALTH = manifest("ConfigMap", "argocd-cm", "argocd", data={"url": "https://argocd.example"})


def made(strategy: str = "") -> str:
    """An ApplicationSet that makes `a` in wave 3 and `b` in wave 1, as an author may write it who counts on them."""
    return (
        "apiVersion: argoproj.io/v1alpha1\nkind: ApplicationSet\nmetadata: {name: all, namespace: argocd}\nspec:\n"
        "  generators: [{list: {elements: [{name: a, wave: '3'}, {name: b, wave: '1'}]}}]\n"
        f"{strategy}"
        "  template:\n    metadata:\n      name: '{{name}}'\n      labels: {wave: '{{wave}}'}\n"
        "      annotations: {argocd.argoproj.io/sync-wave: '{{wave}}'}\n    spec:\n      project: default\n"
        f"      source: {{repoURL: {URL}, targetRevision: main, path: '{{{{name}}}}'}}\n"
        "      destination: {namespace: shop, server: https://kubernetes.default.svc}\n"
    )


def brought(*more: str) -> dict[str, str | bytes]:
    """`root` brings both, `b` in the earlier wave."""
    return {
        "apps.yaml": application("root", "apps"),
        "apps/both.yaml": documents(application("a", "a", wave=3), application("b", "b", wave=1), *more),
    }


STEPS = (
    "  strategy:\n    type: RollingSync\n    rollingSync:\n      steps:\n"
    "        - matchExpressions: [{key: wave, operator: In, values: ['1']}]\n"
    "        - matchExpressions: [{key: wave, operator: In, values: ['3']}]\n"
)


@pytest.mark.parametrize(
    ("apps", "kept", "why"),
    [
        (brought(HEALTH), "b", "it is synced first (wave 1)"),
        (brought(NO_HEALTH), "a", "nothing tells them apart"),
        (brought(), "a", "nothing tells them apart"),  # nothing here shows that they have an effect
        ({"apps.yaml": made()}, "a", "nothing tells them apart"),
        ({"apps.yaml": made(STEPS)}, "b", "it is synced first (step 1 of the RollingSync)"),
        # Waves of what different parents bring have nothing to do with each other.
        (
            {
                "apps.yaml": application("top", "top"),
                "top/apps.yaml": documents(application("one", "one"), application("two", "two")),
                "one/apps.yaml": documents(application("a", "a", wave=3), application("c", "c", wave=0), HEALTH),
                "two/apps.yaml": documents(application("b", "b", wave=1), application("d", "d", wave=0)),
                "c/c.yaml": config_map("c"),
                "d/d.yaml": config_map("d"),
            },
            "a",
            "nothing tells them apart",
        ),
    ],
    ids=["obeyed", "no health check", "unknown", "ApplicationSet", "RollingSync", "two parents"],
)
async def test_a_reason_cites_a_wave_only_where_it_counts(
    engine: Engine, apps: dict[str, str | bytes], kept: str, why: str
) -> None:
    evaluation = await evaluated(engine, {**two(), **apps})
    (finding,) = of_rule(evaluation, "duplicate-owner")
    assert finding.applications[0] == kept
    assert why in finding.topic.advice
    ignored = [name for each in of_rule(evaluation, "sync-wave-without-effect") for name in each.applications]
    assert not (ignored and "wave" in finding.topic.advice)


async def test_ignored_findings_count_as_suppressed(engine: Engine) -> None:
    apps = documents(application("a", "a"), application("b", "b"))
    ignore = "ignore: [{rule: duplicate-owner, resource: ConfigMap/shop/*, reason: moving house}]"
    evaluation = await evaluated(engine, two(**{"apps.yaml": apps}), policy=ignore)
    (finding,) = of_rule(evaluation, "duplicate-owner")
    assert finding.suppressed == "moving house"
    assert evaluation.plans == ()
    assert evaluation.report("argofix / ownership").conclusion == "success"


async def test_secret_values_show_nowhere(engine: Engine) -> None:
    def secret(value: str) -> str:
        return manifest("Secret", "s", "shop", stringData={"password": value})

    files = {
        "apps.yaml": documents(application("a", "a"), application("b", "b")),
        "a/s.yaml": secret("hunter2-left"),
        "b/s.yaml": secret("hunter2-right"),
    }
    evaluation = await evaluated(engine, files)
    (finding,) = of_rule(evaluation, "duplicate-owner")
    assert "stringData.password" in finding.message
    assert "hunter2" not in repr(evaluation.findings)
    assert "hunter2" not in repr(state_of(evaluation, "a").rendering)


USER = manifest(
    "Deployment",
    "d",
    "shop",
    "apps/v1",
    spec={"template": {"spec": {"serviceAccountName": "robot", "containers": []}}},
)
ROBOT = manifest("ServiceAccount", "robot", "shop")


@pytest.mark.parametrize(
    ("names", "waves", "resource", "user", "policy", "kept", "why"),
    [
        (("a", "b"), (0, 0), ROBOT, "b", "ownership: {keep: {'*/*/robot': a}}", "a", "argofix.yaml` line 1 says so"),
        (("a", "b"), (0, 0), ROBOT, "b", "ownership: {keep: {'*/*/robot': nobody}}", "b", "workloads use this"),
        (("a", "b"), (0, 5), ROBOT, "b", None, "b", "its own workloads use this ServiceAccount"),
        (("a", "platform"), (0, 5), NAMESPACE, None, None, "platform", "its name says that it holds what is shared"),
        (("a", "platform"), (0, 5), ROBOT, None, None, "a", "its sync wave is the first (0)"),
        (("a", "b"), (0, 0), NAMESPACE, "a", None, "b", "it has no workloads of its own"),
        (("a", "b"), (0, 0), NAMESPACE, None, None, "a", "nothing tells them apart"),
        (("infra", "platform"), (5, 0), NAMESPACE, None, None, "platform", "its sync wave is the first (0)"),
    ],
    ids=["configured", "configured-elsewhere", "use", "name", "wave", "workloads", "none", "two-names"],
)
async def test_who_keeps_it_and_why(
    engine: Engine,
    names: tuple[str, str],
    waves: tuple[int, int],
    resource: str,
    user: str | None,
    policy: str | None,
    kept: str,
    why: str,
) -> None:
    files: dict[str, str | bytes] = {
        "apps.yaml": documents(*(application(name, name, wave=wave) for name, wave in zip(names, waves, strict=True)))
    }
    for name in names:
        files[f"{name}/kustomization.yaml"] = kustomization("r.yaml", *(["d.yaml"] if name == user else []))
        files[f"{name}/r.yaml"] = resource
        files[f"{name}/d.yaml"] = USER
    (finding,) = of_rule(await evaluated(engine, files, policy=policy), "duplicate-owner")
    assert finding.applications[0] == kept
    assert why in finding.topic.advice
