"""`argofix doctor` on a checkout: what is done, what is to do, and what nobody can tell."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from bot.__main__ import main
from bot.cli.published import NotSeen
from bot.registries.faults import SourceFault
from bot.registries.model import Published
from checks.policy.dashboard import ITEMS
from gitops.installation.releases import releases
from gitops.versions.components import Component
from tests.checks.argocd.stage import workload
from tests.checks.planning.additions.stage import directory
from tests.checks.samples import sync_option_without_effect as sample
from tests.scenarios import Files, application

POLICY = ".github/argofix.yaml"


def shown(directory: Path, capsys: pytest.CaptureFixture[str], files: Files, *arguments: str) -> tuple[int, str, str]:
    for path, data in files.items():
        target = directory / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data.encode() if isinstance(data, str) else data)
    status = main(["doctor", str(directory), *arguments])
    out, err = capsys.readouterr()
    return status, out, err


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ARGOFIX_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.delenv("KUBECONFIG", raising=False)
    directory = tmp_path / "checkout"
    directory.mkdir()
    return directory


def test_json_has_every_item_with_its_state(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = {**sample.FOUND.files, POLICY: "checklist: {alerts: {not-wanted: by hand}}\n"}
    status, out, _ = shown(checkout, capsys, files, "--format", "json")
    data: dict[str, Any] = json.loads(out)
    items = {item["item"]: item for item in data["items"]}
    assert (status, data["schema"], data["commit"], tuple(items)) == (0, 1, None, ITEMS)
    assert [one["rule"] for one in items["renders"]["findings"]] == ["sync-option-without-effect"]
    assert (data["upgrades"], data["versions_from"]) == ([], None)  # Argo CD itself is not here
    states = {key: items[key]["state"] for key in ("renders", "one-owner", "starts", "alerts")}
    assert states == {"renders": "open", "one-owner": "done", "starts": "unknown", "alerts": "not-wanted"}
    assert items["alerts"]["reason"] == "by hand"
    assert "does not hold Argo CD's own installation" in items["starts"]["reason"]


def test_an_error_is_the_exit_status_and_stands_first(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    broken = {**sample.FOUND.files, "web/kustomization.yaml": "resources: [claim.yaml, nowhere.yaml]\n"}
    status, out, _ = shown(checkout, capsys, broken)
    assert status == 1
    assert out.startswith("To do (1)\n  Every Application renders, and Argo CD accepts it  [renders]\n")
    # Nothing was rendered, so nothing else is called done.
    assert "Done (" not in out and "Nothing was rendered, so nothing was looked at." in out


def test_the_page_stands_by_itself(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = checkout.parent / "page.html"
    status, out, _ = shown(checkout, capsys, sample.FOUND.files, "--format", "html", "--output", str(target))
    page = target.read_text(encoding="utf-8")
    assert (status, out) == (0, "")
    assert page.startswith("<!doctype html>") and "web/claim.yaml:6" in page
    assert "<script" not in page and "http-equiv" not in page


@pytest.mark.parametrize("offline", [True, False])
def test_where_the_versions_on_the_way_come_from_is_told(
    checkout: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, offline: bool
) -> None:
    async def nobody(_: Component) -> Published:
        raise NotSeen(SourceFault("quay", "unreachable", "quay.io gives no whole answer"))

    monkeypatch.setattr("bot.cli.published.published", nobody)
    files = directory(workload("argocd-server", version="v3.2.2"), apps=application("argocd", "argocd"))
    status, out, _ = shown(checkout, capsys, files, *(["--offline"] if offline else []))
    why = "--offline asks nobody" if offline else "quay.io gives no whole answer"
    known = f"{releases().newest} of {releases().dated}"
    assert status == 0
    text = " ".join(out.split())
    assert f"{why}, so the versions are those that argofix ships with, up to {known}: later ones are not" in text


def test_a_configuration_that_cannot_be_read_is_told(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    wrong = "checklist: {alert: {not-wanted: x}, probes: not-wanted}\ndashboard: {enable: true}\n"
    _, out, err = shown(checkout, capsys, {**sample.FINE.files, POLICY: wrong})
    assert "the checklist has no item `alert`; did you mean `alerts`?" in err
    assert "`checklist.probes` needs a reason" in err
    assert "unknown key `enable` in dashboard" in err
    assert "not wanted" not in out


def test_fix_prints_what_takes_a_field_out(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from tests.checks.samples import autoscaler_against_replicas as scaled

    shown(checkout, capsys, scaled.FOUND.files)
    assert main(["fix", str(checkout)]) == 0
    out, err = capsys.readouterr()
    assert [line for line in out.splitlines() if line[:1] in "-+"][2:] == ["-  replicas: 2"]
    assert "Take `replicas` out of Deployment `web`. With client-side apply, taking `replicas` out" in err
    assert "nothing that can be proven" not in err
