"""A simulated GitHub: real HTTP, real git, GitHub's own description enforced on both sides of the wire.

async with SimulatedGitHub() as github:
    repo = github.repository("octo/deploy", {"README.md": "hello\\n"})
    github.install(repo)
    github.app.webhook_url = "http://127.0.0.1:8080/webhook"
    repo.push("feature", {"a.yaml": "a: 1\\n"})
    pull = github.open_pull(repo, "feature", title="Add a")
    run = await github.wait_for(lambda: pull.checks.get("argofix / ownership"))
    print(show.pull_request(pull))
    github.assert_no_violations()
"""

from tests.github import faults, show
from tests.github.faults import Fault
from tests.github.git_backend import File
from tests.github.pulls import PullRequest
from tests.github.repository import CheckRun, Comment, Repository
from tests.github.server import SimulatedGitHub
from tests.github.state import Clock, Installation, User, Violation

__all__ = [
    "CheckRun",
    "Clock",
    "Comment",
    "Fault",
    "File",
    "Installation",
    "PullRequest",
    "Repository",
    "SimulatedGitHub",
    "User",
    "Violation",
    "faults",
    "show",
]
