"""What of a commit could not be looked at, and what of that its base still showed."""

from __future__ import annotations

from gitops.discovery.snapshot import Snapshot, State, Unknown
from gitops.resources.rendering import NotAnalysed, Rendered, RenderFailed, Rendering


def lost(base: Snapshot, head: Snapshot) -> tuple[str, ...]:
    """See `Evaluation.lost`."""
    found = [
        f"{_label(state)} could be analysed before: {gap}"
        for key, state in head.by_key.items()
        if (before := base.by_key.get(key)) is not None and isinstance(before.rendering, Rendered)
        for gap in _gaps_of(state.rendering)
        if gap not in before.rendering.gaps
    ]
    gone = any(key not in head.by_key for key in base.by_key)
    if gone:
        # What cannot be read or expanded any more may have held them.
        known = {(unknown.name, unknown.span.path, unknown.reason) for unknown in base.unknown}
        new = [each for each in head.unknown if (each.name, each.span.path, each.reason) not in known]
        found += [f"Applications came from it before: {_gap(unknown)}" for unknown in new]
    if head.truncated and not base.truncated:
        found.append("there are more Applications now than argofix looks at")
    return tuple(dict.fromkeys(found))


def _gaps_of(rendering: Rendering) -> tuple[str, ...]:
    if isinstance(rendering, NotAnalysed):
        return (rendering.reason,)
    return rendering.gaps if isinstance(rendering, Rendered) else ()


def gaps_of(snapshot: Snapshot) -> tuple[str, ...]:
    """What was not analysed, one sentence each, without a full stop."""
    return tuple(f"{subject}: {reason}" if subject else reason for subject, reason in gaps_by_subject(snapshot))


def gaps_by_subject(snapshot: Snapshot) -> tuple[tuple[str, str], ...]:
    """What was not analysed: (whom it concerns, why), both without a full stop; the first may be empty."""
    gaps: list[tuple[str, str]] = []
    for state in snapshot.states:
        rendering = state.rendering
        if isinstance(rendering, NotAnalysed):
            gaps.append((_label(state), rendering.reason))
        elif isinstance(rendering, Rendered):
            gaps.extend((f"{_label(state)}, in part", gap) for gap in rendering.gaps)
    # What Argo CD refuses is a finding, not a gap.
    gaps.extend(_unknown(unknown) for unknown in snapshot.unknown if not unknown.refused)
    if snapshot.truncated:
        gaps.append(("", "there are more Applications than argofix looks at; the rest is left out"))
    return tuple(dict.fromkeys(gaps))


def _gap(unknown: Unknown) -> str:
    subject, reason = _unknown(unknown)
    return f"{subject}: {reason}" if subject else reason


def _unknown(unknown: Unknown) -> tuple[str, str]:
    if unknown.is_set:
        return f"ApplicationSet `{unknown.name}` ({unknown.span})", unknown.reason
    return ("" if unknown.span.path in unknown.reason else str(unknown.span)), unknown.reason


def _label(state: State) -> str:
    return f"`{state.application.label}`" if state.application.name else str(state.application.origin.span)


def status_of(rendering: Rendering) -> str:
    """The word by which `--format json` counts a rendering."""
    if isinstance(rendering, RenderFailed):
        return "failed"
    return "rendered" if isinstance(rendering, Rendered) and not rendering.gaps else "not-analysed"
