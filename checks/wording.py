"""Small pieces of English that several rules need."""

from __future__ import annotations

from collections.abc import Sequence

from gitops.resources.resource import ResourceId

DOUBT = "It may still come from elsewhere: "  # begins the sentence that says what may make a finding wrong
_IRREGULAR = {"NetworkPolicy": "NetworkPolicies", "Ingress": "Ingresses", "StorageClass": "StorageClasses"}


def listed(names: Sequence[str], most: int = 5) -> str:
    """`a`, `a and b`, `a, b and 4 more`."""
    shown = list(names[:most])
    rest = len(names) - len(shown)
    if rest:
        return f"{', '.join(shown)} and {rest} more"
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}" if shown else "nothing"


def plural(kind: str, count: int) -> str:
    """`1 Namespace`, `11 NetworkPolicies`."""
    if count == 1:
        return f"1 {kind}"
    if kind in _IRREGULAR:
        return f"{count} {_IRREGULAR[kind]}"
    if kind.endswith("y") and kind[-2] not in "aeiou":
        return f"{count} {kind[:-1]}ies"
    return f"{count} {kind}es" if kind.endswith(("s", "x", "ch")) else f"{count} {kind}s"


def counted(ids: Sequence[ResourceId]) -> str:
    """One resource by its name, several by their kinds: `Namespace web`, `1 Namespace and 11 NetworkPolicies`."""
    if len(ids) == 1:
        return str(ids[0])
    kinds: dict[str, int] = {}
    for rid in ids:
        kinds[rid.kind] = kinds.get(rid.kind, 0) + 1
    return listed([plural(kind, count) for kind, count in kinds.items()], most=4)
