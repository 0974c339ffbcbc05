"""Fix pull requests: what should be open is worked out anew each time, and made so.

One branch and one pull request per pair of Applications. A pull request that a person closed stays closed; a branch
that a person pushed to is left alone.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass

from bot.evaluation import Evaluation
from bot.formats import fix_pull_request as text
from bot.github import comments, contents, pulls
from bot.github.client import GitHub
from bot.github.contents import FileChange
from bot.github.model import PullRequest
from checks.ownership.plan import FixPlan
from checks.ownership.prune import safety
from gitops.spans import apply_edits, edits_by_path
from handlers.desk import Desk

log = logging.getLogger(__name__)

PREFIX = "argofix/fix/"
_SETTLED = "What this fixed is no longer there on `{base}`, so there is nothing left to do."
_EDITED = "<!-- argofix:edited -->"


@dataclass(frozen=True, slots=True)
class Target:
    """Where fixes go: the branch they are merged into, its commit, and a prefix that keeps their names apart."""

    base: str
    tip: str
    scope: str = ""

    def branch(self, plan: FixPlan) -> str:
        return f"{PREFIX}{self.scope}{plan.key}"

    def key(self, plan: FixPlan) -> str:
        return f"{self.scope}{plan.key}"


async def settle(desk: Desk, evaluation: Evaluation, target: Target, *, on_demand: bool = False) -> list[PullRequest]:
    """Open, update and close fix pull requests until they are those of `evaluation.plans`.

    `on_demand` (somebody pressed the button) also reopens what a person had closed. Gives those that are open now.
    """
    github = desk.writing()
    open_now: list[PullRequest] = []
    wanted: set[str] = set()
    for plan in evaluation.plans:
        desk.context.check()
        wanted.add(target.branch(plan))
        pull = await _make_so(desk, github, evaluation, plan, target, on_demand)
        if pull is not None:
            open_now.append(pull)
    await _close_settled(desk, github, target, wanted)
    return open_now


async def close_all(desk: Desk, scope: str, why: str) -> None:
    """Close every fix pull request of a scope (its own pull request was merged or closed)."""
    github = desk.writing()
    for pull in await pulls.listed(github, desk.name):
        if _is_ours(desk, pull) and pull.head.ref.startswith(f"{PREFIX}{scope}"):
            await _close(desk, github, pull, why)


async def _make_so(
    desk: Desk, github: GitHub, evaluation: Evaluation, plan: FixPlan, target: Target, on_demand: bool
) -> PullRequest | None:
    branch = target.branch(plan)
    history = await pulls.listed(github, desk.name, state="all", head=branch)
    current = next((pull for pull in history if pull.state == "open"), None)
    if current is None and not on_demand and _closed_by_person(history):
        log.info("the fix was closed by a person and stays closed", extra={"branch": branch})
        return None
    head = await contents.branch_head(github, desk.name, branch)
    state = text.read_state(current.body) if current is not None else None
    if current is not None and state is not None and head is not None and head != state[1]:
        await _say_edited(desk, github, current)
        return current
    digest = text.digest(evaluation, plan)
    if current is not None and state is not None and state[0] == digest and current.base.ref == target.base:
        commit = state[1]  # the same edits: a new commit would only take away reviews
    else:
        commit = await _commit(desk, github, evaluation, plan, target)
        await _point(desk, github, branch, head, commit)
    body = text.body(evaluation, plan, target.key(plan), commit)
    title = text.title(plan)
    if current is not None:
        if current.body.replace("\r\n", "\n").strip() == body.strip() and current.title == title:
            return current
        return await pulls.update(github, desk.name, current.number, title=title, body=body)
    draft = safety(evaluation.snapshot, plan, evaluation.base).dangerous
    try:
        return await pulls.create(
            github, desk.name, head=branch, base=target.base, title=title, body=body, draft=draft
        )
    except pulls.AlreadyOpen:
        # An interrupted attempt got that far.
        found = await pulls.listed(github, desk.name, head=branch)
        return await pulls.update(github, desk.name, found[0].number, title=title, body=body) if found else None


async def _commit(desk: Desk, github: GitHub, evaluation: Evaluation, plan: FixPlan, target: Target) -> str:
    tree = evaluation.snapshot.tree
    changes: dict[str, FileChange] = {}
    for path, edits in edits_by_path(plan.edits).items():
        entry = tree.entry(path)
        mode = entry.mode if entry is not None else 0o100644
        changes[path] = FileChange(apply_edits(tree.read(path), edits), mode)
    return await contents.commit(
        github, desk.name, parent=target.tip, message=text.commit_message(plan), changes=changes
    )


async def _point(desk: Desk, github: GitHub, branch: str, head: str | None, commit: str) -> None:
    if head is None:
        await contents.create_branch(github, desk.name, branch, commit)
    else:
        await contents.move_branch(github, desk.name, branch, old=head, new=commit, force=True)


def _closed_by_person(history: list[PullRequest]) -> bool:
    """Whether the latest pull request of a branch was closed, unmerged, by somebody other than us."""
    latest = max(history, key=lambda pull: pull.number, default=None)
    return latest is not None and not latest.merged and latest.state == "closed" and text.CLOSED not in latest.body


async def _close_settled(desk: Desk, github: GitHub, target: Target, wanted: set[str]) -> None:
    for pull in await pulls.listed(github, desk.name, base=target.base):
        ours = _is_ours(desk, pull) and pull.head.ref.startswith(f"{PREFIX}{target.scope}")
        foreign_scope = not target.scope and "/" in pull.head.ref.removeprefix(PREFIX)
        if ours and not foreign_scope and pull.head.ref not in wanted:
            await _close(desk, github, pull, _SETTLED.format(base=target.base))


async def _close(desk: Desk, github: GitHub, pull: PullRequest, why: str) -> None:
    state = text.read_state(pull.body)
    head = await contents.branch_head(github, desk.name, pull.head.ref)
    if text.CLOSED not in pull.body:
        await comments.create(github, desk.name, pull.number, why)
        await pulls.update(github, desk.name, pull.number, body=f"{pull.body}\n\n{text.CLOSED}")
    await pulls.update(github, desk.name, pull.number, state="closed")
    if state is None or head == state[1]:  # commits of a person are not thrown away
        await contents.delete_branch(github, desk.name, pull.head.ref)


async def _say_edited(desk: Desk, github: GitHub, pull: PullRequest) -> None:
    identity = desk.context.services.identity
    body = f"{_EDITED}\nSomebody has pushed to this branch, so argofix leaves it alone from here on."
    await comments.sticky(
        github, desk.name, pull.number, mark=_EDITED, body=body, app_id=identity.id, slug=identity.slug
    )


def _is_ours(desk: Desk, pull: PullRequest) -> bool:
    # Anybody with write access could make a branch of that name; only our own pull requests are touched.
    return pull.author == desk.context.services.identity.login and not pull.from_fork
