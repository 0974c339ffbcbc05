"""Whether anything at all can differ between an Application before and after a change."""

from __future__ import annotations

from dataclasses import replace

from gitops.discovery.snapshot import State
from gitops.resources.rendering import Rendered


def is_alike(before: State, after: State) -> bool:
    """Whether two states of an Application are the same object, or declared alike and rendered to the same.

    What is not rendered is alike when nothing is known to differ: its files may, all the same."""
    if before is after:
        return True
    one, other = before.application, after.application
    if replace(one, origin=other.origin, root=other.root, parents=other.parents) != other:
        return False
    if len(before.parts) != len(after.parts):
        return False
    return all(
        old.rendering is new.rendering
        or (bool(old.fingerprint) and old.fingerprint == new.fingerprint)
        or old.rendering == new.rendering
        for old, new in zip(before.parts, after.parts, strict=True)
    )


def is_rendered(state: State) -> bool:
    """Whether all of its sources are."""
    return all(isinstance(part.rendering, Rendered) for part in state.parts)
