"""GitHub's refusals in words for people."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.formats.refusal import Attempt, Doing, refusal
from bot.github.errors import Answer, GitHubError, error_of
from bot.github.rules import Rule

REQUEST = "PATCH /api/v3/repos/acme/platform/git/refs/heads/argofix/fix/a--b"
VIOLATED = "Repository rule violations found\n\n"


def error(status: int, message: str, errors: object = None, headers: Mapping[str, str] | None = None) -> GitHubError:
    data: dict[str, Any] = {"message": message} | ({"errors": errors} if errors is not None else {})
    return error_of(Answer(status, headers or {}, data), REQUEST)


def told(given_: GitHubError, doing: Doing = Doing.CREATE, rules: tuple[Rule, ...] = (), branches: int = 1) -> str:
    names = tuple(f"argofix/fix/a--b{n}" for n in range(branches))
    site = "https://github.com/acme/platform"
    return refusal(given_, Attempt(doing, names, "main"), rules, site=site, app="argofix", again="ask again")


@pytest.mark.parametrize(
    ("doing", "message", "named"),
    [
        (Doing.CREATE, "Cannot create ref due to creations being restricted.", "Restrict creations"),
        (Doing.MOVE, "Cannot update this protected ref.", "Restrict updates"),
        (Doing.MOVE, "Changes must be made through a pull request.", "Require a pull request before merging"),
        (Doing.MOVE, "Cannot force-push to this branch", "Block force pushes"),
        (Doing.CREATE, "Commits must have verified signatures.", "Require signed commits"),
        (Doing.CREATE, "2 of 2 required status checks are expected.", "Require status checks to pass"),
        (Doing.CREATE, "File path is restricted", "Restrict file paths"),
        (Doing.CREATE, "Commit message must match a given regex pattern", "Restrict commit metadata"),
        (Doing.MOVE, "Changes must be made through the merge queue", "Require merge queue"),
    ],
)
def test_each_rule_is_called_as_in_the_settings(doing: Doing, message: str, named: str) -> None:
    for status in (409, 422):
        said = told(error(status, f"{VIOLATED}{message}\n\n"), doing)
        assert f"- *{named}*: " in said
        assert message.rstrip(".") in said.replace("\\", "").replace("\u200b", "")
        assert "can add the App `argofix` to the bypass list" in said


def test_what_nobody_knows_yet_is_quoted() -> None:
    said = told(error(422, f"{VIOLATED}- The moon must be full.\n"))
    assert "A rule forbids it:\n\n- The moon must be full" in said


def test_several_rules_and_branches_are_told_together() -> None:
    lines = "Cannot create ref due to creations being restricted.\n\nCommits must have verified signatures.\n"
    said = told(error(422, VIOLATED + lines), branches=10)
    assert "create the branches `argofix/fix/a--b0`, `argofix/fix/a--b1`" in said
    assert "and 2 more. Rules forbid it:" in said
    assert said.count("\n- ") == 2


def test_a_permission_is_told_as_the_settings_write_it() -> None:
    message, needed = "Resource not accessible by integration", "contents=write; contents=write,workflows=write"
    said = told(error(403, message, headers={"x-accepted-github-permissions": needed}))
    assert "its installation needs *Contents: write*. " in said
    assert "*Pull requests: write*" in told(error(403, message), Doing.OPEN)


@pytest.mark.parametrize(
    ("status", "message", "said"),
    [
        (403, "Repository was archived so is read-only.", "This repository is archived"),
        (403, "This installation has been suspended", "is suspended"),
        (404, "Not Found", "it shows argofix no such place"),
        (403, "You're not authorized to push to this branch.", "branch protection rule"),
    ],
)
def test_what_is_no_rule(status: int, message: str, said: str) -> None:
    assert said in told(error(status, message))


def test_a_base_that_has_gone() -> None:
    invalid = [{"resource": "PullRequest", "field": "base", "code": "invalid"}]
    assert told(error(422, "Validation Failed", invalid), Doing.OPEN).startswith("The branch `main` that this was")


WORDS = st.one_of(
    st.text(max_size=40),
    st.sampled_from(["@alice", "<!-- argofix:closed -->", VIOLATED, "archived", "secret", "integration", "- a\n- b"]),
)
ERRORS = st.one_of(
    st.none(),
    st.text(max_size=10),
    st.lists(
        st.one_of(
            WORDS,
            st.dictionaries(
                st.sampled_from(["message", "field", "code"]), st.one_of(WORDS, st.none(), st.integers())
            ),
        ),
        max_size=3,
    ),
)


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from([400, 403, 404, 409, 422]),
    st.lists(WORDS, max_size=4).map("".join),
    ERRORS,
    st.sampled_from(Doing),
    st.lists(st.sampled_from(["creation", "update", "new_kind"]), max_size=3),
)
def test_whatever_github_answers_is_a_sentence_and_never_the_request(
    status: int, message: str, errors: object, doing: Doing, kinds: list[str]
) -> None:
    said = told(error(status, message, errors), doing, tuple(Rule(kind, "acme/platform") for kind in kinds))
    assert re.match(r"(GitHub|This|The) \S", said)
    for raw in (REQUEST, "/repos/", "<!--", "{'"):
        assert raw not in said
    assert not re.search(r"(?<![\w`])@alice", said)
