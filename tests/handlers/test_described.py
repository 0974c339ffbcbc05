"""What people edit in the title and description of our pull requests stays, whatever the bot has to add."""

from __future__ import annotations

import re

from bot.formats.description import visible
from tests.github import Fault, SimulatedGitHub, User, faults
from tests.handlers.bumping import PATCH, World
from tests.handlers.conftest import Bot, Contents, Gate, body_of, by_the_app
from tests.handlers.test_fixes import SMALL
from tests.scenarios import config_map, kustomization

LEFT = "<!-- argofix:left -->"


def _line(body: str) -> int:
    """Where the fix takes something out, as the description says."""
    found = re.search(r"`b/kustomization\.yaml:(\d+)`", body)
    assert found is not None
    return int(found[1])


def moved(number: int) -> Contents:
    """Main as the fix has to be made anew on it."""
    return {"b/kustomization.yaml": f"# {number}\n" + str(SMALL["b/kustomization.yaml"])}


async def test_a_fix_keeps_a_persons_title_and_words_around_ours(
    github: SimulatedGitHub, bot_: Bot, alice: User
) -> None:
    repo = github.repository("acme/platform", SMALL)
    github.install(repo)
    await bot_.idle()
    (fix,) = by_the_app(github, repo)
    line = _line(body_of(fix))
    github.edit_title(fix, "OPS-7: one owner for shared", alice)
    github.edit_body(fix, f"See OPS-7.\n\n{body_of(fix)}\n\nApproved by @bob", alice)
    repo.push("main", {**moved(1), "a/x.yaml": config_map("x")}, author=alice)
    await bot_.idle()
    head = repo.branch(fix.head_branch) or ""
    assert (repo.file("b/kustomization.yaml", fix.head_branch) or b"").startswith(b"# 1")
    assert fix.issue.title == "OPS-7: one owner for shared"
    assert body_of(fix).startswith("See OPS-7.\r\n\r\n<!-- argofix:fix:a--b -->")
    assert body_of(fix).endswith("Approved by @bob")
    assert f":{head} -->" in body_of(fix)  # ours is up to date
    assert _line(body_of(fix)) == line + 1
    assert fix.issue.comments == []


async def test_within_ours_a_persons_words_stay_and_ours_go_into_a_comment(
    github: SimulatedGitHub, bot_: Bot, alice: User
) -> None:
    repo = github.repository("acme/platform", SMALL)
    github.install(repo)
    await bot_.idle()
    (fix,) = by_the_app(github, repo)
    github.edit_body(fix, re.sub(r"### Proof.*?(?=<sub>)", "I have tried it. ", body_of(fix), flags=re.S), alice)
    mine = visible(body_of(fix).replace("\r\n", "\n"))
    for number in (1, 2):
        repo.push("main", moved(number), author=alice)
        await bot_.idle()
        assert visible(body_of(fix).replace("\r\n", "\n")) == mine
        (said,) = [comment.body for comment in fix.issue.comments]
        assert said.startswith(f"{LEFT}\nSomebody has edited the description") and "### Proof" in said
        assert "argofix:state" not in said
    # It is still known: the branch is ours, and the end is told.
    repo.push("main", {"b/kustomization.yaml": kustomization("b.yaml")}, author=alice)
    await bot_.idle()
    assert not fix.open
    assert visible(body_of(fix).replace("\r\n", "\n")).startswith(mine.strip())
    # The problem comes back: it was not closed by a person.
    repo.push("main", moved(3), author=alice)
    await bot_.idle()
    assert [pull.open for pull in by_the_app(github, repo)] == [False, True]


async def test_an_edit_between_looking_and_writing_is_not_lost(
    github: SimulatedGitHub, bot_: Bot, alice: User
) -> None:
    repo = github.repository("acme/platform", SMALL)
    github.install(repo)
    await bot_.idle()
    (fix,) = by_the_app(github, repo)
    gate = Gate()
    github.faults.append(Fault(faults.held(gate), method="POST", path=r"/git/commits$"))
    repo.push("main", moved(1), author=alice)
    await gate.reached()  # it was listed before that
    github.edit_title(fix, "Mine", alice)
    github.edit_body(fix, f"{body_of(fix)}\n\nMine too.", alice)
    gate.set()
    await bot_.idle()
    assert (fix.issue.title, body_of(fix).endswith("Mine too.")) == ("Mine", True)
    assert f":{repo.branch(fix.head_branch)} -->" in body_of(fix)
    gone = Gate()
    github.faults.append(Fault(faults.held(gone), method="GET", path=r"/git/ref/heads/argofix/fix/a--b$"))
    repo.push("main", {"b/kustomization.yaml": kustomization("b.yaml")}, author=alice)
    await gone.reached()
    github.edit_body(fix, f"{body_of(fix)}\n\nAnd this.", alice)
    gone.set()
    await bot_.idle()
    assert not fix.open and "And this." in body_of(fix)


async def test_a_bump_keeps_them_too(world: World, alice: User) -> None:
    world.publish("v3.2.2", "v3.2.3")
    repo = world.repository()
    await world.tick()
    (pull,) = world.open(repo).values()
    world.github.edit_title(pull, "Argo CD, please", alice)
    world.github.edit_body(pull, f"{body_of(pull)}\n\nRead the notes first.", alice)
    world.publish("v3.2.4")
    await world.tick()
    assert world.open(repo)[PATCH] is pull
    assert pull.issue.title == "Argo CD, please"
    assert "to **v3.2.4**" in body_of(pull) and body_of(pull).endswith("Read the notes first.")
    world.github.edit_body(pull, "All mine.", alice)
    world.publish("v3.2.5")
    await world.tick()
    assert visible(body_of(pull)).strip() == "All mine."
    assert any("v3.2.5" in comment.body for comment in pull.issue.comments)
    assert "v3.2.5" in (repo.file("argocd/overlays/staging/kustomization.yaml", PATCH) or b"").decode()
