"""What GitHub now shows, as text for people (the demo) and for assertions."""

import textwrap

from tests.github.pulls import PullRequest
from tests.github.repository import CheckRun, Repository

SIGNS = {"success": "✓", "failure": "✗", "neutral": "■", "cancelled": "⊘", "skipped": "⊘", "action_required": "!"}


def indent(text: str, by: int = 2) -> str:
    return textwrap.indent(text.rstrip(), " " * by)


def check_run(run: CheckRun) -> str:
    state = run.conclusion or run.status
    lines = [f"{SIGNS.get(state, '●')} {run.name}: {state}" + (f" — {run.title}" if run.title else "")]
    if run.summary:
        lines.append(indent(run.summary, 4))
    for item in run.annotations:
        span = str(item["start_line"])
        if item["end_line"] != item["start_line"]:
            span += f"-{item['end_line']}"
        title = f" {item['title']}:" if item.get("title") else ""
        lines.append(f"    {item['annotation_level']} {item['path']}:{span}{title}")
        lines.append(indent(item["message"], 6))
    lines += [f"    [ {action['label']} ] {action['description']}" for action in run.actions]
    return "\n".join(lines)


def checks(repo: Repository, sha: str) -> str:
    runs = sorted(repo.checks(sha).values(), key=lambda run: run.name)
    return "\n".join(map(check_run, runs)) or "no checks"


def state_of(pull: PullRequest) -> str:
    if pull.merged_at:
        return "merged"
    return "draft" if pull.open and pull.draft else pull.issue.state


def pull_request(pull: PullRequest, *, diff: bool = False) -> str:
    """Title, body, labels, checks of the head and comments; the diff when asked for."""
    issue = pull.issue
    head = pull.head_branch if pull.head_repo is pull.repo else f"{pull.head_repo.owner.login}:{pull.head_branch}"
    added, deleted, files = pull.size()
    lines = [
        f"#{pull.number} {issue.title}  [{state_of(pull)}]",
        f"{issue.user.login} wants to merge {head} into {pull.base_branch}: +{added} -{deleted} in {files} file(s)",
    ]
    if issue.labels:
        lines.append(f"labels: {', '.join(issue.labels)}")
    if issue.body:
        lines += ["", indent(issue.body)]
    lines += ["", "checks", indent(checks(pull.repo, pull.head_sha))]
    for comment in issue.comments:
        reactions = " ".join(sorted(reaction.content for reaction in comment.reactions))
        lines += ["", f"{comment.user.login} commented{f' ({reactions})' if reactions else ''}", indent(comment.body)]
    if diff:
        lines += ["", "diff", indent(pull.diff())]
    return "\n".join(lines)
