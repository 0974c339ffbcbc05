"""GitHub's description is enforced on requests and on answers."""

from typing import Any

import pytest

from tests.github import Repository, SimulatedGitHub
from tests.github.description import load
from tests.github.handling import ROUTES, Answer, Route
from tests.github_sim.conftest import Client

RUNS = "/repos/octo/deploy/check-runs"
LINE = {"path": "a", "start_line": 1, "end_line": 1, "annotation_level": "notice", "message": "m"}


def head(repo: Repository) -> str:
    sha = repo.branch("main")
    assert sha
    return sha


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"colour": "red"}, "colour"),
        ({"output": {"title": "t", "summary": "s", "body": "b"}}, "body"),
        ({"output": {"title": "t"}}, "summary"),
        ({"status": "done"}, "done"),
        ({"actions": [{"label": "x" * 21, "description": "d", "identifier": "i"}]}, "longer than 20"),
        ({"actions": [{"label": "l", "description": "d", "identifier": "i"}] * 4}, "actions"),
        ({"output": {"title": "t", "summary": "s", "annotations": [LINE] * 51}}, "annotations"),
        ({"started_at": "yesterday"}, "date-time"),
    ],
)
async def test_a_body_that_is_not_described_is_refused_and_recorded(
    github: SimulatedGitHub, repo: Repository, api: Client, body: dict[str, Any], said: str
) -> None:
    status, answer = await api("POST", RUNS, {"name": "n", "head_sha": head(repo)} | body)
    assert status == 422 and said in answer["message"]
    assert [violation.side for violation in github.violations] == ["client"]
    assert not repo.check_runs
    with pytest.raises(AssertionError, match="checks/create"):
        github.assert_no_violations()


async def test_a_summary_is_limited_in_bytes(github: SimulatedGitHub, repo: Repository, api: Client) -> None:
    for text, expected in (("a" * 65_535, 201), ("ä" * 32_768, 422), ("a" * 65_536, 422)):
        body = {"name": "n", "head_sha": head(repo), "output": {"title": "t", "summary": text}}
        assert (await api("POST", RUNS, body))[0] == expected


async def test_a_conclusion_completes_and_annotations_are_appended(repo: Repository, api: Client) -> None:
    _, run = await api("POST", RUNS, {"name": "n", "head_sha": head(repo), "status": "in_progress"})
    output = {"title": "t", "summary": "s", "annotations": [LINE] * 50}
    for conclusion in ({}, {"conclusion": "neutral"}):
        status, run = await api("PATCH", f"{RUNS}/{run['id']}", {"output": output, **conclusion})
        assert status == 200
    assert (run["status"], run["conclusion"], run["output"]["annotations_count"]) == ("completed", "neutral", 100)
    status, second = await api("GET", f"{RUNS}/{run['id']}/annotations?per_page=60&page=2")
    assert len(second) == 40 and 'rel="prev"' in api.headers["Link"]


@pytest.mark.parametrize("query", ["owner=x", "state=merged", "page=x", "page=1&page=2"])
async def test_unknown_queries_are_refused(github: SimulatedGitHub, api: Client, query: str) -> None:
    assert (await api("GET", f"/repos/octo/deploy/pulls?{query}"))[0] == 422
    assert len(github.violations) == 1


async def test_an_operation_that_is_not_served_is_a_violation(github: SimulatedGitHub, api: Client) -> None:
    assert (await api("GET", "/repos/octo/deploy/teapots"))[0] == 404
    assert "teapots" in str(github.violations[0])


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"User-Agent": ""}, 403),
        ({"Accept": "text/html"}, 422),
        ({"X-GitHub-Api-Version": "2021-01-01"}, 422),
        ({"Content-Type": "text/plain"}, 422),
    ],
)
async def test_headers_are_looked_at(api: Client, repo: Repository, headers: dict[str, str], expected: int) -> None:
    body = {"name": "n", "head_sha": head(repo)}
    assert (await api("POST", RUNS, body, headers=headers))[0] == expected


@pytest.mark.parametrize("answer", [Answer(200, {"id": "x"}), Answer(299, {}), Answer(200, None)])
async def test_an_answer_that_is_not_described_is_our_own_mistake(
    github: SimulatedGitHub, api: Client, monkeypatch: pytest.MonkeyPatch, answer: Answer
) -> None:
    monkeypatch.setitem(ROUTES, "git/get-ref", Route(lambda _: answer, ("contents:read",)))
    assert (await api("GET", "/repos/octo/deploy/git/ref/heads/main"))[0] == 500
    assert [violation.side for violation in github.violations] == ["simulation"]


def test_objects_are_closed_without_rejecting_combined_ones() -> None:
    description = load()
    schema = description.operations["checks/update"].body
    assert not description.errors("a", schema, {"status": "completed", "conclusion": "success", "name": "n"})
    assert description.errors("a", schema, {"status": "completed", "conclusion": "success", "nom": "n"})
    # `description` is a property of a label, not prose about it.
    label = description.operations["issues/create-label"].body
    assert not description.errors("b", label, {"name": "n", "description": "d"})
    assert description.errors("b", label, {"name": "n", "summary": "d"})
