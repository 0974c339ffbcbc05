"""What hooks delete, what a prune lets go of, and what confirms a deletion beforehand: by table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from gitops.facts.deletions.compare import consequences
from tests.gitops.facts.deletions.stage import FINALIZER, MAP, app, appset, line, obj
from tests.gitops.facts.deletions.test_simulated import snapshot_of
from tests.scenarios import Files

CLAIM = "PersistentVolumeClaim"
HOOK = "argocd.argoproj.io/hook"
AUTOMATED: Mapping[str, Any] = {"automated": {}}
PRUNES: Mapping[str, Any] = {"automated": {"prune": True}}


def hook(phase: str, policy: str = "", **more: str) -> str:
    said = {HOOK: phase} | ({f"{HOOK}-delete-policy": policy} if policy else {})
    return obj(CLAIM, "data", metadata={"annotations": said | more})


def helm(phase: str, policy: str = "") -> str:
    said = {"helm.sh/hook": phase} | ({"helm.sh/hook-delete-policy": policy} if policy else {})
    return obj(CLAIM, "data", metadata={"annotations": said})


def of(
    *manifests: str, sync: Mapping[str, Any] | None = AUTOMATED, cascades: bool = False, declared: bool = True
) -> Files:
    files = {f"apps/a/{number}.yaml": text for number, text in enumerate((MAP, *manifests))}
    root = {"root.yaml": app("root", "argocd", namespace="argocd"), "argocd/there.yaml": MAP}
    return {**root, **files} | ({"argocd/a.yaml": app("a", sync=sync, cascades=cascades)} if declared else {})


def told(before: Files, after: Files) -> list[str]:
    found = consequences(snapshot_of(before), snapshot_of(after), lambda _: "", lambda _: "").all
    return sorted(f"{line(one)} ({one.why.name})" for one in found if one.id.id.kind != "ConfigMap")


PLAIN = obj(CLAIM, "data")
GUARDED = obj(CLAIM, "data", options="Prune=false,Delete=false")
AGAIN, DONE = f"deleted a: {CLAIM} a/data (HOOK_RECREATED)", f"deleted a: {CLAIM} a/data (HOOK_DONE)"


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (PLAIN, hook("PreSync"), AGAIN),
        (GUARDED, hook("PostSync"), AGAIN),  # a sync option says nothing to a hook
        (PLAIN, hook("PreSync,Sync", "BeforeHookCreation"), AGAIN),
        (PLAIN, hook("Sync", "HookSucceeded"), DONE),
        (PLAIN, hook("Sync", "HookFailed, HookSucceeded"), DONE),
        (PLAIN, helm("pre-install,pre-upgrade"), AGAIN),
        (PLAIN, helm("post-install", "hook-succeeded"), DONE),
        (hook("PreSync", "HookFailed"), hook("PreSync"), AGAIN),
        (hook("PreSync", "HookFailed"), hook("PreSync", "HookSucceeded"), DONE),
        # It is deleted by each run already.
        (hook("PreSync"), hook("PreSync", "HookSucceeded"), ""),
        # What is left of it stays; a phase that Argo CD does not know is none.
        (PLAIN, hook("PreSync", "HookFailed"), f"by-hand a: {CLAIM} a/data (BY_HAND)"),
        (PLAIN, hook("PostDelete"), f"by-hand a: {CLAIM} a/data (BY_HAND)"),
        (PLAIN, hook("SyncFail"), f"by-hand a: {CLAIM} a/data (BY_HAND)"),
        (PLAIN, helm("test"), f"by-hand a: {CLAIM} a/data (BY_HAND)"),
        (PLAIN, helm("crd-install"), ""),
        (hook("PreSync", "HookFailed"), PLAIN, ""),
        (hook("PreSync", "HookFailed"), MAP, ""),
    ],
)
def test_a_hook_deletes_what_is_there_by_its_name(before: str, after: str, said: str) -> None:
    assert told(of(before), of(after)) == ([said] if said else [])


def test_a_hook_deletes_what_another_application_had() -> None:
    other = {"argocd/b.yaml": app("b", "apps/b", namespace="a", sync=AUTOMATED), "apps/b/map.yaml": MAP}
    before, after = {**of(PLAIN), **other}, {**of(), **other, "apps/b/data.yaml": hook("PreSync")}
    assert told(before, after) == [AGAIN]


def test_a_hook_deletes_a_definition_too() -> None:
    named = {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "name": "ws.example.com"}
    texts = [
        obj(named["kind"], named["name"], named["apiVersion"], metadata={"annotations": said} if said else {})
        for said in ({}, {HOOK: "PreSync"})
    ]
    assert told(of(texts[0]), of(texts[1])) == ["deleted a: CustomResourceDefinition ws.example.com (HOOK_RECREATED)"]


def test_a_hook_waits_for_whoever_syncs_by_hand() -> None:
    found = told(of(PLAIN, sync=None), of(hook("PreSync"), sync=None))
    assert found == [f"by-hand a: {CLAIM} a/data (HOOK_RECREATED)"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (hook("PreSync"), "deleted a: PersistentVolumeClaim a/data (CASCADE)"),
        (hook("PreSync", "HookFailed"), "deleted a: PersistentVolumeClaim a/data (CASCADE)"),
        (hook("PreSync", "HookSucceeded"), ""),  # nothing of it is there
        (hook("PostDelete"), ""),
        (helm("test"), ""),
        (
            hook("Sync", **{"argocd.argoproj.io/sync-options": "Delete=false"}),
            "stays a: PersistentVolumeClaim a/data (DELETE_FALSE)",
        ),
    ],
)
def test_what_a_hook_has_left_goes_with_its_application(text: str, said: str) -> None:
    found = told(of(text, cascades=True), of(text, declared=False))
    assert [one for one in found if CLAIM in one] == ([said] if said else [])


def of_set(declared: bool, *options: str, policy: str = "", kept: bool = False) -> Files:
    sync = {**PRUNES, "syncOptions": list(options)}
    root = {"root.yaml": app("root", "argocd", namespace="argocd", sync=sync), "argocd/there.yaml": MAP}
    made = appset("a", policy={"applicationsSync": policy} if policy else None, kept=kept)
    return {**root, "apps/a/0.yaml": PLAIN} | ({"argocd/set.yaml": made} if declared else {})


@pytest.mark.parametrize(
    ("options", "policy", "kept", "lives"),
    [
        ((), "", False, False),
        (("PrunePropagationPolicy=orphan",), "", False, True),
        (("PrunePropagationPolicy=background",), "", False, False),
        (("PrunePropagationPolicy=orphan", "PrunePropagationPolicy=background"), "", False, False),
        # It takes its owner references back, if it is held until then.
        (("PrunePropagationPolicy=background",), "create-only", True, True),
        (("PrunePropagationPolicy=background",), "create-update", True, True),
        (("PrunePropagationPolicy=background",), "create-delete", True, False),
        (("PrunePropagationPolicy=background",), "create-only", False, False),
        ((), "create-only", True, False),  # the garbage collector does not wait
    ],
)
def test_how_a_set_is_pruned_decides_about_its_applications(
    options: tuple[str, ...], policy: str, kept: bool, lives: bool
) -> None:
    before, after = (of_set(declared, *options, policy=policy, kept=kept) for declared in (True, False))
    found = told(before, after)
    said = "stays all: Application argocd/a (SET_ORPHANS)"
    assert (said in found) is lives
    assert (f"deleted a: {CLAIM} a/data (CASCADE)" in found) is not lives


@pytest.mark.parametrize(
    ("before", "after"), [((), ("PrunePropagationPolicy=orphan",)), (("PrunePropagationPolicy=orphan",), ())]
)
def test_either_policy_may_be_in_force(before: tuple[str, ...], after: tuple[str, ...]) -> None:
    assert f"deleted a: {CLAIM} a/data (CASCADE)" in told(of_set(True, *before), of_set(False, *after))


def test_an_application_that_lives_on_without_being_declared_may_gain_a_hook() -> None:
    root = app("root", "argocd", namespace="argocd", sync={**PRUNES, "syncOptions": ["Prune=false"]})
    before = {**of(PLAIN), "root.yaml": root}
    after = {path: text for path, text in before.items() if path != "argocd/a.yaml"}
    said = "unknown: Application argocd/a (FILES_CHANGED)"
    assert said in told(before, {**after, "apps/a/1.yaml": hook("PreSync")})
    assert said not in told(before, {**after, "apps/a/1.yaml": MAP})  # it does not prune


def emptied(name: str, **spec: Any) -> str:
    """An Application of which everything may be pruned."""
    return app(name, sync={"automated": {"prune": True, "allowEmpty": True}}, **spec)


def test_nothing_is_synced_by_itself_where_all_that_is_there_would_go() -> None:
    before = {path: text for path, text in of(PLAIN, sync=PRUNES).items() if path != "apps/a/0.yaml"}
    after = {**before, "apps/a/1.yaml": hook("PreSync")}
    assert told(before, after) == [f"by-hand a: {CLAIM} a/data (HOOK_RECREATED)"]
    assert told(before, {**after, "argocd/a.yaml": emptied("a")}) == [AGAIN]


def test_what_an_application_is_from_now_on_is_in_force_as_a_whole() -> None:
    """Its new policy does not come with its former cluster or project."""
    before = {path: text for path, text in of(PLAIN, sync=PRUNES).items() if path != "apps/a/0.yaml"}
    rules = {"destinations": [{"server": "*", "namespace": "*"}], "sourceRepos": ["*"]}
    rules |= {"namespaceResourceBlacklist": [{"group": "*", "kind": CLAIM}]}
    project = obj("AppProject", "none", "argoproj.io/v1alpha1", metadata={"namespace": "argocd"}, spec=rules)
    before = {**before, "apps/a/README": "", "argocd/project.yaml": project}
    after = {path: text for path, text in before.items() if path != "apps/a/1.yaml"}
    waits = [f"by-hand a: {CLAIM} a/data (WIPES_OUT)"]
    assert told(before, {**after, "argocd/a.yaml": emptied("a")}) == [f"deleted a: {CLAIM} a/data (PRUNED)"]
    assert told(before, {**after, "argocd/a.yaml": emptied("a", server="https://other.example.org")}) == waits
    assert told(before, {**after, "argocd/a.yaml": emptied("a", project="none")}) == waits


@pytest.mark.parametrize(
    ("finalizer", "goes"),
    [(FINALIZER, True), (f"{FINALIZER}/background", True), (f"{FINALIZER}/orphan", False), ("x.example.com", False)],
)
def test_argo_cd_knows_three_finalizers(finalizer: str, goes: bool) -> None:
    named = app("a", sync=AUTOMATED, cascades=True).replace(FINALIZER, finalizer)
    before = {**of(PLAIN), "argocd/a.yaml": named}
    found = told(before, of(PLAIN, declared=False))
    assert (f"deleted a: {CLAIM} a/data (CASCADE)" in found) is goes


@pytest.mark.parametrize(("approved", "goes"), [("", False), ("yes", False), ("2126-01-01T00:00:00Z", True)])
def test_a_confirmation_may_be_given_beforehand(approved: str, goes: bool) -> None:
    text = obj(CLAIM, "data", options="Prune=confirm")
    before = {**of(text), "argocd/a.yaml": app("a", sync=PRUNES, cascades=True)}
    after = {**of(), "argocd/a.yaml": app("a", sync=PRUNES, cascades=True, approved=approved)}
    assert (f"deleted a: {CLAIM} a/data (PRUNED)" in told(before, after)) is goes
    gone = {path: text for path, text in before.items() if path != "argocd/a.yaml"}
    early = {**before, "argocd/a.yaml": app("a", sync=PRUNES, cascades=True, approved=approved)}
    assert (f"deleted a: {CLAIM} a/data (CASCADE)" in told(early, gone)) is goes


def test_of_two_contrary_options_the_one_that_protects_less_counts() -> None:
    sync = {**PRUNES, "syncOptions": ["Prune=false", "Prune=true", "Prune=confirm"]}
    assert told(of(PLAIN, sync=sync), of(sync=sync)) == [f"deleted a: {CLAIM} a/data (PRUNED)"]
