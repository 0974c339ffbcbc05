"""What the head has and the base had not is introduced; what `ignore` names is ignored; a broken rule is an error."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from checks.judgement.findings import findings_of, suppresses
from checks.model import Finding
from checks.policy.file import Ignore, Policy
from checks.registry import Rule
from gitops.discovery.snapshot import Change, Snapshot
from gitops.resources.rendering import Rendered
from tests.checks.judgement.stage import commit, finding, rule, state

FINE = Rendered(())


def every_application(snapshot: Snapshot) -> Iterator[Finding]:
    yield from (finding("bad", each.application.name) for each in snapshot.states)


def never(failed: Rule) -> None:
    raise AssertionError(f"{failed.id} failed")


def test_only_what_the_base_had_not_is_introduced() -> None:
    change = Change(commit(state("a", FINE)), commit(state("a", FINE), state("b", FINE)))
    found = findings_of([rule("bad", every_application)], change, Policy(), never)
    assert [(each.applications, each.introduced) for each in found] == [
        (("argocd/a",), False),
        (("argocd/b",), True),
    ]


def test_without_a_base_nobody_knows() -> None:
    found = findings_of([rule("bad", every_application)], Change(None, commit(state("a", FINE))), Policy(), never)
    assert [each.introduced for each in found] == [None]


def test_what_was_told_in_another_finding_was_there() -> None:
    """A cause goes, and the first of its consequences is told in its own name: it is no new problem."""

    def cause_first(snapshot: Snapshot) -> Iterator[Finding]:
        if len(snapshot.states) == 2:
            yield finding("bad", "cause", stands_for=[("bad", "a")])
        else:
            yield finding("bad", "a")

    change = Change(commit(state("a", FINE), state("b", FINE)), commit(state("a", FINE)))
    (found,) = findings_of([rule("bad", cause_first)], change, Policy(), never)
    assert found.introduced is False


def test_a_rule_that_breaks_is_an_error_of_the_change_and_is_reported_without_content() -> None:
    def fragile(snapshot: Snapshot) -> Iterator[Finding]:
        if len(snapshot.states) > 1:
            raise KeyError("s3cret")
        yield from ()

    failed: list[str] = []
    change = Change(commit(state("a", FINE)), commit(state("a", FINE), state("b", FINE)))
    rules = [rule("fragile", fragile), rule("bad", every_application)]
    found = findings_of(rules, change, Policy(), lambda one: failed.append(one.id))
    assert [(each.rule, each.introduced) for each in found] == [("fragile", True), ("bad", False), ("bad", True)]
    assert failed == ["fragile"]
    assert "s3cret" not in found[0].message and "fragile" in found[0].message


def test_a_mistake_of_the_machine_is_not_the_commits() -> None:
    def out_of_memory(snapshot: Snapshot) -> Iterator[Finding]:
        raise MemoryError

    with pytest.raises(MemoryError):
        findings_of([rule("bad", out_of_memory)], Change(None, commit(state("a", FINE))), Policy(), never)


@pytest.mark.parametrize(
    ("rule_id", "resource", "about"),
    [
        ("bad", "a", True),
        ("bad", "argocd/a", True),
        ("bad", "*", True),
        ("bad", "b", False),
        ("bad", "other/a", False),
        ("worse", "a", False),
        ("*", "a", False),  # `*` is about resources: it would hide what does not render at all
    ],
)
def test_an_entry_names_an_application_with_its_namespace_or_without(
    rule_id: str, resource: str, about: bool
) -> None:
    assert suppresses(Ignore(rule_id, resource, "known", 1), finding("bad", "a")) is about


def test_what_is_ignored_carries_the_reason() -> None:
    policy = Policy(ignore=(Ignore("bad", "b", "later", 2), Ignore("bad", "a", "known", 3)))
    change = Change(None, commit(state("a", FINE), state("c", FINE)))
    found = findings_of([rule("bad", every_application)], change, policy, never)
    assert [each.suppressed for each in found] == ["known", None]
