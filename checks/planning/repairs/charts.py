"""What is wanted of Argo CD's own installation as entries of the values of its chart."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from checks.model import Wanted
from checks.planning.chart_values import written_values
from checks.planning.documents import Change
from gitops.discovery.snapshot import Snapshot


def in_values(snapshot: Snapshot, wanted: Sequence[Wanted]) -> Iterator[tuple[Change, ...]]:
    """Where the values of all that is wanted may be written, the place that counts last first."""
    if not wanted or any(not one.values or one.owner != wanted[0].owner for one in wanted):
        return
    state = snapshot.by_key.get(wanted[0].owner) if wanted[0].owner is not None else None
    if state is None:
        return
    operations = tuple(operation for one in wanted for operation in one.values)
    for part in state.parts:
        if all(resource.id != wanted[0].resource for resource in part.resources):
            continue
        for place in written_values(snapshot, state, part):
            yield (Change(place.path, place.line, place.below(operations), place.text),)
