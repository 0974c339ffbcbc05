"""What a YAML scalar without quotes is to Kubernetes.

Argo CD and kustomize read YAML through sigs.k8s.io/yaml, whose rules are those of YAML 1.1 as go-yaml v2 has them
(resolve.go): numbers in four bases with underscores in them, `yes` and `off`, no dates and no base 60. What they read
becomes JSON, in which a number has no other form than its value: `1e3` is 1000. Tried with kustomize 5.5.0 and with
`kubectl label --local`, which uses the decoder that Argo CD uses.

kustomize itself keeps `yes`, `no`, `on`, `off`, `y` and `n` as texts in the manifests it lists, printing them quoted.
"""

from __future__ import annotations

import re

_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_WHOLE = re.compile(r"[-+]?(?:(?P<bits>0[bB][01]+)|(?P<octal>0[oO]?[0-7]+)|(?P<hex>0[xX][0-9a-fA-F]+)|0|[1-9][0-9]*)")
_BIGGEST = 2**64
_LONGEST = 400  # characters of a number; longer ones are no float64 any more
_NULL = frozenset({"", "~", "null", "Null", "NULL"})
_TRUE = frozenset(word for plain in ("true", "yes", "on", "y") for word in (plain, plain.capitalize(), plain.upper()))
_FALSE = frozenset(
    word for plain in ("false", "no", "off", "n") for word in (plain, plain.capitalize(), plain.upper())
)
_NUMERIC = frozenset("0123456789+-.")


def plain_scalar(text: str) -> str | int | float | bool | None:
    """Value of a scalar that is written without quotes."""
    if is_null(text):
        return None
    if text in _TRUE:
        return True
    if text in _FALSE:
        return False
    if text[0] in _NUMERIC and len(text) <= _LONGEST:
        number = _number(text if text[0] == "." else text.replace("_", ""))
        return text if number is None else number
    return text


def is_null(text: str) -> bool:
    """Whether an unquoted scalar says nothing."""
    return text in _NULL


def _number(text: str) -> int | float | None:
    whole = _WHOLE.fullmatch(text)
    if whole is not None:
        body = text.lstrip("+-")
        base = 2 if whole["bits"] else 8 if whole["octal"] else 16 if whole["hex"] else 10
        value = int(body[2:] if body[:2].lower() in ("0b", "0o", "0x") else body, base)
        if value < _BIGGEST:
            return -value if text[0] == "-" else value
    if _FLOAT.fullmatch(text) is None:
        return None
    number = float(text)
    if number in (float("inf"), float("-inf")):
        return None
    return int(number) if number.is_integer() and abs(number) < 1e21 else number
