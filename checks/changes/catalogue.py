"""Everything that may be said of a change, by the name that its sentences have: for `argofix explain` and docs/."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from checks.changes.block import Block
from checks.changes.table import rows
from gitops.facts.deletions.model import Why


@dataclass(frozen=True, slots=True)
class Reason:
    """`summary` is what is found, `effect` what then happens (a sentence, '' where the summary says it), `source`
    where that is written, '' for our own conclusions. `block` is what it asks for where an object changes; None where
    that depends on what the object is."""

    id: str
    summary: str
    effect: str
    source: str
    block: Block | None = None

    @property
    def asks(self) -> str:
        return _ASKS[self.block]


_ASKS = {
    Block.YES: "It holds a merge back until somebody has allowed it.",
    Block.ASK: "It holds nothing back, and a person should have looked at it before merging.",
    Block.NO: "It holds nothing back.",
    None: "Whether it holds a merge back depends on the object: one that carries data, or an Application with all "
    "that it owns, does.",
}


# What may delete the object, so that what it is decides.
_DEPENDS = frozenset(
    {
        Why.PRUNED,
        Why.CASCADE,
        Why.SET_DROPS,
        Why.SET_GONE,
        Why.SET_UNKNOWN,
        Why.SET_UNTOLD,
        Why.FILES_CHANGED,
        Why.NOBODY,
        Why.TAKEN_OVER,
        Why.ADOPTED,
        Why.NAMESPACE_GOES,
        Why.NOT_RENDERED,
        Why.NOT_ANALYSED,
        Why.FOLLOWS,
        Why.FORCED,
        Why.HOOK_RECREATED,
        Why.HOOK_DONE,
        Why.RECONCILED,
    }
)


def name_of(why: Why) -> str:
    """The name by which sentences of a consequence are known."""
    return why.name.lower().replace("_", "-")


# What else is said, of what was found on the way.
HOOK_GOES = Reason(
    "hook-goes",
    "A hook is no longer run.",
    "What the last run of it left stays in the cluster.",
    "gitops-engine/pkg/sync/hook/hook.go",
    Block.NO,
)
HOOK_AGAIN = Reason(
    "hook-again",
    "A hook changes.",
    "What the last run left is deleted before the next one, unless its `hook-delete-policy` says otherwise.",
    "gitops-engine/pkg/sync/sync_context.go",
    Block.NO,
)
SET_NOT_ANALYSED = Reason(
    "set-not-analysed",
    "Git alone does not tell which Applications an ApplicationSet makes, and it, or what it reads, changes.",
    "Its Applications may go, with everything they own.",
    "",
)
NOT_IN_THIS_CLONE = Reason(
    "not-in-this-clone",
    "A file that may declare or deploy something is not in this clone.",
    "What it brought may go.",
    "",
    Block.YES,
)
LIVE_DIFFERS = Reason(
    "live-differs",
    "A field that changes is already otherwise in the cluster than in git before the change.",
    "Merging writes over what is there: a change by hand, a controller's, or what was not synced yet.",
    "gitops-engine/pkg/sync/sync_context.go",
    Block.NO,
)
OTHERS = (HOOK_GOES, HOOK_AGAIN, SET_NOT_ANALYSED, NOT_IN_THIS_CLONE, LIVE_DIFFERS)


@cache
def reasons() -> tuple[Reason, ...]:
    """Those about deletions in the order of their table, others, then the dangers by name. Raises `TypeError` for two
    of one name."""
    found = [Reason(name_of(why), _stated(why.text), "", why.source, _block(why)) for why in Why]
    found += OTHERS
    found += [
        Reason(row.id, row.summary, f"{row.effect[0].upper()}{row.effect[1:]}.", row.source, row.block)
        for row in rows()
    ]
    names = [one.id for one in found]
    if len(set(names)) != len(names):
        raise TypeError(f"one name twice: {sorted(name for name in names if names.count(name) > 1)}")
    return tuple(found)


def _stated(clause: str) -> str:
    return f"{clause}." if clause.startswith("`") else f"The object {clause}."


def _block(why: Why) -> Block | None:
    if why in _DEPENDS:
        return None
    return Block.ASK if why in (Why.IMMUTABLE, Why.VERSION_GONE) else Block.NO
