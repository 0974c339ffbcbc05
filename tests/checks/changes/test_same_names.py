"""One name in several files: examples, or one Argo CD for each cluster, of which git does not tell which is which."""

from __future__ import annotations

import pytest

from tests.checks.changes.stage import changes
from tests.checks.changes.test_accidents import directories, matrix_set
from tests.gitops.facts.deletions.stage import app, appset
from tests.scenarios import Files


def twice(first: str, second: str) -> Files:
    """The same name in a file that stays where it is."""
    return {"examples/a.yaml": first, "examples/b.yaml": second}


@pytest.mark.parametrize(
    ("moves", "stays"),
    [
        (appset("shop"), appset("blog")),
        (appset("shop"), appset("shop")),
        (matrix_set(), appset("blog")),
        (matrix_set(), matrix_set("other/*")),
        (app("shop", cascades=True), app("shop", "apps/blog")),
    ],
    ids=["sets", "equal sets", "a set that git cannot expand", "two of them", "applications"],
)
@pytest.mark.parametrize("to", ["examples/c.yaml", "a.yaml", "examples/0/z.yaml"])
def test_a_file_that_moves_is_no_change(moves: str, stays: str, to: str) -> None:
    files = directories("shop", "blog")
    found = changes({**files, **twice(moves, stays)}, {**files, "examples/b.yaml": stays, to: moves})
    assert found.is_empty, [one.text for one in found.told]


def test_another_one_of_the_name_does_not_hide_what_goes() -> None:
    files = directories("shop", "blog", "wiki")
    before = {**files, **twice(appset("shop", "wiki"), appset("blog"))}
    after = {**files, "examples/b.yaml": appset("blog"), "examples/c.yaml": appset("shop")}
    goes = [one.resource.name for one in changes(before, after).told if one.verdict.value == "application-deleted"]
    assert goes == ["wiki"]
