"""What Argo CD's own installation gets: pull requests for what is safe, and the rest where somebody asks."""

from __future__ import annotations

from tests.checks.argocd_exposed import exposed
from tests.github import SimulatedGitHub, User
from tests.handlers.asking import asked_on_issue
from tests.handlers.conftest import Bot, Contents, body_of, by_the_app

UNKNOWN: Contents = {**exposed("--no-such-flag", protocol="HTTP").files}


async def test_a_safe_repair_is_offered_by_itself_and_goes_when_it_is_not_needed(
    github: SimulatedGitHub, bot_: Bot, alice: User
) -> None:
    repo = github.repository("acme/platform", UNKNOWN)
    github.collaborator(repo, alice)
    github.install(repo)
    await bot_.idle()
    (pull,) = by_the_app(github, repo)
    assert pull.head_branch.startswith("argofix/fix/argocd-redirect-loop-")
    assert pull.issue.title == "Have argocd-server in shop speak plain HTTP behind what ends TLS"
    assert body_of(pull).startswith("<!-- argofix:fix:argocd-redirect-loop-")
    assert body_of(pull).count("✅") == 3 and "❌" not in body_of(pull)
    fixed = repo.file("argocd/server.yaml", pull.head_branch)
    assert fixed is not None and b"--no-such-flag, --insecure]" in fixed

    # What was meant by a flag nobody knows but its author: only where somebody asks.
    _, (said,) = await asked_on_issue(github, bot_, repo, alice, "/argofix fix")
    (flag,) = [one for one in by_the_app(github, repo) if one is not pull]
    assert f"#{flag.number} is open" in said and "Whether that is what was meant is not in git" in body_of(flag)

    # By hand on the default branch.
    mended = fixed.replace(b"--no-such-flag, ", b"")
    repo.push("main", {"argocd/server.yaml": mended}, message="Mend it", author=alice)
    await bot_.idle()
    assert not pull.open and not flag.open
    assert "What this fixed is no longer there on `main`" in pull.issue.comments[-1].body
