"""Check suites and check runs: how GitHub shows them."""

from typing import Any

from tests.github.payloads import app, git_commit, repository
from tests.github.repository import CheckRun, CheckSuite, Repository

Json = dict[str, Any]


def pulls_of(repo: Repository, sha: str) -> list[Json]:
    """The open pull requests of this repository (not of forks) that a commit heads, as check payloads show them."""
    result = []
    for pull in repo.pulls:
        if pull.issue.state == "open" and pull.head_repo is repo and pull.head_sha == sha:
            sides = {
                side: {
                    "ref": ref,
                    "sha": at,
                    "repo": {"id": repo.id, "name": repo.name, "url": f"{repo.state.api_url}/repos/{repo.full_name}"},
                }
                for side, ref, at in (("head", pull.head_branch, sha), ("base", pull.base_branch, pull.base_sha))
            }
            url = f"{repo.state.api_url}/repos/{repo.full_name}/pulls/{pull.issue.number}"
            result.append({"id": pull.issue.id, "number": pull.issue.number, "url": url, **sides})
    return result


def check_suite(repo: Repository, suite: CheckSuite) -> Json:
    state = repo.state
    runs = [run for run in repo.checks(suite.head_sha).values() if run.suite is suite]
    status = "queued"
    if runs:
        status = "completed" if all(run.status == "completed" for run in runs) else "in_progress"
    worst = [run.conclusion for run in runs if run.conclusion not in ("success", "neutral", "skipped")]
    url = f"{state.api_url}/repos/{repo.full_name}/check-suites/{suite.id}"
    data = repo.git.commit_data(suite.head_sha)
    return {
        "id": suite.id,
        "node_id": f"CS_{suite.id}",
        "head_branch": suite.head_branch,
        "head_sha": suite.head_sha,
        "status": status,
        "conclusion": (worst[0] if worst else "success") if status == "completed" else None,
        "url": url,
        "before": suite.before,
        "after": suite.head_sha,
        "pull_requests": pulls_of(repo, suite.head_sha),
        "app": app(state, suite.app),
        "repository": repository(repo),
        "created_at": suite.created_at,
        "updated_at": suite.updated_at,
        "head_commit": git_commit(repo, data)
        | {"id": data.sha, "tree_id": data.tree, "timestamp": data.committer.date},
        "latest_check_runs_count": len(runs),
        "check_runs_url": f"{url}/check-runs",
        "rerequestable": True,
        "runs_rerequestable": True,
    }


def check_run(repo: Repository, run: CheckRun) -> Json:
    state = repo.state
    url = f"{state.api_url}/repos/{repo.full_name}/check-runs/{run.id}"
    html = f"{state.url}/{repo.full_name}/runs/{run.id}"
    return {
        "id": run.id,
        "node_id": f"CR_{run.id}",
        "head_sha": run.head_sha,
        "external_id": run.external_id,
        "url": url,
        "html_url": html,
        "details_url": run.details_url or html,
        "status": run.status,
        "conclusion": run.conclusion,
        "started_at": run.started_at,
        "completed_at": run.completed_at,
        "output": {
            "title": run.title,
            "summary": run.summary,
            "text": run.text,
            "annotations_count": len(run.annotations),
            "annotations_url": f"{url}/annotations",
        },
        "name": run.name,
        "check_suite": check_suite(repo, run.suite),
        "app": app(state, run.suite.app),
        "pull_requests": pulls_of(repo, run.head_sha),
    }
