"""What the simulated GitHub reads and writes without a process is what git reads and writes."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.github.git_backend import ZERO, Bare, Content, Signature

IDENTITY = {"GIT_COMMITTER_NAME": "alice", "GIT_COMMITTER_EMAIL": "alice@example.com"}
SIGNATURE = Signature("alice", "alice@example.com", "2025-01-01T00:00:00Z")


def committed(bare: Bare, branch: str, files: dict[str, Content]) -> str:
    ref = f"refs/heads/{branch}"
    parent = bare.resolve(ref)
    tree = bare.tree_with(parent, files)
    sha = bare.commit(tree, [parent] if parent else [], "Change", SIGNATURE, SIGNATURE)
    bare.update_ref(ref, sha)
    return sha


@pytest.mark.parametrize("content", [b"", b"a: 1\n", b"\0" * 70_000, bytes(range(256))], ids=len)
def test_a_file_is_written_as_git_writes_it(tmp_path: Path, content: bytes) -> None:
    bare = Bare.create(tmp_path / "a.git")
    sha = committed(bare, "main", {"a": content})
    assert bare.blob(content) == bare.text("hash-object", "--stdin", stdin=content)
    assert bare.run("cat-file", "blob", f"{sha}:a") == content
    bare.run("fsck", "--strict", "--no-dangling")


def test_refs_are_read_as_git_reads_them(tmp_path: Path) -> None:
    bare = Bare.create(tmp_path / "a.git")

    def same() -> None:
        for prefix in ("refs/", "refs/heads", "refs/heads/main", "refs/heads/ma", "refs/heads/deep", "refs/pull"):
            lines = bare.text("for-each-ref", "--format=%(refname) %(objectname)", prefix).splitlines()
            assert list(bare.refs(prefix).items()) == [tuple(line.split()) for line in lines], prefix
        assert bare.resolve("refs/heads/main") == bare.text("rev-parse", "refs/heads/main")
        assert bare.resolve("refs/heads/none") is None and bare.resolve("refs/heads/deep") is None

    for branch in ("main", "deep/down", "deep-er", "gone"):
        committed(bare, branch, {"a": branch})
    bare.update_ref("refs/pull/1/head", bare.resolve("refs/heads/main"))
    bare.update_ref("refs/heads/gone", None)
    bare.run("tag", "-a", "-m", "v1", "v1", "main", env=IDENTITY)
    (bare.path / "refs/heads/main.lock").write_text(f"{ZERO}\n")  # of somebody who is writing
    same()
    (bare.path / "refs/heads/main.lock").unlink()
    bare.run("symbolic-ref", "refs/heads/alias", "refs/heads/main")
    same()
    bare.run("pack-refs", "--all")
    committed(bare, "main", {"a": "after"})
    same()


def test_what_can_change_is_asked_again(tmp_path: Path) -> None:
    one, other = Bare.create(tmp_path / "a.git"), Bare.create(tmp_path / "b.git")
    first = committed(one, "main", {"a": "1"})
    assert [each.sha for each in one.log("main")] == [first]
    assert one.resolve("main:a", "blob") == one.blob(b"1")
    later = committed(one, "main", {"a": "2"})
    assert [each.sha for each in one.log("main")] == [later, first]
    assert one.resolve("main:a", "blob") == one.blob(b"2")
    assert one.is_ancestor(first, later) and not one.is_ancestor(later, first)
    # What is not there yet may come with a fetch.
    assert other.kind(first) is None and other.resolve(first) is None and not other.is_ancestor(first, later)
    other.run("fetch", "--quiet", str(one.path), later)
    assert other.kind(first) == "commit" and other.resolve(first) == first and other.is_ancestor(first, later)
