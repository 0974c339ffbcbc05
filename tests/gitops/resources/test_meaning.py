"""Two copies say the same when Kubernetes takes them alike, however they are written."""

from __future__ import annotations

import json
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.rendering.kustomize import find_binary
from gitops.files.documents import read_documents
from gitops.resources.compare import first_difference
from gitops.resources.manifests import canonical, read_plain, redactor
from gitops.resources.meaning import as_applied, quantity
from gitops.resources.resource import Resource, same_manifest
from tests.gitops.resources.test_manifests import build

REDACT = redactor(b"key")
SPELLINGS = [
    "1e3", "12e3", "1.5e3", "0o7", "010", "09", "1_000", "1__0", "0x1F", "0b11", "-0b101", "+1", ".5", "1.", "1_e3",
    "2001-01-01", "12:30:45",
    "~", "null", ".inf", "true", "FALSE", "yes", "No", "on", "y", "1e", "_1", "1,000",
    "1.0", "-0", "0777", "1e21", "18446744073709551615", "99999999999999999999", "=", "1 000", "tRue", "nUll",
    "+", "",
]  # fmt: skip
# To kustomize these are texts, to Argo CD's own decoder (directories, Helm) booleans.
BOOLEANS = {"yes": True, "no": False, "on": True, "off": False, "y": True, "n": False}


def read(text: str) -> Resource:
    (resource,) = read_plain("m.yaml", text.encode(), REDACT)
    return resource


def config_map(value: str, extra: str = "") -> str:
    return f"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: m\n{extra}data:\n  k: {value}\n"


@given(st.sampled_from(SPELLINGS) | st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=8))
def test_a_text_in_one_copy_is_the_same_text_in_the_other_however_it_is_quoted(value: str) -> None:
    single = "'" + value.replace("'", "''") + "'"
    one, other = read(config_map(json.dumps(value))), read(config_map(single))
    assert same_manifest(one, other, "shop")
    assert first_difference(one, other, "shop") is None
    assert one.manifest()["data"] == {"k": value}  # what is kept of it can be read again
    (document,) = read_documents("x", canonical({"a": value, value: 1}))
    assert document.value() == ({"a": value, value: 1} if value != "a" else {"a": 1})


@given(
    st.sampled_from([s for s in SPELLINGS if s not in ("", "tRue", "nUll", "=", "+", "_1", "1e", "1 000", "1,000")])
)
def test_a_text_is_no_number_and_no_boolean(spelling: str) -> None:
    plain, quoted = read(config_map(spelling)), read(config_map(f"'{spelling}'"))
    is_text = isinstance(plain.manifest()["data"]["k"], str)
    assert same_manifest(plain, quoted, "shop") == is_text


@settings(max_examples=10, deadline=None)
@given(st.lists(st.sampled_from(SPELLINGS) | st.text("0123456789abefxo_+-.:", min_size=1, max_size=6), min_size=8))
def test_plain_scalars_are_read_as_kustomize_reads_them(spellings: list[str]) -> None:
    spellings = [
        s for s in dict.fromkeys(spellings) if _stands_alone(s) and s.lower() not in (*BOOLEANS, ".inf", ".nan")
    ]
    text = "apiVersion: v1\nkind: X\nmetadata: {name: m}\nspec:\n" + "".join(
        f"  k{number}: {spelling}\n" for number, spelling in enumerate(spellings)
    )
    with tempfile.TemporaryDirectory() as directory:
        (Path(directory) / "m.yaml").write_text(text)
        (Path(directory) / "kustomization.yaml").write_text("resources: [m.yaml]\n")
        binary = find_binary(None)
        words = ["kustomize"] if binary.name.startswith("kubectl") else ["build"]
        output = subprocess.run([str(binary), *words, directory], check=True, capture_output=True).stdout
    (said,) = read_documents("out", output)
    ours = read(text).manifest()["spec"] or {}
    for key, value in (said.value()["spec"] or {}).items():
        written = spellings[int(key[1:])]
        if _is_date(written):
            continue  # kustomize completes dates, which nothing else does
        assert (ours[key], type(ours[key])) == (value, type(value)), written


def _stands_alone(text: str) -> bool:
    """Whether YAML takes a text for one plain scalar."""
    try:
        documents = read_documents("x", f"k: {text}\n".encode())
    except Exception:
        return False
    node = documents[0].node.value[0][1]
    return getattr(node, "value", None) == text and len(documents[0].node.value) == 1


def _is_date(text: str) -> bool:
    return len(text) >= 8 and text[4:5] == "-" and text[:4].isdigit()


@pytest.mark.parametrize(("word", "value"), BOOLEANS.items())
def test_what_argo_cd_reads_itself_is_a_boolean(word: str, value: bool) -> None:
    for spelling in (word, word.capitalize(), word.upper()):
        assert read(config_map(spelling)).manifest()["data"]["k"] is value


EMPTIES = ["  annotations:\n", "  annotations: {}\n", "  labels: {}\n", "  labels:\n", "  creationTimestamp: null\n",
           "  finalizers: []\n", "  ownerReferences: []\n"]  # fmt: skip


@given(st.lists(st.sampled_from(EMPTIES), unique_by=lambda line: line.split(":")[0]))
def test_empty_metadata_is_no_metadata(lines: list[str]) -> None:
    assert same_manifest(read(config_map("a", "".join(lines))), read(config_map("a")), "shop")


POD: dict[str, Any] = {"containers": [{"name": "c", "image": "x"}]}


def deployment(pod: dict[str, Any], **spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "d"},
        "spec": {"template": {"metadata": {"labels": {"a": "b"}}, "spec": pod}, **spec},
    }


@pytest.mark.parametrize(
    "said",
    [
        deployment({**POD, "volumes": [], "tolerations": None, "nodeSelector": {}}),
        deployment({"containers": [{"name": "c", "image": "x", "env": [], "resources": {}, "ports": None}]}),
        deployment({"containers": [{"name": "c", "image": "x", "resources": {"limits": {}, "requests": None}}]}),
        deployment(POD, strategy={}, replicas=None),
        {**deployment(POD), "status": {}},
        {**deployment(POD), "status": None},
        {**deployment(POD), "metadata": {"name": "d", "annotations": None}},
    ],
)
def test_what_says_nothing_makes_no_copies_differ(said: dict[str, Any]) -> None:
    assert as_applied(said) == as_applied(deployment(POD))


@pytest.mark.parametrize(
    ("api", "kind", "field", "counts"),
    [
        ("apps/v1", "Deployment", {"status": {"replicas": 3}}, False),
        ("apiextensions.k8s.io/v1", "CustomResourceDefinition", {"status": {"storedVersions": []}}, False),
        ("example.org/v1", "Widget", {"status": {"phase": "Ready"}}, True),  # a CRD may have no status subresource
        (
            "rbac.authorization.k8s.io/v1",
            "ClusterRole",
            {"aggregationRule": {"x": 1}, "rules": [{"verbs": []}]},
            False,
        ),
        ("rbac.authorization.k8s.io/v1", "ClusterRole", {"rules": [{"verbs": []}]}, True),
    ],
)
def test_what_the_cluster_writes_itself_makes_no_copies_differ(
    api: str, kind: str, field: dict[str, Any], counts: bool
) -> None:
    manifest = {"apiVersion": api, "kind": kind, "metadata": {"name": "x"}, **field}
    without = {key: value for key, value in manifest.items() if key not in ("status", "rules")}
    assert (as_applied(manifest) != as_applied(without)) == counts


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ({"volumes": [{"name": "v", "emptyDir": {}}]}, {"volumes": [{"name": "v"}]}),
        ({"containers": [{"name": "c", "image": "x", "args": ["1"]}]}, POD),
        ({"containers": [{"name": "c", "image": "x", "env": [{"name": "A", "value": "1"}]}]}, POD),
        ({**POD, "serviceAccountName": ""}, {**POD, "serviceAccountName": "x"}),
    ],
)
def test_what_says_something_does(left: dict[str, Any], right: dict[str, Any]) -> None:
    assert as_applied(deployment(left)) != as_applied(deployment(right))


@pytest.mark.parametrize(
    ("kind", "api", "spec"),
    [
        ("NetworkPolicy", "networking.k8s.io/v1", {"podSelector": {}, "ingress": []}),
        ("HelmRelease", "helm.toolkit.fluxcd.io/v2", {"values": {"image": None}}),
        ("Widget", "example.org/v1", {"env": []}),
        ("Widget", "example.org/v1", {"requests": {"cpu": "1000m"}}),
    ],
)
def test_elsewhere_empty_and_null_count(kind: str, api: str, spec: dict[str, Any]) -> None:
    def of(value: dict[str, Any]) -> dict[str, Any]:
        return as_applied({"apiVersion": api, "kind": kind, "metadata": {"name": "x"}, "spec": value})

    assert of(spec)["spec"] == spec


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("1000m", 1), ("1", 1), ("0.5", "500m"), (0.5, "500m"), ("1Gi", "1024Mi"), ("1Gi", 1073741824), ("1k", "1e3"),
        ("1E", "1000P"), ("128974848", "123Mi"), ("1.50", "1.5"), ("0", 0), (".5", "0.5"), ("1e-1", "100m"),
    ],
)  # fmt: skip
def test_amounts_are_the_same_in_every_spelling(one: Any, other: Any) -> None:
    def with_limit(value: Any) -> dict[str, Any]:
        container = {"name": "c", "image": "x", "resources": {"limits": {"cpu": value}}}
        return as_applied(deployment({"containers": [container]}))

    assert with_limit(one) == with_limit(other)


@pytest.mark.parametrize(("one", "other"), [("1M", "1Mi"), ("1", "1m"), ("1G", "1g"), ("a", "b"), ("1e3", "1E")])
def test_other_amounts_are_not(one: Any, other: Any) -> None:
    assert quantity(one) != quantity(other)


@settings(max_examples=8, deadline=None)
@given(st.lists(st.sampled_from(SPELLINGS), min_size=4, max_size=12, unique=True))
def test_a_directory_and_a_kustomization_bring_the_same_copy(values: list[str]) -> None:
    """One Application reads plain files, another renders them: the same text is the same in both."""
    written = [
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": f"m{n}"},
            "data": {"k": value, "x" + value: "v"},
        }
        for n, value in enumerate(values)
    ]
    with tempfile.TemporaryDirectory() as directory:
        output = build(Path(directory), written)
    from gitops.resources.manifests import read_rendered

    rendered = {resource.id.name: resource for resource in read_rendered(output, "../repo/", REDACT)}
    for value in written:
        (plain,) = read_plain("m.yaml", json.dumps(value).encode(), REDACT)
        assert same_manifest(plain, rendered[plain.id.name], "shop"), value
