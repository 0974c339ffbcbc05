"""Which Applications of a repository live in the Argo CD whose cluster can be asked.

`in-cluster` means "the cluster of this Argo CD", so what a cluster says counts only for the roots that live in it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from gitops.applications.application import IN_CLUSTER, Application
from gitops.applications.live import Live, LiveApplication
from gitops.discovery.snapshot import Snapshot

Partition = Callable[[Application], str]


def residence(snapshot: Snapshot, live: Live | None, of: Partition) -> Mapping[str, bool]:
    """Partition -> whether it lives there; those of which the cluster does not tell are left out.

    One Application that is there and that no other partition could have brought is proof. That a partition is
    elsewhere takes a complete list with none of its names in it, in whatever namespace.
    """
    own = live.clusters.get(IN_CLUSTER) if live is not None else None
    if own is None or not (own.applications or own.all_applications):
        return {}
    claims: dict[tuple[str, str], dict[str, list[Application]]] = {}
    for state in snapshot.states:
        application = state.application
        key = (application.namespace, application.name)
        claims.setdefault(key, {}).setdefault(of(application), []).append(application)
    names = {name for _, name in own.applications}
    here: set[str] = set()
    possible: set[str] = set()
    everyone: dict[str, None] = {}
    for key, claimants in claims.items():
        everyone.update(dict.fromkeys(claimants))
        if key in own.applications:
            fitting = [p for p, apps in claimants.items() if _fits(own.applications[key], apps)]
            possible.update(fitting)
            if len(fitting) == 1:
                here.add(fitting[0])
        elif key[1] in names:
            possible.update(claimants)
    found = dict.fromkeys(here, True)
    if own.all_applications:
        found.update(dict.fromkeys((p for p in everyone if p not in possible), False))
    return found


def _fits(live: LiveApplication, candidates: list[Application]) -> bool:
    """Whether the live Application may be one of these: its sources have the same paths, as far as is known."""
    if not live.paths:
        return True
    return any({source.path for source in a.sources} == live.paths for a in candidates)
