"""Drives a generator of the model with something that renders, without an event loop."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from gitops.resources.rendering import Asking, Output, RenderRequest

T = TypeVar("T")


def driven(asking: Asking[T], render: Callable[[RenderRequest], Output]) -> T:
    """What the generator comes to in the end."""
    try:
        wanted = next(asking)
        while True:
            wanted = asking.send({request.fingerprint: render(request) for request in wanted})
    except StopIteration as end:
        result: T = end.value
        return result
