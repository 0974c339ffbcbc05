"""Diffs that `git apply` takes."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from bot.formats.writing.diff import diff_of_edits, unified_diff
from gitops.files.spans import Edit, Span, split_lines
from gitops.files.tree import Tree
from tests.scenarios import with_links

CASES = [
    (b"a\nb\nc\n", b"a\nc\n"),
    (b"a\r\nb\r\n", b"a\r\n"),
    (b"a\nb", b"a"),
    (b"a\nb", b"a\nb\n"),
    (b"\xef\xbb\xbfa\nb\n", b"\xef\xbb\xbfa\n"),
    (b"a\n\xff\n\n", b"a\n\n"),
    (b"a\n", b""),
]


@pytest.mark.parametrize("path", ["a.yaml", "a b.yaml", 'a"b.yaml', "a\\b.yaml", "a\tb.yaml", "ü/a.yaml"])
@pytest.mark.parametrize(("before", "after"), CASES)
def test_git_applies_it(tmp_path: Path, path: str, before: bytes, after: bytes) -> None:
    target = tmp_path / path
    target.parent.mkdir(exist_ok=True)
    target.write_bytes(before)
    patch = unified_diff(path, before, after)
    command = ["git", "apply", "--whitespace=nowarn", "-"]
    subprocess.run(command, cwd=tmp_path, input=patch, check=True)
    assert target.read_bytes() == after


@pytest.mark.parametrize("path", ["a.yaml", "a b.yaml", 'a"b.yaml', "ü/a.yaml"])
@pytest.mark.parametrize("content", [b"a\nb\n", b"a", b""])
def test_a_file_of_which_nothing_is_left_is_deleted(tmp_path: Path, path: str, content: bytes) -> None:
    target = tmp_path / path
    target.parent.mkdir(exist_ok=True)
    target.write_bytes(content)
    edit = Edit(Span(path, 1, len(split_lines(content))), "")
    patch = diff_of_edits(Tree.of({path: content}), [edit])
    subprocess.run(["git", "apply", "-"], cwd=tmp_path, input=patch, check=True)
    assert not target.exists()


def test_a_link_is_deleted_and_not_what_it_leads_to(tmp_path: Path) -> None:
    (tmp_path / "real.yaml").write_text("a: 1\n")
    (tmp_path / "link.yaml").symlink_to("real.yaml")
    linked = with_links(Tree.of({"real.yaml": b"a: 1\n"}), {"link.yaml": "real.yaml"})
    patch = diff_of_edits(linked, [Edit(Span("link.yaml", 1, 1), "")])
    assert b"deleted file mode 120000" in patch
    subprocess.run(["git", "apply", "-"], cwd=tmp_path, input=patch, check=True)
    assert (tmp_path / "real.yaml").read_text() == "a: 1\n"
    assert not (tmp_path / "link.yaml").is_symlink()


def test_no_change_is_no_diff() -> None:
    assert unified_diff("a", b"x\n", b"x\n") == b""
