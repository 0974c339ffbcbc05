"""What every handler needs at hand for one repository: access to it, its mirror, its policy, evaluations."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial
from urllib.parse import quote

from bot.cluster.withheld import Withheld
from bot.fetching.fetcher import Fetching
from bot.github.app import FIX, REPORT, TALK, Permissions
from bot.github.client import GitHub
from bot.github.endpoints import comments, contents, pulls, repos
from bot.github.errors import Conflict, Forbidden, NotFound
from bot.github.events import RepositoryEvent
from bot.github.model import Comment, PullRequest, Repository
from bot.http.fields import Fields
from bot.process.errors import PermanentError
from bot.process.tenants import known_installation
from bot.rendering.evaluation import change_between, evaluate
from bot.rendering.outside import Outside
from bot.repositories.mirror import Mirror
from bot.repositories.trees import Repository as Objects
from bot.server.context import Context
from checks.judgement.evaluation import Evaluation
from checks.policy.file import Policy
from gitops.applications.repositories import RepositoryMatcher, RepositoryName, parse_repo_url
from gitops.applications.revisions import Revisions
from gitops.discovery.snapshot import Change, Snapshot
from gitops.facts.changes.live import LiveDifferences, Question
from gitops.files.spans import Span
from gitops.files.tree import Tree
from handlers.outside import could_be_on_github, fetching_for

_STRANGERS = (
    "it comes from a fork of a public repository, so anybody at all may have written it, and the renderer "
    "of this server is not shut in; whoever has read the change may push it to a branch here, where it is judged"
)

# Part of what an evaluation is known by: a release that judges differently judges anew.
VERSION = "3"
_MOST_ASKED = 10  # repositories of other names on the same host; each costs a request


@dataclass(frozen=True, slots=True)
class RepositoryContext:
    """One repository at work. `details` are read from GitHub at the start of the run, never from the payload."""

    context: Context
    installation: int
    details: Repository
    github: GitHub
    mirror: Mirror

    @classmethod
    async def open(
        cls, event: RepositoryEvent, context: Context, permissions: Permissions = REPORT
    ) -> RepositoryContext:
        """Raises `bot.github.errors.NotFound` when the repository has gone."""
        github = _access(event, context, permissions)
        return await cls._of(event, context, github, await repos.get(github, event.repository.full_name))

    @classmethod
    async def with_pulls(
        cls, event: RepositoryEvent, context: Context
    ) -> tuple[RepositoryContext, list[PullRequest]]:
        """With the repository's open pull requests. Raises `bot.github.errors.NotFound` when it has gone."""
        github = _access(event, context, REPORT)
        listed, repository = await pulls.opened(github, event.repository.full_name)
        if repository is None or repository.id != event.repository.id:
            found = await repos.get(github, event.repository.full_name)
            repo = await cls._of(event, context, github, found)
            return repo, await pulls.listed(repo.github, repo.name) if repository is not None else []
        return await cls._of(event, context, github, repository), listed

    @classmethod
    async def _of(
        cls, event: RepositoryEvent, context: Context, github: GitHub, repository: Repository
    ) -> RepositoryContext:
        services = context.services
        if repository.id != event.repository.id:
            # It was renamed, and another one has taken its name.
            found = await github.getitem("/repositories/{id}", id=event.repository.id)
            repository = Repository.parse(Fields(found))
        mirror = services.mirrors.of(repository.id, repository.clone_url, event.installation)
        return cls(context, event.installation, repository, github, mirror)

    async def beside(self, repository: int, name: str) -> RepositoryContext:
        """Another repository of the same installation, to be read and talked about. `name` is what it was called.
        Raises `bot.github.errors.NotFound` or `Forbidden`."""
        services = self.context.services
        github = services.github.installation(self.installation, repository, REPORT)
        details = await repos.get(github, name)
        if details.id != repository:
            details = Repository.parse(Fields(await github.getitem("/repositories/{id}", id=repository)))
        mirror = services.mirrors.of(details.id, details.clone_url, self.installation)
        return RepositoryContext(self.context, self.installation, details, github, mirror)

    @property
    def name(self) -> str:
        return self.details.full_name

    @property
    def sealing_key(self) -> bytes:
        """The App's own key, which every server of it has. With a new one, what the old one sealed is not known
        again."""
        return self.context.services.settings.private_key.encode()

    def writing(self) -> GitHub:
        """Access that may also push branches; only for opening fixes."""
        return self.context.services.github.installation(self.installation, self.details.id, FIX)

    def on_issues(self) -> GitHub:
        """Access that may write issues and comment on them."""
        return self.context.services.github.installation(self.installation, self.details.id, TALK)

    def matcher(self, branch: str | None = None) -> RepositoryMatcher:
        """This repository, looked at as what `branch` (the default one) is or will be."""
        default = self.details.default_branch
        urls = [self.details.clone_url, f"https://github.com/{self.name}"]
        matcher = RepositoryMatcher.of_urls(urls, Revisions(branch or default, default, certain=True))
        # GitHub knows which names there lead here (`_former_names`).
        return replace(matcher, answering=frozenset(name.host for name in matcher.known))

    async def default_tip(self, tips: Mapping[str, str | None] | None = None) -> str:
        """The commit of the default branch: the one in `tips` (by branch), where that was asked for already. Raises
        `PermanentError` for an empty repository."""
        default = self.details.default_branch
        tip = tips.get(default) if tips else None
        try:
            tip = tip or await contents.branch_head(self.github, self.name, default)
        except Conflict:
            raise PermanentError(f"{self.name} is empty") from None
        if tip is None:
            raise PermanentError(f"{self.name} has no branch {default}")
        return tip

    @asynccontextmanager
    async def objects(self, *commits: str) -> AsyncIterator[Objects]:
        """The mirror, with these commits in it, open for reading. Stops at once when superseded."""
        await self.context.unless_superseded(self.mirror.fetch(commits))
        objects = self.mirror.open()
        try:
            # What all of them are read for is brought with one request.
            await self.context.unless_superseded(asyncio.to_thread(objects.prepare, commits))
            yield objects
        finally:
            objects.close()

    def by_stranger(self, pull: PullRequest) -> bool:
        """Whether anybody at all may have written the change, and anybody may read what is said about it."""
        return pull.from_fork and not self.details.private

    def refusal(self, pull: PullRequest) -> str | None:
        """Why nothing of a pull request is rendered here, without a full stop; None when it is."""
        return _STRANGERS if self.by_stranger(pull) and self.context.services.engine.exposed else None

    async def evaluate(
        self,
        tree: Tree,
        base: Tree | None,
        policy: Policy,
        *,
        by_stranger: bool = False,
        branch: str | None = None,
        through: Callable[[Outside], Outside] | None = None,
    ) -> Evaluation:
        """Evaluate, and stop at once when a newer delivery takes over. `branch` is where the tree is or will be;
        what is asked of others goes `through`.

        Raises `PermanentError` for strangers' files where the renderer is not shut in."""
        services, matcher = self.context.services, self.matcher(branch)
        engine, clusters = services.engine, services.clusters
        if by_stranger and engine.exposed:
            raise PermanentError(_STRANGERS)
        if by_stranger and clusters is not None:
            clusters = Withheld()
        async with self.fetching(by_stranger=by_stranger) as others:
            outside = through(others) if through is not None else others
            judge = partial(evaluate, engine, tree, base, policy=policy, clusters=clusters, outside=outside)
            evaluation = await self.context.unless_superseded(judge(matcher))
            former = await self._former_names(evaluation.snapshot)
            if not former:
                return evaluation
            return await self.context.unless_superseded(judge(replace(matcher, known=matcher.known | former)))

    async def live_differences(
        self, questions: Sequence[Question], *, by_stranger: bool = False
    ) -> LiveDifferences | None:
        """In which of these fields live objects differ already; None where no cluster may be asked."""
        clusters = self.context.services.clusters
        if clusters is None or by_stranger or not questions:
            return None
        return await self.context.unless_superseded(clusters.differing(questions))

    async def change(self, tree: Tree, base: Tree, policy: Policy, branch: str) -> Change:
        """What lies between two commits of a branch. Raises `PermanentError` where that is too much to read."""
        services, matcher = self.context.services, self.matcher(branch)
        async with self.fetching() as outside:
            between = partial(
                change_between,
                services.engine,
                tree,
                base,
                policy=policy,
                outside=outside,
                clusters=services.clusters,
            )
            change = await self.context.unless_superseded(between(matcher))
            former = await self._former_names(change.head)
            if not former:
                return change
            return await self.context.unless_superseded(between(replace(matcher, known=matcher.known | former)))

    def fetching(self, *, by_stranger: bool = False) -> AbstractAsyncContextManager[Fetching]:
        """What is outside of the repository, for one evaluation."""
        services = self.context.services
        return fetching_for(services.fetcher, services.github, self.installation, self.details, by_stranger)

    async def _former_names(self, snapshot: Snapshot) -> frozenset[RepositoryName]:
        """Names in `repoURL`s that this repository had before it was renamed. Argo CD goes on reading from those,
        since GitHub redirects them; so GitHub is asked where they lead."""
        known = self.matcher().known
        hosts = {name.host for name in known}
        urls = [source.repo_url for state in snapshot.states for source in state.application.sources]
        names = dict.fromkeys(parse_repo_url(url) for url in dict.fromkeys(urls))
        asked = [n for n in names if n is not None and n.host in hosts and n not in known and could_be_on_github(n)]
        former: list[RepositoryName] = []
        for name in asked[:_MOST_ASKED]:
            try:
                path = f"/repos/{quote(name.owner, safe='')}/{quote(name.name, safe='')}"
                leads_to = Repository.parse(Fields(await self.github.getitem(path)))
            except (NotFound, Forbidden):
                continue
            if leads_to.id == self.details.id:
                former.append(name)
        return frozenset(former)

    async def sticky(
        self,
        number: int,
        *,
        mark: str,
        body: str,
        github: GitHub | None = None,
        only_update: bool = False,
        present: Sequence[Comment] | None = None,
    ) -> None:
        """Keep our one comment of a mark there (`bot.github.endpoints.comments.sticky`), with `github` if given."""
        identity = self.context.services.identity
        await comments.sticky(
            github or self.github,
            self.name,
            number,
            mark=mark,
            body=body,
            app_id=identity.id,
            slug=identity.slug,
            only_update=only_update,
            present=present,
        )

    def blob_url(self, commit: str, span: Span) -> str:
        """The address of lines of a file on GitHub."""
        site = self.details.clone_url.removesuffix(".git")
        lines = f"#L{span.line}" + (f"-L{span.end_line}" if span.end_line > span.line else "")
        return f"{site}/blob/{commit}/{_quoted(span.path)}{lines}"


def _access(event: RepositoryEvent, context: Context, permissions: Permissions) -> GitHub:
    """What a run asks GitHub with. Raises `bot.github.errors.RateLimited` when it had better begin later."""
    known_installation(event.installation)
    github = context.services.github.installation(event.installation, event.repository.id, permissions)
    github.begin_run()
    return github


def talking(on_pull_request: bool) -> Permissions:
    """What it takes to comment there."""
    return REPORT if on_pull_request else TALK


def fingerprint(*parts: str) -> str:
    """A short name for an evaluation's inputs, kept as the check run's external id."""
    return hashlib.sha256("\0".join((VERSION, *parts)).encode()).hexdigest()[:20]


def _quoted(path: str) -> str:
    return quote(path.encode("utf-8", "surrogateescape"))
