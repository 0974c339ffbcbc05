"""A checkout as the command line sees it: its tree, commit, names and policy."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from bot.repositories.git import GitError, git_now
from bot.repositories.trees import Repository, tree_of_directory
from checks.policy.file import Policy, read_policy
from gitops.applications.made import Made, read_made
from gitops.applications.repositories import RepositoryMatcher
from gitops.applications.revisions import Revisions
from gitops.files.errors import GitopsError
from gitops.files.tree import Tree

_MOST_APPLICATIONS = 256 * 2**20  # bytes of a file with Applications; one with 5,000 has some 100 MB


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
    repository = Repository(path, in_part=_is_in_part(path)) if is_git else None
    tree = _tree_at(repository, rev) if rev and repository else _directory(path)
    before = _tree_at(repository, base) if base and repository else None
    commit = tree.sha if rev else _clean_head(path) if is_git else None
    matcher = _matcher(path, rev) if is_git else RepositoryMatcher(frozenset())
    return Checkout(path, tree, before, commit, matcher, read_policy(tree))


def applications_of(file: Path | None) -> Made | None:
    """What a file tells of the Applications of a live Argo CD. Raises `CannotRun`."""
    if file is None:
        return None
    try:
        size = file.stat().st_size
        if size > _MOST_APPLICATIONS:
            raise CannotRun(f"{file} is larger than the {_MOST_APPLICATIONS // 2**20} MB that argofix reads")
        return read_made(str(file), file.read_bytes())
    except OSError as error:
        raise CannotRun(f"{file} cannot be read: {error.strerror or error}") from None
    except GitopsError as error:
        raise CannotRun(str(error)) from None


def _directory(path: Path) -> Tree:
    try:
        return tree_of_directory(path)
    except (OSError, GitError) as error:
        raise CannotRun(f"{path} cannot be read: {error}") from None


def _tree_at(repository: Repository, rev: str) -> Tree:
    where = repository.directory
    try:
        repository.resolve(rev)
    except GitError:
        raise CannotRun(f"there is no commit {rev} in {where}{to_fetch(where, rev)}") from None
    try:
        return repository.tree(rev)
    except GitError as error:
        raise CannotRun(f"the commit {rev} of {where} cannot be read: {error}") from None


def to_fetch(path: Path, rev: str) -> str:
    """The command that is likely to bring a commit, as the rest of a sentence; '' when nobody knows one."""
    if "origin" not in git_now(["remote"], path, check=False).decode(errors="replace").split():
        return ""
    is_shallow = git_now(["rev-parse", "--is-shallow-repository"], path, check=False).strip() == b"true"
    depth = "--depth=1 " if is_shallow else ""
    if re.fullmatch(r"[0-9a-f]{40}", rev):
        return f"; bring it with: git fetch {depth}origin {rev}"
    if branch := re.fullmatch(r"(?:refs/remotes/)?origin/([\w./-]+)", rev):
        return f"; bring it with: git fetch {depth}origin {branch[1]}:refs/remotes/origin/{branch[1]}"
    if is_shallow and re.search(r"[~^]", rev):
        more = sum(int(number or 1) for number in re.findall(r"[~^](\d*)", rev))
        return f", a shallow clone; bring it with: git fetch --deepen={more} origin"
    return ""


def _is_in_part(path: Path) -> bool:
    """Whether a clone may lack blobs (`git clone --filter`)."""
    named = ["config", "--get-regexp", r"^(extensions\.partialclone|remote\..*\.promisor)$"]
    return bool(git_now(named, path, check=False).strip())


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


def _matcher(path: Path, rev: str | None) -> RepositoryMatcher:
    return RepositoryMatcher.of_urls(remotes(path), _revisions(path, rev))


def remotes(path: Path) -> list[str]:
    """The URLs of a checkout's remotes; none elsewhere."""
    try:
        lines = git_now(["config", "--get-regexp", r"^remote\..*\.url$"], path, check=False).decode(errors="replace")
    except (GitError, OSError):
        return []
    return [line.partition(" ")[2] for line in lines.splitlines()]


def _revisions(path: Path, rev: str | None) -> Revisions:
    """The branch that is looked at, and the default branch as far as a clone knows it.

    In a pull request's run, what counts is the branch that it goes into: GitHub and GitLab say which.
    """
    default = os.environ.get("CI_DEFAULT_BRANCH", "") if _is_run_of(path) else ""
    for remote in ("origin", "upstream"):
        default = default or _ref(path, f"refs/remotes/{remote}/HEAD").removeprefix(f"refs/remotes/{remote}/")
    names = ("GITHUB_BASE_REF", "CI_MERGE_REQUEST_TARGET_BRANCH_NAME") if rev is None and _is_run_of(path) else ()
    into = next((os.environ[name] for name in names if os.environ.get(name)), "")
    if into:
        return Revisions(into, default or into, certain=True)
    if rev is None:
        return Revisions(_ref(path, "HEAD").removeprefix("refs/heads/"), default)
    named = git_now(["rev-parse", "--symbolic-full-name", "--verify", "--quiet", rev], path, check=False).decode()
    kind, _, branch = named.strip().partition("/")[2].partition("/")
    if kind == "remotes":
        branch = branch.partition("/")[2]
    return Revisions(branch if kind in ("heads", "remotes") else "", default)


def _ref(path: Path, name: str) -> str:
    return git_now(["symbolic-ref", "--quiet", name], path, check=False).decode(errors="replace").strip()


def _is_run_of(path: Path) -> bool:
    """Whether a CI system runs us for this very checkout; in a test, or another clone, its variables say nothing."""
    top = os.environ.get("GITHUB_WORKSPACE") or os.environ.get("CI_PROJECT_DIR")
    return bool(top) and Path(str(top)).resolve() == path.resolve()


def cache_directory() -> Path:
    """Where renderings are kept between runs."""
    if os.environ.get("ARGOFIX_STATE_DIR"):
        return Path(os.environ["ARGOFIX_STATE_DIR"])
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "argofix"
