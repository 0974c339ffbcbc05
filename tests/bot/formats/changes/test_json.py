"""`argofix diff --format json` is what its schema says, and says what it is about."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from bot.formats.changes.json import data_of
from checks.changes.firewall import firewall_of
from checks.changes.remedies import remedies_of
from checks.policy.file import Policy
from tests.checks.changes.stage import changes
from tests.checks.changes.test_accidents import ACCIDENTS, Accident
from tests.gitops.facts.changes.stage import ANALYSIS, one_app
from tests.gitops.facts.deletions.stage import obj
from tests.scenarios import Files

SCHEMA = json.loads((Path(__file__).parents[4] / "docs/changes.schema.json").read_text(encoding="utf-8"))


def printed(before: Files, after: Files) -> dict[str, Any]:
    found = changes(before, after)
    search = remedies_of(found, firewall_of(found, Policy()), ANALYSIS, Policy())
    with pytest.raises(StopIteration) as end:
        next(search)
    data: dict[str, Any] = json.loads(json.dumps(data_of(found, Policy(), None, "0" * 40, end.value.value)))
    return data


@pytest.mark.parametrize("accident", ACCIDENTS.values(), ids=list(ACCIDENTS))
def test_it_fits_its_schema(accident: Accident) -> None:
    data = printed(accident.before, accident.after)
    errors = [str(error) for error in jsonschema_rs.validator_for(SCHEMA).iter_errors(data)]
    assert errors == []
    assert len({tuple(sorted((k, str(v)) for k, v in one.items())) for one in data["tell"]}) == len(data["tell"])


def test_the_schema_names_every_field() -> None:
    """Nothing is printed that nobody described."""
    accident = ACCIDENTS["an element is dropped from a list generator"]
    data = printed(accident.before, accident.after)
    assert set(data) == set(SCHEMA["properties"])
    known = {*SCHEMA["$defs"]["told"]["properties"], *SCHEMA["$defs"]["object"]["properties"]}
    assert {key for one in data["tell"] for key in one} == known


def test_a_secret_s_value_is_hidden_and_its_change_is_told() -> None:
    sides = [one_app(obj("Secret", "key", stringData={"password": value})) for value in ("one-x", "two-x")]
    (told,) = printed(*sides)["tell"]
    assert told["fields"] == [{"path": "stringData.password", "before": "(hidden)", "after": "(hidden)"}]


def test_a_secret_inside_another_manifest_is_hidden_in_the_fields_too() -> None:
    def sides(value: str) -> Files:
        inner = {"apiVersion": "v1", "kind": "Secret", "data": {"a": value}}
        return one_app(obj("Object", "o", "kubernetes.crossplane.io/v1alpha2", spec={"manifest": inner}))

    data = printed(sides("one-x"), sides("two-x"))
    assert data["tell"][0]["fields"][0]["path"] == "spec.manifest.data.a"
    assert "one-x" not in json.dumps(data)
    assert "two-x" not in json.dumps(data)


def test_a_text_of_several_lines_is_compared_line_by_line() -> None:
    before = "# a \nlevel: info\npassword: one-x\nlast: 1"
    sides = [
        one_app(obj("ConfigMap", "c", data={"app.yaml": text})) for text in (before, before.replace("one", "two"))
    ]
    (application,) = printed(*sides)["applications"]
    assert application["resources"][0]["diff"][1:] == [
        "   app.yaml: |-",
        "     # a ",
        "     level: info",
        "-    password: (hidden)",
        "+    password: (hidden, and another one now)",
        "     last: 1",
        " kind: ConfigMap",
        " metadata:",
    ]
