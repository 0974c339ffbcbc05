"""An Application that is renamed while its files change."""

from __future__ import annotations

from typing import Any

import pytest

from tests.gitops.facts.deletions.stage import MAP, PVC, app, obj
from tests.gitops.facts.deletions.test_hooks import PRUNES, hook, told
from tests.scenarios import Files

DOUBT = "unknown: Application argocd/a (FILES_CHANGED)"


def shop(name: str, *manifests: str, **given: Any) -> Files:
    """An Application of this name, whose files are always the same ones."""
    root = {"root.yaml": app("root", "argocd", namespace="argocd"), "argocd/there.yaml": MAP}
    files = {f"apps/a/{number}.yaml": text for number, text in enumerate(manifests)}
    source = {"sync": PRUNES, "path": "apps/a", "namespace": "a", **given}
    return {**root, **files, f"argocd/{name}.yaml": app(name, **source)}


CHANGED = obj("ConfigMap", "settings", data={"a": "c"})


@pytest.mark.parametrize(
    ("after", "doubted"),
    [
        pytest.param(shop("b", CHANGED, PVC), False, id="what is there is still there"),
        pytest.param(shop("b", CHANGED, PVC, obj("ConfigMap", "more")), False, id="and something more"),
        pytest.param(shop("b", CHANGED), True, id="a manifest goes"),
        pytest.param(shop("b", CHANGED, hook("PreSync")), True, id="one becomes a hook"),
        pytest.param(shop("b", CHANGED, PVC, namespace="b"), True, id="into another namespace"),
        pytest.param(shop("b", CHANGED, PVC, path="apps"), True, id="from another directory"),
    ],
)
def test_one_that_is_made_of_the_same_files_tells_what_becomes_of_them(after: Files, doubted: bool) -> None:
    assert (DOUBT in told(shop("a", MAP, PVC), after)) is doubted
