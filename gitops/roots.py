"""Who brings in whom: declarations put in trees below roots, and the Applications in the order of those trees.

A root is what nothing else in the repository brings in; see design.md, "What counts as a duplicate".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from gitops.applications import Application, Origin
from gitops.applicationsets.declared import ApplicationSet, declared_set
from gitops.manifests import text_of
from gitops.snapshot import Part, State, Unknown
from gitops.spans import Span

DEFAULT_NAMESPACE = "argocd"


@dataclass(frozen=True, slots=True)
class Declaration:
    """An Application or ApplicationSet manifest and where it came from. `id` tells equal manifests from different."""

    manifest: Mapping[str, Any]
    origin: Origin
    id: str
    generated: bool = False

    @property
    def place(self) -> tuple[str, int]:
        return (self.origin.span.path, self.origin.span.line)

    @property
    def name(self) -> str:
        return self._metadata("name")

    @property
    def own(self) -> tuple[str, str]:
        """Namespace and name, by which one Argo CD knows an Application."""
        return (self._metadata("namespace") or DEFAULT_NAMESPACE, self.name)

    @property
    def is_placed(self) -> bool:
        """Whether it names its namespace itself."""
        return bool(self._metadata("namespace"))

    def _metadata(self, key: str) -> str:
        metadata = self.manifest.get("metadata")
        return text_of(metadata.get(key)) if isinstance(metadata, Mapping) else ""


@dataclass(slots=True)
class Node:
    """What a declaration turned out to be."""

    declaration: Declaration
    application: Application | None = None
    parts: tuple[Part, ...] = ()
    children: list[Declaration] = field(default_factory=list)
    unknown: tuple[str, ...] = ()
    kustomizations: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Seed:
    """Where a search starts: a kustomization that lists Applications, or a document that stands by itself.

    `trouble` says why the kustomization could not be rendered.
    """

    label: str
    declarations: tuple[Declaration, ...]
    kustomization: str | None = None
    trouble: str | None = None


@dataclass(frozen=True, slots=True)
class _Root:
    label: str
    declarations: tuple[Declaration, ...]
    trouble: str | None = None
    file: str | None = None


@dataclass(frozen=True, slots=True)
class Assembled:
    """Every Application and ApplicationSet with its root and parents, and what stays unknown."""

    states: list[State]
    unknown: list[Unknown]
    sets: list[ApplicationSet]


def assemble(seeds: Sequence[Seed], nodes: Mapping[str, Node]) -> Assembled:
    """`nodes` are by `Declaration.id`."""
    found = Assembled([], [], [])
    for root in _roots(seeds, nodes):
        _descend(root, nodes, found)
    namespaces: dict[str, set[str]] = {}
    for state in found.states:
        namespaces.setdefault(state.application.name, set()).add(state.application.namespace)
    states = [
        replace(state, application=replace(state.application, ambiguous=True))
        if len(namespaces[state.application.name]) > 1
        else state
        for state in found.states
    ]
    return replace(found, states=states)


def _roots(seeds: Sequence[Seed], nodes: Mapping[str, Node]) -> list[_Root]:
    """Seeds that nothing else brings in. Loose leaf Applications of one directory are one root."""
    roots: list[_Root] = []
    leaves: dict[str, list[list[Declaration]]] = {}
    for seed in _unclaimed(seeds, nodes):
        if seed.kustomization is not None:
            roots.append(_Root(seed.label, seed.declarations, seed.trouble, seed.kustomization))
            continue
        declaration = seed.declarations[0]
        node = nodes.get(declaration.id)
        if node is not None and not node.children and node.application is not None:
            _put(declaration, leaves.setdefault(seed.label, [[]]))
        else:
            roots.append(_Root(declaration.name or seed.label, (declaration,)))
    for label, groups in leaves.items():
        roots.append(_Root(label, tuple(groups[0])))
        roots.extend(_Root(f"{label} ({group[0].origin.span})", tuple(group)) for group in groups[1:])
    counts: dict[str, int] = {}
    for root in roots:
        counts[root.label] = counts.get(root.label, 0) + 1
    return [
        root if counts[root.label] == 1 else replace(root, label=f"{root.label} ({_place(root)})") for root in roots
    ]


def _put(declaration: Declaration, groups: list[list[Declaration]]) -> None:
    """Into the first group without an Application of that name: one Argo CD cannot hold two, so these are
    alternatives of each other."""
    for group in groups:
        if all(other.own != declaration.own or other.id == declaration.id for other in group):
            group.append(declaration)
            return
    groups.append([declaration])


def _place(root: _Root) -> str:
    return root.file or str(root.declarations[0].origin.span)


@dataclass(slots=True)
class _Reach:
    places: set[tuple[str, int]] = field(default_factory=set)
    kustomizations: set[str] = field(default_factory=set)


def _reach(seed: Seed, nodes: Mapping[str, Node]) -> _Reach:
    """Places and kustomizations that a seed's Applications render, at any depth."""
    reach = _Reach()
    stack = list(seed.declarations)
    seen: set[str] = set()
    own = {d.place for d in seed.declarations} if seed.kustomization is None else set()
    while stack:
        declaration = stack.pop()
        if declaration.id in seen:
            continue
        seen.add(declaration.id)
        node = nodes.get(declaration.id)
        if node is None:
            continue
        reach.kustomizations |= node.kustomizations
        for below in node.children:
            if not below.generated:
                reach.places.add(below.place)
            stack.append(below)
    reach.places -= own
    if seed.kustomization is not None:
        reach.kustomizations.discard(seed.kustomization)
    return reach


def _unclaimed(seeds: Sequence[Seed], nodes: Mapping[str, Node]) -> Iterator[Seed]:
    """Seeds that no other seed brings in. In a ring, where each brings in the other, the first one stays."""
    reach = [_reach(seed, nodes) for seed in seeds]
    bringing: dict[str | tuple[str, int], list[int]] = {}
    for index, one in enumerate(reach):
        for place in one.places:
            bringing.setdefault(place, []).append(index)
        for file in one.kustomizations:
            bringing.setdefault(file, []).append(index)

    def brings(one: int, other: int) -> bool:
        what = _what(seeds[other])
        return what in (reach[one].kustomizations if isinstance(what, str) else reach[one].places)

    for index, seed in enumerate(seeds):
        above = (other for other in bringing.get(_what(seed), ()) if other != index)
        if not any(not (index < other and brings(index, other)) for other in above):
            yield seed


def _what(seed: Seed) -> str | tuple[str, int]:
    return seed.kustomization if seed.kustomization is not None else seed.declarations[0].place


def _descend(root: _Root, nodes: Mapping[str, Node], found: Assembled) -> None:
    if root.trouble is not None and root.file is not None:
        reason = f"the kustomization that lists its Applications was read without rendering: {root.trouble}"
        found.unknown.append(Unknown(root.label, "", reason, Span(root.file, 1, 1), root.label, is_set=False))
    seen: set[tuple[str, str]] = set()
    sets: set[str] = set()
    queue: list[tuple[Declaration, tuple[str, ...], str]] = [(d, (), DEFAULT_NAMESPACE) for d in root.declarations]
    for declaration, parents, namespace in queue:  # grows while it is read
        node = nodes.get(declaration.id)
        if node is None:
            continue
        below = namespace
        if node.application is None:
            if declaration.id in sets:
                continue
            sets.add(declaration.id)
            place = declaration.origin.span
            found.unknown.extend(Unknown(declaration.name, namespace, r, place, root.label) for r in node.unknown)
            found.sets.append(
                declared_set(
                    declaration.manifest,
                    declaration.origin,
                    declaration.id,
                    namespace=declaration.own[0] if declaration.is_placed else namespace,
                    root=root.label,
                    parents=parents,
                    troubles=node.unknown,
                )
            )
        else:
            own = node.application.namespace or namespace
            # Of two declarations of one Application the parents that bring them are told apart, not these.
            if (own, node.application.name) in seen:
                continue
            seen.add((own, node.application.name))
            application = replace(
                node.application,
                namespace=own,
                root=root.label,
                parents=parents,
                origin=declaration.origin,
                generated=declaration.generated,
            )
            found.states.append(State(application, node.parts))
            below = application.destination.namespace or DEFAULT_NAMESPACE
        children = node.children if node.application is None else _applied(node.children, below)
        queue.extend((child, (*parents, declaration.name), below) for child in children)


def _applied(children: Sequence[Declaration], namespace: str) -> list[Declaration]:
    """What one Application brings in. Of repeated copies Argo CD applies the last one (argo-cd, controller/state.go,
    NormalizeTargetObjects)."""
    last: dict[tuple[object, str, str], Declaration] = {}
    for child in children:
        last[child.manifest.get("kind"), child.own[0] if child.is_placed else namespace, child.name] = child
    return list(last.values())
