"""A checkout as the command line sees it: its tree, commit, names and policy."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from bot.git import GitError, git_now
from bot.trees import Repository, tree_of_directory
from checks.policy import Policy, read_policy
from gitops.repositories import RepositoryMatcher
from gitops.tree import Tree


class CannotRun(Exception):
    """The command cannot do its work; the message is one line for stderr (exit status 2)."""


@dataclass(frozen=True, slots=True)
class Checkout:
    """`tree` is what to look at, `base` what to compare with, `commit` the SHA of `tree` when it is one."""

    directory: Path
    tree: Tree
    base: Tree | None
    commit: str | None
    matcher: RepositoryMatcher
    policy: Policy


def open_checkout(path: Path, rev: str | None, base: str | None) -> Checkout:
    """Raises `CannotRun`. Commits are read through one git process that lives as long as their trees."""
    if not path.is_dir():
        raise CannotRun(f"{path} is not a directory")
    is_git = _is_git(path)
    if (rev or base) and not is_git:
        raise CannotRun(f"{path} is not a git checkout, so it has no commit {rev or base}")
    repository = Repository(path) if is_git else None
    tree = _tree_at(repository, rev) if rev and repository else _directory(path)
    before = _tree_at(repository, base) if base and repository else None
    commit = tree.sha if rev else _clean_head(path) if is_git else None
    matcher = _matcher(path) if is_git else RepositoryMatcher(frozenset())
    return Checkout(path, tree, before, commit, matcher, read_policy(tree))


def _directory(path: Path) -> Tree:
    try:
        return tree_of_directory(path)
    except (OSError, GitError) as error:
        raise CannotRun(f"{path} cannot be read: {error}") from None


def _tree_at(repository: Repository, rev: str) -> Tree:
    try:
        return repository.tree(rev)
    except GitError:
        raise CannotRun(f"there is no commit {rev} in {repository.directory}") from None


def _is_git(path: Path) -> bool:
    """Whether `path` is the top of a git checkout (below one, paths of Applications would not fit)."""
    return _top(path) == path.resolve()


def outer_checkout(path: Path) -> Path | None:
    """The top of the checkout that `path` lies in, below its top; None elsewhere."""
    top = _top(path)
    return top if top != path.resolve() else None


def _top(path: Path) -> Path | None:
    try:
        top = git_now(["rev-parse", "--show-toplevel"], path, check=False)
    except (GitError, OSError):
        return None
    return Path(os.fsdecode(top.rstrip(b"\n"))).resolve() if top else None


def _clean_head(path: Path) -> str | None:
    if git_now(["status", "--porcelain", "--untracked-files=all"], path, check=False).strip():
        return None
    return git_now(["rev-parse", "--verify", "--quiet", "HEAD"], path, check=False).decode().strip() or None


def _matcher(path: Path) -> RepositoryMatcher:
    lines = git_now(["config", "--get-regexp", r"^remote\..*\.url$"], path, check=False).decode(errors="replace")
    return RepositoryMatcher.of_urls([line.partition(" ")[2] for line in lines.splitlines()])


def cache_directory() -> Path:
    """Where renderings are kept between runs."""
    if os.environ.get("ARGOFIX_STATE_DIR"):
        return Path(os.environ["ARGOFIX_STATE_DIR"])
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "argofix"
