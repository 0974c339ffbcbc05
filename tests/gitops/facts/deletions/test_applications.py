"""Applications that go, are handed over or live on, and what they take along."""

from __future__ import annotations

import pytest

from bot.rendering.driver import Engine
from tests.gitops.facts.deletions.stage import (
    FINALIZER,
    MAP,
    PVC,
    app,
    appset,
    comment,
    folder,
    lines,
    obj,
)
from tests.gitops.installation.test_set_policies import by_map
from tests.scenarios import URL, Files

SHOP = folder("apps/shop", PVC)
BLOG = folder("apps/blog", MAP)
APPLICATION = "Application argocd/shop"
CLAIM = "PersistentVolumeClaim shop/data"
REPOSITORY = {"repoURL": URL, "revision": "main"}
GIT = [{"git": {**REPOSITORY, "directories": [{"path": "apps/*"}]}}]


def below(root: str, *declared: str, **more: str) -> Files:
    """A root Application that brings these."""
    return {"root.yaml": root, **folder("argocd", MAP, *declared), **SHOP, **BLOG, **more}


ROOT = app("root", "argocd", namespace="argocd")


@pytest.mark.parametrize(
    ("child", "verdict"),
    [
        (app("shop", cascades=True), "deleted"),
        (app("shop", cascades=True, sync=None), "deleted"),  # neither automation nor prune plays a part
        (app("shop", cascades=True, sync={"automated": {}}), "deleted"),
        (app("shop", cascades=True).replace(FINALIZER, f"{FINALIZER}/background"), "deleted"),
        (app("shop"), "stays"),
    ],
)
async def test_the_finalizer_of_the_live_application_decides(engine: Engine, child: str, verdict: str) -> None:
    found = await lines(engine, below(ROOT, child), below(ROOT))
    assert found == [f"application-deleted root: {APPLICATION}", f"{verdict} shop: {CLAIM}"]


async def test_a_finalizer_that_is_taken_out_in_the_same_change_is_still_there(engine: Engine) -> None:
    before, after = below(ROOT, app("shop", cascades=True), app("blog")), below(ROOT, app("blog"))
    after = {**after, "argocd/unlisted.yaml": app("shop")}
    found = await lines(engine, before, after)
    assert f"deleted shop: {CLAIM}" in found


@pytest.mark.parametrize(
    ("root", "child", "said"),
    [
        (app("root", "argocd", namespace="argocd", sync=None), app("shop", cascades=True), "by-hand root"),
        (ROOT, app("shop", cascades=True, options="Prune=false"), "stays root"),
        (ROOT, app("shop", cascades=True, options="Prune=confirm"), "by-hand root"),
        (ROOT, app("shop", cascades=True, options="Delete=false"), "application-deleted root"),
    ],
)
async def test_an_application_is_an_object_of_its_parent(engine: Engine, root: str, child: str, said: str) -> None:
    found = await lines(engine, below(root, child), below(root))
    assert f"{said}: {APPLICATION}" in found
    assert (f"deleted shop: {CLAIM}" in found) is said.startswith("application-deleted")


@pytest.mark.parametrize(
    ("claim", "verdict"),
    [
        ("Prune=false", "deleted"),
        ("Delete=false", "stays"),
        ("Delete=confirm", "by-hand"),
        ("Prune=confirm", "by-hand"),  # either of the two asks for it
        ("Prune=false,Delete=false", "stays"),
    ],
)
async def test_sync_options_in_a_cascade(engine: Engine, claim: str, verdict: str) -> None:
    held = folder("apps/shop", obj("PersistentVolumeClaim", "data", options=claim, spec={}), MAP)
    before, after = below(ROOT, app("shop", cascades=True), **held), below(ROOT, **held)
    found = await lines(engine, before, after)
    assert f"{verdict} shop: {CLAIM}" in found
    # One that waits for a confirmation holds the whole deletion.
    assert f"{'by-hand' if verdict == 'by-hand' else 'deleted'} shop: ConfigMap shop/settings" in found


async def test_helms_keep_and_definitions_survive_a_cascade(engine: Engine) -> None:
    kept = obj(
        "PersistentVolumeClaim", "data", metadata={"annotations": {"helm.sh/resource-policy": "keep"}}, spec={}
    )
    definition = obj("CustomResourceDefinition", "widgets.example.com", "apiextensions.k8s.io/v1", spec={})
    held = folder("apps/shop", kept, definition, obj("Widget", "w", "example.com/v1"))
    found = await lines(engine, below(ROOT, app("shop", cascades=True), **held), below(ROOT, **held))
    assert found == [
        f"application-deleted root: {APPLICATION}",
        "deleted shop: Widget shop/w",
        "stays shop: CustomResourceDefinition widgets.example.com",
        f"stays shop: {CLAIM}",
    ]


async def test_a_whole_tree_goes_with_its_root(engine: Engine) -> None:
    middle = app("middle", "middle", namespace="argocd", cascades=True)
    tree = {**folder("middle", app("shop", cascades=True), app("blog"))}
    before, after = below(ROOT, middle, **tree), below(ROOT, **tree)
    assert await lines(engine, before, after) == [
        "application-deleted middle: Application argocd/blog",
        f"application-deleted middle: {APPLICATION}",
        "application-deleted root: Application argocd/middle",
        f"deleted shop: {CLAIM}",
        "stays blog: ConfigMap blog/settings",
    ]


async def test_a_child_survives_a_parent_that_leaves_it(engine: Engine) -> None:
    middle = app("middle", "middle", namespace="argocd")
    tree = folder("middle", app("shop", cascades=True))
    found = await lines(engine, below(ROOT, middle, **tree), below(ROOT, **tree))
    assert found == ["application-deleted root: Application argocd/middle", f"stays middle: {APPLICATION}"]


async def test_an_application_that_nobody_brings_may_go_or_not(engine: Engine) -> None:
    loose: Files = {"shop.yaml": app("shop", cascades=True), "blog.yaml": app("blog"), **SHOP, **BLOG}
    after = {path: text for path, text in loose.items() if path != "shop.yaml"}
    assert await lines(engine, loose, after) == [f"unknown: {APPLICATION}"]
    said = await comment(engine, loose, after)
    assert "Nothing in this repository says what applies it" in said
    assert "everything it owns goes with it" in said


async def test_an_application_that_passes_to_another_parent_is_handed_over(engine: Engine) -> None:
    mine, shop = obj("ConfigMap", "mine"), app("shop", cascades=True)
    both = [app(name, name, namespace="argocd") for name in ("left", "right")]
    before = below(ROOT, *both, **folder("left", mine, shop), **folder("right", mine.replace("mine", "m")))
    after = below(ROOT, *both, **folder("left", mine), **folder("right", mine.replace("mine", "m"), shop))
    assert await lines(engine, before, after) == [f"handed-over left: {APPLICATION}"]


async def test_another_root_may_be_another_argo_cd(engine: Engine) -> None:
    other, mine = app("other", "other", namespace="argocd"), obj("ConfigMap", "mine")
    before = {"other.yaml": other, **below(ROOT, app("shop", cascades=True)), **folder("other", mine)}
    after = {"other.yaml": other, **below(ROOT), **folder("other", mine, app("shop", cascades=True))}
    found = await lines(engine, before, after)
    assert found == [f"application-deleted root: {APPLICATION}", f"deleted shop: {CLAIM}"]
    said = await comment(engine, before, after)
    assert "if `other`, of another root, lives in the same Argo CD, it may take it over first" in said


# ApplicationSets


def sets(*declared: str, **more: str) -> Files:
    files = {f"sets/{number}.yaml": text for number, text in enumerate(declared)}
    return {**files, **SHOP, **BLOG, **more}


@pytest.mark.parametrize(
    ("before", "after", "application", "claim"),
    [
        ({}, {}, "application-deleted", "deleted"),
        ({"finalizers": ["foo/bar"]}, {"finalizers": ["foo/bar"]}, "application-deleted", "stays"),
        (
            {"policy": {"preserveResourcesOnDeletion": True}},
            {"policy": {"preserveResourcesOnDeletion": True}},
            "application-deleted",
            "stays",
        ),
        # Set together with the deletion, it comes too late; taken out together with it, it still holds.
        ({}, {"policy": {"preserveResourcesOnDeletion": True}}, "application-deleted", "deleted"),
        ({"policy": {"preserveResourcesOnDeletion": True}}, {}, "application-deleted", "stays"),
        (
            {"policy": {"applicationsSync": "create-delete"}},
            {"policy": {"applicationsSync": "create-delete"}},
            "application-deleted",
            "deleted",
        ),
        ({}, {"policy": {"applicationsSync": "create-only"}}, "stays", ""),
        ({"policy": {"applicationsSync": "create-update"}}, {}, "application-deleted", "deleted"),
        ({}, {"policy": {"applicationsSync": "create-update"}}, "stays", ""),
        # A finalizer of the template wins over preserveResourcesOnDeletion.
        (
            {"policy": {"preserveResourcesOnDeletion": True}, "finalizers": [FINALIZER]},
            {"policy": {"preserveResourcesOnDeletion": True}, "finalizers": [FINALIZER]},
            "application-deleted",
            "deleted",
        ),
    ],
)
async def test_an_element_that_is_dropped(
    engine: Engine, before: dict[str, object], after: dict[str, object], application: str, claim: str
) -> None:
    found = await lines(engine, sets(appset("shop", "blog", **before)), sets(appset("blog", **after)))  # type: ignore[arg-type]
    assert found == [f"{application} all: {APPLICATION}", *([f"{claim} shop: {CLAIM}"] if claim else [])]


@pytest.mark.parametrize(
    "broken",
    [
        {"generators": [{"matrix": {"generators": [{"list": {"elements": [{"a": "b"}]}}]}}]},
        {"generators": [{"merge": {"generators": GIT, "mergeKeys": ["x"]}}]},
        {"generators": [{"list": {"elements": "nonsense"}}]},
        {"generators": [{"git": REPOSITORY}]},
    ],
)
async def test_a_set_in_error_deletes_nothing(engine: Engine, broken: dict[str, object]) -> None:
    before, after = sets(appset("shop", "blog")), sets(appset("shop", **broken))  # type: ignore[arg-type]
    found = await lines(engine, before, after)
    assert found == ["stays all: Application argocd/blog", f"stays all: {APPLICATION}"]
    assert "is in error, and Argo CD changes and deletes nothing" in await comment(engine, before, after)


async def test_what_a_set_asks_elsewhere_is_no_answer(engine: Engine) -> None:
    before, after = sets(appset("shop", "blog")), sets(appset(generators=[{"clusters": {}}]))
    found = await lines(engine, before, after)
    assert found == ["unknown all: Application argocd/blog", f"unknown all: {APPLICATION}"]
    assert "may be deleted: git alone does not tell" in await comment(engine, before, after)


async def test_a_generator_that_matches_nothing_deletes_everything(engine: Engine) -> None:
    git = appset(generators=GIT, template_name="{{path.basename}}", namespace="{{path.basename}}").replace(
        "apps/{{name}}", "{{path}}"
    )
    found = await lines(engine, sets(git), sets(git.replace("apps/*", "aps/*")))
    assert f"deleted shop: {CLAIM}" in found
    assert "application-deleted all: Application argocd/blog" in found


async def test_a_set_that_passes_an_application_to_another_deletes_it(engine: Engine) -> None:
    before = sets(appset("shop", "blog"), appset("x", name="more"), **folder("apps/x", MAP))
    after = sets(appset("blog"), appset("x", "shop", name="more"), **folder("apps/x", MAP))
    found = await lines(engine, before, after)
    assert f"application-deleted all: {APPLICATION}" in found
    assert f"deleted shop: {CLAIM}" in found


@pytest.mark.parametrize("policy", ["create-update", "create-only", "sync"])
async def test_a_set_that_wants_what_another_one_keeps_deletes_nothing(engine: Engine, policy: str) -> None:
    keeping = {"applicationsSync": policy}
    before = below(ROOT, appset("shop", policy=keeping), appset("blog", name="more"))
    after = below(ROOT, appset(policy=keeping), appset("shop", name="more"))
    found = await lines(engine, before, after)
    if policy == "sync":
        assert "application-deleted more: Application argocd/blog" in found
    else:
        assert found == [f"stays all: {APPLICATION}", "stays more: Application argocd/blog"]
        assert "wants an Application that another one keeps" in await comment(engine, before, after)


@pytest.mark.parametrize(
    ("own", "controller", "verdict"),
    [
        ("create-only", {"policy": "sync"}, "application-deleted"),
        ("create-only", {"policy": "sync", "enable__policy__override": "true"}, "stays"),
        ("sync", {"policy": "create-update"}, "stays"),
        ("create-only", None, "unknown"),  # the ConfigMap is not in git
    ],
)
async def test_a_set_goes_by_what_its_controller_is_started_with(
    engine: Engine, own: str, controller: dict[str, str] | None, verdict: str
) -> None:
    policy = {"applicationsSync": own}
    started = by_map(**controller or {})[: None if controller is not None else 1]
    before, after = (below(ROOT, appset(*made, policy=policy), *started) for made in (("shop", "blog"), ("blog",)))
    assert await lines(engine, before, after) == sorted(
        [f"{verdict} all: {APPLICATION}", *([f"deleted shop: {CLAIM}"] if verdict.startswith("app") else [])]
    )


async def test_a_set_that_goes_takes_its_applications_whatever_its_policy(engine: Engine) -> None:
    for policy in (None, {"applicationsSync": "create-only"}):
        before = below(ROOT, appset("shop", policy=policy))
        found = await lines(engine, before, below(ROOT))
        assert "deleted root: ApplicationSet argocd/all" in found
        assert f"application-deleted all: {APPLICATION}" in found
        assert f"deleted shop: {CLAIM}" in found


async def test_a_set_that_is_called_otherwise_makes_everything_anew(engine: Engine) -> None:
    found = await lines(engine, below(ROOT, appset("shop")), below(ROOT, appset("shop", name="every")))
    assert f"application-deleted all: {APPLICATION}" in found
    assert f"deleted shop: {CLAIM}" in found


async def test_a_set_that_nobody_brings_may_live_on(engine: Engine) -> None:
    found = await lines(engine, sets(appset("shop"), appset("blog", name="b")), sets(appset("blog", name="b")))
    assert found == [f"unknown all: {APPLICATION}"]


@pytest.mark.parametrize("policy", ["create-only", "create-delete"])
async def test_a_set_that_updates_nothing_leaves_a_moved_application_where_it_is(engine: Engine, policy: str) -> None:
    old = appset("shop", policy={"applicationsSync": policy})
    new = appset("shop", policy={"applicationsSync": policy}, namespace="elsewhere")
    found = await lines(engine, sets(old), sets(new))
    assert found == [f"stays all: {APPLICATION}"]
    assert f"by-hand shop: {CLAIM}" in await lines(engine, sets(appset("shop")), sets(appset("shop", namespace="x")))


async def test_an_application_under_another_name_takes_over_and_races(engine: Engine) -> None:
    before, after = sets(appset("shop")), sets(appset("shop", template_name="prod-{{name}}"))
    assert await lines(engine, before, after) == [
        f"application-deleted all: {APPLICATION}",
        f"handed-over shop: {CLAIM}",
    ]
    said = await comment(engine, before, after)
    assert "kubectl annotate pvc data -n shop argocd.argoproj.io/sync-options=Delete=false" in said
    assert "Prune=false" not in said
