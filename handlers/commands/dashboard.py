"""`/argofix dashboard`"""

from __future__ import annotations

from bot.formats.writing.markdown import code
from checks.policy.file import PATH
from handlers.comments.command import Asked, Command, Permission, Reply
from handlers.proposals.dashboard import show
from handlers.proposals.fixes import on_default


async def run(asked: Asked) -> Reply:
    repo = asked.repo
    if repo.details.fork or repo.details.archived:
        return Reply("A fork or an archived repository gets no checklist.", ok=False)
    async with on_default(repo) as (tip, policy, evaluation):
        if policy.dashboard.enabled is False:
            return Reply(f"{code('dashboard')} of {code(PATH)} switches the checklist off.", ok=False)
        issue = await show(repo, evaluation, policy, tip, asked=True)
    if issue is None:
        branch = code(repo.details.default_branch)
        return Reply(f"There is no Application on {branch}, so there is nothing to list.", ok=False)
    return Reply(f"#{issue.number} has the checklist. Closing it switches it off.")


COMMAND = Command(
    "dashboard",
    "dashboard",
    "Opens an issue with what is wrong on the default branch, what can be fixed by ticking a box, and the checklist "
    "for Argo CD; it is kept up to date until somebody closes it.",
    Permission.WRITE,
    run,
)
