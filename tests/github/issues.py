"""Issues, labels, comments and reactions."""

from dataclasses import replace
from typing import Any

from tests.github import issue_payloads
from tests.github.auth import granted
from tests.github.handling import Answer, ApiError, Call, invalid, listed, operation
from tests.github.pull_operations import change_state, check_text, edit_pull
from tests.github.repository import Comment, Issue, Label, Reaction, Repository
from tests.github.state import App, User
from tests.github.webhooks import emit

Json = dict[str, Any]

READ = ("issues:read", "pull_requests:read")
WRITE = ("issues:write", "pull_requests:write")


def announce(repo: Repository, action: str, comment: Comment, sender: User, **extra: Any) -> None:
    fields = {
        "issue": issue_payloads.issue(repo, comment.issue),
        "comment": issue_payloads.comment(repo, comment),
        **extra,
    }
    emit(repo.state, "issue_comment", action, fields, repo, sender)
    repo.state.changed()


def announce_issue(repo: Repository, action: str, issue: Issue, sender: User, **extra: Any) -> None:
    emit(repo.state, "issues", action, {"issue": issue_payloads.issue(repo, issue), **extra}, repo, sender)
    repo.state.changed()


def open_issue(repo: Repository, user: User, title: str, body: str | None) -> Issue:
    state = repo.state
    issue = Issue(next(state.ids), _next_number(repo), user, title, body, state.now(), state.now())
    repo.issues[issue.number] = issue
    announce_issue(repo, "opened", issue, user)
    return issue


def _next_number(repo: Repository) -> int:
    return len(repo.issues) + len(repo.gone) + 1


def delete_issue(repo: Repository, issue: Issue) -> None:
    """Delete it, or make it a discussion, which is the same for whoever asks for the issue. What GitHub sends then
    nobody subscribes to."""
    repo.gone[issue.number] = None
    del repo.issues[issue.number]
    repo.state.changed()


def transfer_issue(repo: Repository, issue: Issue, other: Repository, user: User) -> Issue:
    """It gets another number in the other repository, keeps its author, and is found by its old address."""
    moved = replace(issue, id=next(repo.state.ids), number=_next_number(other))
    repo.gone[issue.number] = (other, moved)
    del repo.issues[issue.number]
    other.issues[moved.number] = moved
    announce_issue(other, "opened", moved, user)
    return moved


def edit_issue(repo: Repository, issue: Issue, user: User, title: str | None, body: str | None) -> None:
    """What is None stays as it is."""
    changes: Json = {}
    if title is not None and title != issue.title:
        changes["title"], issue.title = {"from": issue.title}, title
    if body is not None and body != issue.body:
        changes["body"], issue.body = {"from": issue.body or ""}, body
    if changes:
        issue.updated_at = repo.state.now()
        announce_issue(repo, "edited", issue, user, changes=changes)


def settle_issue(repo: Repository, issue: Issue, user: User, state: str, reason: str | None = None) -> None:
    """Close or reopen it."""
    if state == issue.state:
        return
    closed = state == "closed"
    issue.state, issue.state_reason = state, reason or ("completed" if closed else "reopened")
    issue.closed_at, issue.closed_by = (repo.state.now(), user) if closed else (None, None)
    issue.updated_at = repo.state.now()
    announce_issue(repo, "closed" if closed else "reopened", issue, user)


def add_comment(repo: Repository, issue: Issue, user: User, body: str, via: App | None = None) -> Comment:
    state = repo.state
    comment = Comment(next(state.ids), issue, user, body, state.now(), state.now(), via=via)
    issue.comments.append(comment)
    announce(repo, "created", comment, user)
    return comment


def edit_comment(repo: Repository, comment: Comment, user: User, body: str) -> None:
    before, comment.body, comment.updated_at = comment.body, body, repo.state.now()
    announce(repo, "edited", comment, user, changes={"body": {"from": before}})


def delete_comment(repo: Repository, comment: Comment, user: User) -> None:
    comment.issue.comments.remove(comment)
    announce(repo, "deleted", comment, user)


def _elsewhere(call: Call) -> Answer | None:
    """The redirect of an issue that was transferred. Of one that was deleted: 410."""
    number = int(call.path["issue_number"])
    if number not in call.repo.gone:
        return None
    there = call.repo.gone[number]
    if there is None:
        raise ApiError(410, "This issue was deleted")
    url = f"{call.state.api_url}/repositories/{there[0].id}/issues/{there[1].number}"
    status = 301 if call.operation.method == "GET" else 307
    return Answer(
        status,
        {"message": "Moved Permanently", "url": url, "documentation_url": "https://docs.github.com/rest"},
        {"Location": url},
    )


@operation("issues/get", *READ)
def get_issue(call: Call) -> Answer:
    return _elsewhere(call) or Answer(200, issue_payloads.issue(call.repo, call.issue()))


@operation("issues/list-for-repo", *READ)
def list_issues(call: Call) -> Answer:
    query = call.query
    state = query.get("state", "open")
    items = [item for item in call.repo.issues.values() if state in ("all", item.state)]
    if "creator" in query:
        items = [item for item in items if item.user.login == query["creator"]]
    items.sort(key=lambda item: item.number, reverse=query.get("direction", "desc") == "desc")
    return listed(call, items, lambda item: issue_payloads.issue(call.repo, item))


@operation("issues/create", "issues:write")
def create_issue(call: Call) -> Answer:
    if not call.repo.has_issues:
        raise ApiError(410, "Issues has been disabled in this repository.")
    body = call.body
    title = str(body["title"])
    check_text("Issue", title, body.get("body"))
    issue = open_issue(call.repo, call.bot, title, body.get("body"))
    issue.labels = [
        ensure_label(call.repo, item if isinstance(item, str) else item["name"]) for item in body.get("labels", [])
    ]
    return Answer(201, issue_payloads.issue(call.repo, issue))


@operation("issues/update", *WRITE)
def update_issue(call: Call) -> Answer:
    if (moved := _elsewhere(call)) is not None:
        return moved
    issue, body = call.issue(), call.body or {}
    title = None if body.get("title") is None else str(body["title"])
    check_text("Issue", title, body.get("body"))
    if "labels" in body:
        issue.labels = [
            ensure_label(call.repo, item if isinstance(item, str) else item["name"]) for item in body["labels"]
        ]
    if issue.pull:
        edit_pull(issue.pull, call, title=title, text=body.get("body"))
        change_state(issue.pull, call, body.get("state"))
    else:
        on_issue(call, issue)
        edit_issue(call.repo, issue, call.bot, title, body.get("body"))
        settle_issue(call.repo, issue, call.bot, body.get("state", issue.state), body.get("state_reason"))
    issue.updated_at = call.state.now()
    return Answer(200, issue_payloads.issue(call.repo, issue))


@operation("issues/list-comments", *READ)
def list_comments(call: Call) -> Answer:
    since = call.query.get("since", "")
    items = [item for item in call.issue().comments if item.updated_at >= since]
    return listed(call, items, lambda item: issue_payloads.comment(call.repo, item))


@operation("issues/list-comments-for-repo", *READ)
def list_repository_comments(call: Call) -> Answer:
    since, sort = call.query.get("since", ""), call.query.get("sort", "created")
    items = [item for item in call.repo.comments if item.updated_at >= since]
    items.sort(
        key=lambda item: (item.updated_at if sort == "updated" else item.created_at, item.id),
        reverse=call.query.get("direction") == "desc",
    )
    return listed(call, items, lambda item: issue_payloads.comment(call.repo, item))


@operation("issues/get-comment", *READ)
def get_comment(call: Call) -> Answer:
    return Answer(200, issue_payloads.comment(call.repo, call.comment()))


def on_issue(call: Call, issue: Issue) -> None:
    """The permission for pull requests reaches comments on those, and none on issues."""
    if not issue.pull and not granted(call.caller, call.repo, "issues:write"):
        raise ApiError(403, "Resource not accessible by integration")


@operation("issues/create-comment", *WRITE)
def create_comment(call: Call) -> Answer:
    on_issue(call, call.issue())
    if call.repo.locked:
        raise ApiError(403, "Unable to create comment because issue is locked.")
    check_text("IssueComment", None, call.body["body"])
    if not call.body["body"].strip():
        raise invalid("IssueComment", "body", "missing_field")
    comment = add_comment(call.repo, call.issue(), call.bot, call.body["body"])
    return Answer(201, issue_payloads.comment(call.repo, comment))


@operation("issues/update-comment", *WRITE)
def update_comment(call: Call) -> Answer:
    comment = call.comment()
    check_text("IssueComment", None, call.body["body"])
    edit_comment(call.repo, comment, call.bot, call.body["body"])
    return Answer(200, issue_payloads.comment(call.repo, comment))


@operation("issues/delete-comment", *WRITE)
def remove_comment(call: Call) -> Answer:
    delete_comment(call.repo, call.comment(), call.bot)
    return Answer(204)


@operation("reactions/list-for-issue-comment", *READ)
def list_reactions(call: Call) -> Answer:
    wanted = call.query.get("content")
    items = [item for item in call.comment().reactions if wanted in (None, item.content)]
    return listed(call, items, lambda item: issue_payloads.reaction(call.repo, item))


@operation("reactions/create-for-issue-comment", *WRITE)
def create_reaction(call: Call) -> Answer:
    """200 when the bot had reacted so already."""
    on_issue(call, call.comment().issue)
    comment, content = call.comment(), call.body["content"]
    for item in comment.reactions:
        if item.user == call.bot and item.content == content:
            return Answer(200, issue_payloads.reaction(call.repo, item))
    item = Reaction(next(call.state.ids), call.bot, content, call.state.now())
    comment.reactions.append(item)
    return Answer(201, issue_payloads.reaction(call.repo, item))


def ensure_label(repo: Repository, name: str) -> str:
    for known in repo.labels:
        if known.lower() == name.lower():
            return known
    repo.labels[name] = Label(next(repo.state.ids), name)
    return name


def show_labels(call: Call, names: list[str]) -> Answer:
    return listed(
        call, [call.repo.labels[name] for name in names], lambda item: issue_payloads.label(call.repo, item)
    )


@operation("issues/list-labels-for-repo", *READ)
def list_labels(call: Call) -> Answer:
    return show_labels(call, list(call.repo.labels))


@operation("issues/create-label", *WRITE)
def create_label(call: Call) -> Answer:
    name = call.body["name"]
    if name.lower() in {known.lower() for known in call.repo.labels}:
        raise invalid("Label", "name", "already_exists")
    label = Label(next(call.state.ids), name, call.body.get("color", "ededed"), call.body.get("description") or "")
    call.repo.labels[name] = label
    return Answer(201, issue_payloads.label(call.repo, label))


@operation("issues/list-labels-on-issue", *READ)
def list_issue_labels(call: Call) -> Answer:
    return show_labels(call, call.issue().labels)


@operation("issues/add-labels", *WRITE)
def add_labels(call: Call) -> Answer:
    issue, body = call.issue(), call.body
    given = body["labels"] if isinstance(body, dict) else body
    for item in given if isinstance(given, list) else [given]:
        name = ensure_label(call.repo, item if isinstance(item, str) else item["name"])
        if name not in issue.labels:
            issue.labels.append(name)
            if issue.pull:
                from tests.github.pulls import announce as announce_pull

                label = issue_payloads.label(call.repo, call.repo.labels[name])
                announce_pull(issue.pull, "labeled", call.bot, label=label)
    return show_labels(call, issue.labels)
