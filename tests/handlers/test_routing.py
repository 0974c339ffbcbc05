"""Handlers are found by what they are registered for, and so is what is worth storing."""

from __future__ import annotations

import importlib
import pkgutil
from itertools import combinations

import pytest

import handlers
from bot.github.events import COMMANDS, OWN, parse
from handlers.registry import HANDLERS, ROUTES, routes_of, taken
from tests.github.description import load

APP = 1
GITHUBS = {name for name in HANDLERS if not name.startswith(OWN)}


def test_whatever_is_registered_anywhere_is_in_the_table() -> None:
    modules = [
        importlib.import_module(found.name)
        for found in pkgutil.walk_packages(handlers.__path__, "handlers.")
        if found.name != "handlers.registry"
    ]
    assert len(modules) > 30
    assert {id(route) for route in routes_of(modules)} == {id(route) for route in ROUTES}


def test_no_action_is_one_that_github_does_not_send() -> None:
    known = {name.replace("-", "_") for name in load().events}
    for route in ROUTES:
        for event in route.events:
            wrong = [each for each in route.actions or () if f"{event}_{each}" not in known]
            assert event.startswith(OWN) or not wrong, wrong


def test_no_delivery_is_for_two_handlers() -> None:
    for one, other in combinations(ROUTES, 2):
        if {*one.events} & {*other.events} and one.payload is other.payload:
            apart = one.actions is not None and other.actions is not None and not one.actions & other.actions
            assert apart or (one.when and other.when and one.when is not other.when), (one.run, other.run)


@pytest.mark.parametrize("installation", [0, 5])
@pytest.mark.parametrize("event", sorted({*HANDLERS} - {COMMANDS} - GITHUBS))
def test_our_own_work_is_taken_by_one_handler_and_never_from_a_webhook(event: str, installation: int) -> None:
    about = f'{{"installation": {{"id": {installation}}}}}' if installation else "{}"
    parsed = parse(event, about.encode())
    assert sum(route.takes(parsed, APP) for route in ROUTES) == (event in ("argofix_poll", "argofix_reconcile"))
    assert not taken(parsed, APP)
