"""Manifests field by field: what is told and the base together give the head."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gitops.facts.changes.fields import ABSENT, FieldChange, applied, differences
from gitops.facts.changes.lists import SETS, is_union, items_of, rule_for
from gitops.resources.resource import ResourceId

POD = ResourceId("", "Pod", "a", "web")
ROLE = ResourceId("rbac.authorization.k8s.io", "Role", "a", "web")
CUSTOM = ResourceId("example.com", "Widget", "a", "web")

scalars = st.one_of(st.none(), st.booleans(), st.integers(0, 3), st.sampled_from(("", "a", "b", "$(a)")))
names = st.sampled_from(("a", "b", "c"))
named_lists = st.lists(
    st.builds(lambda name, rest: {"name": name, **rest}, names, st.dictionaries(st.sampled_from("xy"), scalars)),
    max_size=3,
)
ports = st.lists(
    st.fixed_dictionaries(
        {"containerPort": st.integers(1, 2)}, optional={"protocol": st.sampled_from(("TCP", "UDP")), "name": names}
    ),
    max_size=3,
)
values = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from(("args", "x", "spec", "a.b/c")), inner, max_size=3),
    ),
    max_leaves=6,
)
manifests = st.fixed_dictionaries(
    {},
    optional={
        "spec": values,
        "containers": named_lists,
        "initContainers": named_lists,
        "env": named_lists,
        "items": named_lists,
        "ports": ports,
        "rules": st.lists(st.sampled_from(({"verbs": ["get"]}, {"verbs": ["*"]}, {"verbs": ["list"]})), max_size=3),
        "finalizers": st.lists(st.sampled_from(("x", "y", "z")), max_size=3),
    },
)


@pytest.mark.parametrize("rid", [POD, ROLE, CUSTOM])
@settings(max_examples=60)
@given(before=manifests, after=manifests)
def test_what_is_told_applied_to_the_base_gives_the_head(rid: ResourceId, before: Any, after: Any) -> None:
    """As far as Kubernetes tells the two apart: the order of lists with keys that mean no order says nothing."""
    kept = copy.deepcopy(before)
    told = differences(rid, before, after)
    given = applied(before, told)
    assert before == kept
    assert settled(rid, given) == settled(rid, after)
    assert bool(told) == (settled(rid, before) != settled(rid, after))


def settled(rid: ResourceId, value: Any, field: str = "") -> Any:
    """Written here once more, from what Kubernetes says: unordered lists sorted, and types told apart."""
    if isinstance(value, dict):
        return {key: settled(rid, value[key], key) for key in sorted(value)}
    if isinstance(value, list):
        inner = [settled(rid, item) for item in value]
        if field in SETS or is_union(rid, field):
            return sorted(map(repr, inner))
        rule = rule_for(rid, field)
        refers = field == "env" and any("$(" in str(item.get("value")) for item in value if isinstance(item, dict))
        if items_of(rule, value) is not None and not rule.ordered and not refers:
            return sorted(map(repr, inner))
        return inner
    return (type(value).__name__, value)


def test_a_list_in_another_order_is_no_change() -> None:
    one, other = {"name": "a", "image": "x"}, {"name": "b", "image": "y"}
    assert differences(POD, {"containers": [one, other]}, {"containers": [other, one]}) == ()


def test_the_order_of_init_containers_is_one_change() -> None:
    one, other = {"name": "a"}, {"name": "b"}
    (change,) = differences(POD, {"initContainers": [one, other]}, {"initContainers": [other, one]})
    assert change.order
    assert list(map(str, change.before)) == ["a", "b"]


def test_variables_that_refer_to_each_other_have_an_order() -> None:
    one, other = {"name": "a", "value": "x"}, {"name": "b", "value": "$(a)"}
    (change,) = differences(POD, {"env": [one, other]}, {"env": [other, one]})
    assert change.order


def test_an_item_is_named_by_what_tells_it_from_the_others() -> None:
    before = {"ports": [{"containerPort": 53}, {"containerPort": 53, "protocol": "UDP"}]}
    after = {"ports": [{"containerPort": 53, "protocol": "UDP", "name": "dns"}, {"containerPort": 53}]}
    (change,) = differences(POD, before, after)
    assert str(change) == "ports[53/UDP].name"


def test_an_absent_value_is_not_null() -> None:
    assert differences(CUSTOM, {"spec": {}}, {"spec": {"a": None}}) == (FieldChange(("spec", "a"), ABSENT, None),)


def test_a_number_is_not_a_boolean() -> None:
    assert differences(CUSTOM, {"a": [1]}, {"a": [True]}) == (FieldChange(("a", 0), 1, True),)
