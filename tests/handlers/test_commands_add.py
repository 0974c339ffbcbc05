"""`/argofix add`: what people ask for, and what becomes of it."""

from __future__ import annotations

from tests.checks.argocd.stage import workload
from tests.checks.planning.additions.test_additions import TWO, repository
from tests.github import SimulatedGitHub, User
from tests.handlers.asking import asked_on_issue
from tests.handlers.conftest import Bot, body_of, by_the_app


async def test_it_opens_what_was_asked_for_once_and_tells_what_there_is(
    github: SimulatedGitHub, bot_: Bot, alice: User
) -> None:
    files: dict[str, bytes] = {
        path: text.encode() for path, text in repository(workload("argocd-server", spec=TWO)).items()
    }
    repo = github.repository("acme/platform", dict(files))
    github.collaborator(repo, alice, "write")
    github.install(repo)
    await bot_.idle()
    _, (said,) = await asked_on_issue(github, bot_, repo, alice, "/argofix add spread")
    (pull,) = by_the_app(github, repo)
    assert f"#{pull.number}: Spread 1 workload of Argo CD over nodes." in said
    assert "only what was asked for changes" in body_of(pull)
    assert b"ScheduleAnyway" in (repo.file("argocd/kustomization.yaml", "argofix/add/spread") or b"")
    await asked_on_issue(github, bot_, repo, alice, "/argofix add spread")
    assert len(by_the_app(github, repo)) == 1
    _, (said,) = await asked_on_issue(github, bot_, repo, alice, "/argofix add probes")
    assert "There is no item `probes`" in said and "`monitoring`" in said
    _, (said,) = await asked_on_issue(github, bot_, repo, alice, "/argofix add monitoring")
    assert "cannot be added: no Prometheus" in said
