"""A reference that is provided is never reported; removing a provided key is always reported."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from checks.model import Finding, Severity
from checks.policy.file import Policy
from checks.secret_keys import secret_key_missing, secret_missing
from gitops.applications.application import Origin, parse_application
from gitops.applications.live import Live, LiveCluster
from gitops.discovery.snapshot import Change, Part, Snapshot, State
from gitops.facts.secrets.pods import POD_SPECS
from gitops.files.spans import Span
from gitops.resources.manifests import read_plain, redactor
from gitops.resources.rendering import Rendered
from tests.checks.secret_keys.stage import cluster
from tests.scenarios import application, manifest, tree

NAMES = st.sampled_from(["db", "api", "tls"])
KEYS = st.sampled_from(["url", "password", "tls.crt", "A_B", "a-b"])
NAMESPACES = st.sampled_from(["shop", "web"])
KINDS = st.sampled_from(["Secret", "ConfigMap"])
WAYS = st.sampled_from(["env", "envFrom", "items", "whole", "projected"])
SEALS = st.sampled_from(["plain", "sealed", "external", "template"])
BEARERS = st.sampled_from(sorted(POD_SPECS))


@dataclass(frozen=True)
class Wanted:
    kind: str
    namespace: str
    name: str
    key: str


WANTED = st.builds(Wanted, KINDS, NAMESPACES, NAMES, KEYS)
USES = st.lists(st.tuples(WANTED, WAYS, BEARERS), min_size=1, max_size=6)


def pod(wanted: Wanted, way: str) -> dict[str, Any]:
    secret = wanted.kind == "Secret"
    container: dict[str, Any] = {"name": "app"}
    spec: dict[str, Any] = {"initContainers": [container]}
    if way == "env":
        field = "secretKeyRef" if secret else "configMapKeyRef"
        container["env"] = [{"name": "V", "valueFrom": {field: {"name": wanted.name, "key": wanted.key}}}]
    elif way == "envFrom":
        container["envFrom"] = [{"secretRef" if secret else "configMapRef": {"name": wanted.name}}]
    else:
        field = "secret" if secret else "configMap"
        source: dict[str, Any] = {"secretName" if secret and way != "projected" else "name": wanted.name}
        if way != "whole":
            source["items"] = [{"key": wanted.key, "path": "x"}]
        volume = {"projected": {"sources": [{field: source}]}} if way == "projected" else {field: source}
        spec["volumes"] = [{"name": "v", **volume}]
    return spec


def workload(index: int, wanted: Wanted, way: str, bearer: tuple[str, str]) -> str:
    group, kind = bearer
    body: dict[str, Any] = pod(wanted, way)
    for step in reversed(POD_SPECS[bearer]):
        body = {str(step): body}
    return manifest(kind, f"w{index}", wanted.namespace, f"{group}/v1" if group else "v1", **body)


def provider(kind: str, namespace: str, name: str, keys: Sequence[str], how: str) -> str:
    if kind == "ConfigMap" or how == "plain":
        return manifest(kind, name, namespace, data=dict.fromkeys(keys, "v"))
    if how == "sealed":
        spec: dict[str, Any] = {"encryptedData": dict.fromkeys(keys, "Ag")}
        return manifest("SealedSecret", name, namespace, "bitnami.com/v1alpha1", spec=spec)
    spec = {"data": [{"secretKey": key} for key in keys], "target": {"name": name}}
    if how == "template":
        spec = {"dataFrom": [{}], "target": {"name": name, "template": {"data": dict.fromkeys(keys, "t")}}}
    return manifest("ExternalSecret", f"{name}-x", namespace, "external-secrets.io/v1", spec=spec)


def snapshot(consumers: Sequence[str], providers: Sequence[str]) -> Snapshot:
    """Two Applications of one root: one needs, the other provides."""
    files = {"need/all.yaml": "---\n".join(consumers), "give/all.yaml": "---\n".join(providers)}
    states = []
    for name, path in (("need", "need/all.yaml"), ("give", "give/all.yaml")):
        parsed = parse_application(json.loads(application(name, path)), Origin(Span("apps.yaml", 1, 1)))
        rendered = Rendered(read_plain(path, files[path].encode(), redactor(b"k")))
        states.append(State(replace(parsed, root="apps"), (Part(0, rendered),)))
    return Snapshot(tree(files), tuple(states))


def findings(head: Snapshot, base: Snapshot | None = None, **fields: Any) -> list[Finding]:
    change = Change(base, head, **fields)
    return [f for rule in (secret_missing, secret_key_missing) for f in rule.check(change, Policy())]


def providers_of(needs: Mapping[tuple[str, str, str], set[str]], how: str) -> list[str]:
    return [provider(kind, ns, name, sorted(keys), how) for (kind, ns, name), keys in sorted(needs.items())]


def needs_of(uses: Sequence[tuple[Wanted, str, tuple[str, str]]]) -> dict[tuple[str, str, str], set[str]]:
    needs: dict[tuple[str, str, str], set[str]] = {}
    for wanted, _, _ in uses:
        needs.setdefault((wanted.kind, wanted.namespace, wanted.name), set()).add(wanted.key)
    return needs


@given(USES, SEALS)
def test_what_is_provided_is_never_reported(uses: list[tuple[Wanted, str, tuple[str, str]]], how: str) -> None:
    consumers = [workload(index, *use) for index, use in enumerate(uses)]
    complete = snapshot(consumers, providers_of(needs_of(uses), how))
    assert findings(complete) == []
    # Nor with a cluster that was listed completely and has nothing yet.
    assert findings(complete, live=cluster(complete=["*"])) == []


@given(USES, SEALS, st.data())
def test_a_key_that_is_removed_is_always_reported(
    uses: list[tuple[Wanted, str, tuple[str, str]]], how: str, data: st.DataObject
) -> None:
    consumers = [workload(index, *use) for index, use in enumerate(uses)]
    needs = {place: {*keys, "kept"} for place, keys in needs_of(uses).items()}
    before = snapshot(consumers, providers_of(needs, how))
    named = [(wanted, way) for wanted, way, _ in uses if way not in ("envFrom", "whole")]
    if not named:
        return
    gone, _ = data.draw(st.sampled_from(named))
    place = (gone.kind, gone.namespace, gone.name)
    after = snapshot(consumers, providers_of(needs | {place: needs[place] - {gone.key}}, how))
    expected = sum((wanted, way) in named and wanted == gone for wanted, way, _ in uses)
    held = cluster({gone.name: needs[place]}, config_maps={gone.name: needs[place]}, complete=["*"])
    for found in (findings(after), findings(after, before, live=held)):
        assert {f.rule for f in found} == {"secret-key-missing"}
        assert len(found) == expected
        assert {(f.resource.kind, f.resource.name) for f in found if f.resource} == {(gone.kind, gone.name)}


@given(USES, SEALS, st.data())
def test_an_object_that_is_removed_is_always_reported(
    uses: list[tuple[Wanted, str, tuple[str, str]]], how: str, data: st.DataObject
) -> None:
    consumers = [workload(index, *use) for index, use in enumerate(uses)]
    needs = needs_of(uses)
    gone = data.draw(st.sampled_from(sorted(needs)))
    before = snapshot(consumers, providers_of(needs, how))
    rest = {place: keys for place, keys in needs.items() if place != gone}
    after = snapshot(consumers, providers_of(rest, how) or [manifest("Service", "s", "shop")])
    found = findings(after, before)
    assert {f.rule for f in found} == {"secret-missing"}
    assert {(f.resource.kind, f.resource.namespace, f.resource.name) for f in found if f.resource} == {gone}
    assert len(found) == sum((wanted.kind, wanted.namespace, wanted.name) == gone for wanted, _, _ in uses)


def held(needs: Mapping[tuple[str, str, str], set[str]]) -> Live:
    """A cluster that was listed completely and holds just that."""
    objects: dict[str, dict[tuple[str, str], frozenset[str] | None]] = {"Secret": {}, "ConfigMap": {}}
    for (kind, namespace, name), keys in needs.items():
        objects[kind][(namespace, name)] = frozenset(keys)
    seen = LiveCluster("in-cluster", objects["Secret"], objects["ConfigMap"], frozenset({"*"}))
    return Live({"in-cluster": seen})


@given(USES)
def test_what_the_cluster_provides_is_never_reported(uses: list[tuple[Wanted, str, tuple[str, str]]]) -> None:
    head = snapshot([workload(index, *use) for index, use in enumerate(uses)], [manifest("Service", "s", "shop")])
    assert findings(head, live=held(needs_of(uses))) == []


@given(USES, st.data())
def test_what_the_cluster_lacks_is_always_reported(
    uses: list[tuple[Wanted, str, tuple[str, str]]], data: st.DataObject
) -> None:
    head = snapshot([workload(index, *use) for index, use in enumerate(uses)], [manifest("Service", "s", "shop")])
    needs = {place: {*keys, "kept"} for place, keys in needs_of(uses).items()}
    gone = data.draw(st.sampled_from(sorted(needs)))
    whole = findings(head, live=held({place: keys for place, keys in needs.items() if place != gone}))
    asking = [(wanted, way) for wanted, way, _ in uses if (wanted.kind, wanted.namespace, wanted.name) == gone]
    assert [(f.rule, f.severity) for f in whole] == [("secret-missing", Severity.ERROR)] * len(asking)
    key = data.draw(st.sampled_from(sorted({wanted.key for wanted, _ in asking})))
    one = findings(head, live=held(needs | {gone: needs[gone] - {key}}))
    by_name = [wanted for wanted, way in asking if way not in ("envFrom", "whole") and wanted.key == key]
    assert [(f.rule, f.severity) for f in one] == [("secret-key-missing", Severity.ERROR)] * len(by_name)
