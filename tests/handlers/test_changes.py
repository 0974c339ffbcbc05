"""What merging changes: the check run, the comment, and the word that lets deletions pass."""

from __future__ import annotations

import re

import aiohttp

from bot.formats.github.changes import MARK, NOTHING
from tests.github import PullRequest, SimulatedGitHub, User
from tests.github.queue import MergeQueue
from tests.handlers.asking import asked, reactions
from tests.handlers.conftest import CHANGES, GATE, PASSED, Bot, Contents, checked, proposed, summary_of
from tests.scenarios import application, config_map, documents, kustomization, manifest

AUTOMATED = {"automated": {"prune": True}}
CLAIM = manifest("PersistentVolumeClaim", "data", "shop")
OTHER = manifest("PersistentVolumeClaim", "more", "shop")
HELD = PASSED | {CHANGES: "failure", GATE: "failure"}
SHOP: Contents = {
    "apps.yaml": documents(application("shop", "shop", sync=AUTOMATED), application("web", "web", sync=AUTOMATED)),
    "shop/kustomization.yaml": kustomization("claim.yaml", "more.yaml", "x.yaml"),
    "shop/claim.yaml": CLAIM,
    "shop/more.yaml": OTHER,
    "shop/x.yaml": config_map("x"),
    "web/kustomization.yaml": kustomization("y.yaml", "claim.yaml"),
    "web/claim.yaml": manifest("PersistentVolumeClaim", "data", "web"),
    "web/y.yaml": config_map("y"),
}
WITHOUT: Contents = {"shop/kustomization.yaml": kustomization("more.yaml", "x.yaml"), "shop/claim.yaml": None}


def told(pull: PullRequest) -> list[str]:
    return [comment.body for comment in pull.issue.comments if comment.body.startswith(MARK)]


def digest_of(text: str) -> str:
    (found,) = re.findall(r"^/argofix allow ([0-9a-f]{16}) REASON$", text, re.MULTILINE)
    return str(found)


async def test_a_deletion_of_data_is_held_until_somebody_allows_exactly_it(
    github: SimulatedGitHub, bot_: Bot, alice: User
) -> None:
    repo, pull = await proposed(github, alice, before=SHOP, files=WITHOUT)
    assert await checked(github, pull) == HELD
    (body,) = told(pull)
    digest = digest_of(body)
    assert digest == digest_of(summary_of(pull, CHANGES))
    assert "**`PersistentVolumeClaim shop/data`** of `shop` is deleted ([`shop/claim.yaml:1`](" in body
    assert "1 deletion that somebody has to allow" in summary_of(pull, GATE)

    _, (said,) = await asked(github, bot_, pull, alice, f"/argofix allow {digest} it was moved")
    assert "`allow` is for people with write access" in said
    assert await checked(github, pull) == HELD

    github.collaborator(repo, alice)
    for wrong, answer in (("0" * 16, f"which is `{digest}`"), ("all", "`all` is no digest")):
        _, (said,) = await asked(github, bot_, pull, alice, f"/argofix allow {wrong} it was moved")
        assert answer in said
    assert await checked(github, pull) == HELD

    comment, (said,) = await asked(github, bot_, pull, alice, f"/argofix allow {digest} it was moved, @bob")
    assert reactions(comment) == ["eyes", "rocket"]
    assert "Allowed by `alice`, 1 deletion. Reason:" in said and "@bob" not in said
    assert await checked(github, pull) == PASSED
    assert "Somebody with write access has [allowed](" in summary_of(pull, CHANGES)

    # The word holds for another push that deletes the same, and for none that deletes more.
    repo.push("copy", {"README.md": "same\n"}, author=alice)
    await bot_.idle()
    assert await checked(github, pull) == PASSED
    repo.push("copy", {"shop/kustomization.yaml": kustomization("x.yaml"), "shop/more.yaml": None}, author=alice)
    await bot_.idle()
    assert await checked(github, pull) == HELD
    (body,) = told(pull)
    assert digest_of(body) != digest
    repo.push("copy", {"shop/kustomization.yaml": SHOP["shop/kustomization.yaml"]} | both(SHOP), author=alice)
    await bot_.idle()
    assert await checked(github, pull) == PASSED
    assert told(pull) == [NOTHING]


def both(files: Contents) -> Contents:
    return {path: files[path] for path in ("shop/claim.yaml", "shop/more.yaml")}


async def test_only_what_we_said_on_this_pull_request_lets_it_pass(
    github: SimulatedGitHub, bot_: Bot, alice: User
) -> None:
    repo, pull = await proposed(github, alice, before=SHOP, files=WITHOUT)
    github.collaborator(repo, alice)
    await checked(github, pull)
    digest = digest_of(summary_of(pull, CHANGES))
    await asked(github, bot_, pull, alice, f"/argofix allow {digest} moved")
    (word,) = [c.body for c in pull.issue.comments if "argofix:allow:" in c.body and c.user == github.app.bot]
    repo.push("other", {**WITHOUT, "README.md": "other\n"}, author=alice)
    other = github.open_pull(repo, "other", title="Other", user=alice)
    github.comment(other, alice, word)  # a person quotes the very line
    # We quote it: in the text of a file that the change shows, and as a name that the answer repeats.
    quoted = word[word.index("<!-- argofix:allow:") :].partition("\n")[0]
    repo.push("other", {"web/y.yaml": config_map("y", quoted)}, author=alice)
    await bot_.idle()
    assert await checked(github, other) == HELD
    assert quoted in told(other)[0]
    assert digest_of(told(other)[0]) == digest  # the same set, and nobody has allowed it here


async def test_the_comment_says_what_changes_and_a_command_says_it_of_one_application(
    github: SimulatedGitHub, bot_: Bot, alice: User
) -> None:
    _, pull = await proposed(
        github,
        alice,
        before=SHOP,
        files={"web/y.yaml": config_map("y", c="d"), "shop/x.yaml": config_map("x", e="f")},
    )
    assert await checked(github, pull) == PASSED
    (body,) = told(pull)
    assert "ConfigMap shop/y" in body and "ConfigMap shop/x" in body
    assert digest_free(body)
    _, (said,) = await asked(github, bot_, pull, alice, "/argofix diff web")
    assert "ConfigMap shop/y" in said and "ConfigMap shop/x" not in said
    _, (said,) = await asked(github, bot_, pull, alice, "/argofix diff wep")
    assert said.endswith("There is no Application `wep` before or after this change. Did you mean `web`?")


def digest_free(text: str) -> bool:
    return "/argofix allow" not in text


async def test_a_merge_queue_asks_for_the_word_that_was_given_on_the_pull_request(
    github: SimulatedGitHub, bot_: Bot, alice: User
) -> None:
    repo, first = await proposed(github, alice, before=SHOP, files=WITHOUT)
    github.collaborator(repo, alice)
    fewer: Contents = {"web/kustomization.yaml": kustomization("y.yaml"), "web/claim.yaml": None}
    repo.push("second", fewer, author=alice, base="main")
    second = github.open_pull(repo, "second", title="Second", user=alice)
    for pull in (first, second):
        await checked(github, pull)
        await asked(github, bot_, pull, alice, f"/argofix allow {digest_of(summary_of(pull, CHANGES))} moved")
    # What was said on the second one is taken back before it is its turn.
    second.issue.comments[:] = [each for each in second.issue.comments if "argofix:allow:" not in each.body]
    queue = MergeQueue(repo, frozenset({GATE}))
    groups = [queue.enter(pull) for pull in (first, second)]
    await bot_.idle()
    passed, held = ({name: run.conclusion for name, run in repo.checks(g.head_sha).items()} for g in groups)
    assert passed[CHANGES] == passed[GATE] == "success"
    assert held[CHANGES] == held[GATE] == "failure"
    assert f"nobody has allowed on #{second.number}" in (repo.checks(groups[1].head_sha)[CHANGES].summary or "")


async def test_the_whole_difference_is_on_a_page_of_the_server(
    github: SimulatedGitHub, bot_: Bot, alice: User
) -> None:
    await bot_.stop()
    bot_.public_url = "https://argofix.example.com"
    await bot_.start()
    many: Contents = {f"web/{n}.yaml": config_map(f"m{n}", key=f"value-{n:04}-" + "x" * 300) for n in range(250)}
    listed = kustomization("y.yaml", "claim.yaml", *(f"{n}.yaml" for n in range(250)), "s.yaml")
    secret = manifest("Secret", "db", "web", stringData={"password": "correct-horse-battery"})
    files = {**many, "web/kustomization.yaml": listed, "web/s.yaml": secret}
    _, pull = await proposed(github, alice, before=SHOP, files=files)
    assert await checked(github, pull) == PASSED
    (body,) = told(pull)
    assert len(body) < 65_536
    assert "What is alike is shown in short here; `argofix diff` shows everything." in body
    (address,) = re.findall(r"\[The whole difference\]\(https://argofix\.example\.com(/pages/[^)]+)\)", body)
    assert bot_.running is not None
    async with aiohttp.ClientSession() as session:
        async with session.get(f"http://127.0.0.1:{bot_.running.port}{address}") as answer:
            assert answer.status == 200
            page = await answer.text()
        async with session.get(f"http://127.0.0.1:{bot_.running.port}{address[:-1]}x") as answer:
            assert answer.status == 404
    assert all(f"value-{n:04}" in page for n in range(250))
    assert "Secret web/db" in page and "correct-horse" not in page and "correct-horse" not in body


async def test_what_could_be_merged_first_is_shown_with_its_edits(
    github: SimulatedGitHub, bot_: Bot, alice: User
) -> None:
    claim = "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata:\n  name: data\n  namespace: shop\nspec: {}\n"
    before: Contents = {**SHOP, "shop/claim.yaml": claim}
    _, pull = await proposed(github, alice, before=before, files=WITHOUT)
    assert await checked(github, pull) == HELD
    (body,) = told(pull)
    assert "1. Merge these edits as a change of their own, before this one." in body
    assert '    argocd.argoproj.io/sync-options: "Prune=false,Delete=false"\n' in body
    assert "1. Merge these edits" in summary_of(pull, CHANGES)
