"""What people and programs read."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser

import pytest
from sarif_pydantic import Sarif

from bot.engine import Engine
from bot.evaluation import Evaluation
from bot.formats import html, sarif, text
from bot.formats import json as json_format
from tests.checks.test_duplicate_owner import STORY
from tests.scenarios import application, documents, evaluated, manifest

EVIL = "x`@octocat<script>alert(1)</script>\x1b[31m"


@pytest.fixture
async def story(engine: Engine) -> Evaluation:
    return await evaluated(engine, STORY, base={**STORY, "api/kustomization.yaml": "resources: [workload.yaml]\n"})


@pytest.fixture
async def hostile(engine: Engine) -> Evaluation:
    files = {
        "apps.yaml": documents(application(EVIL, "a"), application("b", "b")),
        "a/m.yaml": manifest("ConfigMap", EVIL, "shop"),
        "b/m.yaml": manifest("ConfigMap", EVIL, "shop"),
    }
    return await evaluated(engine, files)


def test_sarif_fits_its_schema_and_loses_nothing_in_it(story: Evaluation) -> None:
    log = json.loads(sarif.render(story, "f" * 40))
    again = Sarif.model_validate(log).model_dump_json(by_alias=True, exclude_none=True)
    assert json.loads(again) == log
    results = log["runs"][0]["results"]
    assert {r["baselineState"] for r in results} == {"new"}
    namespace = next(r for r in results if "Namespace shop is owned" in r["message"]["text"])
    assert namespace["locations"][0]["physicalLocation"]["region"] == {"startLine": 3, "endLine": 3}
    deleted = namespace["fixes"][0]["artifactChanges"][0]["replacements"][0]["deletedRegion"]
    assert deleted == {"startLine": 3, "startColumn": 1, "endLine": 4, "endColumn": 1}
    rules = [rule["id"] for rule in log["runs"][0]["tool"]["driver"]["rules"]]
    assert all(rules[r["ruleIndex"]] == r["ruleId"] for r in results)
    prints = [r["partialFingerprints"]["argofixIdentity/v1"] for r in results]
    assert len(set(prints)) == len(prints)


def test_text_is_grouped_by_file_and_coloured_on_demand(story: Evaluation) -> None:
    plain = text.render(story, colour=False, width=80)
    assert "\x1b" not in plain
    assert plain.index("api/kustomization.yaml\n") < plain.index("both own Namespace shop")
    assert plain.count("both own 2 NetworkPolicies") == 1  # one message for both
    assert plain.rstrip().splitlines()[-1].endswith("4 errors new in this change")
    assert all(line == line.rstrip() for line in plain.splitlines())
    assert "\x1b[" in text.render(story, colour=True)


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.loads: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.loads += [value or "" for name, value in attrs if name in ("src", "href")]


def test_the_page_is_self_contained_and_shows_the_conflict(story: Evaluation) -> None:
    page = html.render(story, None)
    parser = _Page()
    parser.feed(page)
    assert "script" not in parser.tags
    assert parser.loads == []
    assert "url(" not in page
    assert "@import" not in page
    assert re.search(r'class="box conflict"[^>]*>4<', page)  # four shared resources where the two meet
    assert "both own 2 NetworkPolicies" in page


def test_hostile_names_stay_text(hostile: Evaluation) -> None:
    page = html.render(hostile, None)
    assert "<script>" not in page
    assert "&lt;script&gt;" in page
    assert "\x1b" not in text.render(hostile, colour=False)
    assert json.loads(json_format.render(hostile, None))["findings"][0]["resource"]["name"] == EVIL
