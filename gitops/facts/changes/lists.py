"""Lists whose items are told apart by what is in them, not by where they stand.

Source: the `patchMergeKey` and `listMapKey` of k8s.io/api (core/v1, apps/v1, batch/v1, networking/v1,
admissionregistration/v1) of Kubernetes 1.33. Of custom resources nobody says so here: their items are recognised by
their names, and their order counts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gitops.facts.secrets.pods import POD_SPECS
from gitops.resources.kinds import is_built_in
from gitops.resources.resource import ResourceId


@dataclass(frozen=True, slots=True)
class Item:
    """An item of a list, by the fields that tell it from the others there."""

    keys: tuple[tuple[str, Any], ...]

    def __str__(self) -> str:
        values = [str(value) for field, value in self.keys if (field, value) not in _FILLED_IN]
        return "/".join(values)

    def matches(self, value: object) -> bool:
        return _item(value, tuple(field for field, _ in self.keys)) == self


@dataclass(frozen=True, slots=True)
class ListRule:
    """By which fields items are told apart (the first of `keys` that all of them have), and whether their order
    means something."""

    keys: tuple[tuple[str, ...], ...]
    ordered: bool = False


_FILLED_IN = frozenset({("protocol", "TCP"), ("whenUnsatisfiable", "DoNotSchedule")})
_DEFAULTS: Mapping[str, str] = dict(_FILLED_IN)
_NAME = (("name",),)
_NAMED = ListRule(_NAME)
_IN_TURN = ListRule(_NAME, ordered=True)

_BUILT_IN: Mapping[str, ListRule] = {
    "containers": _NAMED,
    "ephemeralContainers": _NAMED,
    "env": _NAMED,
    "hostAliases": ListRule((("ip",),)),
    "imagePullSecrets": _NAMED,
    "initContainers": _IN_TURN,
    "ownerReferences": ListRule((("uid",),)),
    "ports": ListRule((("containerPort", "protocol"), ("port", "protocol"))),
    "resourceClaims": _NAMED,
    "schedulingGates": _NAMED,
    "secrets": _NAMED,
    "topologySpreadConstraints": ListRule((("topologyKey", "whenUnsatisfiable"),)),
    "volumeDevices": ListRule((("devicePath",),)),
    "volumeMounts": ListRule((("mountPath",),)),
    "volumes": _NAMED,
    "webhooks": _NAMED,
}
# An unordered set of scalars, wherever it is.
SETS = frozenset({"finalizers"})
# RoleBinding and Role: the union counts (rbac/v1), and their items have no key.
_UNIONS = frozenset({"rules", "subjects"})


def rule_for(rid: ResourceId, field: str) -> ListRule:
    """How the list in a field of a manifest is to be compared."""
    if is_built_in(rid.group) or (rid.group, rid.kind) in POD_SPECS:
        return _BUILT_IN.get(field, _IN_TURN)
    return _IN_TURN


def is_union(rid: ResourceId, field: str) -> bool:
    """Whether a list is a set: whole items that are there or not."""
    return field in SETS or (rid.group == "rbac.authorization.k8s.io" and field in _UNIONS)


def items_of(rule: ListRule, *sides: Sequence[Any]) -> list[dict[Item, Any]] | None:
    """The items of each side by their keys, in their order; None where keys do not tell them apart."""
    for fields in rule.keys:
        found = [_by_key(side, fields) for side in sides]
        whole = [side for side in found if side is not None]
        if len(whole) == len(sides):
            return whole
    return None


def _by_key(side: Sequence[Any], fields: tuple[str, ...]) -> dict[Item, Any] | None:
    found: dict[Item, Any] = {}
    for value in side:
        item = _item(value, fields)
        if item is None or item in found:
            return None
        found[item] = value
    return found


def _item(value: object, fields: tuple[str, ...]) -> Item | None:
    if not isinstance(value, dict):
        return None
    keys = tuple((field, value.get(field, _DEFAULTS.get(field))) for field in fields)
    if any(not isinstance(key, str | int) or isinstance(key, bool) for _, key in keys):
        return None
    return Item(keys)
