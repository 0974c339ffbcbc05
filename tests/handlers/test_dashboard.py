"""The checklist as an issue: when it is there, what ticks do, and when nobody hears of it."""

from __future__ import annotations

from bot.formats.doctor.issue import MARK, boxes_of
from demo.story import BEFORE, PROPOSED
from tests.github import Repository, SimulatedGitHub, User
from tests.github.repository import Issue
from tests.handlers.asking import asked_on_issue
from tests.handlers.conftest import Bot, Contents, by_the_app

POLICY = ".github/argofix.yaml"
WITH_DUPLICATE: Contents = {**BEFORE, **PROPOSED}


def lists(github: SimulatedGitHub, repo: Repository) -> list[Issue]:
    return [issue for issue in repo.issues.values() if issue.user == github.app.bot and not issue.pull]


def text(issue: Issue) -> str:
    return issue.body or ""


async def started(
    github: SimulatedGitHub, bot_: Bot, user: User, *, policy: str | None = "dashboard: true\n"
) -> Repository:
    """A repository whose default branch has a conflict that a fix settles, after a push there."""
    repo = github.repository("acme/platform", BEFORE)
    github.collaborator(repo, user, "write")
    github.install(repo)
    files: Contents = {**PROPOSED, **({POLICY: policy} if policy is not None else {})}
    repo.push("main", files, author=user)
    await bot_.idle()
    return repo


def ticked(issue: Issue, key: str) -> str:
    line = f"- [ ] <!-- {key} -->"
    assert line in text(issue), text(issue)
    return text(issue).replace(line, line.replace("[ ]", "[x]"))


async def test_it_is_off_until_somebody_asks_for_it_and_closing_it_switches_it_off(
    github: SimulatedGitHub, bot_: Bot, alice: User
) -> None:
    repo = await started(github, bot_, alice, policy=None)
    assert lists(github, repo) == []
    _, (said,) = await asked_on_issue(github, bot_, repo, alice, "/argofix dashboard")
    (issue,) = lists(github, repo)
    assert f"#{issue.number} has the checklist." in said
    assert text(issue).startswith(f"{MARK}\n4 errors, ") and "### Checklist" in text(issue)
    github.close_issue(repo, issue, alice)
    repo.push("main", {"NOTES.md": "x\n"}, author=alice)
    await bot_.idle()
    assert (issue.state, len(lists(github, repo))) == ("closed", 1)
    await asked_on_issue(github, bot_, repo, alice, "/argofix dashboard")
    assert (issue.state, len(lists(github, repo))) == ("open", 1)
    assert not [comment for comment in issue.comments if comment.user == github.app.bot]


async def test_it_is_written_only_when_it_says_something_else(
    github: SimulatedGitHub, bot_: Bot, alice: User
) -> None:
    repo = await started(github, bot_, alice)
    (issue,) = lists(github, repo)
    (fix,) = by_the_app(github, repo)
    assert f"- #{fix.number} " in text(issue)
    before = (issue.updated_at, text(issue))
    github.edit_issue(repo, issue, alice, title="Renamed")
    bot_.clock.offset += 60
    await asked_on_issue(github, bot_, repo, alice, "/argofix dashboard")
    assert text(issue) == before[1]
    github.merge(fix, alice)
    await bot_.idle()
    assert len(lists(github, repo)) == 1  # known by its mark
    assert f"#{fix.number}" not in text(issue) and "Each resource has one owner" in text(issue)


async def test_a_tick_opens_a_fix_again_that_somebody_declined(
    github: SimulatedGitHub, bot_: Bot, alice: User
) -> None:
    repo = await started(github, bot_, alice)
    (issue,), (fix,) = lists(github, repo), by_the_app(github, repo)
    github.close(fix, alice)
    await bot_.idle()
    key = next(key for key in boxes_of(text(issue)) if key.startswith("again:"))
    github.edit_issue(repo, issue, alice, body=ticked(issue, key))
    await bot_.idle()
    assert fix.open
    assert "### Answers" in text(issue) and f"#{fix.number} is open." in text(issue)
    assert key not in boxes_of(text(issue))
    # The same once more finds it open.
    assert len(by_the_app(github, repo)) == 1


async def test_a_tick_of_somebody_who_may_not_push_is_answered_and_taken_back(
    github: SimulatedGitHub, bot_: Bot, alice: User
) -> None:
    repo = await started(github, bot_, alice)
    (issue,) = lists(github, repo)
    mallory = github.user("mallory")
    github.collaborator(repo, mallory, "triage")
    github.edit_issue(repo, issue, mallory, body=ticked(issue, "rescan"))
    await bot_.idle()
    assert "Look again: `mallory` has no write access here." in text(issue)
    assert boxes_of(text(issue))["rescan"] is False
    assert "@" not in text(issue)


async def test_what_is_ticked_for_something_that_is_gone_is_told(
    github: SimulatedGitHub, bot_: Bot, alice: User
) -> None:
    repo = await started(github, bot_, alice)
    (issue,), (fix,) = lists(github, repo), by_the_app(github, repo)
    github.close(fix, alice)
    await bot_.idle()
    key = next(key for key in boxes_of(text(issue)) if key.startswith("again:"))
    stale = ticked(issue, key)
    repo.push("main", {path: BEFORE.get(path) for path in PROPOSED}, author=alice)
    github.edit_issue(repo, issue, alice, body=stale)
    await bot_.idle()
    assert "there is nothing to fix any more at " in text(issue)
    assert not fix.open


async def test_a_text_that_somebody_wiped_is_written_again(github: SimulatedGitHub, bot_: Bot, alice: User) -> None:
    repo = await started(github, bot_, alice)
    (issue,) = lists(github, repo)
    whole = text(issue)
    github.edit_issue(repo, issue, alice, body="")
    await bot_.idle()
    assert text(issue) == whole
    github.edit_issue(repo, github.issue(repo, "Mine", alice, f"{MARK}\n- [ ] <!-- rescan -->"), alice, body=MARK)
    await bot_.idle()
    assert len(lists(github, repo)) == 1


async def test_the_configuration_closes_it_with_the_reason_and_opens_it_again(
    github: SimulatedGitHub, bot_: Bot, alice: User
) -> None:
    repo = await started(github, bot_, alice)
    (issue,) = lists(github, repo)
    repo.push("main", {POLICY: "dashboard: false\n"}, author=alice)
    await bot_.idle()
    assert issue.state == "closed" and text(issue).endswith("`dashboard` of the configuration switches this off.\n")
    repo.push(
        "main", {POLICY: "dashboard: {label: argo}\nchecklist: {alerts: {not-wanted: by hand}}\n"}, author=alice
    )
    await bot_.idle()
    assert issue.state == "open" and "(not wanted: by hand)" in text(issue)


async def test_a_repository_without_issues_is_judged_all_the_same(
    github: SimulatedGitHub, bot_: Bot, alice: User
) -> None:
    repo = github.repository("acme/platform", BEFORE)
    repo.has_issues = False
    github.collaborator(repo, alice, "write")
    github.install(repo)
    repo.push("main", {**PROPOSED, POLICY: "dashboard: true\n"}, author=alice)
    await bot_.idle()
    assert lists(github, repo) == [] and await bot_.dead() == []
    assert len(by_the_app(github, repo)) == 1
