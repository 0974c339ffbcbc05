"""What has to move together with a version, since with it a program would not start and before it would not know it:
an argument for one container, by a patch in the overlay. Whether it is enough is proven with the version."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from checks.planning.bumps.plan import BumpPlan, Escape
from gitops.facts.secrets.pods import POD_SPECS, at, mapping, sequence
from gitops.files.errors import GitopsError
from gitops.files.spans import apply_edits, edits_between, edits_by_path
from gitops.files.tree import Tree
from gitops.kustomize.adding import Addition, add_items
from gitops.kustomize.closure import kustomization_file
from gitops.resources.manifests import text_of
from gitops.resources.rendering import Rendered, Rendering
from gitops.resources.resource import Resource, ResourceId


def with_escapes(tree: Tree, plan: BumpPlan, escapes: Sequence[Escape], rendering: Rendering) -> BumpPlan | None:
    """The plan with a patch for each escape; None where the overlay cannot take one. `rendering` is the overlay's."""
    path = kustomization_file(tree, plan.overlay)
    if path is None or not isinstance(rendering, Rendered):
        return None
    additions: list[Addition] = []
    for escape in dict.fromkeys(escapes):
        pointer = _pointer(rendering.resources, escape)
        if pointer is None:
            return None
        additions.append(Addition("patches", _patch(escape, pointer)))
    by_path = edits_by_path(plan.edits)
    try:
        before = tree.read(tree.resolve(path))
        moved = apply_edits(before, by_path.get(path, ()))
        final = apply_edits(moved, add_items(path, moved, additions))
    except GitopsError:
        return None
    others = tuple(edit for edit in plan.edits if edit.span.path != path)
    return replace(plan, edits=(*others, *edits_between(path, before, final)), escapes=tuple(dict.fromkeys(escapes)))


def is_escape(plan: BumpPlan, rid: ResourceId, path: str, left: object, right: object) -> bool:
    """Whether a value that differs is the one that an escape puts at the end of its list."""
    return any(
        escape.is_for(rid)
        and right == escape.argument
        and not isinstance(left, str | int | float | bool | dict | list)
        and path.partition("].")[2].startswith(("args[", "command["))
        for escape in plan.escapes
    )


def _pointer(resources: Sequence[Resource], escape: Escape) -> str | None:
    """Where the container's list of arguments ends, as a JSON pointer."""
    for resource in resources:
        if not escape.is_for(resource.id):
            continue
        route = POD_SPECS[resource.id.group, resource.id.kind]
        containers = sequence(mapping(at(resource.manifest(), route)).get("containers"))
        for index, one in enumerate(containers):
            container: Mapping[str, Any] = mapping(one)
            if text_of(container.get("name")) == escape.container:
                # Where there are no arguments the command holds them.
                field = "args" if sequence(container.get("args")) else "command"
                steps = [*(str(step) for step in route), "containers", str(index), field, "-"]
                return f"/{'/'.join(steps)}" if sequence(container.get(field)) else None
    return None


def _patch(escape: Escape, pointer: str) -> str:
    rid = escape.resource
    return (
        f"target:\n  kind: {rid.kind}\n  name: {rid.name}\n"
        f"patch: |-\n  - op: add\n    path: {pointer}\n    value: {escape.argument}"
    )
