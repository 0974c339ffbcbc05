"""Pull requests that ask for more than anybody should: the real server ends each with one clear sentence."""

from __future__ import annotations

import asyncio
from uuid import uuid4

import pytest

from bot.repositories.blobs import Blobs, Neighbours
from bot.repositories.trees import Repository as Objects
from demo.story import BEFORE
from gitops.files.effort import Effort
from gitops.files.tree import Entry
from tests.bot.repositories.test_trees import sh
from tests.github import PullRequest, Repository, SimulatedGitHub, User
from tests.handlers.conftest import Bot, Contents, checked, proposed, summary_of
from tests.scenarios import application, documents


def bombed(repo: Repository, base: str, readme: bytes) -> str:
    """A commit on top of `base` that lists 10^9 files and a README. Two of them differ in the README only, so that
    the simulated GitHub can compare them."""
    where = repo.git.path
    inner = sh(where, "rev-parse", f"{repo.git.refs('refs/heads/')['refs/heads/main']}^{{tree}}")
    if readme != b"one":
        inner = sh(where, "rev-parse", f"{base}:bomb")
    else:
        for _ in range(9):
            entries = b"".join(b"040000 tree %s\td%d\n" % (inner.encode(), i) for i in range(10))
            inner = sh(where, "mktree", input=entries)
    blob = sh(where, "hash-object", "-w", "--stdin", input=readme)
    entries = b"100644 blob %s\tREADME\n040000 tree %s\tbomb\n" % (blob.encode(), inner.encode())
    return sh(where, "commit-tree", "-m", "x", "-p", base, sh(where, "mktree", input=entries))


async def all_done(github: SimulatedGitHub, pull: PullRequest) -> dict[str, str | None]:
    def done() -> bool:
        return "argofix" in pull.checks and all(run.status == "completed" for run in pull.checks.values())

    await github.wait_for(done, within=60)
    return {name: run.conclusion for name, run in pull.checks.items()}


async def test_a_tree_bomb_ends_with_one_sentence_and_others_are_served(
    github: SimulatedGitHub, bot_: Bot, alice: User
) -> None:
    repo = github.repository("acme/platform", BEFORE)
    github.install(repo)
    tip = repo.git.refs("refs/heads/")["refs/heads/main"]
    main = bombed(repo, tip, b"one")
    repo.git.update_ref("refs/heads/main", main)
    repo.git.update_ref("refs/heads/bomb", bombed(repo, main, b"two"))
    pull = github.open_pull(repo, "bomb", title="Ten to the ninth", user=alice)
    conclusions = await all_done(github, pull)
    assert "success" not in conclusions.values()
    assert "more than 300,000 files" in summary_of(pull, "argofix")
    assert conclusions["argofix"] == "failure"
    await bot_.idle()
    other = github.repository("acme/other", BEFORE)
    github.install(other)
    other.push("change", {"README.md": "hello\n"}, author=alice)
    second = github.open_pull(other, "change", title="Hello", user=alice)
    assert (await checked(github, second))["argofix"] == "success"


async def test_a_change_that_takes_too_long_to_render_does_not_pass(
    github: SimulatedGitHub, bot_: Bot, alice: User
) -> None:
    assert bot_.running is not None
    bot_.running.engine.grant = lambda: Effort(seconds=0.0)
    new = "apps/api-backend/kustomization.yaml"  # nobody has rendered it before
    text = b"# %s\n" % uuid4().hex.encode() + bytes(BEFORE[new])  # type: ignore[arg-type]
    _, pull = await proposed(github, alice, files={new: text})
    conclusions = await checked(github, pull)
    assert conclusions["argofix"] == "failure"
    assert "asks for more than argofix grants one evaluation" in summary_of(pull, "argofix")
    assert "s that argofix grants one evaluation; what is rendered is kept" in summary_of(pull, "argofix")


async def test_what_is_too_much_to_read_is_said(github: SimulatedGitHub, bot_: Bot, alice: User) -> None:
    assert bot_.running is not None
    bot_.running.engine.grant = lambda: Effort(steps=10)
    _, pull = await proposed(github, alice, files={"README.md": "hello\n"})
    conclusions = await all_done(github, pull)
    assert conclusions["argofix"] == "failure"
    assert "there is more to read in this commit than argofix reads for one evaluation" in summary_of(pull, "argofix")


@pytest.mark.parametrize("length", [5_000, 800_000])
async def test_a_path_that_is_too_long_is_a_finding(
    github: SimulatedGitHub, bot_: Bot, alice: User, length: int
) -> None:
    files: Contents = {"apps/long.yaml": documents(application("long", "a/" * (length // 2)))}
    _, pull = await proposed(github, alice, files=files)
    conclusions = await checked(github, pull)
    assert conclusions["argofix / render"] == "failure"
    assert "longer than 4,096 bytes, which no file system takes" in summary_of(pull, "argofix / render")


async def test_trees_and_configurations_are_read_in_threads(
    github: SimulatedGitHub, bot_: Bot, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every listing and every blob of a whole check."""
    on_the_loop: list[str] = []
    ask = Objects.tree

    def noted(self: Objects, rev: str) -> object:
        try:
            asyncio.get_running_loop()
            on_the_loop.append(rev)
        except RuntimeError:
            pass
        return ask(self, rev)

    read = Blobs.read

    def read_noted(self: Blobs, path: str, entry: Entry, near: Neighbours | None = None) -> bytes:
        try:
            asyncio.get_running_loop()
            on_the_loop.append(entry.oid)
        except RuntimeError:
            pass
        return read(self, path, entry, near)

    monkeypatch.setattr(Objects, "tree", noted)
    monkeypatch.setattr(Blobs, "read", read_noted)
    _, pull = await proposed(github, alice)
    assert (await checked(github, pull))["argofix"] == "failure"
    await bot_.idle()
    assert on_the_loop == []
