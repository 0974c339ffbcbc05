"""What may be touched: the overlay and what only it uses. Everything else is overridden or left, and that is said."""

from __future__ import annotations

from dataclasses import replace

import pytest

from checks.planning.bumps.bump import NoVersion, plan_bump
from gitops.versions.components import ARGO_CD
from gitops.versions.edits import CannotEdit
from tests.checks.planning.bumps.stage import NEW, NEW_DIGEST, OLD, OLD_DIGEST, STAGING, K, after, bump, diff
from tests.scenarios import Files, application, kustomization, manifest, tree

BASE = "argocd/base/kustomization.yaml"
OTHER = "argocd/overlays/production/kustomization.yaml"
PIN = f"images:\n- name: quay.io/argoproj/argocd\n  newTag: {OLD}\n"


# As `images` in the configuration says of mirrors.
MIRRORED = replace(ARGO_CD, images=(*ARGO_CD.images, "mirror.example/cd", "mirror.example/argocd"))


def server(image: str) -> str:
    return manifest("Deployment", "argocd-server", spec={"containers": [{"image": image}]})


def shared(overlay: str, base: str = PIN, **more: str) -> Files:
    return {BASE: kustomization("server.yaml") + base, "argocd/base/server.yaml": server("quay.io/argoproj/argocd"),
            OTHER: kustomization("../../base"), K: overlay, **more}  # fmt: skip


ADDED = ["+- name: quay.io/argoproj/argocd", f"+  newTag: {NEW}"]


@pytest.mark.parametrize(
    ("overlay", "expected"),
    [
        ("resources: [../../base]\n", ["+images:", *(f"+  {line[1:]}" for line in ADDED)]),
        ("resources: [../../base]\n# end\n", ["+images:", *(f"+  {line[1:]}" for line in ADDED)]),
        ("images:\n- name: redis\n  newTag: 7.0.0\nresources: [../../base]\n", ADDED),
        (
            "images:\n  - name: redis\n    newTag: 7.0.0 # c\nresources: [../../base]\n",
            [f"+  {x[1:]}" for x in ADDED],
        ),
        ("images:\nresources: [../../base]\n", ADDED),
        (
            "images: []\nresources: [../../base]\n",
            ["-images: []", f"+images: [{{name: quay.io/argoproj/argocd, newTag: {NEW}}}]"],
        ),
        (
            "images: [{name: a, newTag: b}] # c\nresources: [../../base]\n",
            [
                "-images: [{name: a, newTag: b}] # c",
                f"+images: [{{name: a, newTag: b}}, {{name: quay.io/argoproj/argocd, newTag: {NEW}}}] # c",
            ],
        ),
        (
            "images:\n- name: quay.io/argoproj/argocd\n  newName: mirror.example/cd # x\nresources: [../../base]\n",
            [f"+  newTag: {NEW}"],
        ),
        (
            "images:\n- {name: quay.io/argoproj/argocd, newName: mirror.example/argocd}\nresources: [../../base]\n",
            [
                "-- {name: quay.io/argoproj/argocd, newName: mirror.example/argocd}",
                f"+- {{name: quay.io/argoproj/argocd, newName: mirror.example/argocd, newTag: {NEW}}}",
            ],
        ),
    ],
)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_pin_in_a_shared_base_is_overridden_in_the_overlay(overlay: str, expected: list[str], end: str) -> None:
    files = shared(overlay.replace("\n", end))
    plan = bump(files, component=MIRRORED)
    carriage = end.removesuffix("\n")
    assert sorted(diff(files, plan)) == sorted(line + carriage for line in expected)
    assert [move.override for move in plan.moves] == [True]
    changed = after(files, plan)
    assert [path for path in changed.paths() if changed.read(path) != tree(files).read(path)] == [K]
    assert plan_bump(changed, STAGING, MIRRORED, NEW).edits == ()
    if end == "\r\n":
        assert changed.read(K).count(b"\n") == changed.read(K).count(b"\r\n")


@pytest.mark.parametrize(
    ("overlay", "expected"),
    [
        (
            "resources: [../../base]\n",
            "resources: [../../base]\nimages:\n  - name: argoproj/argocd\n    newTag: v3.3.1\n"
            "  - name: quay.io/argoproj/argocd\n    newTag: v3.3.1\n",
        ),
        (
            "resources: [../../base]\nimages: []\n",
            "resources: [../../base]\nimages: [{name: argoproj/argocd, newTag: v3.3.1}, "
            "{name: quay.io/argoproj/argocd, newTag: v3.3.1}]\n",
        ),
        (
            "images:\n- name: redis\n  newTag: 7.0.0\nresources: [../../base]\n",
            "images:\n- name: redis\n  newTag: 7.0.0\n- name: argoproj/argocd\n  newTag: v3.3.1\n"
            "- name: quay.io/argoproj/argocd\n  newTag: v3.3.1\nresources: [../../base]\n",
        ),
    ],
)
def test_two_images_of_a_shared_base_are_overridden_in_one_list(overlay: str, expected: str) -> None:
    both = (
        f"images:\n- {{name: argoproj/argocd, newTag: {OLD}}}\n- {{name: quay.io/argoproj/argocd, newTag: {OLD}}}\n"
    )
    files = shared(overlay, both)
    assert after(files, bump(files)).read(K).decode() == expected


def test_a_file_without_a_final_newline_stays_one() -> None:
    files = shared("resources: [../../base]")
    changed = after(files, bump(files)).read(K).decode()
    assert changed == f"resources: [../../base]\nimages:\n  - name: quay.io/argoproj/argocd\n    newTag: {NEW}"


def test_the_override_has_the_name_that_the_base_gives_the_image() -> None:
    base = f"images:\n- name: quay.io/argoproj/argocd\n  newName: mirror.example/argocd\n  newTag: {OLD}\n"
    files = shared(kustomization("../../base"), base)
    assert "+  - name: mirror.example/argocd" in diff(files, bump(files, component=MIRRORED))


def test_a_digest_in_the_base_needs_one_in_the_override() -> None:
    base = f"images:\n- name: quay.io/argoproj/argocd\n  newTag: {OLD}\n  digest: {OLD_DIGEST}\n"
    files = shared(kustomization("../../base"), base)
    assert f"+    digest: {NEW_DIGEST}" in diff(files, bump(files))
    without = bump(files, digest=None)
    assert without.blocked
    assert f"the digest of quay.io/argoproj/argocd:{NEW} is not known" in without.reported[0].message


def test_the_overlays_own_pin_moves_and_the_bases_needs_no_override() -> None:
    files = shared(kustomization("../../base") + PIN)
    plan = bump(files)
    assert diff(files, plan) == [f"-  newTag: {OLD}", f"+  newTag: {NEW}"]


def test_a_pin_in_a_component_of_the_overlay_counts_as_the_overlays() -> None:
    component = "argocd/components/version/kustomization.yaml"
    overlay = kustomization("../../base") + "components: [../../components/version]\n"
    files = shared(overlay, **{component: "kind: Component\n" + PIN})
    plan = bump(files)
    assert [(move.span.path, move.override) for move in plan.moves] == [(component, False)]


def test_a_base_that_only_the_overlay_uses_is_edited_where_it_stands() -> None:
    files = {k: v for k, v in shared(kustomization("../../base")).items() if k != OTHER}
    plan = bump(files)
    assert [(str(move.span), move.override) for move in plan.moves] == [(f"{BASE}:7", False)]


@pytest.mark.parametrize(
    "other",
    [
        {"apps.yaml": application("argocd", "argocd/base")},
        {"other/kustomization.yaml": "components: [../argocd/base]\n"},
        {"other/kustomization.yaml": "resources: [../m]\n", "m/kustomization.yaml": "bases: [../argocd/base]\n"},
        {
            "set.yaml": manifest(
                "ApplicationSet", "all", "argocd", "argoproj.io/v1alpha1",
                spec={
                    "generators": [{"git": {"repoURL": "https://x.example", "directories": [{"path": "argocd/*"}]}}],
                    "template": {"metadata": {"name": "{{path.basename}}"}, "spec": {"source": {
                        "repoURL": "https://x.example", "path": "{{path}}"}}},
                },
            )
        },
    ],
    ids=["an Application", "a kustomization", "through another", "an ApplicationSet"],
)  # fmt: skip
def test_who_else_uses_a_base(other: dict[str, str]) -> None:
    files = {k: v for k, v in shared(kustomization("../../base"), **other).items() if k != OTHER}
    assert [move.override for move in bump(files).moves] == [True]


def test_who_takes_in_the_overlay_itself_uses_nothing_else() -> None:
    cluster = {"clusters/staging-1/kustomization.yaml": kustomization("../../argocd/overlays/staging")}
    files = {k: v for k, v in shared(kustomization("../../base"), **cluster).items() if k != OTHER}
    assert [move.override for move in bump(files).moves] == [False]


def test_a_patch_file_that_production_takes_too_is_not_edited() -> None:
    patch = f"{STAGING}/patch.yaml"
    files: Files = {
        K: "patches: [{path: patch.yaml}]\n",
        patch: server(f"quay.io/argoproj/argocd:{OLD}"),
        OTHER: "patches: [{path: ../staging/patch.yaml}]\n",
    }
    plan = bump(files)
    assert [(move.span.path, move.override) for move in plan.moves] == [(K, True)]


def test_a_remote_base_in_a_shared_base_is_left_and_what_can_be_done_is_said() -> None:
    url = f"https://github.com/argoproj/argo-cd//manifests/ha?ref={OLD}"
    files: Files = {BASE: kustomization(url), OTHER: kustomization("../../base"), K: kustomization("../../base")}
    plan = bump(files)
    assert (plan.edits, plan.blocked) == ((), True)
    assert plan.reported[0].message == (
        f"{BASE}:4 stands in a file that {OTHER} uses too, so it stays at {OLD}; an `images` entry in {STAGING} "
        f"would run {NEW} with the CRDs and RBAC of {OLD}. List it in each overlay instead of in the base, then each "
        "moves by itself"
    )


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("images:\n- name: quay.io/argoproj/argocd\n  newTag: &v v3.2.2\ncommonLabels: {v: *v}\n", "does not edit"),
        ('images:\n- name: quay.io/argoproj/argocd\n  newTag: "v3\\x2e2.2"\n', "does not edit"),
        ("images:\n- name: quay.io/argoproj/argocd\n  newTag: >-\n    v3.2.2\n", "does not edit"),
        ("images:\r- name: quay.io/argoproj/argocd\r  newTag: v3.2.2\r", "does not edit"),
        ("patches:\n- patch: >-\n    {kind: A, spec: {image: 'argoproj/argocd:v3.2.2'}}\n", "does not edit"),
        (f"images:\n- {{name: quay.io/argoproj/argocd, newTag: v3.2.2, digest: '{OLD_DIGEST}'}}\n", ""),
    ],
)
def test_what_cannot_be_edited_byte_for_byte_leaves_all_pins_alone(text: str, words: str) -> None:
    files = {K: "resources: ['https://github.com/argoproj/argo-cd?ref=v3.2.2']\n" + text}
    if "\r-" in text:
        files = {K: text}
    plan = bump(files, digest=None)
    assert plan.blocked
    assert (plan.edits, plan.moves) == ((), ())
    assert words in plan.reported[0].message


def test_pins_that_do_not_agree_all_move_and_that_is_said() -> None:
    files = {K: "resources: ['https://github.com/argoproj/argo-cd?ref=v3.2.0']\n" + PIN}
    plan = bump(files)
    assert str(plan.current) == "3.2.0"
    assert len(plan.moves) == 2
    assert plan.notes == (f"The pins do not agree today: 3.2.0 in {K}:1, 3.2.2 in {K}:4",)


def test_spelling_without_v_stays_and_a_version_is_needed() -> None:
    files = {K: "images:\n- name: quay.io/argoproj/argocd\n  newTag: 3.2.2\n"}
    assert diff(files, bump(files)) == ["-  newTag: 3.2.2", "+  newTag: 3.3.1"]
    assert diff(files, bump(files, "3.3.1")) == ["-  newTag: 3.2.2", "+  newTag: 3.3.1"]
    with pytest.raises(NoVersion, match="latest is no version"):
        bump(files, "latest")


def test_a_pin_that_is_newer_stays_and_keeps_the_others_back() -> None:
    files = {K: "resources: ['https://github.com/argoproj/argo-cd?ref=v3.4.0']\n" + PIN}
    plan = bump(files)
    assert (plan.edits, plan.moves) == ((), ())
    assert [str(move.span) for move in plan.held] == [f"{K}:4"]
    (report,) = plan.reported
    assert report.message == f"{K}:1 pins v3.4.0 already, which is newer, and stays: argofix never goes back"


def test_a_comment_inside_the_last_list_stays_inside_it() -> None:
    text = "resources:\n  - ../../base\n  # - monitoring\n\n# the end\n"
    changed = after(shared(text), bump(shared(text))).read(K).decode()
    added = f"images:\n  - name: quay.io/argoproj/argocd\n    newTag: {NEW}\n"
    assert changed == text.replace("monitoring\n", f"monitoring\n{added}")


def test_an_edit_that_would_change_another_value_is_not_made() -> None:
    # Without a final newline the text is `a`; with more lines behind it, it would be `a` and a newline.
    files = shared("resources: [../../base]\nx: |\n  a")
    with pytest.raises(CannotEdit, match="cannot edit line by line"):
        bump(files)
