"""Charts are written in many ways: where a value decides a resource, it is told at the line that a person edits."""

from __future__ import annotations

import pytest

from checks.judgement.values import at_values
from checks.model import Field, Severity
from checks.ownership.duplicate_owner import RULE
from gitops.discovery.rounds import discover
from gitops.files.spans import Span
from gitops.files.tree import Tree
from tests.checks.judgement.inflated_shapes import INFLATED, KUSTOMIZED
from tests.checks.judgement.shapes import APPLICATION, SHAPES
from tests.rendered import ANALYSIS, EngineProcess, running

engine = pytest.fixture(scope="module", name="engine")(running)


def files_of(text: str) -> dict[str, str]:
    files: dict[str, str] = {}
    name = ""
    for line in text.splitlines(keepends=True):
        if line.startswith("-- "):
            name = line.split()[1]
            files[name] = ""
        else:
            files[name] += line
    return files


def place(engine: EngineProcess, files: dict[str, str], name: str, field: str = "/metadata/name") -> str:
    """Where a finding about a field of the ConfigMap `name` stands, as `FILE:LINE`."""
    snapshot = engine.run(discover(Tree.of({path: text.encode() for path, text in files.items()}), ANALYSIS))
    owned = [
        (state.application.key, resource)
        for state in snapshot.states
        for part in state.parts
        for resource in part.resources
        if (resource.id.kind, resource.id.name) == ("ConfigMap", name)
    ]
    assert owned, [(state.application.name, part) for state in snapshot.states for part in state.parts]
    (key, resource) = owned[0]
    span = Span(resource.generator or resource.path or "", max(resource.line, 1), max(resource.line, 1))
    field_of = Field(key, resource.id, field)
    finding = RULE.finding(span, "m", severity=Severity.ERROR, about=["a"], fields=[field_of])
    (told,) = engine.run(at_values(snapshot, ANALYSIS, [finding]))
    return f"{told.span.path}:{told.span.line}"


@pytest.mark.parametrize(("helm", "files", "name", "expected"), SHAPES.values(), ids=SHAPES)
def test_what_decides_is_told_at_the_line_that_a_person_edits(
    engine: EngineProcess, helm: str, files: str, name: str, expected: str
) -> None:
    assert place(engine, {**files_of(files), "a.yaml": APPLICATION + helm}, name) == expected


@pytest.mark.parametrize(("files", "name", "expected"), INFLATED.values(), ids=INFLATED)
def test_what_decides_in_a_chart_of_a_kustomization_is_told_there(
    engine: EngineProcess, files: str, name: str, expected: str
) -> None:
    assert place(engine, {**files_of(files), "a.yaml": KUSTOMIZED}, name) == expected
