"""What we read from GitHub, parsed once. Field names are GitHub's; `parse` functions raise
`bot.http.fields.Malformed`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot.http.fields import Fields, Malformed

# GitHub allows exactly these characters; a name also becomes part of paths, so `.` and `..` are out.
_FULL_NAME = re.compile(r"(?!\.{1,2}/)[A-Za-z0-9_.\-]+/(?!\.{1,2}\Z)[A-Za-z0-9_.\-]+")
_SHA = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")


def sha(fields: Fields, name: str) -> str:
    """A full object id, in lower case."""
    value = fields.text(name)
    if not _SHA.fullmatch(value):
        raise Malformed(f"{name} is not an object id")
    return value


def _time(fields: Fields, name: str) -> float:
    text = fields.text_or_none(name)
    try:
        return datetime.fromisoformat(text).timestamp() if text else 0.0
    except ValueError:
        raise Malformed(f"{name} is not a date") from None


@dataclass(frozen=True, slots=True)
class Repository:
    id: int
    full_name: str
    clone_url: str
    default_branch: str
    private: bool = True
    archived: bool = False
    fork: bool = False

    @property
    def owner(self) -> str:
        return self.full_name.partition("/")[0]

    @property
    def name(self) -> str:
        return self.full_name.partition("/")[2]

    @classmethod
    def parse(cls, fields: Fields) -> Repository:
        full_name = fields.text("full_name")
        if not _FULL_NAME.fullmatch(full_name):
            raise Malformed("full_name is not the name of a repository")
        return cls(
            id=fields.number("id"),
            full_name=full_name,
            clone_url=fields.text("clone_url"),
            default_branch=fields.text("default_branch"),
            private=fields.flag("private", True),
            archived=fields.flag("archived", False),
            fork=fields.flag("fork", False),
        )

    def as_json(self) -> dict[str, Any]:
        """As GitHub writes it in payloads, so that `parse` reads it: for work that we give ourselves."""
        return {
            "id": self.id,
            "full_name": self.full_name,
            "name": self.name,
            "owner": {"login": self.owner},
            "clone_url": self.clone_url,
            "default_branch": self.default_branch,
            "private": self.private,
            "archived": self.archived,
            "fork": self.fork,
        }


@dataclass(frozen=True, slots=True)
class Branch:
    """One end of a pull request. `repository` is None when the fork was deleted."""

    ref: str
    sha: str
    repository: str | None

    @classmethod
    def parse(cls, fields: Fields) -> Branch:
        repo = fields.inner_or_none("repo")
        return cls(fields.text("ref"), sha(fields, "sha"), repo.text("full_name") if repo else None)


@dataclass(frozen=True, slots=True)
class PullRequest:
    number: int
    state: str  # open, closed
    draft: bool
    merged: bool
    title: str
    body: str
    html_url: str
    head: Branch
    base: Branch
    author: str
    author_is_bot: bool
    mergeable: bool | None  # None until GitHub has computed it, and in lists
    merge_commit_sha: str | None
    created: float = 0.0  # seconds since the epoch

    @property
    def from_fork(self) -> bool:
        return self.head.repository != self.base.repository

    @classmethod
    def parse(cls, fields: Fields) -> PullRequest:
        user = fields.inner_or_none("user")
        return cls(
            number=fields.number("number"),
            state=fields.text("state"),
            draft=fields.flag("draft", False),
            merged=bool(fields.raw("merged")) or fields.raw("merged_at") is not None,
            title=fields.text("title"),
            body=fields.text_or_none("body") or "",
            html_url=fields.text("html_url"),
            head=Branch.parse(fields.inner("head")),
            base=Branch.parse(fields.inner("base")),
            author=user.text("login") if user else "ghost",
            author_is_bot=user is not None and user.text_or_none("type") == "Bot",
            mergeable=fields.flag_or_none("mergeable"),
            merge_commit_sha=fields.text_or_none("merge_commit_sha"),
            created=_time(fields, "created_at"),
        )


@dataclass(frozen=True, slots=True)
class PullRequestFile:
    filename: str
    status: str  # added, removed, modified, renamed, copied, changed, unchanged
    previous_filename: str | None

    @classmethod
    def parse(cls, fields: Fields) -> PullRequestFile:
        return cls(fields.text("filename"), fields.text("status"), fields.text_or_none("previous_filename"))


@dataclass(frozen=True, slots=True)
class CheckRun:
    id: int
    name: str
    head_sha: str
    status: str  # queued, in_progress, completed
    conclusion: str | None
    external_id: str
    app_id: int | None
    html_url: str
    title: str = ""
    summary: str = ""
    text: str = ""
    annotations: int = 0  # how many

    @classmethod
    def parse(cls, fields: Fields) -> CheckRun:
        app, output = fields.inner_or_none("app"), fields.inner_or_none("output")
        return cls(
            id=fields.number("id"),
            name=fields.text("name"),
            head_sha=sha(fields, "head_sha"),
            status=fields.text("status"),
            conclusion=fields.text_or_none("conclusion"),
            external_id=fields.text_or_none("external_id") or "",
            app_id=app.number("id") if app else None,
            html_url=fields.text_or_none("html_url") or "",
            title=(output.text_or_none("title") if output else None) or "",
            summary=(output.text_or_none("summary") if output else None) or "",
            text=(output.text_or_none("text") if output else None) or "",
            annotations=output.number("annotations_count") if output else 0,
        )


@dataclass(frozen=True, slots=True)
class Comment:
    id: int
    body: str
    author: str
    author_is_bot: bool
    app_id: int | None  # set when an App wrote it
    html_url: str
    created_at: str = ""  # ISO 8601, in UTC
    updated_at: str = ""

    @classmethod
    def parse(cls, fields: Fields) -> Comment:
        user, app = fields.inner_or_none("user"), fields.inner_or_none("performed_via_github_app")
        return cls(
            id=fields.number("id"),
            body=fields.text_or_none("body") or "",
            author=user.text("login") if user else "ghost",
            author_is_bot=user is not None and user.text_or_none("type") == "Bot",
            app_id=app.number("id") if app else None,
            html_url=fields.text("html_url"),
            created_at=fields.text_or_none("created_at") or "",
            updated_at=fields.text_or_none("updated_at") or "",
        )

    def as_json(self) -> dict[str, Any]:
        """As GitHub writes it in payloads, so that `parse` reads it. Not for what an App wrote."""
        return {
            "id": self.id,
            "body": self.body,
            "user": {"login": self.author, "type": "Bot" if self.author_is_bot else "User"},
            "html_url": self.html_url,
            "created_at": self.created_at,
            "updated_at": self.updated_at,
        }


@dataclass(frozen=True, slots=True)
class Installation:
    id: int
    account: str
    suspended: bool
    permissions: Mapping[str, str]

    @classmethod
    def parse(cls, fields: Fields) -> Installation:
        permissions: Any = fields.raw("permissions") or {}
        account = fields.inner_or_none("account")
        return cls(
            id=fields.number("id"),
            # An enterprise has a slug and no login.
            account=(account.text_or_none("login") or account.text_or_none("slug") or "") if account else "",
            suspended=fields.raw("suspended_at") is not None,
            permissions=dict(permissions) if isinstance(permissions, Mapping) else {},
        )
