"""Payloads become typed events once; what GitHub would never send is refused by name."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.github import events
from bot.github.events import (
    CheckRunEvent,
    InstallationEvent,
    MalformedEvent,
    PullRequestEvent,
    PushEvent,
    RepositoryEvent,
)
from tests.bot.payloads import encoded, pull_request, push, repository
from tests.github import SimulatedGitHub

Json = dict[str, Any]


def test_a_pull_request() -> None:
    event = events.parse("pull_request", encoded(pull_request("synchronize", number=7, head="a" * 40)))
    assert isinstance(event, PullRequestEvent)
    assert (event.action, event.installation, event.sender) == ("synchronize", 11, "alice")
    assert (event.pull_request.number, event.pull_request.head.sha) == (7, "a" * 40)
    assert (event.repository.owner, event.repository.name) == ("octo", "deploy")
    assert events.lane(event) == "repository/42"
    assert events.supersedes(event) == "pull/42/7"


def test_a_deleted_fork_is_no_repository() -> None:
    payload = pull_request("opened")
    payload["pull_request"]["head"]["repo"] = None
    event = events.parse("pull_request", encoded(payload))
    assert isinstance(event, PullRequestEvent)
    assert event.pull_request.head.repository is None
    assert event.pull_request.from_fork


@pytest.mark.parametrize(
    ("action", "changes", "key"),
    [
        ("opened", None, True),
        ("reopened", None, True),
        ("ready_for_review", None, True),
        ("closed", None, False),
        ("labeled", None, False),
        ("edited", {"title": {"from": "x"}}, False),
        ("edited", {"base": {"ref": {"from": "x"}}}, True),
    ],
)
def test_only_what_moves_the_head_or_base_supersedes(action: str, changes: Json | None, key: bool) -> None:
    payload = pull_request(action) | ({"changes": changes} if changes else {})
    assert (events.supersedes(events.parse("pull_request", encoded(payload))) is not None) == key


def test_a_push() -> None:
    event = events.parse("push", encoded(push("refs/heads/main", before="0" * 40, after="b" * 40)))
    assert isinstance(event, PushEvent)
    assert (event.before, event.after, event.on_default_branch) == (None, "b" * 40, True)
    assert events.supersedes(event) == "push/42/refs/heads/main"
    aside = events.parse("push", encoded(push("refs/heads/feature", before="b" * 40, after="0" * 40)))
    assert isinstance(aside, PushEvent)
    assert (aside.after, aside.on_default_branch, events.supersedes(aside)) == (None, False, None)


def test_an_installation_has_a_lane_of_its_own() -> None:
    payload = {
        "action": "removed",
        "installation": {"id": 9, "account": {"login": "octo"}},
        "repositories_added": [],
        "repositories_removed": [{"full_name": "octo/deploy"}],
        "sender": {"login": "alice"},
    }
    event = events.parse("installation_repositories", encoded(payload))
    assert isinstance(event, InstallationEvent)
    assert (event.account, event.added, event.removed) == ("octo", (), ("octo/deploy",))
    assert events.lane(event) == "installation/9"


def test_an_unknown_event_is_no_error() -> None:
    event = events.parse(
        "star", encoded({"action": "created", "repository": repository(), "installation": {"id": 1}})
    )
    assert isinstance(event, RepositoryEvent)
    assert events.parse("ping", b'{"zen": "x"}').installation == 0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"pull_request": None}, "pull_request is not an object"),
        ({"installation": None}, "installation is missing"),
        ({"repository": repository() | {"full_name": "../../etc"}}, "full_name is not the name of a repository"),
        ({"repository": repository() | {"full_name": "a/.."}}, "full_name is not the name of a repository"),
        ({"repository": repository() | {"id": "42"}}, "repository.id is not a whole number"),
        ({"repository": repository() | {"id": True}}, "repository.id is not a whole number"),
        ({"action": 1}, "action is not a string"),
    ],
)
def test_what_is_wrong_is_named(change: Json, message: str) -> None:
    with pytest.raises(MalformedEvent, match=message):
        events.parse("pull_request", encoded(pull_request("opened") | change))


@pytest.mark.parametrize("sha", ["main", "--upload-pack=x", "A" * 40, "a" * 39, ""])
def test_a_head_is_an_object_id(sha: str) -> None:
    with pytest.raises(MalformedEvent, match="not an object id"):
        events.parse("pull_request", encoded(pull_request("opened", head=sha)))


@pytest.mark.parametrize(
    "payload", [b"", b"[]", b"null", b"\xff", b"{", b'{"a": NaN}', b"[" * 100_000, b'{"a": ' + b"9" * 5000 + b"}"]
)
def test_what_is_no_json_object_is_malformed(payload: bytes) -> None:
    with pytest.raises(MalformedEvent):
        events.parse("push", payload)


KINDS = st.sampled_from(["pull_request", "push", "check_run", "check_suite", "issue_comment", "installation", "x"])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=50),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)
NAMES = st.sampled_from([*pull_request("opened"), "check_run", "check_suite", "issue", "comment", "changes"])


@given(kind=KINDS, changes=st.dictionaries(NAMES, VALUES, max_size=4))
def test_no_payload_does_worse_than_being_malformed(kind: str, changes: Json) -> None:
    payload = pull_request("opened") | push("refs/heads/main") | changes
    try:
        event = events.parse(kind, json.dumps(payload).encode())
    except MalformedEvent:
        return
    assert events.lane(event)


async def test_every_event_that_github_sends_is_understood(github: SimulatedGitHub) -> None:
    github.app.webhook_url = "http://127.0.0.1:1/nobody"
    repo = github.repository("octo/deploy", {"a": "a\n"})
    installation = github.install(repo)
    repo.push("feature", {"b": "b\n"})
    pull = github.open_pull(repo, "feature")
    github.close(pull)
    github.reopen(pull)
    github.suspend(installation)
    github.unsuspend(installation)
    await github.settle()
    kinds = {
        type(events.parse(d.event, json.dumps(d.payload).encode())) for d in github.deliveries if d.event != "create"
    }
    assert kinds >= {PullRequestEvent, PushEvent, InstallationEvent}


def test_a_button() -> None:
    payload = push("refs/heads/main") | {
        "action": "requested_action",
        "requested_action": {"identifier": "fix"},
        "check_run": {
            "id": 5,
            "name": "argofix / ownership",
            "head_sha": "a" * 40,
            "external_id": None,
            "app": {"id": 3},
            "pull_requests": [{"number": 1, "head": {"sha": "a" * 40}, "base": {"sha": "b" * 40}}],
        },
    }
    event = events.parse("check_run", encoded(payload))
    assert isinstance(event, CheckRunEvent)
    assert (event.requested_action, event.app, event.external_id) == ("fix", 3, "")
    assert event.pull_requests == (events.Link(1, "a" * 40, "b" * 40),)
