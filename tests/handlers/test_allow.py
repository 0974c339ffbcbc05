"""Who lets deletions pass, and what does not: attacks on `/argofix allow`."""

from __future__ import annotations

import re
import uuid

from tests.github import Comment, PullRequest, Repository, SimulatedGitHub, User
from tests.handlers.asking import asked
from tests.handlers.conftest import CHANGES, PASSED, Bot, Contents, checked, proposed, summary_of
from tests.handlers.test_changes import HELD, SHOP, WITHOUT, digest_of, told
from tests.handlers.test_reconcile import reconciled
from tests.scenarios import config_map

ALLOWS: Contents = {".github/argofix.yaml": "changes:\n  allow:\n  - PersistentVolumeClaim\n"}


async def held(github: SimulatedGitHub, user: User) -> tuple[Repository, PullRequest, str]:
    repo, pull = await proposed(github, user, before=SHOP, files=WITHOUT)
    github.collaborator(repo, user)
    assert await checked(github, pull) == HELD
    return repo, pull, digest_of(summary_of(pull, CHANGES))


async def push(github: SimulatedGitHub, bot_: Bot, pull: PullRequest, files: Contents) -> dict[str, str | None]:
    pull.repo.push("copy", files, author=pull.repo.owner)
    await bot_.idle()
    return await checked(github, pull)


def words(github: SimulatedGitHub, pull: PullRequest) -> list[Comment]:
    return [one for one in pull.issue.comments if one.user == github.app.bot and "\nAllowed by " in one.body]


async def test_what_only_looks_like_the_word_allows_nothing(github: SimulatedGitHub, bot_: Bot, alice: User) -> None:
    repo, pull, digest = await held(github, alice)
    wide = "".join(chr(ord(sign) + 0xFEE0) for sign in digest)
    for body in (
        f"> /argofix allow {digest} quoted",
        f"```\n/argofix allow {digest} code\n```",
        f"    /argofix allow {digest} code",
        f"see `/argofix allow {digest} x`",
        f"<!-- /argofix allow {digest} hidden -->",
        f"/\u0430rgofix allow {digest} Cyrillic",
        f"/argofix \u0430llow {digest} Cyrillic",
        f"/argofix allow {wide} wide",
        f"/argofix allow {digest[:8]}\u200b{digest[8:]} invisible",
        f"/argofix allow {digest[:15]} shorter",
        f"/argofix allow {digest}0 longer",
        f"/argofix allow {digest}",
    ):
        github.comment(pull, alice, body)
    github.comment(pull, alice, f"/argofix allow {digest} in her name", via=github.new_app("assistant"))
    github.comment(pull, github.user("renovate[bot]", "Bot"), f"/argofix allow {digest} by a bot")
    await bot_.idle()
    assert (await checked(github, pull), words(github, pull)) == (HELD, [])
    # What the pull request says itself is no policy; on the default branch it is.
    assert await push(github, bot_, pull, ALLOWS) == HELD
    repo.push("main", ALLOWS, author=repo.owner)
    await bot_.idle()
    assert await checked(github, pull) == PASSED


async def test_a_word_that_was_taken_back_is_not_given_again_by_anybody_else(
    github: SimulatedGitHub, bot_: Bot, alice: User
) -> None:
    _, pull, digest = await held(github, alice)
    await asked(github, bot_, pull, alice, f"/argofix allow {digest} moved")
    (word,) = words(github, pull)
    assert await checked(github, pull) == PASSED
    mark = re.findall(r"<!-- argofix:allow:.*-->", word.body)[0]
    # Deleted, it counts no more, at once.
    github.delete_comment(pull, word, alice)
    await bot_.idle()
    assert await checked(github, pull) == HELD
    # Whoever has seen it puts it where we print it.
    assert await push(github, bot_, pull, {"web/y.yaml": config_map("y", note=f"\n{mark}\n{mark}")}) == HELD
    assert any(mark in body for body in told(pull))
    # Webhooks are sent again, under another name, too; and the server looks for what nobody told it of.
    (delivery,) = [
        each
        for each in github.deliveries
        if each.event == "issue_comment"
        and each.payload["comment"]["body"].endswith("moved")
        and each.action == "created"
    ]
    delivery.guid = str(uuid.uuid4())
    github.redeliver(delivery)
    await bot_.idle()
    assert "says so in a new comment" in pull.issue.comments[-1].body
    github.delete_comment(pull, pull.issue.comments[-1], alice)
    await bot_.stop()
    await reconciled(bot_)
    assert (await checked(github, pull), words(github, pull)) == (HELD, [])
    await asked(github, bot_, pull, alice, f"/argofix allow {digest} moved, really")
    assert await checked(github, pull) == PASSED
    # Edited, it counts no more either.
    (word,) = words(github, pull)
    github.edit_comment(pull, word, alice, word.body.replace("argofix:allow:", "argofix:allow:0"))
    await bot_.idle()
    assert await checked(github, pull) == HELD


async def test_a_word_counts_for_as_long_as_its_giver_may_push_and_for_one_branch(
    github: SimulatedGitHub, bot_: Bot, alice: User
) -> None:
    repo, pull, digest = await held(github, alice)
    repo.push("next", {"README.md": "next\n"}, author=repo.owner, base="main")
    await asked(github, bot_, pull, alice, f"/argofix allow {digest} moved")
    assert await checked(github, pull) == PASSED
    github.collaborator(repo, alice, "read")
    assert await push(github, bot_, pull, {"README.md": "1\n"}) == HELD
    github.collaborator(repo, alice, "maintain")
    assert await push(github, bot_, pull, {"README.md": "2\n"}) == PASSED
    github.retarget(pull, "next", alice)
    await bot_.idle()
    assert digest_of(summary_of(pull, CHANGES)) == digest
    assert await checked(github, pull) == HELD
