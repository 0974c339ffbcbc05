"""The mirror against a real git server: what is fetched, merged, repaired, and what it says when it cannot."""

import asyncio
from pathlib import Path

import pytest

from bot.repositories.git import GitError, RefNotFound, RepositoryGone
from bot.repositories.listing import TreeTooLarge
from bot.repositories.mirror import KEEP, MergeBase, MergeConflict, Mirror
from tests.bot.repositories.test_trees import sh
from tests.github import Fault, Installation, Repository, SimulatedGitHub, faults


def head(repo: Repository, branch: str = "main") -> str:
    return repo.git.refs("refs/heads/")[f"refs/heads/{branch}"]


def knowing(merge_base: str) -> MergeBase:
    async def ask() -> str | None:
        return merge_base

    return ask


def fetches(github: SimulatedGitHub) -> int:
    return sum(r.method == "POST" and r.path.endswith("git-upload-pack") for r in github.requests)


async def test_one_commit_is_fetched_once_with_a_token_of_its_own(
    github: SimulatedGitHub, repo: Repository, mirror: Mirror
) -> None:
    sha = head(repo)
    await mirror.fetch([sha])
    before = len(github.requests)
    await mirror.fetch([sha])
    assert len(github.requests) == before
    with mirror.open() as repository:
        tree = await repository.read_tree(sha)
        assert tree.read("apps/a.yaml") == b"a: 1\n"
    (token,) = github.tokens.values()
    assert token.permissions.keys() <= {"contents", "metadata"}
    assert token.repositories == frozenset({repo.id})
    assert token.value not in "".join(
        p.read_text(errors="replace") for p in mirror.directory.rglob("*") if p.is_file()
    )


async def test_githubs_merge_is_taken_when_it_is_of_these_two(
    github: SimulatedGitHub, repo: Repository, mirror: Mirror
) -> None:
    base = head(repo)
    repo.push("feature", {"b.yaml": "b: 1\n"})
    pull = github.open_pull(repo, "feature")
    merged = await mirror.merge(base, head(repo, "feature"), number=pull.number)
    with mirror.open() as repository:
        tree = await repository.read_tree(merged)
        assert tree.read("b.yaml") == b"b: 1\n"
        assert await asyncio.to_thread(tree.read, "README.md") == b"hello\n"
    assert merged == repo.git.refs("refs/pull/")[f"refs/pull/{pull.number}/merge"]


async def test_no_hook_is_run(repo: Repository, mirror: Mirror) -> None:
    await mirror.fetch([head(repo)])
    hooks = mirror.directory / "hooks"
    hooks.mkdir(exist_ok=True)
    for name in ("reference-transaction", "post-checkout", "post-index-change"):
        (hooks / name).write_text(f"#!/bin/sh\ntouch {mirror.directory}/pwned\n")
        (hooks / name).chmod(0o755)
    repo.push("main", {"README.md": "next\n"})
    await mirror.fetch([head(repo)])
    assert not (mirror.directory / "pwned").exists()


@pytest.mark.parametrize("known", [True, False])
async def test_else_git_merges_here(repo: Repository, mirror: Mirror, known: bool) -> None:
    root = head(repo)
    for i in range(60):  # more history than the first look takes
        repo.push("main", {"README.md": f"{i}\n"})
    repo.git.update_ref("refs/heads/feature", root)
    repo.push("feature", {"b.yaml": "b: 1\n"})
    merged = await mirror.merge(head(repo), head(repo, "feature"), merge_base=knowing(root) if known else None)
    with mirror.open() as repository:
        tree = await repository.read_tree(merged)
        assert (await asyncio.to_thread(tree.read, "README.md"), tree.read("b.yaml")) == (b"59\n", b"b: 1\n")


async def test_a_conflict_names_its_files(repo: Repository, mirror: Mirror) -> None:
    root = head(repo)
    repo.push("main", {"apps/a.yaml": "a: 2\n"})
    repo.git.update_ref("refs/heads/feature", root)
    repo.push("feature", {"apps/a.yaml": "a: 3\n", "c.yaml": "c\n"})
    with pytest.raises(MergeConflict) as caught:
        await mirror.merge(head(repo), head(repo, "feature"), number=1, merge_base=knowing(root))
    assert caught.value.paths == ("apps/a.yaml",)


async def test_a_vanished_repository_and_a_vanished_commit_are_told_apart(
    github: SimulatedGitHub, repo: Repository, mirror: Mirror
) -> None:
    with pytest.raises(RefNotFound):
        await mirror.fetch(["1" * 40])
    with pytest.raises(RefNotFound):
        await mirror.fetch(refs=["refs/pull/99/merge"])
    sha = head(repo)
    await mirror.fetch([sha])
    github.delete_repository(repo)
    repo_gone = mirror
    with pytest.raises(RepositoryGone):
        await repo_gone.fetch(["2" * 40])


async def test_a_renamed_repository_is_followed(github: SimulatedGitHub, repo: Repository, mirror: Mirror) -> None:
    github.rename(repo, "platform")
    await mirror.fetch([head(repo)])
    assert await mirror.has(head(repo))


@pytest.mark.parametrize("damage", ["HEAD", "pack", "lock", "everything"])
async def test_a_damaged_mirror_is_made_anew(repo: Repository, mirror: Mirror, damage: str) -> None:
    await mirror.fetch([head(repo)])
    where = mirror.directory
    if damage == "HEAD":
        (where / "HEAD").write_text("garbage")
    elif damage == "lock":
        (where / "shallow.lock").write_text("")
    else:
        for path in (where / "objects").rglob("*"):
            if path.is_file():
                path.chmod(0o600)
                path.write_bytes(b"" if damage == "everything" else path.read_bytes()[:20])
    repo.push("main", {"new.yaml": "n: 1\n"})
    await mirror.fetch([head(repo)])
    with mirror.open() as repository:
        assert (await repository.read_tree(head(repo))).read("new.yaml") == b"n: 1\n"


async def test_an_unreadable_object_makes_the_next_run_begin_anew(
    github: SimulatedGitHub, repo: Repository, mirror: Mirror
) -> None:
    sha = head(repo)
    await mirror.fetch([sha])
    repository = mirror.open()
    tree = await repository.read_tree(sha)
    repository.rest()  # a process that has opened them reads on
    for path in (mirror.directory / "objects").rglob("*"):
        if path.is_file():
            path.unlink()
    github.faults.append(Fault(faults.server_error(502), path="info/refs"))
    with pytest.raises(GitError):  # what is missing would be brought
        await asyncio.to_thread(tree.read, "apps/a.yaml")
    repository.close()
    await mirror.fetch([sha])
    with mirror.open() as again:
        assert (await again.read_tree(sha)).read("apps/a.yaml") == b"a: 1\n"


async def test_a_refused_token_is_replaced(
    github: SimulatedGitHub, repo: Repository, installation: Installation, mirror: Mirror
) -> None:
    await mirror.fetch([head(repo)])
    github.tokens.clear()
    repo.push("main", {"n": "n"})
    await mirror.fetch([head(repo)])
    assert await mirror.has(head(repo))


async def test_a_server_fault_is_worth_another_try(github: SimulatedGitHub, repo: Repository, mirror: Mirror) -> None:
    github.faults.append(Fault(faults.server_error(502), path="info/refs"))
    with pytest.raises(GitError) as caught:
        await mirror.fetch([head(repo)])
    assert type(caught.value).__name__ == "RemoteUnavailable"
    await mirror.fetch([head(repo)])


async def test_kept_commits_are_bounded(repo: Repository, mirror: Mirror, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.repositories.mirror.MOST_REFS", 2)
    for i in range(4):
        repo.push("main", {"n": f"{i}"})
        await mirror.fetch([head(repo)])
    # One run never loses what it has fetched; the next one begins anew.
    assert len(await mirror._git("for-each-ref", KEEP)) > 0
    run = Mirror(mirror.directory, mirror.clone_url, mirror.token, mirror.lock)
    repo.push("main", {"n": "last"})
    await run.fetch([head(repo)])
    assert len((await run._git("for-each-ref", "--format=x", KEEP)).split()) == 1


def test_mirrors_are_apart(tmp_path: Path) -> None:
    from bot.repositories.mirror import Mirrors

    mirrors = Mirrors(tmp_path)
    assert mirrors.of(1, "u", 1).directory != mirrors.of(2, "u", 1).directory
    assert mirrors.of(1, "u", 1).lock is mirrors.of(1, "renamed", 1).lock


@pytest.mark.parametrize("known", [True, False])
async def test_a_tree_bomb_is_not_merged(repo: Repository, mirror: Mirror, known: bool) -> None:
    """git would walk through its thousand million files; it ends before that, and nothing is made anew for it."""
    root = head(repo)
    where = repo.git.path
    inner = sh(where, "rev-parse", f"{root}^{{tree}}")
    for _ in range(9):
        entries = b"".join(b"040000 tree %s\td%d\n" % (inner.encode(), i) for i in range(10))
        inner = sh(where, "mktree", input=entries)
    bomb = sh(where, "commit-tree", "-m", "x", "-p", root, inner)
    repo.git.update_ref("refs/heads/feature", bomb)
    repo.push("main", {"README.md": "2\n"})
    await mirror.fetch([root])
    kept = (mirror.directory / "config").stat().st_ino
    with pytest.raises(TreeTooLarge, match="more than 300,000 files"):
        await mirror.merge(head(repo), bomb, merge_base=knowing(root) if known else None)
    assert (mirror.directory / "config").stat().st_ino == kept
