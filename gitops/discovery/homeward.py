"""What was rendered from files of several repositories, in places of this one.

Nobody edits here what is written elsewhere. So a resource from there has no path, but says where it is written, and
what is to be said about it is said at the entry of this repository that leads there.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from gitops.files.spans import Span
from gitops.kustomize.closure import Chain, Closure
from gitops.outside.mounts import MountedTree
from gitops.resources.rendering import NotAnalysed, Note, Rendered, RenderFailed, Rendering, Unstable
from gitops.resources.resource import Elsewhere, Resource


def at_home(rendering: Rendering, tree: MountedTree, closure: Closure | None, at: Span) -> Rendering:
    """The rendering with paths of this repository only. `at` is the place of the Application."""
    match rendering:
        case Rendered():
            return replace(
                rendering,
                resources=tuple(_resource(tree, each) for each in rendering.resources),
                notes=tuple(_note(tree, closure, each, at) for each in rendering.notes),
                unstable=tuple(_unstable(tree, each) for each in rendering.unstable),
            )
        case RenderFailed():
            span = _span(tree, closure, rendering.span, at)
            return replace(
                rendering, message=_said(tree, rendering.message), span=span, detail=tree.where(rendering.detail)
            )
    notes = tuple(_note(tree, closure, each, at) for each in rendering.notes)
    seen = tuple(_resource(tree, each) for each in rendering.seen) if rendering.seen is not None else None
    return NotAnalysed(_said(tree, rendering.reason), notes, rendering.follows, seen)


def _said(tree: MountedTree, text: str) -> str:
    """A sentence with the names of what it is about; where the source is elsewhere, its paths are of there."""
    text = tree.where(text)
    return text if tree.place is None or str(tree.place) in text else f"{text} (its source is {tree.place})"


def closure_at_home(closure: Closure | None, tree: MountedTree | None) -> Closure | None:
    """What of a walk concerns this repository: all of it where nothing is mounted; None where there is no walk, or
    the kustomization itself is elsewhere."""
    if closure is None or tree is None:
        return closure
    if tree.place is not None:
        return None
    home = replace(
        closure,
        files=set(_own(tree, closure.files)),
        parsed=set(_own(tree, closure.parsed)),
        chains={},
        kustomizations={},
        moved={},
    )
    brought: dict[Elsewhere, list[Chain]] = {}
    for found, kept in ((closure.chains, home.chains), (closure.kustomizations, home.kustomizations)):
        for path, chains in found.items():
            elsewhere = _elsewhere(tree, path)
            if elsewhere is None:
                kept[path] = chains
                continue
            known = brought.setdefault(elsewhere, [])
            known.extend(chain for chain in (_own_part(tree, each) for each in chains) if chain not in known)
    home.brought = brought
    return home


def _own(tree: MountedTree, paths: set[str]) -> Iterator[str]:
    return (path for path in paths if tree.whence(path)[0] is None)


def _own_part(tree: MountedTree, chain: Chain) -> Chain:
    end = next((i for i, one in enumerate(chain) if tree.whence(one.span.path)[0] is not None), len(chain))
    return chain[:end]


def _elsewhere(tree: MountedTree, path: str) -> Elsewhere | None:
    place, inner = tree.whence(path)
    if place is None:
        return None
    return Elsewhere(place.name, "" if place.is_file else inner)


def _resource(tree: MountedTree, resource: Resource) -> Resource:
    path = resource.path or resource.generator
    if path is None:
        return replace(resource, elsewhere=Elsewhere(tree.place.name)) if tree.place is not None else resource
    elsewhere = _elsewhere(tree, path)
    if elsewhere is not None:
        template = tree.whence(resource.template)[1]
        return replace(
            resource, path=None, generator=None, line=0, end_line=0, template=template, elsewhere=elsewhere
        )
    inner = tree.whence(path)[1]
    return resource if inner == path else replace(resource, path=inner if resource.path else None)


def _unstable(tree: MountedTree, unstable: Unstable) -> Unstable:
    place, inner = tree.whence(unstable.path)
    if place is None:
        return replace(unstable, path=inner)
    return replace(unstable, path="", line=0, calls=())


def _note(tree: MountedTree, closure: Closure | None, note: Note, at: Span) -> Note:
    span = _span(tree, closure, note.span, at)
    return replace(note, message=tree.where(note.message), title=tree.where(note.title), span=span)


def _span(tree: MountedTree, closure: Closure | None, span: Span, at: Span) -> Span:
    """A line of this repository: the very one, or that of the entry that leads to it."""
    if span == at:
        return at
    place, inner = tree.whence(span.path)
    if place is None:
        return span if inner == span.path else Span(inner, span.line, span.end_line)
    if closure is not None and tree.place is None:
        chains = closure.chains.get(span.path) or closure.kustomizations.get(span.path) or []
        for chain in chains:
            if own := _own_part(tree, chain):
                return own[-1].span
    return at
