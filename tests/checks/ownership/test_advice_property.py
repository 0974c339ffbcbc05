"""Whatever is advised, in an edit or in a sentence: followed to the letter it costs nothing its last owner."""

from __future__ import annotations

import json
import re
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from checks.planning.ownership.plan import fitting
from gitops.files.tree import MODE_FILE, MODE_SYMLINK, Entry, Tree, blob_oid
from tests.checks.ownership.following import advised, followed, harmless, snapshot_of
from tests.scenarios import URL

DIRECTORIES = ("x", "x/y", "x/y/z", "w")
NAMES = ("a.yaml", "b.yaml", "c.yml")
# Two of the same kind that differ, what has no namespace, what is guarded, and what Argo CD does not track.
MANIFESTS: tuple[dict[str, Any], ...] = (
    {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "m"}},
    {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "m", "namespace": "shop"}},
    {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "n"}, "data": {"a": "1"}},
    {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "n"}, "data": {"a": "2"}},
    {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}},
    {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": "w.acme.io"}},
)
# What following a sentence would do without a step behind it.
_IMPERATIVE = re.compile(r"\b(?:Remove|remove|Delete|delete|Take|Move|move)\b")

documents = st.sampled_from(MANIFESTS) | st.builds(
    lambda items: {"apiVersion": "v1", "kind": "List", "items": items},
    st.lists(st.sampled_from(MANIFESTS), min_size=1, max_size=3),
)


def written(values: list[dict[str, Any]], block: bool) -> bytes:
    """JSON, or YAML in blocks; both are read as YAML."""
    if not block:
        return "---\n".join(json.dumps(value) + "\n" for value in values).encode()
    return "---\n".join(f"# {value['kind']}\n{_block(value, 0)}" for value in values).encode()


def _block(value: dict[str, Any], indent: int) -> str:
    lines = []
    for key, inner in value.items():
        if isinstance(inner, dict):
            lines.append(f"{' ' * indent}{key}:\n{_block(inner, indent + 2)}")
        elif isinstance(inner, list):
            items = "".join(f"{' ' * indent}- {json.dumps(item)}\n" for item in inner)
            lines.append(f"{' ' * indent}{key}:\n{items}")
        else:
            lines.append(f"{' ' * indent}{key}: {json.dumps(inner)}\n")
    return "".join(lines)


@st.composite
def applications(draw: st.DrawFn, name: str) -> dict[str, Any]:
    source: dict[str, Any] = {"repoURL": URL, "path": draw(st.sampled_from(DIRECTORIES))}
    directory: dict[str, Any] = {}
    if draw(st.booleans()):
        directory["recurse"] = True
    exclude = draw(st.sampled_from(("", "", "c.yml", "{a.yaml,y/a.yaml}", "y/*")))
    if exclude:
        directory["exclude"] = exclude
    if directory:
        source["directory"] = directory
    spec: dict[str, Any] = {"destination": {"namespace": draw(st.sampled_from(("shop", "shop", "web")))}}
    spec |= {"sources": [source]} if draw(st.booleans()) else {"source": source}
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Application",
        "metadata": {"name": name, "namespace": "argocd"},
        "spec": spec,
    }


@st.composite
def repositories(draw: st.DrawFn) -> Tree:
    """Plain directories that Applications share, nest and link to one another, sometimes below a parent."""
    files: dict[str, tuple[int, bytes]] = {}
    paths = [f"{directory}/{name}" for directory in DIRECTORIES for name in NAMES]
    for path in draw(st.lists(st.sampled_from(paths), min_size=1, max_size=5, unique=True)):
        values = draw(st.lists(documents, min_size=1, max_size=3))
        files[path] = (MODE_FILE, written(values, draw(st.booleans())))
    for path in draw(st.lists(st.sampled_from(paths), max_size=2, unique=True)):
        if path not in files:
            target = draw(st.sampled_from(sorted(files)))
            files[path] = (MODE_SYMLINK, ("../" * path.count("/") + target).encode())
    declared = [draw(applications(name)) for name in "abc"[: draw(st.integers(2, 3))]]
    if draw(st.booleans()):
        for one in declared:
            files[f"argocd/{one['metadata']['name']}.yaml"] = (MODE_FILE, written([one], draw(st.booleans())))
    else:
        files["argocd/all.yaml"] = (MODE_FILE, written(declared, draw(st.booleans())))
    if draw(st.booleans()):
        parent = {"source": {"repoURL": URL, "path": "argocd"}, "destination": {"namespace": "argocd"}}
        root = {**declared[0], "metadata": {"name": "root", "namespace": "argocd"}, "spec": parent}
        files["root.yaml"] = (MODE_FILE, written([root], True))
    entries = {path: Entry(mode, blob_oid(data), len(data)) for path, (mode, data) in files.items()}
    return Tree(entries, lambda path, _entry: files[path][1])


@settings(max_examples=120)
@given(repositories())
def test_advice_followed_to_the_letter_costs_nothing_its_last_owner(tree: Tree) -> None:
    before = snapshot_of(tree)
    planned = advised(before)
    for finding in planned.findings:
        if not finding.steps:
            assert not _IMPERATIVE.search(finding.topic.advice), finding.topic.advice
            assert finding.fix is None
            continue
        harmless(before, snapshot_of(followed(tree, finding.steps)), finding.steps)
    for plan in planned.plans:
        assert plan.proof.rows
        assert not any(" 0 of 0" in f" {row.detail}" for row in plan.proof.rows)
        harmless(before, snapshot_of(followed(tree, plan.steps)), plan.steps)
    together, _later = fitting(tree, planned.plans)
    steps = [step for plan in together for step in plan.steps]
    harmless(before, snapshot_of(followed(tree, steps)), steps)
