"""An Application that goes, or moves on, and another one that is made of the same files.

Until its own change reaches it, an Application goes on reading its files as they are in the head. What it makes of
them then is what the other one makes of them: they have the same sources and one destination.
"""

from __future__ import annotations

from collections.abc import Mapping

from gitops.applications.application import Application
from gitops.discovery.snapshot import Snapshot, State
from gitops.facts.alike import is_rendered
from gitops.facts.deletions.meant import say_the_same
from gitops.facts.deletions.world import World

Key = tuple[object, ...]


def keeps_all(state: State, base: World, head: World) -> bool:
    """Whether such a one tells that all which `state` of the base holds is still made of the head's files."""
    held = base.owned(state).keys()
    for other in head.snapshot.once(_by_sources).get(_key(state.application), ()):
        if is_rendered(other) and say_the_same(state.application.sources, other.application.sources):
            return held <= head.owned(other).keys()
    return False


def _by_sources(snapshot: Snapshot) -> Mapping[Key, list[State]]:
    found: dict[Key, list[State]] = {}
    for state in snapshot.states:
        found.setdefault(_key(state.application), []).append(state)
    return found


def _key(application: Application) -> Key:
    to = application.destination
    return (to.cluster, to.namespace, *((one.repo_url, one.chart, one.path) for one in application.sources))
