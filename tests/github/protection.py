"""What branch protection lets be merged.

Source: GitHub's "About protected branches", "Troubleshooting required status checks" and "About status checks":

- `success`, `skipped` and `neutral` pass; every other conclusion, a run in progress and a check that is missing
  ("Expected, waiting for status to be reported") do not;
- what counts is the latest run on the newest commit of the pull request, never one on an older commit;
- of several runs of one name the latest of each App counts, and all of those have to pass. A protection can name the
  App that a check is expected from: then nobody else's run of that name counts, for better or worse;
- a pull request whose base has moved may be merged all the same, unless branches have to be up to date (`strict`).
"""

from dataclasses import dataclass
from typing import Literal

from tests.github.pulls import PullRequest
from tests.github.repository import CheckRun, Repository
from tests.github.state import App

PASSING = frozenset({"success", "skipped", "neutral"})

Verdict = Literal["expected", "pending", "failing", "passing"]


@dataclass(frozen=True, slots=True)
class Protection:
    """`required` are names of check runs, expected from `app` (None: from anybody)."""

    required: frozenset[str]
    app: App | None = None
    strict: bool = False

    def verdict(self, repo: Repository, sha: str) -> Verdict:
        """How GitHub shows the required checks of a commit: the worst of them, what is missing before all else."""
        verdicts = {self._of(repo, sha, name) for name in self.required}
        ranks: tuple[Verdict, ...] = ("failing", "expected", "pending", "passing")
        return next((each for each in ranks if each in verdicts), "passing")

    def passes(self, repo: Repository, sha: str) -> bool:
        return self.verdict(repo, sha) == "passing"

    def allows(self, pull: PullRequest) -> bool:
        """Whether the button to merge a pull request can be pressed."""
        if not pull.open or pull.draft or pull.repo.git.merge_tree(pull.base_tip, pull.head_sha) is None:
            return False
        if self.strict and not pull.repo.git.is_ancestor(pull.base_tip, pull.head_sha):
            return False
        return self.passes(pull.repo, pull.head_sha)

    def _of(self, repo: Repository, sha: str, name: str) -> Verdict:
        latest: dict[int, CheckRun] = {}
        for run in repo.check_runs.values():
            if run.head_sha == sha and run.name == name and (self.app is None or run.suite.app is self.app):
                latest[run.suite.app.id] = run
        if not latest:
            return "expected"
        if any(run.status == "completed" and run.conclusion not in PASSING for run in latest.values()):
            return "failing"
        return "passing" if all(run.status == "completed" for run in latest.values()) else "pending"
