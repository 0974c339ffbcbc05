"""Which deliveries go to which handler: a handler is registered with the event, the type of its payload, the actions
and, where these are not enough, a condition. What no route takes is nothing to us, and is not stored either."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from typing import Generic, TypeVar

from bot.github.events import Event
from bot.queue.deliveries import Delivery
from bot.server.context import Context

E = TypeVar("E", bound=Event)

Run = Callable[[E, Delivery, Context], Awaitable[None]]
Condition = Callable[[E, int], bool]


@dataclass(frozen=True, slots=True)
class Route(Generic[E]):
    """`run` does deliveries of `events` whose payload is a `payload` (not one of its subclasses), with one of
    `actions` (any when None), for which `when` is true, given our App's id."""

    events: tuple[str, ...]
    payload: type[E]
    run: Run[E]
    actions: frozenset[str] | None = None
    when: Condition[E] | None = None

    def takes(self, event: Event, app: int) -> bool:
        """Whether this event is for this handler. `app` is our App's id."""
        if event.name not in self.events or type(event) is not self.payload:
            return False
        if self.actions is not None and event.action not in self.actions:
            return False
        return self.when is None or self.when(event, app)


def on(
    *events: str,
    payload: type[E],
    actions: Collection[str] | None = None,
    when: Condition[E] | None = None,
) -> Callable[[Run[E]], Route[E]]:
    """Register a handler."""

    def register(run: Run[E]) -> Route[E]:
        return Route(events, payload, run, frozenset(actions) if actions is not None else None, when)

    return register


def of_installation(event: Event, _app: int) -> bool:
    """Of our own work: what is about one installation."""
    return bool(event.installation)


def of_everything(event: Event, _app: int) -> bool:
    """Of our own work: what is about the App as a whole."""
    return not event.installation
