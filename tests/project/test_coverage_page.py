"""The page about coverage is fresh, whole, and names tests that are there."""

from __future__ import annotations

import pytest

from docs import coverage
from gitops.applicationsets.generators import KINDS
from tests.project.repository import ROOT
from tests.project.test_security_page import names_in

ROWS = {**coverage.GENERATORS, **coverage.FIELDS, **coverage.SOURCES}


def test_the_page_is_fresh() -> None:
    assert coverage.PAGE.read_text(encoding="utf-8") == coverage.page(), "run `make docs`, and commit what it changes"


def test_every_generator_has_a_row_and_no_other() -> None:
    assert set(coverage.GENERATORS) == set(KINDS)


@pytest.mark.parametrize("name", ROWS)
def test_what_is_done_is_shown_by_tests_that_are_there(name: str) -> None:
    row = ROWS[name]
    assert row.tests or row.what.startswith("Not looked at")
    for path, _, test in (each.partition("::") for each in row.tests):
        assert (ROOT / path).is_file() and test in names_in(path), f"{path} has no {test}"
