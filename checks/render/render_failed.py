"""An Application does not render.

What it finds: the renderer refuses an Application's source, or accepts it only with a flag that Argo CD may not have.

Why it matters: Argo CD shows ComparisonError and neither syncs nor prunes the Application until it renders again.

Example: a `resources` entry names a file that was renamed.

How the fix is safe: none is offered; the message names the entry to mend.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from checks.declaration import declare
from checks.model import Finding, Severity, Topic
from checks.policy.file import Policy
from checks.wording import listed
from gitops.discovery.planning import destination_refusal
from gitops.discovery.snapshot import ApplicationKey, Change, Snapshot, State
from gitops.files.spans import Span
from gitops.kustomize.failures.words import without_lines
from gitops.resources.rendering import Note, RenderFailed

RULE = declare("render-failed", Severity.ERROR, Severity.WARNING, Severity.NOTICE)


def check(change: Change, policy: Policy) -> Iterator[Finding]:
    """One finding per place and reason, with every Application that it concerns. What was there before a change is
    told apart Application by Application: it must not fail a change that adds or takes away another one."""
    before = {} if change.base is None else _failures(change.base)
    here = {} if change.base is None else {state.application.key for state in change.base.states}
    for (path, reason), found in _failures(change.head).items():
        known = before.get((path, reason), [])
        keys, names = {state.application.key for _, state in known}, {state.application.name for _, state in known}

        def was_there(state: State, keys: set[ApplicationKey] = keys, names: set[str] = names) -> bool:
            key = state.application.key
            return key in keys or (key not in here and state.application.name in names)

        old = [one for one in found if was_there(one[1])]
        if old:
            yield from _refused(old, (path, reason, *_names(known)))
        new = [one for one in found if not was_there(one[1])]
        if new:
            yield from _refused(new, (path, reason, *_names(new)))
    notes: dict[tuple[Span, str], list[tuple[Note, State]]] = {}
    for state in change.head.states:
        if not isinstance(state.rendering, RenderFailed):
            for note in state.rendering.notes:
                notes.setdefault((note.span, note.message), []).append((note, state))
    everyone = _names([one for found in notes.values() for one in found if not one[0].title])
    for (span, message), noted in notes.items():
        yield _noted(span, message, noted, everyone)


def _failures(snapshot: Snapshot) -> dict[tuple[str, str], list[tuple[RenderFailed, State]]]:
    """Failures by file and by what stays of their message when lines move."""
    found: dict[tuple[str, str], list[tuple[RenderFailed, State]]] = {}
    for state in snapshot.states:
        rendering = state.rendering
        if not isinstance(rendering, RenderFailed) or rendering.registered_twice is not None:
            continue
        if rendering.message != destination_refusal(state.application.destination):  # told by a rule of its own
            key = (rendering.span.path, without_lines(rendering.message))
            found.setdefault(key, []).append((rendering, state))
    return found


def _refused(found: Sequence[tuple[RenderFailed, State]], about: tuple[str, ...]) -> Iterator[Finding]:
    """One finding for each place at which the same is wrong; a file can hold one fault twice."""
    places: dict[tuple[Span, str, str], list[tuple[RenderFailed, State]]] = {}
    for failure, state in found:
        places.setdefault((failure.span, failure.message, failure.detail), []).append((failure, state))
    for (span, message, detail), concerned in places.items():
        names = _names(concerned)
        topic = Topic(
            f"{RULE}|{span}|{message}",
            f"{listed([f'`{name}`' for name in names])} {_do(names)} not render",
            f"At {span}: {message}. Argo CD shows ComparisonError and stops syncing until it renders again.",
            f"The renderer said: {detail}" if detail and message not in detail else "",
        )
        yield RULE.finding(span, message, topic=topic, severity=Severity.ERROR, about=about, applications=names)


def _noted(span: Span, message: str, noted: Sequence[tuple[Note, State]], everyone: tuple[str, ...]) -> Finding:
    """A warning about something that builds. `everyone` are all that need the load restriction lifted."""
    note, names = noted[0][0], _names(noted)
    if note.title:
        topic = Topic(f"{RULE}|{span}|{message}", note.title, f"At {span}: {message}.", note.advice)
    else:
        title = f"{listed([f'`{name}`' for name in everyone])} {_build(everyone)}"
        topic = Topic(f"{RULE}|{message}", title, f"{_each(everyone)} {message}.")
    about = (span.path, without_lines(message), *names)
    severity = Severity.NOTICE if note.is_notice else Severity.WARNING
    return RULE.finding(span, message, topic=topic, severity=severity, about=about, applications=names)


def _names(found: Sequence[tuple[object, State]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(state.application.label for _, state in found))


def _do(names: tuple[str, ...]) -> str:
    return "does" if len(names) == 1 else "do"


def _build(names: tuple[str, ...]) -> str:
    return f"{'builds' if len(names) == 1 else 'build'} only without load restrictions"


def _each(names: tuple[str, ...]) -> str:
    return "It" if len(names) == 1 else "Each"
