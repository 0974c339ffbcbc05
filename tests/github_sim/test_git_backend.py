"""What the simulated GitHub reads and writes without a process is what git reads and writes."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.github.git_backend import ZERO, Bare, Content, File, GitError, Signature
from tests.github.git_objects import Objects, Unknown

IDENTITY = {"GIT_COMMITTER_NAME": "alice", "GIT_COMMITTER_EMAIL": "alice@example.com"}
SIGNATURE = Signature("alice", "alice@example.com", "2025-01-01T00:00:00Z")


def committed(bare: Bare, branch: str, files: dict[str, Content]) -> str:
    ref = f"refs/heads/{branch}"
    parent = bare.resolve(ref)
    tree = bare.tree_with(parent, files)
    sha = bare.commit(tree, [parent] if parent else [], "Change", SIGNATURE, SIGNATURE)
    bare.update_ref(ref, sha)
    return sha


class Nothing(Objects):
    """Knows no object, so that git is asked whatever it is."""

    def get(self, sha: str) -> tuple[str, bytes]:
        raise Unknown


def by_git(bare: Bare, method: str, *arguments: Any, **options: Any) -> Any:
    asked = Bare(bare.path)
    asked.objects = Nothing(bare.path)
    return getattr(asked, method)(*arguments, **options)


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


NAMES = st.sampled_from(["a", "a.b", "a-b", "b", "ü", ".github", "x y", "Z"])
PATHS = st.lists(NAMES, min_size=1, max_size=3).map("/".join)
CONTENTS = (
    st.none()
    | st.sampled_from([b"", b"a: 1\n", b"\0"])
    | st.sampled_from("xy").map(lambda s: File(s.encode(), "100755"))
)
STEPS = st.lists(
    st.tuples(st.sampled_from(["main", "side", "merged"]), st.dictionaries(PATHS, CONTENTS, min_size=1, max_size=4))
)


FILED: dict[str, Content] = {"a/a": b"a: 1\n", "a/b": File(b"x", "100755")}
MOVED: dict[str, Content] = {"a/a": None, "a/b": None, "b/a": b"a: 1\n", "b/b": File(b"x", "100755")}


@settings(max_examples=6)
@given(STEPS.filter(len))
@example([("main", FILED), ("side", {"a/Z": b""}), ("main", MOVED)])  # git finds that a directory was renamed
@example([("main", FILED), ("side", {"a/Z": b""}), ("main", {"a.b": b""}), ("merged", {}), ("main", {"b": b""})])
@example([("main", FILED), ("side", {"a/a": b""}), ("main", {"a/a": b"\0"}), ("side", {"b": b""})])
@example([("side", {"a/b": b""}), ("main", {"a": b""})])
def test_what_is_answered_without_git_is_what_git_answers(steps: list[tuple[str, dict[str, Content]]]) -> None:
    """Trees, merges, histories and what differs, over branches that change the same few names."""
    with TemporaryDirectory() as directory:
        bare = Bare.create(Path(directory) / "a.git")
        tips: dict[str, str] = {"main": committed(bare, "main", {"first": b""})}
        for branch, files in steps:
            if branch == "merged":
                if tree := bare.merge_tree(*sorted(tips.values())[:2]) if len(tips) > 1 else None:
                    tips["main"] = bare.commit(tree, tips.values(), "Merge", SIGNATURE, SIGNATURE)
                continue
            bare.update_ref(f"refs/heads/{branch}", tips.setdefault(branch, tips["main"]))
            try:
                tips[branch] = committed(bare, branch, files)
            except GitError:
                continue
            parent = bare.commit_data(tips[branch]).parents[0]
            assert bare.entries(tips[branch], recursive=True) == by_git(bare, "entries", tips[branch], recursive=True)
            assert bare.tree_with(parent, files) == by_git(bare, "tree_with", parent, files)
            assert bare.changed(tips[branch]) == by_git(bare, "changed", tips[branch])
        sides = [tips["main"], tips.get("side", tips["main"])]
        for name in ("merge_base", "merge_tree", "is_ancestor"):
            assert getattr(bare, name)(*sides) == by_git(bare, name, *sides), name
        ranges = ["..".join(sides), "..".join(reversed(sides))]
        for words in (
            ["-1", sides[0]],
            *(["--reverse", one] for one in ranges),
            *(["--reverse", "-20", side] for side in sides),
        ):
            assert bare.log(*words) == by_git(bare, "log", *words)
        bare.run("fsck", "--strict", "--no-dangling")


@pytest.mark.parametrize(
    "author",
    [
        SIGNATURE,
        Signature("argofix[bot]", "1+argofix[bot]@users.noreply.github.com", "2025-06-30T23:59:59Z"),
        Signature("Zoë, née <X>.", "zoë@example.com", "2025-01-01T00:00:00Z"),
        Signature("alice", "alice@example.com", "2011-04-14T16:00:49+02:00"),
    ],
    ids=lambda author: author.name,
)
@pytest.mark.parametrize("message", ["Change", "Change\n\nWhy: ü\n\n", "", "\n\n  first\r\n"], ids=repr)
def test_a_commit_is_written_and_read_as_git_does(tmp_path: Path, author: Signature, message: str) -> None:
    bare = Bare.create(tmp_path / "a.git")
    parents = [committed(bare, "main", {"a": "1"})]
    tree = bare.tree_with(parents[0], {"b": "2"})
    sha = bare.commit(tree, parents, message, author, SIGNATURE)
    assert sha == by_git(bare, "commit", tree, parents, message, author, SIGNATURE)
    assert bare.commit_data(sha) == by_git(bare, "commit_data", sha)
