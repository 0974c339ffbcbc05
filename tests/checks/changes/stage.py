"""What is said of two small repositories of plain manifests."""

from __future__ import annotations

from checks.changes.told import Told
from checks.changes.view import Changes, changes_of
from checks.policy.file import Policy
from tests.gitops.facts.changes.stage import snapshot
from tests.scenarios import Files


def changes(before: Files, after: Files, policy: Policy | None = None) -> Changes:
    return changes_of(snapshot(before), snapshot(after), policy or Policy())


def of(found: Changes, name: str, verdict: str = "") -> Told:
    """What is told of the object of this name."""
    told = [one for one in found.told if one.resource.name == name and verdict in ("", one.verdict.value)]
    assert len(told) == 1, [(one.verdict.value, str(one.resource)) for one in found.told]
    return told[0]


def rules(told: Told) -> set[str]:
    """The rows that say something of an object, without the one that says only that it comes or changes."""
    return {each.rule for each in told.said if each.source}
