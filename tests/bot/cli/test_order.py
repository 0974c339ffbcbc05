"""`argofix order` on a checkout: text, JSON, Mermaid, and its exit status."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from bot.__main__ import main
from tests.checks.sync_order.test_rules import gadget
from tests.gitops.applications.test_made import live
from tests.gitops.applicationsets.sets import appset
from tests.gitops.facts.order.test_evidence import apps, crd, deployment, widget
from tests.scenarios import Files, config_map, documents, manifest

Run = Callable[..., tuple[int, str, str]]

PLATFORM: Files = {
    "apps.yaml": apps("api", "infra", "other"),
    "infra/all.yaml": documents(manifest("Namespace", "shop"), manifest("ServiceAccount", "api-sa", "shop")),
    "api/all.yaml": deployment(serviceAccountName="api-sa"),
    "other/all.yaml": manifest("ClusterRole", "other", api="rbac.authorization.k8s.io/v1"),
}
CIRCLE: Files = {
    "apps.yaml": apps("backup", "operator"),
    "operator/all.yaml": documents(crd("Widget"), gadget()),
    "backup/all.yaml": documents(crd("Gadget"), widget()),
}


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    monkeypatch.setenv("ARGOFIX_STATE_DIR", str(tmp_path / "state"))

    def order(files: Files, *arguments: str) -> tuple[int, str, str]:
        for path, data in files.items():
            target = tmp_path / "checkout" / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data.encode() if isinstance(data, str) else data)
        status = main(["order", str(tmp_path / "checkout"), *arguments])
        shown = capsys.readouterr()
        return status, shown.out, shown.err

    return order


def test_text_tells_stages_and_reasons(run: Run) -> None:
    status, out, _ = run(PLATFORM)
    assert status == 0
    assert out.splitlines() == [
        "Stage 1",
        "  infra",
        "Stage 2",
        "  api",
        "      `infra` brings `Namespace shop`, in which it has `Deployment shop/api`, and 1 more  (api/all.yaml:1)",
        "In any order: 1",
        "  other",
    ]


def test_json_is_what_the_contract_says(run: Run) -> None:
    status, out, _ = run(PLATFORM, "--format", "json")
    data = json.loads(out)
    assert status == 0
    assert [[entry["name"] for entry in stage] for stage in data["stages"]] == [["infra", "other"], ["api"]]
    assert data["cycles"] == []
    assert data["stages"][0][0]["reasons"] == []
    assert data["stages"][0][0]["wave"] is None
    namespace, account = data["stages"][1][0]["reasons"]
    assert (namespace["after"], namespace["path"], namespace["line"]) == ("infra", "api/all.yaml", 1)
    assert namespace["resource"] == {"group": "", "kind": "Namespace", "namespace": "", "name": "shop"}
    assert (namespace["strength"], account["strength"]) == ("hard", "soft")
    assert account["provided"] == {"path": "infra/all.yaml", "line": 3}


def test_mermaid_is_a_chart(run: Run) -> None:
    status, out, _ = run(PLATFORM, "--format", "mermaid")
    assert status == 0
    assert out == ('flowchart LR\n  a0["infra"]\n  a1["api"]\n  a0 -->|"Namespace shop and 1 more"| a1\n')


def test_a_cycle_is_told_with_the_edge_to_cut_and_is_an_error(run: Run) -> None:
    status, out, _ = run(CIRCLE)
    assert status == 1
    assert out.startswith("Cycle: backup -> operator -> backup\n")
    assert (
        "cut it at backup -> operator: move CustomResourceDefinition gadgets.acme.example (backup/all.yaml:1)" in out
    )
    status, out, _ = run({}, "--format", "json")
    assert (status, json.loads(out)["cycles"]) == (1, [["backup", "operator"]])
    status, out, _ = run({}, "--format", "mermaid")
    assert "linkStyle 1 stroke:#c5282f" in out


def test_nothing_to_order(run: Run) -> None:
    assert run({"readme.yaml": config_map("x")})[:2] == (0, "No Argo CD Application is declared here.\n")


def test_what_cannot_run_is_one_line(run: Run, tmp_path: Path) -> None:
    (tmp_path / "checkout").mkdir(exist_ok=True)
    (tmp_path / "checkout").rmdir()
    status, out, err = run({})
    assert (status, out) == (2, "")
    assert len(err.strip().splitlines()) == 1


def test_sets_are_ordered_by_what_a_file_says_became_of_them(run: Run, tmp_path: Path) -> None:
    template = {"metadata": {"name": "{{name}}"}, "spec": {"project": "default"}}
    given = tmp_path / "applications.yaml"
    given.write_text(json.dumps({"kind": "List", "items": [live("one"), live("two")]}))
    files = {"set.yaml": json.dumps(appset([{"plugin": {}}], template=template)), "a/m.yaml": config_map("m")}
    assert "one" not in run(files)[1]
    status, out, _ = run(files, "--applications", str(given), "--format", "json")
    assert (status, [entry["name"] for stage in json.loads(out)["stages"] for entry in stage]) == (0, ["one", "two"])


@pytest.mark.parametrize(
    ("text", "words"),
    [("a: [b", "is not valid YAML"), ("kind: ConfigMap\n", "holds no Application"), (None, "No such")],
)
def test_a_file_that_says_nothing_is_one_line(run: Run, tmp_path: Path, text: str | None, words: str) -> None:
    given = tmp_path / "applications.yaml"
    if text is not None:
        given.write_text(text)
    status, out, said = run(PLATFORM, "--applications", str(given))
    assert (status, out) == (2, "")
    assert words in said and said.count("\n") == 1 and "Traceback" not in said
