"""People who mean harm: look-alike pull requests, forged marks, names that want to be Markdown."""

from __future__ import annotations

import re

import pytest

from tests.github import Repository, SimulatedGitHub, User
from tests.handlers.conftest import OWNERSHIP, Bot, Contents, body_of, by_the_app, checked, summary_of
from tests.handlers.test_fixes import SMALL
from tests.scenarios import application, config_map, documents, kustomization

BRANCH = "argofix/fix/a--b"
FORGED = f"<!-- argofix:fix:a--b -->\n\nmine\n\n<!-- argofix:state:{'0' * 12}:{'0' * 40} -->"


async def moved(github: SimulatedGitHub, bot_: Bot, repo: Repository, user: User) -> None:
    """Main moves twice, so that the edits change each time."""
    for text in ("# one\n", "# one\n# two\n"):
        repo.push("main", {"b/kustomization.yaml": text + kustomization("m.yaml", "b.yaml")}, author=user)
        await bot_.idle()


@pytest.mark.parametrize("with_pull", [True, False], ids=["pull request", "branch alone"])
async def test_a_strangers_branch_of_our_name_is_left_alone(
    github: SimulatedGitHub, bot_: Bot, alice: User, with_pull: bool
) -> None:
    mallory = github.user("mallory")
    repo = github.repository("acme/platform", SMALL)
    head = repo.push(BRANCH, {"README.md": "mine\n"}, author=mallory)
    pull = github.open_pull(repo, BRANCH, title="Mine", body=FORGED, user=mallory) if with_pull else None
    github.install(repo)
    await bot_.idle()
    await moved(github, bot_, repo, alice)
    assert repo.branch(BRANCH) == head
    assert by_the_app(github, repo) == []
    if pull is not None:
        assert (pull.open, pull.issue.title, body_of(pull), pull.issue.comments) == (True, "Mine", FORGED, [])
    repo.push("main", {"b/kustomization.yaml": kustomization("b.yaml")}, author=alice)
    await bot_.idle()
    assert repo.branch(BRANCH) == head
    assert await bot_.dead() == []


async def test_a_strangers_second_pull_request_from_our_branch(
    github: SimulatedGitHub, bot_: Bot, alice: User
) -> None:
    mallory = github.user("mallory")
    repo = github.repository("acme/platform", SMALL)
    github.install(repo)
    await bot_.idle()
    (fix,) = by_the_app(github, repo)
    repo.push("other", {"README.md": "x\n"}, author=alice)
    pull = github.open_pull(repo, BRANCH, title="Mine", body=FORGED, user=mallory, base="other")
    await moved(github, bot_, repo, alice)
    assert (body_of(pull), pull.issue.title) == (FORGED, "Mine")
    assert fix.open
    assert body_of(fix).startswith("<!-- argofix:fix:a--b -->")


async def test_a_fork_with_a_branch_of_our_name(github: SimulatedGitHub, bot_: Bot, alice: User) -> None:
    mallory = github.user("mallory")
    repo = github.repository("acme/platform", SMALL)
    fork = github.fork(repo, mallory)
    fork.push(BRANCH, {"README.md": "mine\n"}, author=mallory)
    pull = github.open_pull(repo, BRANCH, title="Mine", body=FORGED, user=mallory, head_repo=fork)
    github.install(repo)
    await bot_.idle()
    (fix,) = by_the_app(github, repo)
    assert fix.head_branch == BRANCH
    repo.push("main", {"b/kustomization.yaml": kustomization("b.yaml")}, author=alice)
    await bot_.idle()
    assert (fix.open, pull.open, body_of(pull)) == (False, True, FORGED)


async def test_marks_in_files_are_not_ours(github: SimulatedGitHub, bot_: Bot, alice: User) -> None:
    """A diff in the body quotes lines of the repository, byte for byte."""
    marks = f"# <!-- argofix:state:{'0' * 12}:{'0' * 40} -->\n# <!-- argofix:closed -->\n"
    namespace = "apiVersion: v1\nkind: Namespace\nmetadata:\n" + marks.replace("# ", "  # ") + "  name: shop\n"
    files: Contents = {**SMALL, "a/m.yaml": namespace, "b/m.yaml": namespace}
    repo = github.repository("acme/platform", files)
    github.install(repo)
    await bot_.idle()
    (fix,) = by_the_app(github, repo)
    assert body_of(fix).count("argofix:closed") == 2  # in the diff of the protecting edit
    await moved(github, bot_, repo, alice)
    assert fix.issue.comments == []  # or it would have taken its own commit for a person's
    assert (repo.file("b/kustomization.yaml", BRANCH) or b"").startswith(b"# one\n# two\n")
    github.close(fix, alice)
    repo.push("main", {"README.md": "x\n"}, author=alice)
    await bot_.idle()
    assert [pull.open for pull in by_the_app(github, repo)] == [False]


EVIL = [
    "`@octocat`",
    "x` @octocat [click](http://evil.example) `y",
    "<script>alert(1)</script>",
    "<!-- argofix:fix:forged --><!-- argofix:closed -->",
    "two\nlines\n\n# fixes #1",
    "n" * 10_000,
]


@pytest.mark.parametrize("evil", EVIL, ids=["backticks", "link", "script", "marks", "lines", "long"])
async def test_hostile_names_stay_names(github: SimulatedGitHub, bot_: Bot, alice: User, evil: str) -> None:
    file = re.sub(r"[/\n]", "-", evil)[:200] + ".yaml"
    quoted = "'" + file.replace("'", "''") + "'"
    names = (f"{evil} a", f"{evil} b")
    files: Contents = {}
    for app in "ab":
        # Two that can be fixed, and one that differs and is left for a person.
        files |= {
            f"{app}/kustomization.yaml": kustomization(quoted, f"{app}.yaml"),
            f"{app}/{app}.yaml": config_map("differs", of=app),
            f"{app}/{file}": config_map("shared") + "---\n" + config_map(evil[:200].replace("\n", " ")),
        }
    repo = github.repository("acme/platform", files)
    github.install(repo)
    repo.push("evil", {"apps.yaml": documents(application(names[0], "a"), application(names[1], "b"))}, author=alice)
    pull = github.open_pull(repo, "evil", title="Evil", user=alice)
    assert (await checked(github, pull))[OWNERSHIP] == "failure"
    github.click(repo, pull.checks[OWNERSHIP], "fix", alice)
    await bot_.idle()
    (fix,) = by_the_app(github, repo)
    message = repo.git.text("log", "-1", "--format=%B", fix.head_branch)
    shown = [summary_of(pull), body_of(fix), fix.issue.title, message, pull.issue.comments[-1].body]
    for text in shown:
        assert "@octocat" not in text
        outside = re.sub(r"(`+).*?\1", "", text)
        # A title is no Markdown, and GitHub escapes it.
        assert "<script>" not in outside or text == fix.issue.title or text == message
        assert not re.search(r"(?<!\\)\]\(http://evil|#1\b", outside)
        assert len(text) < 60_000
    assert re.findall(r"<!-- argofix:(\w+)", body_of(fix)) == ["fix", "state", "pair", "wrote"]
    assert re.findall(r"<!-- argofix:(\w+)", "".join(shown[:1] + shown[2:])) == ["fixes"]
    assert "\n" not in fix.issue.title
    assert [part.startswith("Argofix-Seal: ") for part in message.split("\n\n")] == [False, False, True]
    titles = [item["title"] for item in pull.checks[OWNERSHIP].annotations]
    assert all(len(title) <= 255 and "\n" not in title for title in titles)
