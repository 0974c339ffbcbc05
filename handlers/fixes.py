"""Fix pull requests: what should be open is worked out anew each time, and made so.

One branch and one pull request per pair of Applications. A pull request that a person closed stays closed; a branch
that a person pushed to is left alone; what is not ours is never touched, whatever it is called.
"""

from __future__ import annotations

import hashlib
import logging
import re
from collections.abc import Sequence
from dataclasses import dataclass

from bot.errors import PermanentError
from bot.evaluation import Evaluation
from bot.fields import Fields
from bot.formats import fix_pull_request as text
from bot.formats.markdown import bullets, code, safe
from bot.github import comments, contents, pulls
from bot.github.client import GitHub
from bot.github.contents import FileChange
from bot.github.errors import Forbidden, NotFound, Suspended
from bot.github.model import PullRequest
from checks.ownership.plan import FixPlan
from checks.ownership.prune import safety
from gitops.rendering import NotAnalysed, RenderFailed
from gitops.spans import apply_edits, edits_by_path
from handlers.desk import Desk

log = logging.getLogger(__name__)

DEFAULT = "fix/"  # the scope of fixes against the default branch
_EDITED = "<!-- argofix:edited -->"
_UNSAFE = re.compile(r"[^A-Za-z0-9_-]+")


def scope_of(number: int) -> str:
    """The scope of fixes against the own branch of a pull request."""
    return f"pr-{number}/"


def scope_of_base(branch: str) -> str:
    """The scope of fixes against a branch that is not the default one."""
    return f"on-{hashlib.sha256(branch.encode()).hexdigest()[:8]}/"


@dataclass(frozen=True, slots=True)
class Target:
    """Where fixes go: the branch they are merged into, its commit, and a scope that keeps their names apart."""

    base: str
    tip: str
    scope: str = DEFAULT

    def branch(self, plan: FixPlan) -> str:
        return f"argofix/{self.scope}{plan.key}"

    def key(self, plan: FixPlan) -> str:
        return f"{self.scope.removeprefix(DEFAULT)}{plan.key}"


@dataclass(frozen=True, slots=True)
class Settled:
    """The fix pull requests that are open now, and the branches that hold what is not ours."""

    open: tuple[PullRequest, ...]
    taken: tuple[str, ...]


async def settle(desk: Desk, evaluation: Evaluation, target: Target, *, on_demand: bool = False) -> Settled:
    """Open, update and close fix pull requests until they are those of `evaluation.plans`.

    `on_demand` (somebody pressed the button) also opens what a person had closed. A fix that GitHub refuses for good
    does not keep the others from being made; its error is raised at the end.
    """
    github = desk.writing()
    open_now: list[PullRequest] = []
    taken: list[str] = []
    wanted: set[str] = set()
    refused: PermanentError | None = None
    for plan in evaluation.plans:
        desk.context.check()
        wanted.add(target.branch(plan))
        try:
            pull = await _Fix(desk, github, evaluation, plan, target).make_so(on_demand)
        except (Forbidden, NotFound, Suspended):
            raise  # that holds for all of them
        except PermanentError as error:
            log.warning("a fix was refused", extra={"branch": target.branch(plan), "reason": str(error)})
            refused = error
        except _Taken:
            log.warning("a branch is not ours to move", extra={"branch": target.branch(plan)})
            taken.append(target.branch(plan))
        else:
            open_now += [pull] if pull is not None else []
    for pull in await fixes_of(desk, target.scope):
        key = pull.head.ref.removeprefix(f"argofix/{target.scope}")
        if pull.base.ref == target.base and pull.head.ref not in wanted:
            if _unseen(evaluation, key):
                log.info("a fix is kept: its Applications do not render", extra={"branch": pull.head.ref})
            else:
                await _close(desk, github, pull, _why_settled(evaluation, key, target))
    if refused is not None:
        raise refused
    return Settled(tuple(open_now), tuple(taken))


async def fixes_of(desk: Desk, scope: str) -> list[PullRequest]:
    """Our open fix pull requests of a scope."""
    listed = await pulls.listed(desk.github, desk.name)
    return [pull for pull in listed if _is_ours(desk, pull) and pull.head.ref.startswith(f"argofix/{scope}")]


async def close_all(desk: Desk, scope: str, why: str) -> None:
    """Close every fix pull request of a scope (its own pull request was merged or closed)."""
    for pull in await fixes_of(desk, scope):
        await _close(desk, desk.writing(), pull, why)


class _Taken(Exception):
    """The branch holds commits that are not ours."""


@dataclass(frozen=True, slots=True)
class _Fix:
    """One plan on its way to a pull request."""

    desk: Desk
    github: GitHub
    evaluation: Evaluation
    plan: FixPlan
    target: Target

    @property
    def branch(self) -> str:
        return self.target.branch(self.plan)

    async def make_so(self, on_demand: bool) -> PullRequest | None:
        """The open pull request, or None when a person wants none. Raises `_Taken`."""
        desk, github = self.desk, self.github
        history = await pulls.listed(github, desk.name, state="all", head=self.branch)
        history = [pull for pull in history if _is_ours(desk, pull)]
        current = next((pull for pull in history if pull.state == "open"), None)
        if current is None and not on_demand and _closed_by_person(history):
            log.info("the fix was closed by a person and stays closed", extra={"branch": self.branch})
            return None
        head = await contents.branch_head(github, desk.name, self.branch)
        state = text.read_state(current.body) if current is not None else None
        where_we_left_it = head is None or (state is not None and head == state[1])
        if head is not None and not where_we_left_it and not await _made_by_us(desk, github, head):
            if current is None:
                raise _Taken
            await _say_edited(desk, github, current)
            return current
        digest = text.digest(self.evaluation, self.plan)
        same = state is not None and state == (digest, head)
        if current is not None and state is not None and same and current.base.ref == self.target.base:
            commit = state[1]  # the same edits: a new commit would only take away reviews
        else:
            commit = await self._commit()
            if head is None:
                await contents.create_branch(github, desk.name, self.branch, commit)
            else:
                await contents.move_branch(github, desk.name, self.branch, old=head, new=commit, force=True)
        return await self._pull(current, commit)

    async def _commit(self) -> str:
        tree = self.evaluation.snapshot.tree
        changes: dict[str, FileChange] = {}
        for path, edits in edits_by_path(self.plan.edits).items():
            entry = tree.entry(path)
            mode = entry.mode if entry is not None else 0o100644
            changes[path] = FileChange(apply_edits(tree.read(path), edits), mode)
        message = text.commit_message(self.plan)
        return await contents.commit(
            self.github, self.desk.name, parent=self.target.tip, message=message, changes=changes
        )

    async def _pull(self, current: PullRequest | None, commit: str) -> PullRequest | None:
        desk, github = self.desk, self.github
        body = text.body(self.evaluation, self.plan, self.target.key(self.plan), commit)
        title = text.title(self.plan)
        if current is None:
            draft = safety(self.evaluation.snapshot, self.plan, self.evaluation.base).dangerous
            try:
                return await pulls.create(
                    github, desk.name, head=self.branch, base=self.target.base, title=title, body=body, draft=draft
                )
            except pulls.AlreadyOpen:
                # An answer was lost, or somebody opened one from our branch.
                found = await pulls.listed(github, desk.name, head=self.branch)
                current = next((pull for pull in found if _is_ours(desk, pull)), None)
                if current is None:
                    raise _Taken from None
        if current.body.replace("\r\n", "\n").strip() == body.strip() and current.title == title:
            return current
        return await pulls.update(github, desk.name, current.number, title=title, body=body)


def _closed_by_person(history: Sequence[PullRequest]) -> bool:
    """Whether the latest pull request of a branch was closed, unmerged, by somebody other than us."""
    latest = max(history, key=lambda pull: pull.number, default=None)
    return (
        latest is not None and not latest.merged and latest.state == "closed" and not text.closed_by_us(latest.body)
    )


def _unseen(evaluation: Evaluation, key: str) -> bool:
    """Whether an Application of the pair cannot be seen at present: then nobody knows whether the fix is needed."""
    snapshot = evaluation.snapshot
    if snapshot.truncated:
        return True
    names = [state.application.name for state in snapshot.states]
    if snapshot.unknown and not all(any(_in_key(name, part) for name in names) for part in key.split("--")):
        return True  # it may be in an ApplicationSet that cannot be expanded
    return any(
        isinstance(state.rendering, RenderFailed | NotAnalysed) and _in_key(state.application.name, key)
        for state in snapshot.states
    )


def _why_settled(evaluation: Evaluation, key: str, target: Target) -> str:
    names = {name for finding in evaluation.findings for name in finding.applications if _in_key(name, key)}
    rest = [f for f in evaluation.findings if set(f.applications) == names and f.owners and f.suppressed is None]
    if not rest:
        return f"What this fixed is no longer there on {code(target.base)}, so there is nothing left to do."
    left = bullets((safe(finding.message) for finding in rest), most=5)
    return f"There is nothing left on {code(target.base)} that argofix can prove a fix for. For a person:\n\n{left}"


def _in_key(name: str, key: str) -> bool:
    """Whether the Application's name is one of those in a plan's key (`checks.ownership.plan`)."""
    slug = _UNSAFE.sub("-", name).strip("-.")[:40]
    return key.startswith(slug) or f"--{slug}" in key


async def _made_by_us(desk: Desk, github: GitHub, commit: str) -> bool:
    """Whether a commit is the App's own; GitHub signs those, so that nobody else can make one."""
    fields = Fields(await github.getitem(f"/repos/{desk.name}/git/commits/{{commit}}", commit=commit))
    verification = fields.inner_or_none("verification")
    signed = verification is not None and verification.flag("verified", False)
    return signed and fields.inner("author").text("name") == desk.context.services.identity.login


async def _close(desk: Desk, github: GitHub, pull: PullRequest, why: str) -> None:
    identity = desk.context.services.identity
    head = await contents.branch_head(github, desk.name, pull.head.ref)
    state = text.read_state(pull.body)
    ours = head is None or (state is not None and head == state[1]) or await _made_by_us(desk, github, head)
    if not ours:
        why += " The branch stays: it holds commits of others."
    await comments.sticky(
        github, desk.name, pull.number, mark=text.CLOSED, body=why, app_id=identity.id, slug=identity.slug
    )
    body = pull.body if text.closed_by_us(pull.body) else f"{pull.body}\n\n{text.CLOSED}"
    # In one request: what was closed without the mark counts as closed by a person.
    await pulls.update(github, desk.name, pull.number, body=body, state="closed")
    if ours:
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
