"""The import contracts hold, and bite."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.project.repository import ROOT

PACKAGES = ("bot", "checks", "demo", "gitops", "handlers")
COMMAND = [sys.executable, "-c", "from importlinter.cli import lint_imports_command; lint_imports_command()"]


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    for package in PACKAGES:
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def lint(directory: Path) -> tuple[int, str]:
    done = subprocess.run([*COMMAND, "--no-cache"], cwd=directory, capture_output=True, text=True, timeout=120)
    return done.returncode, done.stdout + done.stderr


def test_the_contracts_hold(copy: Path) -> None:
    status, said = lint(copy)
    assert status == 0, said


@pytest.mark.parametrize(
    ("module", "line", "contract"),
    [
        ("gitops/files/spans.py", "import asyncio", "no I/O"),
        ("checks/ownership/keeper.py", "import subprocess", "no I/O"),
        ("gitops/files/tree.py", "import checks.policy", "one way"),
        ("gitops/files/tree.py", "import gitops.discovery.snapshot", "from files up"),
        ("bot/process/clock.py", "import bot.github.client", "from the process up"),
        ("checks/planning/bumps/plan.py", "import checks.planning.ownership.plan", "not one another"),
        ("checks/wording.py", "import bot.process.clock", "no I/O"),
        ("bot/repositories/mirror.py", "import handlers.events.push", "knows the handlers"),
        ("handlers/events/push.py", "import bot.server.app", "one way"),
        ("bot/formats/reports/text.py", "import bot.repositories.git", "Formats are pure"),
        ("bot/rendering/driver.py", "import tests.scenarios", "neither the tests"),
    ],
)
def test_a_violation_is_refused(copy: Path, module: str, line: str, contract: str) -> None:
    target = copy / module
    target.write_text(f"{target.read_text()}\n\ndef _violation() -> None:\n    {line}\n")
    status, said = lint(copy)
    assert status == 1
    broken = [text for text in said.splitlines() if " BROKEN" in text]
    assert any(contract in text for text in broken), said
