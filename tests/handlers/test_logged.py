"""What the log tells of each judgement: repository, pull request, commit, check, conclusion."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator

import pytest

from bot.process import logs
from tests.github import SimulatedGitHub, User
from tests.handlers.conftest import CHANGES, FAILED, GOOD, PASSED, Bot, Contents, checked, proposed
from tests.scenarios import application, documents, kustomization, manifest


@pytest.fixture
def log(request: pytest.FixtureRequest) -> Iterator[io.StringIO]:
    root = logging.getLogger()
    handler = logging.StreamHandler(stream := io.StringIO())
    handler.setFormatter((logs.TextFormatter if request.param == "text" else logs.JsonFormatter)(()))
    root.addHandler(handler)
    level = root.level
    root.setLevel(logging.INFO)
    yield stream
    root.removeHandler(handler)
    root.setLevel(level)


@pytest.mark.parametrize("log", ["json"], indirect=True)
async def test_one_line_for_each_finished_check(
    github: SimulatedGitHub, bot_: Bot, alice: User, log: io.StringIO
) -> None:
    repo, pull = await proposed(github, alice)
    github.rename(repo, "fleet")
    again = github.open_pull(repo, "copy", title="Twice", base="main", user=alice)
    conclusions = await checked(github, pull)
    await bot_.idle()
    lines = [line for text in log.getvalue().splitlines() if (line := json.loads(text))["message"] == _LINE]
    ends = FAILED | {CHANGES: "success"}
    told = {(line["repository"], line["check"], line["head"], line["conclusion"]) for line in lines}
    assert told == {("acme/fleet", name, pull.head_sha[:7], conclusion) for name, conclusion in ends.items()}
    assert conclusions == FAILED
    by = {line["pull_request"] for line in lines}
    assert by <= {"#1", f"#1, #{again.number}"}
    assert f"#1, #{again.number}" in by
    assert all(line["delivery"] for line in lines)


@pytest.mark.parametrize("log", ["text"], indirect=True)
async def test_as_text_and_without_what_secrets_hold(
    github: SimulatedGitHub, bot_: Bot, alice: User, log: io.StringIO
) -> None:
    before = {
        "apps.yaml": documents(application("a", "a")),
        "a/kustomization.yaml": kustomization("secret.yaml"),
        "a/secret.yaml": manifest("Secret", "db", stringData={"password": "correct-horse-battery"}),
    }
    change: Contents = {"a/secret.yaml": manifest("Secret", "db", stringData={"password": "staple-of-the-horse"})}
    _, pull = await proposed(github, alice, before={**GOOD, **before}, files=change)
    assert await checked(github, pull) == PASSED
    await bot_.idle()
    (line,) = [line for line in log.getvalue().splitlines() if _LINE in line and "check=argofix " in line]
    for pair in ("repository=acme/platform", f"pull_request={json.dumps('#1')}", f"head={pull.head_sha[:7]}"):
        assert pair.replace('"', "") in line.replace('"', "")
    assert "conclusion=success" in line
    for value in ("correct-horse-battery", "staple-of-the-horse"):
        assert value not in log.getvalue()


_LINE = "check run completed"
