"""Schema 1 of `--format json`."""

from __future__ import annotations

import json
from typing import Any

import jsonschema_rs
import pytest

from bot.formats.reports import json as json_format
from bot.rendering.driver import Engine
from checks.judgement.evaluation import Evaluation
from tests.bot.formats.samples import EVIL
from tests.scenarios import application, config_map, evaluated


def _object(required: dict[str, Any], **optional: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": required | optional,
        "required": list(required),
        "additionalProperties": False,
    }


def _or_null(schema: dict[str, Any]) -> dict[str, Any]:
    return {"anyOf": [schema, {"type": "null"}]}


_STRING = {"type": "string"}
_LINE = {"type": "integer", "minimum": 1}
_PATH = {"type": "string", "minLength": 1, "not": {"pattern": "^/"}}
_EDIT = _object({"path": _PATH, "line": _LINE, "end_line": _LINE, "replacement": _STRING})
_FIX = _object(
    {
        "title": _STRING,
        "applicability": {"enum": ["safe", "unsafe", "display"]},
        "edits": {"type": "array", "items": _EDIT, "minItems": 1},
    }
)
_APPLICATION = _object(
    {
        "name": _STRING,
        "namespace": _STRING,
        "path": _STRING,
        "destination": _STRING,
        "root": _STRING,
        "status": {"enum": ["rendered", "failed", "not-analysed"]},
        "reason": _or_null({"type": "string", "minLength": 1}),
        "resources": {"type": "integer", "minimum": 0},
    }
)
_NOT_DEPLOYED = _object(
    {
        "name": _STRING,
        "namespace": _STRING,
        "kind": {"enum": ["Application", "ApplicationSet"]},
        "path": _PATH,
        "line": _LINE,
        "cause": {"type": "string", "minLength": 1},
        "reason": {"type": "string", "minLength": 1},
    }
)
_OUTSIDE = _object(
    {
        "kind": {"enum": ["repository", "chart", "file"]},
        **dict.fromkeys(("url", "name", "revision"), _STRING),
        **dict.fromkeys(("version", "missing"), _or_null(_STRING)),
    }
)
_FINDING = _object(
    {
        "rule": {"type": "string", "pattern": "^[a-z]+(-[a-z]+)*$"},
        "severity": {"enum": ["error", "warning", "notice"]},
        "message": {"type": "string", "minLength": 1, "not": {"pattern": "\n"}},
        "path": _PATH,
        "line": _LINE,
        "end_line": _LINE,
        "resource": _or_null(_object(dict.fromkeys(("group", "kind", "namespace", "name"), _STRING))),
        "applications": {"type": "array", "items": _STRING},
        "introduced": _or_null({"type": "boolean"}),
        "related": {"type": "array", "items": _object({"path": _PATH, "line": _LINE, "message": _STRING})},
        "fix": _or_null(_FIX),
    },
    topic=_STRING,
    suppressed=_or_null(_STRING),
    commands=_or_null({"type": "string", "minLength": 1}),
)
CONTRACT = jsonschema_rs.validator_for(
    _object(
        {
            "schema": {"const": 1},
            "commit": _or_null({"type": "string", "pattern": "^[0-9a-f]{40}$"}),
            "applications": {"type": "array", "items": _APPLICATION},
            "findings": {"type": "array", "items": _FINDING},
        },
        gaps={"type": "array", "items": _STRING},
        not_deployed={"type": "array", "items": _NOT_DEPLOYED},
        outside={"type": "array", "items": _OUTSIDE},
        unused_ignores={
            "type": "array",
            "items": _object({"path": _PATH, "line": _LINE, "rule": _STRING, "resource": _STRING, "reason": _STRING}),
        },
    )
)


def shown(evaluation: Evaluation) -> dict[str, Any]:
    data: dict[str, Any] = json.loads(json_format.render(evaluation, None))
    return data


@pytest.mark.parametrize("name", ["story", "known", "hostile", "secretive", "patchy"])
def test_it_is_the_contracts(name: str, request: pytest.FixtureRequest) -> None:
    for commit in ("f" * 40, None):
        CONTRACT.validate(json.loads(json_format.render(request.getfixturevalue(name), commit)))


def test_there_is_one_finding_for_each_resource(story: Evaluation) -> None:
    owned = [f for f in shown(story)["findings"] if f["rule"] == "duplicate-owner"]
    assert len(owned) == len({tuple(f["resource"].values()) for f in owned}) == 4
    assert {f["introduced"] for f in owned} == {True}


def test_every_application_is_accounted_for(patchy: Evaluation) -> None:
    applications = {a["name"]: a for a in shown(patchy)["applications"]}
    status = {name: (a["status"], a["resources"], a["reason"] is None) for name, a in applications.items()}
    assert status == {
        "good": ("rendered", 1, True),
        "in-cluster": ("rendered", 1, True),  # of `clusters`, which cannot be expanded whole
        "bad": ("failed", 0, False),
        "chart": ("not-analysed", 0, False),
        "mixed": ("not-analysed", 1, False),  # in part: the resources of its other source are known
        "clusters": ("not-analysed", 0, False),
    }
    assert applications["bad"]["reason"].startswith("bad/kustomization.yaml:")


def test_what_is_ignored_is_there_with_its_reason(known: Evaluation) -> None:
    reasons = {f["resource"]["kind"]: f["suppressed"] for f in shown(known)["findings"]}
    assert reasons["ServiceAccount"] == "it moves on Monday"
    assert reasons["Namespace"] is None


def test_hostile_names_are_data(hostile: Evaluation) -> None:
    assert shown(hostile)["findings"][0]["resource"]["name"] == EVIL


async def test_names_that_are_no_text_come_out_as_valid_utf_8(engine: Engine) -> None:
    path = b"a/\xff.yaml".decode(errors="surrogateescape")
    files = {"apps.yaml": application("a", "a"), path: config_map("x") + "---\n" + config_map("x")}
    assert "\ufffd" in json_format.render(await evaluated(engine, files), None).encode().decode()
