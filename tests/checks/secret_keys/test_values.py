"""No value of a Secret leaves through any exit: findings, formats, check runs, the cache on disk."""

from __future__ import annotations

import base64
import logging
from pathlib import Path

import pytest

from bot.formats.github import check_run
from bot.formats.reports import html, json, sarif, text
from bot.rendering.driver import Engine
from checks.policy.file import Policy
from tests.checks.secret_keys.stage import APP, CHECK, cluster, deployment, judged
from tests.scenarios import application, documents, kustomization, manifest

MARK = "m4rked-v4lue"
ENCODED = base64.b64encode(MARK.encode()).decode()
LAST_APPLIED = {"kubectl.kubernetes.io/last-applied-configuration": f'{{"stringData": {{"uri": "{MARK}"}}}}'}

FILES = {
    "apps.yaml": documents(application("a", "a"), application("b", "b"), application("c", "c")),
    "a/web.yaml": deployment(("plain", "url"), ("generated", "url"), ("gone", MARK[:4] + "key"), namespace=""),
    "a/kustomization.yaml": kustomization(
        "web.yaml",
        "plain.yaml",
        extra=f"secretGenerator:\n  - name: generated\n    literals: [uri={MARK}]\nnamespace: shop\n",
    ),
    "a/plain.yaml": manifest(
        "Secret",
        "plain",
        "shop",
        metadata={"annotations": LAST_APPLIED},
        stringData={"uri": MARK},
        data={"a": ENCODED},
    ),
    # Two owners whose copies differ in a value: what is said about that must not show it either.
    "b/s.yaml": manifest("Secret", "twice", "shop", stringData={"uri": MARK}),
    "c/s.yaml": manifest("Secret", "twice", "shop", stringData={"uri": MARK + "2"}),
}


def _files(directory: Path) -> list[str]:
    return [path.read_bytes().decode("latin-1") for path in sorted(directory.rglob("*")) if path.is_file()]


async def test_no_exit_shows_a_value(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    engine = await Engine.start(tmp_path)
    try:
        before = APP | {"a/web.yaml": deployment()}
        evaluation = await judged(
            engine, FILES, base=before, live=cluster({"gone": ["x"], "plain": ["uri"]}), only=frozenset()
        )
    finally:
        await engine.close()
    rules = {finding.rule for finding in evaluation.findings}
    assert {"secret-key-missing", "duplicate-owner"} <= rules
    exits = [
        repr(evaluation.findings),
        repr([s.parts for s in evaluation.snapshot.states]),
        text.render(evaluation, colour=False),
        json.render(evaluation, "0" * 40),
        sarif.render(evaluation, "0" * 40),
        html.render(evaluation, "0" * 40),
        caplog.text,
        *(repr(check_run.completed(evaluation, r, Policy(), lambda span: str(span))) for r in evaluation.reports),
    ]
    exits += _files(tmp_path)
    for out in exits:
        assert MARK not in out
        assert ENCODED not in out
    assert "uri" in exits[0]  # the names of keys are shown


async def test_the_lines_to_paste_are_shown(engine: Engine) -> None:
    files = APP | {"a/web.yaml": deployment(("db", "url"))}
    evaluation = await judged(engine, files, live=cluster({"db": []}))
    line = evaluation.findings[0].topic.commands
    assert line.startswith("kubectl patch secret db -n shop")
    assert '{"op": "test", "path": "/data", "value": null}, {"op": "add", "path": "/data", "value": {}}' in line
    report = check_run.completed(evaluation, evaluation.report(CHECK), Policy(), lambda span: str(span))
    assert f"```\n{line}\n```" in report.summary
    assert report.annotations[0].raw_details == line
    assert line in text.render(evaluation, colour=False)
    assert "kubectl patch secret db -n shop" in html.render(evaluation, None)
