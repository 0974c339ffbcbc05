"""ConfigMaps and Secrets that kustomize names by their content are the same ones under their next name."""

from __future__ import annotations

import json

from bot.formats.changes import text
from bot.formats.changes.manifest import unified
from bot.rendering.driver import Engine
from checks.changes.view import changes_of
from checks.policy.file import Policy
from gitops.facts.changes.model import Turn
from tests.gitops.facts.changes.stage import deployment
from tests.gitops.facts.deletions.stage import ON_MAIN, app
from tests.scenarios import Files, kustomization, tree

GENERATED = """\
configMapGenerator: [{name: settings-production, literals: [a=VALUE]}]
secretGenerator: [{name: key, literals: [password=hunter-VALUE]}]
"""


def files(value: str, replicas: int = 1, extra: str = "") -> Files:
    uses = [{"configMapRef": {"name": "settings-production"}}, {"secretRef": {"name": "key"}}]
    pods = deployment(replicas=replicas, containers=[{"name": "web", "envFrom": uses}])
    listed = kustomization("d.yaml", extra=GENERATED.replace("VALUE", value) + extra)
    return {"a.yaml": app("a"), "apps/a/d.yaml": pods, "apps/a/kustomization.yaml": listed}


async def test_a_new_hash_is_one_change_of_its_content(engine: Engine) -> None:
    analysis = engine.analysis(ON_MAIN)
    base, head = [await engine.snapshot(tree(files(value)), analysis) for value in ("one", "two")]
    found = changes_of(base, head, Policy())
    (application,) = found.difference.applications
    changed = {one.id.id.kind: one for one in application.resources}
    assert {one.turn for one in changed.values()} == {Turn.CHANGES}
    assert [str(field) for field in changed["ConfigMap"].fields] == ["data.a"]
    assert [str(field) for field in changed["Secret"].fields] == ["data.password"]
    assert changed["Deployment"].says_little and len(changed["Deployment"].renamed) == 2
    assert unified(changed["Deployment"]) == []
    assert sorted(one.resource.kind for one in found.told) == ["ConfigMap", "Secret"]
    assert {one.block.value for one in found.told} == {"no"}
    assert "hunter" not in text.render(found) and "hunter" not in json.dumps(str(found.told))


async def test_what_else_changes_beside_a_new_hash_is_told(engine: Engine) -> None:
    analysis = engine.analysis(ON_MAIN)
    base = await engine.snapshot(tree(files("one")), analysis)
    head = await engine.snapshot(tree(files("two", replicas=3)), analysis)
    (application,) = changes_of(base, head, Policy()).difference.applications
    (changed,) = [one for one in application.resources if one.id.id.kind == "Deployment"]
    assert [str(field) for field in changed.fields] == ["spec.replicas"]


async def test_a_generated_name_that_loses_its_hash_is_the_same_one(engine: Engine) -> None:
    analysis = engine.analysis(ON_MAIN)
    base = await engine.snapshot(tree(files("one")), analysis)
    extra = "generatorOptions: {disableNameSuffixHash: true}\n"
    head = await engine.snapshot(tree(files("one", extra=extra)), analysis)
    found = changes_of(base, head, Policy())
    (application,) = found.difference.applications
    assert {(one.turn, one.says_little) for one in application.resources} == {(Turn.CHANGES, True)}
    assert found.told == ()
