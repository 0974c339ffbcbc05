"""Required checks and the merge queue. Source: GitHub's "About protected branches", "Managing a merge queue", and the
webhook `merge_group`.

A pull request (or a group) may be merged when the latest run of each required check on its head has concluded as
`success`, `skipped` or `neutral`. Nothing else passes: not a run in progress, not a missing one.
"""

from dataclasses import dataclass, field

from tests.github import payloads
from tests.github.git_backend import Signature
from tests.github.pulls import PullRequest, close
from tests.github.refs import move_ref
from tests.github.repository import Repository
from tests.github.webhooks import emit

PASSING = frozenset({"success", "skipped", "neutral"})


def passes(repo: Repository, sha: str, required: frozenset[str]) -> bool:
    """Whether branch protection lets this head be merged."""
    runs = repo.checks(sha)
    return all(
        name in runs and runs[name].status == "completed" and runs[name].conclusion in PASSING for name in required
    )


@dataclass(slots=True)
class Group:
    """One pull request on top of those before it in the queue."""

    pull: PullRequest
    base_sha: str
    head_sha: str
    ref: str


@dataclass(slots=True)
class MergeQueue:
    """The queue of one branch. Each entry gets a temporary branch that holds it and all before it."""

    repo: Repository
    required: frozenset[str]
    branch: str = "main"
    groups: list[Group] = field(default_factory=list)

    def enter(self, pull: PullRequest) -> Group:
        """What "Merge when ready" does: only what passes may enter."""
        assert passes(self.repo, pull.head_sha, self.required), "the required checks of the pull request do not pass"
        return self._build(pull)

    def work(self) -> list[int]:
        """Merge from the front what passes, throw out what has failed and build anew what came behind it; stop at
        what nobody has answered yet. Gives the numbers of what was thrown out."""
        out: list[int] = []
        while self.groups:
            group = self.groups[0]
            runs = self.repo.checks(group.head_sha)
            if any(name not in runs or runs[name].status != "completed" for name in self.required):
                break
            if passes(self.repo, group.head_sha, self.required):
                self.groups.pop(0)
                close(group.pull, self.repo.owner, merge_sha=group.head_sha)
                move_ref(self.repo, f"refs/heads/{self.branch}", group.head_sha, self.repo.owner)
                self._destroy(group, "merged")
                continue
            out.append(group.pull.number)
            behind, self.groups = self.groups[1:], []
            for gone in (group, *behind):
                self._destroy(gone, "invalidated")
            for each in behind:
                self._build(each.pull)
        return out

    def leave(self, pull: PullRequest) -> None:
        """A person takes a pull request out of the queue."""
        for group in [each for each in self.groups if each.pull is pull]:
            self.groups.remove(group)
            self._destroy(group, "dequeued")

    def _build(self, pull: PullRequest) -> Group:
        repo, git = self.repo, self.repo.git
        base = self.groups[-1].head_sha if self.groups else repo.branch(self.branch)
        assert base
        tree = git.merge_tree(base, pull.head_sha)
        assert tree is not None, "what conflicts cannot enter"
        github = Signature("GitHub", "noreply@github.com", repo.state.now())
        head = git.commit(tree, [base, pull.head_sha], f"Merge pull request #{pull.number}", github, github)
        repo.by_app.add(head)
        ref = f"refs/heads/gh-readonly-queue/{self.branch}/pr-{pull.number}-{base}"
        group = Group(pull, base, head, ref)
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
