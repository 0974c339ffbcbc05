"""A test runs before the version that it is to test.

What it finds: a PreSync hook (Helm's `pre-install` and `pre-upgrade` too) that looks like a test and whose command or
environment names a Service or a host of the same Application.

Why it matters: before the sync the Service still leads to the pods of the last version. The test passes or fails for
that one, and a new version that is broken goes through; on a new cluster there is nothing that could answer.

Example: a Job `smoke-test` with `argocd.argoproj.io/hook: PreSync` and `curl http://web/healthz`.

How the fix is safe: none is applied. `PostSync` runs it when what was synced is healthy.

How sure it is: a notice: a check of what runs today may be meant. Silent where neither the name speaks of a test nor
the script runs one, for what by its name prepares something (`init`, `migrate`, `seed`), and for Services of other
Applications.

Sources: argo-cd docs/user-guide/resource_hooks.md (phases).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from checks.argocd.hooks import Hook, hooks_of
from checks.declaration import declare
from checks.model import Finding, Severity
from checks.policy.file import Policy
from gitops.discovery.snapshot import Change
from gitops.installation.find import member_of
from gitops.installation.places import place_of

RULE = declare("hook-tests-old-version", Severity.NOTICE)

_TEST: Final = re.compile(
    r"(?:^|[^a-z])(?:smoke|test|tests|e2e|health-?check|verify|probe|k6|newman|pytest)(?:$|[^a-z])"
)
# Scripts of all kinds say "test" and "verify"; of these words a test is made.
_RUNS_A_TEST: Final = re.compile(
    r"(?:^|[^a-z])(?:smoke|e2e|k6|newman|pytest|cypress|playwright|helm test)(?:$|[^a-z])"
    r"|\b(?:npm|yarn|pnpm|go|cargo|mvn|make)\b[^\n;&|]*\btest"
)
# What these do before the sync is not asked what it thinks of the new version.
_PREPARES: Final = re.compile(r"(?:^|-)(?:init|setup|seed|bootstrap|migrat\w*|create\w*|provision\w*|wait\w*)(?:-|$)")
_ASKS: Final = re.compile(r"\b(?:curl|wget|http|nc|k6|newman|grpcurl)\b")


def check(change: Change, policy: Policy) -> Iterator[Finding]:
    """One finding for each hook."""
    services: dict[tuple[str, str, str], set[str]] = {}
    hooks = [one for one in hooks_of(change.head) if one.phase == "PreSync"]
    for key in {one.owned.application.key for one in hooks}:
        state = change.head.by_key[key]
        services[key] = {
            one.resource.id.name for one in change.head.copies(state) if one.resource.id.kind == "Service"
        }
    for hook in hooks:
        rid = hook.owned.resource.id
        name = rid.name.lower()
        prepares = _PREPARES.search(name) is not None
        if not _TEST.search(name) and (prepares or not _RUNS_A_TEST.search(hook.script.lower())):
            continue
        asked = _asked(hook, services[hook.owned.application.key])
        if asked:
            yield _finding(change, hook, asked)


def _asked(hook: Hook, services: set[str]) -> str:
    """The Service that is asked: as a host in a URL, or of a command that asks for one."""
    for name in sorted(services):
        host = re.compile(rf"(?<![\w.-]){re.escape(name)}(?:\.[\w.-]+)?(?::\d+|/|[\s\"']|$)")
        for line in (*hook.script.splitlines(), *hook.values):
            url = f"://{name}" in line
            if (url or _ASKS.search(line)) and host.search(line):
                return name
            if line in hook.values and re.fullmatch(
                rf"(?:https?://)?{re.escape(name)}(?:\.[\w.-]+)?(?::\d+)?(?:/.*)?", line
            ):
                return name
    return ""


def _finding(change: Change, hook: Hook, service: str) -> Finding:
    rid = hook.owned.resource.id
    label = hook.owned.application.label
    member = member_of(change.head, hook.owned)
    return RULE.finding(
        place_of(change.head, member, "argocd.argoproj.io/hook", "helm.sh/hook"),
        f"the PreSync hook {rid} asks `{service}` of `{label}`, which is still the old version then",
        f"{rid} tests the version before",
        "Before the sync the Service leads to the pods of the last version: a new one that is broken passes.",
        "Make it a PostSync hook; the sync then fails when the test does.",
        about=(*hook.owned.application.key, str(rid), service),
        resource=member.id,
        applications=[label],
        owners=[hook.owned.application.key],
    )
