"""Failures stand at the entry that causes them, in words a person can act on."""

from __future__ import annotations

import pytest

from bot.rendering.driver import Engine
from checks.model import Severity
from tests.scenarios import (
    Files,
    application,
    config_map,
    evaluated,
    failure_of,
    kustomization,
    manifest,
    of_rule,
    state_of,
)

APP = {"apps.yaml": application("a", "a"), "a/map.yaml": config_map("m")}
PATCH = manifest("Deployment", "nobody", "shop", "apps/v1", spec={"replicas": 2})


@pytest.mark.parametrize(
    ("files", "path", "line", "words"),
    [
        (
            {"a/kustomization.yaml": kustomization("map.yaml", "gone.yaml")},
            "a/kustomization.yaml",
            5,
            "does not exist",
        ),
        ({"a/kustomization.yaml": kustomization("map.yaml", "../gone")}, "a/kustomization.yaml", 5, "does not exist"),
        (
            {"a/kustomization.yaml": "configMapGenerator:\n- {name: g, files: [sub]}\n", "a/sub/x": "y"},
            "a/kustomization.yaml",
            2,
            "`sub` is a directory",
        ),
        (
            {"a/kustomization.yaml": kustomization("map.yaml", "../b"), "b/map.yaml": config_map("x")},
            "a/kustomization.yaml",
            5,
            "b holds no kustomization.yaml",
        ),
        (
            {
                "a/kustomization.yaml": kustomization("map.yaml", extra="patches:\n  - path: p.yaml\n"),
                "a/p.yaml": PATCH,
            },
            "a/kustomization.yaml",
            6,
            "a patch names Deployment nobody",
        ),
        (
            {
                "a/kustomization.yaml": kustomization(
                    "map.yaml", extra=f"namePrefix: x-\npatches:\n  - patch: '{PATCH.strip()}'\n"
                )
            },
            "a/kustomization.yaml",
            7,
            "a patch names Deployment nobody",
        ),
        (
            {"a/kustomization.yaml": kustomization("map.yaml", extra="resourcez: []\n")},
            "a/kustomization.yaml",
            5,
            "`resourcez` is no field of a kustomization",
        ),
        (
            {
                "a/kustomization.yaml": kustomization("map.yaml", extra="configurations: [names.yaml]\n"),
                "a/names.yaml": "nameReference: []\napiVersion: kustomize.config.k8s.io/v1beta1\n",
            },
            "a/names.yaml",
            2,
            "`apiVersion` is no field of a file of `configurations`",
        ),
        ({"a/kustomization.yaml": "resources:\n- map.yaml\n bad: [\n"}, "a/kustomization.yaml", 3, "not valid YAML"),
        (
            {"a/kustomization.yaml": kustomization("map.yaml"), "a/kustomization.yml": kustomization("map.yaml")},
            "apps.yaml",
            1,
            "kustomize takes only one",
        ),
        (
            {"a/kustomization.yaml": kustomization("../b"), "b/kustomization.yaml": kustomization("../a")},
            "b/kustomization.yaml",
            4,
            "includes itself: a -> b -> a",
        ),
        ({"a/kustomization.yaml": "kind: Kustomization\n"}, "a/kustomization.yaml", 1, "is empty"),
        (
            {"a/kustomization.yaml": kustomization("map.yaml", "bad.yaml"), "a/bad.yaml": "x: y\na: b: c\n"},
            "a/bad.yaml",
            2,
            "mapping values are not allowed",
        ),
        (
            {"a/kustomization.yaml": kustomization("map.yaml", "bad.yaml"), "a/bad.yaml": "# no name\nkind: X\n"},
            "a/bad.yaml",
            2,
            "has no `metadata.name`",
        ),
        (
            {"a/kustomization.yaml": kustomization("../../etc/passwd")},
            "a/kustomization.yaml",
            4,
            "leaves the repository",
        ),
        ({"a/kustomization.yaml": kustomization("/etc/passwd")}, "a/kustomization.yaml", 4, "absolute path"),
    ],
)
async def test_where_and_why(engine: Engine, files: Files, path: str, line: int, words: str) -> None:
    evaluation = await evaluated(engine, {**APP, **files})
    failure = failure_of(evaluation, "a")
    assert words in failure.message
    assert (failure.span.path, failure.span.line) == (path, line)
    (finding,) = of_rule(evaluation, "render-failed")
    assert finding.severity is Severity.ERROR
    assert len(finding.message) < 320
    assert "/tmp" not in finding.message + finding.topic.advice


async def test_a_missing_source_path_stands_at_the_application(engine: Engine) -> None:
    evaluation = await evaluated(engine, {"apps/x.yaml": "# first\n" + application("a", "nowhere")})
    failure = failure_of(evaluation, "a")
    assert failure.message == "its source path `nowhere` does not exist"
    assert (failure.span.path, failure.span.line) == ("apps/x.yaml", 2)


async def test_a_lifted_load_restriction_is_told_and_goes_on(engine: Engine) -> None:
    files = {
        "apps.yaml": application("a", "a/inner"),
        "a/map.yaml": config_map("m"),
        "a/inner/kustomization.yaml": kustomization("../map.yaml"),
    }
    evaluation = await evaluated(engine, files)
    (finding,) = of_rule(evaluation, "render-failed")
    assert finding.severity is Severity.WARNING
    assert "LoadRestrictionsNone" in finding.message
    assert (finding.span.path, finding.span.line) == ("a/inner/kustomization.yaml", 4)
    told = manifest(
        "ConfigMap", "argocd-cm", "argocd", data={"kustomize.buildOptions": "--load-restrictor LoadRestrictionsNone"}
    )
    assert of_rule(await evaluated(engine, {**files, "argocd/cm.yaml": told}), "render-failed") == []


async def test_one_broken_base_is_one_finding_for_all(engine: Engine) -> None:
    files = {
        "apps.yaml": "---\n".join(application(name, name) + "\n" for name in ("a", "b")),
        "base/kustomization.yaml": kustomization("gone.yaml"),
        "a/kustomization.yaml": kustomization("../base"),
        "b/kustomization.yaml": kustomization("../base"),
    }
    (finding,) = of_rule(await evaluated(engine, files), "render-failed")
    assert finding.applications == ("a", "b")
    assert finding.span.path == "base/kustomization.yaml"


async def test_a_broken_change_fails_and_a_broken_base_does_not(engine: Engine) -> None:
    broken = {**APP, "a/kustomization.yaml": kustomization("gone.yaml")}
    good = {**APP, "a/kustomization.yaml": kustomization("map.yaml")}
    assert (await evaluated(engine, broken, base=good)).report("argofix / render").conclusion == "failure"
    known = await evaluated(engine, broken, base=broken)
    assert known.report("argofix / render").conclusion == "success"
    assert known.report("argofix / ownership").conclusion == "neutral"  # what does not render may own anything
    assert state_of(known, "a").application.name == "a"
