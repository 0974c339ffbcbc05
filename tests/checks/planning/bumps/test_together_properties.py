"""Whatever a repository pins: all pins name the new version, or nothing changed and each is accounted for."""

from __future__ import annotations

import re
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.rendering.driver import Engine
from gitops.versions.components import ARGO_CD
from gitops.versions.find import find_pins
from gitops.versions.pins.model import parse_version
from tests.checks.planning.bumps.stage import NEW, NEW_DIGEST, OLD, OLD_DIGEST, STAGING, K, after, bump, proven
from tests.scenarios import Files, manifest, tree

BASE, PRODUCTION = "argocd/base/kustomization.yaml", "argocd/overlays/production/kustomization.yaml"
COMPONENT = "argocd/components/version/kustomization.yaml"
REMOTE = "https://github.com/argoproj/argo-cd//manifests/ha?ref="
RAW = "https://raw.githubusercontent.com/argoproj/argo-cd/{}/manifests/install.yaml"
HELM = "https://argoproj.github.io/argo-helm"
CHARTS = {ARGO_CD.charts[0]: {"9.1.0": OLD, "9.2.0": NEW}}
COMMIT = "0f0c3ae6b0d2b2b8b4a4f1f0a1f2d3c4b5a69788"
# Mostly what can move: each of the others keeps all back.
VERSIONS = st.sampled_from([*[OLD] * 24, "v3.1.0", NEW, "v3.9.0", "latest", COMMIT, f"{OLD}-acme.1", "3.2.2"])
NAMES = st.sampled_from(["quay.io/argoproj/argocd", "argoproj/argocd"])
MIRROR = "mirror.example/cd"


@st.composite
def fields(draw: st.DrawFn) -> str:
    """Pins in a kustomization, of any kind."""
    text = ""
    resources = draw(st.lists(st.builds(REMOTE.__add__, VERSIONS) | st.builds(RAW.format, VERSIONS), max_size=1))
    if resources:
        text += f"resources: [{', '.join(repr(r) for r in resources)}]\n"
    entries = []
    for name, tag in draw(st.lists(st.tuples(NAMES, VERSIONS), max_size=2)):
        digest = draw(st.sampled_from(["", "", f", digest: '{OLD_DIGEST}'"]))
        renamed = draw(st.sampled_from([*[""] * 9, f", newName: {MIRROR}"]))
        entries.append(f"{{name: {name}, newTag: {tag}{digest}{renamed}}}")
    if entries:
        field = draw(st.sampled_from(["images", "imageTags"]))
        text += f"{field}: [{', '.join(entries)}]\n"
    if draw(st.integers(0, 3)) == 0:
        chart = draw(st.sampled_from([*["9.1.0"] * 5, "9.2.0", "9.9.9", "9.*"]))
        tag = draw(VERSIONS)
        text += (
            f"helmCharts:\n- name: argo-cd\n  repo: {HELM}\n  version: {chart}\n"
            f"  valuesInline: {{global: {{image: {{tag: {tag}}}}}}}\n"
        )
    return text


def with_resource(text: str, *entries: str) -> str:
    """A kustomization's text that lists more resources."""
    listed = ", ".join(entries)
    if "resources:" not in text:
        return f"resources: [{listed}]\n{text}"
    return text.replace("resources: [", f"resources: [{listed}, ")


@st.composite
def repositories(draw: st.DrawFn) -> dict[str, str]:
    image = f"{draw(NAMES)}:{draw(VERSIONS)}"
    files = {
        K: with_resource(draw(fields()), "../../base"),
        BASE: with_resource(draw(fields()), "server.yaml"),
        "argocd/base/server.yaml": manifest("Pod", "argocd-server", spec={"containers": [{"image": image}]}),
    }
    if draw(st.booleans()):
        files[COMPONENT] = f"kind: Component\n{draw(fields()).replace('resources', 'x')}"
        files[K] = f"components: [../../components/version]\n{files[K]}"
    if draw(st.booleans()):
        files[PRODUCTION] = with_resource("", "../../base") + (
            "components: [../../components/version]\n" if COMPONENT in files and draw(st.booleans()) else ""
        )
    return files


def without_versions(text: str) -> str:
    for version in (OLD_DIGEST, NEW_DIGEST, f"{OLD}-acme.1", OLD, NEW, "v3.1.0", "3.2.2", NEW[1:], "9.1.0", "9.2.0"):
        text = text.replace(version, "*")
    # What an override adds for a shared base.
    text = re.sub(r"images:\n(?:  - name: \S+\n(?:    \S+: \*\n)+)+", "", text)
    return re.sub(r"(?:, )?\{name: [^{}]+, newTag: \*(?:, digest: '?\*'?)?\}", "", text)


@given(repositories())
@settings(max_examples=200)
def test_all_pins_move_or_none_and_each_that_is_left_is_named(files: dict[str, str]) -> None:
    plan = bump(files, charts=CHARTS)
    deciding = [pin for pin in plan.pins.pins if pin.decides]
    if plan.edits:
        assert (plan.reported, plan.held) == ((), ())
        changed = after(files, plan)
        now = [pin for pin in find_pins(changed, STAGING, ARGO_CD, charts=CHARTS).pins if pin.decides]
        assert now
        assert {pin.parsed for pin in now} == {parse_version(NEW)}
        for path in files:
            before, behind = tree(files).read(path).decode(), changed.read(path).decode()
            assert without_versions(before) == without_versions(behind)
            if PRODUCTION in files and (path == BASE or path.startswith("argocd/base/")):
                assert before == behind  # production goes on as it is
    elif plan.reported:
        assert plan.moves == ()
        # Every pin that is not where it should be is told with its line, as left or as kept back.
        told = {str(report.pin.span) for report in plan.reported} | {str(move.pin.span) for move in plan.held}
        assert all(str(report.pin.span) in report.message for report in plan.reported)
        assert {str(pin.span) for pin in deciding if pin.parsed != parse_version(NEW)} <= told
    else:
        assert {pin.parsed for pin in deciding} <= {parse_version(NEW)}


# kustomize refuses a component that does nothing.
HEAD = "kind: Component\napiVersion: kustomize.config.k8s.io/v1alpha1\ncommonAnnotations: {a: b}\n"
PARTS = st.sampled_from(["inner", "outer"])
ENTRY_NAMES = ["quay.io/argoproj/argocd", "m.example/cd", "cd"]


@st.composite
def entries(draw: st.DrawFn) -> str:
    """An `images` list that renames and tags."""
    listed = []
    for _ in range(draw(st.integers(0, 2))):
        name = draw(st.sampled_from(ENTRY_NAMES))
        new = draw(st.sampled_from(["", *ENTRY_NAMES]))
        tag = draw(st.sampled_from(["", OLD, OLD]))
        parts = [f"name: {name}"] + ([f"newName: {new}"] if new else []) + ([f"newTag: {tag}"] if tag else [])
        listed.append(f"{{{', '.join(parts)}}}")
    return f"images: [{', '.join(listed)}]\n" if listed else ""


@st.composite
def renaming(draw: st.DrawFn) -> Files:
    inner, outer = "argocd/components/inner", "argocd/components/outer"
    image = f"{draw(st.sampled_from(ENTRY_NAMES))}:{OLD}"
    files: Files = {
        "argocd/base/server.yaml": manifest(
            "Pod", "argocd-server", spec={"containers": [{"name": "server", "image": image}]}
        ),
        BASE: f"resources: [server.yaml]\n{draw(entries())}",
        f"{inner}/kustomization.yaml": f"{HEAD}{draw(entries())}",
        f"{outer}/kustomization.yaml": f"{HEAD}components: [../inner]\n{draw(entries())}",
        K: f"resources: [../../base]\ncomponents: [../../components/{draw(PARTS)}]\n{draw(entries())}",
        PRODUCTION: "resources: [../../base]\n",
    }
    return files


async def test_what_images_make_of_a_pin_is_what_the_real_kustomize_makes_of_it(engine: Engine) -> None:
    component = replace(ARGO_CD, images=tuple(ENTRY_NAMES))
    cases: list[Files] = []

    @given(renaming())
    @settings(max_examples=60, database=None, derandomize=True)
    def collect(files: Files) -> None:
        if files not in cases:
            cases.append(files)

    collect()
    holding = 0
    for files in cases:
        plan = bump(files, component=component)
        assert plan.reported == ()
        assert plan.edits
        proof = await proven(engine, files, plan)
        assert proof.holds, (proof.failure, files)
        assert all(not row.detail.startswith("0 ") for row in proof.rows)
        assert {change.new.rpartition(":")[2] for change in proof.images} == {NEW}
        holding += 1
    assert holding > 20
