"""Drives a generator of the model with something that renders and something that fetches, without an event loop."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

from gitops.outside.found import Found, Missing
from gitops.outside.wanted import Wanted
from gitops.resources.rendering import Asking, Output, RenderRequest

T = TypeVar("T")


def nothing(_wanted: Wanted) -> Found:
    return Missing("nothing fetches here")


def driven(
    asking: Asking[T],
    render: Callable[[RenderRequest], Output],
    fetch: Callable[[Wanted], Found] = nothing,
    answers: Mapping[str, Output | Found] | None = None,
) -> T:
    """What the generator comes to in the end. `fetch` answers for what is outside; `answers` are those to what it has
    asked already."""
    try:
        asked = next(asking) if answers is None else asking.send(answers)
        while True:
            asked = asking.send(
                {one.fingerprint: render(one) if isinstance(one, RenderRequest) else fetch(one) for one in asked}
            )
    except StopIteration as end:
        result: T = end.value
        return result
