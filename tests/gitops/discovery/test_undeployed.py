"""Applications that stand in files and reach no cluster are told as that, and judged by nobody."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bot.formats.reports import text
from bot.rendering.driver import Engine
from checks.judgement.evaluation import Evaluation
from gitops.discovery.snapshot import Cause
from tests.gitops.discovery.test_discovery import application_set
from tests.scenarios import Files, application, config_map, documents, evaluated, kustomization

# `shop` is deployed; whatever else brings in apps/old would fail and fight with it.
BROKEN = {
    "apps/shop/m.yaml": config_map("m"),
    "apps/old/kustomization.yaml": kustomization("../shop/m.yaml", "gone.yaml"),
}
OLD = application("old", "apps/old")
SHOP = application("shop", "apps/shop")


def told(evaluation: Evaluation) -> dict[str, tuple[Cause, str]]:
    return {one.name: (one.cause, one.reason) for one in evaluation.snapshot.not_deployed}


SWITCHED_OFF: dict[str, tuple[Files, str]] = {
    "a list leaves it out": (
        {
            "argocd/kustomization.yaml": kustomization("shop.yaml", extra="# - old.yaml\n"),
            "argocd/old.yaml": OLD,
            "argocd/shop.yaml": SHOP,
            "root.yaml": application("root", "argocd"),
        },
        "argocd/kustomization.yaml lists its neighbours and not this file",
    ),
    "a list that nobody names leaves it out": (
        {
            "argocd/kustomization.yaml": kustomization("shop.yaml"),
            "argocd/old.yaml": OLD,
            "argocd/shop.yaml": SHOP,
        },
        "argocd/kustomization.yaml lists its neighbours and not this file",
    ),
    "a list leaves its directory out": (
        {
            "argocd/kustomization.yaml": kustomization("shop"),
            "argocd/shop/kustomization.yaml": kustomization("app.yaml"),
            "argocd/shop/app.yaml": SHOP,
            "argocd/old/kustomization.yaml": kustomization("app.yaml"),
            "argocd/old/app.yaml": OLD,
        },
        "argocd/kustomization.yaml takes in its neighbours and not `old`",
    ),
    "a directory excludes it": (
        {
            "root.yaml": application("root", "argocd", source={"directory": {"recurse": True, "exclude": "off/*"}}),
            "argocd/shop.yaml": SHOP,
            "argocd/off/old.yaml": OLD,
        },
        "`root` leaves it out (`exclude: off/*`)",
    ),
    "a directory does not include it": (
        {
            "root.yaml": application("root", "argocd", source={"directory": {"include": "*-app.yaml"}}),
            "argocd/shop-app.yaml": SHOP,
            "argocd/old.yaml": OLD,
        },
        "`root` leaves it out (`include: *-app.yaml`)",
    ),
    "its own mark": (
        {
            "root.yaml": application("root", "argocd"),
            "argocd/shop.yaml": SHOP,
            "argocd/old.yaml": "# +argocd:skip-file-rendering\n" + OLD,
        },
        "its own mark `+argocd:skip-file-rendering` keeps `root` from reading it",
    ),
    "the name of its directory": (
        {"argocd/shop.yaml": SHOP, "argocd/_disabled/old.yaml": OLD},
        "it lies in `_disabled` and nothing brings it in",
    ),
}


@pytest.mark.parametrize(("files", "reason"), SWITCHED_OFF.values(), ids=SWITCHED_OFF)
async def test_what_is_switched_off_is_no_error(engine: Engine, files: Files, reason: str) -> None:
    evaluation = await evaluated(engine, {**BROKEN, **files})
    assert [f for f in evaluation.findings if f.severity == "error"] == []
    assert told(evaluation) == {"old": (Cause.SWITCHED_OFF, reason)}
    assert "shop" in {state.application.name for state in evaluation.snapshot.states}


async def test_a_set_that_is_switched_off_makes_nothing(engine: Engine) -> None:
    files = {
        **BROKEN,
        "argocd/kustomization.yaml": kustomization("shop.yaml"),
        "argocd/shop.yaml": SHOP,
        "argocd/set.yaml": application_set("set", {"list": {"elements": [{"name": "old", "path": "apps/old"}]}}),
    }
    evaluation = await evaluated(engine, files)
    assert {state.application.name for state in evaluation.snapshot.states} == {"shop"}
    assert set(told(evaluation)) == {"set"}


KEPT: dict[str, Files] = {
    "a root beside the list that it points at": {
        "argocd/kustomization.yaml": kustomization("shop.yaml"),
        "argocd/shop.yaml": SHOP,
        "argocd/old.yaml": application("old", "argocd"),
    },
    "an overlay beside the base": {
        "argocd/kustomization.yaml": kustomization("base"),
        "argocd/base/kustomization.yaml": kustomization("app.yaml"),
        "argocd/base/app.yaml": OLD,
        "argocd/prod/kustomization.yaml": kustomization("../base"),
    },
    "a file beside a list of something else": {
        "argocd/kustomization.yaml": kustomization("map.yaml"),
        "argocd/map.yaml": config_map("x"),
        "argocd/old.yaml": OLD,
    },
    "a file below a directory that does not recurse": {
        "root.yaml": application("root", "argocd"),
        "argocd/shop.yaml": SHOP,
        "argocd/other/old.yaml": OLD,
    },
    "a directory for tests that a parent reads": {
        "root.yaml": application("root", "tests"),
        "tests/old.yaml": OLD,
    },
    "a directory that is only called test": {"clusters/test/old.yaml": OLD},
    "the status of a cluster": {
        "argocd/old.yaml": json.dumps(json.loads(OLD) | {"status": {"sync": {"status": "Synced"}}})
    },
}


@pytest.mark.parametrize("files", KEPT.values(), ids=KEPT)
async def test_without_a_sign_it_is_judged(engine: Engine, files: Files) -> None:
    evaluation = await evaluated(engine, {**BROKEN, **files})
    assert "old" in {state.application.name for state in evaluation.snapshot.states}
    assert evaluation.snapshot.not_deployed == ()


@pytest.mark.parametrize(
    "name",
    [
        *("${NAME}", "web-${ENV}", "{{name}}", "<<cluster>>-web", "<CLUSTER_NAME>", "%NAME%", "__name__", "@@NAME@@"),
        "APP_NAME",
    ],
)
async def test_a_name_that_has_to_be_filled_in_is_a_template(engine: Engine, name: str) -> None:
    evaluation = await evaluated(engine, {**BROKEN, "argocd/t.yaml": application(name, "apps/old")})
    assert told(evaluation)[name][0] is Cause.TEMPLATE
    assert evaluation.findings == ()


@pytest.mark.parametrize("path", ["a.yaml.disabled", "a.yml.off", "a.yaml.tpl", "a.yaml~", "a.j2", "a.json.bak"])
async def test_files_that_nothing_applies(engine: Engine, path: str) -> None:
    evaluation = await evaluated(engine, {**BROKEN, f"argocd/{path}": OLD})
    (one,) = evaluation.snapshot.not_deployed
    assert (one.span.path, one.kind, one.cause) == (f"argocd/{path}", "Application", Cause.SWITCHED_OFF)


async def test_a_file_that_is_no_yaml_before_it_is_filled_in(engine: Engine) -> None:
    skeleton = "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata:\n  name: x\n{{ if .y }}\n"
    evaluation = await evaluated(engine, {**BROKEN, "skeleton/app.yaml": skeleton})
    (one,) = evaluation.snapshot.not_deployed
    assert (one.cause, one.span.line) == (Cause.TEMPLATE, 2)
    # What is wrong with an ApplicationSet's own braces has to be told.
    broken = skeleton.replace("kind: Application", "kind: ApplicationSet")
    evaluation = await evaluated(engine, {**BROKEN, "argocd/set.yaml": broken})
    assert evaluation.snapshot.not_deployed == ()
    assert evaluation.gaps


@pytest.mark.parametrize("path", ["tests/e2e/old.yaml", "pkg/testdata/old.yaml", "fixtures/a/old.yaml"])
async def test_fixtures(engine: Engine, path: str) -> None:
    loose = await evaluated(engine, {**BROKEN, path: OLD})
    listed = await evaluated(
        engine,
        {**BROKEN, path: OLD, f"{path.rpartition('/')[0]}/kustomization.yaml": kustomization("old.yaml")},
    )
    for evaluation in (loose, listed):
        assert told(evaluation)["old"][0] is Cause.FIXTURE
        assert evaluation.findings == ()


async def test_exports_of_a_cluster(engine: Engine) -> None:
    manifest: dict[str, Any] = json.loads(OLD)
    manifest["metadata"] |= {"uid": "5f0c", "resourceVersion": "812"}
    exported = json.dumps(
        {"apiVersion": "v1", "kind": "List", "items": [manifest], "metadata": {"resourceVersion": ""}}
    )
    evaluation = await evaluated(engine, {**BROKEN, "backup.yaml": exported, "apps.yaml": SHOP})
    assert told(evaluation) == {"old": (Cause.EXPORT, "a cluster wrote its `metadata.uid`")}


async def test_a_part_of_an_application_is_no_error(engine: Engine) -> None:
    part = {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Application",
        "metadata": {"name": "shop"},
        "operation": {},
    }
    evaluation = await evaluated(engine, {**BROKEN, "apps.yaml": SHOP, "sync.yaml": json.dumps(part)})
    assert evaluation.findings == ()
    assert any("neither source nor destination" in gap for gap in evaluation.gaps)


async def test_a_patch_is_no_application(engine: Engine) -> None:
    patch = application("shop", "apps/shop", namespace="other")
    files = {
        **BROKEN,
        "argocd/kustomization.yaml": kustomization("shop.yaml", extra="patches:\n  - path: patch.yaml\n"),
        "argocd/shop.yaml": SHOP,
        "argocd/patch.yaml": patch,
    }
    evaluation = await evaluated(engine, files)
    assert [str(state.application.destination) for state in evaluation.snapshot.states] == ["in-cluster/other"]
    assert evaluation.snapshot.not_deployed == ()


async def test_it_is_one_sentence_for_people(engine: Engine) -> None:
    files = {**BROKEN, "tests/one.yaml": documents(OLD, application("b", "apps/old")), "apps.yaml": SHOP}
    evaluation = await evaluated(engine, {**files, "a.yaml.disabled": OLD})
    shown = " ".join(text.render(evaluation, colour=False).split())
    assert (
        "Not deployed: 3 manifests of Applications. switched off: a.yaml.disabled:1; test fixture: old "
        "(tests/one.yaml:1) and b (tests/one.yaml:3)." in shown
    )


async def test_exclude_names_files_that_nobody_deploys(engine: Engine) -> None:
    files = {
        **BROKEN,
        "apps.yaml": SHOP,
        "examples/one/old.yaml": OLD,
        "examples/two/kustomization.yaml": kustomization("app.yaml", "gone.yaml"),
        "examples/two/app.yaml": application("two", "apps/shop"),
        "examples/set.yaml": application_set("set", {"list": {"elements": [{"name": "UPPER", "path": "a"}]}}),
    }
    for pattern in ("examples", "examples/**", "/examples/", "./examples", "ex*"):
        evaluation = await evaluated(engine, files, policy=f"exclude: ['{pattern}']\n")
        assert {state.application.name for state in evaluation.snapshot.states} == {"shop"}
        assert evaluation.findings == ()
        assert set(told(evaluation)) == {"old", "two", "set"}
        assert told(evaluation)["old"] == (Cause.EXCLUDED, f"`exclude: {pattern}` in the configuration")
    assert (await evaluated(engine, files)).findings


async def test_exclude_wins_over_a_parent_that_reads_the_file(engine: Engine) -> None:
    files = {
        **BROKEN,
        "root.yaml": application("root", "argocd"),
        "argocd/shop.yaml": SHOP,
        "argocd/old.yaml": OLD,
    }
    evaluation = await evaluated(engine, files, policy="exclude: [old.yaml]\n")
    assert {state.application.name for state in evaluation.snapshot.states} == {"root", "shop"}
    assert set(told(evaluation)) == {"old"}


async def test_what_an_application_renders_is_deployed_wherever_it_lies(engine: Engine) -> None:
    files = {**BROKEN, "apps.yaml": documents(SHOP, application("b", "apps/shop"))}
    evaluation = await evaluated(engine, files, policy="exclude: [apps/shop]\n")
    assert [f.rule for f in evaluation.findings] == ["duplicate-owner"]


@pytest.mark.parametrize(
    ("path", "spec", "left_out"),
    [
        ("sets/wave.yaml", None, True),
        ("sets/wave.yaml", {}, True),
        ("sets/wave.yaml", {"syncPolicy": {"preserveResourcesOnDeletion": True}}, True),
        ("overlays/dev/patches/template.yaml", {"template": {"metadata": {"name": "x"}}}, True),
        ("overlays/dev/patch/generators.yaml", {"generators": [{"list": {"elements": []}}]}, True),
        ("sets/whole.yaml", {"template": {"metadata": {"name": "x"}}}, False),  # Argo CD refuses it
    ],
)
async def test_a_part_of_an_application_set_that_nothing_uses(
    engine: Engine, path: str, spec: dict[str, Any] | None, left_out: bool
) -> None:
    manifest = {"apiVersion": "argoproj.io/v1alpha1", "kind": "ApplicationSet", "metadata": {"name": "part"}}
    text_ = json.dumps(manifest if spec is None else {**manifest, "spec": spec})
    evaluation = await evaluated(engine, {path: text_, "a.yaml": SHOP, "apps/shop/m.yaml": config_map("m")})
    assert ("part" in told(evaluation)) is left_out
    assert bool([one for one in evaluation.findings if one.rule == "application-set-refused"]) is not left_out
