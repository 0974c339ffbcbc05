"""Where something that is to be rendered otherwise can be written: in a document, in a patch of the overlay, in the
values of a chart. Each is a try; whether it comes to what is wanted is seen by rendering it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, Final

from checks.model import Wanted
from checks.planning.documents import Change, edits_of
from checks.planning.repairs.charts import in_values
from gitops.discovery.scan import Scan, scan
from gitops.discovery.snapshot import ApplicationKey, Snapshot, State
from gitops.facts.secrets.pods import at
from gitops.files.documents import read_documents
from gitops.files.editing import Kind, Operation, Route, written
from gitops.files.errors import GitopsError
from gitops.files.spans import Edit
from gitops.kustomize.adding import Addition, add_items
from gitops.kustomize.closure import kustomization_file
from gitops.resources.manifests import identify
from gitops.versions.pins.images import split_image
from gitops.versions.usage import usage_of

_MOST: Final = 3  # documents that are tried for one resource


def ways(snapshot: Snapshot, wanted: Sequence[Wanted]) -> Iterator[tuple[Edit, ...]]:
    """Edits that may come to all that is wanted, the nearest place first."""
    documents = [list(_documents(snapshot, one))[:_MOST] for one in wanted]
    for place in range(max((len(one) for one in documents), default=0)):
        changes = [one[min(place, len(one) - 1)] for one in documents if one]
        if len(changes) == len(wanted):
            yield from _tried(partial(edits_of, snapshot.tree, changes))
    yield from _tried(partial(_images, snapshot, wanted))
    yield from _tried(partial(_patches, snapshot, wanted))
    for candidate in in_values(snapshot, wanted):
        yield from _tried(partial(edits_of, snapshot.tree, candidate))


def _tried(make: Callable[[], tuple[Edit, ...]]) -> Iterator[tuple[Edit, ...]]:
    try:
        edits = make()
    except (GitopsError, KeyError):
        return
    if edits:
        yield edits


def _documents(snapshot: Snapshot, wanted: Wanted) -> Iterator[Change]:
    """The documents that say something of the resource, those that say what is to change first, patches before what
    they patch."""
    found: list[tuple[int, int, Change]] = []
    for number, (path, line, value) in enumerate(_candidates(snapshot, wanted)):
        routes = [_translated(one, wanted.manifest, value) for one in wanted.operations]
        operations = tuple(
            Operation(one.kind, route, one.value)
            for one, route in zip(wanted.operations, routes, strict=True)
            if route is not None
        )
        if len(operations) == len(routes):
            known = min(_known(one.route, value) for one in operations)
            found.append((-known, number, Change(path, line, operations)))
    yield from (change for _, _, change in sorted(found, key=lambda one: one[:2]))


def _candidates(snapshot: Snapshot, wanted: Wanted) -> Iterator[tuple[str, int, Any]]:
    """(path, line, content) of documents about the resource: first those of patches."""
    state = snapshot.by_key.get(wanted.owner) if wanted.owner is not None else None
    paths = _files_of(state) if state is not None else []
    shared = _shared(snapshot, state) if state is not None else frozenset()
    own = wanted.written.path
    for path in [*(one for one in paths if one != own), own]:
        if path not in snapshot.tree or path in shared:
            continue
        try:
            documents = snapshot.tree.once(read_documents, path)
        except (GitopsError, KeyError):
            continue
        for document in documents:
            value = document.value()
            if (path == own and document.line == wanted.written.line) or (
                path != own and isinstance(value, dict) and _is_resource(value) and wanted.is_about(identify(value))
            ):
                yield path, document.line, value


def _shared(snapshot: Snapshot, state: State) -> frozenset[str]:
    """The files that something else uses too, whether or not an Application of this repository deploys that."""
    known = snapshot.once(_known_usage)
    if state.application.key in known:
        return known[state.application.key]
    found: set[str] = set()
    for part in state.parts:
        if part.closure is not None and not part.elsewhere:
            found.update(usage_of(snapshot.tree, part.closure, snapshot.once(_scan)).shared)
    known[state.application.key] = frozenset(found)
    return known[state.application.key]


def _known_usage(_snapshot: Snapshot) -> dict[ApplicationKey, frozenset[str]]:
    """What was worked out so far."""
    return {}


def _scan(snapshot: Snapshot) -> Scan:
    return scan(snapshot.tree, {}, {})


def _files_of(state: State) -> list[str]:
    """The files of its kustomizations that are read as YAML."""
    closures = [part.closure for part in state.parts if part.closure is not None and not part.elsewhere]
    return [path for closure in closures for path in sorted(closure.parsed) if path.endswith(_YAML)]


_YAML: Final = (".yaml", ".yml", ".json")


def _is_resource(value: Mapping[str, Any]) -> bool:
    return bool(value.get("kind") and value.get("apiVersion"))


def _translated(one: Operation, rendered: Any, value: Any) -> Route | None:
    """The route of an operation in a document whose lists may hold less, or be in another order, than what is
    rendered of them; None where the document has no such place."""
    route: list[str | int] = []
    left, right = rendered, value
    for depth, step in enumerate(one.route):
        rest = one.route[depth:]
        if isinstance(step, str):
            left = left.get(step) if isinstance(left, dict) else None
            if not isinstance(right, dict):
                return None
            right = right.get(step)
            if right is None:
                # What is not there can be made, but for parts of lists that the document leaves to others.
                makes = one.kind is not Kind.REMOVE and left is None and all(isinstance(each, str) for each in rest)
                anew = makes or (one.kind is Kind.PUT and all(isinstance(each, str) for each in rest))
                return (*route, *rest) if anew else None
            route.append(step)
        else:
            place = _same(left, step, right)
            if place is None:
                return None
            route.append(place)
            left, right = left[step], right[place]
    return tuple(route)


def _same(left: Any, step: int, right: Any) -> int | None:
    """The place in a list of the item that stands at `step` of another one."""
    if not isinstance(left, list) or not isinstance(right, list) or step >= len(left):
        return None
    item = left[step]
    if isinstance(item, dict) and "name" in item:
        named = [i for i, one in enumerate(right) if isinstance(one, dict) and one.get("name") == item["name"]]
        return named[0] if len(named) == 1 else None
    equal = [i for i, one in enumerate(right) if one == item]
    before = sum(1 for one in left[:step] if one == item)
    return equal[before] if before < len(equal) else None


def _known(route: Route, value: Any) -> int:
    """How much of a route a document says."""
    for length in range(len(route), 0, -1):
        if at(value, route[:length]) is not None:
            return length
    return 0


def _patches(snapshot: Snapshot, wanted: Sequence[Wanted]) -> tuple[Edit, ...]:
    """Patches at the end of the kustomizations that the Applications render."""
    additions: dict[str, list[Addition]] = {}
    for one in wanted:
        state = snapshot.by_key.get(one.owner) if one.owner is not None else None
        path = _overlay(snapshot, state, one) if state is not None else None
        if path is None:
            return ()
        additions.setdefault(path, []).append(Addition("patches", _patch(one)))
    return _added(snapshot, additions)


def _images(snapshot: Snapshot, wanted: Sequence[Wanted]) -> tuple[Edit, ...]:
    """Entries of `images` in the kustomizations, where nothing but images is wanted."""
    additions: dict[str, list[Addition]] = {}
    for one in wanted:
        state = snapshot.by_key.get(one.owner) if one.owner is not None else None
        path = _overlay(snapshot, state, one) if state is not None else None
        if path is None or any(each.route[-1] != "image" or each.kind is not Kind.PUT for each in one.operations):
            return ()
        for each in one.operations:
            image = split_image(str(each.value))
            additions.setdefault(path, []).append(Addition("images", f"name: {image.name}\nnewTag: {image.tag}"))
    return _added(snapshot, additions)


def _added(snapshot: Snapshot, additions: Mapping[str, Sequence[Addition]]) -> tuple[Edit, ...]:
    return tuple(
        edit
        for path, listed in additions.items()
        for edit in add_items(path, snapshot.tree.read(path), list(dict.fromkeys(listed)))
    )


def _overlay(snapshot: Snapshot, state: State, wanted: Wanted) -> str | None:
    """The kustomization of the source that renders the resource, where it is one of this repository."""
    for part in state.parts:
        if part.closure is None or part.elsewhere or all(one.id != wanted.resource for one in part.resources):
            continue
        path = kustomization_file(snapshot.tree, state.application.sources[part.index].path)
        return path if path is not None and snapshot.tree.resolve(path) == path else None
    return None


def _patch(wanted: Wanted) -> str:
    rid = wanted.resource
    if all(one.kind is Kind.PUT and all(isinstance(s, str) for s in one.route) for one in wanted.operations):
        return _merge_patch(wanted)
    lines = ["target:", f"  kind: {rid.kind}", f"  name: {rid.name}", "patch: |-"]
    if rid.group:
        lines.insert(1, f"  group: {rid.group}")
    for one in wanted.operations:
        pointer, value = _pointer(one.route), one.value
        if one.kind is Kind.APPEND and at(wanted.manifest, one.route) is None:
            value = [value]  # a list that is begun
        elif one.kind is Kind.APPEND:
            pointer += "/-"
        if one.kind is not Kind.APPEND and isinstance(one.route[-1], int):
            # The place in the list may be another one with the next version: then this is to be seen.
            lines += _operation("test", pointer, at(wanted.manifest, one.route))
        lines += _operation("remove" if one.kind is Kind.REMOVE else _verb(one, wanted), pointer, value)
    return "\n".join(lines)


def _verb(one: Operation, wanted: Wanted) -> str:
    there = one.kind is Kind.PUT and at(wanted.manifest, one.route) is not None
    return "replace" if there else "add"


def _operation(verb: str, pointer: str, value: Any) -> list[str]:
    lines = [f"  - op: {verb}", f"    path: {pointer}"]
    return lines if verb == "remove" else [*lines, f"    value: {json.dumps(value)}"]


def _pointer(route: Route) -> str:
    return "".join(f"/{str(step).replace('~', '~0').replace('/', '~1')}" for step in route)


def _merge_patch(wanted: Wanted) -> str:
    """As a piece of the resource."""
    rid = wanted.resource
    # By a target, since a patch alone would have to say the namespace as the base does.
    lines = ["target:", f"  kind: {rid.kind}", f"  name: {rid.name}"]
    lines += ["patch: |-", f"  apiVersion: {_api(wanted.manifest)}", f"  kind: {rid.kind}"]
    whole: dict[str, Any] = {"metadata": {"name": rid.name}}
    for one in wanted.operations:
        here = whole
        for step in one.route[:-1]:
            here = here.setdefault(str(step), {})
        here[str(one.route[-1])] = one.value
    return "\n".join([*lines, *_block(whole, 2)])


def _api(manifest: Mapping[str, Any]) -> str:
    return str(manifest.get("apiVersion", "v1"))


def _block(value: Mapping[str, Any], column: int) -> Iterator[str]:
    for key, inner in value.items():
        if isinstance(inner, dict):
            yield f"{' ' * column}{key}:"
            yield from _block(inner, column + 2)
        else:
            yield f"{' ' * column}{key}: {written(inner)}"
