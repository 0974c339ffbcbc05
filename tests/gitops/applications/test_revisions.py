"""An Application is judged by the branch that it follows, and by no other."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from bot.cli.checkout import open_checkout
from bot.rendering.driver import Engine
from bot.rendering.evaluation import evaluate
from checks.policy.file import Policy
from gitops.applications.repositories import RepositoryMatcher
from gitops.applications.revisions import HEAD, Revisions
from gitops.discovery.snapshot import Snapshot
from gitops.resources.rendering import NotAnalysed, Rendered
from tests.gitops.discovery.test_discovery import application_set
from tests.scenarios import URL, Files, application, config_map, documents, tree

ON_MAIN = Revisions("main")
FILES = {"a/m.yaml": config_map("m")}


async def seen(engine: Engine, revisions: Revisions, files: Files) -> Snapshot:
    matcher = RepositoryMatcher.of_urls([URL], revisions)
    return (await evaluate(engine, tree({**FILES, **files}), None, matcher, Policy())).snapshot


def following(*revisions: str, path: str = "a") -> Files:
    apps = (application(f"app-{i}", path, source={"targetRevision": r}) for i, r in enumerate(revisions))
    return {"apps.yaml": documents(*apps)}


@pytest.mark.parametrize("revision", ["main", "HEAD", "", "refs/heads/main", "${BRANCH}"])
async def test_what_follows_this_branch_is_judged(engine: Engine, revision: str) -> None:
    (state,) = (await seen(engine, ON_MAIN, following(revision))).states
    assert isinstance(state.rendering, Rendered)


@pytest.mark.parametrize(
    "revision",
    ["stable", "release-1.2", "refs/heads/dev", "env/prod", "1.x", ">=1.0", "mainline", "v1.2.3", "0" * 40],
)
@pytest.mark.parametrize("path", ["a", "only/there"])
async def test_what_follows_another_is_not(engine: Engine, revision: str, path: str) -> None:
    evaluation = await evaluate(
        engine,
        tree({**FILES, **following("main", revision, path=path), "a/n.yaml": config_map("n")}),
        None,
        RepositoryMatcher.of_urls([URL], ON_MAIN),
        Policy(),
    )
    other = evaluation.snapshot.states[1].rendering
    assert isinstance(other, NotAnalysed)
    assert other.follows == revision.removeprefix("refs/heads/")
    assert [f for f in evaluation.findings if "app-1" in f.applications] == []
    assert any("app-1" in gap for gap in evaluation.gaps)


async def test_a_generator_that_reads_another_branch_is_unknown(engine: Engine) -> None:
    def files(revision: str) -> Files:
        generator = {"git": {"repoURL": URL, "revision": revision, "directories": [{"path": "a"}]}}
        return {"set.yaml": application_set("set", generator).replace("{{name}}", "{{path.basename}}")}

    assert [state.application.name for state in (await seen(engine, ON_MAIN, files("HEAD"))).states] == ["a"]
    (unknown,) = (await seen(engine, ON_MAIN, files("stable"))).unknown
    assert "'stable'" in unknown.reason
    assert unknown.refused is None


VOTES = {HEAD: 1, "main": 3, "dev": 2}


@pytest.mark.parametrize(
    ("revisions", "names"),
    [
        # The server: a pull request changes the branch that it goes into, and HEAD is the default branch.
        (Revisions("main", "main", certain=True), {"main", HEAD}),
        (Revisions("dev", "main", certain=True), {"dev"}),
        (Revisions("topic", "main", certain=True), {"topic", "main", HEAD}),  # stacked on another pull request
        # The command line: a topic branch will be merged into the default branch.
        (Revisions("topic", "main"), {"topic", "main", HEAD}),
        (Revisions("main", "main"), {"main", HEAD}),
        (Revisions("main"), {"main", HEAD}),
        (Revisions("topic"), {"topic", "main", HEAD}),  # a shallow clone does not know its default branch
        (Revisions("dev", "main"), {"dev", "main", HEAD}),
        (Revisions("main", "dev"), {"main"}),  # most follow what is checked out: that is what it is
    ],
)
def test_the_branches_that_a_commit_stands_for(revisions: Revisions, names: set[str]) -> None:
    assert set(revisions.settled(VOTES).names or ()) == names


def test_without_a_trunk_the_branch_that_most_follow_is_the_default() -> None:
    assert set(Revisions("topic").settled({"trunk": 3, "dev": 1}).names or ()) == {"topic", "trunk", HEAD}
    assert set(Revisions("topic").settled({}).names or ()) == {"topic", HEAD}


async def test_where_nobody_tells_a_branch_none_is_called_another(engine: Engine) -> None:
    states = (await seen(engine, Revisions(), following("main", "stable", "v1.2.3"))).states
    assert [isinstance(state.rendering, Rendered) for state in states] == [True, True, False]


def git(directory: Path, *words: str) -> None:
    identity = ["-c", "user.name=a", "-c", "user.email=a@example.com"]
    subprocess.run(["git", *identity, *words], cwd=directory, check=True, capture_output=True)


@pytest.fixture
def origin(tmp_path: Path) -> Path:
    made = tmp_path / "origin"
    made.mkdir()
    git(made, "init", "-q", "-b", "trunk")
    git(made, "commit", "-q", "--allow-empty", "-m", "one")
    git(made, "branch", "release")
    return made


def test_a_checkout_tells_its_branches(tmp_path: Path, origin: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GITHUB_WORKSPACE", "CI_PROJECT_DIR"):
        monkeypatch.delenv(name, raising=False)
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "-q", str(origin), str(clone))
    git(clone, "checkout", "-q", "-b", "topic")

    def told(rev: str | None = None) -> Revisions:
        return open_checkout(clone, rev, None).matcher.revisions

    assert told() == Revisions("topic", "trunk")
    assert told("origin/release") == Revisions("release", "trunk")
    assert told("trunk") == Revisions("trunk", "trunk")
    assert told("HEAD~0") == Revisions("", "trunk")
    git(clone, "checkout", "-q", "--detach")
    assert told() == Revisions("", "trunk")
    monkeypatch.setenv("GITHUB_BASE_REF", "release")
    assert told() == Revisions("", "trunk")  # somebody else's run
    monkeypatch.setenv("GITHUB_WORKSPACE", str(clone))
    assert told() == Revisions("release", "trunk", certain=True)
