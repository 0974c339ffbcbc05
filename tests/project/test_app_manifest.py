"""app.yaml asks for what the sources use, and for nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
import yaml

import bot.github.app
from demo.story import BEFORE, PROPOSED
from handlers.registry import HANDLERS
from tests.github import SimulatedGitHub, User
from tests.github.description import load
from tests.github.new_app import PARAMETERS
from tests.github.webhooks import ALWAYS
from tests.handlers.conftest import OWNERSHIP, Bot, by_the_app, checked
from tests.project.repository import read

LEVELS = {"read": 1, "write": 2, "admin": 3}


@pytest.fixture
def manifest() -> dict[str, Any]:
    value: dict[str, Any] = yaml.safe_load(read("app.yaml"))
    return value


def used() -> dict[str, str]:
    """The highest level of each permission among all sets that `bot.github.app` has."""
    result = {"metadata": "read"}
    for value in vars(bot.github.app).values():
        if isinstance(value, Mapping) and value and all(level in LEVELS for level in value.values()):
            for name, level in value.items():
                result[name] = max(level, result.get(name, "read"), key=LEVELS.__getitem__)
    return result


def described_events() -> set[str]:
    handled = set(HANDLERS)
    names = {name.replace("-", "_") for name in load().events}
    return {event for event in handled if any(name == event or name.startswith(f"{event}_") for name in names)}


def test_the_permissions_are_exactly_those_that_tokens_are_asked_for(manifest: dict[str, Any]) -> None:
    # GitHub sends `merge_group` to Apps that may read merge queues; no request of ours needs that.
    assert manifest["default_permissions"] == used() | {"merge_queues": "read"}


def test_the_permissions_are_ones_that_github_describes(manifest: dict[str, Any]) -> None:
    schema = {"$ref": "#/$defs/app-permissions"}
    assert not load().errors("app.yaml permissions", schema, manifest["default_permissions"])
    assert load().errors("app.yaml permissions", schema, {"everything": "write"})


def test_the_events_are_exactly_those_that_are_handled(manifest: dict[str, Any]) -> None:
    wanted = {event for event in described_events() if event not in ALWAYS}
    assert set(manifest["default_events"]) == wanted
    assert manifest["default_events"] == sorted(wanted)


def test_the_parameters_are_ones_of_the_manifest_flow(manifest: dict[str, Any]) -> None:
    assert set(manifest) <= PARAMETERS
    assert {"url", "redirect_url", "hook_attributes"} <= set(manifest)
    assert manifest["hook_attributes"] == {"url": f"{manifest['url']}/webhook", "active": True}
    assert manifest["public"] is False
    assert len(manifest["name"]) <= 34  # longer names are refused


async def test_the_main_job_needs_no_more_than_the_manifest_asks_for(
    manifest: dict[str, Any], github: SimulatedGitHub, bot_: Bot, alice: User
) -> None:
    github.app.permissions = manifest["default_permissions"]
    github.app.events = tuple(manifest["default_events"])
    repo = github.repository("acme/platform", BEFORE)
    github.install(repo)
    repo.push("copy", PROPOSED, author=alice)
    pull = github.open_pull(repo, "copy", title="Copy", user=alice)
    assert (await checked(github, pull))[OWNERSHIP] == "failure"
    github.click(repo, pull.checks[OWNERSHIP], "fix", alice)
    await bot_.idle()
    assert len(by_the_app(github, repo)) == 1
    assert [c for c in pull.issue.comments if c.body.startswith("<!-- argofix:fixes -->")]
    github.merge(pull, alice)
    await bot_.idle()
    assert len(by_the_app(github, repo)) == 2
