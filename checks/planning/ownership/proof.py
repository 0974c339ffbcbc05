"""Proving a fix: the loser lets go of what the keeper keeps, and nobody else changes but as they may."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass

from checks.coverage import Coverage, Sight, of_both
from checks.planning.bystanders import same
from checks.planning.edits import after_edits
from checks.planning.ownership.others import Others
from checks.planning.proof import Proof, Row, reason_of
from checks.wording import listed, plural
from gitops.applications.application import GROUP, IN_CLUSTER, Application
from gitops.discovery.snapshot import ApplicationKey, OwnedId, Snapshot, State
from gitops.discovery.sources import Analysis
from gitops.facts.owners import owned_by, owners_of
from gitops.facts.rendered import not_rendered, rendered_by, sizes_of
from gitops.files.spans import Edit
from gitops.resources.rendering import Asking, Rendered, RenderFailed
from gitops.resources.resource import ResourceId, same_manifest


@dataclass(frozen=True, slots=True)
class Expectation:
    """What a fix promises: `loser` loses exactly `lost`, which `keeper` keeps; or (`retired`) goes itself, and `lost`
    is all it had. `narrowed` tells that the loser's own manifest changes."""

    keeper: ApplicationKey
    loser: ApplicationKey
    lost: frozenset[OwnedId]
    retired: bool = False
    narrowed: bool = False


def prove(
    before: Snapshot,
    analysis: Analysis,
    edits: Sequence[Edit],
    expected: Expectation,
    together: Callable[[Application], str],
) -> Asking[Proof]:
    """Check every promise of a fix. `together` names the group of Applications that surely share one Argo CD."""
    edited = yield from after_edits(before, analysis, edits)
    return _compare(before, edited.snapshot, expected, together, frozenset(edited.files))


@dataclass(frozen=True, slots=True)
class _Difference:
    """`seen` counts the resources that were compared, `left` those that are still there."""

    lost: frozenset[OwnedId]
    gained: frozenset[OwnedId]
    altered: frozenset[OwnedId]
    status: str = ""
    seen: int = 0
    left: int = 0

    def __bool__(self) -> bool:
        return bool(self.lost or self.gained or self.altered or self.status)


def _compare(
    before: Snapshot,
    after: Snapshot,
    expected: Expectation,
    together: Callable[[Application], str],
    changed: frozenset[str],
) -> Proof:
    gone, new = before.by_key.keys() - after.by_key.keys(), after.by_key.keys() - before.by_key.keys()
    coverage = Coverage.of(before, after)
    rows = [_applications(before, after, gone, new, expected, coverage.unknown)]
    if not rows[0].holds:
        return Proof(tuple(rows), coverage=coverage)
    keeper, loser = before.by_key[expected.keeper], before.by_key[expected.loser]
    differences = {
        key: _difference(before.by_key[key], after.by_key[key], before, after)
        for key in dict.fromkeys((*after.since(before), expected.keeper, expected.loser))
        if key in after.by_key
    }
    if expected.keeper == expected.loser:
        rows.extend(_once(after, expected, loser, differences[expected.loser]))
    else:
        rows.extend(_handed_over(expected, differences, keeper, loser, before, after))
    others = _others(before, after, expected, differences, together)
    rows.extend(filter(None, [others.row()]))
    cautions = [*others.cautions(before.by_key), *_not_seen(before, expected, changed)]
    return Proof(tuple(rows), tuple(cautions), coverage)


def _applications(
    before: Snapshot,
    after: Snapshot,
    gone: Set[ApplicationKey],
    new: Set[ApplicationKey],
    expected: Expectation,
    unseen: Sequence[str],
) -> Row:
    allowed = {expected.loser} if expected.retired else set()
    unread: list[str] = []
    if after.unknown is not before.unknown:
        known = {(one.name, one.root, one.reason) for one in before.unknown}
        unread = [one.reason for one in after.unknown if (one.name, one.root, one.reason) not in known]
    detail = f"{len(before.by_key)} before, {len(after.by_key)} after"
    detail += "".join(f"; {each}" for each in (unread[:1] or unseen))
    name = before.by_key[expected.loser].application.label
    any_ = "Application that can be seen" if unseen else "Application"
    statement = f"`{name}` goes, and no other {any_}" if expected.retired else f"No {any_} comes or goes"
    return Row(statement, detail, gone == allowed and not new and not unread)


def _others(
    before: Snapshot,
    after: Snapshot,
    expected: Expectation,
    differences: Mapping[ApplicationKey, _Difference],
    together: Callable[[Application], str],
) -> Others:
    """What became of everybody else."""
    others = Others()
    others.unchanged(before, {expected.loser, expected.keeper, *after.since(before)})
    loser = before.by_key[expected.loser].application
    own = {_own_id(before, expected.loser)}
    lost = expected.lost | (own if expected.retired else set())
    altered = own if expected.narrowed else set()
    for key, difference in differences.items():
        if key in (expected.loser, expected.keeper):
            continue
        state = before.by_key[key]
        if not difference:
            others.take(state, of_both(state, after.by_key[key]))
            continue
        alike = (
            difference.lost <= lost and difference.altered <= altered and not (difference.gained or difference.status)
        )
        alike = alike and all(_kept_alike(before, expected.keeper, key, o) for o in difference.lost - own)
        mended = expected.keeper == expected.loser and not (difference.lost or difference.altered)
        if alike and difference.altered | difference.lost <= own:
            others.parents.append(state.application.label)
        elif not (alike or mended):
            others.broken.append(state.application.label)
        elif together(state.application) == together(loser):
            # In the same Argo CD only Applications that had the same superfluous copies may change.
            others.allowed.append(state.application.label)
        else:
            others.elsewhere.append(key)
    return others


def _own_id(snapshot: Snapshot, key: ApplicationKey) -> OwnedId:
    """The Application itself, as its parent brings it."""
    application = snapshot.by_key[key].application
    return OwnedId(IN_CLUSTER, ResourceId(GROUP, "Application", application.namespace, application.name))


def _kept_alike(before: Snapshot, keeper: ApplicationKey, other: ApplicationKey, owned_id: OwnedId) -> bool:
    """Whether the keeper had the very same already. What it only gets by the edit, Argo CD may delete first; and a
    copy that was patched on its way to `other` is no superfluous one."""
    copies = before.once(owners_of).get(owned_id, ())
    kept = [copy.resource for copy in copies if copy.application.key == keeper]
    lost = [copy.resource for copy in copies if copy.application.key == other]
    return all(any(same_manifest(one, each, owned_id.id.namespace) for each in kept) for one in lost)


def _not_seen(before: Snapshot, expected: Expectation, changed: frozenset[str]) -> Iterator[str]:
    """Applications that read what is changed, as far as can be told, and could not be rendered."""
    for state in before.once(not_rendered):
        if state.application.key in (expected.keeper, expected.loser):
            continue  # judged in rows of their own
        for part, source in zip(state.parts, state.application.sources, strict=False):
            if isinstance(part.rendering, Rendered) or not source.path:
                continue
            inside = source.path.strip("/") + "/"
            files = part.closure.files if part.closure is not None else frozenset()
            if any(path.startswith(inside) or path in files for path in changed):
                name = state.application.label
                yield f"`{name}` may read what is changed and could not be rendered: what becomes of it is not known"
                break


def _handed_over(
    expected: Expectation,
    differences: Mapping[ApplicationKey, _Difference],
    keeper: State,
    loser: State,
    before: Snapshot,
    after: Snapshot,
) -> list[Row]:
    name, other = keeper.application.label, loser.application.label
    kept = differences[expected.keeper]
    total = len(expected.lost)
    orphans = [
        o
        for o in expected.lost
        if not any(c.application.key == expected.keeper for c in after.once(owners_of).get(o, ()))
    ]
    rows: list[Row] = []
    if expected.retired:
        had = {owned_id for owned_id, _ in owned_by(before, loser)}
        rest = sorted(str(o.id) for o in had - expected.lost)
        detail = f"{total} of {total}" if not rest else f"it also brings {listed(rest, most=3)}"
        rows.append(Row(f"All that `{other}` brought was superfluous", detail, bool(had) and not rest))
    else:
        rows.append(_let_go(expected, differences[expected.loser], loser, after))
    now = after.by_key[expected.keeper]
    sight = of_both(keeper, now)
    seen = f"all {kept.seen} resources byte for byte the same" if kept.seen != 1 else "its resource is the same"
    if sight is Sight.PARTLY:
        seen = f"{plural('resource', kept.seen)} byte for byte the same; {_in_part(keeper, now)}"
    allowed = {_own_id(before, expected.loser)} if expected.retired else frozenset()
    same = not (kept.lost - allowed or kept.gained or kept.altered or kept.status)
    if same and sight is Sight.FAILED:  # a part of it renders, and Argo CD syncs nothing of it all the same
        rows.append(Row(f"`{name}` renders", _reason(now) or _reason(keeper), holds=False))
    else:
        detail = seen if same else kept.status or "it would change"
        rows.append(Row(f"`{name}` renders as before", detail, same and kept.seen > 0))
    rows.append(
        Row(
            "Every one still has an owner",
            f"{total - len(orphans)} of {total} in `{name}`",
            total > 0 and not orphans,
        )
    )
    return rows


def _let_go(expected: Expectation, own: _Difference, loser: State, after: Snapshot) -> Row:
    name, now = loser.application.label, after.by_key[expected.loser]
    statement, total = f"`{name}` no longer brings them", len(expected.lost)
    if own.status:
        return Row(f"`{name}` would no longer render", own.status, holds=False)
    if isinstance(now.rendering, RenderFailed):
        return Row(f"`{name}` renders", _reason(now), holds=False)
    left = [
        o for o in expected.lost if any(c.application.key == expected.loser for c in after.once(owners_of).get(o, ()))
    ]
    if own.left == 0:
        return Row(statement, "it would bring nothing at all any more", holds=False)
    extra = sorted(str(o.id) for o in (own.lost - expected.lost) | own.gained | own.altered)
    detail = f"{total - len(left)} of {total} gone"
    detail += f"; it also changes {listed(extra, most=3)}" if extra else ""
    detail += f"; {_in_part(loser, now)}" if of_both(loser, now) is Sight.PARTLY else ""
    return Row(statement, detail, total > 0 and not left and not extra)


def _once(after: Snapshot, expected: Expectation, loser: State, own: _Difference) -> list[Row]:
    state = after.by_key[expected.loser]
    rendering = state.rendering
    name, total = loser.application.label, len(expected.lost)
    detail = f"{len(rendering.resources)} resources" if isinstance(rendering, Rendered) else _reason(state)
    present = [
        o
        for o in expected.lost
        if sum(c.application.key == expected.loser for c in after.once(owners_of).get(o, ())) == 1
    ]
    rows = [
        Row(f"`{name}` renders", detail, isinstance(rendering, Rendered) and bool(rendering.resources)),
        Row("It brings each of them once", f"{len(present)} of {total}", 0 < total == len(present)),
    ]
    if isinstance(loser.rendering, Rendered):
        extra = sorted(str(o.id) for o in own.lost | own.gained | (own.altered - expected.lost))
        detail = f"it also changes {listed(extra, most=3)}" if extra else f"{own.seen} compared"
        detail += f"; {_in_part(loser, state)}" if of_both(loser, state) is Sight.PARTLY else ""
        rows.append(Row("It brings all else as before", detail, not extra))
    return rows


def _in_part(before: State, after: State) -> str:
    """What of an Application was not looked at."""
    found = [gap for state in (before, after) for gap in getattr(state.rendering, "gaps", ())]
    return f"not analysed of it: {listed(list(dict.fromkeys(found)), most=1)}"


def _reason(state: State) -> str:
    rendering = state.rendering
    if isinstance(rendering, RenderFailed):
        known = rendering.span.path in rendering.message
        return rendering.message if known else f"{rendering.message} ({rendering.span})"
    return reason_of(rendering)


def _difference(old: State, new: State, before: Snapshot, after: Snapshot) -> _Difference:
    seen = before.once(sizes_of)[old.application.key]
    if same(old, new):
        return _Difference(frozenset(), frozenset(), frozenset(), seen=seen, left=seen)
    one, other = rendered_by(before, old), rendered_by(after, new)
    status = ""
    if [type(part.rendering) for part in old.parts] != [type(part.rendering) for part in new.parts]:
        status = _reason(new) or "it renders"
    return _Difference(
        frozenset(one.keys() - other.keys()),
        frozenset(other.keys() - one.keys()),
        frozenset(key for key in one.keys() & other.keys() if one[key] != other[key]),
        status,
        seen,
        len(other),
    )
