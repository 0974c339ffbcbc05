"""A rule that fails on a commit is an error of that commit where it did not fail on the base, and no pass."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

import bot.rendering.evaluation
from bot.rendering.driver import Engine
from checks.model import Finding
from checks.policy.file import Policy
from checks.registry import rules
from gitops.discovery.snapshot import Change
from gitops.facts.owners import owners_of
from tests.scenarios import application, config_map, evaluated

BEFORE: dict[str, str | bytes] = {"apps.yaml": application("a", "a"), "a/a.yaml": config_map("a")}
AFTER: dict[str, str | bytes] = BEFORE | {"a/bomb.yaml": config_map("bomb")}


@pytest.fixture
def fragile(monkeypatch: pytest.MonkeyPatch) -> None:
    """`duplicate-owner` fails on whatever holds a ConfigMap `bomb`."""

    def check(change: Change, policy: Policy) -> Iterator[Finding]:
        if any(owned.id.name == "bomb" for owned in change.head.once(owners_of)):
            raise RecursionError("value of a Secret")
        yield from ()

    changed = tuple(replace(rule, check=check) if rule.id == "duplicate-owner" else rule for rule in rules())
    monkeypatch.setattr(bot.rendering.evaluation, "rules", lambda: changed)


async def test_a_change_cannot_get_past_a_rule_by_breaking_it(engine: Engine, fragile: None) -> None:
    evaluation = await evaluated(engine, AFTER, base=BEFORE)
    (finding,) = evaluation.findings
    assert (finding.rule, finding.introduced) == ("duplicate-owner", True)
    assert finding.message.startswith("rule `duplicate-owner` could not judge this commit: argofix fails on this")
    assert "Secret" not in finding.message
    assert evaluation.report("argofix / ownership").conclusion == "failure"


async def test_what_failed_before_the_change_does_not_fail_it(engine: Engine, fragile: None) -> None:
    evaluation = await evaluated(engine, AFTER | {"a/c.yaml": config_map("c")}, base=AFTER)
    (finding,) = evaluation.findings
    assert finding.introduced is False
    assert evaluation.report("argofix / ownership").conclusion != "failure"
