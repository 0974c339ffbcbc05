"""Each line of the threat model names tests that are there."""

from __future__ import annotations

import ast
import re

from tests.project.repository import ROOT, read

PAGE = read("docs/security.md")
ROWS = [line for line in PAGE.splitlines() if line.startswith("| ") and not re.match(r"\| (threat|---)", line)]
NAMED = re.compile(r"\[`(test_\w+)`\]\(\.\./([\w/]+\.py)\)")


def names_in(path: str) -> set[str]:
    body = ast.parse(read(path)).body
    return {node.name for node in body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}


def test_each_threat_has_an_answer_and_a_test() -> None:
    assert len(ROWS) > 25
    for row in ROWS:
        threat, answer, tests = (cell.strip() for cell in row.strip("|").split("|"))
        assert threat and answer, row
        assert NAMED.findall(tests), threat
        assert not re.sub(NAMED, "", tests).strip(), threat


def test_the_tests_are_there() -> None:
    named = NAMED.findall(PAGE)
    assert named
    missing = [f"{path}::{name}" for name, path in named if not (ROOT / path).is_file() or name not in names_in(path)]
    assert not missing
