"""The Applications in the order of the trees below their roots, each once, and what was met on the way.

A root is what nothing else in the repository brings in; what follows from that is decided in docs/adr/0004.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from gitops.applications.application import Origin
from gitops.applicationsets.declared import ApplicationSet, declared_set
from gitops.applicationsets.problems import Refusal
from gitops.discovery.own_values import by_own_values, for_assumed_cluster
from gitops.discovery.roots import DEFAULT_NAMESPACE, Declaration, Node, Seed
from gitops.discovery.snapshot import Repeated, State, Unknown
from gitops.files.spans import Span
from gitops.files.tree import Tree


@dataclass(frozen=True, slots=True)
class _Root:
    label: str
    declarations: tuple[Declaration, ...]
    trouble: str | None = None
    file: str | None = None
    template: str = ""


@dataclass(slots=True)
class Assembly:
    """Every Application and ApplicationSet with its root and parents. `places` are the lines of every declaration
    that was met, by path; `empty` are ApplicationSets that make nothing and are right."""

    states: list[State] = field(default_factory=list)
    declared: list[str] = field(default_factory=list)  # of each state the `Declaration.id`
    unknown: list[Unknown] = field(default_factory=list)
    sets: list[ApplicationSet] = field(default_factory=list)
    repeated: list[Repeated] = field(default_factory=list)
    empty: list[Declaration] = field(default_factory=list)
    places: dict[str, list[Span]] = field(default_factory=dict)

    def met(self, declaration: Declaration) -> None:
        span = declaration.origin.span
        self.places.setdefault(span.path, []).append(span)


def assemble(tree: Tree, seeds: Sequence[Seed], nodes: Mapping[str, Node]) -> Assembly:
    """What the seeds that nothing else brings in come to. `nodes` are by `Declaration.id`."""
    result = Assembly()
    for root in _roots(seeds, nodes):
        before = len(result.states)
        _descend(root, nodes, result)
        if root.template:
            result.states[before:] = [by_own_values(tree, state) for state in result.states[before:]]
    namespaces: dict[str, set[str]] = {}
    for state in result.states:
        namespaces.setdefault(state.application.name, set()).add(state.application.namespace)
    result.states = [
        replace(state, application=replace(state.application, ambiguous=True))
        if len(namespaces[state.application.name]) > 1
        else state
        for state in result.states
    ]
    return result


def _roots(seeds: Iterable[Seed], nodes: Mapping[str, Node]) -> list[_Root]:
    """The roots of unclaimed seeds. Loose leaf Applications of one directory are one root."""
    roots: list[_Root] = []
    leaves: dict[str, _Leaves] = {}
    for seed in seeds:
        if seed.kustomization is not None:
            roots.append(_Root(seed.label, seed.declarations, seed.trouble, seed.kustomization, seed.template))
            continue
        declaration = seed.declarations[0]
        node = nodes.get(declaration.id)
        if node is not None and not node.children and node.application is not None:
            leaves.setdefault(seed.label, _Leaves()).put(declaration)
        else:
            roots.append(_Root(declaration.name or seed.label, (declaration,)))
    for label, found in leaves.items():
        whole = [tuple(one for same in group for one in same) for group in found.groups]
        roots.append(_Root(label, whole[0]))
        roots.extend(_Root(f"{label} ({group[0].origin.span})", group) for group in whole[1:])
    counts: dict[str, int] = {}
    for root in roots:
        counts[root.label] = counts.get(root.label, 0) + 1
    return [
        root if counts[root.label] == 1 else replace(root, label=f"{root.label} ({_place(root)})") for root in roots
    ]


@dataclass(slots=True)
class _Leaves:
    """Loose leaf Applications of one directory in groups that one Argo CD can hold: of two that differ and have one
    name it can hold only one, so these are alternatives of each other. A group lists equal documents together."""

    groups: list[list[list[Declaration]]] = field(default_factory=list)
    _by_name: dict[tuple[str, str], dict[str, list[Declaration]]] = field(default_factory=dict)

    def put(self, declaration: Declaration) -> None:
        """Into the first group without another Application of that name."""
        # Those of one name fill the groups from the first on, one each.
        alternatives = self._by_name.setdefault(declaration.own, {})
        same = alternatives.get(declaration.id)
        if same is not None:
            same.append(declaration)
            return
        if len(alternatives) == len(self.groups):
            self.groups.append([])
        same = [declaration]
        self.groups[len(alternatives)].append(same)
        alternatives[declaration.id] = same


def _place(root: _Root) -> str:
    return root.file or str(root.declarations[0].origin.span)


def _descend(root: _Root, nodes: Mapping[str, Node], result: Assembly) -> None:
    if root.trouble is not None and root.file is not None:
        if root.template:
            where = "at the top" if root.file == "Chart.yaml" else root.file.rpartition("/")[0]
            reason = f"the Helm chart {where} makes Applications, which only Helm can tell: {root.trouble}"
        else:
            reason = f"the kustomization that lists its Applications was read without rendering: {root.trouble}"
        at = Span(root.template or root.file, 1, 1)
        result.unknown.append(Unknown(root.label, "", reason, at, root.label, is_set=False))
    seen: dict[tuple[str, str], _Made] = {}
    sets: dict[str, _Made] = {}
    named: dict[tuple[str, str], _Made] = {}
    queue = deque(
        _Made(d, (), DEFAULT_NAMESPACE, None) for d in _last(root.declarations, "", DEFAULT_NAMESPACE, root, result)
    )
    later: deque[_Made] = deque()
    while queue or later:
        is_late = not queue
        made = (queue or later).popleft()
        declaration = made.declaration
        node = nodes.get(declaration.id)
        if node is None:
            continue
        if declaration.unrendered and node.application is None and not is_late:
            later.append(made)  # somebody else may bring the set as it is rendered
            continue
        if not declaration.generated:
            result.met(declaration)
        below = made.namespace
        if node.application is None:
            first = sets.setdefault(declaration.id, made)
            same = named.setdefault((declaration.namespace or made.namespace, declaration.name), made)
            if declaration.unrendered or same.declaration.unrendered:
                first = same  # one set in two shapes, of which a file tells less
            if first is not made:
                _twice(first, made, declaration.own, root, result)
                continue
            _set(made, node, root, result)
        else:
            own = (node.application.namespace or made.namespace, node.application.name)
            first = seen.setdefault(own, made)
            # Of two declarations of one Application the parents that bring them are told apart, not these.
            if first is not made:
                _twice(first, made, own, root, result)
                continue
            application = replace(
                node.application,
                namespace=own[0],
                root=root.label,
                parents=made.parents,
                origin=declaration.origin,
                generated=declaration.generated,
                elsewhere=declaration.elsewhere,
            )
            state = State(application, node.parts)
            result.states.append(for_assumed_cluster(state) if declaration.assumed else state)
            result.declared.append(declaration.id)
            below = application.destination.namespace or DEFAULT_NAMESPACE
        parents = (*made.parents, declaration.name)
        children = _children(node, declaration)
        if node.application is not None:
            children = _last(children, declaration.name, below, root, result)
        queue.extend(_Made(child, parents, below, declaration) for child in children)


def _children(node: Node, declaration: Declaration) -> Sequence[Declaration]:
    """What comes of a declaration. Of an ApplicationSet that is written twice alike, each copy's Applications stand
    where that copy does."""
    own = declaration.origin
    if node.declaration.origin == own or node.application is not None:
        return node.children
    return [
        replace(child, origin=Origin(_there(node, declaration, child.origin.span), own.chain))
        if child.generated
        else child
        for child in node.children
    ]


def _there(node: Node, declaration: Declaration, span: Span) -> Span:
    """The lines of another copy of what was looked at that say the same as `span` in that."""
    known, own = node.declaration.origin.span, declaration.origin.span
    if known == own or span.path != known.path:
        return span
    shift = own.line - known.line
    alike = own.end_line - own.line == known.end_line - known.line
    return Span(own.path, span.line + shift, span.end_line + shift) if alike else own


@dataclass(frozen=True, slots=True)
class _Made:
    """A declaration on its way down: what is above it, the namespace that it gets, and what brings it."""

    declaration: Declaration
    parents: tuple[str, ...]
    namespace: str
    by: Declaration | None


def _last(
    declared: Sequence[Declaration], parent: str, namespace: str, root: _Root, result: Assembly
) -> list[Declaration]:
    """Of the copies that one Application's manifests hold of a declaration, the last one, which Argo CD applies."""
    kept: dict[tuple[str, str, str], Declaration] = {}
    for one in declared:
        kept[one.kind, one.namespace or namespace, one.name] = one
    if len(kept) == len(declared):
        return list(declared)
    for one in declared:
        key = (one.kind, one.namespace or namespace, one.name)
        if kept[key] is not one:
            result.met(one)
            result.repeated.append(
                Repeated(*key, root.label, kept[key].origin, one.origin, parent, same=one.id == kept[key].id)
            )
    return list(kept.values())


def _reach(node: Node, reason: str) -> Refusal | None:
    return node.refused[reason][1] if reason in node.refused else None


def _set(made: _Made, node: Node, root: _Root, result: Assembly) -> None:
    declaration = made.declaration
    namespace = declaration.namespace or made.namespace
    for reason in node.unknown:
        place, refused = node.refused.get(reason, (node.declaration.origin.span, None))
        place = _there(node, declaration, place)
        result.unknown.append(Unknown(declaration.name, namespace, reason, place, root.label, True, refused))
    result.sets.append(
        declared_set(
            declaration.manifest,
            declaration.origin,
            declaration.id,
            namespace=namespace,
            root=root.label,
            parents=made.parents,
            troubles=tuple(r for r in node.unknown if _reach(node, r) is not Refusal.APPLICATIONS),
            refused=any(reach in (Refusal.SET, Refusal.DELETIONS) for _, reach in node.refused.values()),
            halted=any(reach is Refusal.SET for _, reach in node.refused.values()),
            assumed=node.assumed,
            live=node.live,
        )
    )
    if not node.unknown and not node.children:
        result.empty.append(declaration)


def _twice(first: _Made, second: _Made, own: tuple[str, str], root: _Root, result: Assembly) -> None:
    """Two makers of one Application, of which an ApplicationSet is one. Two parents that render it own it like any
    other resource, and are found as its owners."""
    one, other = first.declaration, second.declaration
    makers = [made.by if made.declaration.generated else made.declaration for made in (first, second)]
    names = ("", "")
    if (one.generated or other.generated) and None not in makers and _key(makers[0]) != _key(makers[1]):
        names = (_maker(first), _maker(second))  # and not one set that is brought in twice
    result.repeated.append(
        Repeated(one.kind, *own, root.label, one.origin, other.origin, makers=names, same=one.id == other.id)
    )


def _key(declaration: Declaration | None) -> tuple[str, tuple[str, str]] | None:
    return (declaration.kind, declaration.own) if declaration is not None else None


def _maker(made: _Made) -> str:
    if made.declaration.generated and made.by is not None:
        return f"the ApplicationSet `{made.by.name}`"
    return f"`{made.declaration.origin.path}`"
