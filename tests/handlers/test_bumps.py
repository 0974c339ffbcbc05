"""Version bumps: a tick of the schedule in, what GitHub then shows out."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from bot.queue.deliveries import delivery_of
from tests.github import User
from tests.handlers.bumping import MINOR, PATCH, STAGING, World, overlay, policy
from tests.handlers.conftest import Contents, body_of, by_the_app
from tests.quay import Fault, faults
from tests.scenarios import kustomization

GUIDES = "https://argo-cd.readthedocs.io/en/stable/operator-manual/upgrading/"


async def test_a_new_version_becomes_a_pull_request_on_the_staging_overlay(world: World) -> None:
    world.publish("v3.2.2", "v3.2.3", "v3.3.0", "v3.3.1", "v3.4.0")
    repo = world.repository()
    await world.tick()
    pulls = world.open(repo)
    assert set(pulls) == {PATCH, MINOR}
    assert "to v3.2.3 in" in pulls[PATCH].issue.title
    pull = pulls[MINOR]
    assert pull.issue.title == "Bump argo-cd from v3.2.2 to v3.3.1 in argocd/overlays/staging"
    assert [line for line in pull.diff().splitlines() if line.startswith(("+", "-"))] == [
        f"--- a/{STAGING}",
        f"+++ b/{STAGING}",
        "-    newTag: v3.2.2 # staging",
        "+    newTag: v3.3.1 # staging",
    ]
    body = body_of(pull)
    assert body.startswith("<!-- argofix:bump:argo-cd -->\n")
    assert "from **v3.2.2** to **v3.3.1**" in body
    assert f"[3.2 to 3.3]({GUIDES}3.2-3.3/)" in body
    shown = [line for line in body.splitlines() if line.startswith("<details><summary>v")]
    assert shown == [f"<details><summary>{tag}</summary>" for tag in ("v3.3.1", "v3.3.0", "v3.2.3")]
    assert "argocd/argocd-server` |" in body
    assert ("✅" in body, "❌" in body) == (True, False)
    assert set(pull.issue.labels) == {"dependencies", "argo-cd"}


async def test_a_tick_that_finds_nothing_new_changes_nothing(world: World) -> None:
    world.publish("v3.2.2", "v3.2.3")
    repo = world.repository()
    await world.tick()
    head = repo.branch(PATCH)
    writes = len([request for request in world.github.requests if request.method != "GET"])
    await world.tick()
    assert repo.branch(PATCH) == head
    after = [request for request in world.github.requests if request.method != "GET"][writes:]
    assert {request.operation for request in after} <= {"apps/create-installation-access-token"}


async def test_a_newer_version_updates_the_pull_request(world: World) -> None:
    world.publish("v3.2.2", "v3.2.3")
    repo = world.repository()
    await world.tick()
    first = world.open(repo)[PATCH]
    world.publish("v3.2.4")
    await world.tick()
    assert world.open(repo) == {PATCH: first}
    assert "to v3.2.4 in" in first.issue.title
    assert repo.file(STAGING, PATCH) == overlay("v3.2.4").encode()


async def test_what_the_default_branch_has_overtaken_is_closed_with_a_word(world: World, alice: User) -> None:
    world.publish("v3.2.2", "v3.2.3", "v3.3.0")
    repo = world.repository()
    await world.tick()
    pulls = world.open(repo)
    world.github.merge(pulls[MINOR], alice)
    await world.tick()
    assert world.open(repo) == {}
    assert "`argocd/overlays/staging` is at `3.3.0`, so nothing is left to do" in pulls[PATCH].issue.comments[-1].body
    assert repo.branch(PATCH) is None


async def test_a_push_brings_what_is_open_up_to_date_at_once(world: World, alice: User) -> None:
    await world.bot.stop()
    world.bot.poll_interval = 1e6
    await world.bot.start()
    world.publish("v3.2.2", "v3.2.3", "v3.3.0")
    repo = world.repository()
    await world.tick()
    world.github.merge(world.open(repo)[MINOR], alice)
    await world.bot.idle()
    assert world.open(repo) == {}


async def test_closed_by_a_person_a_version_is_not_offered_again_and_a_later_one_is(
    world: World, alice: User
) -> None:
    world.publish("v3.2.2", "v3.2.3")
    repo = world.repository()
    await world.tick()
    world.github.close(world.open(repo)[PATCH], alice)
    await world.tick()
    assert world.open(repo) == {}
    world.publish("v3.2.4")
    await world.tick()
    assert "to v3.2.4 in" in world.open(repo)[PATCH].issue.title
    assert len(by_the_app(world.github, repo)) == 2


async def test_a_branch_that_a_person_pushed_to_is_left_alone_and_told_so_once(world: World, alice: User) -> None:
    world.publish("v3.2.2", "v3.2.3")
    repo = world.repository()
    await world.tick()
    mine = repo.push(PATCH, {"NOTES.md": "mine\n"}, author=alice)
    for tag in ("v3.2.4", "v3.2.5"):
        world.publish(tag)
        await world.tick()
    pull = world.open(repo)[PATCH]
    assert repo.branch(PATCH) == mine
    assert "to v3.2.3 in" in pull.issue.title
    assert len([c for c in pull.issue.comments if "leaves it alone" in c.body]) == 1


async def test_a_strangers_branch_of_that_name_is_not_touched(world: World, alice: User) -> None:
    world.publish("v3.2.2", "v3.2.3")
    repo = world.repository()
    theirs = repo.push(PATCH, {"NOTES.md": "mine\n"}, author=alice)
    await world.tick()
    assert repo.branch(PATCH) == theirs
    assert world.open(repo) == {}


@pytest.mark.parametrize(
    ("effect", "kind"),
    [
        (faults.web_page(), "not-json"),
        (faults.half_body(), "unreachable"),
        (faults.too_many(), "limited"),
        (faults.says({"tags": [], "page": 1, "has_additional": False}), ""),
    ],
)
async def test_a_source_that_is_down_or_lies_changes_nothing(world: World, effect: faults.Effect, kind: str) -> None:
    world.publish("v3.2.2", "v3.2.3")
    repo = world.repository()
    await world.tick()
    body = body_of(world.open(repo)[PATCH])
    world.publish("v3.2.4")
    world.quay.faults.append(Fault(effect, path="/api/v1/", times=None))
    await world.tick()
    if kind:
        assert body_of(world.open(repo)[PATCH]) == body
        assert world.metric("quay", kind) == 1
    else:  # an empty answer is no fault by its form; what it says is that no version is there any more
        assert world.open(repo) == {}
    world.quay.faults.clear()
    world.bot.clock.offset += 3600
    await world.tick()
    assert "to v3.2.4 in" in world.open(repo)[PATCH].issue.title


async def test_a_version_without_a_release_or_without_an_image_does_not_count(world: World) -> None:
    world.publish("v3.2.2", "v3.2.3")
    image = world.quay.repository("argoproj/argocd")
    image.push("v3.2.4", at=world.bot.clock.now() - 100)
    world.github.release(world.upstream, "v3.2.5")
    gone = image.push("v3.2.6", at=world.bot.clock.now() - 100)
    world.github.release(world.upstream, "v3.2.6")
    image.manifests.discard(gone.digest)  # the tag is there, what it names is not
    repo = world.repository()
    await world.tick()
    assert "to v3.2.3 in" in world.open(repo)[PATCH].issue.title


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("level: patch", {PATCH: "v3.2.3"}),
        ("level: major\n    oneMinorAtATime: false", {PATCH: "v3.2.3", MINOR: "v3.4.0"}),
        ("minimumAge: 5", {MINOR: "v3.3.0"}),
        ("range: '<3.3'", {PATCH: "v3.2.3"}),
        ("enabled: false", {}),
        ("schedule: mon-fri", {}),  # not understood, so the component is left alone
    ],
)
async def test_the_policy_of_the_default_branch_decides(world: World, text: str, expected: dict[str, str]) -> None:
    world.publish("v3.2.2", "v3.3.0")
    world.publish("v3.2.3", "v3.4.0", days_ago=2)
    repo = world.repository(policy(f"versions:\n  argo-cd:\n    {text}\n"))
    await world.tick()
    found = {branch: pull.issue.title.split(" to ")[1].split(" in ")[0] for branch, pull in world.open(repo).items()}
    assert found == expected


async def test_what_the_policy_no_longer_allows_is_closed(world: World, alice: User) -> None:
    world.publish("v3.2.2", "v3.3.0")
    repo = world.repository()
    await world.tick()
    pull = world.open(repo)[MINOR]
    repo.push("main", policy("versions:\n  argo-cd:\n    level: patch\n"), author=alice)
    await world.tick()
    assert world.open(repo) == {}
    assert "`.github/argofix.yaml` does not allow the step to `v3.3.0` now" in pull.issue.comments[-1].body


@pytest.mark.parametrize(
    "broken",
    [
        {STAGING: "images: [\n"},
        {"argocd/base/server.yaml": "a: [\n"},
        {"argocd/overlays/other/kustomization.yaml": "resources: [missing.yaml]\n"},
    ],
)
async def test_what_is_broken_for_a_while_closes_nothing(world: World, alice: User, broken: Contents) -> None:
    world.publish("v3.2.2", "v3.2.3")
    repo = world.repository()
    await world.tick()
    pulls = world.open(repo)
    repo.push("main", broken, author=alice)
    await world.tick()
    assert world.open(repo) == pulls
    said = [c.body for c in pulls[PATCH].issue.comments]
    assert all(
        body.startswith(("<!-- argofix:sync-order -->", "<!-- argofix:changes -->")) for body in said
    )  # that its Application does not render now


async def test_outside_of_the_schedule_nothing_is_opened_or_moved(world: World) -> None:
    now = datetime.fromtimestamp(world.bot.clock.now(), UTC)
    start = now + timedelta(hours=6)
    window = f"{start:%H:%M}-{start + timedelta(hours=2):%H:%M}"
    world.publish("v3.2.2", "v3.2.3")
    repo = world.repository(policy(f"versions:\n  argo-cd:\n    schedule: {window}\n"))
    await world.tick()
    assert world.open(repo) == {}
    world.bot.clock.offset += 7 * 3600
    await world.tick()
    pull = world.open(repo)[PATCH]
    world.publish("v3.2.4")
    world.bot.clock.offset += 7 * 3600
    await world.tick()
    assert world.open(repo) == {PATCH: pull}
    assert "to v3.2.3 in" in pull.issue.title


async def test_no_more_than_so_many_are_opened_within_an_hour(world: World) -> None:
    await world.bot.stop()
    world.bot.bumps_per_hour = 1
    await world.bot.start()
    world.publish("v3.2.2", "v3.2.3", "v3.3.0")
    repo = world.repository()
    await world.tick()
    await world.tick()
    assert len(world.open(repo)) == 1
    world.bot.clock.offset += 3600
    await world.tick()
    assert len(world.open(repo)) == 2


async def test_notes_of_a_release_mention_nobody_and_refer_to_nothing(world: World, alice: User) -> None:
    world.publish("v3.2.2")
    world.publish(
        "v3.2.3", notes="By @alice, fixes #1 <!-- argofix:closed --> <b>\n```\nopen\n<!-- argofix:version:v9.9.9 -->"
    )
    repo = world.repository()
    await world.tick()
    body = body_of(world.open(repo)[PATCH])
    assert "@alice" not in body
    assert "#1 " not in body
    assert body.count("<!-- argofix:version:") == 1
    # Nor do they make us believe something about our own pull request.
    world.github.close(world.open(repo)[PATCH], alice)
    await world.tick()
    assert world.open(repo) == {}


async def test_a_repository_without_argo_cd_costs_no_request_to_anybody(world: World) -> None:
    world.publish("v3.2.2", "v3.2.3")
    repo = world.github.repository("acme/other", {"a/kustomization.yaml": kustomization()})
    world.github.install(repo)
    await world.tick()
    assert world.quay.requests == []
    assert not any("releases" in request.path for request in world.github.requests)


async def test_the_schedule_ticks_once_in_a_slot_however_many_servers_keep_it(world: World) -> None:
    world.publish("v3.2.2", "v3.2.3")
    repo = world.repository()
    await world.bot.idle()
    await world.bot.stop()
    world.bot.poll_interval = 1e6
    await world.bot.start()
    await world.github.wait_for(lambda: PATCH in world.open(repo), within=30)
    await world.bot.idle()
    assert world.bot.running is not None
    now = world.bot.clock.now()
    again = delivery_of(f"poll/{int(now // 1e6)}", "argofix_poll", b"{}", now)
    assert (await world.bot.running.worker.accept(again)).already_processed
