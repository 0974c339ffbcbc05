"""Proving a fix: apply it to the tree, find and render everything again, and compare.

A fix that cannot be proven is not offered.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass

from gitops.applications import Application
from gitops.discovery import discover
from gitops.rendering import NotAnalysed, Output, Rendered, RenderFailed, RenderRequest
from gitops.snapshot import ApplicationKey, OwnedId, Snapshot, State
from gitops.sources import Analysis
from gitops.spans import Edit, apply_edits, edits_by_path

Proving = Generator[Sequence[RenderRequest], Mapping[str, Output], "Proof"]


@dataclass(frozen=True, slots=True)
class Row:
    """One statement that was checked. `detail` tells what was seen."""

    statement: str
    detail: str
    holds: bool


@dataclass(frozen=True, slots=True)
class Proof:
    """`rows` in the order in which they were checked; `cautions` are true statements that a person should read."""

    rows: tuple[Row, ...]
    cautions: tuple[str, ...] = ()

    @property
    def holds(self) -> bool:
        return all(row.holds for row in self.rows)

    @property
    def failure(self) -> str:
        """The first statement that does not hold, as a sentence without a full stop."""
        return next((f"{row.statement}: {row.detail}" for row in self.rows if not row.holds), "")


@dataclass(frozen=True, slots=True)
class Expectation:
    """What a fix promises: `loser` loses exactly `lost`, which `keeper` keeps."""

    keeper: ApplicationKey
    loser: ApplicationKey
    lost: frozenset[OwnedId]


def prove(
    before: Snapshot,
    analysis: Analysis,
    edits: Sequence[Edit],
    expected: Expectation,
    together: Callable[[Application], str],
) -> Proving:
    """Check every promise of a fix. `together` names the group of Applications that surely share one Argo CD."""
    changed = {
        path: apply_edits(before.tree.read(before.tree.resolve(path)), grouped)
        for path, grouped in edits_by_path(edits).items()
    }
    after = yield from discover(before.tree.overlay(changed), analysis)
    return _compare(before, after, expected, together)


@dataclass(frozen=True, slots=True)
class _Difference:
    lost: frozenset[OwnedId]
    gained: frozenset[OwnedId]
    altered: frozenset[OwnedId]
    status: str = ""

    def __bool__(self) -> bool:
        return bool(self.lost or self.gained or self.altered or self.status)


def _compare(
    before: Snapshot, after: Snapshot, expected: Expectation, together: Callable[[Application], str]
) -> Proof:
    rows: list[Row] = []
    cautions: list[str] = []
    gone = [key for key in before.by_key if key not in after.by_key]
    new = [key for key in after.by_key if key not in before.by_key]
    count = len(before.by_key)
    rows.append(
        Row("No Application comes or goes", f"{count} before, {len(after.by_key)} after", not gone and not new)
    )
    if gone or new:
        return Proof(tuple(rows))
    keeper, loser = before.by_key[expected.keeper], before.by_key[expected.loser]
    differences = {key: _difference(state, after.by_key[key], before, after) for key, state in before.by_key.items()}
    if expected.keeper == expected.loser:
        rows.extend(_once(after, expected, loser))
    else:
        rows.extend(_handed_over(expected, differences, keeper, loser, after))
    others: list[str] = []
    broken: list[str] = []
    for key, difference in differences.items():
        state = before.by_key[key]
        if not difference or key in (expected.loser, expected.keeper):
            continue
        alike = difference.lost <= expected.lost and not (
            difference.gained or difference.altered or difference.status
        )
        mended = expected.keeper == expected.loser and not (difference.lost or difference.altered)
        if together(state.application) == together(loser.application) or not (alike or mended):
            # In the same Argo CD only Applications that had the same superfluous copies may change.
            (others if alike or mended else broken).append(state.application.name)
        else:
            cautions.append(
                f"`{state.application.name}` of the root `{state.application.root}` renders the same entry, so it "
                "changes too: check that it is not deployed to a cluster where nothing else brings these resources"
            )
    detail = f"{', '.join(broken)} would change" if broken else "rendered again, byte for byte the same"
    if others:
        detail += f" (except {', '.join(others)}, in which the same entry is superfluous too)"
    rows.append(Row("No other Application changes", detail, not broken))
    return Proof(tuple(rows), tuple(cautions))


def _handed_over(
    expected: Expectation,
    differences: Mapping[ApplicationKey, _Difference],
    keeper: State,
    loser: State,
    after: Snapshot,
) -> list[Row]:
    name, other = keeper.application.name, loser.application.name
    own = differences[expected.loser]
    left = [o for o in expected.lost if any(c.application.key == expected.loser for c in after.owners.get(o, ()))]
    kept = differences[expected.keeper]
    orphans = [
        o for o in expected.lost if not any(c.application.key == expected.keeper for c in after.owners.get(o, ()))
    ]
    total = len(expected.lost)
    extra = sorted(str(o.id) for o in (own.lost - expected.lost) | own.gained | own.altered)
    return [
        Row(
            f"`{other}` no longer brings them",
            f"{total - len(left)} of {total} gone" + (f"; it also changes {', '.join(extra[:3])}" if extra else ""),
            not left and not extra and not own.status,
        ),
        Row(
            f"`{name}` renders as before",
            kept.status or ("byte for byte the same" if not kept else "it would change"),
            not kept,
        ),
        Row(
            "Every one still has an owner",
            f"{total - len(orphans)} of {total} in `{name}`",
            not orphans,
        ),
    ]


def _once(after: Snapshot, expected: Expectation, loser: State) -> list[Row]:
    state = after.by_key[expected.loser]
    rendering = state.rendering
    name = loser.application.name
    detail = f"{len(rendering.resources)} resources" if isinstance(rendering, Rendered) else _reason(state)
    present = [
        o for o in expected.lost if sum(c.application.key == expected.loser for c in after.owners.get(o, ())) == 1
    ]
    return [
        Row(f"`{name}` renders", detail, isinstance(rendering, Rendered)),
        Row(
            "It brings each of them once",
            f"{len(present)} of {len(expected.lost)}",
            len(present) == len(expected.lost),
        ),
    ]


def _reason(state: State) -> str:
    rendering = state.rendering
    if isinstance(rendering, RenderFailed):
        return rendering.message
    return rendering.reason if isinstance(rendering, NotAnalysed) else ""


def _difference(old: State, new: State, before: Snapshot, after: Snapshot) -> _Difference:
    if [part.rendering for part in old.parts] == [part.rendering for part in new.parts]:
        return _Difference(frozenset(), frozenset(), frozenset())
    one, other = _resources(old, before), _resources(new, after)
    status = ""
    if type(old.rendering) is not type(new.rendering):
        status = _reason(new) or "it renders"
    return _Difference(
        frozenset(one.keys() - other.keys()),
        frozenset(other.keys() - one.keys()),
        frozenset(key for key in one.keys() & other.keys() if one[key] != other[key]),
        status,
    )


def _resources(state: State, snapshot: Snapshot) -> dict[OwnedId, list[bytes]]:
    rendering = state.rendering
    if not isinstance(rendering, Rendered):
        return {}
    destination = state.application.destination
    found: dict[OwnedId, list[bytes]] = {}
    for resource in rendering.resources:
        placed = resource.id.placed(destination.namespace, snapshot.scopes)
        found.setdefault(OwnedId(destination.cluster, placed), []).append(resource.text)
    return found
