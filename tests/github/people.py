"""What people do on GitHub: make repositories, install the App, comment, press buttons. Webhooks follow."""

import re
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any

from tests.github import checks, issues, payloads, pulls
from tests.github.git_backend import Bare, Content
from tests.github.pulls import PullRequest
from tests.github.refs import check_suite
from tests.github.repository import CheckRun, CheckSuite, Comment, Issue, Release, Repository
from tests.github.state import App, Installation, State, User
from tests.github.webhooks import Delivery, deliver, emit, post, redeliver

Json = dict[str, Any]


class People(State):
    def repository(
        self,
        full_name: str,
        files: dict[str, Content] | None = None,
        *,
        private: bool = True,
        default_branch: str = "main",
        message: str = "Initial commit",
    ) -> Repository:
        """A new repository, its owner an organization unless known as a user; with `files` it gets a first commit."""
        owner, _, name = full_name.partition("/")
        account = self.user(owner, "Organization")
        item = next(self.ids)
        bare = Bare.create(self.root / f"{item}.git")
        bare.point_head(default_branch)
        repo = Repository(self, item, account, name, bare, self.now(), private, default_branch)
        self.repositories[item] = repo
        if files is not None:
            repo.push(default_branch, files, message)
        return repo

    def fork(self, repo: Repository, owner: User) -> Repository:
        item = next(self.ids)
        bare = Bare.create(self.root / f"{item}.git", fork_of=repo.git)
        bare.point_head(repo.default_branch)
        copy = Repository(
            self, item, owner, repo.name, bare, self.now(), repo.private, repo.default_branch, parent=repo
        )
        self.repositories[item] = copy
        return copy

    def rename(self, repo: Repository, name: str, user: User | None = None) -> None:
        before, repo.name = repo.name, name
        self.moved[f"{repo.owner.login}/{before}".lower()] = repo.id
        emit(
            self,
            "repository",
            "renamed",
            {"changes": {"repository": {"name": {"from": before}}}},
            repo,
            user or repo.owner,
        )

    def transfer(self, repo: Repository, owner: User) -> None:
        self.moved[repo.full_name.lower()] = repo.id
        repo.owner = owner

    def delete_repository(self, repo: Repository) -> None:
        del self.repositories[repo.id]

    def collaborator(self, repo: Repository, user: User, role: str = "write") -> None:
        """`role` is one of GitHub's, or `name:base` for a custom one."""
        repo.collaborators[user.login] = role

    def delete_branch(self, repo: Repository, branch: str, user: User | None = None) -> None:
        from tests.github.refs import move_ref

        move_ref(repo, f"refs/heads/{branch}", None, user or repo.owner)

    def release(
        self,
        repo: Repository,
        tag: str,
        *,
        body: str = "",
        prerelease: bool = False,
        draft: bool = False,
        at: float | None = None,
    ) -> Release:
        """Publish a release, now or at a time (seconds since the epoch)."""
        when = self.now() if at is None else datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        item = Release(next(self.ids), tag, tag, body, repo.owner, when, draft, prerelease)
        repo.releases.append(item)
        return item

    # The App

    def install(
        self,
        account: User | Repository,
        *,
        repositories: list[Repository] | None = None,
        permissions: dict[str, str] | None = None,
        events: tuple[str, ...] | None = None,
        app: App | None = None,
    ) -> Installation:
        """Installs the App on an account (a repository stands for: on its owner, for this repository alone)."""
        app = app or self.app
        if isinstance(account, Repository):
            repositories, account = [account, *(repositories or ())], account.owner
        item = Installation(
            next(self.ids),
            app,
            account,
            dict(app.permissions if permissions is None else permissions),
            app.events if events is None else events,
            self.now(),
            None if repositories is None else {repo.id for repo in repositories},
        )
        self.installations[item.id] = item
        self._installation_event(item, "created", repositories=self._short(item))
        return item

    def uninstall(self, item: Installation) -> None:
        short = self._short(item)
        item.deleted = True
        self._installation_event(item, "deleted", repositories=short)

    def suspend(self, item: Installation) -> None:
        item.suspended_at = self.now()
        self._installation_event(item, "suspend", repositories=self._short(item))

    def unsuspend(self, item: Installation) -> None:
        item.suspended_at = None
        self._installation_event(item, "unsuspend", repositories=self._short(item))

    def accept_permissions(self, item: Installation, permissions: dict[str, str]) -> None:
        item.permissions = dict(permissions)
        self._installation_event(item, "new_permissions_accepted", repositories=self._short(item))

    def add_repository(self, item: Installation, repo: Repository) -> None:
        assert item.repositories is not None, "the installation has all repositories already"
        item.repositories.add(repo.id)
        self._repositories_event(item, "added", repo)

    def remove_repository(self, item: Installation, repo: Repository) -> None:
        assert item.repositories is not None, "the installation has all repositories"
        item.repositories.discard(repo.id)
        self._repositories_event(item, "removed", repo)

    def _short(self, item: Installation) -> list[Json]:
        return [payloads.repository(repo) for repo in self.repositories.values() if item.covers(repo)]

    def _installation_event(self, item: Installation, action: str, **fields: Any) -> None:
        fields |= {"installation": payloads.installation(self, item)}
        emit(self, "installation", action, fields, None, item.account, installation=item)
        self.changed()

    def _repositories_event(self, item: Installation, action: str, repo: Repository) -> None:
        fields = {
            "installation": payloads.installation(self, item),
            "repository_selection": "selected",
            "repositories_added": [payloads.repository(repo)] if action == "added" else [],
            "repositories_removed": [payloads.repository(repo)] if action == "removed" else [],
            "requester": None,
        }
        emit(self, "installation_repositories", action, fields, None, item.account, installation=item)
        self.changed()

    def ping(self) -> None:
        app = self.app
        hook = {"id": app.id + 500_000, "type": "App", "name": "web", "active": True, "events": list(app.events)}
        hook |= {
            "app_id": app.id,
            "config": {"content_type": "json", "insecure_ssl": "0", "url": app.webhook_url or ""},
        }
        fields = {"zen": "Keep it logically awesome.", "hook_id": hook["id"], "hook": hook}
        deliver(self, app, None, "ping", None, fields, None)

    def redeliver(self, delivery: Delivery) -> None:
        """Sends a delivery once more, with the same guid, as the button in the App's settings does."""
        redeliver(self, delivery)

    def hold_webhooks(self) -> None:
        """What happens from now on is told later (`release_webhooks`): GitHub promises neither haste nor order."""
        self.held = []

    def release_webhooks(self, order: Callable[[list[Delivery]], Iterable[Delivery]] = list) -> None:
        """Sends what was held up, in `order`; what that leaves out is lost, and GitHub counts it as failed."""
        held, self.held = self.held or [], None
        going = list(order(held))
        for delivery in held:
            if delivery not in going:
                delivery.status_code, delivery.status, delivery.done = 502, "failed to connect to host", True
        for delivery in going:
            post(self, delivery)
        self.changed()

    def manifest_code(self, manifest: Json) -> str:
        """What GitHub puts into the redirect after a person accepted an App manifest."""
        slug = re.sub(r"[^a-z0-9]+", "-", manifest["name"].lower()).strip("-")
        app = self.new_app(slug, manifest["name"])
        app.permissions = manifest.get("default_permissions", {})
        app.events = tuple(manifest.get("default_events", ()))
        app.webhook_url = manifest.get("hook_attributes", {}).get("url")
        code = self.letters(40)
        self.manifests[code] = app
        return code

    # Pull requests, comments and buttons

    def open_pull(
        self,
        repo: Repository,
        head: str,
        *,
        title: str = "Change",
        body: str | None = None,
        base: str | None = None,
        user: User | None = None,
        draft: bool = False,
        head_repo: Repository | None = None,
    ) -> PullRequest:
        return pulls.open_pull(
            repo,
            head_repo=head_repo or repo,
            head=head,
            base=base or repo.default_branch,
            title=title,
            body=body,
            user=user or repo.owner,
            draft=draft,
        )

    def merge(self, pull: PullRequest, by: User | None = None, method: str = "merge") -> str:
        return pulls.merge(pull, by or pull.repo.owner, method)

    def close(self, pull: PullRequest, by: User | None = None) -> None:
        pulls.close(pull, by or pull.repo.owner)

    def reopen(self, pull: PullRequest, by: User | None = None) -> None:
        pulls.reopen(pull, by or pull.repo.owner)

    def ready_for_review(self, pull: PullRequest, by: User | None = None) -> None:
        pull.draft = False
        pulls.announce(pull, "ready_for_review", by or pull.repo.owner)

    def convert_to_draft(self, pull: PullRequest, by: User | None = None) -> None:
        pull.draft = True
        pulls.announce(pull, "converted_to_draft", by or pull.repo.owner)

    def retarget(self, pull: PullRequest, base: str, by: User | None = None) -> None:
        pulls.retarget(pull, base, by or pull.repo.owner)

    def edit_title(self, pull: PullRequest, title: str, by: User | None = None) -> None:
        before, pull.issue.title = pull.issue.title, title
        pulls.announce(pull, "edited", by or pull.repo.owner, changes={"title": {"from": before}})

    def edit_body(self, pull: PullRequest, body: str, by: User | None = None) -> None:
        """As on GitHub's pages: every line then ends with CR LF."""
        before, pull.issue.body = pull.issue.body, re.sub(r"\r?\n", "\r\n", body)
        pulls.announce(pull, "edited", by or pull.repo.owner, changes={"body": {"from": before or ""}})

    def comment(self, target: PullRequest, user: User, body: str, via: App | None = None) -> Comment:
        """`via` is the App that writes it in the user's name (with a user access token)."""
        return issues.add_comment(target.repo, target.issue, user, body, via)

    def comment_on(self, repo: Repository, issue: Issue, user: User, body: str) -> Comment:
        """A comment on an issue that is no pull request."""
        return issues.add_comment(repo, issue, user, body)

    def edit_comment(self, target: PullRequest, comment: Comment, user: User, body: str) -> None:
        issues.edit_comment(target.repo, comment, user, body)

    def delete_comment(self, target: PullRequest, comment: Comment, user: User) -> None:
        issues.delete_comment(target.repo, comment, user)

    def issue(self, repo: Repository, title: str, user: User | None = None, body: str | None = None) -> Issue:
        return issues.open_issue(repo, user or repo.owner, title, body)

    def edit_issue(
        self, repo: Repository, issue: Issue, user: User, *, title: str | None = None, body: str | None = None
    ) -> None:
        """As on GitHub's pages: every line of a body then ends with CR LF."""
        issues.edit_issue(repo, issue, user, title, None if body is None else re.sub(r"\r?\n", "\r\n", body))

    def close_issue(self, repo: Repository, issue: Issue, user: User) -> None:
        issues.settle_issue(repo, issue, user, "closed")

    def reopen_issue(self, repo: Repository, issue: Issue, user: User) -> None:
        issues.settle_issue(repo, issue, user, "open")

    def delete_issue(self, repo: Repository, issue: Issue) -> None:
        issues.delete_issue(repo, issue)

    def transfer_issue(self, repo: Repository, issue: Issue, other: Repository, user: User) -> Issue:
        return issues.transfer_issue(repo, issue, other, user)

    def check_run_of(self, repo: Repository, app: App, sha: str, name: str = "build") -> CheckRun:
        """What another App does when its own check is done."""
        suite = check_suite(repo, app, sha, None)
        run = CheckRun(next(self.ids), suite, name, sha, "completed", "success", self.now(), self.now())
        repo.check_runs[run.id] = run
        checks.announce(repo, run, "created", app.bot)
        checks.announce(repo, run, "completed", app.bot)
        return run

    def rerequest(
        self, repo: Repository, target: CheckRun | CheckSuite, user: User | None = None, *, resets: bool = False
    ) -> None:
        """The Re-run button on one check run, or Re-run all checks on a suite. `resets` as older servers do it."""
        if isinstance(target, CheckRun):
            checks.rerequest(repo, target, user or repo.owner, resets=resets)
        else:
            checks.suite_rerequested(repo, target, user or repo.owner)

    def click(self, repo: Repository, run: CheckRun, identifier: str, user: User | None = None) -> None:
        """A person presses the button of a requested action, which has to be there."""
        offered = [action["identifier"] for action in run.actions]
        assert run.status == "completed" and identifier in offered, f"{run.name} offers {offered}"
        extra = {"requested_action": {"identifier": identifier}}
        checks.announce(repo, run, "requested_action", user or repo.owner, only=run.suite.app, **extra)
