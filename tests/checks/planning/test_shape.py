"""The shape that every planner has: what was not looked at proves nothing, and what is not proven is not proposed."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.formats.github import proposal as words
from checks.coverage import Sight
from checks.planning.bumps.others import Others as OthersOfBump
from checks.planning.bystanders import Bystanders
from checks.planning.edits import after_edits
from checks.planning.ownership.others import Others as OthersOfFix
from checks.planning.proof import Proof, Row
from checks.planning.proposal import Proposal
from gitops.discovery.sources import Analysis
from gitops.facts.owners import owners_of
from gitops.files.errors import GitopsError
from gitops.files.spans import Edit, Span
from gitops.resources.rendering import Rendered
from tests.checks.judgement.stage import state
from tests.scenarios import MATCHER, application, config_map, discovered, documents, tree

ANALYSIS = Analysis(MATCHER, lambda value: value.hex(), "none")
EDIT = Edit(Span("a.yaml", 1, 1), "b\n")
GOOD, BAD = Row("It stays", "1 of 1", True), Row("It goes", "0 of 1", False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Titled(Proposal):
    what: str = "Take `x` out of y"

    @property
    def title(self) -> str:
        return self.what


def test_where_nothing_was_checked_nothing_holds() -> None:
    assert not Proof(()).holds
    assert Proof((GOOD,)).holds
    assert not Proof((GOOD, BAD)).holds
    assert Proof((GOOD, BAD)).failure == "It goes: 0 of 1"


@pytest.mark.parametrize(
    ("edits", "proof"), [((), Proof((GOOD,))), ((EDIT,), Proof(())), ((EDIT,), Proof((GOOD, BAD)))]
)
def test_there_is_no_proposal_without_edits_or_proof(edits: tuple[Edit, ...], proof: Proof) -> None:
    with pytest.raises(ValueError, match="a proposal"):
        Titled(edits=edits, proof=proof)


def test_equal_edits_have_equal_digests_whatever_was_seen() -> None:
    files = tree({"a.yaml": "a\nb\n"})
    one = Titled(edits=(EDIT,), proof=Proof((GOOD,)))
    again = Titled(edits=(EDIT,), proof=Proof((GOOD, GOOD), ("mind",)), what="Other words")
    other = Titled(edits=(Edit(EDIT.span, "c\n"),), proof=Proof((GOOD,)))
    assert words.digest(files, one) == words.digest(files, again) != words.digest(files, other)


def test_a_title_is_one_short_line() -> None:
    long = Titled(edits=(EDIT,), proof=Proof((GOOD,)), what="Take " + "x" * 200 + "\nCo-authored-by: a out")
    shown = words.title(long)
    assert len(shown) == 120 and shown.endswith("…") and "\n" not in shown


def test_edits_that_do_not_fit_are_refused_and_touch_nothing() -> None:
    before = discovered(tree({"apps.yaml": application("a", "a"), "a/x.yaml": config_map("x")}), ANALYSIS)
    with pytest.raises(GitopsError, match="does not fit"):
        next(after_edits(before, ANALYSIS, [Edit(Span("a/x.yaml", 7, 7), "")]))


def test_only_what_the_edits_reach_is_another_state() -> None:
    files = {
        "apps.yaml": documents(application("a", "a"), application("b", "b")),
        "a/x.yaml": config_map("x"),
        "b/y.yaml": config_map("y"),
    }
    before = discovered(tree(files), ANALYSIS)
    work = after_edits(before, ANALYSIS, [Edit(Span("a/x.yaml", 1, 1), config_map("z"))])
    with pytest.raises(StopIteration) as done:
        next(work)
    edited = done.value.value
    assert list(edited.files) == ["a/x.yaml"]
    assert [key[2] for key in edited.snapshot.since(before)] == ["a"]
    assert {owned.id.name for owned in edited.snapshot.once(owners_of)} == {"z", "y"}


SEEN = st.lists(st.sampled_from(Sight), max_size=6)


@pytest.mark.parametrize("kind", [Bystanders, OthersOfFix, OthersOfBump])
@given(SEEN, st.integers(0, 2))
def test_what_is_said_of_bystanders_was_looked_at(kind: type[Bystanders], seen: list[Sight], broken: int) -> None:
    """No sentence without somebody who was looked at, and each is counted once."""
    others = kind()
    for number, sight in enumerate(seen):
        others.take(state(f"app-{number}", Rendered(())), sight)
    others.broken.extend(f"broken-{number}" for number in range(broken))
    assert others.total == len(seen) + broken
    row = others.row()
    # Of a bump it is known which files are read even by those that are not analysed.
    known = {Sight.WHOLE, Sight.NOT_ANALYSED} if kind is OthersOfBump else {Sight.WHOLE}
    assert (row is not None) == bool(broken or known.intersection(seen))
    if row is None:
        return
    if broken:
        assert not row.holds and row.detail.startswith("broken-0")
    else:
        whole = seen.count(Sight.WHOLE)
        assert row.holds and (not whole or f"{whole} " in row.detail)
        assert ("of those that were compared" in row.statement) == bool(others.blind)
        assert ("not compared" in row.detail) == bool(others.blind)
