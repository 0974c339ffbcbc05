"""`/argofix order`: what the pull request touches, or everything on an issue."""

from __future__ import annotations

from bot.formats.order.comment import MARK
from checks.policy.file import PATH
from demo.story import BEFORE
from tests.github import SimulatedGitHub, User, issues
from tests.handlers.asking import answers, asked, quiet, reactions
from tests.handlers.conftest import Bot, Contents, proposed


async def test_on_a_pull_request_it_tells_what_matters_for_it(
    github: SimulatedGitHub, bot_: Bot, alice: User
) -> None:
    before: Contents = {**BEFORE, PATH: "ownership:\n  keep:\n    Namespace/shop: api-backend\n"}
    repo, pull = await proposed(github, alice, before=before)
    await bot_.idle()
    comment, (said,) = await asked(github, bot_, pull, alice, "/argofix order")
    assert reactions(comment) == ["eyes", "rocket"]
    assert said.index("argocd app sync api-backend") < said.index("argocd app sync infrastructure")
    assert MARK not in said
    other = await quiet(github, bot_, repo, alice)
    _, (said,) = await asked(github, bot_, other, alice, "/argofix order")
    assert (
        "The order does not matter for what this pull request touches, and merging it deletes nothing in a cluster."
        in said
    )


async def test_on_an_issue_it_tells_the_whole_order(github: SimulatedGitHub, bot_: Bot, alice: User) -> None:
    repo, _ = await proposed(github, alice)
    issue = github.issue(repo, "Order?", alice)
    issues.add_comment(repo, issue, alice, "/argofix order")
    await bot_.idle()
    (said,) = answers(github, issue)
    assert "1. **`bootstrap`**" in said
    assert "2. **`infrastructure`**" in said
    assert "3. **`api-backend`**" in said
    assert (
        "`infrastructure` brings `ServiceAccount shop/api-backend-sa`, which `Deployment shop/api-backend` names"
        in said
    )
