"""Title, body and commit message of fix pull requests."""

from __future__ import annotations

import pytest

from bot.formats.github import fix_pull_request as text
from bot.formats.github.marks import CLOSED, closed_by_us, fix_mark, read_state
from bot.formats.github.proposal import digest, title
from bot.formats.writing import fitting
from bot.rendering.driver import Engine
from checks.judgement.evaluation import Evaluation
from checks.planning.ownership.plan import FixPlan
from checks.sync_order.view import handovers_of
from gitops.files.spans import Applicability
from tests.scenarios import Files, application, config_map, documents, evaluated, kustomization, manifest

COMMIT = "c" * 40
NAMESPACE = "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: shop\n"
SECRET = "apiVersion: v1\nkind: Secret\nmetadata:\n  name: keys\n  namespace: shop\nstringData:\n  key: hunter2\n"
CLAIM = manifest("PersistentVolumeClaim", "disk", "shop", spec={})


def both(shared: str, **more: str) -> Files:
    """Applications `a` and `b` that share one file."""
    files = {"apps.yaml": documents(application("a", "a"), application("b", "b"))}
    for app in "ab":
        files[f"{app}/kustomization.yaml"] = kustomization(
            "m.yaml", f"{app}.yaml", *(f"{name}.yaml" for name in more)
        )
        files |= {f"{app}/m.yaml": shared, f"{app}/{app}.yaml": config_map(app)}
        files |= {f"{app}/{name}.yaml": content for name, content in more.items()}
    return files


async def planned(engine: Engine, files: Files) -> tuple[Evaluation, FixPlan]:
    evaluation = await evaluated(engine, files)
    (plan,) = evaluation.plans
    return evaluation, plan


async def body(engine: Engine, files: Files) -> str:
    evaluation, plan = await planned(engine, files)
    return text.body(evaluation, plan, plan.key, COMMIT)


async def test_a_body_begins_with_the_mark_and_ends_with_the_state(engine: Engine) -> None:
    evaluation, plan = await planned(engine, both(config_map("shared")))
    shown = text.body(evaluation, plan, plan.key, COMMIT)
    assert shown.startswith(f"{fix_mark(plan.key)}\n\n`a` and `b` both own ConfigMap shop/shared.")
    assert read_state(shown) == (digest(evaluation.snapshot.tree, plan), COMMIT)
    assert not closed_by_us(shown)
    assert closed_by_us(f"{shown}\n\n{CLOSED}")
    assert "[!WARNING]" not in shown


async def test_a_namespace_takes_everything_along_and_a_claim_does_not(engine: Engine) -> None:
    shown = await body(engine, both(NAMESPACE))
    assert "> **Do not merge before steps 1 and 2 below are done.**" in shown
    assert "a Namespace takes everything in it along" in shown
    assert shown.count("+    argocd.argoproj.io/sync-options: ") == 2
    shown = await body(engine, both(CLAIM))
    assert "Do not merge before" in shown
    assert "takes everything" not in shown


CRD = manifest("CustomResourceDefinition", "w.acme.io", api="apiextensions.k8s.io/v1", spec={})


async def test_a_definition_is_not_tracked_so_nobody_waits(engine: Engine) -> None:
    evaluation, plan = await planned(engine, both(CRD))
    shown = text.body(evaluation, plan, plan.key, COMMIT)
    assert "does not track CustomResourceDefinitions" in shown
    assert "merge this in one step" in shown
    assert "the last sync wins" in text.commit_message(plan)
    for word in ("tracking-id", "argocd app sync", "overwrite", "Do not merge"):
        assert word not in shown
    assert plan.applicability is Applicability.SAFE
    assert handovers_of([plan]) == ()


async def test_beside_a_definition_what_is_tracked_keeps_its_procedure(engine: Engine) -> None:
    evaluation, plan = await planned(engine, both(CRD, ns=NAMESPACE))
    shown = text.body(evaluation, plan, plan.key, COMMIT)
    assert "Do not merge before" in shown
    assert "kubectl get namespace shop" in shown
    assert "kubectl get customresourcedefinition" not in shown
    assert [handover.resource.kind for handover in handovers_of([plan])] == ["Namespace"]


async def test_the_values_of_a_secret_are_not_shown(engine: Engine) -> None:
    shown = await body(engine, both(SECRET))
    assert "Do not merge before" in shown
    assert "to both copies by hand" in shown
    assert "hunter2" not in shown
    shown = await body(engine, both(documents(NAMESPACE, SECRET)))  # next to it in one file
    assert "hunter2" not in shown


async def test_a_body_too_long_loses_whole_parts_and_neither_mark_nor_state(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    evaluation, plan = await planned(engine, both(documents(NAMESPACE, config_map("shared"))))
    whole = text.body(evaluation, plan, plan.key, COMMIT)
    monkeypatch.setattr(fitting, "MAX_BODY", len(whole) - 1)
    shown = text.body(evaluation, plan, plan.key, COMMIT)
    assert len(shown) < len(whole)
    assert shown.startswith(fix_mark(plan.key))
    assert read_state(shown) == read_state(whole)
    assert "left out, since it is too long for GitHub" in shown
    assert "**Hand over.**" in shown  # the warning above points there
    assert shown.count("<details>") == shown.count("</details>")
    assert shown.count("```") % 2 == 0


async def test_names_stay_on_the_lines_they_are_in(engine: Engine) -> None:
    evil = "b\n\nCo-authored-by: root <r@example.com>\nfixes #1"
    files = dict(both(config_map("shared")))
    files["apps.yaml"] = documents(application("a", "a"), application(evil, "b"))
    evaluation, plan = await planned(engine, files)
    for line in (title(plan), *text.commit_message(plan).splitlines()):
        assert not line.startswith("Co-authored-by")
        assert "fixes #1" not in line
    assert len(text.commit_message(plan).split("\n\n")) == 2
    assert len(title(plan)) <= 120
    assert "\nCo-authored-by" not in text.body(evaluation, plan, plan.key, COMMIT)
