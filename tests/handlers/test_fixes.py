"""Fix pull requests: opened, kept, updated, closed, and left alone when people act."""

from __future__ import annotations

import re

import pytest

from demo.story import BEFORE, PROPOSED
from gitops.files.spans import Edit, Span
from handlers.proposals.branches import file_changes
from tests.github import Fault, PullRequest, Repository, SimulatedGitHub, User, faults
from tests.handlers.conftest import OWNERSHIP, Bot, Contents, body_of, by_the_app, checked
from tests.scenarios import application, config_map, documents, kustomization, tree, with_links

KUSTOMIZATION = "apps/api-backend/kustomization.yaml"
FIX = "argofix/fix/infrastructure--api-backend"
PAIR = re.compile(r"\n<!-- argofix:pair:.* -->")
SMALL: Contents = {
    "apps.yaml": documents(application("a", "a", sync={"automated": {"prune": True}}), application("b", "b")),
    "a/kustomization.yaml": kustomization("m.yaml", "a.yaml"),
    "a/m.yaml": config_map("shared"),
    "a/a.yaml": config_map("a"),
    "b/kustomization.yaml": kustomization("m.yaml", "b.yaml"),
    "b/m.yaml": config_map("shared"),
    "b/b.yaml": config_map("b"),
}


@pytest.fixture
async def repo(github: SimulatedGitHub, bot_: Bot) -> Repository:
    """The story after the unlucky merge, with the fix open."""
    repo = github.repository("acme/platform", {**BEFORE, **PROPOSED})
    github.install(repo)
    await bot_.idle()
    return repo


def the_fix(github: SimulatedGitHub, repo: Repository) -> PullRequest:
    (pull,) = by_the_app(github, repo)
    return pull


async def test_an_installation_opens_the_fix_with_its_proof(github: SimulatedGitHub, repo: Repository) -> None:
    fix = the_fix(github, repo)
    assert fix.head_branch == FIX
    assert body_of(fix).startswith("<!-- argofix:fix:infrastructure--api-backend -->")
    fixed = repo.file(KUSTOMIZATION, FIX)
    assert fixed is not None
    assert b"namespace.yaml" not in fixed
    assert b"network-policies.yaml" not in fixed
    assert fixed.count(b"\r\n") == fixed.count(b"\n")  # line ends stay
    assert body_of(fix).count("✅") == 5
    assert "kubectl get namespace shop" in body_of(fix)
    assert "Prune=false,Delete=false" in body_of(fix)
    assert (await checked(github, fix))[OWNERSHIP] == "success"


async def test_a_fix_that_may_prune_a_namespace_is_a_draft(github: SimulatedGitHub, repo: Repository) -> None:
    assert the_fix(github, repo).draft


async def test_a_fix_without_such_kinds_is_not(github: SimulatedGitHub, bot_: Bot) -> None:
    repo = github.repository("acme/platform", SMALL)
    github.install(repo)
    await bot_.idle()
    fix = the_fix(github, repo)
    assert not fix.draft
    assert "argocd app sync a\nargocd app sync b" in body_of(fix)
    assert "Protect" not in body_of(fix)


async def test_pushes_that_change_nothing_of_it_leave_it_as_it_is(
    github: SimulatedGitHub, bot_: Bot, repo: Repository, alice: User
) -> None:
    head = repo.branch(FIX)
    repo.push("main", {"README.md": "other\n"}, author=alice)
    await bot_.idle()
    assert repo.branch(FIX) == head
    assert the_fix(github, repo).open


async def test_a_push_that_changes_what_is_to_fix_updates_it(
    github: SimulatedGitHub, bot_: Bot, repo: Repository, alice: User
) -> None:
    old = repo.file(KUSTOMIZATION)
    assert old is not None
    repo.push("main", {KUSTOMIZATION: b"# new first line\r\n" + old}, author=alice)
    await bot_.idle()
    fixed = repo.file(KUSTOMIZATION, FIX)
    assert fixed is not None
    assert fixed.startswith(b"# new first line\r\n")
    assert the_fix(github, repo).open


async def test_it_is_closed_with_a_word_when_the_problem_has_gone(
    github: SimulatedGitHub, bot_: Bot, repo: Repository, alice: User
) -> None:
    repo.push("main", {KUSTOMIZATION: BEFORE[KUSTOMIZATION]}, author=alice)
    await bot_.idle()
    fix = the_fix(github, repo)
    assert not fix.open
    assert "nothing left to do" in fix.issue.comments[-1].body
    assert repo.branch(FIX) is None
    # The problem comes back: so does the fix.
    repo.push("main", {KUSTOMIZATION: PROPOSED[KUSTOMIZATION]}, author=alice)
    await bot_.idle()
    assert [pull.open for pull in by_the_app(github, repo)].count(True) == 1


async def test_it_is_kept_while_one_of_its_applications_does_not_render(
    github: SimulatedGitHub, bot_: Bot, repo: Repository, alice: User
) -> None:
    """Nobody can tell then whether it is still needed."""
    repo.push("main", {"apps/api-backend/service.yaml": "a: [\n"}, author=alice)
    await bot_.idle()
    fix = the_fix(github, repo)
    assert (fix.open, fix.issue.comments) == (True, [])


# An Application of which nothing can be rendered here, whose name begins one of the pair's.
CHART = application(
    "api", "", source={"repoURL": "https://charts.example.com", "chart": "api", "targetRevision": "1.0.0"}
)


@pytest.mark.parametrize("marked", [True, False], ids=["with the pair", "of an earlier release"])
async def test_an_application_with_a_name_like_one_of_the_pair_keeps_no_fix_open(
    github: SimulatedGitHub, bot_: Bot, alice: User, marked: bool
) -> None:
    files = dict(SMALL)
    files["apps.yaml"] = documents(application("infra", "a"), application("api-backend", "b"), CHART)
    repo = github.repository("acme/platform", files)
    github.install(repo)
    await bot_.idle()
    fix = the_fix(github, repo)
    assert PAIR.search(body_of(fix))
    if not marked:
        fix.issue.body = PAIR.sub("", body_of(fix))
    repo.push("main", {"b/kustomization.yaml": kustomization("b.yaml")}, author=alice)
    await bot_.idle()
    assert not fix.open
    assert fix.issue.comments[-1].body.endswith("no longer there on `main`, so there is nothing left to do.")


async def test_what_can_no_longer_be_proven_is_left_to_people(
    github: SimulatedGitHub, bot_: Bot, alice: User
) -> None:
    repo = github.repository("acme/platform", SMALL)
    github.install(repo)
    await bot_.idle()
    repo.push("main", {"b/m.yaml": config_map("shared", c="differs")}, author=alice)
    await bot_.idle()
    fix = the_fix(github, repo)
    assert not fix.open
    said = fix.issue.comments[-1].body
    assert "nothing left on `main` that argofix can prove a fix for" in said
    assert "- ConfigMap shop/shared is owned by `a` and `b`; no fix is offered: the copies differ" in said


async def test_one_that_github_refuses_does_not_keep_back_the_other(github: SimulatedGitHub, bot_: Bot) -> None:
    files = dict(SMALL)
    files["apps.yaml"] = documents(*(application(name, name) for name in ("a", "b", "c")))
    files |= {"c/kustomization.yaml": kustomization("m.yaml", "c.yaml"), "c/m.yaml": config_map("shared")}
    files["c/c.yaml"] = config_map("c")
    refusal = faults.Effect(422, {"Content-Type": "application/json"}, '{"message": "Validation Failed"}')
    github.faults.append(Fault(refusal, method="POST", path=r"/git/trees"))
    repo = github.repository("acme/platform", files)
    github.install(repo)
    await bot_.idle()
    assert [fix.head_branch for fix in by_the_app(github, repo)] == ["argofix/fix/a--c"]
    assert any("Validation Failed" in reason for reason in await bot_.dead())


async def test_closed_by_a_person_it_stays_closed(
    github: SimulatedGitHub, bot_: Bot, repo: Repository, alice: User
) -> None:
    github.close(the_fix(github, repo), alice)
    repo.push("main", {"README.md": "other\n"}, author=alice)
    await bot_.idle()
    assert not the_fix(github, repo).open


async def test_the_button_opens_what_a_person_had_closed(
    github: SimulatedGitHub, bot_: Bot, repo: Repository, alice: User
) -> None:
    github.close(the_fix(github, repo), alice)
    repo.push("readme", {"README.md": "other\n"}, author=alice)
    pull = github.open_pull(repo, "readme", title="Readme", user=alice)
    await checked(github, pull)
    github.click(repo, pull.checks[OWNERSHIP], "fix", alice)
    await bot_.idle()
    open_now = [fix for fix in by_the_app(github, repo) if fix.open]
    assert [fix.head_branch for fix in open_now] == [FIX]
    assert f"#{open_now[0].number}" in pull.issue.comments[-1].body


async def test_a_branch_that_a_person_pushed_to_is_left_alone(
    github: SimulatedGitHub, bot_: Bot, repo: Repository, alice: User
) -> None:
    mine = repo.push(FIX, {"NOTES.md": "mine\n"}, author=alice)
    old = repo.file(KUSTOMIZATION)
    assert old is not None
    for number in range(2):
        repo.push("main", {KUSTOMIZATION: b"# %d\r\n" % number + old}, author=alice)
        await bot_.idle()
    fix = the_fix(github, repo)
    assert repo.branch(FIX) == mine
    assert len([c for c in fix.issue.comments if "leaves it alone" in c.body]) == 1


@pytest.mark.parametrize("reworded", [None, "Keep the namespace here"], ids=["content", "message"])
async def test_a_commit_of_ours_that_a_person_amended_and_signed_is_theirs(
    github: SimulatedGitHub, bot_: Bot, repo: Repository, alice: User, reworded: str | None
) -> None:
    """It is "verified" and still names the App as its author."""
    mine = repo.amend(FIX, {} if reworded else {"NOTES.md": "mine\n"}, alice, reworded)
    old = repo.file(KUSTOMIZATION)
    assert old is not None
    repo.push("main", {KUSTOMIZATION: b"# new\r\n" + old}, author=alice)
    await bot_.idle()
    assert repo.branch(FIX) == mine
    assert len([c for c in the_fix(github, repo).issue.comments if "leaves it alone" in c.body]) == 1


async def test_merged_there_is_nothing_left_to_do(
    github: SimulatedGitHub, bot_: Bot, repo: Repository, alice: User
) -> None:
    fix = the_fix(github, repo)
    github.merge(fix, alice)
    await bot_.idle()
    assert [pull.number for pull in by_the_app(github, repo)] == [fix.number]
    assert fix.merged_at is not None


async def test_one_pull_request_a_pair(github: SimulatedGitHub, bot_: Bot) -> None:
    files = dict(SMALL)
    files["apps.yaml"] = documents(*(application(name, name) for name in ("a", "b", "c")))
    files |= {"c/kustomization.yaml": kustomization("m.yaml", "c.yaml"), "c/m.yaml": config_map("shared")}
    files["c/c.yaml"] = config_map("c")
    repo = github.repository("acme/platform", files)
    github.install(repo)
    await bot_.idle()
    assert [fix.head_branch for fix in by_the_app(github, repo)] == ["argofix/fix/a--b", "argofix/fix/a--c"]


async def test_the_button_fixes_what_the_pull_request_brings_on_its_own_branch(
    github: SimulatedGitHub, bot_: Bot, alice: User
) -> None:
    repo = github.repository("acme/platform", BEFORE)
    github.install(repo)
    repo.push("copy", PROPOSED, author=alice)
    pull = github.open_pull(repo, "copy", title="Copy", user=alice)
    await checked(github, pull)
    github.click(repo, pull.checks[OWNERSHIP], "fix", alice)
    await bot_.idle()
    fix = the_fix(github, repo)
    assert fix.base_branch == "copy"
    assert not fix.draft  # nothing of it is deployed yet
    said = f"#{fix.number} fixes what this pull request brings in; merge it into `copy`."
    assert said in pull.issue.comments[-1].body
    github.merge(fix, alice)
    await bot_.idle()
    assert (await checked(github, pull))[OWNERSHIP] == "failure"  # the ServiceAccount is still for a person
    github.close(pull, alice)
    await bot_.idle()


async def test_a_fix_ends_with_the_pull_request_it_was_for(github: SimulatedGitHub, bot_: Bot, alice: User) -> None:
    repo = github.repository("acme/platform", BEFORE)
    github.install(repo)
    repo.push("copy", PROPOSED, author=alice)
    pull = github.open_pull(repo, "copy", title="Copy", user=alice)
    await checked(github, pull)
    github.click(repo, pull.checks[OWNERSHIP], "fix", alice)
    await bot_.idle()
    github.close(pull, alice)
    await bot_.idle()
    assert not the_fix(github, repo).open


async def test_a_strangers_look_alike_is_not_touched(
    github: SimulatedGitHub, bot_: Bot, repo: Repository, alice: User
) -> None:
    repo.push("argofix/fix/forged", {"README.md": "x\n"}, author=alice)
    body = "<!-- argofix:fix:forged -->"
    pull = github.open_pull(repo, "argofix/fix/forged", title="Forged", body=body, user=alice)
    await bot_.idle()
    repo.push("main", {"README.md": "y\n"}, author=alice)
    await bot_.idle()
    assert pull.open


def test_a_file_of_which_a_fix_leaves_nothing_is_deleted_by_its_commit() -> None:
    files = tree({"a.yaml": config_map("m"), "b.yaml": config_map("n") + "---\n" + config_map("o")})
    edits = [Edit(Span("a.yaml", 1, 1), ""), Edit(Span("b.yaml", 1, 2), ""), Edit(Span("link.yaml", 1, 1), "")]
    changes = file_changes(with_links(files, {"link.yaml": "a.yaml"}), edits)
    assert changes["a.yaml"].content is None
    assert changes["link.yaml"].content is None
    assert changes["b.yaml"].content == config_map("o").encode()
