"""How the search for those who may make an object grows: with its neighbours, not with the repository."""

from __future__ import annotations

import pytest

from checks.secret_keys import doubts
from gitops.facts.secrets.providers.makers import may_make
from gitops.resources.resource import Resource
from tests.checks.secret_keys.stage import deployment
from tests.checks.secret_keys.test_properties import findings, snapshot
from tests.scenarios import manifest


def looks(monkeypatch: pytest.MonkeyPatch, namespaces: int) -> int:
    """How many manifests are looked at for one missing object a namespace."""
    seen = 0

    def counting(resource: Resource, namespace: str, kind: str, wanted: tuple[str, str]) -> str:
        nonlocal seen
        seen += 1
        return may_make(resource, namespace, kind, wanted)

    monkeypatch.setattr(doubts, "may_make", counting)
    places = [f"n{number}" for number in range(namespaces)]
    needs = [deployment(("db", "url"), namespace=place) for place in places]
    others = [manifest("ConfigMap", "c", place, data={"a": "b"}) for place in places]
    assert len(findings(snapshot(needs, others))) == namespaces
    return seen


def test_an_object_is_looked_for_among_its_neighbours(monkeypatch: pytest.MonkeyPatch) -> None:
    assert looks(monkeypatch, 20) == 2 * looks(monkeypatch, 10)
