"""Webhook payloads as typed events, parsed once. Source: GitHub "Webhook events and payloads".

A payload is a hint (it may be old by the time it is read): handlers take the numbers and names from here and ask
GitHub for the truth.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NoReturn

from bot.github.model import Comment, PullRequest, Repository, sha
from bot.http.fields import Fields, Malformed

OWN = "argofix_"  # what our own work is called (`bot.queue.schedule`); GitHub sends nothing of that name
COMMANDS = OWN + "commands"  # the commands of a comment, to be obeyed; the payload is that of `issue_comment`

# The branch of a queue's group ends with the pull request that it adds and the commit below it.
_QUEUED = re.compile(r"/pr-(?P<number>[1-9][0-9]{0,9})-[0-9a-f]{40,64}$")


class MalformedEvent(Exception):
    """The payload is not what GitHub sends for this event. The message names the place."""


@dataclass(frozen=True, slots=True)
class Event:
    """What every event has. `action` is "" where the event has none; `sender` is a login."""

    name: str
    action: str
    installation: int
    sender: str


@dataclass(frozen=True, slots=True)
class RepositoryEvent(Event):
    """An event about one repository, with nothing else that we read (`repository`, `create`, `delete`...)."""

    repository: Repository


@dataclass(frozen=True, slots=True)
class NumberedEvent(RepositoryEvent):
    """Our own work on one issue or pull request."""

    number: int


@dataclass(frozen=True, slots=True)
class VisitEvent(RepositoryEvent):
    """Our own look at one repository; visits are numbered."""

    visit: int


@dataclass(frozen=True, slots=True)
class BranchEvent(RepositoryEvent):
    """Our own work on what is open against one branch."""

    branch: str


@dataclass(frozen=True, slots=True)
class PullRequestEvent(RepositoryEvent):
    """`base_changed` tells, for `edited`, whether the pull request was pointed at another branch; `before` is, for
    `synchronize`, the head that it had."""

    pull_request: PullRequest
    base_changed: bool
    before: str | None


@dataclass(frozen=True, slots=True)
class PushEvent(RepositoryEvent):
    """`ref` is fully qualified; `after` is None when the ref was deleted, `before` when it was created."""

    ref: str
    before: str | None
    after: str | None
    forced: bool

    @property
    def on_default_branch(self) -> bool:
        return self.ref == f"refs/heads/{self.repository.default_branch}"


@dataclass(frozen=True, slots=True)
class MergeGroupEvent(RepositoryEvent):
    """A group of a merge queue: `head` is what would be merged, `base` the commit it would be merged onto (which may
    be another group's head), `base_ref` the branch, fully qualified. `number` is the pull request that comes with it
    on top of that base, as the queue names its branch (0 where it does not)."""

    head: str
    base: str
    base_ref: str
    number: int = 0


@dataclass(frozen=True, slots=True)
class Link:
    """A pull request as check events name it. Those from forks are missing there, so ask by head SHA as well."""

    number: int
    head: str
    base: str


@dataclass(frozen=True, slots=True)
class CheckRunEvent(RepositoryEvent):
    """`requested_action` is the identifier of the button, for that action only."""

    check_run: int
    check_name: str
    external_id: str
    head_sha: str
    app: int | None
    pull_requests: tuple[Link, ...]
    requested_action: str | None


@dataclass(frozen=True, slots=True)
class CheckSuiteEvent(RepositoryEvent):
    head_sha: str
    head_branch: str | None
    app: int | None
    pull_requests: tuple[Link, ...]


@dataclass(frozen=True, slots=True)
class IssueCommentEvent(RepositoryEvent):
    """`number` is the issue's or pull request's; `association` (OWNER, MEMBER...) grants nothing by itself.

    `sender` is who wrote or edited it, `former` the text before an edit.
    """

    number: int
    on_pull_request: bool
    comment: Comment
    association: str
    sender_is_bot: bool
    former: str | None


@dataclass(frozen=True, slots=True)
class IssueEvent(RepositoryEvent):
    """An issue that is no pull request. `author` opened it; `body` is its text now, `former` that before an edit."""

    number: int
    author: str
    body: str
    sender_is_bot: bool
    former: str | None


@dataclass(frozen=True, slots=True)
class InstallationEvent(Event):
    """`installation` and `installation_repositories`; names (`owner/name`) of the repositories it is about."""

    account: str
    added: tuple[str, ...]
    removed: tuple[str, ...]


def parse(name: str, payload: bytes) -> Event:
    """The event `name` (X-GitHub-Event) with this JSON payload. Raises `MalformedEvent`.

    An event that we do not know comes back as `RepositoryEvent`, or `Event` when it is about no repository.
    """
    data = decode(payload)
    try:
        return _PARSERS.get(name, _other)(name, Fields(data))
    except Malformed as error:
        raise MalformedEvent(f"{name}: {error}") from None


def decode(payload: bytes) -> dict[str, Any]:
    """Strict JSON: UTF-8, an object on top, no NaN. Raises `MalformedEvent`."""
    try:
        data = json.loads(payload.decode("utf-8"), parse_constant=_no_constant)
    except RecursionError:
        raise MalformedEvent("the payload is nested too deeply") from None
    except ValueError as error:  # bad JSON, bad UTF-8, numbers of thousands of digits
        raise MalformedEvent(f"the payload is not JSON: {type(error).__name__}") from None
    if not isinstance(data, dict):
        raise MalformedEvent("the payload is not a JSON object")
    return data


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _about(fields: Fields) -> tuple[str, int, str]:
    """Action, installation, sender."""
    sender = fields.inner_or_none("sender")
    installation = fields.inner_or_none("installation")
    return (
        fields.text_or_none("action") or "",
        installation.number("id") if installation else 0,
        sender.text("login") if sender else "",
    )


def _in_repository(name: str, fields: Fields) -> tuple[str, str, int, str, Repository]:
    action, installation, sender = _about(fields)
    if installation == 0:
        raise Malformed("installation is missing; only deliveries to the App carry it")
    return name, action, installation, sender, Repository.parse(fields.inner("repository"))


def _pull_request(name: str, fields: Fields) -> Event:
    changes = fields.inner_or_none("changes")
    return PullRequestEvent(
        *_in_repository(name, fields),
        pull_request=PullRequest.parse(fields.inner("pull_request")),
        base_changed=changes is not None and changes.raw("base") is not None,
        before=sha(fields, "before") if fields.raw("before") is not None else None,
    )


def _push(name: str, fields: Fields) -> Event:
    ids = [sha(fields, key) for key in ("before", "after")]
    before, after = (None if not value.strip("0") else value for value in ids)
    return PushEvent(
        *_in_repository(name, fields),
        ref=fields.text("ref"),
        before=before,
        after=after,
        forced=fields.flag("forced", False),
    )


def _merge_group(name: str, fields: Fields) -> Event:
    group = fields.inner("merge_group")
    named = _QUEUED.search(group.text("head_ref"))
    return MergeGroupEvent(
        *_in_repository(name, fields),
        head=sha(group, "head_sha"),
        base=sha(group, "base_sha"),
        base_ref=group.text("base_ref"),
        number=int(named["number"]) if named else 0,
    )


def _links(fields: Fields) -> tuple[Link, ...]:
    found = []
    for item in fields.each("pull_requests"):
        head, base = item.inner("head"), item.inner("base")
        found.append(Link(item.number("number"), sha(head, "sha"), sha(base, "sha")))
    return tuple(found)


def _app(fields: Fields) -> int | None:
    app = fields.inner_or_none("app")
    return app.number("id") if app else None


def _check_run(name: str, fields: Fields) -> Event:
    run, requested = fields.inner("check_run"), fields.inner_or_none("requested_action")
    return CheckRunEvent(
        *_in_repository(name, fields),
        check_run=run.number("id"),
        check_name=run.text("name"),
        external_id=run.text_or_none("external_id") or "",
        head_sha=sha(run, "head_sha"),
        app=_app(run),
        pull_requests=_links(run),
        requested_action=requested.text("identifier") if requested else None,
    )


def _check_suite(name: str, fields: Fields) -> Event:
    suite = fields.inner("check_suite")
    return CheckSuiteEvent(
        *_in_repository(name, fields),
        head_sha=sha(suite, "head_sha"),
        head_branch=suite.text_or_none("head_branch"),
        app=_app(suite),
        pull_requests=_links(suite),
    )


def _issue_comment(name: str, fields: Fields) -> Event:
    issue, comment = fields.inner("issue"), fields.inner("comment")
    changes, sender = fields.inner_or_none("changes"), fields.inner_or_none("sender")
    body = changes.inner_or_none("body") if changes else None
    return IssueCommentEvent(
        *_in_repository(name, fields),
        number=issue.number("number"),
        on_pull_request=issue.raw("pull_request") is not None,
        comment=Comment.parse(comment),
        association=comment.text_or_none("author_association") or "NONE",
        sender_is_bot=sender is not None and sender.text_or_none("type") == "Bot",
        former=body.text_or_none("from") if body else None,
    )


def _issues(name: str, fields: Fields) -> Event:
    issue, changes = fields.inner("issue"), fields.inner_or_none("changes")
    author, sender = issue.inner_or_none("user"), fields.inner_or_none("sender")
    body = changes.inner_or_none("body") if changes else None
    return IssueEvent(
        *_in_repository(name, fields),
        number=issue.number("number"),
        author=author.text("login") if author else "ghost",
        body=issue.text_or_none("body") or "",
        sender_is_bot=sender is not None and sender.text_or_none("type") == "Bot",
        former=body.text_or_none("from") if body else None,
    )


def _installation(name: str, fields: Fields) -> Event:
    action, _, sender = _about(fields)
    installation = fields.inner("installation")
    account = installation.inner_or_none("account")
    names = {key: tuple(item.text("full_name") for item in fields.each(key)) for key in _REPOSITORY_LISTS}
    return InstallationEvent(
        name,
        action,
        installation.number("id"),
        sender,
        account=(account.text_or_none("login") or account.text_or_none("slug") or "") if account else "",
        added=names["repositories_added"] or (names["repositories"] if action != "deleted" else ()),
        removed=names["repositories_removed"] or (names["repositories"] if action == "deleted" else ()),
    )


def _other(name: str, fields: Fields) -> Event:
    if name.startswith(OWN) and fields.raw("number") is not None:
        return NumberedEvent(*_in_repository(name, fields), number=fields.number("number"))
    if name.startswith(OWN) and fields.raw("visit") is not None:
        return VisitEvent(*_in_repository(name, fields), visit=fields.number("visit"))
    if name.startswith(OWN) and fields.raw("branch") is not None:
        return BranchEvent(*_in_repository(name, fields), branch=fields.text("branch"))
    if fields.raw("repository") is not None and fields.raw("installation") is not None:
        return RepositoryEvent(*_in_repository(name, fields))
    return Event(name, *_about(fields))


_REPOSITORY_LISTS = ("repositories", "repositories_added", "repositories_removed")
_PARSERS: dict[str, Callable[[str, Fields], Event]] = {
    "pull_request": _pull_request,
    "push": _push,
    "check_run": _check_run,
    "check_suite": _check_suite,
    "issue_comment": _issue_comment,
    "issues": _issues,
    "merge_group": _merge_group,
    COMMANDS: _issue_comment,
    "installation": _installation,
    "installation_repositories": _installation,
}

# What changes which commit a pull request stands for. A newer one makes an older run pointless.
_NEW_HEAD = frozenset(("opened", "synchronize", "reopened", "ready_for_review"))


def lane(event: Event) -> str:
    """What may not be worked on twice at the same time: the repository, else the installation, else the kind of work.

    By id, because a repository may be renamed between two deliveries. Comments are looked at beside the work on their
    repository, so that commands are acknowledged at once; what they ask for (`COMMANDS`) then takes its turn.
    """
    if isinstance(event, IssueCommentEvent) and event.name != COMMANDS:
        return f"comment/{event.repository.id}/{event.comment.id}"
    if isinstance(event, RepositoryEvent):
        return f"repository/{event.repository.id}"
    if event.installation:
        return f"installation/{event.installation}"
    return f"event/{event.name}"


def supersedes(event: Event) -> str | None:
    """Deliveries with the same key do the same work anew, so the newest one is enough; None: each counts.

    The handlers of these must evaluate the *present* head, whatever the payload says: under load deliveries may be
    stored out of order.
    """
    if isinstance(event, PullRequestEvent):
        if event.action in _NEW_HEAD or (event.action == "edited" and event.base_changed):
            return f"pull/{event.repository.id}/{event.pull_request.number}"
    elif isinstance(event, PushEvent) and event.on_default_branch:
        return f"push/{event.repository.id}/{event.ref}"
    elif isinstance(event, BranchEvent):
        return f"{event.name}/{event.repository.id}/{event.branch}"
    elif event.name.startswith(OWN) and not isinstance(event, RepositoryEvent):
        return f"{event.name}/{event.installation}"  # ticks that pile up are one
    return None
