"""Pull requests: how they follow their branches, and their merge refs."""

from dataclasses import dataclass
from typing import Any

from tests.github import issue_payloads
from tests.github.git_backend import CommitData, Signature
from tests.github.repository import CheckRun, Issue, Repository
from tests.github.state import User
from tests.github.webhooks import emit

Json = dict[str, Any]


@dataclass(slots=True, eq=False)
class PullRequest:
    """`mergeable` is None until GitHub has computed it, which the first read sets off."""

    repo: Repository
    issue: Issue
    head_repo: Repository
    head_branch: str
    head_sha: str
    base_branch: str
    base_sha: str
    draft: bool = False
    merged_at: str | None = None
    merged_by: User | None = None
    merge_commit_sha: str | None = None
    mergeable: bool | None = None

    @property
    def number(self) -> int:
        return self.issue.number

    @property
    def open(self) -> bool:
        return self.issue.state == "open"

    @property
    def checks(self) -> dict[str, CheckRun]:
        return self.repo.checks(self.head_sha)

    @property
    def base_tip(self) -> str:
        """Where the base branch is now; `base_sha`, as on GitHub, is where it was at the last push to the head."""
        return (self.open and self.repo.branch(self.base_branch)) or self.base_sha

    def commits(self) -> list[CommitData]:
        return self.repo.git.log("--reverse", f"{self.base_tip}..{self.head_sha}")

    def diff_range(self) -> list[str]:
        return [self.repo.git.merge_base(self.base_tip, self.head_sha) or self.base_tip, self.head_sha]

    def size(self) -> tuple[int, int, int]:
        """Lines added, lines deleted, files changed."""
        rows = [
            line.split("\t")
            for line in self.repo.git.ask("diff", "--numstat", *self.diff_range())
            .decode(errors="replace")
            .splitlines()
        ]
        return (
            sum(int(row[0]) for row in rows if row[0] != "-"),
            sum(int(row[1]) for row in rows if row[1] != "-"),
            len(rows),
        )

    def diff(self) -> str:
        return self.repo.git.ask("diff", *self.diff_range()).decode(errors="replace")


def announce(pull: PullRequest, action: str, sender: User, **extra: Any) -> None:
    fields = {"number": pull.number, "pull_request": issue_payloads.pull(pull), **extra}
    emit(pull.repo.state, "pull_request", action, fields, pull.repo, sender)
    pull.repo.state.changed()


def open_pull(
    repo: Repository,
    *,
    head_repo: Repository,
    head: str,
    base: str,
    title: str,
    body: str | None,
    user: User,
    draft: bool = False,
) -> PullRequest:
    state = repo.state
    head_sha, base_sha = head_repo.branch(head), repo.branch(base)
    assert head_sha and base_sha, "both branches exist"
    number = len(repo.issues) + 1
    issue = Issue(next(state.ids), number, user, title, body, state.now(), state.now())
    issue.pull = PullRequest(repo, issue, head_repo, head, head_sha, base, base_sha, draft)
    repo.issues[number] = issue
    follow_head(issue.pull)
    announce(issue.pull, "opened", user)
    return issue.pull


def follow_head(pull: PullRequest) -> None:
    """Brings refs/pull/N/head up to date; the merge ref too where the repository says so."""
    repo, ref = pull.repo, f"refs/pull/{pull.number}/head"
    if pull.head_repo is not repo:
        repo.git.run("fetch", "--quiet", "--no-tags", str(pull.head_repo.git.path), f"+{pull.head_sha}:{ref}")
    repo.git.update_ref(ref, pull.head_sha)
    pull.mergeable = None
    if repo.merge_refs == "eager":
        update_merge_ref(pull)


def update_merge_ref(pull: PullRequest) -> bool:
    """Computes the test merge; returns whether the branches merge cleanly. On conflict the ref keeps what it had."""
    git = pull.repo.git
    base = pull.base_tip
    tree = git.merge_tree(base, pull.head_sha)
    if tree is None:
        pull.merge_commit_sha = None
        return False
    signature = Signature("GitHub", "noreply@github.com", pull.repo.state.now())
    message = f"Merge {pull.head_sha} into {base}"
    pull.merge_commit_sha = git.commit(tree, [base, pull.head_sha], message, signature, signature)
    if pull.repo.merge_refs != "absent":
        git.update_ref(f"refs/pull/{pull.number}/merge", pull.merge_commit_sha)
    return True


def read_pull(pull: PullRequest) -> Json:
    """What a read shows. The first after a change says mergeable null, and has the answer computed for the next."""
    shown = issue_payloads.pull(pull)
    if pull.open and pull.mergeable is None:
        pull.mergeable = update_merge_ref(pull)
    return shown


def branch_moved(repo: Repository, branch: str, before: str | None, sha: str | None, pusher: User) -> None:
    """Every pull request that has this branch as head or base takes notice. One whose head or base branch is deleted
    is closed."""
    for other in list(repo.state.repositories.values()):
        for pull in [entry for entry in other.pulls if entry.open]:
            if pull.head_repo is repo and pull.head_branch == branch:
                if sha is None:
                    close(pull, pusher)
                elif sha != pull.head_sha:
                    pull.head_sha, pull.base_sha = sha, pull.base_tip
                    pull.issue.updated_at = repo.state.now()
                    follow_head(pull)
                    announce(pull, "synchronize", pusher, before=before, after=sha)
            elif pull.repo is repo and pull.base_branch == branch:
                pull.mergeable = None
                if sha is None:
                    close(pull, pusher)
                elif repo.git.is_ancestor(pull.head_sha, sha):
                    close(pull, pusher, merge_sha=sha)


def close(pull: PullRequest, user: User, merge_sha: str | None = None) -> None:
    issue, now = pull.issue, pull.repo.state.now()
    issue.state, issue.closed_at, issue.closed_by, issue.updated_at = "closed", now, user, now
    if merge_sha is not None:
        pull.merged_at, pull.merged_by, pull.merge_commit_sha = now, user, merge_sha
        pull.mergeable = None
    if f"refs/pull/{pull.number}/merge" in pull.repo.git.refs(f"refs/pull/{pull.number}"):
        pull.repo.git.update_ref(f"refs/pull/{pull.number}/merge", None)
    announce(pull, "closed", user)


def reopen(pull: PullRequest, user: User) -> None:
    """Opens it again with what its branch has got meanwhile. As on GitHub, both branches have to be there, and a head
    that was moved by force in between cannot come back."""
    assert reopens(pull), f"#{pull.number} cannot be reopened"
    pull.issue.state, pull.issue.closed_at, pull.issue.closed_by = "open", None, None
    pull.head_sha = pull.head_repo.branch(pull.head_branch) or pull.head_sha
    pull.base_sha = pull.base_tip
    follow_head(pull)
    announce(pull, "reopened", user)


def reopens(pull: PullRequest) -> bool:
    """Whether the button to reopen a closed pull request is there."""
    head = pull.head_repo.branch(pull.head_branch)
    if pull.open or pull.merged_at or head is None or pull.repo.branch(pull.base_branch) is None:
        return False
    return pull.head_repo.git.is_ancestor(pull.head_sha, head)


def retarget(pull: PullRequest, base: str, user: User) -> None:
    """Points an open pull request at another branch."""
    sha = pull.repo.branch(base)
    assert pull.open and sha and base != pull.base_branch
    changes = {"base": {"ref": {"from": pull.base_branch}, "sha": {"from": pull.base_sha}}}
    pull.base_branch, pull.base_sha = base, sha
    follow_head(pull)
    announce(pull, "edited", user, changes=changes)


def merge(pull: PullRequest, user: User, method: str = "merge") -> str:
    """Merges as a person does with the button; returns the new SHA of the base branch."""
    from tests.github.refs import move_ref

    repo = pull.repo
    base = repo.branch(pull.base_branch)
    assert pull.open and base, "only an open pull request can be merged"
    tree = repo.git.merge_tree(base, pull.head_sha)
    assert tree is not None, f"#{pull.number} conflicts with {pull.base_branch}"
    parents = [base, pull.head_sha] if method == "merge" else [base]
    author = Signature(user.name or user.login, user.email, repo.state.now())
    committer = Signature("GitHub", "noreply@github.com", repo.state.now())
    title = f"Merge pull request #{pull.number} from {pull.head_repo.owner.login}/{pull.head_branch}"
    message = f"{title}\n\n{pull.issue.title}" if method == "merge" else f"{pull.issue.title} (#{pull.number})"
    sha = repo.git.commit(tree, parents, message, author, committer)
    repo.by_app.add(sha)
    close(pull, user, merge_sha=sha)
    move_ref(repo, f"refs/heads/{pull.base_branch}", sha, user)
    return sha
