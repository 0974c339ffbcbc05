"""Kubernetes quantities, as far as one has to know which is less (apimachinery, pkg/api/resource/quantity.go)."""

from __future__ import annotations

import re
from decimal import Decimal

_QUANTITY = re.compile(r"^([+-]?[0-9.]+)(?:[eE]([+-]?[0-9]+)|([numkMGTPE]|[KMGTPE]i)?)$")
_DECIMAL = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_BINARY = {"Ki": 10, "Mi": 20, "Gi": 30, "Ti": 40, "Pi": 50, "Ei": 60}


def is_less(one: object, other: object) -> bool:
    """Whether a quantity is less than another one; False when either is none."""
    left, right = quantity(one), quantity(other)
    return left is not None and right is not None and left < right


def quantity(value: object) -> Decimal | None:
    """The number that a quantity stands for; None for what is none."""
    found = _QUANTITY.match(str(value).strip()) if isinstance(value, str | int | float) else None
    if found is None or found[1].count(".") > 1 or not re.search("[0-9]", found[1]):
        return None
    number = Decimal(found[1])
    if found[2] is not None:
        return number.scaleb(int(found[2])) if abs(int(found[2])) < 100 else None
    suffix = found[3] or ""
    return number * (Decimal(2) ** _BINARY[suffix]) if suffix in _BINARY else number.scaleb(_DECIMAL[suffix])
