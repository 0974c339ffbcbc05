"""Proving an addition: rendered before and after, what was promised comes, and nothing else changes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from checks.coverage import Coverage, of_both
from checks.planning.additions.plan import AdditionPlan, Named, named, reads
from checks.planning.bystanders import Bystanders, same
from checks.planning.proof import Proof, Row, reason_of
from checks.wording import listed, plural
from gitops.discovery.snapshot import Snapshot, State
from gitops.facts.secrets.pods import at
from gitops.files.editing import Route
from gitops.resources.compare import differences
from gitops.resources.rendering import Rendered
from gitops.resources.resource import Resource, ResourceId

_NAMED = 3
_MANY = 12
_HASH = 10  # characters of kustomize's suffix


def proof_of(before: Snapshot, after: Snapshot, plan: AdditionPlan) -> Proof:
    """Check every promise of a plan that was made for `before`; `after` is that with its edits."""
    others = Bystanders()
    rows: list[Row] = []
    if not any(_whole(state, plan) for state in after.states):
        rows.append(Row(f"An Application renders {plan.path}", "none does", False))
    gone = before.by_key.keys() ^ after.by_key.keys()
    if gone:
        rows.append(Row("No Application comes or goes", plural("Application", len(gone)), False))
    for key in before.by_key.keys() & after.by_key.keys():
        old, new = before.by_key[key], after.by_key[key]
        if _whole(old, plan) or key in plan.told or any(reads(old, path) for path in plan.also):
            rows += _own(old, new, plan)
        elif same(old, new):
            others.take(old, of_both(old, new))
        else:
            others.broken.append(old.application.label)
    rendered = {named(resource.id) for state in before.states for part in state.parts for resource in part.resources}
    lost = sorted(f"{key[1]} {key[2]}" for key, _ in plan.changes if key not in rendered)
    if lost:
        rows.append(Row("What is to change is rendered", f"{listed(lost, _NAMED)} is not", False))
    bystanders = others.row()
    return Proof((*rows, *((bystanders,) if bystanders else ())), plan.notes, Coverage.of(before, after))


def _whole(state: State, plan: AdditionPlan) -> bool:
    """Whether what comes does so in that Application."""
    return state.application.key == plan.home if plan.home is not None else reads(state, plan.path)


def _own(old: State, new: State, plan: AdditionPlan) -> Iterator[Row]:
    name = old.application.label
    one, other = old.rendering, new.rendering
    if not isinstance(one, Rendered) or not isinstance(other, Rendered):
        yield Row(f"`{name}` renders", reason_of(other) or reason_of(one), False)
        return
    whole = _whole(old, plan)
    comes, goes = (plan.comes, plan.goes) if whole else (frozenset[Named](), frozenset[Named]())
    may = plan.may if whole else frozenset[Named]()
    was = {resource.id: resource for resource in one.resources}
    renamed = dict(_renamed(was.values(), other.resources, plan.hashed))
    mine = {named(rid) for rid in was}
    several = bool(plan.also or plan.told)
    changes = {each for each in plan.changes if each[0] in mine} if several else plan.changes
    if not whole and not changes and same(old, new):
        return
    now = {each.id: each for each in (_as_before(resource, renamed) for resource in other.resources)}
    come = {named(rid) for rid in now.keys() - was.keys()}
    go = {named(rid) for rid in was.keys() - now.keys()}
    wrong = [f"{kind} {id_} comes" for _, kind, id_ in sorted(come - comes - may)]
    wrong += [f"{kind} {id_} does not come" for _, kind, id_ in sorted(comes - come)]
    wrong += [
        f"{rid.kind} {rid.name} comes into the namespace `{rid.namespace}`"
        for rid in sorted(now.keys() - was.keys(), key=str)
        if rid.namespace != plan.homes.get(named(rid), rid.namespace)
    ]
    wrong += [f"{kind} {id_} goes" for _, kind, id_ in sorted(go - goes)]
    wrong += [f"{kind} {id_} does not go" for _, kind, id_ in sorted(goes - go)]
    changed: set[tuple[tuple[str, str, str], str]] = set()
    for rid in was.keys() & now.keys():
        if was[rid].text == now[rid].text:
            continue
        key = named(rid)
        for path, _, _ in differences("", was[rid].manifest(), now[rid].manifest()):
            promise = next((each for each in changes if each[0] == key and below(path, each[1])), None)
            if promise is None:
                wrong.append(f"{key[1]} {key[2]} {path} changes")
            else:
                changed.add(promise)
    wrong += [f"{key[1]} {key[2]} {path} does not change" for key, path in sorted(changes - changed)]
    for key, route, value in plan.exact if whole else ():
        held = next((resource.manifest() for rid, resource in now.items() if named(rid) == key), None)
        wrong += [f"{key[1]} {key[2]} {path} is another one" for path in _differs(value, at(held, route), route)]
    if len(one.resources) != len(was) or len(other.resources) != len(now):
        wrong.append("several of its resources are one")
    seen = [f"{kind} {id_} comes" for _, kind, id_ in sorted(come)]
    seen += [f"{kind} {id_} goes" for _, kind, id_ in sorted(goes)]
    seen += [f"`{path}` of {key[1]} {key[2]}" for key, path in sorted(changes)]
    detail = listed(wrong if wrong else seen, _NAMED)
    if not wrong:
        others = len(was) - len({key for key, _ in changes}) - len(goes)
        detail += f"; {others} other resources are the same"
    yield Row(f"In `{name}` only what was asked for changes", detail, not wrong)
    for each in plan.becomes:
        old_one = next((one for rid, one in was.items() if named(rid) == each.old), None)
        new_one = next((one for rid, one in now.items() if named(rid) == each.new), None)
        if old_one is not None and new_one is not None:
            yield _same_but(old_one, new_one, each.paths)


def _renamed(
    was: Iterable[Resource], now: Iterable[Resource], hashed: frozenset[Named]
) -> Iterator[tuple[ResourceId, ResourceId]]:
    """What a generated resource is called now, and what it was called before: they differ in the hash alone."""
    there = {resource.id for resource in was}
    fresh = [resource.id for resource in now if resource.id not in there]
    for old in (one for one in there if named(one) in hashed):
        for new in fresh:
            base = old.name[:-_HASH]
            if replace(new, name=old.name) == old and base.endswith("-") and new.name[:-_HASH] == base:
                yield new, old


def _as_before(resource: Resource, renamed: Mapping[ResourceId, ResourceId]) -> Resource:
    """With the names that generated resources had before."""
    text = resource.text
    for new, old in renamed.items():
        text = text.replace(new.name.encode(), old.name.encode())
    if text == resource.text:
        return resource
    return replace(resource, id=renamed.get(resource.id, resource.id), text=text)


def _differs(value: Any, held: Any, route: Route) -> list[str]:
    """Where what is held is not what was promised; that the namespace is not said twice does not count."""
    found = [path for path, _, _ in differences("", {"": value}, {"": held})]
    return [path.lstrip(".") or ".".join(map(str, route)) for path in found if path != ".metadata.namespace"]


def _same_but(old: Resource, new: Resource, paths: tuple[str, ...]) -> Row:
    """The promise that one resource is the other in all but what is below these paths."""
    found = [path for path, _, _ in differences("", old.manifest(), new.manifest())]
    wrong = [path for path in found if not any(below(path, each) for each in paths)]
    statement = f"The {new.id.kind} is the {old.id.kind} in all else"
    if wrong:
        return Row(statement, f"{listed([f'`{path}`' for path in wrong], _NAMED)} would differ", False)
    return Row(statement, f"they differ in {listed([f'`{path}`' for path in found], _MANY)}", True)


def below(path: str, above: str) -> bool:
    """Whether a path is another one, or leads on from it."""
    return path == above or path.startswith((f"{above}.", f"{above}["))
