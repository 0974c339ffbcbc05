"""Check runs, commits, pull requests, comments: what GitHub shows afterwards."""

import logging

import pytest

from bot.github import client
from bot.github.app import FIX, GitHubApp
from bot.github.client import GitHub
from bot.github.endpoints import checks, comments, contents, installations, pulls, repos
from bot.github.endpoints.contents import FileChange
from bot.github.errors import HeadMoved, NotFound, ServerFault, Unprocessable
from tests.github import Fault, File, Installation, Repository, SimulatedGitHub, faults

NAME = "octo/deploy"


@pytest.fixture
def api(app: GitHubApp, repo: Repository, installation: Installation) -> GitHub:
    return app.installation(installation.id, repo.id, FIX)


def note(line: int) -> checks.Annotation:
    return checks.Annotation(
        "apps/a.yaml", line, line, "warning", f"line {line}", "title", start_column=1, end_column=2
    )


async def test_a_check_run_with_many_annotations_is_complete_only_with_the_last(
    github: SimulatedGitHub, api: GitHub, repo: Repository
) -> None:
    head = repo.branch("main") or ""
    report = checks.Report(
        "2 findings",
        "s" * 70_000,
        "failure",
        annotations=[note(i + 1) for i in range(120)],
        actions=[checks.Action("Fix", "Open a pull request that fixes it", "fix")],
    )
    run = await checks.create(
        api, NAME, name="argofix / ownership", head_sha=head, report=report, now=1_800_000_000, app_id=github.app.id
    )
    assert (run.status, run.conclusion, run.app_id) == ("completed", "failure", github.app.id)
    shown = repo.checks(head)["argofix / ownership"]
    assert [a["start_line"] for a in shown.annotations] == list(range(1, 121))
    assert len((shown.summary or "").encode()) <= 65_535
    assert (shown.summary or "").endswith("shows everything.")
    assert [action["identifier"] for action in shown.actions] == ["fix"]
    states = [r.body["status"] for r in github.requests if r.operation and r.operation.startswith("checks/")]
    assert states == ["in_progress", "in_progress", "completed"]


async def test_a_check_run_is_found_again_and_updated(github: SimulatedGitHub, api: GitHub, repo: Repository) -> None:
    head = repo.branch("main") or ""
    made = await checks.create(
        api,
        NAME,
        name="argofix / render",
        head_sha=head,
        report=checks.Report("Rendering", "…"),
        now=0,
        app_id=github.app.id,
    )
    (found,) = await checks.for_ref(api, NAME, head, app_id=github.app.id, name="argofix / render")
    assert (found.id, found.status) == (made.id, "in_progress")
    github.faults.append(Fault(faults.server_error(502, acts=True), method="PATCH", path="/check-runs/"))
    done = await checks.update(api, NAME, made.id, report=checks.Report("Fine", "All rendered.", "success"), now=1)
    assert done.conclusion == "success"


@pytest.mark.parametrize("text", ["ä" * 40_000, "x" * 65_534 + "€", "\ud800" * 70_000, "short"])
def test_text_is_cut_between_characters(text: str) -> None:
    cut = checks.clip(text, 65_535)
    assert len(cut.encode()) <= 65_535
    assert cut == text or "cut here" in cut or "\ud800" in text


async def test_a_commit_changes_exactly_these_bytes_and_keeps_modes(api: GitHub, repo: Repository) -> None:
    parent = repo.push("main", {"run.sh": File(b"#!/bin/sh\n", "100755"), "bom.yaml": b"\xef\xbb\xbfa: 1\r\n"})
    made = await contents.commit(
        api,
        NAME,
        parent=parent,
        message="Remove what is doubled",
        changes={
            "run.sh": FileChange(b"#!/bin/sh\nexit\n", 0o100755),
            "bom.yaml": FileChange(b"\xef\xbb\xbfa: 2\r\n"),
            "latin.yaml": FileChange(b"caf\xe9\r\n"),
            "apps/a.yaml": FileChange(None),
        },
        key=b"k",
    )
    await contents.create_branch(api, NAME, "argofix/a#1", made)
    assert await contents.branch_head(api, NAME, "argofix/a#1") == made
    assert repo.file("run.sh", made) == b"#!/bin/sh\nexit\n"
    assert repo.file("bom.yaml", made) == b"\xef\xbb\xbfa: 2\r\n"
    assert repo.file("latin.yaml", made) == b"caf\xe9\r\n"
    assert repo.file("apps/a.yaml", made) is None
    assert repo.file("README.md", made) == b"hello\n"
    assert {e.path: e.mode for e in repo.git.entries(made, recursive=True)}["run.sh"] == "100755"
    assert repo.git.run("log", "-1", "--format=%an", made).strip() == b"argofix[bot]"


async def test_a_branch_moves_only_from_where_it_was(api: GitHub, repo: Repository) -> None:
    first = repo.branch("main") or ""
    mine = await contents.commit(api, NAME, parent=first, message="m", changes={"x": FileChange(b"x")}, key=b"k")
    second = repo.push("main", {"README.md": "moved\n"})
    with pytest.raises(HeadMoved):
        await contents.move_branch(api, NAME, "main", old=first, new=mine)
    with pytest.raises(HeadMoved):  # GitHub's own refusal of what is no fast-forward
        await contents.move_branch(api, NAME, "main", old=second, new=mine)
    assert repo.branch("main") == second
    await contents.create_branch(api, NAME, "argofix/x", mine)
    await contents.create_branch(api, NAME, "argofix/x", mine)  # again, as after a lost answer
    with pytest.raises(contents.BranchExists):
        await contents.create_branch(api, NAME, "argofix/x", second)
    await contents.move_branch(api, NAME, "argofix/x", old=mine, new=second, force=True)
    assert repo.branch("argofix/x") == second
    await contents.delete_branch(api, NAME, "argofix/x")
    await contents.delete_branch(api, NAME, "argofix/x")
    assert repo.branch("argofix/x") is None


async def test_a_name_that_json_cannot_carry_is_an_error_before_anything_is_sent(
    api: GitHub, repo: Repository
) -> None:
    with pytest.raises(Unprocessable, match="not UTF-8"):
        await contents.commit(
            api, NAME, parent=repo.branch("main") or "", message="m", changes={"b\udcff": FileChange(b"")}, key=b"k"
        )


async def test_pull_requests(github: SimulatedGitHub, api: GitHub, repo: Repository) -> None:
    repo.push("argofix/x", {"x": "x\n"})
    made = await pulls.create(api, NAME, head="argofix/x", base="main", title="Fix", body="<!-- argofix:fix:1 -->")
    assert (made.number, made.state, made.author_is_bot, made.from_fork) == (1, "open", True, False)
    with pytest.raises(pulls.AlreadyOpen):
        await pulls.create(api, NAME, head="argofix/x", base="main", title="Fix", body="")
    with pytest.raises(Unprocessable):
        await pulls.create(api, NAME, head="argofix/none", base="main", title="Fix", body="")
    assert [p.number for p in await pulls.listed(api, NAME, head="argofix/x", state="all")] == [1]
    assert [f.filename for f in await pulls.files(api, NAME, 1)] == ["x"]
    assert (await pulls.update(api, NAME, 1, title="Better", state="closed")).state == "closed"
    assert (await pulls.get(api, NAME, 1)).title == "Better"
    assert await pulls.listed(api, NAME) == []
    with pytest.raises(NotFound):
        await pulls.get(api, NAME, 99)


@pytest.mark.parametrize(
    "effect", [faults.server_error(502, acts=True), faults.dropped(acts=True), faults.half_body()]
)
async def test_what_github_may_have_done_already_is_not_done_twice(
    github: SimulatedGitHub, api: GitHub, repo: Repository, effect: faults.Effect
) -> None:
    github.faults.append(Fault(effect, method="POST", path="/check-runs"))
    report, sha, app = checks.Report("Looking", "We are looking."), repo.branch("main") or "", github.app.id

    async def create(newer_than: int) -> int:
        run = await checks.create(
            api,
            NAME,
            name="argofix / render",
            head_sha=sha,
            report=report,
            now=0,
            app_id=app,
            newer_than=newer_than,
        )
        return run.id

    first = await create(0)
    assert list(repo.check_runs) == [first]
    github.faults.append(Fault(faults.server_error(502), method="POST", path="/check-runs"))
    with pytest.raises(ServerFault):  # the former one is not taken for it
        await create(first)
    assert list(repo.check_runs) == [first]


async def test_one_sticky_comment(github: SimulatedGitHub, api: GitHub, repo: Repository) -> None:
    repo.push("feature", {"x": "x\n"})
    pull = github.open_pull(repo, "feature")
    mark = "<!-- argofix:sync-order -->"
    github.comment(pull, github.user("mallory"), f"{mark} this is mine")
    who = {"mark": mark, "app_id": github.app.id, "slug": github.app.slug}
    github.faults.append(Fault(faults.dropped(acts=True), method="POST", path="/comments$"))
    for body in ("first", "second", "second"):
        await comments.sticky(api, NAME, pull.number, body=body, **who)  # type: ignore[arg-type]
    assert [c.body for c in repo.comments] == [f"{mark} this is mine", f"{mark}\nsecond"]
    assert sum(r.method == "PATCH" for r in github.requests) == 1
    await comments.react(api, NAME, repo.comments[0].id, "eyes")
    await comments.react(api, NAME, repo.comments[0].id, "eyes")
    assert [r.content for r in repo.comments[0].reactions] == ["eyes"]


async def test_repositories(github: SimulatedGitHub, api: GitHub, repo: Repository) -> None:
    root = repo.branch("main") or ""
    repo.push("feature", {"x": "x\n"})
    repo.push("main", {"y": "y\n"})
    assert await repos.compare(api, NAME, "main", "feature") == repos.Comparison("diverged", root)
    github.collaborator(repo, github.user("tess"), "triage")
    assert await repos.permission(api, NAME, "tess") == "triage"


async def test_the_app_and_its_installations(
    github: SimulatedGitHub, app: GitHubApp, repo: Repository, installation: Installation
) -> None:
    assert (await installations.identity(app.as_app())).login == "argofix[bot]"
    assert [i.id for i in await installations.listed(app.as_app())] == [installation.id]
    everywhere = app.installation(installation.id, None, None)
    assert [r.id for r in await installations.repositories(everywhere)] == [repo.id]


async def test_failed_deliveries_are_found_and_asked_for_again(
    github: SimulatedGitHub, app: GitHubApp, repo: Repository, installation: Installation
) -> None:
    github.app.webhook_url = "http://127.0.0.1:1/webhook"
    repo.push("main", {"z": "z\n"})
    await github.wait_for(lambda: github.deliveries and all(d.done for d in github.deliveries))
    failed = [d for d in await installations.deliveries(app.as_app(), since=0) if d.event == "push"]
    (push,) = [d for d in github.deliveries if d.event == "push"]
    assert [(d.guid, d.status_code, d.redelivery) for d in failed] == [(push.guid, 502, False)]
    assert await installations.deliveries(app.as_app(), since=failed[0].delivered_at + 60) == []
    await installations.redeliver(app.as_app(), failed[0].id)
    await github.wait_for(lambda: github.deliveries[-1].redelivery and github.deliveries[-1].done)
    assert github.deliveries[-1].guid == push.guid


async def test_a_list_that_is_cut_off_is_told(
    api: GitHub, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, repo: Repository
) -> None:
    for number in range(5):
        repo.push(f"b{number}", {"README.md": f"{number}\n"})
    path = "/repos/octo/deploy/branches?per_page=2"
    monkeypatch.setattr(client, "MAX_PAGES", 3)
    assert len([item async for item in api.getiter(path)]) == 6
    assert caplog.records == []
    monkeypatch.setattr(client, "MAX_PAGES", 2)
    assert len([item async for item in api.getiter(path)]) == 4
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert (vars(record)["request"], vars(record)["pages"]) == (f"GET {path}", 2)
