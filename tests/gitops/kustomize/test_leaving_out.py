"""Edits by which an Application passes over files, and by which a kustomization leaves something out."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitops.applications.directory import glob_matches
from gitops.files.documents import read_documents
from gitops.files.errors import GitopsError
from gitops.files.spans import apply_edits, split_lines
from gitops.kustomize.leaving_out import add_delete_patch, combined, exclude_files
from gitops.kustomize.removal import CannotRemove, remove_documents
from gitops.resources.resource import ResourceId
from tests.scenarios import text

PATH = "app.yaml"
CONFIG_MAP = ResourceId("", "ConfigMap", "", "m")


def excluded(data: bytes, *files: str, line: int = 1, source: int | None = None) -> bytes:
    return apply_edits(data, exclude_files(PATH, data, line, source, files or ("a.yaml",)))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("    path: x # why\n", "    path: x # why\n    directory:\n      exclude: 'a.yaml'\n"),
        ("    path: x\n    directory: {}\n", "    path: x\n    directory: {exclude: 'a.yaml'}\n"),
        (
            "    path: x\n    directory: { recurse: true }\n",
            "    path: x\n    directory: {exclude: 'a.yaml', recurse: true }\n",
        ),
        (
            "    path: x\n    directory:\n      recurse: true # all\n",
            "    path: x\n    directory:\n      exclude: 'a.yaml'\n      recurse: true # all\n",
        ),
        (
            "    path: x\n    directory:\n      exclude: b.yaml # c\n",
            "    path: x\n    directory:\n      exclude: '{b.yaml,a.yaml}' # c\n",
        ),
        (
            "    path: x\n    directory:\n      exclude: '{b,c/*}'\n",
            "    path: x\n    directory:\n      exclude: '{b,c/*,a.yaml}'\n",
        ),
    ],
    ids=["none", "empty", "flow", "block", "one", "several"],
)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_each_spelling_gets_one_line(before: str, after: str, end: str) -> None:
    def whole(source: str) -> bytes:
        return f"kind: Application\nspec:\n  source:\n{source}  project: p\n".replace("\n", end).encode()

    assert excluded(whole(before)) == whole(after)


def test_json_stays_json_and_sources_are_counted() -> None:
    data = json.dumps({"spec": {"sources": [{"path": "x"}, {"path": "y", "directory": {"recurse": True}}]}}).encode()
    first = json.loads(excluded(data, "a.yaml", "b.yaml", source=0))["spec"]["sources"]
    assert first[0]["directory"] == {"exclude": "{a.yaml,b.yaml}"}
    second = json.loads(excluded(data, source=1))["spec"]["sources"]
    assert second[0] == {"path": "x"}
    assert second[1]["directory"] == {"exclude": "a.yaml", "recurse": True}


@pytest.mark.parametrize(
    "source",
    [
        "    path: x\n    directory: &d {exclude: 'a,b'}\n",  # a comma that is no list
        "    path: x\n    directory: {exclude: '{a,{b,c}}'}\n",
        "    path: x\n    directory:\n",
        "    path: >-\n      x\n",
    ],
)
def test_what_cannot_be_written_by_one_line_is_refused(source: str) -> None:
    with pytest.raises(CannotRemove):
        excluded(f"kind: Application\nspec:\n  source:\n{source}".encode())


@pytest.mark.parametrize("data", [b"kind: Application\nspec: {}\n", b"spec: {source: {}}\n", b"a: 1\r"])
def test_without_a_source_there_is_nothing_to_write_into(data: bytes) -> None:
    with pytest.raises(CannotRemove):
        excluded(data)


names = st.text(alphabet=st.sampled_from("ab*?[]{},\\!/.-"), min_size=1, max_size=6)


@given(st.lists(names, min_size=1, max_size=3), st.sampled_from(["", "b.yaml", "{b,c}", "z/*"]), names)
def test_a_pattern_matches_what_it_did_and_exactly_these_files(files: list[str], old: str, other: str) -> None:
    pattern = combined(old, files)
    for name in {*files, other, "b.yaml", "b", "c", "z/q"}:
        assert glob_matches(pattern, name) == (name in files or bool(old and glob_matches(old, name))), pattern


def test_a_patch_is_added_where_patches_stand_or_at_the_end() -> None:
    data = text(
        """
        patches:
          - path: p.yaml
        resources:
          - a.yaml"""
    ).encode()
    (edit,) = add_delete_patch(PATH, data, [("v1", CONFIG_MAP)])
    assert edit.span.line == 2
    after = apply_edits(data, [edit])
    (document,) = read_documents(PATH, after)
    assert [sorted(patch) for patch in document.value()["patches"]] == [["path"], ["patch"]]
    assert "$patch: delete" in document.value()["patches"][1]["patch"]
    data = b"resources:\r\n- a.yaml\r\n"
    after = apply_edits(data, add_delete_patch(PATH, data, [("v1", CONFIG_MAP)]))
    assert after.startswith(data)
    assert after.count(b"\n") == after.count(b"\r\n")


@pytest.mark.parametrize("data", [b'{"resources": []}', b"patches: []\n", b"patches: *p\n", b"a: 1\n---\nb: 2\n"])
def test_a_patch_is_not_added_to_everything(data: bytes) -> None:
    with pytest.raises(GitopsError):
        add_delete_patch(PATH, data, [("v1", CONFIG_MAP)])


values = st.dictionaries(st.sampled_from("abc"), st.integers(0, 9) | st.text("xyz -#", max_size=4), min_size=1)


@st.composite
def files(draw: st.DrawFn) -> tuple[bytes, list[int]]:
    """A file of several documents, and the numbers of those to delete; not all."""
    documents = draw(st.lists(values, min_size=2, max_size=4))
    gone = draw(st.sets(st.integers(0, len(documents) - 1), min_size=1, max_size=len(documents) - 1))
    out = draw(st.sampled_from(["", "---\n", "# licence\n---\n"]))
    for number, value in enumerate(documents):
        out += draw(st.sampled_from(["---\n", "--- # next\n"])) if number else ""
        out += draw(st.sampled_from(["", "# about it\n", "\n"]))
        block = "".join(f"{key}: {json.dumps(inner)}\n" for key, inner in value.items())
        out += draw(st.sampled_from([json.dumps(value) + "\n", block]))
        out += draw(st.sampled_from(["", "\n"]))
    return draw(st.sampled_from([out, out.replace("\n", "\r\n"), out.rstrip("\n")])).encode(), sorted(gone)


@given(files())
def test_documents_go_and_the_others_stay_byte_for_byte(example: tuple[bytes, list[int]]) -> None:
    data, gone = example
    documents = read_documents(PATH, data)
    after = apply_edits(data, remove_documents(PATH, data, [documents[number].line for number in gone]))
    kept = [document for number, document in enumerate(documents) if number not in gone]
    found = read_documents(PATH, after)
    assert [document.value() for document in found] == [document.value() for document in kept]
    before, now = split_lines(data), split_lines(after)
    for one, other in zip(kept, found, strict=True):
        assert now[other.line - 1 : other.end_line] == before[one.line - 1 : one.end_line]
    assert data.startswith(b"---") or not after.startswith(b"---")


def test_the_last_document_of_a_file_is_not_taken_out_of_it() -> None:
    with pytest.raises(CannotRemove):
        remove_documents(PATH, b"a: 1\n---\nb: 2\n", [1, 3])
    with pytest.raises(CannotRemove):
        remove_documents(PATH, b"a: 1\n---\nb: 2\n", [2])
