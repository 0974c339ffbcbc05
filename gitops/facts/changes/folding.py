"""Fields that every bump of a chart touches, and that say nothing themselves."""

from __future__ import annotations

from gitops.facts.changes.fields import FieldChange

_LABELS = frozenset({"helm.sh/chart", "app.kubernetes.io/version"})
_CHECKSUMS = "checksum/"


def is_folded(change: FieldChange) -> bool:
    """Whether a change is a label with the chart's version, or a checksum of what is told anyway. In a selector such
    a label does say something."""
    if len(change.path) < 2:
        return False
    where, key = change.path[-2:]
    if not isinstance(key, str):
        return False
    return (where in ("labels", "annotations") and key.startswith(_CHECKSUMS)) or (
        where == "labels" and key in _LABELS
    )
