"""Images that are not upstream's get no tag that nobody has seen where they come from."""

from __future__ import annotations

from dataclasses import replace

import pytest

from checks.planning.bumps.bump import NoVersion
from checks.policy.file import parse_policy
from gitops.versions.components import ARGO_CD
from gitops.versions.pins.model import parse_version, split_build
from tests.checks.planning.bumps.stage import OLD, STAGING, K, after, bump, diff
from tests.scenarios import Files, kustomization, manifest

BASE = f"resources: ['https://github.com/argoproj/argo-cd//manifests/ha?ref={OLD}']\n"
TO = "v3.3.0"


def renamed(name: str, tag: str = "", more: str = "") -> Files:
    entry = f"images:\n- name: quay.io/argoproj/argocd\n  newName: {name}\n"
    return {K: BASE + entry + (f"  newTag: {tag}\n" if tag else "") + more}


@pytest.mark.parametrize(
    "tag", ["v3.2.0-2", "3.2.0.1", "v3.2.0-custom.1", "v3.2.0_hotfix", "v3.2.0-fips", "v3.2.0-acme-5", "3.2.0.dev7"]
)
@pytest.mark.parametrize("name", ["ghcr.io/acme/argocd", "quay.io/acme/argocd", "quay.io/argoproj/argocd"])
def test_a_build_of_ones_own_is_left_and_moves_when_it_is_asked_for_by_name(name: str, tag: str) -> None:
    files = renamed(name, tag)
    plan = bump(files, TO)
    assert plan.edits == ()
    (report,) = plan.reported
    behind = split_build(tag)[1]
    assert report.message.startswith(f"{K}:5 pins {tag}, a build of your own of {tag.removesuffix(behind)}")
    # As the report advises: then it is known what is there.
    assert f"`--to {TO}{behind}`" in report.message
    asked = bump(files, f"{TO}{behind}")
    assert asked.reported == ()
    new = f"{TO}{behind}" if tag.startswith("v") else f"{TO}{behind}".removeprefix("v")
    expected = str(files[K]).replace(f"newTag: {tag}", f"newTag: {new}").replace(f"ref={OLD}", f"ref={TO}")
    assert after(files, asked).read(K).decode() == expected
    assert bump({K: expected}, f"{TO}{behind}").edits == ()


def test_a_build_that_nothing_pins_is_no_version() -> None:
    with pytest.raises(NoVersion, match=r"v3\.3\.0-2 is no version of argo-cd, and nothing in .* pins a build"):
        bump({K: BASE}, "v3.3.0-2")


@pytest.mark.parametrize("tag", [OLD, "", "3.2.2"], ids=["a tag", "only a name", "a tag without v"])
@pytest.mark.parametrize(
    "name", ["registry.example/mirror/argocd", "quay.io/acme/argocd", "registry.example:5000/argoproj/argocd"]
)
def test_a_name_that_upstream_does_not_publish_is_left_until_the_configuration_lists_it(name: str, tag: str) -> None:
    files = renamed(name, tag)
    plan = bump(files, TO)
    assert plan.edits == ()
    spelled = TO.removeprefix("v") if tag == "3.2.2" else TO
    (report,) = plan.reported
    assert report.message.startswith(
        f"{K}:{5 if tag else 4} runs {name}, and whether {spelled} is there nobody has seen"
    )
    # The configuration that it advises, to the letter.
    advised = report.message.partition("list it in .github/argofix.yaml: `")[2].removesuffix("`")
    policy = parse_policy(advised.encode())
    assert policy.problems == ()
    component = policy.versions["argo-cd"].component
    again = bump(files, TO, component=component)
    assert again.reported == ()
    assert f"+resources: ['https://github.com/argoproj/argo-cd//manifests/ha?ref={TO}']" in diff(files, again)


def test_a_tag_that_another_kustomization_uses_has_been_seen() -> None:
    files = renamed("registry.example/mirror/argocd", OLD)
    other = f"images:\n- {{name: quay.io/argoproj/argocd, newName: registry.example/mirror/argocd, newTag: {TO}}}\n"
    seen = bump({**files, "argocd/overlays/next/kustomization.yaml": other}, TO)
    assert (seen.reported, len(seen.moves)) == ((), 2)
    elsewhere = other.replace("mirror", "other")
    assert bump({**files, "argocd/overlays/next/kustomization.yaml": elsewhere}, TO).edits == ()


@pytest.mark.parametrize(
    "image",
    [
        "registry.example/argoproj/argocd:v3.2.2",
        "quay.io:443/argoproj/argocd:v3.2.2",
        "quay.io/acme/argocd:v3.2.2",
        "acme/argocd:v3.2.2",
    ],
)
def test_an_image_that_is_called_alike_is_a_pin(image: str) -> None:
    patch = manifest("Deployment", "argocd-server", spec={"containers": [{"name": "server", "image": image}]})
    plan = bump({K: BASE + "patches: [{path: patch.yaml}]\n", f"{STAGING}/patch.yaml": patch}, TO)
    assert plan.edits == ()
    assert f"{STAGING}/patch.yaml:1 runs {image.removesuffix(':v3.2.2')}, and whether" in plan.reported[0].message


def test_a_suffix_is_a_build_of_ones_own() -> None:
    plan = bump({K: BASE + "images:\n- name: quay.io/argoproj/argocd\n  tagSuffix: -fips\n"}, TO)
    assert plan.edits == ()
    assert plan.reported[0].message.startswith(f"{K}:4 follows `-fips`, which is no version")


def test_what_is_overridden_by_an_entry_of_upstreams_name_may_be_called_anything() -> None:
    files: Files = {
        K: kustomization("server.yaml", extra=f"images: [{{name: cd, newName: argoproj/argocd, newTag: {OLD}}}]\n"),
        f"{STAGING}/server.yaml": manifest("Pod", "a", spec={"containers": [{"image": "cd:dev"}]}),
    }
    assert [move.new for move in bump(files, TO).moves] == [TO]


@pytest.mark.parametrize("tag", ["v3.3.0", "3.3.0", "v3.3.0-rc1", "v3.3.0-rc.1", "1.2.3-alpha2", "1.2.3-beta"])
def test_what_upstream_publishes(tag: str) -> None:
    assert parse_version(tag) is not None
    assert split_build(tag) == (tag, "")


@pytest.mark.parametrize(
    "tag", ["v3.3.0-alpine", "v3.3.0-2", "v3.3.0.1", "v3.3.0-rc1-acme", "v3", "latest", "", "v3.3"]
)
def test_what_upstream_never_publishes(tag: str) -> None:
    assert parse_version(tag) is None


def test_the_digest_of_a_build_is_not_upstreams() -> None:
    files = renamed("ghcr.io/acme/argocd", f"v3.2.0-2\n  digest: sha256:{'3' * 64}")
    plan = bump(files, f"{TO}-2")
    assert plan.edits == ()
    assert "pins a digest, and the digest of ghcr.io/acme/argocd:v3.3.0-2 is not known" in plan.reported[0].message
    mirrored = replace(ARGO_CD, images=(*ARGO_CD.images, "ghcr.io/acme/argocd"))
    assert bump(files, f"{TO}-2", component=mirrored).edits == ()


@pytest.mark.parametrize(
    "url",
    [
        "https://github.com/acme/argo-cd//manifests/ha?ref=X",
        "git@git.acme.example:mirrors/argo-cd.git//manifests?ref=X",
        "https://raw.githubusercontent.com/acme/argo-cd/X/manifests/install.yaml",
    ],
)
def test_a_fork_of_the_manifests_keeps_the_image_back_until_it_is_there(url: str) -> None:
    images = f"images: [{{name: quay.io/argoproj/argocd, newTag: {OLD}}}]\n"
    plan = bump({K: f"resources: ['{url.replace('X', OLD)}']\n{images}"}, TO)
    assert plan.edits == ()
    assert plan.reported[0].message.startswith(f"{K}:1 loads {url.partition('?')[0].replace('X', OLD)}, a copy of")
    # As advised: once the fork has it.
    renewed = bump({K: f"resources: ['{url.replace('X', TO)}']\n{images}"}, TO)
    assert (renewed.reported, [move.new for move in renewed.moves]) == ((), [TO])


@pytest.mark.parametrize("url", ["https://github.com/acme/argo-cd-x//x?ref=v1.0.0", "../argo-cd", "./argo-cd/base"])
def test_what_is_no_fork(url: str) -> None:
    images = f"images: [{{name: quay.io/argoproj/argocd, newTag: {OLD}}}]\n"
    assert [move.new for move in bump({K: f"resources: ['{url}']\n{images}"}, TO).moves] == [TO]


@pytest.mark.parametrize(
    "spec",
    [
        f"{{version: {OLD}}}",
        f"{{image: quay.io/argoproj/argocd, version: {OLD}, server: {{x: 1}}}}",
        f"{{repo: {{image: quay.io/argoproj/argocd, version: {OLD}}}, redis: {{image: redis, version: 7.0.0}}}}",
    ],
)
def test_the_resource_of_the_operator(spec: str) -> None:
    text = f"apiVersion: argoproj.io/v1beta1\nkind: ArgoCD\nmetadata: {{name: a}}\nspec: {spec}\n"
    files: Files = {K: kustomization("argocd.yaml"), f"{STAGING}/argocd.yaml": text}
    plan = bump(files, TO)
    assert plan.reported == ()
    assert after(files, plan).read(f"{STAGING}/argocd.yaml").decode() == text.replace(OLD, TO)


@pytest.mark.parametrize("image", ["quay.io/argoproj/argocd:X", "argocd=quay.io/argoproj/argocd:X"])
def test_images_that_an_application_gives_kustomize(image: str) -> None:
    text = (
        "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: a}\nspec:\n  source:\n"
        "    {repoURL: 'https://x.example/y', path: argocd/base, kustomize: {images: ['" + image + "']}}\n"
    )
    files: Files = {K: kustomization("app.yaml"), f"{STAGING}/app.yaml": text.replace("X", OLD)}
    plan = bump(files, TO)
    assert plan.reported == ()
    assert after(files, plan).read(f"{STAGING}/app.yaml").decode() == text.replace("X", TO)
