"""What clusters did not show, and what to paste, in every format."""

from __future__ import annotations

import html as page
import json
from dataclasses import replace

import pytest

from bot.formats.github import check_run
from bot.formats.reports import html, sarif, text
from bot.formats.reports import json as json_format
from bot.rendering.driver import Engine
from checks.judgement.evaluation import Evaluation
from checks.policy.file import Policy
from gitops.applications.live import Live, LiveApplication
from tests.checks.secret_keys.stage import APP, CHECK, cluster, deployment, judged

UNSEEN = "cluster `in-cluster` could not be seen in full: Secrets in `web`: forbidden"
COMMAND = "kubectl patch secret db -n shop --type=json"


@pytest.fixture
async def evaluation(engine: Engine) -> Evaluation:
    files = {**APP, "a/web.yaml": deployment(("db", "url"))}
    return await judged(engine, files, live=cluster({"db": ["uri"]}, problems=(UNSEEN,)))


def test_it_is_said_once_in_what_people_read(evaluation: Evaluation) -> None:
    printed = text.render(evaluation, colour=False, width=120)
    assert f"\n  {UNSEEN}\n" in printed
    shown = check_run.completed(evaluation, evaluation.report(CHECK), Policy(), lambda span: f"/{span.path}")
    assert UNSEEN in (shown.summary or "")
    whole = page.unescape(html.render(evaluation, None))
    assert UNSEEN.replace("`in-cluster`", "<code>in-cluster</code>").replace("`web`", "<code>web</code>") in whole
    for each in (printed, shown.summary or "", whole):
        assert each.count("could not be seen in full") == 1
        assert COMMAND in each


def test_it_is_in_what_scripts_read(evaluation: Evaluation) -> None:
    data = json.loads(json_format.render(evaluation, None))
    assert data["gaps"] == [UNSEEN]
    assert [finding["commands"].startswith(COMMAND) for finding in data["findings"]] == [True]
    run = json.loads(sarif.render(evaluation, None))["runs"][0]
    assert [note["message"]["text"] for note in run["invocations"][0]["toolExecutionNotifications"]] == [UNSEEN]
    assert [result["properties"]["commands"].startswith(COMMAND) for result in run["results"]] == [True]


async def test_what_could_not_be_seen_is_neutral_unless_something_fails(
    engine: Engine, evaluation: Evaluation
) -> None:
    assert evaluation.report(CHECK).conclusion == "failure"
    files = {**APP, "a/web.yaml": deployment(("db", "uri"))}
    provided = await judged(engine, files, live=cluster({"db": ["uri"]}, problems=(UNSEEN,)))
    assert provided.report(CHECK).conclusion == "neutral"


@pytest.mark.parametrize(
    ("names", "complete", "conclusion"),
    [(["a"], True, "failure"), (["other"], True, "neutral"), ([], True, "neutral"), (["other"], False, "failure")],
)
async def test_the_cluster_of_somebody_else_is_told_and_not_believed(
    engine: Engine, names: list[str], complete: bool, conclusion: str
) -> None:
    """It lacks the Secret, but so would any cluster that these Applications never saw."""
    files = {**APP, "a/web.yaml": deployment(("db", "url"))}
    (seen,) = cluster(complete=["shop"]).clusters.values()
    applications = {("argocd", name): LiveApplication() for name in names}
    seen = replace(seen, applications=applications, all_applications=complete)
    evaluation = await judged(engine, files, live=Live({"in-cluster": seen}))
    assert evaluation.report(CHECK).conclusion == conclusion
    said = [gap for gap in evaluation.gaps if gap.startswith("none of these Applications are in the Argo CD")]
    assert len(said) == (conclusion == "neutral")
