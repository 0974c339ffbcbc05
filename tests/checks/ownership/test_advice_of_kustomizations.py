"""The same as for plain directories, on the real kustomize: advice followed to the letter does no harm."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.rendering.driver import Engine
from checks.judgement.evaluation import Evaluation
from checks.planning.ownership.plan import fitting
from gitops.files.tree import Tree
from tests.checks.ownership.following import followed, harmless
from tests.scenarios import application, config_map, documents, evaluated_tree, manifest, tree

NAMESPACE = manifest("Namespace", "shop")
SHARED = {
    "cm.yaml": config_map("m"),
    "ns.yaml": NAMESPACE,
    "both.yaml": documents(config_map("m"), config_map("n")),
    "list.yaml": manifest(
        "List", "l", items=[json.loads(config_map("n")), json.loads(manifest("Namespace", "shop"))]
    ),
}
COMBINATIONS = ("cm.yaml", "ns.yaml", "cm.yaml ns.yaml", "both.yaml", "list.yaml", "list.yaml cm.yaml")
BASES = ("base", "other")
PATCHES: tuple[dict[str, Any], ...] = (
    {"patch": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: m, namespace: shop}\ndata: {x: y}\n"},
    {"target": {"kind": "Namespace"}, "patch": '[{"op": "add", "path": "/metadata/labels", "value": {"a": "b"}}]'},
)
GENERATOR = [{"name": "g", "literals": ["a=b"], "options": {"disableNameSuffixHash": True}}]


class _Workshop:
    """One engine and one loop for all examples."""

    def __init__(self, directory: Path) -> None:
        self._runner = asyncio.Runner()
        self.engine = self._runner.run(Engine.start(directory))

    def look(self, head: Tree) -> Evaluation:
        return self._runner.run(evaluated_tree(self.engine, head))

    def close(self) -> None:
        self._runner.run(self.engine.close())
        self._runner.close()


@pytest.fixture(scope="module")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[_Workshop]:
    found = _Workshop(tmp_path_factory.mktemp("workshop"))
    yield found
    found.close()


@st.composite
def kustomizations(draw: st.DrawFn, bases: tuple[str, ...]) -> str:
    base = draw(st.sampled_from((None, *bases)))
    # What comes in twice does not build; that is for some of them only.
    resources = draw(st.sampled_from(COMBINATIONS)).split() if base is None or draw(st.integers(0, 3)) == 0 else []
    resources += [f"../{base}"] if base is not None else []
    fields: dict[str, Any] = {"resources": [*resources, *(["own.yaml"] if draw(st.integers(0, 3)) else [])]}
    if draw(st.booleans()) and draw(st.booleans()):
        fields["patches"] = [draw(st.sampled_from(PATCHES))]
    if draw(st.booleans()) and draw(st.booleans()):
        fields["configMapGenerator"] = GENERATOR
    if draw(st.booleans()):
        fields["namespace"] = draw(st.sampled_from(("shop", "web")))
    if draw(st.booleans()):
        return json.dumps(fields) + "\n"
    return "".join(
        f"{key}:\n" + "".join(f"- {json.dumps(item)}\n" for item in value)
        if isinstance(value, list) and value
        else f"{key}: {json.dumps(value)}\n"
        for key, value in fields.items()
    )


@st.composite
def repositories(draw: st.DrawFn) -> dict[str, str]:
    """Overlays over bases that some share, with copies, patches and generators."""
    files = {"apps.yaml": documents(*(application(name, draw(st.sampled_from((name, name, "a")))) for name in "abc"))}
    for directory in (*"abc", *BASES):
        for name, content in {**SHARED, "own.yaml": config_map(f"own-{directory}")}.items():
            files[f"{directory}/{name}"] = content
        files[f"{directory}/kustomization.yaml"] = draw(kustomizations(BASES if directory in "abc" else ()))
    return files


@settings(max_examples=25)
@given(files=repositories())
def test_advice_followed_to_the_letter_costs_nothing_its_last_owner(
    workshop: _Workshop, files: dict[str, str]
) -> None:
    head = tree(files)
    evaluation = workshop.look(head)
    before = evaluation.snapshot
    seen: set[Any] = set()
    for finding in evaluation.findings:
        if finding.steps and finding.steps not in seen:
            seen.add(finding.steps)
            after = workshop.look(followed(head, finding.steps)).snapshot
            harmless(before, after, finding.steps, mended=finding.rule == "duplicate-entry")
    together, _later = fitting(head, evaluation.plans)
    steps = [step for plan in together for step in plan.steps]
    if steps:
        mended = any(plan.keeper == plan.loser for plan in together)
        harmless(before, workshop.look(followed(head, steps)).snapshot, steps, mended=mended)


def test_a_mended_application_takes_nothing_over_from_others(workshop: _Workshop) -> None:
    """`b` brings the Namespace twice and does not render, so `c` alone has it, with a label of its own. Taken out of
    the base that both share, it would be deleted before `b` has it."""
    namespace = '{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}}\n'
    settings = '{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "n", "namespace": "shop"}}'
    add = json.dumps([{"op": "add", "path": "/metadata/labels", "value": {"a": "b"}}])
    label = json.dumps({"target": {"kind": "Namespace"}, "patch": add})
    head = tree(
        {
            "apps.yaml": documents(application("b", "b"), application("c", "c")),
            "b/kustomization.yaml": "resources: [list.yaml, ../other]\n",
            "b/list.yaml": f"apiVersion: v1\nkind: List\nmetadata: {{name: l}}\nitems:\n- {settings}\n- {namespace}",
            "c/kustomization.yaml": f"resources: [../other]\npatches: [{label}]\n",
            "other/kustomization.yaml": "resources: [ns.yaml, own.yaml]\n",
            "other/own.yaml": config_map("own-other"),
            "other/ns.yaml": namespace,
        }
    )
    evaluation = workshop.look(head)
    (plan,) = evaluation.plans
    assert {edit.span.path for edit in plan.edits} == {"b/list.yaml"}
    harmless(evaluation.snapshot, workshop.look(followed(head, plan.steps)).snapshot, plan.steps, mended=True)
