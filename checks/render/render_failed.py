"""An Application does not render.

What it finds: the renderer refuses an Application's source, or accepts it only with a flag that Argo CD may not have.

Why it matters: Argo CD shows ComparisonError and neither syncs nor prunes the Application until it renders again.

Example: a `resources` entry names a file that was renamed.

How the fix is safe: none is offered; the message names the entry to mend.
"""

from __future__ import annotations

from collections.abc import Iterator

from checks.model import Finding, Severity, Topic
from checks.policy import Policy
from checks.wording import listed
from gitops.rendering import Rendered, RenderFailed
from gitops.snapshot import Change, State
from gitops.spans import Span

RULE = "render-failed"


def check(change: Change, policy: Policy) -> Iterator[Finding]:
    """One finding per place and reason, with every Application that it concerns."""
    failures: dict[tuple[Span, str, str], list[State]] = {}
    lifted: dict[tuple[Span, str], list[State]] = {}
    for state in change.head.states:
        rendering = state.rendering
        if isinstance(rendering, RenderFailed) and rendering.registered_twice is None:
            failures.setdefault((rendering.span, rendering.message, rendering.detail), []).append(state)
        elif isinstance(rendering, Rendered):
            for note in rendering.notes:
                lifted.setdefault((note.span, note.message), []).append(state)
    for (span, message, detail), states in failures.items():
        names = _names(states)
        topic = Topic(
            f"{RULE}|{span}|{message}",
            f"{listed([f'`{name}`' for name in names])} {_do(names)} not render",
            f"At {span}: {message}. Argo CD shows ComparisonError and stops syncing until it renders again.",
            f"The renderer said: {detail}" if detail and message not in detail else "",
        )
        yield Finding(
            RULE, Severity.ERROR, span, message, topic, (RULE, span.path, message, *names), applications=names
        )
    everyone = _names([state for states in lifted.values() for state in states])
    for (span, message), states in lifted.items():
        title = f"{listed([f'`{name}`' for name in everyone])} {_build(everyone)}"
        topic = Topic(f"{RULE}|{message}", title, f"{_each(everyone)} {message}.")
        names = _names(states)
        yield Finding(
            RULE, Severity.WARNING, span, message, topic, (RULE, span.path, message, *names), applications=names
        )


def _names(states: list[State]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(state.application.name for state in states))


def _do(names: tuple[str, ...]) -> str:
    return "does" if len(names) == 1 else "do"


def _build(names: tuple[str, ...]) -> str:
    return f"{'builds' if len(names) == 1 else 'build'} only without load restrictions"


def _each(names: tuple[str, ...]) -> str:
    return "It" if len(names) == 1 else "Each"
