"""`ignore` entries that are about nothing are told, where they stand."""

from __future__ import annotations

import json

from bot.formats.github import check_run
from bot.formats.reports import json as json_format
from bot.formats.reports import text
from bot.rendering.driver import Engine
from checks.policy.file import parse_policy
from tests.scenarios import Files, application, config_map, documents, evaluated, kustomization

FILES: Files = {
    "apps.yaml": documents(application("a", "a"), application("b", "b")),
    "a/kustomization.yaml": kustomization("x.yaml", "a.yaml"),
    "a/x.yaml": config_map("x"),
    "a/a.yaml": config_map("a"),
    "b/kustomization.yaml": kustomization("x.yaml", "b.yaml"),
    "b/x.yaml": config_map("x"),
    "b/b.yaml": config_map("b"),
}
POLICY = """\
ignore:
  - {rule: duplicate-owner, resource: ConfigMap/shop/x, reason: known}
  - {rule: duplicate-owner, resource: "ConfigMap/shop/`gone`", reason: old}
  - {rule: no-such-rule, resource: "*", reason: a slip}
  - {rule: "*", resource: Secret/x, reason: old}
  - {rule: render-failed, resource: a, reason: old}
"""


async def test_they_are_told_once_with_the_check_of_their_rule(engine: Engine) -> None:
    evaluation = await evaluated(engine, FILES, policy=POLICY)
    lines = {report.name: [entry.line for entry in report.unused] for report in evaluation.reports}
    assert sorted(line for told in lines.values() for line in told) == [3, 4, 5, 6]
    assert 3 in lines["argofix / ownership"] and 6 in lines["argofix / render"]
    report = evaluation.report("argofix / ownership")
    summary = check_run.completed(evaluation, report, parse_policy(POLICY.encode()), lambda span: "x").summary
    assert "that hide nothing any more:\n\n- line 3: ``duplicate-owner ConfigMap/shop/`gone` ``" in summary.replace(
        "`` duplicate", "``duplicate"
    )
    assert "1 finding is ignored by" in summary
    printed = text.render(evaluation, colour=False)
    assert "notice  .github/argofix.yaml:6  this `ignore` entry hides nothing: render-failed a" in printed
    told = json.loads(json_format.render(evaluation, None))["unused_ignores"]
    assert sorted(entry["line"] for entry in told) == [3, 4, 5, 6]
