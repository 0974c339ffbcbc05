"""`/argofix ignore`: one pull request that adds one entry."""

from __future__ import annotations

import pytest

from demo.story import BEFORE
from tests.github import PullRequest, Repository, SimulatedGitHub, User
from tests.handlers.asking import asked, reactions
from tests.handlers.conftest import OWNERSHIP, Bot, Contents, body_of, by_the_app, checked, proposed, summary_of

PATH = ".github/argofix.yaml"
ENTRY = "ignore duplicate-owner ServiceAccount/shop/api-backend-sa"


async def ready(
    github: SimulatedGitHub, bot_: Bot, user: User, config: Contents | None = None
) -> tuple[Repository, PullRequest]:
    repo, pull = await proposed(github, user, before={**BEFORE, **(config or {})})
    github.collaborator(repo, user)
    await bot_.idle()
    return repo, pull


async def test_it_adds_the_entry_and_nothing_else(github: SimulatedGitHub, bot_: Bot, alice: User) -> None:
    config = b"# ours\r\ninstances:\r\n  one: [bootstrap]   # all\r\n"
    repo, pull = await ready(github, bot_, alice, {PATH: config})
    comment, (said,) = await asked(github, bot_, pull, alice, f"/argofix {ENTRY} both teams write -it, @bob")
    (opened,) = by_the_app(github, repo)
    assert f"#{opened.number} adds the entry to `{PATH}`; 1 finding is ignored once it is merged." in said
    assert opened.base_branch == "main"
    assert repo.file(PATH, opened.head_branch) == config + (
        b"ignore:\r\n  - rule: duplicate-owner\r\n    resource: ServiceAccount/shop/api-backend-sa\r\n"
        b'    reason: "both teams write -it, @bob"\r\n'
    )
    body = body_of(opened)
    assert "`alice` asked for this [in #1](" in body and "@alice" not in body
    assert "@bob" not in body.partition("```")[0] and "@bob" not in opened.issue.title
    assert reactions(comment) == ["eyes", "rocket"]

    # Asked once more it is the same pull request; once merged, the finding counts as ignored.
    _, (said,) = await asked(github, bot_, pull, alice, f"/argofix {ENTRY} both teams write -it, @bob")
    assert by_the_app(github, repo) == [opened] and f"#{opened.number} adds" in said
    github.merge(opened, alice)
    await bot_.idle()
    await asked(github, bot_, pull, alice, "/argofix check")
    await checked(github, pull)
    assert f"1 finding is ignored by `{PATH}`." in summary_of(pull, OWNERSHIP)
    _, (said,) = await asked(github, bot_, pull, alice, f"/argofix {ENTRY} again")
    assert "That is ignored already: both teams write" in said


async def test_the_file_is_made_when_there_is_none(github: SimulatedGitHub, bot_: Bot, alice: User) -> None:
    repo, pull = await ready(github, bot_, alice)
    await asked(github, bot_, pull, alice, f"/argofix {ENTRY} 'until the move'")
    (opened,) = by_the_app(github, repo)
    assert (repo.file(PATH, opened.head_branch) or b"").startswith(b"ignore:\n  - rule: duplicate-owner\n")


@pytest.mark.parametrize(
    ("arguments", "wanted"),
    [
        ("duplicate-ovner X/y why", "There is no rule `duplicate-ovner`. Did you mean `duplicate-owner`?"),
        (
            "duplicate-owner Service/x why",
            "so the entry would hide nothing. What could be named:\n\n- `Namespace/shop`",
        ),
        ("duplicate-owner Namespace/shop", "`REASON` is missing."),
        ("duplicate-owner Namespace/shop it's", "A quote or a backslash is left open."),
    ],
)
async def test_what_makes_no_entry(
    github: SimulatedGitHub, bot_: Bot, alice: User, arguments: str, wanted: str
) -> None:
    repo, pull = await ready(github, bot_, alice)
    comment, (said,) = await asked(github, bot_, pull, alice, f"/argofix ignore {arguments}")
    assert wanted in said
    assert by_the_app(github, repo) == []
    assert reactions(comment) == ["eyes", "confused"]


async def test_a_file_that_cannot_be_edited_is_left_to_people(
    github: SimulatedGitHub, bot_: Bot, alice: User
) -> None:
    repo, pull = await ready(github, bot_, alice, {PATH: "a: [\n"})
    _, (said,) = await asked(github, bot_, pull, alice, f"/argofix {ENTRY} why")
    assert "is not valid YAML" in said and said.endswith("Add it by hand.")
    assert by_the_app(github, repo) == []
