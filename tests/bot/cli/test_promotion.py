"""A test of staging, from its line in the configuration to the promotion that it keeps back."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.__main__ import main
from tests.bot.cli.test_commands import git, write
from tests.bot.cli.test_doctor import checkout as checkout  # the fixture
from tests.checks.planning.additions.test_smoke_test import SCRIPT, STAGING, repository

PRODUCTION = "argocd/overlays/production"


def pinned(tag: str) -> str:
    return f"images: [{{name: quay.io/argoproj/argocd, newTag: {tag}}}]\n"


def test_production_waits_for_the_version_that_the_test_of_staging_has_seen(
    checkout: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    overlays = {where: f"{where}/kustomization.yaml" for where in (STAGING, PRODUCTION)}
    files = {**repository(), ".github/argofix.yaml": f"argocd: {{smokeTest: {SCRIPT}}}\n"}
    files |= {path: files[path] + pinned("v3.2.2") for path in overlays.values()}
    write(checkout, {path: text.encode() for path, text in files.items()})
    git(checkout, "init", "--quiet", "--initial-branch=main")
    # The files that it makes are written, too, and as others are.
    assert main(["add", "smoke-test", str(checkout), "--write"]) == 0, capsys.readouterr().err
    said = capsys.readouterr().err
    made = [f"{STAGING}/argocd-smoke-test{name}.yaml" for name in ("", "-namespace")]
    assert all(f"wrote {path}\n" in said for path in made)
    assert [(checkout / path).stat().st_mode & 0o777 for path in made] == [0o644, 0o644]

    def goes_to(tag: str, *places: str) -> str:
        """What is said of a change by which these go to a version, before it is merged."""
        git(checkout, "add", "--all")
        git(checkout, "commit", "--quiet", "--message=x")
        for where in places:
            path = checkout / overlays[where]
            path.write_text(path.read_text(encoding="utf-8").replace("v3.2.2", tag), encoding="utf-8")
        main(["check", str(checkout), "--base", "HEAD", "--only", "promotion-untested", "--notices"])
        return capsys.readouterr().out

    assert "promotion-untested" not in goes_to("v3.2.3", STAGING)
    assert "Staging has v3.2.3; look that its test passed" in goes_to("v3.2.3", PRODUCTION)
    git(checkout, "checkout", "--quiet", "HEAD~", ".")  # as it was before staging had it
    said = goes_to("v3.2.4", STAGING, PRODUCTION)
    assert f"{overlays[PRODUCTION]}:" in said  # the line that the change is about
    assert "v3.2.4 goes to production untested" in said and "1 error new in this change" in said


def test_a_file_that_nobody_knows_of_is_not_overwritten(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = {path: text.encode() for path, text in repository().items()}
    files[".github/argofix.yaml"] = f"argocd: {{smokeTest: {SCRIPT}}}\n".encode()
    ignored = f"{STAGING}/argocd-smoke-test.yaml"
    git(checkout, "init", "--quiet", "--initial-branch=main")
    write(checkout, {**files, ".gitignore": b"argocd-smoke-test.yaml\n", ignored: b"mine\n"})
    before = (checkout / STAGING / "kustomization.yaml").read_bytes()
    assert main(["add", "smoke-test", str(checkout), "--write"]) != 0
    assert f"{ignored} is there already; nothing was written" in capsys.readouterr().err
    assert (checkout / ignored).read_bytes() == b"mine\n"
    assert (checkout / STAGING / "kustomization.yaml").read_bytes() == before
