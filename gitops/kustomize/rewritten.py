"""A kustomization with other names for what it would fetch."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from typing import Any

from gitops.kustomize.fields import KUSTOMIZATION, Leaf, Shape

_CHARTS: dict[str, Shape] = {
    "helmCharts": {"valuesFile": Leaf.FILE, "additionalValuesFiles": Leaf.FILE},
    "helmChartInflationGenerator": {"values": Leaf.FILE},
}


def rewritten(fields: Mapping[str, Any], instead: Mapping[str, str]) -> dict[str, Any]:
    """The fields with `instead[value]` in the place of each entry `value` that names a file or a directory."""
    return {
        name: _value(value, (KUSTOMIZATION | _CHARTS)[name], instead) if name in KUSTOMIZATION else value
        for name, value in fields.items()
    }


def _value(value: Any, shape: Shape, instead: Mapping[str, str]) -> Any:
    if isinstance(value, list):
        return [_value(item, shape, instead) for item in value]
    if isinstance(value, Mapping):
        if isinstance(shape, Leaf):
            return value
        return {name: _value(item, shape[name], instead) if name in shape else item for name, item in value.items()}
    if not isinstance(value, str) or shape is Leaf.ANY or not isinstance(shape, Leaf):
        return value
    if shape is not Leaf.KEYED:
        return instead.get(value, value)
    key, equals, file = value.partition("=")
    if equals and key:
        return f"{key}={instead.get(file, file)}"
    # Without a key of its own, the entry has the file's name for one.
    return f"{posixpath.basename(value)}={instead[value]}" if value in instead else value
