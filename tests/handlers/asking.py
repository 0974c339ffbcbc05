"""Comments with commands, and what is answered."""

from __future__ import annotations

from tests.github import Comment, PullRequest, Repository, SimulatedGitHub, User
from tests.github.repository import Issue
from tests.handlers.conftest import Bot


def answers(github: SimulatedGitHub, issue: Issue) -> list[str]:
    """The answers, oldest first, without their marks."""
    texts = [comment.body for comment in issue.comments if comment.user == github.app.bot]
    return [text.partition("\n\n")[2] for text in texts if text.startswith("<!-- argofix:answer:")]


def reactions(comment: Comment) -> list[str]:
    return [reaction.content for reaction in comment.reactions]


async def asked(
    github: SimulatedGitHub, bot_: Bot, pull: PullRequest, user: User, body: str
) -> tuple[Comment, list[str]]:
    """Comment, and wait. Gives the comment and the answers that came."""
    before = len(answers(github, pull.issue))
    comment = github.comment(pull, user, body)
    await bot_.idle()
    return comment, answers(github, pull.issue)[before:]


async def quiet(github: SimulatedGitHub, bot_: Bot, repo: Repository, user: User) -> PullRequest:
    """A pull request that changes nothing that is rendered."""
    repo.push("quiet", {"NOTES.md": "x\n"}, author=user)
    pull = github.open_pull(repo, "quiet", title="Quiet", user=user)
    await bot_.idle()
    return pull


async def asked_on_issue(
    github: SimulatedGitHub, bot_: Bot, repo: Repository, user: User, body: str
) -> tuple[Comment, list[str]]:
    """The same on an issue that is opened for it."""
    issue = github.issue(repo, "Question", user)
    comment = github.comment_on(repo, issue, user, body)
    await bot_.idle()
    return comment, answers(github, issue)
