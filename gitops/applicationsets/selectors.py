"""Post-selectors: label selectors over flattened parameters (applicationset/utils/selector.go)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from gitops.applicationsets.problems import Refused
from gitops.gotemplate.values import go_text

_NAME: Final = re.compile(r"([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]")
_PREFIX: Final = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")


def matches(selector: Any, labels: Mapping[str, str]) -> bool:
    """Whether `labels` satisfy the selector; an empty selector takes everything.

    Raises `CannotExpand` for a selector that Argo CD refuses. Label values have no restrictions, keys have.
    """
    if not isinstance(selector, dict):
        raise Refused("has a selector that is no map")
    wanted = selector.get("matchLabels") or {}
    expressions = selector.get("matchExpressions") or []
    if not isinstance(wanted, dict) or not isinstance(expressions, list):
        raise Refused("has a malformed selector")
    # Every requirement is checked before any decides, since Argo CD refuses the selector as a whole.
    results = [_holds(labels, key, "In", [go_text(value)]) for key, value in wanted.items()]
    for expression in expressions:
        if not isinstance(expression, dict):
            raise Refused("has a malformed selector")
        values = expression.get("values") or []
        if not isinstance(values, list):
            raise Refused("has a malformed selector")
        results.append(
            _holds(labels, expression.get("key"), expression.get("operator"), [go_text(v) for v in values])
        )
    return all(results)


def _holds(labels: Mapping[str, str], key: Any, operator: Any, values: list[str]) -> bool:
    if not isinstance(key, str) or not _is_qualified(key):
        raise Refused(f"has a selector with the invalid key {go_text(key)[:60]!r}")
    present = key in labels
    match operator:
        case "In" | "NotIn" if not values:
            raise Refused(f"has a selector whose {operator} has no values")
        case "Exists" | "DoesNotExist" if values:
            raise Refused(f"has a selector whose {operator} has values")
        case "In":
            return present and labels[key] in values
        case "NotIn":
            return not present or labels[key] not in values
        case "Exists":
            return present
        case "DoesNotExist":
            return not present
    raise Refused(f"has a selector with the unknown operator {go_text(operator)[:60]!r}")


def _is_qualified(key: str) -> bool:
    prefix, slash, name = key.rpartition("/")
    if slash and (len(prefix) > 253 or not _PREFIX.fullmatch(prefix)):
        return False
    return len(name) <= 63 and _NAME.fullmatch(name) is not None
