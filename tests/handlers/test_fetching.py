"""What one evaluation asks the git server for, and how often it starts git."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from typing import Any

import pytest

from tests.github import SimulatedGitHub, User
from tests.handlers.conftest import FAILED, PASSED, Bot, checked, proposed


class Counted:
    def __init__(self, github: SimulatedGitHub, monkeypatch: pytest.MonkeyPatch) -> None:
        self.commands: list[str] = []
        self._github = github
        popen = subprocess.Popen

        def opened(args: Sequence[str], **how: Any) -> Any:
            program, *words = args
            if program == "git" and words[0] not in ("-C", "http-backend"):  # those are the simulation's own
                self.commands.append(next(word for word in words if not word.startswith("-") and "=" not in word))
            return popen(args, **how)

        monkeypatch.setattr(subprocess, "Popen", opened)
        self.start()

    def start(self) -> None:
        self.commands.clear()
        self._before = len(self._github.requests)

    @property
    def requests(self) -> list[str]:
        paths = [r.path for r in self._github.requests[self._before :]]
        return [path.rpartition("/")[2] for path in paths if "info/refs" in path or "git-upload-pack" in path]


async def test_an_evaluation_fetches_its_commits_once_and_its_files_once(
    github: SimulatedGitHub, bot_: Bot, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    repo, pull = await proposed(github, alice, draft=True)
    await checked(github, pull)
    await bot_.idle()
    counted = Counted(github, monkeypatch)
    repo.push("copy", {"README.md": "more\n", "apps/more.yaml": "kind: X\n"}, author=alice)
    await bot_.idle()
    assert await checked(github, pull) == FAILED
    # Commits, trees and GitHub's merge; then the files that are new in them.
    assert counted.commands.count("fetch") == 2, counted.commands
    assert counted.requests.count("refs") == 2
    assert len(counted.requests) <= 5
    assert len(counted.commands) <= 16, " ".join(counted.commands)
    # What was looked at is looked at again without a request.
    counted.start()
    github.comment(pull, alice, "/argofix check")
    await bot_.idle()
    assert counted.requests == []


async def test_a_change_of_what_nobody_reads_brings_no_files(
    github: SimulatedGitHub, bot_: Bot, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    repo, pull = await proposed(github, alice, files={"README.md": "mine\n"})
    assert await checked(github, pull) == PASSED
    await bot_.idle()
    counted = Counted(github, monkeypatch)
    repo.push("copy", {"README.md": "more\n"}, author=alice)
    await bot_.idle()
    assert counted.commands.count("fetch") == 1, counted.commands
    assert counted.requests.count("refs") == 1
