"""When a fix may be called safe, and which protection really protects."""

from __future__ import annotations

import pytest

from bot.rendering.driver import Engine
from bot.rendering.evaluation import evaluate
from checks.planning.ownership.prune import Safety, safety, summary_line
from checks.policy.file import Policy
from gitops.files.spans import Applicability, apply_edits
from tests.scenarios import MATCHER, Files, application, config_map, documents, kustomization, manifest, tree

AUTOMATED = {"automated": {"prune": True}}
OPTIONS = "argocd.argoproj.io/sync-options"


def block(kind: str, name: str, options: str, api: str = "v1") -> str:
    annotations = f"  annotations:\n    {OPTIONS}: {options}\n" if options else ""
    return f"apiVersion: {api}\nkind: {kind}\nmetadata:\n  name: {name}\n  namespace: shop\n{annotations}"


def shared(text: str) -> Files:
    files = {"apps.yaml": documents(application("a", "a", sync=AUTOMATED), application("b", "b", sync=AUTOMATED))}
    for app in ("a", "b"):
        files[f"{app}/kustomization.yaml"] = kustomization("shared.yaml", "own.yaml")
        files |= {f"{app}/shared.yaml": text, f"{app}/own.yaml": config_map(app)}
    return files


async def judged(engine: Engine, files: Files, base: Files | None = None) -> tuple[Applicability, Safety, str, Files]:
    before = tree(base) if base is not None else None
    evaluation = await evaluate(engine, tree(files), before, MATCHER, Policy())
    (plan,) = evaluation.plans
    found = safety(evaluation.snapshot, plan, evaluation.base)
    after = dict(files)
    for path in {edit.span.path for edit in found.protect}:
        edits = [edit for edit in found.protect if edit.span.path == path]
        after[path] = apply_edits(evaluation.snapshot.tree.read(path), edits)
    return plan.applicability, found, summary_line(evaluation.snapshot, plan, evaluation.base), after


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        (config_map("x"), True),
        (block("HTTPRoute", "x", "", "gateway.networking.k8s.io/v1"), True),
        (block("Instance", "orders", "", "database.example.org/v1"), False),
        (block("PersistentVolumeClaim", "disk", ""), False),
        (block("ConfigMap", "x", "Prune=confirm"), False),
        (block("ConfigMap", "x", "Delete=false"), False),
        (
            manifest(
                "StatefulSet",
                "db",
                "shop",
                "apps/v1",
                spec={"persistentVolumeClaimRetentionPolicy": {"whenDeleted": "Delete"}},
            ),
            False,
        ),
    ],
)
async def test_a_fix_is_safe_only_for_what_can_be_made_again(engine: Engine, text: str, safe: bool) -> None:
    applicability, found, line, _ = await judged(engine, shared(text))
    assert (applicability is Applicability.SAFE) is safe
    assert found.dangerous is not safe
    assert ("Merging deletes no data: what `b` still holds when it is synced may go" in line) is safe


@pytest.mark.parametrize("present", ["", "Prune=confirm", "Prune=true,Validate=false", "Delete=confirm"])
async def test_the_protection_that_is_offered_is_the_one_that_argo_cd_reads(engine: Engine, present: str) -> None:
    _, found, _, after = await judged(engine, shared(block("PersistentVolumeClaim", "disk", present)))
    assert found.dangerous and found.protect
    _, found, _, _ = await judged(engine, after)
    assert not found.protect and not found.unprotected and not found.dangerous


async def test_a_protection_that_comes_with_the_same_change_comes_too_late(engine: Engine) -> None:
    before = shared(block("PersistentVolumeClaim", "disk", ""))
    files = shared(block("PersistentVolumeClaim", "disk", "Prune=false,Delete=false"))
    _, found, _, _ = await judged(engine, files, before)
    assert found.dangerous
    assert found.unprotected == ("PersistentVolumeClaim shop/disk gets them with this very change, too late for it",)
    _, found, _, _ = await judged(engine, files, files)
    assert not found.dangerous


async def test_a_protection_that_a_patch_takes_away_again_is_none(engine: Engine) -> None:
    patch = f"commonAnnotations:\n  {OPTIONS}: Validate=false\n"
    files = dict(shared(block("PersistentVolumeClaim", "disk", "Prune=false,Delete=false")))
    for app in ("a", "b"):
        files[f"{app}/kustomization.yaml"] = kustomization("shared.yaml", "own.yaml", extra=patch)
    _, found, _, _ = await judged(engine, files)
    assert found.dangerous
    assert found.unprotected[0].endswith("carries them, but what is rendered from it says something else")
