"""Repositories: what they are, who may do what, what a file says. Source: GitHub REST "Repositories"."""

from __future__ import annotations

from dataclasses import dataclass

from bot.github.client import GitHub
from bot.github.errors import NotFound
from bot.github.model import Repository, sha
from bot.http.fields import Fields


@dataclass(frozen=True, slots=True)
class Comparison:
    """How `head` stands to `base`. `status` is diverged, ahead, behind or identical."""

    status: str
    merge_base: str


async def get(github: GitHub, repository: str) -> Repository:
    """Raises `NotFound` when it was deleted or taken out of the installation. Follows renames."""
    return Repository.parse(Fields(await github.getitem(f"/repos/{repository}")))


async def compare(github: GitHub, repository: str, base: str, head: str) -> Comparison:
    """Compare two commits (ids or branch names)."""
    # One commit a page: the files and commits of the comparison are not what we are after.
    path = f"/repos/{repository}/compare/{{base}}...{{head}}{{?per_page}}"
    fields = Fields(await github.getitem(path, base=base, head=head, per_page=1))
    return Comparison(fields.text("status"), sha(fields.inner("merge_base_commit"), "sha"))


# What `permission` answers of people who may push.
MAY_WRITE = frozenset(("write", "maintain", "admin"))


async def permission(github: GitHub, repository: str, login: str) -> str:
    """What a person may do: `admin`, `maintain`, `write`, `triage`, `read` or `none`.

    `role_name` may also be a custom role's name; then the coarser `permission` field decides.
    """
    try:
        fields = Fields(await github.getitem(f"/repos/{repository}/collaborators/{{login}}/permission", login=login))
    except NotFound:
        return "none"
    role = fields.text_or_none("role_name")
    if role in ("admin", "maintain", "write", "triage", "read", "none"):
        return role
    return fields.text("permission")
