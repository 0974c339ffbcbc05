"""What a rule declares holds for each of its findings."""

from __future__ import annotations

from dataclasses import replace

import pytest

import bot.rendering.evaluation
from bot.rendering.driver import Engine
from checks.declaration import FixAvailability, declare
from checks.model import Severity, Topic
from checks.registry import Rule, rules
from gitops.files.spans import Span
from tests.checks import samples
from tests.declared import Undeclared, held

HERE = Span("a.yaml", 3, 4)


def test_a_finding_in_short() -> None:
    rule = declare("two-words", Severity.WARNING)
    finding = rule.finding(HERE, "a is wrong", "A is wrong", "It breaks.", "Mend it.", about=("a", "b"))
    assert (finding.rule, finding.severity, finding.identity) == (
        "two-words",
        Severity.WARNING,
        ("two-words", "a", "b"),
    )
    assert finding.topic == Topic("two-words|a|b", "A is wrong", "a is wrong. It breaks.", "Mend it.")
    assert rule.finding(HERE, "a is wrong", about=()).topic.message == "a is wrong."
    assert rule.finding(HERE, "a is wrong", text="In other words.", about=()).topic.message == "In other words."


def test_of_several_severities_one_is_to_be_named() -> None:
    rule = declare("two-words", Severity.ERROR, Severity.NOTICE)
    with pytest.raises(TypeError, match="two-words has several severities"):
        rule.finding(HERE, "a is wrong", about=())
    assert rule.finding(HERE, "a is wrong", about=(), severity=Severity.NOTICE).severity is Severity.NOTICE


async def test_another_severity_than_declared_or_a_fix_fails_whatever_test_meets_it(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    (entry,) = (rule for rule in rules() if rule.id == "duplicate-entry")
    sample, _ = samples.of(entry)

    async def judged(rule: Rule) -> None:
        monkeypatch.setattr(bot.rendering.evaluation, "rules", lambda: (held(rule),))
        await sample.judged(engine, entry.id)

    await judged(entry)
    for declared in (
        replace(entry.declared, severities=(Severity.WARNING,)),
        replace(entry.declared, fix=FixAvailability.NEVER),
    ):
        with pytest.raises(Undeclared):
            await judged(replace(entry, declared=declared))
