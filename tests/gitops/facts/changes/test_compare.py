"""What differs between two commits, Application by Application."""

from __future__ import annotations

import json

import pytest

from gitops.discovery.snapshot import Snapshot
from gitops.facts.changes.compare import difference
from gitops.facts.changes.fields import applied
from gitops.facts.changes.grouping import grouped
from gitops.facts.changes.model import Turn
from gitops.facts.changes.resources import placed_manifest
from tests.gitops.facts.changes.stage import (
    application_of,
    compared,
    deployment,
    fields,
    one_app,
    resource_of,
    snapshot,
)
from tests.gitops.facts.deletions.stage import MAP, PVC, app, appset, obj
from tests.scenarios import Files


def test_a_field_that_changes() -> None:
    before, after = deployment(), deployment(containers=[{"name": "web", "image": "example.com/web:2"}])
    found = compared(one_app(before), one_app(after))
    assert fields(found) == ["spec.template.spec.containers[web].image"]
    assert resource_of(found).turn is Turn.CHANGES


def test_the_difference_applied_to_the_manifest_gives_the_next_one() -> None:
    before = deployment(labels={"helm.sh/chart": "web-1"}, containers=[{"name": "web"}, {"name": "log"}])
    after = deployment(labels={"helm.sh/chart": "web-2"}, replicas=3, containers=[{"name": "log"}])
    change = resource_of(compared(one_app(before), one_app(after)))
    assert change.before is not None and change.after is not None
    sides = [placed_manifest(copy.resource, "a") for copy in (change.before, change.after)]
    assert applied(sides[0], (*change.fields, *change.folded)) == sides[1]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param({"apps/a/d.yaml": deployment()}, {"apps/a/x.yaml": deployment()}, id="a file is renamed"),
        pytest.param(
            {"apps/a/d.yaml": deployment(), "apps/a/m.yaml": MAP},
            {"apps/a/d.yaml": f"{MAP}---\n{deployment()}"},
            id="files are put together",
        ),
        pytest.param(
            {"apps/a/d.yaml": deployment()},
            {"apps/a/d.yaml": f"# why\n---\n{json.dumps(json.loads(deployment()), indent=2)}"},
            id="only comments and layout",
        ),
        pytest.param(
            {"apps/a/d.yaml": deployment(containers=[{"name": "a"}, {"name": "b"}])},
            {"apps/a/d.yaml": deployment(containers=[{"name": "b"}, {"name": "a"}])},
            id="containers in another order",
        ),
        pytest.param(
            {"apps/a/d.yaml": deployment(containers=[{"name": "a", "resources": {"limits": {"cpu": "1000m"}}}])},
            {"apps/a/d.yaml": deployment(containers=[{"name": "a", "resources": {"limits": {"cpu": 1}}}])},
            id="an amount in another spelling",
        ),
        pytest.param(
            {"apps/a/d.yaml": obj("ConfigMap", "m")},
            {"apps/a/d.yaml": obj("ConfigMap", "m", metadata={"namespace": "a"})},
            id="the namespace where it lands anyway",
        ),
    ],
)
def test_what_changes_nothing_in_the_cluster(before: dict[str, str], after: dict[str, str]) -> None:
    assert not compared({**one_app(), **before}, {**one_app(), **after})


def test_what_comes_and_what_goes() -> None:
    found = compared(one_app(MAP), one_app(PVC))
    assert {(one.turn, one.id.id.name) for one in application_of(found).resources} == {
        (Turn.GOES, "settings"),
        (Turn.COMES, "data"),
    }


def test_an_amount_is_told_as_it_is_written() -> None:
    small, large = ({"storage": size} for size in ("1Gi", "2Gi"))
    claims = [obj("PersistentVolumeClaim", "data", spec={"resources": {"requests": one}}) for one in (small, large)]
    (change,) = resource_of(compared(one_app(claims[0]), one_app(claims[1])), "data").fields
    assert (change.before, change.after) == ("1Gi", "2Gi")


def test_labels_and_checksums_of_a_chart_are_folded() -> None:
    def bumped(version: str) -> str:
        said = {"helm.sh/chart": f"web-{version}", "app.kubernetes.io/version": version}
        return deployment(labels=said, containers=[{"name": "web", "image": f"web:{version}"}])

    change = resource_of(compared(one_app(bumped("1")), one_app(bumped("2"))))
    assert [str(each) for each in change.fields] == ["spec.template.spec.containers[web].image"]
    assert {str(each.path[-1]) for each in change.folded} == {"helm.sh/chart", "app.kubernetes.io/version"}


def test_such_a_label_in_a_selector_is_told() -> None:
    def selecting(version: str) -> str:
        return obj("Service", "web", spec={"selector": {"app.kubernetes.io/version": version}})

    assert fields(compared(one_app(selecting("1")), one_app(selecting("2")))) == [
        "spec.selector[app.kubernetes.io/version]"
    ]


def test_values_of_secrets_are_digests_and_their_change_is_told() -> None:
    secrets = [obj("Secret", "key", stringData={"password": value}) for value in ("hunter-one", "hunter-two")]
    change = resource_of(compared(one_app(secrets[0]), one_app(secrets[1])), "key")
    assert [str(each) for each in change.fields] == ["stringData.password"]
    assert "hunter" not in repr(change.fields)


def test_what_is_declared_of_an_application() -> None:
    before = {**one_app(MAP), "argocd/a.yaml": app("a", namespace="a")}
    after = {**one_app(MAP), "argocd/a.yaml": app("a", sync=None, namespace="b", project="team", cascades=True)}
    assert [one.what for one in application_of(compared(before, after)).declared] == [
        "destination",
        "project",
        "finalizer",
        "automated sync",
        "prune",
    ]


def test_what_an_application_set_makes_of_its_children() -> None:
    apps = {f"apps/{name}/m.yaml": MAP for name in ("one", "two", "three")}
    found = compared(
        {**apps, "argocd/set.yaml": appset("one", "two")}, {**apps, "argocd/set.yaml": appset("two", "three")}
    )
    (made,) = found.sets
    assert (made.comes, made.goes, made.changes, made.stays) == (("three",), ("one",), (), 1)


def test_equal_changes_in_many_applications_are_told_once() -> None:
    before: dict[str, str] = {}
    after: dict[str, str] = {}
    for name in ("one", "two", "three"):
        before |= one_app(deployment(f"{name}-web"), name=name)
        after |= one_app(deployment(f"{name}-web", replicas=2), name=name)
    (group,) = grouped(compared(before, after).applications)
    assert sorted(group.applications) == ["one", "three", "two"]


def test_what_another_application_takes_over_is_one_change() -> None:
    before = {**one_app(deployment(), MAP, PVC, name="a"), **one_app(name="b", namespace="a")}
    grown = deployment(replicas=3)
    after = {**one_app(MAP, name="a"), **one_app(grown, PVC, name="b", namespace="a")}
    moved = {str(group.first.resource.id.id): group for group in grouped(compared(before, after).applications)}
    assert sorted(moved) == ["Deployment a/web", "PersistentVolumeClaim a/data"]
    assert all(group.is_moved and group.applications == ("b",) for group in moved.values())
    assert [str(each) for each in moved["Deployment a/web"].first.resource.fields] == ["spec.replicas"]
    assert moved["PersistentVolumeClaim a/data"].first.resource.says_little


def test_what_two_take_over_is_told_of_each() -> None:
    before = {**one_app(PVC, name="a"), **one_app(name="b", namespace="a"), **one_app(name="c", namespace="a")}
    after = {**one_app(name="a"), **one_app(PVC, name="b", namespace="a"), **one_app(PVC, name="c", namespace="a")}
    groups = grouped(compared(before, after).applications)
    assert sorted(group.first.resource.turn for group in groups) == [Turn.COMES, Turn.COMES, Turn.GOES]


def test_what_lands_in_another_namespace_is_another_object() -> None:
    before = {**one_app(PVC, name="a"), **one_app(name="b")}
    after = {**one_app(name="a"), **one_app(PVC, name="b")}
    groups = grouped(compared(before, after).applications)
    assert sorted(group.first.resource.turn for group in groups) == [Turn.COMES, Turn.GOES]


def test_what_is_not_rendered_on_one_side_neither_comes_nor_goes() -> None:
    chart = {"apps/a/Chart.yaml": "apiVersion: v2\nname: a\nversion: 1.0.0\n"}
    found = application_of(compared(one_app(PVC), {**one_app(PVC), **chart}))
    assert found.resources == ()
    assert found.unseen


def test_only_applications_whose_rendering_differs_are_looked_into() -> None:
    def many(count: int, changed: int) -> Snapshot:
        files: dict[str, str] = {}
        for number in range(count):
            replicas = 2 if number < changed else 1
            maps = [obj("ConfigMap", f"m{i}") for i in range(3)]
            files |= one_app(deployment(replicas=replicas), *maps, name=f"a{number}")
        return snapshot(files)

    few, more = (difference(many(count, 0), many(count, 1)) for count in (4, 40))
    assert few.compared == more.compared == 1
    assert few.steps == more.steps == 10


def test_values_of_a_chart_are_compared_by_what_they_say() -> None:
    def from_registry(values: str) -> Files:
        source = {"repoURL": "https://charts.example.invalid", "chart": "c", "targetRevision": "1"}
        return {"a.yaml": app("a", source={**source, "helm": {"values": values}})}

    before = "# one\ndb:\n  password: x\n  size: 8Gi\nlist: [1]\n"
    after = "db: {password: other, size: 9Gi}\nlist: [1, 2]\n"
    told = application_of(compared(from_registry(before), from_registry(after))).declared
    assert [(one.what, one.before, one.after) for one in told] == [
        ("helm.values.db.password", "(hidden)", "another one"),
        ("helm.values.db.size", "8Gi", "9Gi"),
        ("helm.values.list", "[1]", "[1, 2]"),
    ]
    assert not compared(from_registry(before), from_registry(before.replace("one", "two")))
