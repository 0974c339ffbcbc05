"""The import contracts hold, and bite."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.project.repository import ROOT

PACKAGES = ("bot", "checks", "demo", "gitops", "handlers")
COMMAND = [sys.executable, "-c", "from importlinter.cli import lint_imports_command; lint_imports_command()"]


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("copy")
    for package in PACKAGES:
        shutil.copytree(ROOT / package, directory / package, ignore=shutil.ignore_patterns("__pycache__", "data"))
    shutil.copy(ROOT / "pyproject.toml", directory)
    return directory


def lint(directory: Path) -> tuple[int, str]:
    done = subprocess.run([*COMMAND, "--no-cache"], cwd=directory, capture_output=True, text=True, timeout=120)
    return done.returncode, done.stdout + done.stderr


VIOLATIONS = [
    ("gitops/files/spans.py", "import asyncio", "no I/O"),
    ("checks/ownership/keeper.py", "import subprocess", "no I/O"),
    ("gitops/files/tree.py", "import checks.policy", "one way"),
    ("gitops/files/tree.py", "import gitops.discovery.snapshot", "from files up"),
    ("bot/process/clock.py", "import bot.github.client", "from the process up"),
    ("checks/planning/bumps/plan.py", "import checks.planning.ownership.plan", "not one another"),
    ("checks/wording.py", "import bot.process.clock", "no I/O"),
    ("checks/ownership/first_synced.py", "import checks.sync_order.view", "what a finding is"),
    ("checks/ownership/keeper.py", "import checks.planning.proof", "what a finding is"),
    ("checks/render/render_failed.py", "import checks.secret_keys.knowledge", "what a finding is"),
    ("handlers/commands/help.py", "import handlers.comments.registry", "A command knows"),
    ("handlers/comments/look.py", "import handlers.commands.help", "A command knows"),
    ("bot/repositories/mirror.py", "import handlers.events.push", "knows the handlers"),
    ("handlers/events/push.py", "import bot.server.app", "one way"),
    ("bot/formats/reports/text.py", "import bot.repositories.git", "Formats are pure"),
    ("bot/rendering/driver.py", "import tests", "neither the tests"),
]


def test_the_contracts_hold_and_each_violation_is_refused(copy: Path) -> None:
    status, said = lint(copy)
    assert status == 0, said
    for module, line, _ in VIOLATIONS:
        target = copy / module
        target.write_text(f"{target.read_text()}\n\ndef _violation() -> None:\n    {line}\n")
    status, said = lint(copy)
    assert status == 1
    above, *below = re.split(r"\n-{4,}\n(?:-+\n)?", said)  # the name of a contract, underlined, and what breaks it
    broken: list[str] = []
    for piece in below:
        name = above.strip().rpartition("\n\n")[2]
        broken.append(" ".join(f"{name} {piece}".split()))
        above = piece
    for module, line, contract in VIOLATIONS:
        chain = f"{module.removesuffix('.py').replace('/', '.')} -> {line.removeprefix('import ')} (l."
        assert any(contract in told and chain in told for told in broken), (module, line, said)
