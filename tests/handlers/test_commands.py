"""Commands in comments: who is obeyed, once, and what is answered."""

from __future__ import annotations

import pytest

from demo.story import BEFORE
from tests.github import PullRequest, Repository, SimulatedGitHub, User
from tests.handlers.asking import answers, asked, quiet, reactions
from tests.handlers.conftest import TOLD, Bot, checked, proposed


@pytest.fixture
async def repo(github: SimulatedGitHub) -> Repository:
    repo = github.repository("acme/platform", BEFORE)
    github.install(repo)
    return repo


@pytest.fixture
async def pull(github: SimulatedGitHub, bot_: Bot, repo: Repository, alice: User) -> PullRequest:
    return await quiet(github, bot_, repo, alice)


async def test_help_is_a_table_of_what_there_is(
    github: SimulatedGitHub, bot_: Bot, pull: PullRequest, alice: User
) -> None:
    comment, (said,) = await asked(github, bot_, pull, alice, "/argofix help")
    assert said.startswith("> `/argofix help`\n\n| command | what it does | who |")
    assert "| `/argofix check` |" in said
    assert reactions(comment) == ["eyes", "rocket"]


async def test_check_evaluates_the_head_anew_and_tells_the_result(
    github: SimulatedGitHub, bot_: Bot, alice: User
) -> None:
    repo, pull = await proposed(github, alice)
    await checked(github, pull)
    await bot_.idle()
    before = len(repo.check_runs)
    comment, (said,) = await asked(github, bot_, pull, alice, "Once more, please.\n\n/argofix check\n")
    assert len(repo.check_runs) == before + len(TOLD)
    run = pull.checks["argofix / ownership"]
    assert f"#{run.id}" not in said and f"/{run.id}): **failure**. " in said
    assert run.title and run.title.split(" and ")[0].replace("`", "") in said
    assert reactions(comment) == ["eyes", "rocket"]


async def test_several_in_one_comment_are_answered_in_one_in_order(
    github: SimulatedGitHub, bot_: Bot, pull: PullRequest, alice: User
) -> None:
    comment, (said,) = await asked(github, bot_, pull, alice, "/argofix chekc\n/argofix help now\n/argofix check")
    first, second, third = said.split("> `/argofix ")[1:]
    assert first == "chekc`\n\nThere is no command `chekc`. Did you mean `/argofix check`?\n\n"
    assert second == "help now`\n\n`now` is one argument too many. It is written `/argofix help`.\n\n"
    assert third.startswith("check`\n\nLooked at ")
    assert reactions(comment) == ["eyes", "confused"]


async def test_quotes_and_code_are_not_obeyed(
    github: SimulatedGitHub, bot_: Bot, pull: PullRequest, alice: User
) -> None:
    comment, said = await asked(
        github, bot_, pull, alice, "> /argofix help\n\n```\n/argofix help\n```\nsee /argofix help"
    )
    assert (said, reactions(comment)) == ([], [])


async def test_bots_are_never_obeyed(github: SimulatedGitHub, bot_: Bot, pull: PullRequest, alice: User) -> None:
    renovate = github.user("renovate[bot]", "Bot")
    for user in (renovate, github.app.bot):
        comment, said = await asked(github, bot_, pull, user, "/argofix help")
        assert (said, reactions(comment)) == ([], [])
    # Neither what one writes into a person's comment, nor what a person writes into its own.
    for writer, editor in ((alice, renovate), (renovate, alice)):
        comment = github.comment(pull, writer, "Done.")
        github.edit_comment(pull, comment, editor, "/argofix help")
        await bot_.idle()
        assert (answers(github, pull.issue), reactions(comment)) == ([], [])


async def test_an_edit_asks_only_for_what_it_adds(
    github: SimulatedGitHub, bot_: Bot, pull: PullRequest, alice: User
) -> None:
    comment, _ = await asked(github, bot_, pull, alice, "/argofix check")
    github.edit_comment(pull, comment, alice, "Please:\n/argofix check\n/argofix help")
    await bot_.idle()
    (_, added) = answers(github, pull.issue)
    assert added.startswith("> `/argofix help`") and "`/argofix check`\n\n" not in added
    github.edit_comment(pull, comment, alice, "Thanks.\n/argofix help")
    await bot_.idle()
    assert len(answers(github, pull.issue)) == 2


async def test_a_thousand_commands_are_bounded(
    github: SimulatedGitHub, bot_: Bot, pull: PullRequest, alice: User
) -> None:
    before = len(github.requests)
    body = "\n".join(f"/argofix help {i}" for i in range(1000))
    comment, (said,) = await asked(github, bot_, pull, alice, body)
    assert said.count("one argument too many") == 10
    assert said.endswith("990 more commands left out: argofix obeys 10 in one comment.")
    assert len(github.requests) - before < 20
    assert reactions(comment) == ["eyes", "confused"]
