"""Pull request operations."""

from typing import Any

from tests.github import issue_payloads, payloads
from tests.github.handling import Answer, ApiError, Call, found, invalid, listed, operation
from tests.github.pulls import PullRequest, announce, close, open_pull, read_pull, reopen, reopens
from tests.github.repos import changed_files
from tests.github.repository import Repository

Json = dict[str, Any]

BODY_LIMIT = 65_536
TITLE_LIMIT = 256


def check_text(resource: str, title: str | None, body: str | None) -> None:
    if title is not None and len(title) > TITLE_LIMIT:
        raise invalid(resource, "title", "custom", "title is too long (maximum is 256 characters)")
    if body is not None and len(body) > BODY_LIMIT:
        raise invalid(resource, "body", "custom", "body is too long (maximum is 65536 characters)")


def pull_of(call: Call) -> PullRequest:
    return found(call.issue().pull)


@operation("pulls/list", "pull_requests:read")
def list_pulls(call: Call) -> Answer:
    query = call.query
    state = query.get("state", "open")
    pulls = [pull for pull in call.repo.pulls if state in ("all", pull.issue.state)]
    if "base" in query:
        pulls = [pull for pull in pulls if pull.base_branch == query["base"]]
    # GitHub ignores a head filter without an owner.
    if ":" in query.get("head", ""):
        pulls = [pull for pull in pulls if f"{pull.head_repo.owner.login}:{pull.head_branch}" == query["head"]]
    key = {"updated": lambda pull: (pull.issue.updated_at, pull.number)}.get(
        query.get("sort", ""), lambda pull: pull.number
    )
    default = "asc" if query.get("sort", "created") != "created" else "desc"
    pulls.sort(key=key, reverse=query.get("direction", default) == "desc")
    return listed(call, pulls, issue_payloads.pull)


@operation("pulls/get", "pull_requests:read")
def get_pull(call: Call) -> Answer:
    return Answer(200, read_pull(pull_of(call)))


def head_of(call: Call) -> tuple[Repository, str]:
    owner, colon, branch = call.body["head"].rpartition(":")
    if not colon or owner == call.repo.owner.login:
        return call.repo, branch
    for other in call.state.repositories.values():
        if other.owner.login == owner and other.parent is call.repo:
            return other, branch
    raise invalid("PullRequest", "head")


@operation("pulls/create", "pull_requests:write")
def create_pull(call: Call) -> Answer:
    repo, body = call.repo, call.body
    head_repo, head = head_of(call)
    base = body["base"]
    if "title" not in body:
        raise invalid("PullRequest", "title", "missing_field")
    check_text("PullRequest", body["title"], body.get("body"))
    if repo.branch(base) is None:
        raise invalid("PullRequest", "base")
    head_sha = head_repo.branch(head)
    if head_sha is None:
        raise invalid("PullRequest", "head")
    name = f"{head_repo.owner.login}:{head}"
    for other in repo.pulls:
        if other.open and other.head_repo is head_repo and other.head_branch == head and other.base_branch == base:
            error = {
                "resource": "PullRequest",
                "code": "custom",
                "message": f"A pull request already exists for {name}.",
            }
            raise ApiError(422, "Validation Failed", [error])
    if head_repo is repo and not repo.git.log("-1", f"{base}..{head_sha}"):
        error = {"resource": "PullRequest", "code": "custom", "message": f"No commits between {base} and {head}"}
        raise ApiError(422, "Validation Failed", [error])
    pull = open_pull(
        repo,
        head_repo=head_repo,
        head=head,
        base=base,
        title=body["title"],
        body=body.get("body"),
        user=call.bot,
        draft=body.get("draft", False),
    )
    return Answer(201, issue_payloads.pull(pull))


@operation("pulls/update", "pull_requests:write")
def update_pull(call: Call) -> Answer:
    pull, body = pull_of(call), call.body or {}
    edit_pull(pull, call, title=body.get("title"), text=body.get("body"), base=body.get("base"))
    change_state(pull, call, body.get("state"))
    return Answer(200, issue_payloads.pull(pull))


def change_state(pull: PullRequest, call: Call, state: str | None) -> None:
    if state is None or state == pull.issue.state:
        return
    if state == "closed":
        close(pull, call.bot)
        return
    if not reopens(pull):
        raise invalid("PullRequest", "state", "invalid", "The pull request cannot be reopened.")
    reopen(pull, call.bot)


def edit_pull(pull: PullRequest, call: Call, *, title: str | None, text: str | None, base: str | None = None) -> None:
    check_text("PullRequest", title, text)
    issue = pull.issue
    changes: Json = {}
    if title is not None and title != issue.title:
        changes["title"] = {"from": issue.title}
        issue.title = title
    if text is not None and text != issue.body:
        changes["body"] = {"from": issue.body or ""}
        issue.body = text
    if base is not None and base != pull.base_branch:
        sha = call.repo.branch(base)
        if sha is None:
            raise invalid("PullRequest", "base")
        changes["base"] = {"ref": {"from": pull.base_branch}, "sha": {"from": pull.base_sha}}
        pull.base_branch, pull.base_sha, pull.mergeable = base, sha, None
    if changes:
        issue.updated_at = call.state.now()
        announce(pull, "edited", call.bot, changes=changes)


@operation("pulls/list-files", "pull_requests:read")
def list_files(call: Call) -> Answer:
    pull = pull_of(call)
    return listed(call, changed_files(pull.repo, *pull.diff_range())[:3000], lambda file: file)


@operation("pulls/list-commits", "pull_requests:read")
def list_commits(call: Call) -> Answer:
    pull = pull_of(call)
    return listed(call, pull.commits()[:250], lambda data: payloads.commit(pull.repo, data))
