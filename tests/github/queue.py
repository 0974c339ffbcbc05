"""The merge queue. Source: GitHub's "Managing a merge queue", "Merging a pull request with a merge queue", and the
webhook `merge_group`.

Each entry gets a temporary branch `gh-readonly-queue/BASE/pr-N-SHA` that holds it and all before it; checks are asked
for on that branch, and what has passed is merged from the front by moving the base branch there. An entry that fails,
or conflicts with what is before it, is taken out and everything behind it is built anew; so is the whole queue when
somebody who may bypass it moves the base branch. A group ends as `merged`, `dequeued` (its own pull request was taken
out) or `invalidated` (one before it was, or the base moved).
"""

from dataclasses import dataclass, field
from datetime import timedelta

from tests.github import payloads
from tests.github.git_backend import Signature
from tests.github.protection import Protection
from tests.github.pulls import PullRequest, close
from tests.github.refs import move_ref
from tests.github.repository import Repository
from tests.github.webhooks import emit


@dataclass(slots=True)
class Group:
    """One pull request on top of those before it in the queue. `pull_sha` is what it consists of: a push to the pull
    request takes it out."""

    pull: PullRequest
    pull_sha: str
    base_sha: str
    head_sha: str
    ref: str


@dataclass(slots=True)
class MergeQueue:
    """The queue of one branch."""

    repo: Repository
    required: frozenset[str]
    branch: str = "main"
    groups: list[Group] = field(default_factory=list)
    built: int = 0

    def enter(self, pull: PullRequest) -> Group:
        """What "Merge when ready" does: only what passes may enter."""
        assert self.admits(pull), "only an open pull request whose required checks pass may enter"
        group = self._build(pull)
        assert group is not None, "what conflicts cannot enter"
        return group

    def admits(self, pull: PullRequest) -> bool:
        """Whether the button can be pressed."""
        right = pull.base_branch == self.branch and all(each.pull is not pull for each in self.groups)
        return right and Protection(self.required).allows(pull)

    def work(self) -> list[int]:
        """Merge from the front what passes, throw out what has failed and build anew what came behind it; stop at
        what nobody has answered yet. Gives the numbers of what was thrown out."""
        out = self.follow()
        while self.groups:
            group = self.groups[0]
            verdict = Protection(self.required).verdict(self.repo, group.head_sha)
            if verdict in ("expected", "pending"):
                break
            if verdict == "passing":
                self.groups.pop(0)
                close(group.pull, self.repo.owner, merge_sha=group.head_sha)
                move_ref(self.repo, f"refs/heads/{self.branch}", group.head_sha, self.repo.owner)
                self._destroy(group, "merged")
                continue
            out += [group.pull.number, *self._take_out(group)]
        return out

    def leave(self, pull: PullRequest) -> None:
        """A person takes a pull request out of the queue."""
        for group in [each for each in self.groups if each.pull is pull]:
            self._take_out(group)

    def follow(self) -> list[int]:
        """Take notice of what people did: pull requests that were closed, pushed to or pointed elsewhere leave, and
        everything is built anew on a base branch that was moved. Gives the numbers of what was thrown out."""
        out: list[int] = []
        while gone := next((each for each in self.groups if not self._still(each)), None):
            out += [gone.pull.number, *self._take_out(gone)]
        if self.groups and self.groups[0].base_sha != self.repo.branch(self.branch):
            out += self._anew(self.groups)
        return out

    def _still(self, group: Group) -> bool:
        pull = group.pull
        return pull.open and not pull.draft and pull.head_sha == group.pull_sha and pull.base_branch == self.branch

    def _take_out(self, group: Group) -> list[int]:
        """Remove one entry. Gives the numbers of those behind it that cannot stay."""
        at = self.groups.index(group)
        behind, self.groups = self.groups[at + 1 :], self.groups[:at]
        self._destroy(group, "dequeued")
        return self._anew(behind, after=True)

    def _anew(self, groups: list[Group], *, after: bool = False) -> list[int]:
        if not after:
            self.groups = []
        for group in groups:
            self._destroy(group, "invalidated")
        return [group.pull.number for group in groups if self._build(group.pull) is None]

    def _build(self, pull: PullRequest) -> Group | None:
        """Put it at the end; None when it conflicts with what is before it."""
        repo, git = self.repo, self.repo.git
        base = self.groups[-1].head_sha if self.groups else repo.branch(self.branch)
        assert base
        tree = git.merge_tree(base, pull.head_sha)
        if tree is None:
            return None
        # Building takes GitHub a moment, so two groups are never the same commit.
        self.built += 1
        when = (repo.state.clock() + timedelta(seconds=self.built)).strftime("%Y-%m-%dT%H:%M:%SZ")
        github = Signature("GitHub", "noreply@github.com", when)
        head = git.commit(tree, [base, pull.head_sha], f"Merge pull request #{pull.number}", github, github)
        repo.by_app.add(head)
        ref = f"refs/heads/gh-readonly-queue/{self.branch}/pr-{pull.number}-{base}"
        group = Group(pull, pull.head_sha, base, head, ref)
        self.groups.append(group)
        move_ref(repo, ref, head, repo.owner)
        self._announce(group, "checks_requested")
        return group

    def _destroy(self, group: Group, reason: str) -> None:
        move_ref(self.repo, group.ref, None, self.repo.owner)
        self._announce(group, "destroyed", reason)

    def _announce(self, group: Group, action: str, reason: str | None = None) -> None:
        data = self.repo.git.commit_data(group.head_sha)
        shown = {
            "head_sha": group.head_sha,
            "head_ref": group.ref,
            "base_sha": group.base_sha,
            "base_ref": f"refs/heads/{self.branch}",
            "head_commit": payloads.simple_commit(data),
        }
        fields = {"merge_group": shown} | ({"reason": reason} if reason else {})
        emit(self.repo.state, "merge_group", action, fields, self.repo, self.repo.owner)
        self.repo.state.changed()
