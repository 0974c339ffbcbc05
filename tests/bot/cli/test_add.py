"""`argofix add` on a checkout: what there is, what one thing takes, and what is written."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.__main__ import main
from tests.bot.cli.test_doctor import checkout as checkout  # the fixture
from tests.checks.argocd.stage import workload
from tests.checks.planning.additions.stage import TWO, repository


def test_it_lists_what_there_is_and_writes_what_is_proven(
    checkout: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for path, text in repository(workload("argocd-server", spec=TWO)).items():
        (checkout / path).parent.mkdir(parents=True, exist_ok=True)
        (checkout / path).write_text(text, encoding="utf-8")
    kustomization = checkout / "argocd/kustomization.yaml"
    before = kustomization.read_text(encoding="utf-8")
    assert main(["add", str(checkout)]) == 0
    listed, _ = capsys.readouterr()
    assert "spread  can be added\n" in listed and "monitoring  cannot be added\n" in listed
    # A reason that several share stands once, with their names.
    assert "Not here (monitoring, certificate-expiry" in listed and listed.count("no Prometheus") == 1
    # In the checkout itself a name is enough.
    monkeypatch.chdir(checkout)
    assert main(["add", "spread"]) == 0
    diff, said = capsys.readouterr()
    assert " whenUnsatisfiable: ScheduleAnyway\n" in diff and kustomization.read_text(encoding="utf-8") == before
    assert "proven: In `argocd` only what was asked for changes" in said
    assert main(["add", "monitoring"]) == 1
    out, said = capsys.readouterr()
    assert (out, "monitoring cannot be added: no Prometheus" in said) == ("", True)
    assert main(["add", "spred", str(checkout)]) == 2
    assert "there is no item spred; did you mean spread?" in capsys.readouterr().err
    assert main(["add", "spread", str(checkout), "--write"]) == 0
    assert "wrote argocd/kustomization.yaml" in capsys.readouterr().err
    assert "ScheduleAnyway" in kustomization.read_text(encoding="utf-8")
