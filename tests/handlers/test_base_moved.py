"""A verdict that grew old: the base moved, so what merging gives is another thing than what was judged."""

from __future__ import annotations

import pytest

from bot.rendering.driver import Engine
from tests.github import PullRequest, Repository, SimulatedGitHub, User
from tests.handlers.conftest import CHANGES, FAILED, GATE, PASSED, TOLD, Bot, Contents, checked
from tests.scenarios import application, config_map, documents, kustomization, manifest

REPO: Contents = {
    "apps.yaml": documents(*(application(name, name) for name in "abc")),
    "a/kustomization.yaml": kustomization("a.yaml"),
    "a/a.yaml": config_map("from-a"),
    "b/b.yaml": config_map("from-b"),
    "c/c.yaml": config_map("from-c"),
    "README.md": "hello\n",
}
SHARED = config_map("shared")


async def opened(
    github: SimulatedGitHub, repo: Repository, user: User, branch: str, files: Contents, base: str = "main"
) -> PullRequest:
    repo.push(branch, files, author=user, base=base)
    pull = github.open_pull(repo, branch, title=branch, user=user, base=base)
    assert await checked(github, pull) == PASSED
    return pull


@pytest.fixture
async def repo(github: SimulatedGitHub, bot_: Bot) -> Repository:
    repo = github.repository("acme/platform", REPO)
    github.install(repo)
    await bot_.idle()
    return repo


def conclusions(pull: PullRequest) -> dict[str, str | None]:
    """Without `argofix / changes`, which tests of its own look at."""
    return {name: run.conclusion for name, run in pull.checks.items() if name != CHANGES}


async def pushed(bot_: Bot, repo: Repository, user: User, files: Contents, branch: str = "main") -> None:
    repo.push(branch, files, author=user)
    await bot_.idle()


async def test_both_green_alone_and_wrong_together(
    github: SimulatedGitHub, bot_: Bot, alice: User, repo: Repository
) -> None:
    pull = await opened(github, repo, alice, "mine", {"b/shared.yaml": SHARED})
    await pushed(bot_, repo, alice, {"c/shared.yaml": SHARED})
    assert conclusions(pull) == FAILED
    assert "shared" in (pull.checks[GATE].title or "")
    # What the base brought wrong, the base mends.
    await pushed(bot_, repo, alice, {"c/shared.yaml": None})
    assert conclusions(pull) == PASSED


async def test_another_base_than_the_default_branch(
    github: SimulatedGitHub, bot_: Bot, alice: User, repo: Repository
) -> None:
    repo.push("release", {"NOTES": "1\n"}, author=alice)
    pull = await opened(github, repo, alice, "mine", {"b/shared.yaml": SHARED}, base="release")
    other = await opened(github, repo, alice, "other", {"b/shared.yaml": SHARED})
    before = {name: run.id for name, run in other.checks.items()}
    await pushed(bot_, repo, alice, {"c/shared.yaml": SHARED}, branch="release")
    assert conclusions(pull) == FAILED
    assert {name: run.id for name, run in other.checks.items()} == before


async def test_a_base_that_takes_away_what_the_change_needs(
    github: SimulatedGitHub, bot_: Bot, alice: User, repo: Repository
) -> None:
    await pushed(bot_, repo, alice, {"c/secret.yaml": manifest("Secret", "token", "shop", stringData={"a": "b"})})
    source = {"secretKeyRef": {"name": "token", "key": "a"}}
    container = {"name": "x", "image": "x", "env": [{"name": "A", "valueFrom": source}]}
    pod = manifest("Pod", "x", "shop", spec={"containers": [container]})
    pull = await opened(github, repo, alice, "mine", {"b/pod.yaml": pod})
    await pushed(bot_, repo, alice, {"c/secret.yaml": manifest("Secret", "token", "shop", stringData={"b": "b"})})
    assert conclusions(pull)[GATE] == "failure"


async def test_a_base_that_conflicts_is_told_and_does_not_pass(
    github: SimulatedGitHub, bot_: Bot, alice: User, repo: Repository
) -> None:
    pull = await opened(github, repo, alice, "mine", {"README.md": "mine\n"})
    await pushed(bot_, repo, alice, {"README.md": "theirs\n"})
    assert conclusions(pull) == PASSED | {GATE: "failure"}
    assert pull.checks[GATE].title == "This branch conflicts with main, so what merging gives cannot be judged"
    await pushed(bot_, repo, alice, {"README.md": REPO["README.md"]})
    assert conclusions(pull) == PASSED


async def test_a_changed_configuration_counts_for_every_base(
    github: SimulatedGitHub, bot_: Bot, alice: User, repo: Repository
) -> None:
    await pushed(bot_, repo, alice, {"c/shared.yaml": SHARED})
    repo.push("release", {"NOTES": "1\n"}, author=alice)
    repo.push("mine", {"b/shared.yaml": SHARED}, author=alice, base="release")
    pull = github.open_pull(repo, "mine", title="mine", user=alice, base="release")
    assert await checked(github, pull) == FAILED
    await bot_.idle()
    ignore = "ignore:\n  - {rule: '*', resource: '*', reason: known}\n"
    await pushed(bot_, repo, alice, {".github/argofix.yaml": ignore})
    assert conclusions(pull) == PASSED


@pytest.mark.parametrize(
    "files",
    [{"README.md": "new\n"}, {"c/c.yaml": config_map("from-c", a="other")}, {"c/new.yaml": config_map("new")}],
)
async def test_what_concerns_nobody_costs_one_list_whatever_is_open(
    github: SimulatedGitHub,
    bot_: Bot,
    alice: User,
    repo: Repository,
    files: Contents,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pulls = [await opened(github, repo, alice, f"p{i}", {f"b/{i}.yaml": config_map(f"new-{i}")}) for i in range(4)]
    await bot_.idle()
    looks = []
    snapshot = Engine.snapshot

    async def counted(self: Engine, *args: object, **options: object) -> object:
        looks.append(args)
        return await snapshot(self, *args, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(Engine, "snapshot", counted)
    before = [{name: run.id for name, run in pull.checks.items()} for pull in pulls]
    asked = len(github.requests)
    await pushed(bot_, repo, alice, files)
    assert [{name: run.id for name, run in pull.checks.items()} for pull in pulls] == before
    requests = [r.operation for r in github.requests[asked:]]
    assert (
        sum(operation == "pulls/list" for operation in requests) <= 4
    )  # fixes, bumps and additions ask for their own
    assert not any(operation and operation.startswith("checks/") for operation in requests)
    assert len(looks) <= 3  # the tip for its fixes; the tip and what it was before


async def test_pull_requests_that_are_open_at_installation_are_judged(
    github: SimulatedGitHub, bot_: Bot, alice: User
) -> None:
    repo = github.repository("acme/platform", REPO)
    repo.push("release", {"NOTES": "1\n"}, author=alice)
    pulls = []
    for branch, base in (("one", "main"), ("two", "release")):
        repo.push(branch, {"c/shared.yaml": SHARED, f"{branch}.txt": "x\n"}, author=alice, base=base)
        pulls.append(github.open_pull(repo, branch, title=branch, user=alice, base=base))
    github.install(repo)
    await bot_.idle()
    assert [conclusions(pull) for pull in pulls] == [PASSED, PASSED]
    assert {name for pull in pulls for name in pull.checks} == TOLD
