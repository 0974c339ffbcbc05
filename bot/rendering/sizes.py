"""About how many bytes of memory takes what is remembered."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gitops.discovery.record import Record
from gitops.discovery.snapshot import Snapshot
from gitops.files.errors import MalformedYaml
from gitops.kustomize.kustomization import Kustomization
from gitops.outside.wanted import Wanted
from gitops.resources.rendering import Rendered


def size_of_kustomization(known: Kustomization | MalformedYaml) -> int:
    """About how many bytes a parsed file takes."""
    if isinstance(known, MalformedYaml):
        return 1_000
    size, stack, seen = 500 * (1 + len(known.references)), [known.fields], set()
    while stack:
        here: Any = stack.pop()
        size += 64 + (len(here) if isinstance(here, str) else 0)
        if isinstance(here, dict | list) and id(here) not in seen:
            seen.add(id(here))
            stack.extend(here.values() if isinstance(here, dict) else here)
    return size


def size_of_snapshot(snapshot: Snapshot, seen: Mapping[Wanted, str]) -> int:
    """The same of a commit's snapshot, with what was asked for outside."""
    parts = [part.rendering for state in (*snapshot.states, *snapshot.applied) for part in state.parts]
    resources = (one for rendering in parts if isinstance(rendering, Rendered) for one in rendering.resources)
    kept = 4_000 * len(snapshot.record.nodes) if isinstance(snapshot.record, Record) else 0
    remembered = 6_000 * len(snapshot.states)  # what is worked out of each, once somebody asks (`State.once`)
    return 10_000 + 2_000 * len(parts) + 500 * len(seen) + kept + remembered + sum(one.size for one in resources)
