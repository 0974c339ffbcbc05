"""Of a repository's files only those that are read come over the network, in one request."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path

import pytest

import bot.repositories.git
from bot.process.clock import SystemClock
from bot.process.tenants import working_for
from bot.process.threads import RepositoryThreads
from bot.repositories.mirror import MergeConflict, Mirror
from bot.repositories.trees import BlobUnreadable
from bot.repositories.trees import Repository as Objects
from gitops.files.errors import TooLarge
from gitops.files.tree import MAX_FILE_BYTES
from tests.bot.repositories.test_mirror import fetches, head, knowing
from tests.github import Repository, SimulatedGitHub
from tests.github.git_backend import Content, File
from tests.scenarios import kustomization

MB = 2**20
GENERATED = "configMapGenerator:\n  - name: x\n    files:\n      - motd\n      - logo=../assets/logo.png\n"


def noise(size: int, seed: int) -> bytes:
    return random.Random(seed).randbytes(size)


def binaries(count: int, size: int) -> dict[str, Content]:
    return {f"assets/{i}.bin": noise(size, i) for i in range(count)}


def stored(mirror: Mirror) -> int:
    return sum(path.stat().st_size for path in mirror.directory.rglob("*") if path.is_file())


async def read(mirror: Mirror, sha: str, *paths: str) -> list[bytes]:
    with mirror.open() as repository:
        tree = await repository.read_tree(sha)
        return await asyncio.to_thread(lambda: [tree.read(path) for path in paths])


async def test_binaries_are_not_fetched_and_what_is_read_comes_in_one_request(
    github: SimulatedGitHub, repo: Repository, mirror: Mirror
) -> None:
    files: dict[str, Content] = {f"apps/{i}.yaml": f"a: {i}\n" for i in range(300)}
    repo.push("main", {**files, **binaries(5, MB), "link": File(b"apps/1.yaml", "120000")})
    sha = head(repo)
    await mirror.fetch([sha])
    assert fetches(github) == 1
    assert await read(mirror, sha, "apps/7.yaml", "apps/299.yaml", "link") == [b"a: 7\n", b"a: 299\n", b"apps/1.yaml"]
    assert fetches(github) == 2
    assert stored(mirror) < MB // 4
    # The next commit brings what is new of it.
    repo.push("main", {"apps/new.yaml": "n: 1\n"})
    await mirror.fetch([head(repo)])
    assert await read(mirror, head(repo), "apps/new.yaml", "apps/8.yaml") == [b"n: 1\n", b"a: 8\n"]
    assert fetches(github) == 4


async def test_several_commits_are_brought_together(
    github: SimulatedGitHub, repo: Repository, mirror: Mirror
) -> None:
    first = head(repo)
    repo.push("main", {"b.yaml": "b: 1\n"})
    await mirror.fetch([first, head(repo)])
    with mirror.open() as repository:
        await asyncio.to_thread(repository.prepare, [first, head(repo)])
        trees = [await repository.read_tree(sha) for sha in (first, head(repo))]
        assert [tree.read("apps/a.yaml") for tree in trees] == [b"a: 1\n"] * 2
        assert trees[1].read("b.yaml") == b"b: 1\n"
    assert fetches(github) == 2


async def test_what_kustomizations_name_comes_with_one_more(
    github: SimulatedGitHub, repo: Repository, mirror: Mirror
) -> None:
    files: dict[str, Content] = {"apps/kustomization.yaml": kustomization("a.yaml", extra=GENERATED)}
    repo.push("main", {**files, "apps/motd": "hello\n", "assets/logo.png": b"\x89PNG", **binaries(2, 1000)})
    await mirror.fetch([head(repo)])
    assert await read(mirror, head(repo), "apps/motd", "assets/logo.png") == [b"hello\n", b"\x89PNG"]
    assert fetches(github) == 3


async def test_what_nothing_foretold_takes_few_requests(
    github: SimulatedGitHub, repo: Repository, mirror: Mirror
) -> None:
    names = [f"odd/{i:03}" for i in range(200)]
    repo.push("main", {name: f"{name}\n" for name in names})
    await mirror.fetch([head(repo)])
    assert await read(mirror, head(repo), *names) == [f"{name}\n".encode() for name in names]
    assert fetches(github) <= 2 + 9  # twice as many each time


async def test_readers_that_wait_leave_a_thread_for_what_they_wait_for(repo: Repository, mirror: Mirror) -> None:
    ask = mirror.token
    assert ask is not None

    async def token(refused: str | None) -> str:
        await asyncio.to_thread(str)  # as a name is looked up
        return await ask(refused)

    mirror.token = token
    loop = asyncio.get_running_loop()
    threads = RepositoryThreads(SystemClock(), each=2)
    loop.set_default_executor(threads)
    await mirror.fetch([head(repo)])
    with working_for("repository/1"):
        trees = []
        for _ in range(2):
            trees.append(await mirror.open().read_tree(head(repo)))
        async with asyncio.timeout(20):
            found = await asyncio.gather(*(asyncio.to_thread(tree.read, "README.md") for tree in trees))
    assert found == [b"hello\n"] * 2


@pytest.mark.parametrize("setting", ["uploadpack.allowFilter", "uploadpack.allowAnySHA1InWant"])
async def test_a_server_that_gives_no_single_files_gives_all(repo: Repository, mirror: Mirror, setting: str) -> None:
    repo.git.run("config", setting, "false")
    repo.git.run("config", "uploadpack.allowReachableSHA1InWant", "false")
    await mirror.fetch([head(repo)])
    assert await read(mirror, head(repo), "apps/a.yaml", "README.md") == [b"a: 1\n", b"hello\n"]


async def test_a_missing_file_is_no_request_of_gits_own(
    github: SimulatedGitHub, repo: Repository, mirror: Mirror, monkeypatch: pytest.MonkeyPatch
) -> None:
    await mirror.fetch([head(repo)])
    asked = len(github.requests)
    monkeypatch.setitem(bot.repositories.git._SETTINGS, "protocol.allow", "always")
    environment = bot.repositories.git.environment

    def lazy(**how: object) -> dict[str, str]:
        return {k: v for k, v in environment(**how).items() if k != "GIT_NO_LAZY_FETCH"}  # type: ignore[arg-type]

    monkeypatch.setattr(bot.repositories.git, "environment", lazy)
    with Objects(mirror.directory) as repository:
        tree = await asyncio.to_thread(repository.tree, head(repo))
        with pytest.raises(BlobUnreadable, match="is missing"):
            tree.read("apps/a.yaml")
    assert len(github.requests) == asked
    config = (mirror.directory / "config").read_text()
    assert "promisor" not in config
    assert "partial" not in config.lower()


async def test_a_fetch_tells_others_nothing_of_what_it_leaves_out(repo: Repository, mirror: Mirror) -> None:
    """A reader that begins in the middle of it finds the configuration that was always there."""
    await mirror.fetch([head(repo)])
    config = mirror.directory / "config"
    written = config.stat().st_mtime_ns
    repo.push("main", {"b.yaml": "b: 1\n"})
    await mirror.fetch([head(repo)])
    assert await read(mirror, head(repo), "b.yaml") == [b"b: 1\n"]
    assert config.stat().st_mtime_ns == written


async def test_a_merge_brings_what_both_sides_changed_and_nothing_else(
    github: SimulatedGitHub, repo: Repository, mirror: Mirror
) -> None:
    lines = [f"line {i}\n" for i in range(20)]
    repo.push("main", {"both.txt": "".join(lines), "moved.txt": "".join(lines[::-1]), **binaries(2, MB // 2)})
    root = head(repo)
    repo.git.update_ref("refs/heads/side", root)
    repo.push("main", {"both.txt": "".join(["first\n", *lines[1:]]), "assets/0.bin": noise(MB // 2, 50)})
    repo.push("side", {"both.txt": "".join([*lines[:-1], "last\n"]), "assets/1.bin": noise(MB // 2, 51)})
    merged = await mirror.merge(head(repo), head(repo, "side"), merge_base=knowing(root))
    (both,) = await read(mirror, merged, "both.txt")
    assert both == "".join(["first\n", *lines[1:-1], "last\n"]).encode()
    assert stored(mirror) < MB // 4


async def test_a_merge_finds_what_was_renamed_and_changed(repo: Repository, mirror: Mirror) -> None:
    lines = [f"line {i}\n" for i in range(20)]
    repo.push("main", {"old.txt": "".join(lines)})
    root = head(repo)
    repo.git.update_ref("refs/heads/side", root)
    repo.push("main", {"old.txt": "".join(["first\n", *lines[1:]])})
    repo.push("side", {"old.txt": None, "new.txt": "".join([*lines[:-1], "last\n"])})
    merged = await mirror.merge(head(repo), head(repo, "side"), merge_base=knowing(root))
    (new,) = await read(mirror, merged, "new.txt")
    assert new == "".join(["first\n", *lines[1:-1], "last\n"]).encode()


async def test_a_conflict_is_found_although_hardly_anything_is_here(repo: Repository, mirror: Mirror) -> None:
    root = head(repo)
    repo.push("main", {"README.md": "mine\n"})
    repo.git.update_ref("refs/heads/side", root)
    repo.push("side", {"README.md": "theirs\n"})
    with pytest.raises(MergeConflict) as caught:
        await mirror.merge(head(repo), head(repo, "side"), merge_base=knowing(root))
    assert caught.value.paths == ("README.md",)


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path) -> None:
    from tests.bot.repositories.test_trees import sh

    sh(tmp_path, "init", "-q")
    (tmp_path / "large.yaml").write_bytes(b"#" * (MAX_FILE_BYTES + 1))
    (tmp_path / "large").write_bytes(b"#" * (MAX_FILE_BYTES + 1))
    (tmp_path / "small").write_text("s\n")
    sh(tmp_path, "add", "-A")
    sh(tmp_path, "commit", "-qm", "x")
    with Objects(tmp_path) as repository:
        tree = repository.tree("HEAD")
        for name in ("large.yaml", "large"):
            with pytest.raises(TooLarge, match="argofix reads files up to 16,777,216"):
                tree.read(name)
            assert tree.size(name) > MAX_FILE_BYTES
        repository.preload(tree, tree.paths())
        assert tree.read("small") == b"s\n"
