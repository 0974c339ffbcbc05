"""A tree with others in it: it is what a tree of all these files would be, and nothing leads from one to the next."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gitops.files.errors import NoSuchFile, PathEscapes
from gitops.files.tree import Entry, Tree, blob_oid
from gitops.outside.mounts import OUT_OF_SIGHT, MountedTree, Place, mount_point
from tests.outside.dictionary import tree_of
from tests.scenarios import with_links

PLACE = Place("chart web 1.0.0 of https://charts.example.com")
names = st.sampled_from(("a", "b", "charts", "web"))
files = st.dictionaries(st.lists(names, min_size=1, max_size=3).map("/".join), st.text("xy", max_size=2), max_size=6)


def clean(found: dict[str, str]) -> dict[str, str]:
    """Without files in whose place a directory stands."""
    return {path: text for path, text in found.items() if not any(other.startswith(f"{path}/") for other in found)}


@settings(max_examples=100, deadline=None)
@given(files.map(clean), files.map(clean), st.sampled_from(("charts/web", "a", "deep/er/x")))
def test_it_is_as_if_the_files_lay_there(base: dict[str, str], other: dict[str, str], at: str) -> None:
    shadowed = {path: text for path, text in base.items() if path != at and not path.startswith(f"{at}/")}
    if any(at.startswith(f"{path}/") for path in shadowed) or not other:
        return
    mounted = MountedTree(tree_of(base))
    mounted.mount(at, tree_of(other), PLACE, listed=True)
    plain = tree_of({**shadowed, **{f"{at}/{path}": text for path, text in other.items()}})
    assert mounted.paths() == plain.paths()
    directories = {"", *(path.rpartition("/")[0] for path in plain.paths()), at, at.partition("/")[0], "gone"}
    for path in directories:
        assert mounted.is_dir(path) == plain.is_dir(path)
        assert list(mounted.walk(path)) == list(plain.walk(path))
        assert mounted.list_dir(path) == plain.list_dir(path)
    for path in plain.paths():
        assert (path in mounted, mounted.entry(path), mounted.read(path)) == (
            True,
            plain.entry(path),
            plain.read(path),
        )
        assert mounted.whence(path)[0] == (PLACE if path.startswith(f"{at}/") else None)
        assert mounted.resolve(path) == path


def test_what_is_out_of_sight_is_found_by_name_alone() -> None:
    mounted = MountedTree(tree_of({"a.yaml": "here"}))
    at = mount_point("something")
    mounted.mount(at, tree_of({"b.yaml": "there"}), PLACE)
    assert mounted.paths() == ["a.yaml"] and mounted.list_dir("") == ["a.yaml"]
    assert mounted.read(f"{at}/b.yaml") == b"there" and mounted.whence(f"{at}/b.yaml") == (PLACE, "b.yaml")
    assert mounted.where(f"open {at}/b.yaml: no") == f"open {PLACE} in b.yaml: no"
    with pytest.raises(NoSuchFile):
        mounted.read(f"{at}/c.yaml")


@pytest.mark.parametrize("target", ["../secret", "../../../secret.yaml", f"../../../{OUT_OF_SIGHT}/x", "/etc/passwd"])
def test_no_link_leads_out_of_a_mount(target: str) -> None:
    mounted = MountedTree(tree_of({"secret.yaml": "here"}))
    at = mount_point("something")
    mounted.mount(at, with_links(tree_of({"b.yaml": "there"}), {"link": target}), PLACE)
    with pytest.raises(PathEscapes, match="chart web"):
        mounted.resolve(f"{at}/link")
    assert mounted.leads_astray(f"{at}/link")


def test_no_link_leads_into_a_mount() -> None:
    at = mount_point("something")
    mounted = MountedTree(with_links(tree_of({"a.yaml": "x"}), {"link": f"{at}/b.yaml", "fine": "a.yaml"}))
    mounted.mount(at, tree_of({"b.yaml": "there"}), PLACE)
    with pytest.raises(PathEscapes, match="leads out of the repository"):
        mounted.resolve("link")
    assert mounted.leads_astray("link") and not mounted.leads_astray("fine") and not mounted.leads_astray("a.yaml")


def test_a_hostile_tree_with_such_a_directory_is_not_read_in_place_of_a_mount() -> None:
    at = mount_point("something")
    mounted = MountedTree(tree_of({f"{at}/b.yaml": "hostile", f"{at}/c.yaml": "hostile"}))
    mounted.mount(at, tree_of({"b.yaml": "there"}), PLACE)
    assert mounted.read(f"{at}/b.yaml") == b"there" and f"{at}/c.yaml" not in mounted


def test_what_is_read_of_a_mount_is_charged_to_whoever_reads() -> None:
    data = b"x" * 1600
    other = Tree({"b.yaml": Entry(0o100644, blob_oid(data), len(data))}, lambda _path, _entry: data)
    mounted = MountedTree(tree_of({}))
    mounted.mount("m", other, PLACE)
    before = mounted.effort.steps
    mounted.read("m/b.yaml")
    assert before - mounted.effort.steps >= 100
