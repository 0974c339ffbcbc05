"""What a row of the table of dangers declares."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from checks.changes.block import Block
from checks.changes.subject import Subject
from checks.changes.told import Said

Look = Callable[[Subject], Iterator[str]]


@dataclass(frozen=True, slots=True)
class Danger:
    """One row. `look` gives a clause for each thing that it finds in a manifest (`container `web` becomes
    privileged`), `summary` says what that is, `effect` what Argo CD or Kubernetes then does, as a clause without a
    full stop, and `source` where that is written. `block` is asked for where an object changes, `new` where it
    comes: what was not there before takes nothing away and is read as a whole."""

    id: str
    summary: str
    effect: str
    source: str
    look: Look
    block: Block = Block.NO
    new: Block = Block.NO

    def said(self, subject: Subject) -> Iterator[Said]:
        """What the row says of a manifest, one sentence at most."""
        found = list(dict.fromkeys(self.look(subject)))
        if found:
            text = f"{_listed(found)}: {self.effect}."
            block = self.new if subject.change.before is None else self.block
            yield Said(self.id, text[0].upper() + text[1:], self.source, block)


def _listed(found: list[str]) -> str:
    if len(found) <= 3:
        return found[0] if len(found) == 1 else f"{', '.join(found[:-1])} and {found[-1]}"
    return f"{', '.join(found[:2])} and {len(found) - 2} more"
