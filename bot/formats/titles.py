"""The title of a check run: what is wrong where it fails, and no problem's name where it passes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bot.formats.writing.markdown import plain
from checks.model import Finding, Severity
from checks.wording import listed, plural

_MOST = 240  # characters, of GitHub's 255
Groups = Sequence[Sequence[Finding]]


@dataclass(frozen=True, slots=True)
class Seen:
    """What was looked at: `gaps` tell that not everything could be, `nothing` that nothing could; `ignored` counts
    the findings that the configuration hides."""

    gaps: bool = False
    nothing: bool = False
    ignored: int = 0


def failing(new: Groups) -> str:
    """Of a check that fails: its first error, and how many more problems there are. `new` has the gravest first."""
    first = plain(new[0][0].topic.title)
    return _cut(first if len(new) == 1 else f"{first}, and {len(new) - 1} more")


def passing(new: Groups, old: Groups, seen: Seen) -> str:
    """Of a check that does not fail: counts. A person who reads it beside a green tick takes it for good news."""
    where = " in what could be analysed" if seen.gaps else ""
    known = f"{plural('problem', len(old))} known before" if old else ""
    if new:
        error = "No new error" if any(group[0].introduced is not None for group in new) else "No error"
        counts = [plural(s.value, n) for s in Severity if (n := sum(group[0].severity is s for group in new))]
        return _cut("; ".join(filter(None, (f"{error}{where}", listed(counts), known))))
    if old:
        return f"Nothing new{where}; {known}"
    if seen.nothing:
        return "Nothing here could be analysed"
    if seen.ignored:
        return f"Nothing wrong{where}; {seen.ignored} ignored"
    return f"Nothing wrong{where}" if seen.gaps else "All is well"


def _cut(title: str) -> str:
    return title if len(title) <= _MOST else title[: _MOST - 1] + "…"
