"""Whatever a repository holds: nothing that reads it raises, and what cannot be read is told."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from checks.policy.file import parse_policy
from checks.registry import rules
from gitops.discovery.kustomizations import plan_kustomize
from gitops.discovery.snapshot import Change, Snapshot
from gitops.discovery.sources import Analysis
from gitops.files.tree import Tree
from gitops.resources.rendering import Rendered, RenderFailed
from tests.scenarios import MATCHER, URL, discovered

Json = Any

HERE = Path(__file__).parent / "content"


def read(name: str) -> list[Json]:
    """The documents of a file that the tests bend; the fields that something of ours reads are in one of them."""
    text = (HERE / f"{name}.yaml").read_text()
    return list(yaml.safe_load_all(text.replace("https://github.com/acme/platform", URL)))


(ALONE,), (SEVERAL,), (SET,) = read("alone"), read("several"), read("set")
(KUSTOMIZATION,), (POLICY,) = read("kustomization"), read("configuration")
MANIFESTS = read("manifests")

DEEP: Json = None
for _ in range(60):
    DEEP = [DEEP]
SCALARS = [None, True, 0, -1, 10**40, 1e300, float("inf"), float("nan"), 190 * 60]
TEXTS = """ |x|../..|/|.|*|[|\\|{{|{{.a|${X}|2026-99-99|0x|1e3|~|-|- - -|&a|*a|https://x//y?ref=z|git::file:///etc"""
LONG = ["a" * 300, "x" * 5000, "9" * 5000, "\0", "\ud7ff"]
NESTED = [{}, [], [None], {"": None}, {"a": {"a": {}}}, [[[]]], DEEP]
ODD = st.one_of(
    st.sampled_from([*SCALARS, *TEXTS.split("|"), *LONG, *NESTED]),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
        max_leaves=5,
    ),
)


def routes(value: Json, route: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield route
    items = value.items() if isinstance(value, Mapping) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield from routes(inner, (*route, key))


@st.composite
def bent(draw: st.DrawFn, document: Json) -> Json:
    """The document with odd values in up to three of its places."""
    result = copy.deepcopy(document)
    for _ in range(draw(st.integers(0, 3))):
        route = draw(st.sampled_from(list(routes(result))))
        odd = copy.deepcopy(draw(ODD))
        if not route:
            return odd
        here = result
        for step in route[:-1]:
            here = here[step]
        if draw(st.booleans()):
            here[route[-1]] = odd
        elif isinstance(here, dict):
            del here[route[-1]]
    return result


@st.composite
def repositories(draw: st.DrawFn) -> dict[str, bytes]:
    documents: dict[str, Json] = {
        "apps/a.yaml": draw(bent(ALONE)),
        "apps/b.yaml": draw(bent(SEVERAL)),
        "apps/s.yaml": draw(bent(SET)),
        "a/kustomization.yaml": draw(bent(KUSTOMIZATION)),
        "base/kustomization.yaml": draw(bent({"resources": ["b.yaml"]})),
        "c/kustomization.yaml": draw(bent({"kind": "Component", "resources": ["b.yaml"]})),
        "b/c.json": draw(ODD),
    }
    for index in draw(st.lists(st.integers(0, len(MANIFESTS) - 1), max_size=4, unique=True)):
        documents[f"plain/m{index}.yaml"] = draw(bent(MANIFESTS[index]))
    return {path: json.dumps(value).encode() for path, value in documents.items()}


def seen(files: Mapping[str, bytes]) -> Snapshot:
    """What discovery finds, where nothing but plain directories can be rendered."""
    return discovered(Tree.of(dict(files)), Analysis(MATCHER, lambda _value: "digest", "none"))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(repositories(), repositories(), bent(POLICY))
def test_no_content_makes_discovery_or_a_rule_raise(
    before: dict[str, bytes], after: dict[str, bytes], configuration: Json
) -> None:
    policy = parse_policy(json.dumps(configuration).encode())
    base, head = seen(before), seen(after)
    for rule in rules():
        list(rule.check(Change(None, head), policy))
        list(rule.check(Change(base, head), policy))


@pytest.mark.parametrize("count", ["abc", "9" * 5000, "", " 1", "1.5", None, 1.5, True, [1], "+2", "-1"])
def test_counts_of_replicas_are_read_as_argo_cd_reads_them(count: Json) -> None:
    alone = copy.deepcopy(ALONE)
    alone["spec"]["source"]["kustomize"] = {"replicas": [{"name": "d", "count": count}]}
    files = {"apps/a.yaml": alone, "a/kustomization.yaml": {"resources": ["d.yaml"]}, "a/d.yaml": MANIFESTS[0]}
    (state,) = seen({path: json.dumps(value).encode() for path, value in files.items()}).states
    refused = isinstance(state.rendering, RenderFailed) and "no whole number" in state.rendering.message
    assert refused == (isinstance(count, str) and count not in ("+2", "-1"))


def test_a_mistake_of_ours_costs_one_application_and_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(tree: Tree, path: str, *rest: Any) -> Any:
        if path == "a":
            raise RecursionError("with something secret")
        return plan_kustomize(tree, path, *rest)

    monkeypatch.setattr("gitops.discovery.planning.plan_kustomize", broken)
    other = copy.deepcopy(ALONE)
    other["metadata"]["name"], other["spec"]["source"] = "b", {"repoURL": URL, "path": "b"}
    files = {
        "apps/a.yaml": ALONE,
        "apps/b.yaml": other,
        "a/kustomization.yaml": {"resources": []},
        "b/b.yaml": MANIFESTS[0],
    }
    states = seen({path: json.dumps(value).encode() for path, value in files.items()}).states
    first, second = (state.rendering for state in sorted(states, key=lambda state: state.application.name))
    assert isinstance(first, RenderFailed)
    assert first.message.startswith("argofix fails on this (RecursionError)")
    assert "secret" not in first.message
    assert isinstance(second, Rendered)
