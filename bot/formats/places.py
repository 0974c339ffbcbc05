"""Where an annotation stands. GitHub shows it beside the diff only where the lines, or those next to them, change."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from gitops.files.effort import Exhausted
from gitops.files.errors import GitopsError
from gitops.files.spans import Span, split_lines
from gitops.files.tree import Tree

_CONTEXT = 3  # lines that GitHub shows around a change
_MOST_LINES = 2_000  # of which single changes are told apart; longer ones count from the first to the last


@dataclass(frozen=True, slots=True)
class InDiff:
    """What a change touches. `base` is None where there is nothing to compare with."""

    base: Tree | None
    head: Tree
    _hunks: dict[str, tuple[range, ...]] = field(default_factory=dict)

    def best(self, places: Iterable[Span]) -> Span:
        """The first of these places (at least one) that stands on shown lines of the diff, else in a changed file,
        else the first."""
        ordered = list(places)
        return min(ordered, key=self._rank) if self.base is not None else ordered[0]

    def _rank(self, span: Span) -> int:
        if not self._changes(span.path):
            return 2
        lines = range(span.line, max(span.line, span.end_line) + 1)
        return 0 if any(lines.start < each.stop and each.start < lines.stop for each in self._shown(span.path)) else 1

    def _changes(self, path: str) -> bool:
        before = self.base.entry(path) if self.base is not None else None
        after = self.head.entry(path)
        return after is not None and (before is None or before.oid != after.oid)

    def _shown(self, path: str) -> tuple[range, ...]:
        """Lines of the changed file (1-based) that the diff shows; none where they cannot be told."""
        if path not in self._hunks:
            self._hunks[path] = self._read(path)
        return self._hunks[path]

    def _read(self, path: str) -> tuple[range, ...]:
        assert self.base is not None
        try:
            new = split_lines(self.head.read(path))
            old = split_lines(self.base.read(path)) if path in self.base else []
        except (GitopsError, Exhausted):
            return ()
        return tuple(range(start + 1 - _CONTEXT, stop + 1 + _CONTEXT) for start, stop in _changed(old, new))


def _changed(old: Sequence[bytes], new: Sequence[bytes]) -> list[tuple[int, int]]:
    """Changed lines of `new`, 0-based and half open; empty ranges where lines went."""
    begin = 0
    while begin < min(len(old), len(new)) and old[begin] == new[begin]:
        begin += 1
    end = 0
    while end < min(len(old), len(new)) - begin and old[-1 - end] == new[-1 - end]:
        end += 1
    left, right = old[begin : len(old) - end], new[begin : len(new) - end]
    if max(len(left), len(right)) > _MOST_LINES:
        return [(begin, len(new) - end)]
    matcher = difflib.SequenceMatcher(None, left, right, autojunk=False)
    return [(begin + j1, begin + j2) for tag, _, _, j1, j2 in matcher.get_opcodes() if tag != "equal"]
