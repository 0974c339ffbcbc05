"""Accounts, repositories, commits, the App: how GitHub shows them. `shape.fit` cuts these to each schema."""

from typing import Any

from tests.github.git_backend import ZERO, CommitData, GitError
from tests.github.repository import Repository
from tests.github.state import App, Installation, State, User

Json = dict[str, Any]

# What GitHub's description of the App inside of webhooks does not list, though Apps are sent it.
UNDESCRIBED = frozenset({"merge_group"})

USER_URLS = {
    "followers_url": "/followers",
    "following_url": "/following{/other_user}",
    "gists_url": "/gists{/gist_id}",
    "starred_url": "/starred{/owner}{/repo}",
    "subscriptions_url": "/subscriptions",
    "organizations_url": "/orgs",
    "repos_url": "/repos",
    "events_url": "/events{/privacy}",
    "received_events_url": "/received_events",
}
REPOSITORY_URLS = {
    "archive": "/{archive_format}{/ref}",
    "assignees": "/assignees{/user}",
    "blobs": "/git/blobs{/sha}",
    "branches": "/branches{/branch}",
    "collaborators": "/collaborators{/collaborator}",
    "comments": "/comments{/number}",
    "commits": "/commits{/sha}",
    "compare": "/compare/{base}...{head}",
    "contents": "/contents/{+path}",
    "contributors": "/contributors",
    "deployments": "/deployments",
    "downloads": "/downloads",
    "events": "/events",
    "forks": "/forks",
    "git_commits": "/git/commits{/sha}",
    "git_refs": "/git/refs{/sha}",
    "git_tags": "/git/tags{/sha}",
    "hooks": "/hooks",
    "issue_comment": "/issues/comments{/number}",
    "issue_events": "/issues/events{/number}",
    "issues": "/issues{/number}",
    "keys": "/keys{/key_id}",
    "labels": "/labels{/name}",
    "languages": "/languages",
    "merges": "/merges",
    "milestones": "/milestones{/number}",
    "notifications": "/notifications{?since,all,participating}",
    "pulls": "/pulls{/number}",
    "releases": "/releases{/id}",
    "stargazers": "/stargazers",
    "statuses": "/statuses/{sha}",
    "subscribers": "/subscribers",
    "subscription": "/subscription",
    "tags": "/tags",
    "teams": "/teams",
    "trees": "/git/trees{/sha}",
}


def user(state: State, account: User) -> Json:
    api = f"{state.api_url}/users/{account.login.replace('[', '%5B').replace(']', '%5D')}"
    html = f"{state.url}/apps/{account.login[:-5]}" if account.type == "Bot" else f"{state.url}/{account.login}"
    return {
        "id": account.id,
        "node_id": f"U_{account.id}",
        "login": account.login,
        "type": account.type,
        "email": None,
        "url": api,
        "html_url": html,
        "avatar_url": f"{state.url}/avatars/{account.id}",
        "gravatar_id": "",
        "site_admin": False,
        "user_view_type": "public",
        **{name: f"{api}{suffix}" for name, suffix in USER_URLS.items()},
    }


def organization(state: State, account: User) -> Json:
    api = f"{state.api_url}/orgs/{account.login}"
    return user(state, account) | {"url": api, "events_url": f"{api}/events", "description": ""}


def repository(repo: Repository, *, nested: bool = False) -> Json:
    state = repo.state
    api, html = f"{state.api_url}/repos/{repo.full_name}", f"{state.url}/{repo.full_name}"
    open_issues = sum(issue.state == "open" for issue in repo.issues.values())
    result = {
        "id": repo.id,
        "node_id": f"R_{repo.id}",
        "name": repo.name,
        "full_name": repo.full_name,
        "owner": user(state, repo.owner),
        "private": repo.private,
        "archived": repo.archived,
        "visibility": "private" if repo.private else "public",
        "default_branch": repo.default_branch,
        "master_branch": repo.default_branch,
        "description": None,
        "fork": repo.parent is not None,
        "url": api,
        "html_url": html,
        "clone_url": repo.clone_url,
        "git_url": repo.clone_url.replace("http:", "git:"),
        "ssh_url": f"git@{state.url.removeprefix('http://')}:{repo.full_name}.git",
        "svn_url": html,
        "created_at": repo.created_at,
        "updated_at": repo.created_at,
        "pushed_at": repo.created_at,
        "open_issues": open_issues,
        "open_issues_count": open_issues,
        "has_issues": repo.has_issues,
        "permissions": {"admin": False, "push": True, "pull": True, "maintain": False, "triage": False},
        **{f"{name}_url": f"{api}{suffix}" for name, suffix in REPOSITORY_URLS.items()},
    }
    if repo.parent and not nested:
        result |= {"parent": repository(repo.parent, nested=True), "source": repository(repo.parent, nested=True)}
    return result


def app(state: State, item: App) -> Json:
    return {
        "id": item.id,
        "slug": item.slug,
        "node_id": f"A_{item.id}",
        "client_id": item.client_id,
        "owner": user(state, item.owner),
        "name": item.name,
        "description": None,
        "external_url": f"{state.url}/{item.owner.login}/{item.slug}",
        "html_url": f"{state.url}/apps/{item.slug}",
        "created_at": "2026-01-01T00:00:00Z",
        "updated_at": "2026-01-01T00:00:00Z",
        "permissions": item.permissions,
        "events": [event for event in item.events if event not in UNDESCRIBED],
        "installations_count": sum(entry.app is item and not entry.deleted for entry in state.installations.values()),
    }


def installation(state: State, item: Installation) -> Json:
    api = f"{state.api_url}/app/installations/{item.id}"
    return {
        "id": item.id,
        "account": user(state, item.account),
        "repository_selection": "all" if item.repositories is None else "selected",
        "access_tokens_url": f"{api}/access_tokens",
        "repositories_url": f"{state.api_url}/installation/repositories",
        "html_url": f"{state.url}/settings/installations/{item.id}",
        "app_id": item.app.id,
        "app_slug": item.app.slug,
        "client_id": item.app.client_id,
        "target_id": item.account.id,
        "target_type": item.account.type,
        "permissions": item.permissions,
        "events": list(item.events),
        "created_at": item.created_at,
        "updated_at": item.created_at,
        "single_file_name": None,
        "suspended_by": user(state, item.account) if item.suspended_at else None,
        "suspended_at": item.suspended_at,
    }


def verification(repo: Repository, sha: str) -> Json:
    """GitHub verifies signatures of its own and of people alike; whose it is stands in the signature only."""
    verified = sha in repo.by_app or sha in repo.signed
    return {
        "verified": verified,
        "reason": "valid" if verified else "unsigned",
        "signature": "-----BEGIN PGP SIGNATURE-----\n\n(simulated)\n-----END PGP SIGNATURE-----"
        if verified
        else None,
        "payload": f"commit {sha}" if verified else None,
        "verified_at": repo.state.now() if verified else None,
    }


def account_of(repo: Repository, email: str) -> User | None:
    if email == "noreply@github.com":
        return repo.state.web_flow
    return next((entry for entry in repo.state.users.values() if entry.email == email), None)


def git_commit(repo: Repository, data: CommitData) -> Json:
    api, html = f"{repo.state.api_url}/repos/{repo.full_name}", f"{repo.state.url}/{repo.full_name}"
    return {
        "sha": data.sha,
        "node_id": f"C_{data.sha}",
        "url": f"{api}/git/commits/{data.sha}",
        "html_url": f"{html}/commit/{data.sha}",
        "author": {"name": data.author.name, "email": data.author.email, "date": data.author.date},
        "committer": {"name": data.committer.name, "email": data.committer.email, "date": data.committer.date},
        "message": data.message,
        "tree": {"sha": data.tree, "url": f"{api}/git/trees/{data.tree}"},
        "parents": [
            {"sha": sha, "url": f"{api}/git/commits/{sha}", "html_url": f"{html}/commit/{sha}"}
            for sha in data.parents
        ],
        "verification": verification(repo, data.sha),
    }


def commit(repo: Repository, data: CommitData) -> Json:
    api = f"{repo.state.api_url}/repos/{repo.full_name}/commits/{data.sha}"
    inner = git_commit(repo, data)
    author, committer = account_of(repo, data.author.email), account_of(repo, data.committer.email)
    return {
        "sha": data.sha,
        "node_id": inner["node_id"],
        "url": api,
        "html_url": inner["html_url"],
        "comments_url": f"{api}/comments",
        "commit": inner | {"url": inner["url"], "comment_count": 0},
        "author": user(repo.state, author) if author else None,
        "committer": user(repo.state, committer) if committer else None,
        "parents": inner["parents"],
    }


def pushed_commit(repo: Repository, data: CommitData) -> Json:
    names: dict[str, list[str]] = {"A": [], "M": [], "D": []}
    for path, status in repo.git.changed(data.sha).items():
        shown = path.encode(errors="surrogateescape").decode(errors="replace")
        names["M" if status == "T" else status].append(shown)
    people = {
        role: {"name": person.name, "email": person.email, "date": person.date}
        for role, person in (("author", data.author), ("committer", data.committer))
    }
    return {
        "id": data.sha,
        "tree_id": data.tree,
        "distinct": True,
        "message": data.message,
        "timestamp": data.committer.date,
        "url": f"{repo.state.url}/{repo.full_name}/commit/{data.sha}",
        "added": names["A"],
        "removed": names["D"],
        "modified": names["M"],
        **people,
    }


def simple_commit(data: CommitData) -> Json:
    """A commit as `merge_group` shows it."""
    people = {
        role: {"name": who.name, "email": who.email}
        for role, who in (("author", data.author), ("committer", data.committer))
    }
    times = {"timestamp": data.committer.date}
    return {"id": data.sha, "tree_id": data.tree, "message": data.message, **times, **people}


def push(repo: Repository, ref: str, before: str, after: str, pusher: User) -> Json:
    commits: list[CommitData] = []
    if after != ZERO:
        scope = [f"{before}..{after}"] if before != ZERO else ["-20", after]
        try:
            commits = repo.git.log("--reverse", *scope)
        except GitError:
            commits = repo.git.log("-1", after)
    shown = [pushed_commit(repo, data) for data in commits]
    forced = ZERO not in (before, after) and not repo.git.is_ancestor(before, after)
    return {
        "ref": ref,
        "before": before,
        "after": after,
        "base_ref": None,
        "compare": f"{repo.state.url}/{repo.full_name}/compare/{before[:12]}...{after[:12]}",
        "created": before == ZERO,
        "deleted": after == ZERO,
        "forced": forced,
        "commits": shown[:2048],
        "head_commit": shown[-1] if shown else None,
        "pusher": {"name": pusher.login, "email": pusher.email},
    }
