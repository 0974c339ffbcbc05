"""Advice for what two Applications read: narrow one of them, and never delete the only copy."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bot.rendering.driver import Engine
from checks.judgement.evaluation import Evaluation
from checks.model import Finding
from checks.ownership import written
from gitops.files.documents import read_documents
from gitops.files.spans import Applicability
from gitops.kustomize.steps import DeleteFile, DropByPatch, Exclude, Retire, Step, TakeOut
from tests.checks.ownership.following import advised, followed, harmless, snapshot_of
from tests.scenarios import (
    Files,
    application,
    config_map,
    documents,
    evaluated,
    evaluated_tree,
    kustomization,
    manifest,
    of_rule,
    tree,
    with_links,
)

NAMESPACE = manifest("Namespace", "shop")
DIRECTORY = {"directory": {"recurse": True}}


async def told(engine: Engine, evaluation: Evaluation, count: int = 1) -> list[Finding]:
    """The conflicts, after following the advice of each to the letter."""
    found = of_rule(evaluation, "duplicate-owner")
    assert len(found) == count
    before = evaluation.snapshot
    for finding in found:
        if finding.steps:
            after = await evaluated_tree(engine, followed(before.tree, finding.steps))
            harmless(before, after.snapshot, finding.steps)
            assert not any(f.resource == finding.resource for f in of_rule(after, "duplicate-owner"))
    return found


def the(steps: tuple[Step, ...], kind: type[Any]) -> Any:
    (step,) = steps
    assert isinstance(step, kind), step
    return step


async def test_one_directory_of_two_applications_makes_one_of_them_superfluous(engine: Engine) -> None:
    files: Files = {
        "one.yaml": application("a", "x"),
        "two.yaml": application("b", "x"),
        "x/cm.yaml": config_map("m"),
        "x/more.yaml": documents(config_map("n"), NAMESPACE),
    }
    for finding in await told(engine, await evaluated(engine, files), 3):
        retire = the(finding.steps, Retire)
        assert (retire.name, retire.span.path) == ("b", "two.yaml")
        assert finding.fix is None
        assert "resources-finalizer.argocd.argoproj.io" in finding.topic.advice
        assert "elete lines" not in finding.topic.advice


async def test_a_finalizer_goes_before_the_application_does(engine: Engine) -> None:
    second = json.loads(application("b", "x"))
    second["metadata"]["finalizers"] = ["resources-finalizer.argocd.argoproj.io"]
    files: Files = {
        "one.yaml": application("a", "x"),
        "two.yaml": json.dumps(second),
        "x/cm.yaml": config_map("m"),
    }
    (finding,) = await told(engine, await evaluated(engine, files))
    assert "take `resources-finalizer.argocd.argoproj.io` out of its manifest" in finding.topic.advice


async def test_one_kustomization_of_two_applications(engine: Engine) -> None:
    files: Files = {
        "argocd/kustomization.yaml": kustomization("a.yaml", "b.yaml"),
        "argocd/a.yaml": application("a", "x"),
        "argocd/b.yaml": application("b", "x"),
        "x/kustomization.yaml": kustomization("cm.yaml"),
        "x/cm.yaml": config_map("m"),
    }
    (finding,) = await told(engine, await evaluated(engine, files))
    assert the(finding.steps, Retire).span.path == "argocd/b.yaml"
    assert "move" not in finding.topic.advice


async def test_one_kustomization_with_options_of_each_application(engine: Engine) -> None:
    def options(namespace: str) -> dict[str, Any]:
        return {"kustomize": {"namespace": namespace}}

    files: Files = {
        "apps.yaml": documents(
            application("a", "k", namespace="one", source=options("one")),
            application("b", "k", namespace="two", source=options("two")),
        ),
        "k/kustomization.yaml": kustomization("role.yaml", "m.yaml"),
        "k/role.yaml": manifest("ClusterRole", "r", api="rbac.authorization.k8s.io/v1", rules=[]),
        "k/m.yaml": manifest("ConfigMap", "m"),
    }
    (finding,) = await told(engine, await evaluated(engine, files))
    assert finding.steps == ()
    assert finding.topic.advice.endswith(
        "both Applications deploy the whole of k (`spec.source.kustomize.patches` of one can leave it out)."
    )
    # That hint holds: Argo CD hands these patches to kustomize.
    patch = {
        "patch": "$patch: delete\napiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: r}"
    }
    patched = application("b", "k", namespace="two", source={"kustomize": {"namespace": "two", "patches": [patch]}})
    files = {**files, "apps.yaml": documents(application("a", "k", namespace="one", source=options("one")), patched)}
    assert of_rule(await evaluated(engine, files), "duplicate-owner") == []


async def test_what_an_application_set_made_cannot_be_taken_out_alone(engine: Engine) -> None:
    template = json.loads(application("set-{{name}}", "x"))
    generators = [{"list": {"elements": [{"name": "a"}, {"name": "b"}]}}]
    metadata, spec = template["metadata"], template["spec"]
    made = {"generators": generators, "template": {"metadata": metadata, "spec": spec}}
    files: Files = {
        "sets.yaml": manifest("ApplicationSet", "s", "argocd", "argoproj.io/v1alpha1", spec=made),
        "x/cm.yaml": config_map("m"),
    }
    (finding,) = await told(engine, await evaluated(engine, files))
    assert finding.steps == ()
    assert "both Applications read x/cm.yaml" in finding.topic.advice


def test_a_large_bundle_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three hundred conflicts of one file cost one reading of it, not one each."""
    reads: list[str] = []

    def counted(path: str, data: bytes) -> Any:
        reads.append(path)
        return read_documents(path, data)

    monkeypatch.setattr(written, "read_documents", counted)
    many = documents(*(config_map(f"m{i}") for i in range(300)))
    head = tree(
        {
            "apps.yaml": documents(application("a", "a"), application("b", "b")),
            "a/all.yaml": many,
            "b/all.yaml": documents(many, config_map("own")),
        }
    )
    planned = advised(snapshot_of(head))
    assert len(planned.findings) == 300
    assert len({finding.topic.key for finding in planned.findings}) == 1
    assert all(len(finding.steps) == 300 for finding in planned.findings)
    assert len(reads) <= 3


async def test_a_parent_passes_over_the_files_of_its_child(engine: Engine) -> None:
    files: Files = {
        "root.yaml": application("a-root", "apps", namespace="argocd", source=DIRECTORY),
        "apps/shop/application.yaml": application("shop", "apps/shop/manifests"),
        "apps/shop/manifests/cm.yaml": config_map("settings"),
        "apps/shop/manifests/own.yaml": manifest("ConfigMap", "own"),
    }
    evaluation = await evaluated(engine, files)
    (finding,) = await told(engine, evaluation)
    assert finding.applications == ("shop", "a-root")  # the child keeps it, although the parent's name comes first
    assert the(finding.steps, Exclude).files == ("shop/manifests/cm.yaml",)
    assert finding.fix is not None
    assert finding.fix.applicability is Applicability.SAFE
    assert "`spec.source.directory.exclude` (root.yaml:1)" in finding.topic.advice


@pytest.mark.parametrize("superfluous", [False, True])
async def test_a_file_with_something_else_in_it_is_not_passed_over(engine: Engine, superfluous: bool) -> None:
    # Without a namespace it lands in that of each Application, and so belongs to both.
    more = manifest("ConfigMap", "own", "elsewhere") if superfluous else manifest("ConfigMap", "own")
    files: Files = {
        "root.yaml": application("root", "apps", namespace="argocd", source=DIRECTORY),
        "apps/shop.yaml": application("shop", "apps/shop"),
        "apps/shop/all.yaml": documents(config_map("settings"), more),
    }
    found = await told(engine, await evaluated(engine, files), 1 + superfluous)
    if not superfluous:
        (finding,) = found
        assert finding.steps == ()
        assert "both Applications read apps/shop/all.yaml, and apps/shop/all.yaml also brings" in finding.topic.advice
    else:
        assert all(the(finding.steps, Exclude) for finding in found)


async def test_a_file_that_a_kustomization_lists_and_a_directory_holds(engine: Engine) -> None:
    files: Files = {
        "apps.yaml": documents(application("platform", "a"), application("b", "b")),
        "a/kustomization.yaml": kustomization("../b/ns.yaml"),
        "b/ns.yaml": NAMESPACE,
        "b/cm.yaml": config_map("b"),
    }
    (finding,) = await told(engine, await evaluated(engine, files))
    assert the(finding.steps, Exclude).files == ("ns.yaml",)
    assert finding.fix is not None
    assert finding.fix.applicability is Applicability.UNSAFE  # a Namespace
    # The other way round the entry goes.
    files = {
        "apps.yaml": documents(application("a", "a"), application("platform", "b")),
        "a/kustomization.yaml": kustomization("../b/ns.yaml", "own.yaml"),
        "a/own.yaml": config_map("a"),
        "b/ns.yaml": NAMESPACE,
        "b/cm.yaml": config_map("b"),
    }
    (finding,) = await told(engine, await evaluated(engine, files))
    assert the(finding.steps, TakeOut).reference.value == "../b/ns.yaml"


async def test_a_symbolic_link_goes_and_not_what_it_leads_to(engine: Engine) -> None:
    plain = tree(
        {
            "apps.yaml": documents(application("a", "a"), application("b", "b")),
            "shared/ns.yaml": NAMESPACE,
            "a/own.yaml": config_map("a"),
            "b/own.yaml": config_map("b"),
        }
    )
    linked = with_links(plain, {"a/ns.yaml": "../shared/ns.yaml", "b/ns.yaml": "../shared/ns.yaml"})
    (finding,) = await told(engine, await evaluated_tree(engine, linked))
    step = the(finding.steps, DeleteFile)
    assert (step.span.path, step.link) == ("b/ns.yaml", True)
    assert "the file that it leads to stays" in finding.topic.advice


async def test_a_linked_directory_is_one_directory(engine: Engine) -> None:
    plain = tree({"apps.yaml": documents(application("a", "a"), application("b", "b")), "a/ns.yaml": NAMESPACE})
    (finding,) = await told(engine, await evaluated_tree(engine, with_links(plain, {"b": "a"})))
    assert the(finding.steps, Retire).name == "b"


async def test_one_item_of_a_list(engine: Engine) -> None:
    items = [json.loads(config_map("m")), json.loads(config_map("own"))]
    files: Files = {
        "apps.yaml": documents(application("a", "a"), application("b", "b")),
        "a/cm.yaml": config_map("m"),
        "b/list.yaml": documents(manifest("List", "l", items=items), config_map("beside")),
    }
    (finding,) = await told(engine, await evaluated(engine, files))
    assert the(finding.steps, TakeOut).reference.field == "items"
    assert finding.fix is not None


async def test_a_list_that_both_read_is_not_touched(engine: Engine) -> None:
    items = [json.loads(config_map("m")), json.loads(manifest("ConfigMap", "own"))]
    files: Files = {
        "apps.yaml": documents(application("a", "x"), application("b", "x", namespace="web")),
        "x/list.yaml": manifest("List", "l", items=items),
    }
    (finding,) = await told(engine, await evaluated(engine, files))
    assert finding.steps == ()
    assert "both Applications read x/list.yaml" in finding.message


async def test_what_others_take_in_is_left_out_by_a_patch(engine: Engine) -> None:
    role = manifest("ClusterRole", "reader", api="rbac.authorization.k8s.io/v1", rules=[])
    files: Files = {
        "apps.yaml": documents(application("a", "a", namespace="one"), application("b", "b", namespace="two")),
        "base/kustomization.yaml": kustomization("all.yaml"),
        "base/all.yaml": documents(role, manifest("ConfigMap", "m")),
        "a/kustomization.yaml": kustomization("../base"),
        "b/kustomization.yaml": kustomization("../base", extra="namespace: two\n"),
    }
    (finding,) = await told(engine, await evaluated(engine, files))
    assert the(finding.steps, DropByPatch).span.path == "b/kustomization.yaml"
    assert "`$patch: delete`" in finding.topic.advice


async def test_a_patch_goes_with_what_it_is_about(engine: Engine) -> None:
    patch = (
        "patches:\n- patch: |-\n    apiVersion: v1\n    kind: Namespace\n    metadata: {name: shop, labels: {a: b}}\n"
    )
    labelled = manifest("Namespace", "shop", metadata={"labels": {"a": "b"}})
    files: Files = {
        "apps.yaml": documents(application("infrastructure", "a"), application("b", "b")),
        "a/kustomization.yaml": kustomization("ns.yaml"),
        "a/ns.yaml": labelled,
        "b/kustomization.yaml": kustomization("ns.yaml", "cm.yaml", extra=patch),
        "b/ns.yaml": NAMESPACE,
        "b/cm.yaml": config_map("b"),
    }
    (finding,) = await told(engine, await evaluated(engine, files))
    assert [step.reference.field for step in finding.steps if isinstance(step, TakeOut)] == ["resources", "patches"]
    assert "the patch of Namespace shop (b/kustomization.yaml:7) with it" in finding.topic.advice


async def test_of_one_file_the_copy_that_differs_is_told_apart(engine: Engine) -> None:
    rules = [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}]
    roles = [manifest("ClusterRole", name, api="rbac.authorization.k8s.io/v1", rules=rules) for name in ("r", "w")]
    change = '[{"op": "add", "path": "/rules/0/verbs/-", "value": "list"}]'
    patch = f"patches: [{{target: {{kind: ClusterRole, name: w}}, patch: '{change}'}}]\n"
    files: Files = {
        "apps.yaml": documents(application("a", "a"), application("b", "b")),
        "base/kustomization.yaml": kustomization("roles.yaml"),
        "base/roles.yaml": documents(*roles),
        "a/kustomization.yaml": kustomization("../base"),
        "b/kustomization.yaml": kustomization("../base", extra=patch),
    }
    same, differs = await told(engine, await evaluated(engine, files), 2)
    assert same.topic.key != differs.topic.key
    assert "identical" in same.topic.message
    assert "differ" in differs.topic.message
    assert "`rules[0].verbs[1]`" in differs.topic.advice
    assert differs.steps == ()


async def test_crds_are_neither_tracked_nor_pruned(engine: Engine) -> None:
    crd = manifest("CustomResourceDefinition", "w.acme.io", api="apiextensions.k8s.io/v1", spec={})
    files: Files = {
        "apps.yaml": documents(application("crds", "a"), application("b", "b")),
        "a/kustomization.yaml": kustomization("all.yaml"),
        "a/all.yaml": documents(crd, NAMESPACE),
        "b/kustomization.yaml": kustomization("all.yaml", "own.yaml"),
        "b/all.yaml": documents(crd, NAMESPACE),
        "b/own.yaml": config_map("own"),
    }
    found = {f.resource.kind: f for f in await told(engine, await evaluated(engine, files), 2) if f.resource}
    definition, namespace = found["CustomResourceDefinition"], found["Namespace"]
    assert "the last sync wins" in definition.topic.message
    assert "SharedResourceWarning" not in definition.topic.message
    assert "may prune" not in definition.topic.message
    assert "SharedResourceWarning" in namespace.topic.message


async def test_namesakes_are_told_apart_by_their_namespace(engine: Engine) -> None:
    def one(team: str) -> str:
        value = json.loads(application("shop", team))
        value["metadata"]["namespace"] = f"team-{team}"
        return json.dumps(value)

    files: Files = {
        "apps.yaml": documents(one("a"), one("b"), application("other", "c")),
        **{f"{team}/kustomization.yaml": kustomization("m.yaml", "own.yaml") for team in "abc"},
        **{f"{team}/m.yaml": config_map("m") for team in "abc"},
        **{f"{team}/own.yaml": config_map(f"own-{team}") for team in "abc"},
    }
    evaluation = await evaluated(engine, files)
    (finding,) = await told(engine, evaluation)
    assert set(finding.applications) == {"team-a/shop", "team-b/shop", "other"}
    keeper = finding.applications[0]
    assert finding.topic.advice.startswith(f"Keep it in `{keeper}`")
    assert all(f"from `{name}`" in finding.topic.advice for name in finding.applications[1:])
    assert not any(
        "`shop`" in f"{row.statement} {row.detail}" for plan in evaluation.plans for row in plan.proof.rows
    )
    chosen = await evaluated(engine, files, policy="ownership: {keep: {ConfigMap/*/m: team-b/shop}}")
    assert of_rule(chosen, "duplicate-owner")[0].applications[0] == "team-b/shop"
