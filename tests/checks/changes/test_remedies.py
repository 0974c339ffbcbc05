"""What can be merged first: each remedy is followed to the letter, and does what it says."""

from __future__ import annotations

import json
import subprocess
import tempfile
from pathlib import Path

import pytest
import yaml

from checks.changes.firewall import firewall_of
from checks.changes.remedies import Remedy, remedies_of
from checks.policy.file import Policy
from gitops.applications.application import FINALIZER
from gitops.facts.deletions.model import Verdict
from gitops.files.spans import apply_edits, edits_by_path
from tests.checks.changes.stage import changes
from tests.checks.changes.test_accidents import CLAIM, ROOT, child, directories, git_set
from tests.gitops.facts.changes.stage import ANALYSIS, deployment, one_app
from tests.gitops.facts.deletions.stage import MAP, PVC, app, appset, obj
from tests.scenarios import Files


def remedies(before: Files, after: Files) -> list[Remedy]:
    found = changes(before, after)
    search = remedies_of(found, firewall_of(found, Policy()), ANALYSIS, Policy())
    try:
        next(search)
    except StopIteration as end:
        return list(end.value)
    raise AssertionError("plain directories need no renderer")


def with_edits(files: Files, remedy: Remedy, begun: Files | None = None) -> dict[str, str]:
    """The files with the edits made; those of a branch that began at `begun` as git merges them."""
    result = {path: text if isinstance(text, str) else text.decode() for path, text in files.items()}
    for path, edits in edits_by_path(remedy.edits).items():
        if begun is None:
            result[path] = apply_edits(result[path].encode(), edits).decode()
        elif path in result:
            before = begun[path]
            assert isinstance(before, str)
            result[path] = merged(result[path], before, apply_edits(before.encode(), edits).decode())
    return result


def merged(ours: str, before: str, theirs: str) -> str:
    """What git makes of two changes of one file."""
    with tempfile.TemporaryDirectory() as directory:
        paths = [Path(directory) / name for name in ("ours", "before", "theirs")]
        for path, text in zip(paths, (ours, before, theirs), strict=True):
            path.write_text(text)
        command = ["git", "merge-file", "-p", *map(str, paths)]
        ran = subprocess.run(command, check=True, capture_output=True, text=True)
    return ran.stdout


def block(text: str) -> str:
    """Written in lines, as people write it; ours are JSON."""
    return str(yaml.safe_dump(json.loads(text), sort_keys=False))


SET, DROPPED = block(appset("shop", "blog")), block(appset("blog"))
SHOP = {**ROOT, **directories("shop", "blog")}
DATA = block(PVC)

FOLLOWED = {
    "an element is dropped from a set": (
        {**SHOP, "argocd/set.yaml": SET},
        {**SHOP, "argocd/set.yaml": DROPPED},
        "Let ApplicationSet `all` keep what its Applications own",
        {"shop", "data"},
        0,
    ),
    "a set that says something about syncing already": (
        {**SHOP, "argocd/set.yaml": block(appset("shop", "blog", policy={"applicationsSync": "sync"}))},
        {**SHOP, "argocd/set.yaml": block(appset("blog", policy={"applicationsSync": "sync"}))},
        "Let ApplicationSet `all` keep what its Applications own",
        {"shop", "data"},
        0,
    ),
    "a set whose template says that what it makes is deleted as a whole": (
        {**SHOP, "argocd/set.yaml": block(appset("shop", "blog", finalizers=[f"{FINALIZER}/background"]))},
        {**SHOP, "argocd/set.yaml": block(appset("blog", finalizers=[f"{FINALIZER}/background"]))},
        "Let ApplicationSet `all` keep what its Applications own",
        {"shop", "data"},
        0,
    ),
    "a set goes": (
        {**SHOP, "argocd/set.yaml": SET, "argocd/m.yaml": MAP},
        {**SHOP, "argocd/m.yaml": MAP},
        "Let ApplicationSet `all` keep what its Applications own",
        {"shop", "blog", "data"},
        0,
    ),
    "a claim is pruned": (
        one_app(DATA),
        one_app(),
        "Let Argo CD leave in place what carries data (`Prune=false,Delete=false`)",
        {"data"},
        0,
    ),
    "a claim goes with its application": (
        {**child(app("x", cascades=True), MAP), "apps/x/0.yaml": DATA},
        {**child(), "argocd/1.yaml": MAP, "apps/x/0.yaml": DATA},
        "Let Argo CD leave in place what carries data (`Prune=false,Delete=false`)",
        {"data"},
        1,
    ),
    "a claim changes hands": (
        {**one_app(DATA, name="one", namespace="x"), **one_app(name="two", namespace="x")},
        {**one_app(name="one", namespace="x"), **one_app(DATA, name="two", namespace="x")},
        "Let Argo CD leave in place what carries data (`Prune=false,Delete=false`)",
        {"data"},
        0,
    ),
}


@pytest.mark.parametrize(("before", "after", "title", "settles", "left"), FOLLOWED.values(), ids=list(FOLLOWED))
def test_a_remedy_followed_to_the_letter(
    before: Files, after: Files, title: str, settles: set[str], left: int
) -> None:
    remedy = next(one for one in remedies(before, after) if one.title == title)
    assert {one.resource.name for one in remedy.settles} == settles
    assert remedy.left == left
    first = with_edits(before, remedy)
    assert [one for one in changes(before, first).told if one.deletes] == []
    second = changes(first, with_edits(after, remedy, before))
    held = firewall_of(second, Policy()).held
    assert len(held) == left
    assert not {one.resource.name for one in held} & settles
    gone = {one.resource.name for one in second.told if one.verdict.value == "deleted"}
    assert "data" not in gone


ASKS = "Let Argo CD ask before it deletes what carries data (`Prune=confirm,Delete=confirm`)"


def installation(version: str) -> dict[str, str]:
    """An Argo CD that the repository deploys."""
    container = {"name": "server", "image": f"quay.io/argoproj/argocd:{version}", "args": ["argocd-server"]}
    labels = {"app.kubernetes.io/part-of": "argocd", "app.kubernetes.io/name": "argocd-server"}
    server = deployment("argocd-server", labels=labels, containers=[container])
    return {"argocd/own.yaml": app("argo-cd", "argo-cd", namespace="argocd"), "argo-cd/server.yaml": server}


def test_what_is_meant_to_go_can_wait_for_a_person() -> None:
    remedy = next(one for one in remedies(one_app(DATA), one_app()) if one.title == ASKS)
    second = changes(with_edits(one_app(DATA), remedy), one_app())
    (claim,) = [one for one in second.told if one.resource.name == "data"]
    assert claim.verdict is Verdict.BY_HAND
    assert "Argo CD before 2.14 does not know the word" in remedy.steps[1]
    assert "confirm it in Argo CD" in remedy.steps[-1]


def test_an_argo_cd_that_does_not_know_the_word_is_not_told_to_ask() -> None:
    offered = {
        version: [one for one in remedies(one_app(DATA) | with_, one_app() | with_) if one.title == ASKS]
        for version in ("v2.13.4", "v3.2.0")
        for with_ in (installation(version),)
    }
    assert not offered["v2.13.4"]
    (remedy,) = offered["v3.2.0"]
    assert "does not know" not in " ".join(remedy.steps)


def test_what_says_that_it_stays_is_not_made_to_ask() -> None:
    """Of `Prune=false` and `Prune=confirm` the first one keeps more."""
    kept = block(obj("PersistentVolumeClaim", "data", options="Prune=false"))
    before = {**child(app("x", cascades=True), MAP), "apps/x/0.yaml": kept}
    after = {**child(), "argocd/1.yaml": MAP, "apps/x/0.yaml": kept}
    remedy = next(one for one in remedies(before, after) if one.title == ASKS)
    assert "Prune=false,Delete=confirm" in with_edits(before, remedy)["apps/x/0.yaml"]


def test_what_changes_hands_is_not_asked_about() -> None:
    """Once another Application has taken it over nothing asks any more."""
    before = {**one_app(DATA, name="one", namespace="x"), **one_app(name="two", namespace="x")}
    after = {**one_app(name="one", namespace="x"), **one_app(DATA, name="two", namespace="x")}
    assert ASKS not in {one.title for one in remedies(before, after)}


def test_a_set_that_never_updates_its_applications_is_no_place_for_a_remedy() -> None:
    """Their finalizers would stay."""
    policy = {"applicationsSync": "create-delete"}
    before = {**SHOP, "argocd/set.yaml": block(appset("shop", "blog", policy=policy))}
    after = {**SHOP, "argocd/set.yaml": block(appset("blog", policy=policy))}
    assert not [one for one in remedies(before, after) if "ApplicationSet" in one.title]


def test_a_finalizer_from_elsewhere_than_the_template_wins() -> None:
    def listed(*names: str) -> str:
        own = {"metadata": {"finalizers": [FINALIZER]}}
        made = {"list": {"elements": [{"name": name} for name in names], "template": own}}
        return block(appset(generators=[made]))

    before = {**SHOP, "argocd/set.yaml": listed("shop", "blog")}
    after = {**SHOP, "argocd/set.yaml": listed("blog")}
    assert any(one.verdict is Verdict.APPLICATION_DELETED for one in changes(before, after).told)
    assert not [one for one in remedies(before, after) if "ApplicationSet" in one.title]


def test_finalizers_of_others_stay_in_the_template() -> None:
    kept = "post-delete-finalizer.argocd.argoproj.io"
    sides = [
        {**SHOP, "argocd/set.yaml": block(appset(*names, finalizers=[FINALIZER, kept]))}
        for names in (("shop", "blog"), ("blog",))
    ]
    remedy = next(one for one in remedies(*sides) if "ApplicationSet" in one.title)
    made = yaml.safe_load(with_edits(sides[0], remedy)["argocd/set.yaml"])
    assert made["spec"]["template"]["metadata"]["finalizers"] == [kept]


def test_what_cannot_be_edited_line_by_line_has_no_remedy() -> None:
    assert remedies(one_app(PVC), one_app()) == []


def test_a_directory_that_is_renamed_keeps_its_data() -> None:
    before = {**ROOT, "argocd/set.yaml": block(git_set()), **directories("shop", claim=DATA)}
    after = {**ROOT, "argocd/set.yaml": block(git_set()), **directories("store", claim=DATA)}
    found = remedies(before, after)
    assert found[0].title == "Let ApplicationSet `all` keep what its Applications own"
    assert found[0].left == 0
    second = changes(with_edits(before, found[0]), with_edits(after, found[0], before))
    assert firewall_of(second, Policy()).held == ()
    told = {f"{one.verdict.value} {one.resource.kind}" for one in second.told}
    assert f"handed-over {CLAIM}" in told
