"""Unified diffs that `git apply` takes, byte for byte."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from gitops.spans import Edit, apply_edits, edits_by_path, split_lines
from gitops.tree import Tree

_NO_NEWLINE = b"\\ No newline at end of file\n"


def unified_diff(path: str, before: bytes, after: bytes, context: int = 3) -> bytes:
    """The diff of one file with `a/` and `b/` prefixes; empty when nothing changes."""
    old, new = split_lines(before), split_lines(after)
    name = path.encode("utf-8", "surrogateescape")
    lines = difflib.diff_bytes(difflib.unified_diff, old, new, b"a/" + name, b"b/" + name, n=context)
    out: list[bytes] = []
    for line in lines:
        out.append(line)
        if not line.endswith(b"\n"):
            out.append(b"\n" + _NO_NEWLINE)
    return b"".join(out)


def diff_of_edits(tree: Tree, edits: Iterable[Edit]) -> bytes:
    """The diffs of every file that the edits change, in path order."""
    out: list[bytes] = []
    for path, grouped in edits_by_path(edits).items():
        before = tree.read(tree.resolve(path))
        out.append(unified_diff(path, before, apply_edits(before, grouped)))
    return b"".join(out)
