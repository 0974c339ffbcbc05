"""Unified diffs that `git apply` takes, byte for byte."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from gitops.files.spans import Edit, edited, edits_by_path, split_lines
from gitops.files.tree import MODE_FILE, Tree

_NO_NEWLINE = b"\\ No newline at end of file\n"


def unified_diff(path: str, before: bytes, after: bytes, context: int = 3) -> bytes:
    """The diff of one file with `a/` and `b/` prefixes; empty when nothing changes."""
    old, new = split_lines(before), split_lines(after)
    sides = (_quoted(f"a/{path}"), _quoted(f"b/{path}"))
    lines = difflib.diff_bytes(difflib.unified_diff, old, new, *sides, n=context)
    out: list[bytes] = []
    for line in lines:
        out.append(line)
        if not line.endswith(b"\n"):
            out.append(b"\n" + _NO_NEWLINE)
    return b"".join(out)


def _deletion(path: str, before: bytes, mode: int) -> bytes:
    """The diff that deletes a file or a symbolic link; without the header git would not know which it was."""
    one, other = _quoted(f"a/{path}"), _quoted(f"b/{path}")
    head = b"diff --git %s %s\ndeleted file mode %o\n" % (one, other, mode)
    body = unified_diff(path, before, b"")
    return head + body.replace(b"+++ " + other + b"\n", b"+++ /dev/null\n", 1)


def _creation(path: str, after: bytes) -> bytes:
    """The diff that makes a file."""
    one, other = _quoted(f"a/{path}"), _quoted(f"b/{path}")
    head = b"diff --git %s %s\nnew file mode %o\n" % (one, other, MODE_FILE)
    return head + unified_diff(path, b"", after).replace(b"--- " + one + b"\n", b"--- /dev/null\n", 1)


def _quoted(name: str) -> bytes:
    """A name as git writes it: as a C string when it would not be read back otherwise."""
    raw = name.encode("utf-8", "surrogateescape")
    if not any(byte < 0x20 or byte in b'"\\\x7f' for byte in raw):
        return raw
    quoted = b"".join(
        b"\\%03o" % byte if byte < 0x20 or byte == 0x7F else b"\\%c" % byte if byte in b'"\\' else b"%c" % byte
        for byte in raw
    )
    return b'"' + quoted + b'"'


def lines_of(diff: bytes) -> list[str]:
    """The lines of a diff for people, who do not see how they end."""
    return diff.decode("utf-8", "replace").replace("\r\n", "\n").split("\n")[:-1]


def diff_of_edits(tree: Tree, edits: Iterable[Edit]) -> bytes:
    """The diffs of every file that the edits change, in path order."""
    out: list[bytes] = []
    for path, grouped in edits_by_path(edits).items():
        before, entry = tree.present(path), tree.entry(path)
        after = edited(before, grouped)
        if after is None:
            out.append(_deletion(path, before, entry.mode if entry is not None else MODE_FILE))
        elif entry is None:
            out.append(_creation(path, after))
        else:
            out.append(unified_diff(path, before, after))
    return b"".join(out)
