"""`/argofix add`: what people ask for, and what becomes of it."""

from __future__ import annotations

from tests.checks.argocd.stage import workload
from tests.checks.planning.additions.stage import TWO, repository
from tests.checks.planning.additions.test_redis import SERVER, redis, service
from tests.github import SimulatedGitHub, User
from tests.handlers.asking import asked_on_issue
from tests.handlers.conftest import Bot, body_of, by_the_app


async def test_it_opens_what_was_asked_for_once_and_tells_what_there_is(
    github: SimulatedGitHub, bot_: Bot, alice: User
) -> None:
    files: dict[str, bytes] = {path: text.encode() for path, text in repository(SERVER, redis(), service()).items()}
    repo = github.repository("acme/platform", dict(files))
    github.collaborator(repo, alice, "write")
    github.install(repo)
    await bot_.idle()
    _, (said,) = await asked_on_issue(github, bot_, repo, alice, "/argofix add redis-persistence")
    (pull,) = by_the_app(github, repo)
    assert f"#{pull.number}: Keep what argocd-redis holds in a volume." in said
    # What disturbs something is a draft that says so first, and what is left to do.
    assert pull.draft and body_of(pull).index("[!WARNING]") < body_of(pull).index("becomes a StatefulSet")
    assert "only what was asked for changes" in body_of(pull)
    assert "**After merging:** once the StatefulSet is ready" in body_of(pull)
    assert b"value: StatefulSet" in (repo.file("argocd/kustomization.yaml", "argofix/add/redis-persistence") or b"")
    await asked_on_issue(github, bot_, repo, alice, "/argofix add redis-persistence")
    assert len(by_the_app(github, repo)) == 1
    _, (said,) = await asked_on_issue(github, bot_, repo, alice, "/argofix add")
    assert "`monitoring`: ServiceMonitors and alerts" in said and said.count(": no Prometheus") == 1
    _, (said,) = await asked_on_issue(github, bot_, repo, alice, "/argofix add probe")
    assert "There is no item `probe`" in said and "`monitoring`" in said
    _, (said,) = await asked_on_issue(github, bot_, repo, alice, "/argofix add monitoring")
    assert "cannot be added: no Prometheus" in said


async def test_what_is_open_keeps_up_with_the_default_branch(github: SimulatedGitHub, bot_: Bot, alice: User) -> None:
    files: dict[str, bytes] = {
        path: text.encode() for path, text in repository(workload("argocd-server", spec=TWO)).items()
    }
    repo = github.repository("acme/platform", dict(files))
    github.collaborator(repo, alice, "write")
    github.install(repo)
    await asked_on_issue(github, bot_, repo, alice, "/argofix add spread")
    (pull,) = by_the_app(github, repo)
    name, head = "argocd/kustomization.yaml", pull.head_sha
    repo.push("main", {"NOTES.md": "x\n"}, author=alice)
    await bot_.idle()
    assert pull.head_sha == head  # the same edits need no new commit
    longer = files[name] + b"commonAnnotations: {a: b}\n"
    repo.push("main", {name: longer}, author=alice)
    await bot_.idle()
    assert (repo.file(name, "argofix/add/spread") or b"").startswith(longer) and pull.open
    # What somebody closed stays closed until it is asked for; what was done by hand is closed with a word why.
    github.close(pull, alice)
    repo.push("main", {name: files[name]}, author=alice)
    await bot_.idle()
    assert [one.open for one in by_the_app(github, repo)] == [False]
    await asked_on_issue(github, bot_, repo, alice, "/argofix add spread")
    (again,) = [one for one in by_the_app(github, repo) if one.open]
    repo.push("main", {name: repo.file(name, "argofix/add/spread")}, author=alice)
    await bot_.idle()
    assert (
        not again.open
        and "`main` has moved on. `spread` cannot be added: each program" in again.issue.comments[-1].body
    )
