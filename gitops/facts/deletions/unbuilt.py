"""What the entries of a kustomization that nobody here can build depend on.

Where that is the same on both sides of a change, so is what they bring: a kustomization builds each of its bases by
itself, and changes what it gets from them by its own fields. So all that goes is what goes of the rest.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from gitops.discovery.snapshot import Part, State
from gitops.files.errors import GitopsError
from gitops.files.tree import Tree, normalise
from gitops.kustomize.charts import charts_of
from gitops.kustomize.closure import Closure, Problem, load
from gitops.kustomize.kustomization import Kustomization, Reference
from gitops.resources.rendering import NotAnalysed, Rendered

# Fields whose entries only add to what the others bring.
_ADDS = frozenset({"resources", "bases", "configMapGenerator", "secretGenerator"})


def is_unbuilt_alike(before: State, after: State, base: Tree, head: Tree) -> bool:
    """Whether all that is not built of an Application depends on the same, so that what is built tells all that
    differs."""
    return len(before.parts) == len(after.parts) and all(
        are_unbuilt_alike(old, new, base, head) for old, new in zip(before.parts, after.parts, strict=True)
    )


def are_unbuilt_alike(old: Part, new: Part, base: Tree, head: Tree) -> bool:
    """The same of one source."""
    if isinstance(old.rendering, Rendered) and isinstance(new.rendering, Rendered):
        return True
    one, other = _basis(old, base), _basis(new, head)
    return one is not None and one == other


def _basis(part: Part, tree: Tree) -> object:
    """All that the unbuilt entries depend on; None where nobody knows."""
    closure = part.closure
    if not isinstance(part.rendering, NotAnalysed) or part.rendering.seen is None or closure is None:
        return None
    if part.elsewhere or closure.refused or not closure.unsupported:
        return None
    memo: dict[Any, Any] = {}
    try:
        return [sorted(_of(file, closure, tree, memo)) for file in sorted(_above(closure))]
    except (GitopsError, _Unknown, KeyError, ValueError):
        return None


class _Unknown(Exception):
    """An entry that says nothing of what it depends on."""


def _above(closure: Closure) -> set[str]:
    """The kustomizations that have such entries, and those that bring these in."""
    found: set[str] = set()
    for problem in closure.unsupported:
        if problem.entry is None:
            raise _Unknown
        file = problem.entry[0]
        found.add(file)
        found.update(entry.span.path for chain in closure.kustomizations.get(file, ()) for entry in chain)
    return found


def _of(file: str, closure: Closure, tree: Tree, memo: dict[Any, Any]) -> Iterator[str]:
    kustomization = load(tree, file, memo)
    fields = {name: value for name, value in kustomization.fields.items() if name not in _ADDS}
    if fields.get("components") or fields.get("kind") == "Component":
        raise _Unknown  # it changes what others bring, and may be anything
    yield json.dumps(fields, sort_keys=True, default=str)
    for problem in (each for each in closure.unsupported if each.entry is not None and each.entry[0] == file):
        yield from _entry(problem, kustomization)
    for path in _beside(kustomization, file.rpartition("/")[0]):
        entry = tree.entry(tree.resolve(path))
        yield f"{path} {entry.mode} {entry.oid}" if entry is not None else path


def _entry(problem: Problem, kustomization: Kustomization) -> Iterator[str]:
    assert problem.entry is not None
    _, field, index = problem.entry
    if index >= 0:
        yield from (each.value for each in _entries(kustomization, field, index))


def _entries(kustomization: Kustomization, field: str, index: int) -> Iterable[Reference]:
    return (each for each in kustomization.references if (each.field, each.index) == (field, index))


def _beside(kustomization: Kustomization, directory: str) -> Iterator[str]:
    """The files that its other fields name: patches, values of charts, configurations."""
    named = [each.value for each in kustomization.references if each.field not in _ADDS]
    named += [values for chart in charts_of(kustomization.fields) for values in chart.values]
    for value in named:
        if "\n" not in value and "://" not in value:
            yield normalise(f"{directory}/{value}")
