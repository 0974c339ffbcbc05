"""Repositories, branches, commits, contents, comparison, releases, collaborators, users."""

import base64
from typing import Any

from tests.github import issue_payloads, payloads
from tests.github.git_backend import CommitData
from tests.github.handling import Answer, ApiError, Call, found, listed, operation
from tests.github.pulls import PullRequest
from tests.github.repository import Release, Repository

Json = dict[str, Any]

STATUS = {"A": "added", "M": "modified", "D": "removed", "R": "renamed", "C": "copied", "T": "changed"}
MAX_FILES = 300
# The coarse permission that the API shows beside each role.
COARSE = {"admin": "admin", "maintain": "write", "write": "write", "triage": "read", "read": "read", "none": "none"}


def revision(repo: Repository, name: str) -> str:
    """The commit that a branch, tag or (abbreviated) SHA means, in GitHub's order."""
    if name.startswith("-") or ".." in name:
        raise ApiError(404, "Not Found")
    for candidate in (f"refs/heads/{name}", f"refs/tags/{name}", name):
        if sha := repo.git.resolve(candidate):
            return sha
    raise ApiError(422, f"No commit found for SHA: {name}")


def changed_files(repo: Repository, before: str, after: str) -> list[Json]:
    raw = repo.git.ask("diff", "-z", "--raw", "--no-abbrev", "-M", before, after).decode(errors="surrogateescape")
    fields = raw.split("\0")
    counts: dict[str, tuple[str, str]] = {}
    for row in (
        repo.git.ask("diff", "--no-renames", "-z", "--numstat", before, after)
        .decode(errors="surrogateescape")
        .split("\0")
    ):
        if row:
            added, deleted, path = row.split("\t")
            counts[path] = (added, deleted)
    files, position = [], 0
    while position + 1 < len(fields):
        meta = fields[position].lstrip(":").split()
        letter = meta[4][0]
        old = fields[position + 1]
        path = fields[position + 2] if letter in "RC" else old
        position += 3 if letter in "RC" else 2
        added, deleted = counts.get(path, ("0", "0"))
        binary = added == "-"
        api, html = f"{repo.state.api_url}/repos/{repo.full_name}", f"{repo.state.url}/{repo.full_name}"
        file: Json = {
            "sha": meta[3] if letter != "D" else meta[2],
            "filename": path,
            "status": STATUS[letter],
            "additions": 0 if binary else int(added),
            "deletions": 0 if binary else int(deleted),
            "changes": 0 if binary else int(added) + int(deleted),
            "blob_url": f"{html}/blob/{after}/{path}",
            "raw_url": f"{html}/raw/{after}/{path}",
            "contents_url": f"{api}/contents/{path}?ref={after}",
        }
        if letter in "RC":
            file["previous_filename"] = old
        if not binary:
            patch = repo.git.run("diff", "-M", before, after, "--", old, path).decode(errors="replace")
            file["patch"] = "@@" + patch.partition("\n@@")[2].rstrip("\n")
        files.append(file)
    return files


def full_commit(repo: Repository, data: CommitData) -> Json:
    empty_tree = repo.git.tree(None, ())
    files = changed_files(repo, data.parents[0] if data.parents else empty_tree, data.sha)
    stats = {key: sum(file[key] for file in files) for key in ("additions", "deletions")}
    return payloads.commit(repo, data) | {"files": files[:MAX_FILES], "stats": stats | {"total": sum(stats.values())}}


@operation("repos/get", "metadata:read")
def get_repository(call: Call) -> Answer:
    return Answer(200, payloads.repository(call.repo))


@operation("repos/list-branches", "contents:read")
def list_branches(call: Call) -> Answer:
    refs = call.repo.git.refs("refs/heads")
    api = f"{call.state.api_url}/repos/{call.repo.full_name}"

    def show(ref: str) -> Json:
        commit = {"sha": refs[ref], "url": f"{api}/commits/{refs[ref]}"}
        return {"name": ref.removeprefix("refs/heads/"), "commit": commit, "protected": False}

    return listed(call, sorted(refs) if call.query.get("protected") is not True else [], show)


@operation("repos/get-branch", "contents:read")
def get_branch(call: Call) -> Answer:
    name, repo = call.path["branch"], call.repo
    sha = repo.branch(name)
    if sha is None:
        raise ApiError(404, "Branch not found")
    api = f"{call.state.api_url}/repos/{repo.full_name}/branches/{name}"
    return Answer(
        200,
        {
            "name": name,
            "commit": payloads.commit(repo, repo.git.commit_data(sha)),
            "_links": {"self": api, "html": f"{call.state.url}/{repo.full_name}/tree/{name}"},
            "protected": False,
            "protection": {"enabled": False},
            "protection_url": f"{api}/protection",
        },
    )


@operation("repos/list-commits", "contents:read")
def list_commits(call: Call) -> Answer:
    repo, query = call.repo, call.query
    scope = [f"--{name}={query[name]}" for name in ("since", "until", "author", "committer") if name in query]
    scope.append(revision(repo, query.get("sha", repo.default_branch)))
    if "path" in query:
        scope += ["--", query["path"]]
    return listed(call, repo.git.log(*scope), lambda data: payloads.commit(repo, data))


@operation("repos/get-commit", "contents:read")
def get_commit(call: Call) -> Answer:
    return Answer(200, full_commit(call.repo, call.repo.git.commit_data(revision(call.repo, call.path["ref"]))))


@operation("repos/list-pull-requests-associated-with-commit", "pull_requests:read")
def pulls_of_commit(call: Call) -> Answer:
    repo, sha = call.repo, revision(call.repo, call.path["commit_sha"])

    def holds(pull: PullRequest) -> bool:
        return any(sha in (data.sha, pull.merge_commit_sha) for data in pull.commits())

    return listed(call, [pull for pull in repo.pulls if holds(pull)], issue_payloads.pull)


@operation("repos/compare-commits-with-basehead", "contents:read")
def compare(call: Call) -> Answer:
    repo = call.repo
    left, dots, right = call.path["basehead"].partition("...")
    if not dots:
        raise ApiError(404, "Not Found")
    base, head = (compared(repo, name) for name in (left, right))
    fork = repo.git.merge_base(base, head)
    if fork is None:
        raise ApiError(404, f"No common ancestor between {left} and {right}.")
    ahead, behind = repo.git.log("--reverse", f"{base}..{head}"), repo.git.log(f"{head}..{base}")
    status = ("diverged" if behind else "ahead") if ahead else ("behind" if behind else "identical")
    api = f"{call.state.api_url}/repos/{repo.full_name}/compare/{left}...{right}"
    html = f"{call.state.url}/{repo.full_name}/compare/{left}...{right}"
    answer = listed(call, ahead, lambda data: payloads.commit(repo, data))
    return Answer(
        200,
        {
            "url": api,
            "html_url": html,
            "permalink_url": f"{call.state.url}/{repo.full_name}/compare/{base}...{head}",
            "diff_url": f"{html}.diff",
            "patch_url": f"{html}.patch",
            "base_commit": payloads.commit(repo, repo.git.commit_data(base)),
            "merge_base_commit": payloads.commit(repo, repo.git.commit_data(fork)),
            "status": status,
            "ahead_by": len(ahead),
            "behind_by": len(behind),
            "total_commits": len(ahead),
            "commits": answer.body,
            "files": changed_files(repo, fork, head)[:MAX_FILES] if call.query.get("page", 1) == 1 else [],
        },
        answer.headers,
    )


def compared(repo: Repository, name: str) -> str:
    """A side of a comparison: `branch`, a SHA, or `owner:branch` of a fork of the same network."""
    owner, colon, branch = name.partition(":")
    try:
        if not colon or owner == repo.owner.login:
            return revision(repo, branch if colon else name)
        for other in repo.state.repositories.values():
            if other.parent is repo and other.owner.login == owner:
                sha = revision(other, branch)
                repo.git.run("fetch", "--quiet", "--no-tags", str(other.git.path), sha)
                return sha
    except ApiError:
        pass
    raise ApiError(404, "Not Found")


@operation("repos/get-content", "contents:read")
def get_content(call: Call) -> Answer:
    repo, path = call.repo, call.path["path"].strip("/")
    try:
        commit = revision(repo, call.query.get("ref", repo.default_branch))
    except ApiError:
        raise ApiError(404, f"No commit found for the ref {call.query.get('ref')}") from None
    if repo.git.resolve(f"{commit}:{path}", "tree"):
        entries = repo.git.entries(f"{commit}:{path}", recursive=False)
        return Answer(
            200, [content(repo, commit, f"{path}/{item.path}", item.sha, item.type, item.size) for item in entries]
        )
    blob = found(repo.git.resolve(f"{commit}:{path}", "blob"))
    data = repo.git.read(blob)
    encoded = base64.encodebytes(data).decode() if len(data) <= 1_000_000 else ""
    shown = content(repo, commit, path, blob, "blob", len(data))
    return Answer(200, shown | {"encoding": "base64" if len(data) <= 1_000_000 else "none", "content": encoded})


def content(repo: Repository, commit: str, path: str, sha: str, kind: str, size: int | None) -> Json:
    api, html = f"{repo.state.api_url}/repos/{repo.full_name}", f"{repo.state.url}/{repo.full_name}"
    links = {
        "self": f"{api}/contents/{path}?ref={commit}",
        "git": f"{api}/git/{kind}s/{sha}",
        "html": f"{html}/blob/{commit}/{path}",
    }
    return {
        "type": {"blob": "file", "tree": "dir", "commit": "submodule"}[kind],
        "size": size or 0,
        "name": path.rsplit("/", 1)[-1],
        "path": path,
        "sha": sha,
        "url": links["self"],
        "git_url": links["git"],
        "html_url": links["html"],
        "download_url": f"{html}/raw/{commit}/{path}" if kind == "blob" else None,
        "_links": links,
    }


@operation("repos/list-releases", "contents:read")
def list_releases(call: Call) -> Answer:
    repo = call.repo
    api, html = f"{call.state.api_url}/repos/{repo.full_name}/releases", f"{call.state.url}/{repo.full_name}/releases"

    def show(item: Release) -> Json:
        return {
            "url": f"{api}/{item.id}",
            "html_url": f"{html}/tag/{item.tag}",
            "assets_url": f"{api}/{item.id}/assets",
            "upload_url": f"{api}/{item.id}/assets{{?name,label}}",
            "id": item.id,
            "node_id": f"RE_{item.id}",
            "tag_name": item.tag,
            "target_commitish": repo.default_branch,
            "name": item.name,
            "body": item.body,
            "draft": item.draft,
            "prerelease": item.prerelease,
            "created_at": item.created_at,
            "published_at": None if item.draft else item.created_at,
            "author": payloads.user(call.state, item.author),
        }

    return listed(call, list(reversed(repo.releases)), show)


@operation("repos/get-collaborator-permission-level", "metadata:read")
def permission_level(call: Call) -> Answer:
    account = found(call.state.users.get(call.path["username"].lower()))
    default = "admin" if account == call.repo.owner else ("none" if call.repo.private else "read")
    # A custom role is written `name:base`.
    role, _, base = call.repo.collaborators.get(account.login, default).partition(":")
    coarse = COARSE[base or role]
    return Answer(
        200,
        {"permission": coarse, "role_name": role, "user": payloads.user(call.state, account) | {"role_name": role}},
    )


@operation("users/get-by-username")
def get_user(call: Call) -> Answer:
    account = found(call.state.users.get(call.path["username"].lower()))
    return Answer(200, payloads.user(call.state, account) | {"name": account.name})
