"""Sync windows that cannot be read, shut an Application out or do nothing; what a project ignores of orphans."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bot.rendering.driver import Engine
from checks.model import Severity
from tests.checks.applications.applications import IN_CLUSTER, app, at, found
from tests.checks.applications.test_permitted import project
from tests.scenarios import config_map, documents

INVALID, BLOCKS, NOTHING = "sync-window-invalid", "sync-window-blocks", "sync-window-without-effect"
DENY = {"kind": "deny", "schedule": "0 22 * * *", "duration": "8h", "applications": ["*"]}
ALLOW = {**DENY, "kind": "allow"}


async def said(
    engine: Engine, rule: str, *windows: dict[str, Any], automated: bool = True, **spec: Any
) -> list[tuple[Severity, str, str]]:
    policy: dict[str, Any] = {"automated": {}} if automated else {}
    made = documents(app("a", policy=policy, **spec), app("p", destination=at("argocd"), policy={}))
    files = {"apps.yaml": made, "a/m.yaml": config_map("m"), "p/p.yaml": project(syncWindows=list(windows))}
    return [(one.severity, one.message, one.topic.advice) for one in await found(engine, rule, files)]


@pytest.mark.parametrize(
    ("window", "severity", "words", "advice"),
    [
        ({"duration": "1d"}, Severity.ERROR, "duration `1d`", "Write `24h`."),
        ({"duration": "90"}, Severity.ERROR, "duration `90`", "Write a number and its unit"),
        ({"duration": "9" * 5_000 + "h"}, Severity.ERROR, "cannot be shown of a sync", "Write a number and its unit"),
        ({"schedule": "0 22 * * 7"}, Severity.ERROR, "Sunday is 0", "Write minute"),
        ({"schedule": "0 22 * *"}, Severity.ERROR, "has 4 fields", "Write minute"),
        ({"schedule": "@daily"}, Severity.ERROR, "descriptors", "Write minute"),
        ({"schedule": "0 25 * * *"}, Severity.ERROR, "is not from 0 to 23", "Write minute"),
        ({"duration": "1d", "applications": ["other"]}, Severity.WARNING, "duration `1d`", "Write `24h`."),
        ({"kind": "Deny"}, Severity.WARNING, "`Deny` is no kind", "Write `deny`."),
        ({"timeZone": "CEST"}, Severity.WARNING, "no time zone `CEST`", "Write a name such"),
        ({"timeZone": "europe/berlin"}, Severity.WARNING, "no time zone", "Write `Europe/Berlin`."),
        ({"timeZone": "America/New_York", "schedule": "*/5 0-6,22-23 ? JAN-mar mon-FRI"}, None, "", ""),
        ({"duration": "1h30m", "timeZone": "Etc/GMT-2"}, None, "", ""),
    ],
)
async def test_a_window_that_argo_cd_cannot_read(
    engine: Engine, window: dict[str, Any], severity: Severity | None, words: str, advice: str
) -> None:
    found_ = await said(engine, INVALID, {**DENY, **window})
    assert [one[0] for one in found_] == ([] if severity is None else [severity])
    assert all(words in message and told.startswith(advice) for _, message, told in found_)


@pytest.mark.parametrize(
    ("windows", "severity"),
    [
        ([{**ALLOW, "duration": "0s"}], Severity.WARNING),
        ([{**ALLOW, "duration": "0s"}, ALLOW], None),
        ([{**DENY, "schedule": "* * * * *", "duration": "1m"}], Severity.WARNING),
        ([{**DENY, "schedule": "* * * * *", "duration": "30s"}], None),
        ([{**DENY, "schedule": "0 0 31 2 *"}], Severity.WARNING),  # never is always
        ([{**DENY, "schedule": "0 0 29 2 *"}], None),
        ([{**DENY, "duration": "24h", "manualSync": True}], Severity.NOTICE),
        ([{**ALLOW, "duration": "0s", "manualSync": True}], Severity.NOTICE),
        ([{**DENY, "duration": "23h59m"}], None),
        ([ALLOW, {**DENY, "schedule": "0 20 * * *", "duration": "12h"}], Severity.WARNING),
        ([ALLOW, {**DENY, "schedule": "0 20 * * 1-5", "duration": "12h"}], None),
        ([ALLOW, {**DENY, "schedule": "0 20 * * *", "duration": "12h", "timeZone": "Asia/Tokyo"}], None),
        ([{**DENY, "schedule": "* * * * *", "applications": ["b*"]}], None),
        ([{**DENY, "schedule": "* * * * *", "namespaces": ["shop"], "applications": []}], Severity.WARNING),
        ([{**DENY, "schedule": "* * * * *", "namespaces": ["x"], "andOperator": True}], None),
        ([{**DENY, "schedule": "0 0 1-30 * *", "duration": "24h"}], None),  # months differ
    ],
)
async def test_windows_that_leave_no_moment(
    engine: Engine, windows: list[dict[str, Any]], severity: Severity | None
) -> None:
    found_ = await said(engine, BLOCKS, *windows)
    assert [one[0] for one in found_] == ([] if severity is None else [severity])


async def test_whoever_syncs_by_hand_does_not_mind_what_only_shuts_out_the_rest(engine: Engine) -> None:
    frozen = {**DENY, "schedule": "* * * * *", "manualSync": True}
    assert await said(engine, BLOCKS, frozen, automated=False) == []
    [(severity, message, _)] = await said(engine, BLOCKS, {**frozen, "manualSync": False}, automated=False)
    assert severity is Severity.WARNING and "`a`" in message and "at all" in message


@pytest.mark.parametrize(
    ("window", "destination", "words"),
    [
        ({"applications": []}, {"server": IN_CLUSTER}, "neither applications"),
        ({"duration": "0"}, {"server": IN_CLUSTER}, "never open"),
        ({"applications": [], "clusters": ["in-cluster"]}, {"server": IN_CLUSTER}, "`in-cluster`"),
        ({"applications": [], "clusters": [IN_CLUSTER]}, {"name": "in-cluster"}, f"`{IN_CLUSTER}`"),
        ({"applications": [], "clusters": ["in-*"]}, {"server": IN_CLUSTER}, "`in-*`"),
        ({"applications": [], "clusters": [IN_CLUSTER]}, {"server": IN_CLUSTER}, None),
        ({"applications": [], "clusters": ["prod"]}, {"server": IN_CLUSTER}, None),  # it may have some elsewhere
        ({"applications": ["a"], "clusters": ["in-cluster"]}, {"server": IN_CLUSTER}, None),
        ({"kind": "allow", "duration": "0s"}, {"server": IN_CLUSTER}, None),  # that shuts out
    ],
)
async def test_a_window_that_does_nothing(
    engine: Engine, window: dict[str, Any], destination: dict[str, str], words: str | None
) -> None:
    both = {**destination, "namespace": "shop"}
    made = documents(app("a", destination=both), app("p", destination=both))
    files = {"apps.yaml": made, "p/p.yaml": project(syncWindows=[{**DENY, **window}]), "a/m.yaml": config_map("m")}
    files["p/p.yaml"] = json.dumps(
        {**json.loads(files["p/p.yaml"]), "metadata": {"name": "default", "namespace": "argocd"}}
    )
    messages = [one.message for one in await found(engine, NOTHING, files)]
    assert len(messages) == (words is not None) and all(words is not None and words in each for each in messages)


@pytest.mark.parametrize(
    ("orphaned", "words"),
    [
        ({"warn": True, "ignore": [{"group": "apps/v1", "kind": "Deployment"}]}, ["no group `apps/v1`"]),
        ({"warn": True, "ignore": [{"group": "core", "kind": "secret"}]}, ["no group `core`", "no kind `secret`"]),
        ({"warn": True, "ignore": [{}]}, ["says nothing"]),
        ({"warn": True, "ignore": [{"kind": "[a-z]*"}, {"group": "*"}, {"name": "x"}, {"kind": "Secret"}]}, []),
        ({"warn": False, "ignore": [{"group": "core", "kind": "secret"}]}, []),
        ({"ignore": [{}]}, []),
        ({}, []),
    ],
)
async def test_what_is_ignored_of_orphans(engine: Engine, orphaned: dict[str, Any], words: list[str]) -> None:
    files = {"apps.yaml": app("p", destination=at("argocd")), "p/p.yaml": project(orphanedResources=orphaned)}
    said_ = [one.message for one in await found(engine, "orphaned-ignore-without-effect", files)]
    assert len(said_) == len(words) and all(word in one for word, one in zip(words, said_, strict=True))
