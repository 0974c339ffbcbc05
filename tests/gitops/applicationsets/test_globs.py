"""Globs: Go's path.Match table, git's pathspecs against git itself, doublestar's documentation."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitops.applicationsets.globs import BadPattern, doublestar_match, literal_prefix, path_match, pathspec_match

# After the table of Go's src/path/match_test.go; None stands for ErrBadPattern.
PATH_MATCH: list[tuple[str, str, bool | None]] = [
    ("abc", "abc", True),
    ("*", "abc", True),
    ("*c", "abc", True),
    ("a*", "a", True),
    ("a*", "abc", True),
    ("a*", "ab/c", False),
    ("a*/b", "abc/b", True),
    ("a*/b", "a/c/b", False),
    ("a*b*c*d*e*/f", "axbxcxdxe/f", True),
    ("a*b*c*d*e*/f", "axbxcxdxexxx/f", True),
    ("a*b*c*d*e*/f", "axbxcxdxe/xxx/f", False),
    ("a*b*c*d*e*/f", "axbxcxdxexxx/fff", False),
    ("a*b?c*x", "abxbbxdbxebxczzx", True),
    ("a*b?c*x", "abxbbxdbxebxczzy", False),
    ("ab[c]", "abc", True),
    ("ab[b-d]", "abc", True),
    ("ab[e-g]", "abc", False),
    ("ab[^c]", "abc", False),
    ("ab[^b-d]", "abc", False),
    ("ab[^e-g]", "abc", True),
    ("a\\*b", "a*b", True),
    ("a\\*b", "ab", False),
    ("a?b", "a☺b", True),
    ("a[^a]b", "a☺b", True),
    ("a???b", "a☺b", False),
    ("[a-ζ]*", "α", True),
    ("*[a-ζ]", "A", False),
    ("a?b", "a/b", False),
    ("a*b", "a/b", False),
    ("[\\]a]", "]", True),
    ("[\\-]", "-", True),
    ("[x\\-]", "x", True),
    ("[x\\-]", "z", False),
    ("[\\-x]", "a", False),
    ("[]a]", "]", None),
    ("[-]", "-", None),
    ("[x-]", "x", None),
    ("[-x]", "a", None),
    ("\\", "a", None),
    ("[a-b-c]", "a", None),
    ("[", "a", None),
    ("[^", "a", None),
    ("[^bc", "a", None),
    ("a[", "a", None),
    ("a[", "ab", None),
    ("*x", "xxx", True),
]


@pytest.mark.parametrize(("pattern", "name", "expected"), PATH_MATCH)
def test_path_match(pattern: str, name: str, expected: bool | None) -> None:
    if expected is None:
        with pytest.raises(BadPattern):
            path_match(pattern, name)
    else:
        assert path_match(pattern, name) is expected


def translated(pattern: str) -> str:
    """A regular expression of the same meaning, for patterns without classes."""
    text, escaped = "", False
    for char in pattern:
        if escaped or char not in "*?\\":
            text, escaped = text + re.escape(char), False
        elif char == "\\":
            escaped = True
        else:
            text += "[^/]*" if char == "*" else "[^/]"
    return text


@given(st.lists(st.sampled_from(["a", "b", "/", "*", "?", "\\*", "\\a"]), max_size=8), st.text("ab/*", max_size=10))
def test_path_match_is_its_regular_expression(parts: list[str], name: str) -> None:
    pattern = "".join(parts)
    assert path_match(pattern, name) == bool(re.fullmatch(translated(pattern), name, re.S))


@given(st.text("ab/*?[]^-\\", max_size=12), st.text("ab/-]", max_size=12))
def test_any_pattern_ends_in_an_answer_or_bad_pattern(pattern: str, name: str) -> None:
    for match in (path_match, pathspec_match, doublestar_match):
        try:
            found = match(pattern, name)
        except BadPattern:
            continue
        assert not found or name.startswith(literal_prefix(pattern)) or pattern.startswith(".")


FILES = [
    "config.json",
    "apps/config.json",
    "apps/a/config.json",
    "apps/a/deep/config.json",
    "apps/b/config.yaml",
    "apps/b-c/x[1].json",
    "other/apps/a/config.json",
    ".hidden/config.json",
]
PATHSPECS = [
    "*.json",
    "apps",
    "apps/",
    "apps/*",
    "apps/*/config.json",
    "apps/**/config.json",
    "**/config.json",
    "apps/?/config.*",
    "apps/[ab]/config.json",
    "apps/[!a]/config.*",
    "apps/[^a]*/*",
    "apps/b-c/x\\[1\\].json",
    "./apps/a/config.json",
    "apps/a/config.json",
    "apps/[[:alpha:]]/config.json",
    "missing",
    "apps/[a",
    "app",
    "apps/a/",
    "*",
]


def test_pathspecs_list_what_git_lists(tmp_path: Path) -> None:
    """util/git/client.go runs `git ls-files --full-name -z -- <pattern>`; so does this test."""

    def git(*arguments: str) -> str:
        return subprocess.run(["git", *arguments], cwd=tmp_path, check=True, capture_output=True, text=True).stdout

    git("init", "-q")
    for name in FILES:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("{}")
    git("add", "-A")
    for pattern in PATHSPECS:
        listed = git("ls-files", "--full-name", "-z", "--", pattern).split("\0")[:-1]
        assert sorted(listed) == sorted(f for f in FILES if pathspec_match(pattern, f)), pattern


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("apps/*/config.json", ["apps/a/config.json"]),
        ("apps/**/config.json", ["apps/config.json", "apps/a/config.json", "apps/a/deep/config.json"]),
        ("apps/{a,b}/config.{json,yaml}", ["apps/a/config.json", "apps/b/config.yaml"]),
        ("*.json", ["config.json"]),
        ("apps/*.json", ["apps/config.json"]),
    ],
)
def test_doublestar(pattern: str, expected: list[str]) -> None:
    """docs/operator-manual/applicationset/Generators-Git-File-Globbing.md."""
    assert [f for f in FILES if doublestar_match(pattern, f)] == expected


def test_a_pattern_cannot_explode() -> None:
    with pytest.raises(BadPattern):
        doublestar_match("{a,b}" * 12, "a")
    assert not path_match("a*" * 200 + "b", "a" * 2_000)
