"""What a known holder of the live objects changes in the advice about merging."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from bot.formats.github import fix_pull_request
from bot.formats.reports import text
from bot.rendering.driver import Engine
from bot.rendering.evaluation import evaluate
from checks.judgement.evaluation import Evaluation
from checks.planning.ownership.prune import Safety, safety, summary_line
from checks.policy.file import Policy
from gitops.applications.live import Live, LiveApplication, LiveCluster
from gitops.resources.resource import ResourceId
from tests.scenarios import MATCHER, Files, application, config_map, documents, kustomization, manifest, tree

NAMESPACE = "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: shop\n"
CLAIM = manifest("PersistentVolumeClaim", "disk", "shop", spec={})
SHOP = ResourceId("", "Namespace", "", "shop")
DISK = ResourceId("", "PersistentVolumeClaim", "shop", "disk")
SETTINGS = ResourceId("", "ConfigMap", "shop", "settings")

Sync = Mapping[str, Any]
BY_HAND: Sync = {}
AUTOMATED = {"automated": {"prune": True}}
HEALING = {"automated": {"prune": True, "selfHeal": True}}
REFUSING = {**HEALING, "syncOptions": ["FailOnSharedResource=true"]}

PROCEDURE = "**Hand over.**"
ONE_STEP = "merge this in one step"
CALM = "**Suspend self-healing** of `b`"


def shared(*manifests: str, sync: Sync = AUTOMATED) -> Files:
    """`infra` and `b` both bring these; `b` is to lose them."""
    files = {"apps.yaml": documents(application("infra", "infra", wave=-1), application("b", "b", sync=sync))}
    for app in ("infra", "b"):
        files[f"{app}/kustomization.yaml"] = kustomization("shared.yaml", "own.yaml")
        files |= {f"{app}/shared.yaml": documents(*manifests), f"{app}/own.yaml": config_map(app)}
    return files


def held(**holders: str) -> Live:
    """`infra`, `b` (whose tracking id the object carries), `absent` or `unknown`, for shop, disk and settings."""
    ids = {"shop": SHOP, "disk": DISK, "settings": SETTINGS}
    tracking = {
        ids[name]: f"{who}:/{ids[name].kind}:shop/{ids[name].name}"
        for name, who in holders.items()
        if who in ("infra", "b")
    }
    status = {"infra": LiveApplication("Synced", "Healthy"), "b": LiveApplication("OutOfSync", "Degraded")}
    cluster = LiveCluster(
        "in-cluster",
        tracking=tracking,
        absent=frozenset(ids[name] for name, who in holders.items() if who == "absent"),
        applications={("argocd", name): each for name, each in status.items()},
        all_applications=True,
    )
    return Live({"in-cluster": cluster})


async def advised(engine: Engine, files: Files, live: Live | None) -> tuple[Evaluation, Safety, str]:
    evaluation = await evaluate(engine, tree(files), None, MATCHER, Policy(), live=live)
    (plan,) = evaluation.plans
    assert plan.loser[2] == "b"
    body = fix_pull_request.body(evaluation, plan, plan.key, "c" * 40)
    found = safety(evaluation.snapshot, plan)
    assert ("[!WARNING]" in body) is found.dangerous
    line = summary_line(evaluation.snapshot, plan)
    assert not found.dangerous or line in " ".join(text.render(evaluation, colour=False, width=120).split())
    return evaluation, found, body


@pytest.mark.parametrize("sync", [BY_HAND, AUTOMATED, REFUSING])
@pytest.mark.parametrize("holder", ["infra", "absent"])
async def test_what_the_loser_does_not_hold_goes_in_one_step(engine: Engine, sync: Sync, holder: str) -> None:
    _, found, body = await advised(engine, shared(NAMESPACE, sync=sync), held(shop=holder))
    assert not found.dangerous
    assert ONE_STEP in body
    assert PROCEDURE not in body
    assert "look once more just before you merge" in body
    assert "kubectl get namespace shop" in body


@pytest.mark.parametrize("sync", [BY_HAND, AUTOMATED, HEALING])
async def test_what_the_loser_holds_needs_the_procedure(engine: Engine, sync: Sync) -> None:
    _, found, body = await advised(engine, shared(NAMESPACE, sync=sync), held(shop="b"))
    assert found.dangerous
    assert PROCEDURE in body
    assert "The live `Namespace shop` carries the tracking id of `b`: its next sync with prune deletes it" in body
    assert "Git cannot tell" not in body


@pytest.mark.parametrize("live", [None, held(), held(disk="infra")])
async def test_an_unknown_holder_is_taken_for_the_loser(engine: Engine, live: Live | None) -> None:
    _, found, body = await advised(engine, shared(NAMESPACE), live)
    assert found.dangerous
    assert PROCEDURE in body
    assert "Git cannot tell whose tracking id it is" in body


async def test_one_unknown_object_among_known_ones_keeps_the_procedure(engine: Engine) -> None:
    _, found, body = await advised(engine, shared(NAMESPACE, CLAIM), held(shop="infra", disk="unknown"))
    assert [str(owned.id) for owned in found.data_bearing] == ["PersistentVolumeClaim shop/disk"]
    assert PROCEDURE in body
    # With a self-healing loser the other one is as good as held.
    _, found, body = await advised(engine, shared(NAMESPACE, CLAIM, sync=HEALING), held(shop="infra", disk="unknown"))
    assert {owned.id for owned in found.data_bearing} == {SHOP, DISK}


async def test_a_loser_that_heals_itself_is_stopped_first(engine: Engine) -> None:
    """It takes back what it does not hold whenever it likes; a glimpse of the cluster is not worth a namespace."""
    evaluation, found, body = await advised(engine, shared(NAMESPACE, sync=HEALING), held(shop="infra"))
    assert found.dangerous
    assert "`b` does not hold the live `Namespace shop` now, but it heals itself" in body
    assert CALM in body
    assert PROCEDURE not in body
    order = [body.index(part) for part in (CALM, "kubectl get namespace shop", "**Merge this**")]
    assert order == sorted(order)
    assert "may take it over at any time" in summary_line(evaluation.snapshot, evaluation.plans[0])


async def test_what_is_protected_already_needs_no_stopping(engine: Engine) -> None:
    protected = NAMESPACE + "  annotations:\n    argocd.argoproj.io/sync-options: Prune=false,Delete=false\n"
    _, found, body = await advised(engine, shared(protected, sync=HEALING), held(shop="infra"))
    assert not found.dangerous
    assert ONE_STEP in body


@pytest.mark.parametrize("holder", ["infra", "b", "absent", "unknown"])
async def test_what_can_be_made_anew_never_needs_the_procedure(engine: Engine, holder: str) -> None:
    files = shared(config_map("settings"), sync=HEALING)
    _, found, body = await advised(engine, files, held(settings=holder))
    assert not found.dangerous
    assert (ONE_STEP in body) is (holder in ("infra", "absent"))
    assert ("Argo CD deletes them, and `infra` makes them anew" in body) is (holder in ("b", "unknown"))


async def test_the_live_status_stands_beside_how_they_sync(engine: Engine) -> None:
    _, _, body = await advised(engine, shared(NAMESPACE), held(shop="infra"))
    assert "| Application |  | Argo CD syncs it | in the cluster |" in body
    assert "| OutOfSync, Degraded |" in body
    _, _, body = await advised(engine, shared(NAMESPACE), None)
    assert "in the cluster |" not in body


async def test_a_copy_that_another_root_renders_too_is_not_settled_by_one_cluster(engine: Engine) -> None:
    """The entry comes into `b` of two overlays; only one of them lives in the cluster that was asked."""
    files = {
        "one/apps.yaml": documents(application("infra", "infra"), application("b", "b")),
        "two/apps.yaml": documents(application("c", "b")),
        "infra/kustomization.yaml": kustomization("shared.yaml"),
        "infra/shared.yaml": NAMESPACE,
        "b/kustomization.yaml": kustomization("shared.yaml", "own.yaml"),
        "b/shared.yaml": NAMESPACE,
        "b/own.yaml": config_map("b"),
    }
    evaluation = await evaluate(engine, tree(files), None, MATCHER, Policy(), live=held(shop="infra"))
    (plan,) = evaluation.plans
    assert plan.proof.cautions
    assert safety(evaluation.snapshot, plan).dangerous
