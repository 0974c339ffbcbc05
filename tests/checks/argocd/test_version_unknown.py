"""That nothing is known of a version is said, and said once."""

from __future__ import annotations

import pytest

from tests.checks.argocd.stage import judged, messages, of_files, workload
from tests.scenarios import application, documents

RULE = "argocd-version-unknown"


@pytest.mark.parametrize(
    ("made", "why"),
    [
        (workload("argocd-server", version="latest"), "tells no version of Argo CD"),
        (workload("argocd-server", version=f"@sha256:{'0' * 64}"), "tells no version of Argo CD"),
        (workload("argocd-server", image="acme/argocd"), "the image `acme/argocd` tells no version of Argo CD"),
        (workload("argocd-server", version="v3.2.2-custom.1"), "is a build of one's own"),
        (workload("argocd-server", version="v9.9.0"), "v9.9.0 is newer than v"),
        (workload("argocd-server", version="v2.6.0"), "v2.6.0 is older than 2.8"),
        (workload("argocd-server", version="v3.2.99"), ""),
        # Upstream's own way: Dex has an image of its own and the program from a volume.
        (workload("argocd-dex", command=["/shared/argocd-dex", "rundex"], image="ghcr.io/dexidp/dex"), ""),
        (workload("argocd-cmp-server", image="acme/plugin"), ""),
    ],
)
def test_the_reason_is_told(made: str, why: str) -> None:
    found = messages(judged(RULE, made))
    assert [why in one for one in found] == ([True] if why else [])


def test_several_programs_and_installations_for_one_reason_are_one_notice() -> None:
    parts = documents(workload("argocd-server", version="latest"), workload("argocd-repo-server", version="latest"))
    far = application("b", "a", server="https://far.example.com", namespace="argocd")
    apps = documents(application("a", "a", namespace="argocd"), far)
    (found,) = of_files(RULE, {"apps.yaml": apps, "a/all.yaml": parts})
    assert "`argocd-server` and `argocd-repo-server` in argocd" in found.message
    assert set(found.applications) == {"a", "b"}


def test_files_that_nobody_deploys_are_passed_over() -> None:
    assert judged(RULE, files={"ops/a.yaml": workload("argocd-server", version="latest")}, deployed=False) == []
