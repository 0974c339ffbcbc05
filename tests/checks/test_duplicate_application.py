"""One Application has one maker. Two are an error below one root, and a question beside each other."""

from __future__ import annotations

from typing import Any

import pytest

from bot.rendering.driver import Engine
from checks.model import Severity
from tests.gitops.discovery.test_discovery import application_set
from tests.scenarios import (
    URL,
    Files,
    application,
    config_map,
    documents,
    evaluated,
    kustomization,
    of_rule,
    state_of,
)

RULE = "duplicate-application"
FILES = {"apps/web/m.yaml": config_map("m"), "apps/api/m.yaml": config_map("n")}
ROOT = {"boot/root.yaml": application("root", "root")}


def over_directories(name: str) -> str:
    generator = {"git": {"repoURL": URL, "directories": [{"path": "apps/*"}]}}
    return application_set(name, generator).replace("{{name}}", "{{path.basename}}")


def of_elements(name: str, *elements: str) -> str:
    listed: list[dict[str, Any]] = [{"name": element, "path": "apps/web"} for element in elements]
    return application_set(name, {"list": {"elements": listed}})


BELOW_ONE_ROOT: dict[str, tuple[Files, set[str]]] = {
    "two sets over one directory": (
        {"root/one.yaml": over_directories("one"), "root/two.yaml": over_directories("two")},
        {"api", "web"},
    ),
    "two lists with one name": (
        {"root/one.yaml": of_elements("one", "a", "web"), "root/two.yaml": of_elements("two", "web", "b")},
        {"web"},
    ),
    "a set and a manifest": (
        {"root/one.yaml": of_elements("one", "web"), "root/web.yaml": application("web", "apps/web")},
        {"web"},
    ),
    "sets of two files of a kustomization": (
        {
            "root/kustomization.yaml": kustomization("one.yaml", "two.yaml"),
            "root/one.yaml": of_elements("one", "web"),
            "root/two.yaml": of_elements("two", "web"),
        },
        {"web"},
    ),
    "sets of two parents": (
        {
            "root/p.yaml": documents(application("p1", "p1"), application("p2", "p2")),
            "p1/one.yaml": of_elements("one", "web"),
            "p2/two.yaml": of_elements("two", "web"),
        },
        {"web"},
    ),
}


@pytest.mark.parametrize(("files", "names"), BELOW_ONE_ROOT.values(), ids=BELOW_ONE_ROOT)
async def test_below_one_root_it_is_an_error(engine: Engine, files: Files, names: set[str]) -> None:
    evaluation = await evaluated(engine, {**FILES, **ROOT, **files})
    found = of_rule(evaluation, RULE)
    assert {finding.applications[0] for finding in found} == names
    assert {finding.severity for finding in found} == {Severity.ERROR}
    for finding in found:
        assert len({finding.span.path, *(related.span.path for related in finding.related)}) == 2


async def test_a_set_that_two_parents_bring_is_one_set(engine: Engine) -> None:
    parents = {**FILES, **ROOT, "root/p.yaml": documents(application("p1", "p1"), application("p2", "p2"))}
    for second in (of_elements("one", "web"), of_elements("one", "web", "b")):
        files = {**parents, "p1/one.yaml": of_elements("one", "web"), "p2/one.yaml": second}
        evaluation = await evaluated(engine, files)
        assert of_rule(evaluation, RULE) == []
        owners = of_rule(evaluation, "duplicate-owner")
        assert [f.resource.kind for f in owners if f.resource].count("ApplicationSet") == 1


async def test_of_copies_below_one_parent_the_last_counts(engine: Engine) -> None:
    files = {
        **FILES,
        **ROOT,
        "root/a/web.yaml": application("web", "apps/web"),
        "root/b/web.yaml": application("web", "apps/api"),
        "boot/root.yaml": application("root", "root", source={"directory": {"recurse": True}}),
    }
    evaluation = await evaluated(engine, files)
    assert state_of(evaluation, "web").application.sources[0].path == "apps/api"
    assert [(r.parent, r.other.path, r.same) for r in evaluation.snapshot.repeated] == [
        ("root", "root/a/web.yaml", False)
    ]
    assert len(of_rule(evaluation, "duplicate-entry")) == 1
    assert of_rule(evaluation, RULE) == []


async def test_beside_each_other_it_is_one_question_that_the_configuration_answers(engine: Engine) -> None:
    files = {
        **FILES,
        "argocd/a.yaml": of_elements("team-a", "web", "api"),
        "argocd/b.yaml": of_elements("team-b", "web", "api"),
    }
    (finding,) = of_rule(await evaluated(engine, files), RULE)
    assert finding.severity == Severity.NOTICE
    assert set(finding.applications) == {"web", "api"}
    apart = await evaluated(engine, files, policy="instances: {one: [team-a], two: [team-b]}\n")
    assert of_rule(apart, RULE) == []
    elsewhere = {**FILES, "dev/a.yaml": files["argocd/a.yaml"], "prod/b.yaml": files["argocd/b.yaml"]}
    assert of_rule(await evaluated(engine, elsewhere), RULE) == []
