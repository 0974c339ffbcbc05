"""A repository and what hangs on it: issues, pull requests, comments, check runs. Behaviour is elsewhere."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.github.git_backend import Bare, Content, Signature
from tests.github.state import App, State, User

if TYPE_CHECKING:
    from tests.github.pulls import PullRequest
    from tests.github.rulesets import Rule

Json = dict[str, Any]


@dataclass(slots=True)
class Comment:
    id: int
    issue: "Issue"
    user: User
    body: str
    created_at: str
    updated_at: str
    reactions: list["Reaction"] = field(default_factory=list)
    via: App | None = None  # the App that wrote it in its author's name


@dataclass(frozen=True, slots=True)
class Reaction:
    id: int
    user: User
    content: str
    created_at: str


@dataclass(slots=True)
class Issue:
    """An issue, or the issue half of a pull request."""

    id: int
    number: int
    user: User
    title: str
    body: str | None
    created_at: str
    updated_at: str
    state: str = "open"
    state_reason: str | None = None
    closed_at: str | None = None
    closed_by: User | None = None
    labels: list[str] = field(default_factory=list)
    comments: list[Comment] = field(default_factory=list)
    pull: "PullRequest | None" = None


@dataclass(slots=True)
class CheckSuite:
    id: int
    app: App
    head_branch: str | None
    head_sha: str
    before: str
    created_at: str
    updated_at: str


@dataclass(slots=True)
class CheckRun:
    id: int
    suite: CheckSuite
    name: str
    head_sha: str
    status: str = "queued"
    conclusion: str | None = None
    started_at: str | None = None
    completed_at: str | None = None
    details_url: str | None = None
    external_id: str = ""
    title: str | None = None
    summary: str | None = None
    text: str | None = None
    annotations: list[Json] = field(default_factory=list)
    actions: list[Json] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Label:
    id: int
    name: str
    color: str = "ededed"
    description: str = ""


@dataclass(frozen=True, slots=True)
class Release:
    id: int
    tag: str
    name: str
    body: str
    author: User
    created_at: str
    draft: bool = False
    prerelease: bool = False


@dataclass(slots=True, eq=False)
class Repository:
    """`merge_refs`: "eager" computes refs/pull/N/merge on every push to the head, "on_get" when somebody reads the
    pull request, "absent" never. As on GitHub, a push to the base leaves the merge ref stale until the next read."""

    state: State
    id: int
    owner: User
    name: str
    git: Bare
    created_at: str
    private: bool = True
    default_branch: str = "main"
    parent: "Repository | None" = None
    collaborators: dict[str, str] = field(default_factory=dict)
    has_issues: bool = True
    issues: dict[int, Issue] = field(default_factory=dict)
    labels: dict[str, Label] = field(default_factory=dict)
    suites: dict[int, CheckSuite] = field(default_factory=dict)
    check_runs: dict[int, CheckRun] = field(default_factory=dict)
    releases: list[Release] = field(default_factory=list)
    by_app: set[str] = field(default_factory=set)  # signed by GitHub on an App's behalf
    signed: set[str] = field(default_factory=set)  # signed by people with keys that GitHub knows
    merge_refs: str = "eager"
    archived: bool = False
    locked: bool = False  # every conversation: only people with write access comment
    gone: dict[int, "tuple[Repository, Issue] | None"] = field(default_factory=dict)  # issues, and where they went
    rules: list["Rule"] = field(default_factory=list)
    protected: dict[str, tuple[int, str]] = field(default_factory=dict)  # classic protection: what is answered

    @property
    def full_name(self) -> str:
        return f"{self.owner.login}/{self.name}"

    @property
    def clone_url(self) -> str:
        return f"{self.state.url}/{self.full_name}.git"

    @property
    def pulls(self) -> list["PullRequest"]:
        return [issue.pull for issue in self.issues.values() if issue.pull]

    @property
    def comments(self) -> list[Comment]:
        return [comment for issue in self.issues.values() for comment in issue.comments]

    def branch(self, name: str) -> str | None:
        """The SHA at a branch."""
        return self.git.resolve(f"refs/heads/{name}")

    def file(self, path: str, ref: str | None = None) -> bytes | None:
        """A file's content at a revision (the default branch when none is given)."""
        sha = self.git.resolve(f"{ref or self.default_branch}:{path}", "blob")
        return self.git.read(sha) if sha else None

    def checks(self, sha: str) -> dict[str, CheckRun]:
        """The latest check run of each name on a commit."""
        return {run.name: run for run in self.check_runs.values() if run.head_sha == sha}

    def pull(self, number: int) -> "PullRequest":
        pull = self.issues[number].pull
        assert pull is not None, f"{number} is an issue"
        return pull

    def amend(self, branch: str, files: dict[str, Content], user: User, message: str | None = None) -> str:
        """What `git commit --amend -S` and a forced push do: the author (and, without `message`, the message) stays
        as it was, the committer is `user`, and GitHub shows the commit as verified."""
        from tests.github.refs import move_ref

        old = self.git.commit_data(self.branch(branch) or "")
        signature = Signature(user.name or user.login, user.email, self.state.now())
        tree = self.git.tree_with(old.sha, files)
        sha = self.git.commit(tree, old.parents, message or old.message, old.author, signature)
        self.signed.add(sha)
        move_ref(self, f"refs/heads/{branch}", sha, user)
        return sha

    def push(
        self,
        branch: str,
        files: dict[str, Content],
        message: str = "Change",
        author: User | None = None,
        *,
        base: str | None = None,
        force: bool = False,
    ) -> str:
        """Commits `files` (None deletes a path) on a branch and lets GitHub notice; returns the new SHA.

        A branch that does not exist starts at `base` (default branch when None). With `force` the commit is put on
        `base` whatever the branch held.
        """
        from tests.github.refs import move_ref

        user = author or self.owner
        start = None if force else self.branch(branch)
        parent = start or self.branch(base or self.default_branch) or (self.git.resolve(base) if base else None)
        signature = Signature(user.name or user.login, user.email, self.state.now())
        sha = self.git.commit(
            self.git.tree_with(parent, files), [parent] if parent else [], message, signature, signature
        )
        move_ref(self, f"refs/heads/{branch}", sha, user)
        return sha
