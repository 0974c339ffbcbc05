"""Issues, comments, labels and pull requests: how GitHub shows them."""

from typing import TYPE_CHECKING, Any

from tests.github.payloads import app, repository, user
from tests.github.repository import Comment, Issue, Label, Reaction, Repository
from tests.github.state import User

if TYPE_CHECKING:
    from tests.github.pulls import PullRequest

Json = dict[str, Any]

EMOJI = ("+1", "-1", "laugh", "confused", "heart", "hooray", "eyes", "rocket")
ASSOCIATION = {"admin": "MEMBER", "maintain": "MEMBER", "write": "COLLABORATOR", "triage": "COLLABORATOR"}


def association(repo: Repository, account: User) -> str:
    if account == repo.owner:
        return "OWNER"
    return ASSOCIATION.get(repo.collaborators.get(account.login, ""), "NONE")


def label(repo: Repository, item: Label) -> Json:
    return {
        "id": item.id,
        "node_id": f"LA_{item.id}",
        "url": f"{repo.state.api_url}/repos/{repo.full_name}/labels/{item.name}",
        "name": item.name,
        "description": item.description,
        "color": item.color,
        "default": False,
    }


def reaction(repo: Repository, item: Reaction) -> Json:
    return {
        "id": item.id,
        "node_id": f"RE_{item.id}",
        "user": user(repo.state, item.user),
        "content": item.content,
        "created_at": item.created_at,
    }


def comment(repo: Repository, item: Comment) -> Json:
    api = f"{repo.state.api_url}/repos/{repo.full_name}/issues"
    counts = {name: sum(entry.content == name for entry in item.reactions) for name in EMOJI}
    return {
        "id": item.id,
        "node_id": f"IC_{item.id}",
        "url": f"{api}/comments/{item.id}",
        "html_url": f"{html(repo, item.issue)}#issuecomment-{item.id}",
        "issue_url": f"{api}/{item.issue.number}",
        "body": item.body,
        "user": user(repo.state, item.user),
        "created_at": item.created_at,
        "updated_at": item.updated_at,
        "author_association": association(repo, item.user),
        "performed_via_github_app": app(repo.state, item.via) if item.via is not None else None,
        "reactions": {
            "url": f"{api}/comments/{item.id}/reactions",
            "total_count": len(item.reactions),
            **counts,
        },
    }


def html(repo: Repository, item: Issue) -> str:
    return f"{repo.state.url}/{repo.full_name}/{'pull' if item.pull else 'issues'}/{item.number}"


def issue(repo: Repository, item: Issue) -> Json:
    url = f"{repo.state.api_url}/repos/{repo.full_name}/issues/{item.number}"
    result: Json = {
        "id": item.id,
        "node_id": f"I_{item.id}",
        "url": url,
        "repository_url": f"{repo.state.api_url}/repos/{repo.full_name}",
        "labels_url": f"{url}/labels{{/name}}",
        "comments_url": f"{url}/comments",
        "events_url": f"{url}/events",
        "html_url": html(repo, item),
        "timeline_url": f"{url}/timeline",
        "number": item.number,
        "state": item.state,
        "state_reason": item.state_reason,
        "title": item.title,
        "body": item.body,
        "user": user(repo.state, item.user),
        "labels": [label(repo, repo.labels[name]) for name in item.labels],
        "assignee": None,
        "assignees": [],
        "milestone": None,
        "locked": False,
        "comments": len(item.comments),
        "closed_at": item.closed_at,
        "closed_by": user(repo.state, item.closed_by) if item.closed_by else None,
        "created_at": item.created_at,
        "updated_at": item.updated_at,
        "author_association": association(repo, item.user),
        "reactions": {"url": f"{url}/reactions", "total_count": 0, **dict.fromkeys(EMOJI, 0)},
        "performed_via_github_app": app(repo.state, repo.state.app) if item.user == repo.state.app.bot else None,
    }
    if item.pull:
        pull_url = f"{repo.state.api_url}/repos/{repo.full_name}/pulls/{item.number}"
        result["draft"] = item.pull.draft
        result["pull_request"] = {
            "url": pull_url,
            "html_url": html(repo, item),
            "diff_url": f"{html(repo, item)}.diff",
            "patch_url": f"{html(repo, item)}.patch",
            "merged_at": item.pull.merged_at,
        }
    return result


def side(repo: Repository, branch: str, sha: str) -> Json:
    return {
        "label": f"{repo.owner.login}:{branch}",
        "ref": branch,
        "sha": sha,
        "user": user(repo.state, repo.owner),
        "repo": repository(repo),
    }


def pull(item: "PullRequest") -> Json:
    repo, entry = item.repo, item.issue
    url = f"{repo.state.api_url}/repos/{repo.full_name}/pulls/{entry.number}"
    issue_url = f"{repo.state.api_url}/repos/{repo.full_name}/issues/{entry.number}"
    page = html(repo, entry)
    additions, deletions, files = item.size()
    statuses = f"{repo.state.api_url}/repos/{repo.full_name}/statuses/{item.head_sha}"
    return {
        **{name: value for name, value in issue(repo, entry).items() if name not in ("pull_request", "node_id")},
        "node_id": f"PR_{entry.id}",
        "url": url,
        "diff_url": f"{page}.diff",
        "patch_url": f"{page}.patch",
        "issue_url": issue_url,
        "commits_url": f"{url}/commits",
        "review_comments_url": f"{url}/comments",
        "review_comment_url": f"{repo.state.api_url}/repos/{repo.full_name}/pulls/comments{{/number}}",
        "statuses_url": statuses,
        "draft": item.draft,
        "merged": item.merged_at is not None,
        "merged_at": item.merged_at,
        "merged_by": user(repo.state, item.merged_by) if item.merged_by else None,
        "merge_commit_sha": item.merge_commit_sha,
        "mergeable": item.mergeable,
        "rebaseable": item.mergeable,
        "mergeable_state": {None: "unknown", True: "clean", False: "dirty"}[item.mergeable],
        "maintainer_can_modify": False,
        "requested_reviewers": [],
        "requested_teams": [],
        "auto_merge": None,
        "review_comments": 0,
        "commits": len(item.commits()),
        "additions": additions,
        "deletions": deletions,
        "changed_files": files,
        "head": side(item.head_repo, item.head_branch, item.head_sha),
        "base": side(repo, item.base_branch, item.base_sha),
        "_links": {
            name: {"href": link}
            for name, link in {
                "self": url,
                "html": page,
                "issue": issue_url,
                "comments": f"{issue_url}/comments",
                "review_comments": f"{url}/comments",
                "review_comment": f"{repo.state.api_url}/repos/{repo.full_name}/pulls/comments{{/number}}",
                "commits": f"{url}/commits",
                "statuses": statuses,
            }.items()
        },
    }
