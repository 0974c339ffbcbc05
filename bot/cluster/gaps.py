"""What could not be seen of a cluster, told in few lines however much it is, in the same order every time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from checks.wording import listed

_SHOWN = 3


@dataclass(slots=True)
class Gaps:
    """`note` what happened; what happened alike is told together."""

    _found: dict[tuple[str, str], set[str]] = field(default_factory=dict)

    def note(self, what: str, clause: str, name: str = "") -> None:
        """`what` is a plural that a name can follow (`Secrets in`), `clause` why they could not be seen."""
        self._found.setdefault((what, clause), set()).add(name)

    def __iter__(self) -> Iterator[str]:
        for (what, clause), names in sorted(self._found.items()):
            named = [f"`{name}`" for name in sorted(names) if name]
            yield f"{what} {listed(named, _SHOWN)}: {clause}" if named else f"{what}: {clause}"

    def __bool__(self) -> bool:
        return bool(self._found)
