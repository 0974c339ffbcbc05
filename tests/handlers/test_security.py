"""Hostile repositories and curious readers of logs, over whole webhook runs. docs/security.md lists all of it."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from bot.github.app import FIX, READ, REPORT
from bot.process import logs
from demo.story import BEFORE, PROPOSED
from tests.bot.rendering.attacks import pod
from tests.github import SimulatedGitHub, User
from tests.handlers.conftest import FAILED, GOOD, OWNERSHIP, Bot, Contents, by_the_app, checked, proposed
from tests.scenarios import application, manifest

# As options of git each of these would run a program or write a file.
BRANCHES = ["--upload-pack=touch${IFS}pwned", "--output=pwned", "-cprotocol.ext.allow=always", "-upwned", "--help"]
ATTRIBUTES: Contents = {
    ".gitattributes": "* filter=evil diff=evil merge=union ident text eol=crlf working-tree-encoding=UTF-16\n"
    "*.bin filter=lfs diff=lfs merge=lfs -text\n",
    ".gitmodules": '[submodule "x"]\n\tpath = vendor\n\turl = ext::sh -c "touch pwned"\n\tupdate = !touch pwned\n',
    ".lfsconfig": "[lfs]\n\turl = http://127.0.0.1:9/lfs\n",
    ".gitconfig": '[filter "evil"]\n\tsmudge = touch pwned\n\tclean = touch pwned\n',
    "a.bin": "version https://git-lfs.github.com/spec/v1\noid sha256:" + "0" * 64 + "\nsize 12\n",
}


class Plain(logs.JsonFormatter):
    """As the server writes it, but for the redaction."""

    def format(self, record: logging.LogRecord) -> str:
        traceback = self.formatException(record.exc_info) if record.exc_info else ""
        return self.render({**dict(logs._fields(record)), "exception": traceback})


@contextmanager
def logged() -> Iterator[io.StringIO]:
    """Everything at debug level, as JSON lines and without redaction: what is not said need not be hidden."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(Plain(()))
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        yield stream
    finally:
        root.removeHandler(handler)
        root.setLevel(level)


@pytest.mark.parametrize("branch", BRANCHES)
async def test_a_branch_whose_name_is_an_option_is_a_branch(
    github: SimulatedGitHub, bot_: Bot, alice: User, branch: str
) -> None:
    repo = github.repository("acme/platform", BEFORE)
    github.install(repo)
    repo.push(branch, PROPOSED, author=alice)
    pull = github.open_pull(repo, branch, title="x", user=alice)
    assert await checked(github, pull) == FAILED
    await bot_.idle()
    assert await bot_.dead() == []
    assert not list(Path.cwd().glob("pwned*")) and not list(bot_.state.rglob("pwned*"))


async def test_attributes_submodules_and_lfs_do_nothing(github: SimulatedGitHub, bot_: Bot, alice: User) -> None:
    repo = github.repository("acme/platform", {**BEFORE, **ATTRIBUTES})
    github.install(repo)
    repo.push("copy", PROPOSED, author=alice)
    repo.push("main", {"README.md": "# moved on\n"}, author=alice)  # so that there is something to merge
    pull = github.open_pull(repo, "copy", title="x", user=alice)
    assert await checked(github, pull) == FAILED
    await bot_.idle()
    assert await bot_.dead() == []
    assert not list(Path.cwd().glob("pwned*")) and not list(bot_.state.rglob("pwned*"))
    # Of git's addresses only the repository's own was asked, and nothing of LFS.
    asked = {request.path.partition("/info/")[0] for request in github.requests if "/info/" in request.path}
    assert len(asked) == 1 and not [request for request in github.requests if "lfs" in request.path]


async def test_a_pull_request_cannot_switch_its_own_findings_off(
    github: SimulatedGitHub, bot_: Bot, alice: User
) -> None:
    policy = "ignore:\n  - {rule: '*', resource: '*', reason: mine}\nownership:\n  keep: {'*/*/*': api-backend}\n"
    repo, pull = await proposed(github, alice, files={**PROPOSED, ".github/argofix.yaml": policy})
    assert await checked(github, pull) == FAILED
    # Nor does it keep the button from working.
    github.click(repo, pull.checks[OWNERSHIP], "fix", alice)
    await bot_.idle()
    assert by_the_app(github, repo)


async def test_tokens_are_for_one_repository_and_for_what_the_work_needs(
    github: SimulatedGitHub, bot_: Bot, alice: User
) -> None:
    other = github.repository("acme/other", {"README.md": "x\n"})
    repo = github.repository("acme/platform", BEFORE)
    installation = github.install(repo, repositories=[other])
    await bot_.idle()
    github.tokens.clear()
    bot_.clock.offset += 3600  # what was asked for at the installation has expired
    repo.push("copy", PROPOSED, author=alice)
    pull = github.open_pull(repo, "copy", title="x", user=alice)
    assert (await checked(github, pull))[OWNERSHIP] == "failure"
    await bot_.idle()
    reading = list(github.tokens.values())
    assert reading and all(token.repositories == frozenset({repo.id}) for token in reading)
    allowed = [{**READ, "metadata": "read"}, {**REPORT, "metadata": "read"}]
    assert all({**token.permissions, "metadata": "read"} in allowed for token in reading)
    assert all(token.permissions.get("contents") == "read" for token in reading)
    github.click(repo, pull.checks[OWNERSHIP], "fix", alice)
    await bot_.idle()
    assert by_the_app(github, repo)
    writing = [token for token in github.tokens.values() if token.permissions.get("contents") == "write"]
    assert writing and all(token.repositories == frozenset({repo.id}) for token in writing)
    assert all({**token.permissions, "metadata": "read"} == {**FIX, "metadata": "read"} for token in writing)
    assert installation.repositories == {repo.id, other.id}


async def test_no_secret_is_logged_and_every_line_of_a_run_has_its_delivery(
    github: SimulatedGitHub, bot_: Bot, alice: User
) -> None:
    with logged() as stream:
        await bot_.stop()
        await bot_.start()
        repo, pull = await proposed(github, alice)
        await checked(github, pull)
        github.click(repo, pull.checks[OWNERSHIP], "fix", alice)
        await bot_.idle()
        assert by_the_app(github, repo)
        text = stream.getvalue()
    secrets = [github.app.webhook_secret, github.app.private_key.splitlines()[1], *github.tokens]
    assert len(secrets) > 3 and not [secret for secret in secrets if secret in text]
    assert "-----BEGIN" not in text and "authorization" not in text.lower()
    lines = [json.loads(line) for line in text.splitlines()]
    ours = [line for line in lines if line["logger"].split(".")[0] in ("bot", "handlers")]
    sent = {delivery.guid for delivery in github.deliveries}
    runs = [line for line in ours if line["message"] == "run ended"]
    from_github = [line for line in runs if line["event"] in ("pull_request", "check_run")]
    assert {line["event"] for line in from_github} == {"pull_request", "check_run"}
    assert all(line["delivery"] in sent for line in from_github) and all(line["delivery"] for line in runs)
    about = [line for line in ours if line["message"] == "request" and "/repos/" in line["request"]]
    assert about and not [line for line in about if not line.get("delivery")]


@pytest.mark.parametrize(
    "url",
    [
        "../app",
        "..",
        "x/../../app",
        "%2e%2e/app",
        "acme/..%2f..",
        "acme/x/y",
        "-/-",
        "acme/" + "n" * 101,
    ],
)
async def test_a_repo_url_cannot_choose_a_request(github: SimulatedGitHub, bot_: Bot, alice: User, url: str) -> None:
    """The token would go with it."""
    repo = github.repository("acme/platform", GOOD)
    github.install(repo)
    await bot_.idle()
    seen = len(github.requests)
    repo.push("evil", {"evil.yaml": application("evil", "apps", url=f"https://github.com/{url}")}, author=alice)
    pull = github.open_pull(repo, "evil", title="Evil", user=alice)
    await checked(github, pull)
    paths = {request.path for request in github.requests[seen:]}
    expected = ("/repos/acme/platform", "/app/installations/", "/acme/platform.git/")
    assert {path for path in paths if not path.startswith(expected)} == set()


async def test_the_servers_own_secrets_are_in_nothing_that_it_writes(
    github: SimulatedGitHub, bot_: Bot, alice: User
) -> None:
    """Whatever way one got into a finding: here a pull request names it as the key of a Secret."""
    secret, line = github.app.webhook_secret, github.app.private_key.splitlines()[2]
    stolen: Contents = {
        "steal.yaml": application("steal", "steal"),
        "steal/pod.yaml": json.dumps(pod(f"{secret} {line}")),
        "steal/secret.yaml": manifest("Secret", "s", stringData={"other": "x"}),
    }
    repo = github.repository("acme/platform", BEFORE)
    github.install(repo)
    repo.push("copy", stolen, author=alice)
    pull = github.open_pull(repo, "copy", title="Copy", user=alice)
    assert (await checked(github, pull))["argofix / secret-keys"] == "failure"
    received = "\n".join(json.dumps(request.body) for request in github.requests if request.body)
    assert "has no key" in received
    assert secret not in received
    assert line not in received
