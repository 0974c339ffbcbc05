"""Every row of the table of dangers: what it finds, and what it leaves alone."""

from __future__ import annotations

import pytest

from checks.changes.catalogue import reasons
from checks.changes.table import rows
from checks.policy.file import parse_policy
from tests.checks.changes.sample import Sample
from tests.checks.changes.samples import SAMPLES
from tests.checks.changes.stage import changes, of, rules
from tests.scenarios import Files

FOUND = [pytest.param(row, *each, id=f"{row}: {each[0]}") for row, s in SAMPLES.items() for each in s.found]
FINE = [pytest.param(row, *each, id=f"{row}: {each[0]}") for row, s in SAMPLES.items() for each in s.fine]


def said(sample: Sample, before: Files, after: Files) -> set[str]:
    found = changes(before, after, parse_policy(sample.policy.encode()))
    return {rule for told in found.told if told.resource.name == sample.name for rule in rules(told)}


def test_every_row_has_a_sample() -> None:
    assert {row.id for row in rows()} == set(SAMPLES)


@pytest.mark.parametrize(("row", "what", "before", "after"), FOUND)
def test_what_a_row_finds(row: str, what: str, before: Files, after: Files) -> None:
    sample = SAMPLES[row]
    assert row in said(sample, before, after)


@pytest.mark.parametrize(("row", "what", "before", "after"), FINE)
def test_what_a_row_leaves_alone(row: str, what: str, before: Files, after: Files) -> None:
    assert row not in said(SAMPLES[row], before, after)


@pytest.mark.parametrize("row", [row for row in rows() if SAMPLES[row.id].found], ids=lambda row: row.id)
def test_a_sentence_says_what_is_there_what_happens_and_why(row: object) -> None:
    declared = next(each for each in rows() if each is row)
    sample = SAMPLES[declared.id]
    _, before, after = sample.found[0]
    told = of(changes(before, after, parse_policy(sample.policy.encode())), sample.name)
    (sentence,) = [each for each in told.said if each.rule == declared.id]
    assert declared.effect in sentence.text
    assert not sentence.text[0].islower() and sentence.text.endswith(".") and sentence.text.count("`") % 2 == 0
    assert sentence.source == declared.source
    assert sentence.block.value == sample.asks


def test_without_the_cluster_s_version_nothing_is_said_of_api_versions() -> None:
    _, before, after = SAMPLES["api-version-not-served"].found[0]
    assert rules(of(changes(before, after), "web")) == set()


def test_what_is_left_out_of_comparisons_alone_is_reset_by_each_sync_and_not_by_self_healing() -> None:
    found = {what: (before, after) for what, before, after in SAMPLES["replicas-fought-over"].found}
    alone = of(changes(*found["it counts in comparing alone"]), "web").text
    assert "sets 3 again with every sync: without `RespectIgnoreDifferences=true`" in alone
    assert "whenever that one scales" in of(changes(*found["another number"]), "web").text


def test_everything_that_is_said_has_a_name_of_its_own() -> None:
    assert {"hook-again", "hook-recreated", "pruned", "scaled-to-zero"} <= {one.id for one in reasons()}
