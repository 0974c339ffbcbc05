"""What holds a change back, and the word that names exactly that."""

from __future__ import annotations

import pytest

from checks.changes.firewall import Firewall, firewall_of
from checks.policy.file import Policy, parse_policy
from tests.checks.changes.stage import changes
from tests.checks.changes.test_accidents import directories, matrix_set, stateful
from tests.gitops.facts.changes.stage import one_app
from tests.gitops.facts.deletions.stage import MAP, PVC, app, appset, obj
from tests.scenarios import Files


def firewall(before: Files, after: Files, policy: Policy | None = None) -> Firewall:
    return firewall_of(changes(before, after, policy), policy or Policy())


def claims(*names: str) -> list[str]:
    return [obj("PersistentVolumeClaim", name) for name in names]


def test_a_deletion_of_data_is_held_until_its_digest_is_allowed() -> None:
    found = firewall(one_app(*claims("one", "two")), one_app())
    assert [one.resource.name for one in found.held] == ["one", "two"]
    assert found.holds(())
    assert not found.holds((found.digest,))


def test_a_changed_set_needs_a_new_word() -> None:
    before = one_app(*claims("one", "two"))
    both = firewall(before, one_app())
    files = {path: text for path, text in before.items() if path != "apps/a/0.yaml"}
    other = {path: text for path, text in before.items() if path != "apps/a/1.yaml"}
    one, another = firewall(before, files), firewall(before, other)
    assert len({both.digest, one.digest, another.digest}) == 3
    assert both.holds((one.digest, another.digest))


def test_the_digest_does_not_depend_on_what_else_changes() -> None:
    before = one_app(*claims("one"), MAP)
    alone = firewall(before, {path: text for path, text in before.items() if path != "apps/a/0.yaml"})
    after = {**one_app(), "apps/a/1.yaml": obj("ConfigMap", "settings", data={"a": "c"})}
    assert firewall(before, after).digest == alone.digest != ""


def test_a_word_is_for_what_the_deletion_takes_along_on_its_base() -> None:
    claims_stay = one_app(stateful("db"))
    claims_go = one_app(stateful("db", persistentVolumeClaimRetentionPolicy={"whenDeleted": "Delete"}))
    digests = [firewall(before, one_app()).digest for before in (claims_stay, claims_go)]
    assert "" not in digests and digests[0] != digests[1]


def test_a_word_for_what_cannot_be_analysed_is_for_the_files_that_go() -> None:
    """The base may have moved since it was given."""
    root = {"root.yaml": app("root", "argocd", namespace="argocd"), "argocd/there.yaml": MAP}
    chart = "apiVersion: v2\nname: a\nversion: 1.0.0\n"
    found = []
    for values in ("a: b\n", "a: c\n"):
        after = {**root, "apps/a/Chart.yaml": chart, "apps/a/values.yaml": values}
        found.append(firewall({**after, "argocd/a.yaml": app("a", cascades=True)}, after))
    assert [{one.verdict.value for one in each.held} for each in found] == [{"application-deleted", "unknown"}] * 2
    assert found[0].digest != found[1].digest


def test_what_holds_nothing_has_no_digest() -> None:
    found = firewall(one_app(MAP), one_app())
    assert (found.held, found.digest) == ((), "")
    assert not found.holds(())


def test_the_policy_lets_kinds_pass() -> None:
    policy = parse_policy(b"changes: {allow: [PersistentVolumeClaim/a/scratch-*]}")
    assert policy.problems == ()
    found = firewall(one_app(*claims("scratch-1", "data")), one_app(), policy)
    assert [one.resource.name for one in found.held] == ["data"]
    assert [one.resource.name for one in found.allowed] == ["scratch-1"]


def test_what_cannot_be_analysed_is_held_and_a_word_for_it_is_for_these_files() -> None:
    chart = "apiVersion: v2\nname: a\nversion: 1.0.0\n"
    before = one_app(PVC)
    first = firewall(before, {**before, "apps/a/Chart.yaml": chart})
    second = firewall(before, {**before, "apps/a/Chart.yaml": chart, "apps/a/values.yaml": "a: b\n"})
    assert [one.verdict.value for one in first.held] == ["unknown"]
    assert first.digest != second.digest


@pytest.mark.parametrize(("left", "branches"), [((), ("all",)), (("b",), ())])
def test_a_whole_branch_of_an_application_set(left: tuple[str, ...], branches: tuple[str, ...]) -> None:
    apps = {f"apps/{name}/m.yaml": MAP for name in ("a", "b")}
    root = {"root.yaml": app("root", "argocd", namespace="argocd")}
    before = {**root, **apps, "argocd/set.yaml": appset("a", "b")}
    found = firewall(before, {**before, "argocd/set.yaml": appset(*left)})
    assert found.branches == branches
    assert found.holds(())


def test_a_word_for_a_set_that_nobody_can_expand_is_for_these_files() -> None:
    before = {"argocd/set.yaml": matrix_set(), **directories("shop")}
    found = [
        firewall(before, {**before, "apps/shop/0.yaml": obj("ConfigMap", "settings", data={"a": value})})
        for value in ("one", "two")
    ]
    assert [[str(one.resource) for one in each.held] for each in found] == [["ApplicationSet argocd/all"]] * 2
    assert found[0].digest != found[1].digest
