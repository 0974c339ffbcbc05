"""Diffs that `git apply` takes."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from bot.formats.diff import unified_diff

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


def test_no_change_is_no_diff() -> None:
    assert unified_diff("a", b"x\n", b"x\n") == b""
