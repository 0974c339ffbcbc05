"""Commits and branches through the Git Data API.

Commits made this way (no author, no committer) carry the App as author and GitHub's signature. Source: GitHub REST
"Git database". `repository` is `owner/name` throughout.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bot.github.client import GitHub
from bot.github.errors import HeadMoved, NotFound, Unprocessable
from bot.github.model import sha
from bot.github.seals import is_sealed, seal
from bot.http.fields import Fields


class BranchExists(Unprocessable):
    """The branch that was to be created is there already."""


@dataclass(frozen=True, slots=True)
class FileChange:
    """New content of a file (None deletes it). `mode` is the git mode, taken from the tree so that it stays."""

    content: bytes | None
    mode: int = 0o100644


async def branch_head(github: GitHub, repository: str, branch: str) -> str | None:
    """The commit a branch points to, or None when there is no such branch."""
    try:
        answer = await github.getitem(f"/repos/{repository}/git/ref/heads/{{+branch}}", branch=_quoted(branch))
    except NotFound:
        return None
    return sha(Fields(answer).inner("object"), "sha")


async def commit(
    github: GitHub, repository: str, *, parent: str, message: str, changes: Mapping[str, FileChange], key: bytes
) -> str:
    """Make a commit on top of `parent` that changes exactly these files; gives its id. No branch moves yet.

    It is sealed with `key` (`bot.github.seals`), so that `made_by_us` knows it again.
    """
    answer = await github.getitem(f"/repos/{repository}/git/commits/{parent}")
    base_tree = sha(Fields(answer).inner("tree"), "sha")
    entries = [await _entry(github, repository, path, change) for path, change in sorted(changes.items())]
    # Objects are named by their content: making one twice is making it once.
    tree = await github.post(
        f"/repos/{repository}/git/trees", {"base_tree": base_tree, "tree": entries}, repeatable=True
    )
    root = sha(Fields(tree), "sha")
    data = {"message": seal(message, key, root, [parent]), "tree": root, "parents": [parent]}
    made = await github.post(f"/repos/{repository}/git/commits", data, repeatable=True)
    return sha(Fields(made), "sha")


async def made_by_us(github: GitHub, repository: str, commit_sha: str, key: bytes) -> bool:
    """Whether `commit` made this commit with this key, and nobody has changed it since."""
    fields = Fields(await github.getitem(f"/repos/{repository}/git/commits/{{commit}}", commit=commit_sha))
    parents = [sha(parent, "sha") for parent in fields.each("parents")]
    return is_sealed(fields.text("message"), key, sha(fields.inner("tree"), "sha"), parents)


async def create_branch(github: GitHub, repository: str, branch: str, commit_sha: str) -> None:
    """Raises `BranchExists` when it is there and points elsewhere."""
    data = {"ref": f"refs/heads/{branch}", "sha": commit_sha}
    try:
        await github.post(f"/repos/{repository}/git/refs", data, repeatable=True)
    except Unprocessable as error:
        if not error.says("already exists"):
            raise
        if await branch_head(github, repository, branch) != commit_sha:  # else our own first try did it
            raise BranchExists(error.reason, status=422, request=error.request) from None


async def move_branch(
    github: GitHub, repository: str, branch: str, *, old: str, new: str, force: bool = False
) -> None:
    """Move a branch from `old` to `new`. Raises `HeadMoved` when it is no longer at `old`.

    Without `force` GitHub itself refuses what is no fast-forward. With it (a branch of our own that is built anew on
    a moved base) the check is ours, and somebody's push in the same instant would be lost: only for `argofix/...`.
    """
    head = await branch_head(github, repository, branch)
    if head == new:
        return
    if head != old:
        raise HeadMoved(f"{branch} is at {head}, not at {old}")
    try:
        await github.patch(
            f"/repos/{repository}/git/refs/heads/{{+branch}}",
            {"sha": new, "force": force},
            repeatable=True,
            branch=_quoted(branch),
        )
    except Unprocessable as error:
        if error.says("fast forward", "fast-forward"):
            raise HeadMoved(error.reason, status=422, request=error.request) from None
        raise


async def delete_branch(github: GitHub, repository: str, branch: str) -> None:
    """Deleting what is not there is no error."""
    try:
        await github.delete(f"/repos/{repository}/git/refs/heads/{{+branch}}", branch=_quoted(branch))
    except NotFound:
        return
    except Unprocessable as error:
        if not error.says("does not exist"):
            raise


async def _entry(github: GitHub, repository: str, path: str, change: FileChange) -> dict[str, Any]:
    try:
        path.encode("utf-8")
    except UnicodeEncodeError:
        raise Unprocessable(f"the file name {path!r} is not UTF-8, which GitHub's API cannot carry") from None
    entry: dict[str, Any] = {"path": path, "mode": f"{change.mode:06o}", "type": "blob"}
    if change.content is None:
        return entry | {"sha": None}
    # Inline text saves a request a file, but is only certain to come out byte for byte when it is plain text.
    try:
        text = change.content.decode("utf-8")
    except UnicodeDecodeError:
        text = None
    if text is not None and "\0" not in text and not text.startswith("\ufeff"):
        return entry | {"content": text}
    data = {"content": base64.b64encode(change.content).decode(), "encoding": "base64"}
    blob = await github.post(f"/repos/{repository}/git/blobs", data, repeatable=True)
    return entry | {"sha": sha(Fields(blob), "sha")}


def _quoted(branch: str) -> str:
    # `{+branch}` keeps slashes, and also `?`, `#` and `%`, which a branch name may hold (the first excepted).
    return branch.replace("%", "%25").replace("#", "%23").replace("?", "%3F")
