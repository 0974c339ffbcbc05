"""An Application that goes on: what it prunes, what it leaves, and what waits for a person."""

from __future__ import annotations

import pytest

from bot.rendering.driver import Engine
from tests.gitops.facts.deletions.stage import FINALIZER, MAP, PRUNE, PVC, app, appset, folder, lines, obj
from tests.scenarios import Files

CLAIM = "PersistentVolumeClaim a/data"


def pvc(options: str = "", **metadata: object) -> str:
    return obj("PersistentVolumeClaim", "data", options=options, metadata=metadata, spec={})


def one(*manifests: str, sync: object = PRUNE, **files: str) -> Files:
    return {"a.yaml": app("a", sync=sync), **folder("apps/a", MAP, *manifests), **files}  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("sync", "verdict"),
    [
        (PRUNE, "deleted"),
        (None, "by-hand"),
        ({"automated": {}}, "by-hand"),
        ({"automated": {"prune": False, "selfHeal": True}}, "by-hand"),
        ({"automated": {"prune": True, "enabled": False}}, "by-hand"),
        ({"automated": {"prune": True}, "syncOptions": ["Prune=false"]}, "stays"),
        ({"automated": {"prune": True}, "syncOptions": ["Prune=confirm"]}, "by-hand"),
        ({"automated": {"prune": True}, "syncOptions": ["Delete=false"]}, "deleted"),
    ],
)
async def test_the_sync_policy_decides(engine: Engine, sync: object, verdict: str) -> None:
    assert await lines(engine, one(PVC, sync=sync), one(sync=sync)) == [f"{verdict} a: {CLAIM}"]


@pytest.mark.parametrize("side", ["before", "after"])
async def test_a_policy_that_changes_with_it_counts_as_the_worse_of_the_two(engine: Engine, side: str) -> None:
    keeps = {"automated": {"prune": True}, "syncOptions": ["Prune=false"]}
    before, after = (keeps, PRUNE) if side == "before" else (PRUNE, keeps)
    assert await lines(engine, one(PVC, sync=before), one(sync=after)) == [f"deleted a: {CLAIM}"]
    before_, after_ = (None, PRUNE) if side == "before" else (PRUNE, None)
    assert await lines(engine, one(PVC, sync=before_), one(sync=after_)) == [f"deleted a: {CLAIM}"]


@pytest.mark.parametrize(
    ("claim", "verdict"),
    [
        (pvc("Prune=false"), "stays"),
        (pvc("Validate=false, Prune=false"), "stays"),
        (pvc("Prune=true,Prune=false"), "deleted"),
        (pvc("Prune=confirm"), "by-hand"),
        (pvc("Delete=false"), "deleted"),
        (pvc("Delete=confirm"), "deleted"),
        (pvc(annotations={"helm.sh/resource-policy": "keep"}), "deleted"),
        (pvc(annotations={"argocd.argoproj.io/compare-options": "IgnoreExtraneous"}), "deleted"),
        (pvc(ownerReferences=[{"apiVersion": "v1", "kind": "Pod", "name": "x", "uid": "1"}]), "stays"),
    ],
)
async def test_the_live_object_says_whether_it_may_be_pruned(engine: Engine, claim: str, verdict: str) -> None:
    assert await lines(engine, one(claim), one()) == [f"{verdict} a: {CLAIM}"]


async def test_an_option_of_the_object_wins_over_its_applications(engine: Engine) -> None:
    sync = {"automated": {"prune": True}, "syncOptions": ["Prune=false"]}
    assert await lines(engine, one(pvc("Prune=true"), sync=sync), one(sync=sync)) == [f"deleted a: {CLAIM}"]


async def test_one_that_wants_a_confirmation_holds_what_is_pruned_with_it_and_after_it(engine: Engine) -> None:
    def widget(name: str, wave: str, options: str = "") -> str:
        annotations = {"argocd.argoproj.io/sync-wave": wave}
        return obj("Widget", name, "example.com/v1", options, metadata={"annotations": annotations})

    # The last that were made go first.
    before = one(pvc("Prune=confirm"), widget("same", "0"), widget("made-after", "3"), widget("made-before", "-3"))
    assert await lines(engine, before, one()) == [
        f"by-hand a: {CLAIM}",
        "by-hand a: Widget a/made-before",
        "by-hand a: Widget a/same",
        "deleted a: Widget a/made-after",
    ]
    at_last = one(pvc("Prune=confirm,PruneLast=true"), widget("same", "0"), widget("too", "0", "PruneLast=true"))
    assert await lines(engine, at_last, one()) == [
        f"by-hand a: {CLAIM}",
        "by-hand a: Widget a/too",
        "deleted a: Widget a/same",
    ]


@pytest.mark.parametrize(
    ("sync", "verdict"),
    [
        (PRUNE, "by-hand"),
        ({"automated": {"prune": True, "allowEmpty": True}}, "deleted"),
    ],
)
async def test_argo_cd_does_not_wipe_out_an_application_by_itself(engine: Engine, sync: object, verdict: str) -> None:
    after: Files = {"a.yaml": app("a", sync=sync), "apps/a/kustomization.yaml": "resources: []\n"}  # type: ignore[arg-type]
    assert await lines(engine, one(PVC, sync=sync), after) == [
        f"{verdict} a: ConfigMap a/settings",
        f"{verdict} a: {CLAIM}",
    ]


async def test_a_hook_that_is_left_does_not_keep_it_from_being_empty(engine: Engine) -> None:
    hook = obj("Job", "migrate", "batch/v1", metadata={"annotations": {"argocd.argoproj.io/hook": "PreSync"}})
    after: Files = {"a.yaml": app("a"), **folder("apps/a", hook)}
    assert await lines(engine, one(PVC), after) == ["by-hand a: ConfigMap a/settings", f"by-hand a: {CLAIM}"]


async def test_definitions_stay_with_their_resources(engine: Engine) -> None:
    spec = {"group": "example.com", "scope": "Namespaced", "names": {"kind": "Widget", "plural": "widgets"}}
    definition = obj("CustomResourceDefinition", "widgets.example.com", "apiextensions.k8s.io/v1", spec=spec)
    found = await lines(engine, one(definition, obj("Widget", "w", "example.com/v1")), one())
    assert found == ["deleted a: Widget a/w", "stays a: CustomResourceDefinition widgets.example.com"]


async def test_a_namespace_takes_along_what_it_holds_whoever_brings_it(engine: Engine) -> None:
    namespace = obj("Namespace", "a")
    other = folder("apps/b", MAP, obj("PersistentVolumeClaim", "kept", options="Prune=false", spec={}))
    shared = {"b.yaml": app("b", namespace="a"), **other}
    found = await lines(engine, one(namespace, PVC, **shared), one(PVC, **shared))
    assert found == [
        "deleted a: ConfigMap a/settings",
        "deleted a: Namespace a",
        f"deleted a: {CLAIM}",
        "deleted b: PersistentVolumeClaim a/kept",
    ]


async def test_a_managed_namespace_is_kept(engine: Engine) -> None:
    sync = {**PRUNE, "managedNamespaceMetadata": {"labels": {"a": "b"}}}
    found = await lines(engine, one(obj("Namespace", "a"), obj("Namespace", "x"), sync=sync), one(sync=sync))
    assert found == ["deleted a: Namespace x", "stays a: Namespace a"]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("extensions/v1beta1 Ingress", "networking.k8s.io/v1 Ingress"),
        ("extensions/v1beta1 Deployment", "apps/v1 Deployment"),
        ("networking.k8s.io/v1 Ingress", "extensions/v1beta1 Ingress"),
    ],
)
async def test_an_object_under_another_group_is_still_the_same(engine: Engine, old: str, new: str) -> None:
    manifests = [obj(kind, "web", api, spec={}) for api, kind in (old.split(), new.split())]
    (found,) = await lines(engine, one(manifests[0]), one(manifests[1]))
    assert found.startswith("changed a: ")


async def test_a_kind_that_moved_to_another_project_is_another_object(engine: Engine) -> None:
    old, new = obj("Certificate", "web", "certmanager.k8s.io/v1"), obj("Certificate", "web", "cert-manager.io/v1")
    assert await lines(engine, one(old), one(new)) == ["deleted a: Certificate a/web"]


async def test_another_content_of_a_generated_object_is_no_deletion(engine: Engine) -> None:
    def generated(value: int, name: str = "made") -> Files:
        extra = f"configMapGenerator:\n- name: {name}\n  literals: [a={value}]\n"
        return {"a.yaml": app("a"), **folder("apps/a", MAP, extra=extra)}

    assert await lines(engine, generated(1), generated(2)) == []
    (gone,) = await lines(engine, generated(1), generated(1, "other"))
    assert gone.startswith("deleted a: ConfigMap a/made-")


@pytest.mark.parametrize("extra", ["nameSuffix: -v2\n", "namePrefix: my-\n", "namespace: other\n"])
async def test_everything_under_another_name_is_deleted_and_comes_anew(engine: Engine, extra: str) -> None:
    after: Files = {"a.yaml": app("a"), **folder("apps/a", MAP, PVC, extra=extra)}
    found = await lines(engine, one(PVC), after)
    assert f"deleted a: {CLAIM}" in found
    assert len([one for one in found if one.startswith("comes a: PersistentVolumeClaim")]) == 1


async def test_another_namespace_of_the_destination_is_another_place(engine: Engine) -> None:
    after: Files = {"a.yaml": app("a", namespace="b"), **folder("apps/a", MAP, PVC)}
    assert await lines(engine, one(PVC), after) == [
        "comes a: PersistentVolumeClaim b/data",
        "deleted a: ConfigMap a/settings",
        f"deleted a: {CLAIM}",
    ]


async def test_what_is_in_a_former_cluster_stays_there(engine: Engine) -> None:
    moved = app("a", server="https://other.example.org", cascades=True)
    after: Files = {"a.yaml": moved, **folder("apps/a", MAP, PVC)}
    assert await lines(engine, one(PVC), after) == [
        "comes a: PersistentVolumeClaim a/data",
        "stays a: ConfigMap a/settings",
        f"stays a: {CLAIM}",
    ]


def project(**spec: object) -> str:
    return obj("AppProject", "team", "argoproj.io/v1alpha1", metadata={"namespace": "argocd"}, spec=spec)


@pytest.mark.parametrize(
    ("spec", "verdict"),
    [
        ({"destinations": [{"server": "*", "namespace": "*"}]}, "deleted"),
        ({"destinations": [{"server": "*", "namespace": "b"}]}, "stays"),
        ({"destinations": [{"name": "in-cluster", "namespace": "a*"}]}, "deleted"),
        ({"destinations": [{"server": "*", "namespace": "*"}, {"server": "*", "namespace": "!a"}]}, "stays"),
        (
            {
                "destinations": [{"server": "*", "namespace": "*"}],
                "namespaceResourceBlacklist": [{"group": "", "kind": "PersistentVolume*"}],
            },
            "stays",
        ),
        (
            {
                "destinations": [{"server": "*", "namespace": "*"}],
                "namespaceResourceWhitelist": [{"group": "*", "kind": "ConfigMap"}],
            },
            "stays",
        ),
    ],
)
async def test_what_the_project_does_not_permit_is_left_alone(engine: Engine, spec: object, verdict: str) -> None:
    def files(*manifests: str) -> Files:
        team = app("a", project="team")
        projects = {"projects.yaml": app("projects", namespace="argocd"), **folder("apps/projects", project(**spec))}  # type: ignore[arg-type]
        return {"a.yaml": team, **folder("apps/a", MAP, *manifests), **projects}

    assert await lines(engine, files(PVC), files()) == [f"{verdict} a: {CLAIM}"]


async def test_the_same_object_from_another_application_is_handed_over(engine: Engine) -> None:
    def files(a: list[str], b: list[str]) -> Files:
        return {
            "apps.yaml": app("a", namespace="x") + "---\n" + app("b", namespace="x"),
            **folder("apps/a", MAP, *a),
            **folder("apps/b", obj("ConfigMap", "other"), *b),
        }

    assert await lines(engine, files([PVC], []), files([], [PVC])) == ["handed-over a: PersistentVolumeClaim x/data"]
    # The same name in another namespace is another object.
    away = obj("PersistentVolumeClaim", "data", metadata={"namespace": "y"}, spec={})
    found = await lines(engine, files([PVC], []), files([], [away]))
    assert "deleted a: PersistentVolumeClaim x/data" in found


async def test_an_application_that_a_set_adopts_is_handed_over(engine: Engine) -> None:
    made = {**folder("apps/shop", PVC), "root.yaml": app("root", "argocd", namespace="argocd")}
    before: Files = {**made, **folder("argocd", app("shop", cascades=True), MAP)}
    after: Files = {**made, **folder("argocd", appset("shop", finalizers=[FINALIZER]), MAP)}
    found = await lines(engine, before, after)
    assert "handed-over root: Application argocd/shop" in found
    assert not [one for one in found if "deleted" in one]


async def test_nothing_happens_to_what_only_looks_otherwise(engine: Engine) -> None:
    before = one(PVC)
    after = {**before, "a.yaml": "# the owner\n---\n" + str(before["a.yaml"])}
    assert await lines(engine, before, after) == []
