"""Our own pull requests: a stable branch each, made anew when what it proposes changes, left alone when people act.

A branch that a person pushed to is left alone; a pull request that a person closed stays closed until somebody asks
for it (`handlers.proposals.again`); titles and descriptions that a person edited stay (`bot.formats.description`);
what is not ours is never touched, whatever it is called.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from bot.formats import description
from bot.formats.github.marks import CLOSED, closed_by_us, read_state
from bot.formats.refusal import Doing, said_by_github
from bot.formats.writing.markdown import details
from bot.github.client import GitHub
from bot.github.endpoints import contents, pulls
from bot.github.endpoints.contents import FileChange
from bot.github.errors import GitHubError, ServerFault, Unprocessable
from bot.github.model import PullRequest
from bot.process.errors import PermanentError
from gitops.files.spans import Edit, edited, edits_by_path
from gitops.files.tree import Tree
from handlers.repository import RepositoryContext

log = logging.getLogger(__name__)

_LEFT = "<!-- argofix:left -->"
_EDITED = "<!-- argofix:edited -->"


class Taken(Exception):
    """The branch holds commits that are not ours."""


class Refused(PermanentError):
    """GitHub does not let us do what a proposal takes; `cause` is its answer."""

    def __init__(self, doing: Doing, proposal: ProposedBranch, cause: GitHubError) -> None:
        super().__init__(f"GitHub does not let argofix {doing.words} {proposal.branch}: {said_by_github(cause)}")
        self.doing = doing
        self.branch = proposal.branch
        self.base = proposal.base
        self.cause = cause


@dataclass(frozen=True, slots=True)
class ProposedBranch:
    """A branch and its pull request as they should be.

    `parent` is the commit that the edits go on top of; equal `digest`s stand for equal edits, which need no new
    commit; `changes` and `body` (of the commit's id) are worked out only when needed.
    """

    branch: str
    base: str
    parent: str
    digest: str
    title: str
    message: str
    changes: Callable[[], Mapping[str, FileChange]]
    body: Callable[[str], str]
    draft: bool = False


async def propose(
    repo: RepositoryContext, github: GitHub, proposal: ProposedBranch, current: PullRequest | None
) -> PullRequest:
    """The pull request, made so; `current` is the one that is open from this branch.

    Raises `Taken` for a branch with commits of others and no pull request of ours, and `Refused`.
    """
    head = await contents.branch_head(github, repo.name, proposal.branch)
    state = read_state(current.body) if current is not None else None
    where_we_left_it = head is None or (state is not None and head == state[1])
    if head is not None and not where_we_left_it and not await _made_by_us(repo, github, head):
        if current is None:
            raise Taken
        await _say_edited(repo, github, current)
        return current
    same = state is not None and state == (proposal.digest, head)
    if current is not None and state is not None and same and current.base.ref == proposal.base:
        commit = state[1]  # the same edits: a new commit would only take away reviews
    else:
        with _attempt(Doing.COMMIT, proposal):
            commit = await contents.commit(
                github,
                repo.name,
                parent=proposal.parent,
                message=proposal.message,
                changes=proposal.changes(),
                key=repo.sealing_key,
            )
        with _attempt(Doing.CREATE if head is None else Doing.MOVE, proposal):
            if head is None:
                await contents.create_branch(github, repo.name, proposal.branch, commit)
            else:
                await contents.move_branch(github, repo.name, proposal.branch, old=head, new=commit, force=True)
    with _attempt(Doing.OPEN if current is None else Doing.CHANGE, proposal):
        return await _pull(repo, github, proposal, current, commit)


@contextmanager
def _attempt(doing: Doing, proposal: ProposedBranch) -> Iterator[None]:
    try:
        yield
    except GitHubError as error:
        if isinstance(error, PermanentError):
            raise Refused(doing, proposal, error) from error
        raise


async def history_of(repo: RepositoryContext, github: GitHub, branch: str) -> list[PullRequest]:
    """Our pull requests from this branch, open and closed, the newest first."""
    history = await pulls.listed(github, repo.name, state="all", head=branch)
    return [pull for pull in history if is_ours(repo, pull)]


async def open_below(
    repo: RepositoryContext, prefix: str, listed: Sequence[PullRequest] | None = None
) -> list[PullRequest]:
    """Our open pull requests from branches `argofix/<prefix>...`; `listed` are all that are open, where known."""
    if listed is None:
        listed = await pulls.listed(repo.github, repo.name)
    return [pull for pull in listed if is_ours(repo, pull) and pull.head.ref.startswith(f"argofix/{prefix}")]


def closed_by_person(pull: PullRequest) -> bool:
    """Whether it was closed, unmerged, by somebody other than us."""
    return not pull.merged and pull.state == "closed" and not closed_by_us(pull.body)


def declined(history: Iterable[PullRequest]) -> PullRequest | None:
    """The last pull request of a branch, where a person closed that."""
    latest = max(history, key=lambda pull: pull.number, default=None)
    return latest if latest is not None and closed_by_person(latest) else None


async def reopened(repo: RepositoryContext, github: GitHub, pull: PullRequest, base: str) -> PullRequest | None:
    """One that a person closed, open again; None where GitHub does not allow that, and another one is to be made.

    GitHub opens none again whose branch is gone, or was made or moved anew since it was closed.
    """
    head = await contents.branch_head(github, repo.name, pull.head.ref)
    if head != pull.head.sha or pull.base.ref != base:
        return None
    try:
        return await pulls.update(github, repo.name, pull.number, state="open")
    except Unprocessable as error:
        log.info("a pull request cannot be opened again", extra={"pull": pull.number, "reason": str(error)})
        return None


async def close(repo: RepositoryContext, github: GitHub, pull: PullRequest, why: str) -> None:
    """Close one of ours with a word why, and delete its branch unless others have pushed to it."""
    head = await contents.branch_head(github, repo.name, pull.head.ref)
    state = read_state(pull.body)
    ours = head is None or (state is not None and head == state[1]) or await _made_by_us(repo, github, head)
    if not ours:
        why += " The branch stays: it holds commits of others."
    await repo.sticky(pull.number, mark=CLOSED, body=why, github=github)
    shown = (await pulls.get(github, repo.name, pull.number)).body  # somebody may have edited it since it was listed
    body = shown if closed_by_us(shown) else f"{shown}\n\n{CLOSED}"
    # In one request: what was closed without the mark counts as closed by a person.
    await pulls.update(github, repo.name, pull.number, body=body, state="closed")
    if ours:
        await contents.delete_branch(github, repo.name, pull.head.ref)


def file_changes(tree: Tree, edits: Iterable[Edit]) -> dict[str, FileChange]:
    """What a commit of these edits changes, each file's mode as it is; a file of which nothing is left goes."""
    changes: dict[str, FileChange] = {}
    for path, grouped in edits_by_path(edits).items():
        entry = tree.entry(path)
        mode = entry.mode if entry is not None else 0o100644
        changes[path] = FileChange(edited(tree.present(path), grouped), mode)
    return changes


async def _pull(
    repo: RepositoryContext, github: GitHub, proposal: ProposedBranch, current: PullRequest | None, commit: str
) -> PullRequest:
    # As it will be shown: a digest of anything else would take our own words for a person's.
    text, title = github.as_sent(proposal.body(commit)), github.as_sent(proposal.title)
    if current is None:
        new = description.written(title, text)
        try:
            return await pulls.create(
                github,
                repo.name,
                head=proposal.branch,
                base=proposal.base,
                title=new.title,
                body=new.body,
                draft=proposal.draft,
            )
        except (pulls.AlreadyOpen, ServerFault) as error:
            # An answer was lost, or somebody opened one from our branch.
            found = await pulls.listed(github, repo.name, head=proposal.branch)
            current = next((pull for pull in found if is_ours(repo, pull)), None)
            if current is None and isinstance(error, ServerFault):
                raise
            if current is None:
                raise Taken from None
    wanted = description.merged(title, text, shown_title=current.title, shown_body=current.body)
    if description.same(wanted.body, current.body) and description.same(wanted.title, current.title):
        return current
    # Somebody may have edited it since it was listed.
    current = await pulls.get(github, repo.name, current.number)
    wanted = description.merged(title, text, shown_title=current.title, shown_body=current.body)
    if wanted.left:
        await _say_left(repo, github, current, text)
    return await pulls.update(
        github,
        repo.name,
        current.number,
        title=None if description.same(wanted.title, current.title) else wanted.title,
        body=None if description.same(wanted.body, current.body) else wanted.body,
    )


async def _made_by_us(repo: RepositoryContext, github: GitHub, commit: str) -> bool:
    """Whether a commit is the App's own and as the App left it. With a new key, what the old one sealed and no pull
    request records is left alone."""
    return await contents.made_by_us(github, repo.name, commit, repo.sealing_key)


async def _say_edited(repo: RepositoryContext, github: GitHub, pull: PullRequest) -> None:
    body = f"{_EDITED}\nSomebody has pushed to this branch, so argofix leaves it alone from here on."
    await repo.sticky(pull.number, mark=_EDITED, body=body, github=github)


async def _say_left(repo: RepositoryContext, github: GitHub, pull: PullRequest, text: str) -> None:
    """Tell what the description would say, where a person's words stand in its place and may have grown old."""
    ours = details("What argofix would write now", description.visible(text))
    if len(ours) > description.MOST - 1000:
        ours = "What argofix would write now is too long for a comment; `argofix fix` shows it on a checkout."
    said = f"{_LEFT}\nSomebody has edited the description, so argofix leaves it as it is.\n\n{ours}"
    await repo.sticky(pull.number, mark=_LEFT, body=said, github=github)


def is_ours(repo: RepositoryContext, pull: PullRequest) -> bool:
    """Whether we opened it."""
    # Anybody with write access could make a branch of that name; only our own pull requests are touched.
    return pull.author == repo.context.services.identity.login and not pull.from_fork
