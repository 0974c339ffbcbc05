"""Whoever asks for a fix is answered, whatever GitHub refuses: which rule, and what to do; never the raw request."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

import handlers.proposals.requested
from demo.story import PROPOSED
from tests.github import Fault, PullRequest, Repository, SimulatedGitHub, User, faults
from tests.github.rulesets import Rule
from tests.handlers.asking import asked
from tests.handlers.conftest import KUSTOMIZATION, OWNERSHIP, Bot, Gate, by_the_app, checked, proposed

OWN = "argofix/pr-1/infrastructure--api-backend"
RULES_PAGE = "rules?ref=refs%2Fheads%2Fargofix%2Fpr-1%2Finfrastructure--api-backend"
BYPASS = "can add the App `argofix` to the bypass list of the ruleset, or exclude `argofix/**/*` from its branches"
BY_HAND = "`argofix fix --write` makes the edits on a checkout of `copy`."
_FIXES = "<!-- argofix:fixes -->"

Prepare = Callable[[Repository], object]


def for_people(text: str) -> str:
    """No request line, no status, no Python, and something to do."""
    assert not re.search(r"\b(GET|POST|PATCH|DELETE|PUT) /|/repos/|api/v3|\{'|\b4\d\d\b|Error\b|None", text), text
    return text


def answers(pull: PullRequest) -> list[str]:
    bodies = [comment.body for comment in pull.issue.comments]
    return [for_people(body.partition("\n")[2]) for body in bodies if body.startswith(_FIXES)]


async def pressed(github: SimulatedGitHub, bot_: Bot, pull: PullRequest, user: User) -> str:
    await checked(github, pull)
    github.click(pull.repo, pull.checks[OWNERSHIP], "fix", user)
    await bot_.idle()
    (said,) = answers(pull)
    return said


@pytest.mark.parametrize(
    ("prepare", "told"),
    [
        (
            lambda repo: repo.rules.append(Rule("creation")),
            [
                "does not let argofix create the branch `" + OWN,
                "*Restrict creations*: only some may",
                BYPASS,
                RULES_PAGE,
            ],
        ),
        (
            lambda repo: repo.rules.append(
                Rule("branch_name_pattern", {"operator": "starts_with", "pattern": "team/"}, organization="acme")
            ),
            ["*Restrict branch names*: names of branches must begin with `team/`", "Somebody who administers `acme`"],
        ),
        (
            lambda repo: repo.rules.extend(
                [
                    Rule("file_path_restriction", {"restricted_file_paths": ["apps/**/*"]}),
                    Rule("required_signatures"),  # holds: GitHub signs what the App makes
                ]
            ),
            ["A rule forbids it:", "*Restrict file paths*", "to the bypass list of the ruleset ([rules"],
        ),
        (
            lambda repo: repo.rules.append(
                Rule(
                    "required_status_checks",
                    {"required_status_checks": [{"context": "build"}], "strict_required_status_checks_policy": False},
                    quiet=True,
                )
            ),
            ["It says only: Reference update failed.", "may be why:", "*Require status checks to pass*", BYPASS],
        ),
        (
            lambda repo: repo.rules.append(Rule("creation", says="Secret detected in content")),
            ["its push protection takes something in the files that are edited for a secret"],
        ),
        (
            lambda repo: repo.state.faults.append(
                Fault(
                    faults.Effect(
                        422,
                        {"Content-Type": "application/json"},
                        '{"message": "Validation Failed", "errors": [{"resource": "PullRequest", "code": "custom",'
                        ' "message": "Pull requests are restricted to collaborators"}]}',
                    ),
                    method="POST",
                    path=r"/pulls$",
                )
            ),
            [
                f"does not let argofix open a pull request from `{OWN}` into `copy`. It says: "
                "Validation Failed: Pull requests are restricted to collaborators.",
                BY_HAND,
            ],
        ),
    ],
    ids=["creation", "name", "paths", "quiet", "secret", "pull request"],
)
async def test_the_button_names_the_rule_and_what_to_do(
    github: SimulatedGitHub, bot_: Bot, alice: User, prepare: Prepare, told: list[str]
) -> None:
    repo, pull = await proposed(github, alice)
    await checked(github, pull)
    prepare(repo)
    said = await pressed(github, bot_, pull, alice)
    for part in told:
        assert part in said
    assert "press **Fix** again" in said or BY_HAND in said
    assert by_the_app(github, repo) == []
    assert await bot_.dead() == []  # it was answered; there is nothing to try again


async def test_a_command_is_told_the_same_and_following_the_advice_works(
    github: SimulatedGitHub, bot_: Bot, alice: User
) -> None:
    repo, pull = await proposed(github, alice)
    github.collaborator(repo, alice)
    await checked(github, pull)
    repo.rules.append(Rule("creation"))
    _, (said,) = await asked(github, bot_, pull, alice, "/argofix fix")
    assert BYPASS in for_people(said) and "then ask again" in said
    repo.rules[:] = [Rule("creation", bypass=(github.app,))]
    await asked(github, bot_, pull, alice, "/argofix fix")
    assert [fix.head_branch for fix in by_the_app(github, repo)] == [OWN]


async def test_a_fix_that_may_not_be_moved_says_so_when_asked(
    github: SimulatedGitHub, bot_: Bot, alice: User
) -> None:
    """Opened before the rule came; the pull request has moved on since."""
    repo, pull = await proposed(github, alice)
    await pressed(github, bot_, pull, alice)
    repo.rules.append(Rule("non_fast_forward"))
    mine = PROPOSED[KUSTOMIZATION]
    assert isinstance(mine, bytes)
    repo.push("copy", {KUSTOMIZATION: b"# first\r\n" + mine}, author=alice)
    await bot_.idle()
    said = await pressed(github, bot_, pull, alice)
    assert f"does not let argofix move the branch `{OWN}`" in said
    assert "*Block force pushes*: a branch may not be rebuilt on a newer commit (GitHub: Cannot force-push" in said
    assert any(
        "Cannot force-push to this branch" in reason for reason in await bot_.dead()
    )  # nobody was there to be told


async def test_a_classic_protection_is_told_as_such(github: SimulatedGitHub, bot_: Bot, alice: User) -> None:
    repo, pull = await proposed(github, alice)
    await pressed(github, bot_, pull, alice)
    repo.protected["argofix/**/*"] = (422, "Cannot force-push to a protected branch")
    mine = PROPOSED[KUSTOMIZATION]
    assert isinstance(mine, bytes)
    repo.push("copy", {KUSTOMIZATION: b"# first\r\n" + mine}, author=alice)
    await bot_.idle()
    said = await pressed(github, bot_, pull, alice)
    assert "past the branch protection rule whose pattern matches the branch" in said
    assert "/settings/branches)" in said


async def test_where_comments_are_locked_the_check_run_answers(
    github: SimulatedGitHub, bot_: Bot, alice: User
) -> None:
    repo, pull = await proposed(github, alice)
    await checked(github, pull)
    before = pull.checks[OWNERSHIP]
    title, summary, annotations = before.title, before.summary, len(before.annotations)
    repo.locked = True
    github.click(repo, before, "fix", alice)
    await bot_.idle()
    (fix,) = by_the_app(github, repo)
    run = pull.checks[OWNERSHIP]
    assert for_people(run.text or "").startswith(f"## Fix\n\n#{fix.number} fixes what this pull request brings in")
    assert (run.title, run.summary, len(run.annotations), run.conclusion) == (title, summary, annotations, "failure")


async def test_the_button_of_a_closed_or_overtaken_head_is_answered(
    github: SimulatedGitHub, bot_: Bot, alice: User
) -> None:
    repo, pull = await proposed(github, alice)
    await checked(github, pull)
    await bot_.idle()
    old = pull.checks[OWNERSHIP]
    repo.push("copy", {"README.md": "more\n"}, author=alice)
    await bot_.idle()
    github.click(repo, old, "fix", alice)
    await bot_.idle()
    assert "No open pull request ends with this commit" in (old.text or "") or answers(pull)
    before = len(by_the_app(github, repo))
    github.close(pull, alice)
    await bot_.idle()
    github.click(repo, pull.checks[OWNERSHIP], "fix", alice)
    await bot_.idle()
    run = pull.checks[OWNERSHIP]
    assert any("is closed" in said for said in answers(pull)) or "No open pull request" in (run.text or "")
    assert len([fix for fix in by_the_app(github, repo) if fix.open]) == 0 and before <= 1


async def test_what_time_does_not_heal_is_answered_at_the_last_attempt(
    github: SimulatedGitHub, bot_: Bot, alice: User
) -> None:
    repo, pull = await proposed(github, alice)
    await checked(github, pull)
    gate = Gate()
    github.faults.append(Fault(faults.Effect(502, gate=gate), method="POST", path=r"/git/trees", times=None))
    github.click(repo, pull.checks[OWNERSHIP], "fix", alice)
    await gate.reached()
    bot_.clock.offset += 24 * 3600.0
    gate.set()
    await bot_.idle()
    (said,) = answers(pull)
    assert said.startswith("This could not be done: GitHub says:")
    assert len(await bot_.dead()) == 1


async def test_a_mistake_of_ours_is_answered_without_its_inside(
    github: SimulatedGitHub, bot_: Bot, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    repo, pull = await proposed(github, alice)
    await checked(github, pull)

    async def broken(*_: object, **__: object) -> None:
        raise KeyError("inside")

    monkeypatch.setattr(handlers.proposals.requested, "settle", broken)
    github.click(repo, pull.checks[OWNERSHIP], "fix", alice)
    await bot_.idle()
    assert answers(pull) == ["This failed by a mistake in argofix; the server's log tells which."]
