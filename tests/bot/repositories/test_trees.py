"""Trees from git and from disk, on real temporary repositories."""

import gc
import os
import subprocess
import tracemalloc
from pathlib import Path

import pytest

from bot.repositories.git import GitError, GitTimeout
from bot.repositories.listing import HostileTree, Limits, TreeTooLarge, listed
from bot.repositories.trees import BlobUnreadable, Repository, tree_at, tree_of_directory
from gitops.files.errors import NotHere
from gitops.files.tree import MODE_EXECUTABLE, MODE_FILE, MODE_SUBMODULE, MODE_SYMLINK, blob_oid


def sh(where: Path, *args: str, input: bytes | None = None) -> str:
    env = {
        "PATH": os.environ["PATH"],
        "HOME": str(where),
        "GIT_CONFIG_GLOBAL": "/dev/null",
        "GIT_CONFIG_NOSYSTEM": "1",
    }
    who = ("-c", "user.name=T", "-c", "user.email=t@example.org", "-c", "init.defaultBranch=main")
    done = subprocess.run(["git", *who, *args], cwd=where, env=env, input=input, capture_output=True, check=True)
    return done.stdout.decode().strip()


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    where = tmp_path / "repo"
    (where / "apps").mkdir(parents=True)
    sh(where, "init", "-q")
    (where / "a.yaml").write_bytes(b"a: 1\r\n")
    (where / "apps/run.sh").write_text("#!/bin/sh\n")
    (where / "apps/run.sh").chmod(0o755)
    (where / "link").symlink_to("../../etc/passwd")
    (where / ".gitignore").write_text("ignored\n")
    Path(os.fsdecode(os.fsencode(where) + b"/b\xff.yaml")).write_text("odd")
    sh(where, "add", "-A")
    sh(where, "update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},vendor")
    sh(where, "commit", "-qm", "one")
    return where


def test_a_commit_lists_modes_ids_and_odd_names(checkout: Path) -> None:
    with Repository(checkout) as repository:
        tree = repository.tree("main")
        assert tree.sha == sh(checkout, "rev-parse", "main")
        modes = {path: entry.mode for path in tree.paths() if (entry := tree.entry(path))}
        assert modes == {
            ".gitignore": MODE_FILE,
            "a.yaml": MODE_FILE,
            "apps/run.sh": MODE_EXECUTABLE,
            "b\udcff.yaml": MODE_FILE,
            "link": MODE_SYMLINK,
            "vendor": MODE_SUBMODULE,
        }
        assert tree.read("a.yaml") == b"a: 1\r\n"
        assert tree.read("link") == b"../../etc/passwd"
        assert tree.read("b\udcff.yaml") == b"odd"
        entry = tree.entry("a.yaml")
        assert entry is not None
        assert (entry.oid, entry.size) == (blob_oid(b"a: 1\r\n"), 6)


def test_a_tree_keeps_its_reader_and_lets_it_go(checkout: Path) -> None:
    tree = tree_at(checkout, "HEAD")
    assert tree.read("apps/run.sh") == b"#!/bin/sh\n"
    del tree
    gc.collect()  # a forgotten process would be a ResourceWarning, hence an error


def test_a_closed_repository_reads_no_more(checkout: Path) -> None:
    repository = Repository(checkout)
    tree = repository.tree("HEAD")
    repository.close()
    with pytest.raises(ValueError, match="closed"):
        tree.read("a.yaml")


def test_many_files_are_read_in_one_go(tmp_path: Path) -> None:
    files = {f"d{i % 50}/f{i}.yaml": b"x: %d\n" % i * 40 for i in range(3000)}
    stream = b"commit refs/heads/main\ncommitter T <t@example.org> 0 +0000\ndata 1\nx\n" + b"".join(
        b"M 100644 inline %s\ndata %d\n%s\n" % (path.encode(), len(data), data) for path, data in files.items()
    )
    sh(tmp_path, "init", "-q", "--bare", ".")
    sh(tmp_path, "fast-import", "--quiet", input=stream)
    with Repository(tmp_path) as repository:
        tree = repository.tree("refs/heads/main")
        repository.preload(tree, tree.paths())
        assert {path: tree.read(path) for path in tree.paths()} == files


@pytest.mark.parametrize("rev", ["nowhere", "--all", "--upload-pack=x", "main..main", ""])
def test_what_is_no_revision_is_an_error(checkout: Path, rev: str) -> None:
    with pytest.raises(GitError):
        tree_at(checkout, rev)


def test_a_missing_object_is_an_error_that_a_retry_may_heal(checkout: Path) -> None:
    damaged: list[bool] = []
    oid = blob_oid(b"a: 1\r\n")
    (checkout / ".git/objects" / oid[:2] / oid[2:]).unlink()
    repository = Repository(checkout, on_damage=lambda: damaged.append(True))
    tree_sha = sh(checkout, "rev-parse", "HEAD^{tree}")
    with repository, pytest.raises((BlobUnreadable, GitError)):
        repository.tree(tree_sha).read("a.yaml")


def test_names_that_no_path_may_have_are_refused(tmp_path: Path) -> None:
    sh(tmp_path, "init", "-q", "--bare", ".")
    blob = sh(tmp_path, "hash-object", "-w", "--stdin", input=b"x")
    inner = sh(tmp_path, "mktree", input=f"100644 blob {blob}\tauthorized_keys\n".encode())
    outer = sh(tmp_path, "hash-object", "-t", "tree", "-w", "--literally", "--stdin",
               input=b"40000 ..\0" + bytes.fromhex(inner))  # fmt: skip
    with pytest.raises(HostileTree, match="impossible path"):
        tree_at(tmp_path, outer)


def test_a_dirty_checkout_is_read_as_it_is_on_disk(checkout: Path) -> None:
    (checkout / "a.yaml").write_text("a: 2\n")
    (checkout / "new.yaml").write_text("n: 1\n")
    (checkout / "ignored").write_text("no")
    (checkout / "apps/run.sh").unlink()
    tree = tree_of_directory(checkout)
    assert tree.sha is None
    assert tree.paths() == [".gitignore", "a.yaml", "b\udcff.yaml", "link", "new.yaml", "vendor"]
    assert tree.read("a.yaml") == b"a: 2\n"
    entry = tree.entry("a.yaml")
    assert entry is not None
    assert entry.oid == blob_oid(b"a: 2\n")
    submodule = tree.entry("vendor")
    assert submodule is not None
    assert (submodule.mode, submodule.oid) == (MODE_SUBMODULE, "1" * 40)


def test_a_clean_checkout_and_its_commit_have_the_same_ids_and_sizes(checkout: Path) -> None:
    disk, commit = tree_of_directory(checkout), tree_at(checkout, "HEAD")
    assert disk.paths() == commit.paths()
    assert disk.differing(commit) == frozenset()
    assert {p: disk.size(p) for p in disk.paths()} == {p: commit.size(p) for p in commit.paths()}


def test_what_a_sparse_checkout_leaves_out_is_read_from_its_index(checkout: Path) -> None:
    (checkout / "apps/more.yaml").write_text("m: 1\n")
    (checkout / "apps/link").symlink_to("more.yaml")
    sh(checkout, "add", "-A", "--", "apps")
    sh(checkout, "commit", "-qm", "two")
    sh(checkout, "sparse-checkout", "set", "--cone")
    assert not (checkout / "apps").exists()
    (checkout / "a.yaml").unlink()
    disk, commit = tree_of_directory(checkout), tree_at(checkout, "HEAD")
    assert set(commit.paths()) - set(disk.paths()) == {"a.yaml"}  # deleted by a person
    assert disk.differing(commit) == {"a.yaml"}
    assert [disk.read(name) for name in ("apps/more.yaml", "apps/link", "apps/run.sh")] == [
        b"m: 1\n", b"more.yaml", b"#!/bin/sh\n"]  # fmt: skip

    (checkout / "apps").mkdir()
    (checkout / "apps/more.yaml").write_text("m: 2\n")  # what is there all the same counts
    oid = blob_oid(b"#!/bin/sh\n")
    (checkout / ".git/objects" / oid[:2] / oid[2:]).unlink()  # as in a clone that lacks some
    disk = tree_of_directory(checkout)
    assert disk.read("apps/more.yaml") == b"m: 2\n"
    assert disk.absent == {"apps/run.sh"} and "apps/run.sh" in disk
    with pytest.raises(NotHere):
        disk.read("apps/run.sh")


def test_a_plain_directory(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub/a.yaml").write_text("a")
    (tmp_path / "loop").symlink_to(".")
    (tmp_path / "dead").symlink_to("nowhere")
    os.mkfifo(tmp_path / "pipe")
    with (tmp_path / "big").open("wb") as big:
        big.truncate(17 * 1024 * 1024)
    tree = tree_of_directory(tmp_path)
    assert tree.paths() == ["big", "dead", "loop", "sub/a.yaml"]
    big_entry, loop = tree.entry("big"), tree.entry("loop")
    assert big_entry is not None
    assert big_entry.oid.startswith(f"size:{17 * 1024 * 1024}:mtime:")
    assert loop is not None
    assert loop.mode == MODE_SYMLINK


def test_a_hostile_checkout_runs_nothing(checkout: Path) -> None:
    for key in ("core.fsmonitor", "core.sshCommand", "core.pager", "filter.x.clean", "filter.x.smudge"):
        sh(checkout, "config", key, f"touch {checkout}/pwned; true")
    (checkout / ".gitattributes").write_text("* filter=x\n")
    tree = tree_of_directory(checkout)
    tree_at(checkout, "HEAD").read("a.yaml")
    assert "pwned" not in tree
    assert not (checkout / "pwned").exists()


@pytest.mark.parametrize("what", ["main:a.yaml", "main", "main^{tree}"], ids=["blob", "commit", "tree"])
def test_what_stands_in_for_another_object_is_not_read(checkout: Path, what: str) -> None:
    """`git replace` gives other content to an id that renderings are remembered by."""
    sh(checkout, "checkout", "-q", "-b", "other")
    (checkout / "a.yaml").write_text("a: 2\n")
    sh(checkout, "commit", "-qam", "two")
    sh(checkout, "replace", sh(checkout, "rev-parse", what), sh(checkout, "rev-parse", what.replace("main", "other")))
    assert sh(checkout, "show", "main:a.yaml") == "a: 2"  # as git itself has it
    assert tree_at(checkout, "main").read("a.yaml") == b"a: 1\r\n"


@pytest.mark.parametrize("name", ["missing", "file"])
def test_what_is_no_directory_is_an_error(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises((NotADirectoryError, FileNotFoundError)):
        tree_of_directory(tmp_path / name)


def bomb(where: Path, levels: int, leaves: bytes = b"x") -> str:
    """A commit of ten blobs in a tree, ten times that tree in the next: 10^levels files in about 300 bytes a level.
    Without `leaves` the innermost trees are empty, and there is not one file."""
    sh(where, "init", "-q", "--bare", ".")
    inner = sh(where, "mktree", input=b"")
    if leaves:
        blob = sh(where, "hash-object", "-w", "--stdin", input=leaves)
        inner = sh(where, "mktree", input=b"".join(b"100644 blob %s\tf%d\n" % (blob.encode(), i) for i in range(10)))
    for _ in range(levels - 1):
        inner = sh(where, "mktree", input=b"".join(b"040000 tree %s\td%d\n" % (inner.encode(), i) for i in range(10)))
    return sh(where, "commit-tree", "-m", "x", inner)


@pytest.mark.parametrize(("levels", "leaves"), [(6, b"x"), (9, b"x"), (9, b"")], ids=["10^6", "10^9", "no file"])
def test_a_tree_bomb_ends_at_the_limit(tmp_path: Path, levels: int, leaves: bytes) -> None:
    commit = bomb(tmp_path, levels, leaves)
    assert sum(path.stat().st_size for path in (tmp_path / "objects").rglob("*") if path.is_file()) < 8_000
    tracemalloc.start()
    try:
        with pytest.raises(TreeTooLarge, match="more than 20,000 files"):
            listed(tmp_path, commit, Limits(entries=20_000))
        assert tracemalloc.get_traced_memory()[1] < 20 * 2**20
    finally:
        tracemalloc.stop()


def test_the_limit_that_stands_unless_another_is_given(tmp_path: Path) -> None:
    commit = bomb(tmp_path, 9)
    with Repository(tmp_path) as repository, pytest.raises(TreeTooLarge, match="300,000"):
        repository.tree(commit)


def test_a_listing_that_does_not_end_is_stopped_in_time(tmp_path: Path) -> None:
    with pytest.raises(GitTimeout, match="stopped"):
        listed(tmp_path, bomb(tmp_path, 9), Limits(entries=10**10, name_bytes=10**12, seconds=0.1))


@pytest.mark.parametrize(("depth", "name"), [(60, b"d" * 100), (1, b"d" * 100_000)], ids=["deep", "one name"])
def test_a_path_that_no_file_system_takes_is_refused(tmp_path: Path, depth: int, name: bytes) -> None:
    sh(tmp_path, "init", "-q", "--bare", ".")
    blob = sh(tmp_path, "hash-object", "-w", "--stdin", input=b"x")
    inner = sh(tmp_path, "mktree", input=b"100644 blob %s\tf\n" % blob.encode())
    for _ in range(depth):
        inner = sh(tmp_path, "mktree", input=b"040000 tree %s\t%s\n" % (inner.encode(), name))
    with pytest.raises(HostileTree, match="longer than 4,096 bytes"):
        tree_at(tmp_path, inner)


def test_long_names_in_few_files_count_as_well(tmp_path: Path) -> None:
    commit = bomb(tmp_path, 4)
    with pytest.raises(TreeTooLarge, match="take more than 0 MB"):
        listed(tmp_path, commit, Limits(name_bytes=50_000))
    assert len(listed(tmp_path, commit)) == 10_000


async def test_nobody_lists_on_the_event_loop(checkout: Path) -> None:
    with Repository(checkout, off_loop=True) as repository:
        with pytest.raises(RuntimeError, match="event loop"):
            repository.tree("main")
        tree = await repository.read_tree("main")
        assert "a.yaml" in tree
        assert (await repository.read_tree("HEAD"))._entries is tree._entries  # listed once
