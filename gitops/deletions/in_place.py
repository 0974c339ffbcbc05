from __future__ import annotations

from collections.abc import Iterator

from gitops.deletions.model import Consequence
from gitops.deletions.world import World
from gitops.snapshot import State


def changed_in_place(state: State, now: State, base: World, head: World) -> Iterator[Consequence]:
    yield from ()
