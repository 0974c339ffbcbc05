"""A step of versions tells what changes for these manifests, and no other note of the guides."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from packaging.version import Version

from checks.argocd.argocd_upgrade_note import PREDICATES
from checks.argocd.upgrades.match import Place
from checks.policy.file import Policy
from checks.registry import rules
from gitops.discovery.snapshot import Change
from gitops.installation.find import installations_of
from gitops.installation.releases import releases
from tests.checks.argocd.stage import ANALYSIS, APP, workload
from tests.checks.argocd.upgrade_cases import CASES, CRON, DEV, app, cm, rbac, secret
from tests.scenarios import Files, application, discovered, tree

RULE = "argocd-upgrade-note"
_LOGS = "server.rbac.log.enforce.enable"


def notes(old: str, new: str, *manifests: str, apps: Sequence[str] = (), files: Files | None = None) -> list[str]:
    """What is said of a change of the server's version, with these manifests before and after it."""

    def at(version: str) -> Any:
        images = [text.replace("argocd:v3.2.2", f"argocd:{version}") for text in manifests]
        made = {f"argocd/{number}.yaml": text for number, text in enumerate(images)}
        more = {f"more-{number}.yaml": text for number, text in enumerate(apps)}
        server = {"argocd/server.yaml": workload("argocd-server", version=version)}
        return discovered(tree({**APP, **made, **more, **server, **(files or {})}), ANALYSIS)

    check = next(one.check for one in rules() if one.id == RULE)
    return [one.message for one in check(Change(at(old), at(new)), Policy())]


# Of these below, and of a version that is none yet.
ELSEWHERE = {"helm-charts-namespace", "otlp-sample-ratio"}


def test_every_note_of_the_data_has_a_predicate_and_a_case() -> None:
    named = {one["id"] for told in releases().data["upgrade_notes"].values() for one in told if "id" in one}
    assert named == set(PREDICATES) == set(CASES) | ELSEWHERE


def _said(note: str, new: str, case: Any) -> list[str]:
    text = next(
        one["change"] for told in releases().data["upgrade_notes"].values() for one in told if one.get("id") == note
    )
    before = {f"{one}.0" for one in releases().data["newest_patch"]} | {"2.7.0"}
    old = max((Version(one) for one in before if Version(one) < Version(new)), default=Version("2.8.0"))
    manifests, apps = ([], case) if isinstance(case, list) else ([case], [])
    found = notes(f"v{old}", f"v{new}", *manifests, apps=apps)
    return [one for one in found if f"as of {new[:-2]} {text}: " in one]


@pytest.mark.parametrize("note", CASES)
def test_a_note_is_told_for_what_it_is_about_and_for_nothing_else(note: str) -> None:
    new, told, silent = CASES[note]
    for case in told:
        assert _said(note, new, case), case
    for case in silent:
        assert not _said(note, new, case), case


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--otlp-sample-ratio=1.5"], True),
        (["--otlp-sample-ratio", "50%"], True),
        (["--otlp-sample-ratio=-0.1"], True),
        (["--otlp-sample-ratio"], True),
        (["--otlp-sample-ratio", "0.25"], False),
        (["--otlp-sample-ratio=1.0"], False),
        (["--otlp-sample-ratio=0"], False),
        (["--otlp-address=a:4317"], False),
    ],
)
def test_a_ratio_of_traces_is_between_nothing_and_all(words: list[str], told: bool) -> None:
    """Of a version that is none yet, so that no release's note leads there."""
    files = {**APP, "argocd/a.yaml": workload("argocd-repo-server", *words)}
    snapshot = discovered(tree(files), ANALYSIS)
    (installation,) = snapshot.once(installations_of)
    (predicate,) = PREDICATES["otlp-sample-ratio"]
    seen = [one.seen for one in predicate(Place(snapshot, installation))]
    assert seen == (["`--otlp-sample-ratio` is not between 0 and 1"] if told else [])


def test_nothing_is_told_within_a_minor_nor_of_versions_that_are_not_known() -> None:
    assert notes("v2.14.0", "v3.0.0", rbac(DEV)) != []
    for old, new in (("v3.0.0", "v3.0.23"), ("v3.0.0", "v3.1.0"), ("v3.1.0", "v2.14.0"), ("latest", "v3.0.0")):
        assert notes(old, new, rbac(DEV)) == []
    # Over several minors all notes on the way count.
    assert len(notes("v2.11.0", "v3.2.0", rbac(DEV), secret("cluster", "project"))) == 2
    mixed = workload("argocd-repo-server", version="v2.13.0")
    assert notes("v2.14.0", "v3.0.0", rbac(DEV), mixed) == []


def test_a_value_that_keeps_the_old_behaviour_silences_the_note() -> None:
    for keeps, policy in (
        (cm(**{_LOGS: "true"}), DEV),
        (
            cm(**{"server.rbac.disableApplicationFineGrainedRBACInheritance": "false"}),
            "p, a, applications, update, */*, allow",
        ),
    ):
        assert notes("v2.14.0", "v3.0.0", keeps, rbac(policy)) == []
    lazy = [app(syncPolicy={"syncOptions": ["ApplyOutOfSyncOnly=true"]})]
    assert notes("v2.14.0", "v3.0.0", cm(application__resourceTrackingMethod="label"), apps=lazy) == []
    judged = cm(**{"resource.customizations.health.batch_CronJob": "a"})
    assert notes("v3.1.0", "v3.2.0", judged, CRON) == []


def test_the_line_to_add_gives_back_what_the_role_had() -> None:
    server = {v: workload("argocd-server", version=v) for v in ("v2.14.0", "v3.0.0")}
    policy = "p, role:dev, applications, get, dev/*, allow\n"

    def found(text: str) -> list[Any]:
        files = {**APP, "argocd/rbac.yaml": rbac(text)}
        base, head = (discovered(tree({**files, "argocd/s.yaml": server[v]}), ANALYSIS) for v in server)
        check = next(one.check for one in rules() if one.id == RULE)
        return list(check(Change(base, head), Policy()))

    (one,) = found(policy)
    assert one.topic.commands == "p, role:dev, logs, get, dev/*, allow"
    assert found(policy + one.topic.commands + "\n") == []


def test_a_namespace_beside_charts_of_a_kustomization_is_told_of_3_3() -> None:
    charts = "namespace: a\nhelmCharts: [{name: b}]\n"
    for content, told in ((charts, 1), (charts.partition("\n")[2], 0), ("namespace: a\n", 0)):
        files = {"web.yaml": application("web", "web"), "web/kustomization.yaml": content}
        found = [one for one in notes("v3.2.0", "v3.3.0", files=files) if "stand together" in one]
        assert len(found) == told
