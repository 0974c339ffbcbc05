"""Every way to pin a version, with CRLF and comments around it: what changes is exactly the version."""

from __future__ import annotations

import pytest

from gitops.versions.components import Chart
from gitops.versions.pins.model import Style
from tests.checks.planning.bumps.stage import NEW, NEW_DIGEST, OLD, OLD_DIGEST, K, after, bump
from tests.scenarios import manifest

CHART = Chart("https://argoproj.github.io/argo-helm", "argo-cd")
CHARTS = {CHART: {"9.1.0": OLD, "9.2.0": NEW, "9.2.1": NEW, "9.3.0": "v3.4.0"}}


def deployment(image: str, name: str = "argocd-server") -> str:
    return manifest(
        "Deployment", name, "argocd", "apps/v1",
        spec={"template": {"spec": {"containers": [{"name": name, "image": image}]}}},
    )  # fmt: skip


# (style, the overlay's kustomization with X for the version and Y for the digest)
IN_KUSTOMIZATIONS = [
    (Style.IMAGES, "images:\n  - name: quay.io/argoproj/argocd # ours\n    newTag: X # pinned\n"),
    (Style.IMAGES, 'images:\n- newTag: "X"\n  name: quay.io/argoproj/argocd\n# the end'),
    (Style.IMAGES, "images: [{name: argoproj/argocd, newTag: 'X'}, {name: redis, newTag: 7.0.0}]\n"),
    (Style.IMAGES, "images:\n- name: argocd\n  newName: quay.io/argoproj/argocd\n  newTag: X\n"),
    (Style.IMAGES, "images:\n- name: argocd\n  newName: quay.io/argoproj/argocd:X\n"),
    (Style.IMAGES, "images:\n- name: argocd\n  newName: quay.io/argoproj/argocd:X@Y # both\n"),
    (Style.IMAGES, "images:\n- name: quay.io/argoproj/argocd\n  newTag: X@Y\n"),
    (Style.IMAGES, "images:\n- name: quay.io/argoproj/argocd\n  newTag: X\n  digest: Y\n"),
    (Style.IMAGES, "images:\n- {name: quay.io/argoproj/argocd, newTag: X, digest: 'Y'} # one line\n"),
    (Style.IMAGES, "images:\n- name: quay.io/argoproj/argocd\n  digest: Y # which one was it\n"),
    (Style.IMAGES, "images:\n- name: quay.io/argoproj/argocd\n  newTag: !!str X\n"),
    (Style.REMOTE_BASE, "resources:\n# upstream\n- https://github.com/argoproj/argo-cd//manifests?ref=X # why\n"),
    (Style.REMOTE_BASE, "resources: ['github.com/argoproj/argo-cd/manifests?timeout=9s&ref=X']\n"),
    (Style.REMOTE_BASE, "bases:\n- git@github.com:argoproj/argo-cd.git//manifests?version=X\n"),
    (
        Style.REMOTE_FILE,
        "resources:\n- https://raw.githubusercontent.com/argoproj/argo-cd/X/manifests/install.yaml\n",
    ),
    (Style.REMOTE_FILE, "resources:\n- https://github.com/argoproj/argo-cd/releases/download/X/install.yaml\n"),
    (
        Style.IMAGE,
        "patches:\n- patch: |-\n    - op: replace\n      path: /spec/image\n      value: argoproj/argocd:X\n",
    ),
    (
        Style.IMAGE,
        "patches:\n- patch: |\n    # inside\n    apiVersion: apps/v1\n    kind: Deployment\n    metadata: {name: a}\n"
        "    spec: {containers: [{name: a, image: 'quay.io/argoproj/argocd:X@Y'}]}\n  target: {kind: Deployment}\n",
    ),
    (Style.IMAGE, "patchesStrategicMerge:\n- |\n  kind: Job\n  spec:\n    - image: quay.io/argoproj/argocd:X\n"),
]


@pytest.mark.parametrize("final", ["\n", ""], ids=["newline", "no newline"])
@pytest.mark.parametrize("end", ["\n", "\r\n"], ids=["LF", "CRLF"])
@pytest.mark.parametrize(("style", "text"), IN_KUSTOMIZATIONS)
@pytest.mark.parametrize("mark", ["", "\ufeff"], ids=["", "BOM"])
def test_the_diff_is_exactly_the_version(style: Style, text: str, end: str, final: str, mark: str) -> None:
    written = mark + ("# ours, not X\n" + text).rstrip("\n").replace("\n", end) + final.replace("\n", end)
    before = written.replace("X", OLD, 1).replace("X", OLD).replace("Y", OLD_DIGEST)
    before = before.replace(f"not {OLD}", "not 1")
    files = {K: before}
    plan = bump(files)
    assert not plan.reported
    assert {pin.style for pin in plan.pins.pins} == {style}
    expected = before.replace(OLD, NEW).replace(OLD_DIGEST, NEW_DIGEST)
    assert after(files, plan).read(K).decode() == expected
    again = bump({K: expected})
    assert (again.edits, again.reported) == ((), ())


@pytest.mark.parametrize("end", ["\n", "\r\n"], ids=["LF", "CRLF"])
def test_a_byte_order_mark_on_the_line_of_the_pin(end: str) -> None:
    text = "\ufeffimages: [{name: quay.io/argoproj/argocd, newTag: 'X'}]" + end
    files = {K: text.replace("X", OLD)}
    assert after(files, bump(files)).read(K).decode() == text.replace("X", NEW)
