"""The checklist as an issue: when it is there, what ticks do, and when nobody hears of it."""

from __future__ import annotations

from bot.formats.doctor.boxes import boxes_of
from bot.formats.doctor.issue import MARK
from bot.formats.doctor.words import guide
from demo.story import BEFORE, PROPOSED
from tests.checks.argocd.stage import workload
from tests.checks.argocd_exposed import exposed
from tests.github import PullRequest, Repository, SimulatedGitHub, User, faults
from tests.github.issues import ensure_label
from tests.github.repository import Issue
from tests.handlers.asking import asked_on_issue
from tests.handlers.bumping import FILES, PATCH, World
from tests.handlers.conftest import Bot, Contents, Gate, by_the_app
from tests.scenarios import application, config_map, kustomization

POLICY = ".github/argofix.yaml"
# An error that no fix settles: where no pull request matters, none is opened and judged.
NO_FIX: Contents = {"apps/api-backend/kustomization.yaml": "resources: [nowhere.yaml]\n"}


def lists(github: SimulatedGitHub, repo: Repository) -> list[Issue]:
    return [issue for issue in repo.issues.values() if issue.user == github.app.bot and not issue.pull]


def text(issue: Issue) -> str:
    return issue.body or ""


def line_of(issue: Issue, words: str) -> str:
    return next(line for line in text(issue).splitlines() if words in line)


async def started(
    github: SimulatedGitHub,
    bot_: Bot,
    user: User,
    *,
    files: Contents = PROPOSED,
    policy: str | None = "dashboard: true\n",
) -> Repository:
    """A repository after a push of these files to its default branch, which has a conflict by them that a fix
    settles."""
    repo = github.repository("acme/platform", BEFORE)
    github.collaborator(repo, user, "write")
    github.install(repo)
    repo.push("main", {**files, **({POLICY: policy} if policy is not None else {})}, author=user)
    await bot_.idle()
    return repo


async def started_with_closed_fix(
    github: SimulatedGitHub, bot_: Bot, user: User
) -> tuple[Repository, Issue, PullRequest, str]:
    """The same where somebody has closed the fix, with the key of the box that opens it again."""
    repo = await started(github, bot_, user)
    (issue,), (fix,) = lists(github, repo), by_the_app(github, repo)
    github.close(fix, user)
    await bot_.idle()
    return repo, issue, fix, next(key for key in boxes_of(text(issue)) if key.startswith("again:"))


def ticked(issue: Issue, key: str) -> str:
    line = f"- [ ] <!-- {key} -->"
    assert line in text(issue), text(issue)
    return text(issue).replace(line, line.replace("[ ]", "[x]"))


async def test_it_is_off_until_somebody_asks_for_it_and_closing_it_switches_it_off(
    github: SimulatedGitHub, bot_: Bot, alice: User
) -> None:
    repo = await started(github, bot_, alice, policy=None)
    assert lists(github, repo) == []
    _, (said,) = await asked_on_issue(github, bot_, repo, alice, "/argofix dashboard")
    (issue,) = lists(github, repo)
    assert f"#{issue.number} has the checklist." in said
    assert text(issue).startswith(f"{MARK}\n4 errors, ") and "### Checklist" in text(issue)
    github.close_issue(repo, issue, alice)
    repo.push("main", {"NOTES.md": "x\n"}, author=alice)
    await bot_.idle()
    assert (issue.state, len(lists(github, repo))) == ("closed", 1)
    await asked_on_issue(github, bot_, repo, alice, "/argofix dashboard")
    assert (issue.state, len(lists(github, repo))) == ("open", 1)
    assert not [comment for comment in issue.comments if comment.user == github.app.bot]


async def test_it_is_written_only_when_it_says_something_else(
    github: SimulatedGitHub, bot_: Bot, alice: User
) -> None:
    repo = await started(github, bot_, alice)
    (issue,) = lists(github, repo)
    (fix,) = by_the_app(github, repo)
    assert f"- #{fix.number} " in text(issue)
    before = (issue.updated_at, text(issue))
    github.edit_issue(repo, issue, alice, title="Renamed")
    bot_.clock.offset += 60
    await asked_on_issue(github, bot_, repo, alice, "/argofix dashboard")
    assert text(issue) == before[1]
    github.merge(fix, alice)
    await bot_.idle()
    assert len(lists(github, repo)) == 1  # known by its mark
    assert f"#{fix.number}" not in text(issue) and "Each resource has one owner" in text(issue)


async def test_what_is_ticked_for_something_that_is_gone_is_told(
    github: SimulatedGitHub, bot_: Bot, alice: User
) -> None:
    repo, issue, fix, key = await started_with_closed_fix(github, bot_, alice)
    stale = ticked(issue, key)
    repo.push("main", {path: BEFORE.get(path) for path in PROPOSED}, author=alice)
    github.edit_issue(repo, issue, alice, body=stale)
    await bot_.idle()
    assert "there is nothing to fix any more at " in text(issue)
    assert not fix.open


async def test_a_text_that_somebody_wiped_is_written_again(github: SimulatedGitHub, bot_: Bot, alice: User) -> None:
    repo = await started(github, bot_, alice, files=NO_FIX)
    (issue,) = lists(github, repo)
    whole = text(issue)
    github.edit_issue(repo, issue, alice, body="")
    await bot_.idle()
    assert text(issue) == whole
    github.edit_issue(repo, github.issue(repo, "Mine", alice, f"{MARK}\n- [ ] <!-- rescan -->"), alice, body=MARK)
    await bot_.idle()
    assert len(lists(github, repo)) == 1


async def test_one_that_is_doubled_transferred_or_deleted_is_neither_followed_nor_lost(
    github: SimulatedGitHub, bot_: Bot, alice: User
) -> None:
    repo = await started(github, bot_, alice, files=NO_FIX, policy="dashboard: {label: argo}\n")
    (issue,) = lists(github, repo)
    whole = text(issue)
    double = github.issue(repo, "Argo CD: the checklist", github.app.bot, text(issue))  # by another server
    repo.push("main", {"NOTES.md": "x\n"}, author=alice)
    await bot_.idle()
    assert (issue.state, double.state) == ("open", "closed")
    assert text(issue) == whole  # at another commit it says the same
    assert text(double).endswith(f"The checklist of this repository is #{issue.number}.\n")
    # It goes while a tick is on its way: GitHub leads to the other repository, where it is not written.
    other = github.repository("acme/other", {"README.md": "x\n"}, private=False)
    github.install(other)
    await bot_.idle()
    github.edit_issue(repo, issue, alice, body=ticked(issue, "rescan"))
    moved = github.transfer_issue(repo, issue, other, alice)
    before = text(moved)
    await bot_.idle()
    assert (text(moved), double.state) == (before, "closed") and await bot_.dead() == []
    repo.push("main", {"NOTES.md": "y\n"}, author=alice)
    await bot_.idle()
    assert double.state == "open" and text(moved) == before  # the configuration wants one
    github.edit_issue(repo, double, alice, body=ticked(double, "rescan"))
    github.delete_issue(repo, double)
    await bot_.idle()
    assert await bot_.dead() == [] and [one.state for one in lists(github, repo)] == []
    assert not repo.labels  # a label is put on it where there is one, and not made
    ensure_label(repo, "argo")
    repo.push("main", {"NOTES.md": "z\n"}, author=alice)
    await bot_.idle()
    assert [(one.state, one.labels) for one in lists(github, repo)] == [("open", ["argo"])]


async def test_the_configuration_closes_it_with_the_reason_and_opens_it_again(
    github: SimulatedGitHub, bot_: Bot, alice: User
) -> None:
    repo = await started(github, bot_, alice, files=NO_FIX)
    (issue,) = lists(github, repo)
    repo.push("main", {POLICY: "dashboard: false\n"}, author=alice)
    await bot_.idle()
    assert issue.state == "closed" and text(issue).endswith("`dashboard` of the configuration switches this off.\n")
    repo.push(
        "main", {POLICY: "dashboard: {label: argo}\nchecklist: {alerts: {not-wanted: by hand}}\n"}, author=alice
    )
    await bot_.idle()
    assert issue.state == "open" and "**Not wanted**: ~~Alerts" in text(issue) and "~~ (by hand)" in text(issue)


async def test_a_repository_without_issues_is_judged_all_the_same(
    github: SimulatedGitHub, bot_: Bot, alice: User
) -> None:
    repo = github.repository("acme/platform", BEFORE)
    repo.has_issues = False
    github.collaborator(repo, alice, "write")
    github.install(repo)
    repo.push("main", {**PROPOSED, POLICY: "dashboard: true\n"}, author=alice)
    await bot_.idle()
    assert lists(github, repo) == [] and await bot_.dead() == []
    assert len(by_the_app(github, repo)) == 1
    # The same text stands on the commit, without boxes.
    run = repo.checks(repo.branch("main") or "")["argofix / checklist"]
    assert (run.conclusion, "### Checklist" in (run.summary or "")) == ("neutral", True)
    assert "[ ]" not in (run.summary or "")


async def test_a_tick_of_others_that_still_stands_is_not_the_one_of_who_edits_next(
    github: SimulatedGitHub, bot_: Bot, alice: User
) -> None:
    repo, issue, fix, key = await started_with_closed_fix(github, bot_, alice)
    mallory = github.user("mallory")
    github.collaborator(repo, mallory, "triage")
    github.edit_issue(repo, issue, mallory, body=ticked(issue, key))
    github.edit_issue(repo, issue, alice, body=ticked(issue, "rescan"))
    await bot_.idle()
    assert not fix.open and set(boxes_of(text(issue)).values()) == {False}
    assert line_of(issue, key).endswith("— refused: `mallory` has no write access here.")
    assert "— done at `" in line_of(issue, "Look again") and "@" not in text(issue)
    # Nor may she put its key behind other words.
    line = line_of(issue, "<!-- rescan -->")
    github.edit_issue(repo, issue, mallory, body=text(issue).replace(line, f"- [ ] <!-- {key} --> Look again", 1))
    github.edit_issue(
        repo, issue, alice, body=text(issue).replace(f"[ ] <!-- {key} --> Look", f"[x] <!-- {key} --> Look")
    )
    await bot_.idle()
    assert (fix.issue.state, "refused: somebody had changed this line" in line_of(issue, key)) == ("closed", True)
    assert "Look again" in line_of(issue, "<!-- rescan -->")


async def test_boxes_add_things_and_move_versions_as_far_as_there_are_places(world: World, alice: User) -> None:
    github, bot_ = world.github, world.bot
    world.publish("v3.2.2", "v3.2.3", "v3.3.0", "v3.4.0")
    server = workload("argocd-server", spec={"replicas": 2}, version="v3.2.2")
    files: Contents = {**BEFORE, **FILES, "argocd/base/server.yaml": server}
    repo = world.repository(files)
    github.collaborator(repo, alice, "write")
    repo.push("main", {**PROPOSED, POLICY: "dashboard: {maxOpen: 1}\n"}, author=alice)
    await bot_.idle()
    (issue,), (fix,) = lists(github, repo), by_the_app(github, repo)
    assert "`argocd/overlays/production` runs v3.2.0" in text(issue)
    steps = [line for line in text(issue).splitlines() if "<!-- bump:" in line]
    assert [line.rpartition("--> ")[2] for line in steps] == [
        "`argocd/overlays/staging` to v3.2.3, the newest patch",
        f"`argocd/overlays/staging` to v3.3.0, the next minor: {guide(())}",
    ]
    github.edit_issue(repo, issue, alice, body=ticked(issue, "bump:3.2.3"))
    await bot_.idle()
    assert f"#{world.open(repo)[PATCH].number}" in line_of(issue, "the newest patch")
    # The fix has the only place.
    github.edit_issue(repo, issue, alice, body=ticked(issue, "add:spread"))
    await bot_.idle()
    assert "**Waiting for a free place**" in line_of(issue, "<!-- add:spread -->")
    assert boxes_of(text(issue))["add:spread"] is True
    github.merge(fix, alice)
    await bot_.idle()
    (spread,) = [pull for branch, pull in world.open(repo).items() if branch == "argofix/add/spread"]
    assert f"#{spread.number} adds it" in line_of(issue, "Replicas go to different nodes")
    assert line_of(issue, f"- #{spread.number} ").endswith(f"— opened #{spread.number}.")
    assert "add:spread" not in boxes_of(text(issue))


async def test_what_is_written_by_hand_goes_and_ticks_of_which_nobody_told_are_answered(
    github: SimulatedGitHub, bot_: Bot, alice: User
) -> None:
    repo = await started(github, bot_, alice, files=NO_FIX)
    (issue,) = lists(github, repo)
    whole, since = text(issue), bot_.clock.offset
    github.edit_issue(repo, issue, alice, body=f"{whole}\nRemember the milk.\n")
    await bot_.idle()
    assert "milk" not in text(issue) and bot_.clock.offset - since >= 500  # not twice in ten minutes
    issue.body = ticked(issue, "rescan")  # a webhook that was lost
    repo.push("main", {"apps/broken/kustomization.yaml": "resources: [nowhere.yaml]\n"}, author=alice)
    await bot_.idle()
    assert boxes_of(text(issue))["rescan"] is True
    bot_.clock.offset += 1000
    repo.push("main", {"apps/broken/kustomization.yaml": None}, author=alice)
    await bot_.idle()
    assert "argofix was not told who ticked this; tick it again." in line_of(issue, "Look again")
    assert boxes_of(text(issue))["rescan"] is False


async def test_only_new_errors_are_told_in_comments_once_a_day_where_somebody_wants_that(
    github: SimulatedGitHub, bot_: Bot, alice: User
) -> None:
    repo = await started(github, bot_, alice, files=NO_FIX, policy="dashboard: {comment: errors}\n")
    (issue,) = lists(github, repo)
    assert text(issue).startswith(f"{MARK}\n1 error, ") and not issue.comments
    for name in ("one", "two"):
        app = application(name, f"apps/{name}")
        repo.push("main", {f"{name}.yaml": app, f"apps/{name}/kustomization.yaml": kustomization("no.yaml")})
        await bot_.idle()
    (comment,) = issue.comments
    assert comment.body.startswith("<!-- argofix:new-errors:") and "1 new error on `main` at `" in comment.body
    for day in ("locked", "not locked"):  # what cannot be told today is new tomorrow
        repo.locked = day == "locked"
        bot_.clock.offset += 86_400
        repo.push("main", {"NOTES.md": day}, author=alice)
        await bot_.idle()
        assert len(issue.comments) == (1 if repo.locked else 2) and await bot_.dead() == []
    assert ["new error" in each.body and "@" not in each.body for each in issue.comments] == [True, True]


async def test_a_tick_during_a_write_is_obeyed_and_two_at_once_are_one(
    github: SimulatedGitHub, bot_: Bot, alice: User
) -> None:
    repo, issue, fix, key = await started_with_closed_fix(github, bot_, alice)
    gate = Gate()
    github.faults.append(faults.Fault(faults.held(gate), method="PATCH", path=f"/issues/{issue.number}$"))
    github.edit_issue(repo, issue, alice, body=ticked(issue, "rescan"))
    await gate.reached()
    # What is written now does not know of this one.
    github.edit_issue(repo, issue, alice, body=ticked(issue, key))
    github.edit_issue(repo, issue, alice, body=text(issue).replace(f"[x] <!-- {key}", f"[ ] <!-- {key}"))
    github.edit_issue(repo, issue, alice, body=ticked(issue, key))
    gate.set()
    await bot_.idle()
    assert fix.open and len(by_the_app(github, repo)) == 1
    assert line_of(issue, f"#{fix.number} ").endswith(f"#{fix.number} is open.")
    assert "— done at `" in line_of(issue, "Look again")  # it stays while nothing else is there to be seen


async def test_forks_and_archives_have_none_and_what_may_not_be_written_breaks_nothing(
    github: SimulatedGitHub, bot_: Bot, alice: User
) -> None:
    wants: Contents = {POLICY: "dashboard: true\n", "apps.yaml": application("a", "a"), "a/a.yaml": config_map("a")}
    bare, fork, archived = (github.repository(f"acme/{name}", wants) for name in ("bare", "fork", "archived"))
    empty = github.repository("acme/empty", {POLICY: wants[POLICY]})
    fork.parent, archived.archived = bare, True
    without = {name: level for name, level in github.app.permissions.items() if name != "issues"}
    for repo in (bare, fork, archived, empty):
        github.install(repo, permissions=without if repo is bare else None)
        repo.push("main", {"NOTES.md": "x\n"}, author=alice)
    await bot_.idle()
    assert not [issue for repo in (bare, fork, archived, empty) for issue in lists(github, repo)]
    assert await bot_.dead() == []
    runs = [set(repo.checks(repo.branch("main") or "")) for repo in (bare, fork, archived, empty)]
    assert runs == [{"argofix / checklist"}, set(), set(), set()]


async def test_a_fix_that_needs_a_look_waits_in_its_box(github: SimulatedGitHub, bot_: Bot, alice: User) -> None:
    files: Contents = {**exposed("--no-such-flag", protocol="HTTP").files, POLICY: "dashboard: true\n"}
    repo = github.repository("acme/platform", files)
    github.collaborator(repo, alice)
    github.install(repo)
    repo.push("main", {"NOTES.md": "x\n"}, author=alice)
    await bot_.idle()
    (issue,), (safe,) = lists(github, repo), by_the_app(github, repo)
    assert "1 fix can be opened." in text(issue) and f"- #{safe.number} Have argocd-server" in text(issue)
    (key,) = [key for key in boxes_of(text(issue)) if key.startswith("fix:")]
    box = line_of(issue, key)
    assert "(`argocd-unknown-flag`, 1 file, proven by rendering)" in box and "stays at its default" in box
    github.edit_issue(repo, issue, alice, body=ticked(issue, key))
    await bot_.idle()
    (flag,) = [one for one in by_the_app(github, repo) if one is not safe]
    assert line_of(issue, f"- #{flag.number} ").endswith(f"— opened #{flag.number}.")
    assert key not in boxes_of(text(issue))
