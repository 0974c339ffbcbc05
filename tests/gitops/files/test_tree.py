"""Trees against a naive model of a file system."""

from __future__ import annotations

import contextlib
import posixpath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitops.files.errors import NoSuchFile, PathEscapes, TooLarge
from gitops.files.tree import MAX_FILE_BYTES, MODE_FILE, MODE_SYMLINK, Entry, Tree, blob_oid, normalise

NAMES = st.sampled_from(["a", "b", "a.b", "a-b", "ä", "kustomization.yaml"])
PATHS = st.lists(NAMES, min_size=1, max_size=3).map("/".join)


def without_clashes(paths: set[str]) -> set[str]:
    """No file may be a directory of another one."""
    return {path for path in paths if not any(other.startswith(path + "/") for other in paths)}


FILES = st.sets(PATHS, max_size=10).map(without_clashes)


def linked(files: set[str], links: dict[str, str]) -> Tree:
    content = {path: links.get(path, "x").encode() for path in {*files, *links}}
    entries = {
        path: Entry(MODE_SYMLINK if path in links else MODE_FILE, blob_oid(data), len(data))
        for path, data in content.items()
    }
    return Tree(entries, lambda path, _: content[path])


@given(FILES, PATHS | st.just(""))
def test_listing_and_walking(files: set[str], directory: str) -> None:
    tree = Tree.of(dict.fromkeys(files, b""))
    inside = directory + "/" if directory else ""
    below = sorted(path for path in files if path.startswith(inside))
    assert list(tree.walk(directory)) == below
    assert tree.list_dir(directory) == sorted({path[len(inside) :].split("/")[0] for path in below})
    assert tree.is_dir(directory) == (directory == "" or bool(below))


@given(FILES, st.dictionaries(PATHS, st.binary(max_size=3) | st.none(), max_size=4))
def test_an_overlay_is_the_tree_with_its_changes(files: set[str], changes: dict[str, bytes | None]) -> None:
    before = dict.fromkeys(files, b"old")
    after = {path: data for path, data in {**before, **changes}.items() if data is not None}
    tree = Tree.of(before).overlay(changes)
    assert tree.paths() == sorted(after)
    assert {path: tree.read(path) for path in tree.paths()} == after
    assert all(tree.entry(path) == Entry(MODE_FILE, blob_oid(data), len(data)) for path, data in after.items())


TARGETS = st.lists(NAMES | st.sampled_from(["..", "."]), min_size=1, max_size=4).map("/".join) | st.just(
    "/etc/passwd"
)


def naively(links: dict[str, str], path: str, budget: int = 200) -> str:
    """Replace the first link on the way, again and again. Raises `PathEscapes` as the tree does."""
    if budget == 0:
        raise PathEscapes("circle")
    parts: list[str] = []
    todo = path.split("/")
    for number, part in enumerate(todo):
        if part in ("", "."):
            continue
        if part == "..":
            if not parts:
                raise PathEscapes("above")
            parts.pop()
            continue
        parts.append(part)
        target = links.get("/".join(parts))
        if target is not None:
            if target.startswith("/"):
                raise PathEscapes("absolute")
            return naively(links, "/".join([*parts[:-1], target, *todo[number + 1 :]]), budget - 1)
    return "/".join(parts)


@given(FILES, st.dictionaries(PATHS, TARGETS, max_size=4), PATHS)
def test_symlinks_are_followed_as_the_naive_way_does(files: set[str], links: dict[str, str], path: str) -> None:
    links = {link: links[link] for link in without_clashes({*files, *links}) if link in links}
    tree = linked(files, links)
    try:
        expected = naively(links, normalise(path))
    except PathEscapes:
        with pytest.raises(PathEscapes):
            tree.resolve(path)
        return
    resolved, followed = tree.trace(path)
    assert resolved == expected
    assert not resolved.startswith(("/", ".."))
    assert set(followed) <= set(links)


@given(st.text(alphabet="ab./", max_size=12))
def test_no_path_leaves_the_repository(path: str) -> None:
    with contextlib.suppress(PathEscapes):
        clean = normalise(path)
        assert not clean.startswith(("/", "../"))
        assert clean != ".."
        assert posixpath.normpath(posixpath.join("/repo", clean)).startswith("/repo")


def test_chains_of_links_are_all_told() -> None:
    tree = linked({"real/file"}, {"one": "two", "two": "three/.", "three": "real", "real/link": "file"})
    assert tree.trace("one/link") == ("real/file", ("one", "two", "three", "real/link"))


def test_files_that_are_not_there_or_too_large() -> None:
    tree = Tree({"big": Entry(MODE_FILE, "0", MAX_FILE_BYTES + 1)}, lambda _path, _entry: b"")
    with pytest.raises(NoSuchFile, match=r"^gone does not exist$"):
        tree.read("gone")
    with pytest.raises(TooLarge):
        tree.read("big")
    unsized = Tree({"big": Entry(MODE_FILE, "0")}, lambda _path, _entry: bytes(MAX_FILE_BYTES + 1))
    with pytest.raises(TooLarge):
        unsized.read("big")
