"""The fast reader of rendered output must say exactly what the YAML parser says, on what kustomize really prints."""

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
from gitops.files.documents import MAX_WRITTEN_NODES, read_documents
from gitops.files.errors import MalformedYaml
from gitops.resources.manifests import ORIGIN, identify, is_hook, read_plain, read_rendered, redactor

REDACT = redactor(b"key")
NASTY = [
    "plain",
    "true",
    "123",
    "1e3",
    "0x1f",
    "1.5",
    "null",
    "on",
    "~",
    "- x",
    "a: b",
    "# c",
    "two\nlines",
    "ends\n\n\n",
    "\n\nfirst blank",
    "metadata:\n  name: inner\n",
    f"{ORIGIN}: |\n  path: ../repo/elsewhere.yaml\n",
    "---\nkind: Other\n",
    "'q'",
    '"q"',
    " lead",
    "tail ",
    "ümläut",
    "\ttab",
    "argocd.argoproj.io/hook: Sync",
]
TEXTS = st.sampled_from(NASTY) | st.text(
    st.characters(min_codepoint=32, max_codepoint=0xD7FF, exclude_categories=["Cc"]), max_size=8
)
NAMES = st.sampled_from(["web", "1", "true", "null", "0x10", "1e3", "a.b-c", "yes", "1.0", "x" * 60])
KEYS = ["argocd.argoproj.io/hook", "helm.sh/hook", "note", "a/b"]


@st.composite
def manifests(draw: st.DrawFn) -> dict[str, Any]:
    metadata: dict[str, Any] = {"name": draw(NAMES)}
    if draw(st.booleans()):
        metadata["namespace"] = draw(NAMES)
    for field in ("annotations", "labels"):
        if draw(st.booleans()):
            metadata[field] = draw(st.dictionaries(st.sampled_from(KEYS), TEXTS, max_size=3))
    value: dict[str, Any] = {
        "apiVersion": draw(st.sampled_from(["v1", "apps/v1", "example.org/v1beta1"])),
        "kind": draw(st.sampled_from(["ConfigMap", "Widget", "Ingress"])),
        "metadata": metadata,
    }
    if draw(st.booleans()):
        value["data"] = draw(st.dictionaries(st.sampled_from(["k", "annotations", "name"]), TEXTS, max_size=2))
    if draw(st.booleans()):
        value["spec"] = {"annotations": draw(st.lists(TEXTS, max_size=2)), "name": draw(TEXTS), "kind": draw(TEXTS)}
    return value


def build(directory: Path, values: list[dict[str, Any]]) -> bytes:
    """What kustomize prints for manifests, asked for origins as the product does."""
    (directory / "repo").mkdir()
    (directory / "build").mkdir()
    for number, value in enumerate(values):
        (directory / "repo" / f"{number}.yaml").write_text(json.dumps(value))
    listed = "".join(f"- ../repo/{number}.yaml\n" for number in range(len(values)))
    text = f"buildMetadata: [originAnnotations]\nresources:\n{listed}"
    (directory / "build" / "kustomization.yaml").write_text(text)
    binary = find_binary(None)
    words = ["kustomize"] if binary.name == "kubectl" else ["build"]
    argv = [str(binary), *words, "--load-restrictor=LoadRestrictionsNone", str(directory / "build")]
    return subprocess.run(argv, check=True, capture_output=True).stdout


@settings(max_examples=12, deadline=None)
@given(st.lists(manifests(), min_size=8, max_size=24))
def test_the_fast_reader_agrees_with_the_parser(values: list[dict[str, Any]]) -> None:
    distinct = {
        (v["apiVersion"], v["kind"], v["metadata"]["name"], v["metadata"].get("namespace")): v for v in values
    }
    ordered = list(distinct.values())
    with tempfile.TemporaryDirectory() as directory:
        output = build(Path(directory), ordered)
    found = read_rendered(output, "../repo/", REDACT)
    assert len(found) == len(ordered)
    by_path = {resource.path: resource for resource in found}
    for number, value in enumerate(ordered):
        resource = by_path[f"{number}.yaml"]
        assert resource.id == identify(value)
        assert resource.hook == is_hook(value)
        assert without_empty(resource.manifest()) == without_empty(value)
    for resource in found:
        (document,) = read_documents("x", resource.text)
        assert (identify(document.value()), is_hook(document.value())) == (resource.id, resource.hook)


@pytest.mark.parametrize("between", ["---\n", "\n\n---\n", "---\n---\n", "--- \n", ""])
def test_line_ends_of_a_last_text_belong_to_it(between: str) -> None:
    """`|+` keeps them, and the separator stands behind them."""
    one = "apiVersion: v1\ndata:\n  a: |+\n    x\n\nkind: ConfigMap\nmetadata:\n  name: m\nx: |+\n  y\n\n"
    output = f"---\n{one}{between or '---' + chr(10)}{one}".encode()
    found = read_rendered(output, "", REDACT)
    ends = [resource.manifest()["x"] for resource in found]
    assert ends[0] == "y\n\n" + "\n" * (between.count("\n\n") * 2)


def where(metadata: dict[str, Any]) -> tuple[str, str]:
    return metadata["name"], metadata.get("namespace", "")


def without_empty(manifest: dict[str, Any]) -> dict[str, Any]:
    """kustomize leaves empty annotations and labels out."""
    metadata = {key: value for key, value in manifest["metadata"].items() if value not in ({}, None)}
    return {**manifest, "metadata": metadata}


@pytest.mark.parametrize(
    ("text", "name", "path"),
    [
        # A text in a ConfigMap that looks like the origin is no origin.
        (
            b"apiVersion: v1\ndata:\n  k: |\n    config.kubernetes.io/origin: |\n      path: ../repo/no.yaml\n"
            b"kind: ConfigMap\nmetadata:\n  name: m\n",
            "m",
            None,
        ),
        # Trailing blank lines of an annotation do not open the next block.
        (
            b"apiVersion: v1\nkind: X\nmetadata:\n  annotations:\n    a: |+\n      t\n\n  name: m\nspec: {}\n",
            "m",
            None,
        ),
        (b"apiVersion: v1\nkind: X\nmetadata:\n  name: m\n  y: |+\n    t\n\nspec:\n  name: other\n", "m", None),
        # `null` is nothing, not a name.
        (b"apiVersion: v1\nkind: X\nmetadata:\n  name: null\n", "", None),
        # A list called annotations elsewhere stays.
        (
            b"apiVersion: v1\nkind: X\nmetadata:\n  annotations:\n    config.kubernetes.io/origin: |\n"
            b"      path: ../repo/a.yaml\n    k: v\n  name: m\nspec:\n  annotations:\n  - a\n",
            "m",
            "a.yaml",
        ),
    ],
)
def test_texts_that_look_like_something_else(text: bytes, name: str, path: str | None) -> None:
    (resource,) = read_rendered(text, "../repo/", REDACT)
    assert (resource.id.name, resource.path) == (name, path)
    assert b"  - a\n" not in text or resource.manifest()["spec"] == {"annotations": ["a"]}
    if path is None:
        assert resource.text == text


def test_a_label_called_like_a_hook_makes_no_hook() -> None:
    text = b"apiVersion: v1\nkind: X\nmetadata:\n  labels:\n    argocd.argoproj.io/hook: Sync\n  name: m\n"
    (resource,) = read_rendered(text, "", REDACT)
    assert not resource.hook


def test_the_values_of_secrets_become_digests_that_tell_equal_from_different() -> None:
    def read(value: str) -> bytes:
        manifest = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "stringData": {"k": value}}
        (resource,) = read_plain("s.yaml", json.dumps(manifest).encode(), REDACT)
        return resource.text

    assert read("one") == read("one") != read("two")
    assert b"one" not in read("one")


def test_a_rendered_manifest_that_nobody_could_read_later_is_refused_at_once() -> None:
    text = b"apiVersion: v1\nkind: X\nmetadata:\n  name: m\nspec:\n" + b"- a\n" * MAX_WRITTEN_NODES
    with pytest.raises(MalformedYaml, match="rendered output holds more than"):
        read_rendered(text, "", REDACT)
