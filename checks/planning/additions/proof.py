"""Proving an addition: rendered before and after, what was promised comes, and nothing else changes."""

from __future__ import annotations

from collections.abc import Iterator

from checks.coverage import Coverage, of_both
from checks.planning.additions.plan import AdditionPlan, named
from checks.planning.bystanders import Bystanders, same
from checks.planning.edits import after_edits
from checks.planning.proof import Proof, Row, reason_of
from checks.wording import listed, plural
from gitops.discovery.snapshot import Snapshot, State
from gitops.discovery.sources import Analysis
from gitops.resources.compare import differences
from gitops.resources.rendering import Asking, Rendered

_NAMED = 3


def prove(before: Snapshot, analysis: Analysis, plan: AdditionPlan) -> Asking[Proof]:
    """Check every promise of a plan that was made for the tree of `before`."""
    edited = yield from after_edits(before, analysis, plan.edits)
    after = edited.snapshot
    others = Bystanders()
    rows: list[Row] = []
    gone = before.by_key.keys() ^ after.by_key.keys()
    if gone:
        rows.append(Row("No Application comes or goes", plural("Application", len(gone)), False))
    for key in before.by_key.keys() & after.by_key.keys():
        old, new = before.by_key[key], after.by_key[key]
        if _reads(old, plan.path):
            rows += _own(old, new, plan)
        elif same(old, new):
            others.take(old, of_both(old, new))
        else:
            others.broken.append(old.application.label)
    bystanders = others.row()
    return Proof((*rows, *((bystanders,) if bystanders else ())), plan.notes, Coverage.of(before, after))


def _reads(state: State, path: str) -> bool:
    return any(part.closure is not None and path in part.closure.files for part in state.parts)


def _own(old: State, new: State, plan: AdditionPlan) -> Iterator[Row]:
    name = old.application.label
    one, other = old.rendering, new.rendering
    if not isinstance(one, Rendered) or not isinstance(other, Rendered):
        yield Row(f"`{name}` renders", reason_of(other) or reason_of(one), False)
        return
    was = {named(resource.id): resource for resource in one.resources}
    now = {named(resource.id): resource for resource in other.resources}
    come, go = now.keys() - was.keys(), was.keys() - now.keys()
    wrong = [f"{kind} {id_} comes" for _, kind, id_ in sorted(come - plan.comes)]
    wrong += [f"{kind} {id_} does not come" for _, kind, id_ in sorted(plan.comes - come)]
    wrong += [f"{kind} {id_} goes" for _, kind, id_ in sorted(go)]
    changed: set[tuple[tuple[str, str, str], str]] = set()
    for key in was.keys() & now.keys():
        if was[key].text == now[key].text:
            continue
        for path, _, _ in differences("", was[key].manifest(), now[key].manifest()):
            promise = next(
                (each for each in plan.changes if each[0] == key and f"{path}[".startswith(f"{each[1]}[")), None
            )
            if promise is None:
                wrong.append(f"{key[1]} {key[2]} {path} changes")
            else:
                changed.add(promise)
    wrong += [f"{key[1]} {key[2]} {path} does not change" for key, path in sorted(plan.changes - changed)]
    if len(one.resources) != len(was) or len(other.resources) != len(now):
        wrong.append("several of its resources have one name")
    seen = [f"{kind} {id_}" for _, kind, id_ in sorted(plan.comes)]
    seen += [f"`{path}` of {key[1]} {key[2]}" for key, path in sorted(plan.changes)]
    detail = listed(wrong if wrong else seen, _NAMED)
    if not wrong:
        detail += f"; {len(was) - len({key for key, _ in plan.changes})} other resources are the same"
    yield Row(f"In `{name}` only what was asked for comes", detail, not wrong)
