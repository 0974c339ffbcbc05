"""Production waits until the test of staging has seen a version."""

from __future__ import annotations

import pytest

from checks.argocd import promotion_untested
from checks.policy.file import Policy
from gitops.discovery.snapshot import Change
from tests.checks.argocd.stage import ANALYSIS, workload
from tests.scenarios import application, discovered, documents, manifest, tree


def job(hook: str = "PostSync") -> str:
    return manifest(
        "Job",
        "test",
        "argocd",
        "batch/v1",
        metadata={"annotations": {"argocd.argoproj.io/hook": hook}},
        spec={"template": {"spec": {"containers": [{"name": "test", "image": "x", "command": ["true"]}]}}},
    )


def files(staging: str, production: str, test: str, place: str = "staging") -> dict[str, str]:
    return {
        "apps.yaml": documents(
            application("try", f"argocd/{place}", cluster="staging", namespace="argocd"),
            application("real", "argocd/production", namespace="argocd"),
        ),
        f"argocd/{place}/server.yaml": documents(workload("argocd-server", version=staging), test),
        "argocd/production/server.yaml": workload("argocd-server", version=production),
    }


def found(
    staging: str, production: str, *, test: str = "", place: str = "staging", policy: Policy | None = None
) -> list[tuple[str, str]]:
    """What is found where both were at v3.2.2 before."""
    before, after = (
        discovered(tree(files(*versions, test or job(), place)), ANALYSIS)
        for versions in (("v3.2.2", "v3.2.2"), (staging, production))
    )
    findings = promotion_untested.check(Change(before, after), policy or Policy())
    return [(one.severity.value, one.message) for one in findings]


UNTESTED = "`real` goes to v3.2.3, and staging has v3.2.2: its test has not seen that version"


@pytest.mark.parametrize("staging", ["v3.2.2", "v3.2.3"])  # not even together with it
def test_a_version_that_staging_does_not_have_yet_is_an_error(staging: str) -> None:
    assert found(staging, "v3.2.3") == [("error", UNTESTED)]


def test_one_that_it_has_is_told_with_how_to_look_at_its_test() -> None:
    before = discovered(tree(files("v3.2.3", "v3.2.2", job())), ANALYSIS)
    after = discovered(tree(files("v3.2.3", "v3.2.3", job())), ANALYSIS)
    (told,) = promotion_untested.check(Change(before, after), Policy())
    assert (told.severity.value, told.topic.commands) == ("notice", "argocd app wait try --operation --health")


def test_nothing_is_kept_back_without_a_test_a_staging_or_a_newer_version() -> None:
    assert found("v3.2.2", "v3.2.3", test=job("PreSync")) == []
    assert found("v3.2.2", "v3.2.3", place="try") == []
    assert found("v3.2.3", "v3.2.2") == found("v3.2.2", "v3.2.1") == []
    assert found("v3.2.2", "v3.2.3", place="try", policy=Policy(argocd_overlay="argocd/try"))
