"""Pins in manifests, patches and Applications, and copies of upstream's manifests."""

from __future__ import annotations

import pytest

from gitops.versions.components import Chart, Component
from gitops.versions.find import ChartIndex
from gitops.versions.pins.model import Style
from tests.checks.planning.bumps.stage import NEW, NEW_DIGEST, OLD, OLD_DIGEST, STAGING, K, after, bump
from tests.scenarios import Files, documents, kustomization, manifest

HELM = "https://argoproj.github.io/argo-helm"
CHARTS: ChartIndex = {Chart(HELM, "argo-cd"): {"9.1.0": OLD, "9.2.0": NEW, "9.2.1": NEW, "9.3.0": "v3.4.0"}}

# (style, name of the file beside the kustomization, its text with X for the version and Y for the digest)
IN_FILES = [
    (
        Style.IMAGE,
        "server.yaml",
        "# not the version: 1\nkind: Deployment\nspec:\n  containers:\n  - image: quay.io/argoproj/argocd:X # here\n",
    ),
    (Style.IMAGE, "server.yaml", "kind: Deployment\nspec: {containers: [{image: 'quay.io/argoproj/argocd:X@Y'}]}\n"),
    (
        Style.IMAGE,
        "job.yaml",
        "kind: Job\nspec:\n  containers:\n  - env:\n    - {name: IMAGE, value: quay.io/argoproj/argocd:X}\n",
    ),
    (
        Style.CHART,
        "app.yaml",
        "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: argocd}\nspec:\n  source:\n"
        f"    repoURL: {HELM} # charts\n    chart: argo-cd\n    targetRevision: C # pinned\n",
    ),
    (
        Style.CHART,
        "set.yaml",
        "apiVersion: argoproj.io/v1alpha1\nkind: ApplicationSet\nspec:\n  template:\n    spec:\n      sources:\n"
        f"      - {{repoURL: '{HELM}/', chart: argo-cd, targetRevision: C}}\n      - repoURL: https://x.example/y\n"
        "        targetRevision: main\n",
    ),
    (
        Style.GIT_REVISION,
        "app.yaml",
        "apiVersion: argoproj.io/v1alpha1\nkind: Application\nspec:\n  source:\n"
        "    repoURL: https://github.com/argoproj/argo-cd.git\n    path: manifests/ha\n"
        "    targetRevision: refs/tags/X # tag\n",
    ),
]


@pytest.mark.parametrize("end", ["\n", "\r\n"], ids=["LF", "CRLF"])
@pytest.mark.parametrize(("style", "name", "text"), IN_FILES)
def test_the_diff_is_exactly_the_version(style: Style, name: str, text: str, end: str) -> None:
    written = text.replace("\n", end)
    before = written.replace(": C", ": 9.1.0").replace("X", OLD).replace("Y", OLD_DIGEST)
    files = {K: kustomization(name), f"{STAGING}/{name}": before}
    plan = bump(files, charts=CHARTS)
    assert not plan.reported
    assert [pin.style for pin in plan.pins.pins] == [style]
    assert str(plan.current) == OLD.removeprefix("v")
    expected = written.replace(": C", ": 9.2.1").replace("X", NEW).replace("Y", NEW_DIGEST)
    changed = after(files, plan)
    assert changed.read(f"{STAGING}/{name}").decode() == expected
    assert changed.read(K) == kustomization(name).encode()
    assert bump({**files, f"{STAGING}/{name}": expected}, charts=CHARTS).edits == ()


APPLICATION = (
    f"apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {{name: argocd}}\n"
    f"spec: {{source: {{repoURL: '{HELM}', chart: argo-cd, targetRevision: 9.0.0}}}}\n"
)


@pytest.mark.parametrize(
    "patch",
    [
        "patches:\n- patch: |-\n    apiVersion: argoproj.io/v1alpha1\n    kind: Application\n    metadata:\n"
        "      name: argocd\n    spec:\n      source:\n        targetRevision: C # staging\n",
        "patches:\n- target: {kind: Application, name: argocd}\n  patch: |\n    - op: replace\n"
        "      path: /spec/source/targetRevision\n      value: C\n",
    ],
    ids=["strategic merge", "JSON 6902"],
)
def test_a_patch_of_an_application_says_which_chart_by_its_target(patch: str) -> None:
    head = kustomization("../../base")
    files = {
        "argocd/base/kustomization.yaml": kustomization("app.yaml"),
        "argocd/base/app.yaml": APPLICATION,
        "argocd/overlays/production/kustomization.yaml": kustomization("../../base"),
        K: head + patch.replace("C", "9.1.0"),
    }
    plan = bump(files, charts=CHARTS)
    assert after(files, plan).read(K).decode() == head + patch.replace("C", "9.2.1")
    assert plan.reported == ()  # what the patch overrides in the base decides nothing
    unpatched = bump({**files, K: head}, charts=CHARTS)
    (report,) = unpatched.reported
    assert report.message == (
        "argocd/base/app.yaml:4 stands in a file that argocd/overlays/production/kustomization.yaml uses too, so it "
        "stays at 9.0.0; override it with a patch in argocd/overlays/staging"
    )


def test_a_chart_that_is_not_known_is_not_guessed() -> None:
    files = {K: kustomization("app.yaml"), f"{STAGING}/app.yaml": APPLICATION}
    plan = bump(files)
    assert plan.edits == ()
    assert plan.blocked
    assert "which version of the chart installs v3.3.1 is not known here" in plan.reported[0].message
    assert bump(files, charts={Chart(HELM, "argo-cd"): {"9.2.0": "v3.3.0"}}).blocked


def test_charts_never_go_back_and_ranges_are_left() -> None:
    newer = {K: kustomization("app.yaml"), f"{STAGING}/app.yaml": APPLICATION.replace("9.0.0", "9.9.9")}
    plan = bump(newer, charts=CHARTS)
    assert plan.edits == ()
    assert "pins version 9.9.9 of the chart already, which is newer than 9.2.1, and stays" in (
        plan.reported[0].message
    )
    ranged = {K: kustomization("app.yaml"), f"{STAGING}/app.yaml": APPLICATION.replace("9.0.0", "9.*")}
    assert "follows `9.*`, which is no single version" in bump(ranged, charts=CHARTS).reported[0].message


def test_a_chart_of_the_same_name_elsewhere_is_another_one() -> None:
    files = {K: kustomization("app.yaml"), f"{STAGING}/app.yaml": APPLICATION.replace(HELM, "https://charts.example")}
    assert bump(files, charts=CHARTS).pins.pins == ()


def upstream(version: str, *, ha: bool = False, roles: str = "ClusterRole", server: bool = True) -> str:
    names = ["argocd-repo-server", "argocd-application-controller", "argocd-applicationset-controller"]
    image = f"quay.io/argoproj/argocd:{version}"
    return documents(
        manifest("CustomResourceDefinition", "applications.argoproj.io", api="apiextensions.k8s.io/v1"),
        manifest(roles, "argocd-server", api="rbac.authorization.k8s.io/v1"),
        *([manifest("Service", "argocd-redis-ha")] if ha else []),
        *(
            manifest("Deployment", name, "argocd", "apps/v1", spec={"containers": [{"image": image}]})
            for name in [*names, *(["argocd-server"] if server else [])]
        ),
    )


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (upstream(OLD), "install.yaml"),
        (upstream(OLD, ha=True), "ha/install.yaml"),
        (upstream(OLD, roles="Role"), "namespace-install.yaml"),
        (upstream(OLD, roles="Role", ha=True), "ha/namespace-install.yaml"),
        (upstream(OLD, server=False), "core-install.yaml"),
    ],
)
def test_a_copy_of_upstreams_manifest_is_reported_with_the_command_that_renews_it(text: str, name: str) -> None:
    files = {K: kustomization("argo cd.yaml"), f"{STAGING}/argo cd.yaml": text}
    plan = bump(files)
    assert plan.edits == ()
    (report,) = plan.reported
    assert report.message.startswith(f"{STAGING}/argo cd.yaml:")
    assert report.message.endswith(f"is a copy of argo-cd's own manifest at {OLD}")
    assert report.command == (
        f"curl -fsSL -o '{STAGING}/argo cd.yaml' "
        f"https://raw.githubusercontent.com/argoproj/argo-cd/{NEW}/manifests/{name}"
    )
    assert bump({**files, f"{STAGING}/argo cd.yaml": text.replace(OLD, NEW)}).reported == ()


def test_an_image_over_a_copy_waits_until_the_copy_is_renewed() -> None:
    files = {
        K: kustomization("install.yaml") + f"images:\n- name: quay.io/argoproj/argocd\n  newTag: {OLD}\n",
        f"{STAGING}/install.yaml": upstream("v3.2.0"),
    }
    plan = bump(files)
    assert str(plan.current) == OLD.removeprefix("v")  # what runs, not what the copy was made of
    assert (plan.edits, [move.pin.style for move in plan.held]) == ((), [Style.IMAGES])
    assert plan.reported[0].message.endswith("at v3.2.0; its CRDs and RBAC do not move with the image")
    renewed = {**files, f"{STAGING}/install.yaml": upstream(NEW)}
    assert [move.new for move in bump(renewed).moves] == [NEW]


def test_other_components_have_a_manifest_only_when_it_is_configured() -> None:
    rollouts = Component("argo-rollouts", ("quay.io/argoproj/argo-rollouts",), "argoproj/argo-rollouts", "a/b")
    text = upstream("v1.8.0").replace("argoproj/argocd:", "argoproj/argo-rollouts:")
    files: Files = {K: kustomization("install.yaml"), f"{STAGING}/install.yaml": text}
    (report,) = bump(files, "v1.9.0", component=rollouts).reported
    assert report.command == ""


@pytest.mark.parametrize(
    "image",
    [
        "quay.io/argoproj/argocd",
        "quay.io/argoproj/argocd-extension-installer:v0.0.8",
        "quay.io/acme/xargocd:v3.2.2",
        "quay.io/acme/argocd/server:v3.2.2",
        "quay.io/acme/argocd",
        "see quay.io/argoproj/argocd:v3.2.2 for more",
    ],
)
def test_what_is_no_pin(image: str) -> None:
    text = manifest("Deployment", "a", spec={"containers": [{"image": image}]})
    assert bump({K: kustomization("a.yaml"), f"{STAGING}/a.yaml": text}).pins.pins == ()


@pytest.mark.parametrize("tag", ["latest", "stable", "v3", "v3.2", "release-3.2", "3f2a1b9c"])
def test_a_tag_that_is_no_version_is_left(tag: str) -> None:
    files = {K: f"images:\n- {{name: quay.io/argoproj/argocd, newTag: '{tag}'}}\n"}
    plan = bump(files)
    assert (plan.edits, plan.blocked) == ((), True)
    assert f"follows `{tag}`, which is no version" in plan.reported[0].message


def test_what_an_images_entry_overrides_need_not_be_a_version() -> None:
    """As in upstream's own manifests, whose base says `latest`."""
    image = manifest("Pod", "a", spec={"containers": [{"image": "quay.io/argoproj/argocd:latest"}]})
    entry = f"images:\n- {{name: quay.io/argoproj/argocd, newTag: {OLD}}}\n"
    plan = bump({K: kustomization("a.yaml", extra=entry), f"{STAGING}/a.yaml": image})
    assert [move.new for move in plan.moves] == [NEW]
    assert plan.reported == ()


@pytest.mark.parametrize(
    ("field", "text", "style", "expected"),
    [
        (
            "transformers",
            "apiVersion: builtin\nkind: ImageTagTransformer\nmetadata: {name: t}\nimageTag:\n"
            f"  name: quay.io/argoproj/argocd\n  newTag: {OLD} # here\n",
            Style.IMAGES,
            f"  newTag: {NEW} # here",
        ),
        (
            "generators",
            f"apiVersion: builtin\nkind: HelmChartInflationGenerator\nname: argo-cd\nrepo: {HELM}\nversion: 9.1.0\n",
            Style.CHART,
            "version: 9.2.1",
        ),
    ],
)
def test_pins_in_files_of_builtin_plugins(field: str, text: str, style: Style, expected: str) -> None:
    files = {K: f"{field}: [plugin.yaml]\n", f"{STAGING}/plugin.yaml": text}
    plan = bump(files, charts=CHARTS)
    assert [pin.style for pin in plan.pins.pins] == [style]
    assert expected in after(files, plan).read(f"{STAGING}/plugin.yaml").decode().splitlines()


def test_a_file_that_cannot_be_read_hides_only_its_own_pins() -> None:
    pin = f"images: [{{name: quay.io/argoproj/argocd, newTag: {OLD}}}]\n"
    files: Files = {K: kustomization("broken.yaml", "missing.yaml", extra=pin), f"{STAGING}/broken.yaml": "a: [\n"}
    assert [move.new for move in bump(files).moves] == [NEW]
