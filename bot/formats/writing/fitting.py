"""Bodies that GitHub takes."""

from __future__ import annotations

from collections.abc import Collection, Sequence

MAX_BODY = 60_000  # GitHub takes 65,536 characters


def fitted(parts: Sequence[str], left_out: str, *, always: Collection[int], last: Collection[int] = ()) -> str:
    """The parts, an empty line between them, within `MAX_BODY`.

    Whole parts go and `left_out` stands in their place, the longest first: half a table or an open block would spoil
    what follows it. Those at the indices `always` stay, those at `last` go only when nothing else is left.
    """
    kept = list(parts)
    candidates = [index for index in range(len(kept)) if index not in always]
    for index in sorted(candidates, key=lambda i: (i in last, -len(kept[i]))):
        if sum(len(part) + 2 for part in kept) > MAX_BODY:
            kept[index] = left_out
    return "\n\n".join(kept)
