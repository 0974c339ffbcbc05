"""Each rule finds something in its sample and leaves the other one alone."""

from __future__ import annotations

import pytest

from bot.rendering.driver import Engine
from checks.registry import Rule, rules
from tests.checks import samples


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule.id)
async def test_a_rule_finds_what_its_sample_shows(engine: Engine, rule: Rule) -> None:
    found, fine = samples.of(rule)
    assert {finding.rule for finding in (await found.judged(engine, rule.id)).findings} == {rule.id}
    assert (await fine.judged(engine, rule.id)).findings == ()
