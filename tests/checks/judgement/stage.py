"""Commits put together by hand, and rules that are made up: what is judged needs neither git nor a renderer."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from checks.declaration import declare
from checks.model import Finding, Severity, Topic
from checks.policy.file import Policy
from checks.registry import Rule
from gitops.applications.application import Application, Destination, Origin, SyncPolicy
from gitops.discovery.snapshot import Change, Part, Snapshot, State, Unknown
from gitops.files.spans import Span
from gitops.files.tree import Tree
from gitops.resources.rendering import Rendering

ROOT = "apps"
HERE = Destination("https://kubernetes.default.svc", "", "shop")


def state(name: str, *renderings: Rendering, cluster: Destination = HERE) -> State:
    """An Application with a source for each rendering."""
    span = Span(f"apps/{name}.yaml", 1, 9)
    application = Application(name, "argocd", "default", (), cluster, 0, SyncPolicy(), Origin(span), ROOT)
    return State(application, tuple(Part(index, each) for index, each in enumerate(renderings)))


def commit(*states: State, unknown: Iterable[Unknown] = (), truncated: bool = False) -> Snapshot:
    return Snapshot(Tree.of({}), states, tuple(unknown), truncated)


def finding(rule: str, name: str, *, stands_for: Iterable[tuple[str, ...]] = ()) -> Finding:
    """An error about the Application `name`."""
    span, message = Span(f"apps/{name}.yaml", 1, 1), f"{name} is wrong"
    return Finding(
        rule,
        Severity.ERROR,
        span,
        message,
        Topic(name, message, f"{message}."),
        (rule, name),
        applications=(f"argocd/{name}",),
        stands_for=tuple(stands_for),
    )


def rule(identifier: str, check: Callable[[Snapshot], Iterable[Finding]], run: str = "argofix / test") -> Rule:
    def judge(change: Change, policy: Policy) -> Iterable[Finding]:
        return check(change.head)

    return Rule(declare(identifier, *Severity), run, "Made up", judge)
