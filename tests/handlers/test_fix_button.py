"""The **Fix** button: what it opens, against which branch, and what it says."""

from __future__ import annotations

from demo.story import BEFORE, PROPOSED
from tests.github import CheckRun, PullRequest, SimulatedGitHub, User
from tests.handlers.conftest import KUSTOMIZATION, OWNERSHIP, Bot, Contents, body_of, by_the_app, checked, proposed
from tests.scenarios import application, config_map, documents, kustomization

OWN = "argofix/pr-1/infrastructure--api-backend"
PAIR: Contents = {
    "apps.yaml": documents(application("a", "a"), application("b", "b")),
    "a/kustomization.yaml": kustomization("x.yaml", "a.yaml"),
    "a/a.yaml": config_map("a"),
    "a/x.yaml": config_map("x"),
    "b/kustomization.yaml": kustomization("y.yaml", "b.yaml"),
    "b/b.yaml": config_map("b"),
    "b/y.yaml": config_map("y"),
}


async def pressed(
    github: SimulatedGitHub, bot_: Bot, pull: PullRequest, user: User, run: CheckRun | None = None
) -> str:
    """Press the button (of `run`, or as it is shown now); gives the one comment that answers."""
    await checked(github, pull)
    github.click(pull.repo, run or pull.checks[OWNERSHIP], "fix", user)
    await bot_.idle()
    (comment,) = [c.body for c in pull.issue.comments if c.body.startswith("<!-- argofix:fixes -->")]
    return comment.removeprefix("<!-- argofix:fixes -->\n")


def told(fix: PullRequest) -> str:
    return f"#{fix.number} fixes what this pull request brings in; merge it into `{fix.base_branch}`."


async def test_it_is_answered_in_one_comment_however_often_it_is_pressed(
    github: SimulatedGitHub, bot_: Bot, alice: User
) -> None:
    repo, pull = await proposed(github, alice)
    said = [await pressed(github, bot_, pull, alice) for _ in range(2)]
    (fix,) = by_the_app(github, repo)
    assert fix.head_branch == OWN
    assert said == [f"{told(fix)}\n\nOne more conflict needs a person; the check run says why."] * 2


async def test_its_edits_are_those_of_the_branch_itself(github: SimulatedGitHub, bot_: Bot, alice: User) -> None:
    """Main has moved on in the same file: the fix must merge into the branch without bringing that along."""
    repo = github.repository("acme/platform", BEFORE)
    github.install(repo)
    repo.push("copy", PROPOSED, author=alice)
    old = BEFORE[KUSTOMIZATION]
    assert isinstance(old, bytes)
    repo.push("main", {KUSTOMIZATION: b"# moved on\r\n" + old}, author=alice)
    pull = github.open_pull(repo, "copy", title="Copy", user=alice)
    await pressed(github, bot_, pull, alice)
    (fix,) = by_the_app(github, repo)
    mine = PROPOSED[KUSTOMIZATION]
    assert isinstance(mine, bytes)
    lines = mine.splitlines(keepends=True)
    wanted = b"".join(lines[:5] + lines[6:7] + lines[8:])
    assert repo.file(KUSTOMIZATION, fix.head_branch) == wanted
    assert repo.git.commit_data(repo.branch(OWN) or "").parents == (repo.branch("copy"),)


async def test_what_it_opened_follows_the_branch(github: SimulatedGitHub, bot_: Bot, alice: User) -> None:
    repo, pull = await proposed(github, alice)
    await pressed(github, bot_, pull, alice)
    (fix,) = by_the_app(github, repo)
    mine = PROPOSED[KUSTOMIZATION]
    assert isinstance(mine, bytes)
    repo.push("copy", {KUSTOMIZATION: b"# first\r\n" + mine}, author=alice)
    await bot_.idle()
    assert [p.open for p in by_the_app(github, repo)] == [True]
    assert (repo.file(KUSTOMIZATION, OWN) or b"").startswith(b"# first\r\n")
    repo.push("copy", {KUSTOMIZATION: BEFORE[KUSTOMIZATION]}, author=alice)
    await bot_.idle()
    assert [p.open for p in by_the_app(github, repo)] == [False]
    assert "nothing left to do" in fix.issue.comments[-1].body
    assert repo.branch(OWN) is None


async def test_what_was_there_before_is_fixed_on_the_base(github: SimulatedGitHub, bot_: Bot, alice: User) -> None:
    """Both kinds at once: one pull request for each branch, told apart in the comment."""
    shared: Contents = {"a/old.yaml": config_map("old"), "b/old.yaml": config_map("old")}
    before: Contents = {
        **PAIR,
        **shared,
        "apps.yaml": documents(*(application(name, name) for name in "abc")),
        "a/kustomization.yaml": kustomization("x.yaml", "a.yaml", "old.yaml"),
        "b/kustomization.yaml": kustomization("y.yaml", "b.yaml", "old.yaml"),
        "c/kustomization.yaml": kustomization("c.yaml"),
        "c/c.yaml": config_map("c"),
    }
    files: Contents = {"c/kustomization.yaml": kustomization("c.yaml", "x.yaml"), "c/x.yaml": config_map("x")}
    repo, pull = await proposed(github, alice, before=before, files=files)
    await bot_.idle()
    (known,) = by_the_app(github, repo)
    said = await pressed(github, bot_, pull, alice)
    (same, own) = by_the_app(github, repo)
    assert (same, same.base_branch, own.base_branch) == (known, "main", "copy")
    assert said == f"{told(own)}\n\n#{known.number} fixes what was on `main` before."


async def test_what_only_the_merge_brings_cannot_be_fixed_on_the_branch(
    github: SimulatedGitHub, bot_: Bot, alice: User
) -> None:
    repo = github.repository("acme/platform", PAIR)
    github.install(repo)
    change: Contents = {
        "b/kustomization.yaml": kustomization("y.yaml", "b.yaml", "z.yaml"),
        "b/z.yaml": config_map("z"),
    }
    repo.push("side", change, author=alice)
    repo.push("main", {"a/x.yaml": config_map("z")}, author=alice)
    pull = github.open_pull(repo, "side", title="z", user=alice)
    said = await pressed(github, bot_, pull, alice)
    assert said == "This comes only from merging with `main`: merge `main` into `side`, then press **Fix** again."
    assert by_the_app(github, repo) == []


async def test_a_base_other_than_the_default_branch_has_fixes_of_its_own(
    github: SimulatedGitHub, bot_: Bot, alice: User
) -> None:
    """The same pair of Applications on `main` and on `next`: two branches, or they would overwrite each other."""
    repo = github.repository("acme/platform", {**BEFORE, **PROPOSED})
    github.install(repo)
    await bot_.idle()
    (main,) = by_the_app(github, repo)
    head = repo.branch(main.head_branch)
    repo.push("next", {"README.md": "next\n"}, author=alice)
    repo.push("side", {"README.md": "side\n"}, author=alice, base="next")
    pull = github.open_pull(repo, "side", title="Side", base="next", user=alice)
    said = await pressed(github, bot_, pull, alice)
    (_, other) = by_the_app(github, repo)
    assert said.startswith(f"#{other.number} fixes what was on `next` before.")
    assert (main.base_branch, repo.branch(main.head_branch)) == ("main", head)
    assert (other.base_branch, other.head_branch.startswith("argofix/on-")) == ("next", True)
    # The next push to main leaves it alone.
    repo.push("main", {"README.md": "main\n"}, author=alice)
    await bot_.idle()
    assert other.open


async def test_from_a_fork_it_still_fixes_what_was_there_before(github: SimulatedGitHub, bot_: Bot) -> None:
    repo = github.repository("acme/platform", {**BEFORE, **PROPOSED})
    github.install(repo)
    await bot_.idle()
    (known,) = by_the_app(github, repo)
    mallory = github.user("mallory")
    fork = github.fork(repo, mallory)
    fork.push("readme", {"README.md": "x\n"}, author=mallory)
    pull = github.open_pull(repo, "readme", title="Readme", user=mallory, head_repo=fork)
    said = await pressed(github, bot_, pull, mallory)
    assert said.startswith(f"#{known.number} fixes what was on `main` before.")
    assert "fork" not in said


async def test_without_permission_to_push_it_says_so(github: SimulatedGitHub, bot_: Bot, alice: User) -> None:
    repo = github.repository("acme/platform", BEFORE)
    github.install(repo, permissions={**github.app.permissions, "contents": "read"})
    repo.push("copy", PROPOSED, author=alice)
    pull = github.open_pull(repo, "copy", title="Copy", user=alice)
    said = await pressed(github, bot_, pull, alice)
    assert said.startswith("GitHub does not let argofix do that: its installation needs *Contents: write*.")
    assert by_the_app(github, repo) == []


async def test_a_closed_fix_opens_again_with_the_commits_that_others_left_on_it(
    github: SimulatedGitHub, bot_: Bot, alice: User
) -> None:
    repo, pull = await proposed(github, alice)
    await pressed(github, bot_, pull, alice)
    (fix,) = by_the_app(github, repo)
    mine = repo.push(OWN, {"NOTES.md": "mine\n"}, author=alice)
    github.close(fix, alice)
    said = await pressed(github, bot_, pull, alice)
    assert said.startswith(f"#{fix.number} fixes what this pull request brings in")
    assert repo.branch(OWN) == mine
    assert fix.open


async def test_a_fix_closed_by_a_person_stays_closed_as_its_branch_moves_on(
    github: SimulatedGitHub, bot_: Bot, alice: User
) -> None:
    repo, pull = await proposed(github, alice)
    await pressed(github, bot_, pull, alice)
    (fix,) = by_the_app(github, repo)
    github.close(fix, alice)
    repo.push("copy", {"README.md": "more\n"}, author=alice)
    await bot_.idle()
    assert [p.open for p in by_the_app(github, repo)] == [False]
    await pressed(github, bot_, pull, alice)
    assert [p.open for p in by_the_app(github, repo)] == [True]


async def test_there_may_be_nothing_left_by_the_time_it_is_pressed(
    github: SimulatedGitHub, bot_: Bot, alice: User
) -> None:
    """The button of a run whose conflict the moved base has settled meanwhile, on a page that was loaded before."""
    repo, pull = await proposed(github, alice)
    await checked(github, pull)
    await bot_.idle()
    old = pull.checks[OWNERSHIP]
    gone: Contents = {
        "apps/infrastructure/kustomization.yaml": kustomization("config.yaml"),
        "apps/infrastructure/config.yaml": config_map("infrastructure"),
    }
    repo.push("main", gone, author=alice)
    await bot_.idle()
    assert pull.checks[OWNERSHIP].actions == []
    said = await pressed(github, bot_, pull, alice, old)
    assert said.startswith("There is nothing here that argofix can prove a fix for")
    assert by_the_app(github, repo) == []


async def test_the_fix_of_a_pull_request_is_ready_and_says_that_nothing_is_deployed(
    github: SimulatedGitHub, bot_: Bot, alice: User
) -> None:
    repo, pull = await proposed(github, alice)
    await pressed(github, bot_, pull, alice)
    (fix,) = by_the_app(github, repo)
    assert not fix.draft
    assert "does not bring these in on the base branch" in body_of(fix)
    assert "[!WARNING]" not in body_of(fix)
