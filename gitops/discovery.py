"""Finding every Application of a tree, and rendering it, without doing any I/O.

`discover` is a generator: it yields the renderings it needs, a round at a time, and is sent what came of them. So the
rules of discovery can be tested with a dictionary, and whoever drives it decides about processes, caches and time.

Rounds are needed because Applications hide in what other Applications render (app-of-apps), to any depth. A
declaration that was expanded before is not expanded again, which is what ends cycles.
"""

from __future__ import annotations

import json
from collections.abc import Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from gitops.applications import Application, Origin, is_application, is_application_set, parse_application
from gitops.applicationsets import expand
from gitops.closure import Closure
from gitops.documents import child, first_line, last_line, read_documents
from gitops.errors import GitopsError
from gitops.locate import locate
from gitops.manifests import text_of
from gitops.rendering import NotAnalysed, Output, Rendered, RenderFailed, Rendering, RenderRequest
from gitops.repositories import parse_repo_url
from gitops.scan import Declared, Scan, scan, tops
from gitops.snapshot import Part, Snapshot, State, Unknown
from gitops.sources import Analysis, Plan, plan_kustomize, plan_source, rendering_of
from gitops.spans import Span
from gitops.tree import Tree

MAX_ROUNDS = 32
DEFAULT_NAMESPACE = "argocd"

Discovery = Generator[Sequence[RenderRequest], Mapping[str, Output], Snapshot]


@dataclass(frozen=True, slots=True)
class _Declaration:
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
        metadata = self.manifest.get("metadata")
        return text_of(metadata.get("name")) if isinstance(metadata, Mapping) else ""


@dataclass(slots=True)
class _Node:
    """What a declaration turned out to be."""

    declaration: _Declaration
    application: Application | None = None
    parts: tuple[Part, ...] = ()
    children: list[_Declaration] = field(default_factory=list)
    unknown: tuple[str, ...] = ()
    kustomizations: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class _Seed:
    """Where a search starts: a kustomization that lists Applications, or a document that stands by itself."""

    label: str
    declarations: tuple[_Declaration, ...]
    kustomization: str | None = None
    trouble: str | None = None


def discover(tree: Tree, analysis: Analysis) -> Discovery:
    """Find and render every Application of `tree`. Never raises for what the repository holds."""
    found = scan(tree, analysis.scan_memo, analysis.memo)
    if analysis.build_options is None:
        analysis = replace(analysis, build_options=found.build_options)
    if not analysis.matcher.known:
        analysis = replace(analysis, matcher=replace(analysis.matcher, guess=_guess(tree, found)))
    seeds = yield from _seeds(tree, found, analysis)
    nodes: dict[str, _Node] = {}
    pending = [declaration for seed in seeds for declaration in seed.declarations]
    truncated = False
    for _ in range(MAX_ROUNDS):
        fresh = list({d.id: d for d in pending if d.id not in nodes}.values())
        if len(nodes) + len(fresh) > analysis.max_applications:
            fresh = fresh[: max(0, analysis.max_applications - len(nodes))]
            truncated = True
        if not fresh:
            break
        yield from _expand(tree, fresh, nodes, analysis)
        pending = [declared for d in fresh for declared in nodes[d.id].children]
    else:
        truncated = True
    states, unknown = _assemble(_roots(seeds, nodes), nodes)
    unknown.extend(Unknown(span.path, "", reason, span, "") for reason, span in found.unread)
    return Snapshot(tree, tuple(states), tuple(unknown), truncated)


def _seeds(
    tree: Tree, found: Scan, analysis: Analysis
) -> Generator[Sequence[RenderRequest], Mapping[str, Output], list[_Seed]]:
    seeds: list[_Seed] = []
    plans: list[tuple[str, Plan, Span]] = []
    for file in tops(found):
        at = Span(file, 1, 1)
        plans.append((file, plan_kustomize(tree, file.rpartition("/")[0], None, analysis, at), at))
    outputs = yield from _render([plan for _, plan, _ in plans])
    covered: set[str] = set()
    for file, plan, at in plans:
        rendering = rendering_of(tree, plan, outputs, at, analysis)
        closure = plan.closure or Closure(file.rpartition("/")[0])
        covered.update(closure.chains)
        trouble = None
        if isinstance(rendering, Rendered):
            declarations = _declarations_in(tree, rendering, closure, Origin(at))
        else:
            trouble = rendering.message if isinstance(rendering, RenderFailed) else rendering.reason
            listed = [path for path in closure.chains if path in found.declared]
            declarations = [
                _declare(d.manifest, Origin(d.span, closure.chains[path][0]))
                for path in listed
                for d in found.declared[path]
            ]
        label = file.rpartition("/")[0] or "."
        seeds.append(_Seed(label, tuple(declarations), file, trouble))
    for path, declared in sorted(found.declared.items()):
        if path in covered or path in found.patches or path in found.listed_by:
            continue
        for one in declared:
            seeds.append(_Seed(path.rpartition("/")[0] or ".", (_declare(one.manifest, Origin(one.span)),)))
    return seeds


def _render(plans: Iterable[Plan]) -> Generator[Sequence[RenderRequest], Mapping[str, Output], Mapping[str, Output]]:
    requests = {plan.request.fingerprint: plan.request for plan in plans if plan.request is not None}
    if not requests:
        return {}
    outputs = yield list(requests.values())
    return outputs


def _declare(manifest: Mapping[str, Any], origin: Origin, generated: bool = False) -> _Declaration:
    # Status is what a cluster wrote into an exported manifest; it is no part of the declaration.
    content = {key: value for key, value in manifest.items() if key != "status"}
    return _Declaration(manifest, origin, json.dumps(content, sort_keys=True, default=str), generated)


def _declarations_in(tree: Tree, rendered: Rendered, closure: Closure | None, fallback: Origin) -> list[_Declaration]:
    result: list[_Declaration] = []
    for resource in rendered.resources:
        if resource.id.group == "argoproj.io" and resource.id.kind in ("Application", "ApplicationSet"):
            result.append(_declare(resource.manifest(), locate(tree, resource, closure, fallback)))
    return result


def _expand(
    tree: Tree, fresh: Sequence[_Declaration], nodes: dict[str, _Node], analysis: Analysis
) -> Generator[Sequence[RenderRequest], Mapping[str, Output], None]:
    planned: list[tuple[_Node, Application, list[tuple[int, Plan]]]] = []
    for declaration in fresh:
        node = nodes[declaration.id] = _Node(declaration)
        if is_application_set(declaration.manifest):
            _expand_set(tree, node, analysis)
            continue
        application = replace(
            parse_application(declaration.manifest, declaration.origin), generated=declaration.generated
        )
        node.application = application
        sources = application.sources
        plans = [(i, plan_source(tree, application, source, analysis)) for i, source in enumerate(sources)]
        planned.append((node, application, plans))
    outputs = yield from _render([plan for _, _, plans in planned for _, plan in plans])
    for node, application, plans in planned:
        parts: list[Part] = []
        for index, plan in plans:
            rendering: Rendering = rendering_of(tree, plan, outputs, application.origin.entry, analysis)
            fingerprint = plan.request.fingerprint if plan.request else ""
            parts.append(Part(index, rendering, plan.closure, fingerprint))
            if plan.closure is not None:
                node.kustomizations.update(plan.closure.kustomizations)
            if isinstance(rendering, Rendered):
                node.children.extend(_declarations_in(tree, rendering, plan.closure, application.origin))
        if not plans:
            reason = "the manifest names no source" if application.name else "the manifest has no name"
            parts.append(Part(0, NotAnalysed(reason)))
        node.parts = tuple(parts)


def _expand_set(tree: Tree, node: _Node, analysis: Analysis) -> None:
    declaration = node.declaration
    expansion = expand(
        declaration.manifest, tree, lambda url: analysis.matcher.matches(url, True), analysis.max_applications
    )
    unknown = list(expansion.unknown)
    if expansion.truncated:
        unknown.append(f"it expands to more than {analysis.max_applications:,} Applications; the rest is left out")
    node.unknown = tuple(unknown)
    document = _document_node(tree, declaration.origin)
    for generated in expansion.generated:
        at = child(document, *generated.generator) if document is not None else None
        span = declaration.origin.span
        if at is not None:
            span = Span(span.path, first_line(at), last_line(at))
        node.children.append(_declare(generated.manifest, Origin(span, declaration.origin.chain), generated=True))


def _document_node(tree: Tree, origin: Origin) -> Any:
    try:
        documents = read_documents(origin.path, tree.read(tree.resolve(origin.path)))
    except (GitopsError, KeyError):
        return None
    return next((d.node for d in documents if d.line == origin.span.line), None)


def _guess(tree: Tree, found: Scan) -> Any:
    """Without a remote to ask, this repository is the one that most Applications name with paths that exist here."""
    votes: dict[Any, int] = {}
    for declared in (d for group in found.declared.values() for d in group):
        for url, path in _named_sources(declared):
            name = parse_repo_url(url)
            if name is not None:
                real = "{{" in path or (path and _is_dir(tree, path))
                votes[name] = votes.get(name, 0) + (2 if real and "{{" not in path else 1 if real else 0)
    best = max(votes.items(), key=lambda item: (item[1], str(item[0])), default=(None, 0))
    return best[0] if best[1] > 0 else None


def _is_dir(tree: Tree, path: str) -> bool:
    try:
        return tree.is_dir(tree.resolve(path.strip("/")))
    except GitopsError:
        return False


def _named_sources(declared: Declared) -> Iterable[tuple[str, str]]:
    manifest = declared.manifest
    if is_application(manifest):
        for source in parse_application(manifest, Origin(declared.span)).sources:
            yield source.repo_url, source.path
        return
    stack: list[Any] = [manifest.get("spec")]
    while stack:
        here = stack.pop()
        if isinstance(here, Mapping):
            url, path = here.get("repoURL"), here.get("path")
            if isinstance(url, str):
                yield url, path if isinstance(path, str) else ""
                for listed in (here.get("directories"), here.get("files")):
                    for item in listed if isinstance(listed, list) else ():
                        pattern = text_of(item.get("path")) if isinstance(item, Mapping) else ""
                        yield url, pattern.split("*")[0].rstrip("/")
            stack.extend(here.values())
        elif isinstance(here, list):
            stack.extend(here)


@dataclass(frozen=True, slots=True)
class _Root:
    label: str
    declarations: tuple[_Declaration, ...]
    trouble: str | None = None
    file: str | None = None


def _roots(seeds: list[_Seed], nodes: dict[str, _Node]) -> list[_Root]:
    """Seeds that nothing else brings in. Loose leaf Applications of one directory are one root."""
    reach = [_reach(seed, nodes) for seed in seeds]
    roots: list[_Root] = []
    leaves: dict[str, list[_Declaration]] = {}
    for i, seed in enumerate(seeds):
        if _is_claimed(i, seeds, reach):
            continue
        if seed.kustomization is not None:
            roots.append(_Root(seed.label, seed.declarations, seed.trouble, seed.kustomization))
            continue
        declaration = seed.declarations[0]
        node = nodes.get(declaration.id)
        if node is not None and not node.children and node.application is not None:
            leaves.setdefault(seed.label, []).append(declaration)
        else:
            roots.append(_Root(declaration.name or seed.label, (declaration,)))
    roots.extend(_Root(label, tuple(declarations)) for label, declarations in leaves.items())
    counts: dict[str, int] = {}
    for root in roots:
        counts[root.label] = counts.get(root.label, 0) + 1
    return [
        root if counts[root.label] == 1 else replace(root, label=f"{root.label} ({_place(root)})") for root in roots
    ]


def _place(root: _Root) -> str:
    return root.file or str(root.declarations[0].origin.span)


@dataclass(slots=True)
class _Reach:
    places: set[tuple[str, int]] = field(default_factory=set)
    kustomizations: set[str] = field(default_factory=set)


def _reach(seed: _Seed, nodes: dict[str, _Node]) -> _Reach:
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


def _is_claimed(index: int, seeds: list[_Seed], reach: list[_Reach]) -> bool:
    """Whether another seed brings this one in. In a ring, where each brings in the other, the first one stays."""

    def brings(one: int, other: int) -> bool:
        seed = seeds[other]
        if seed.kustomization is not None:
            return seed.kustomization in reach[one].kustomizations
        return seed.declarations[0].place in reach[one].places

    return any(
        other != index and brings(other, index) and not (index < other and brings(index, other))
        for other in range(len(seeds))
    )


def _assemble(roots: list[_Root], nodes: dict[str, _Node]) -> tuple[list[State], list[Unknown]]:
    states: list[State] = []
    unknown: list[Unknown] = []
    for root in roots:
        if root.trouble is not None and root.file is not None:
            reason = f"the kustomization that lists its Applications was read without rendering: {root.trouble}"
            unknown.append(Unknown(root.label, "", reason, Span(root.file, 1, 1), root.label))
        seen: set[tuple[str, str]] = set()
        sets: set[str] = set()
        queue: list[tuple[_Declaration, tuple[str, ...], str]] = [
            (d, (), DEFAULT_NAMESPACE) for d in root.declarations
        ]
        while queue:
            declaration, parents, namespace = queue.pop(0)
            node = nodes.get(declaration.id)
            if node is None:
                continue
            if node.application is None:
                if declaration.id in sets:
                    continue
                sets.add(declaration.id)
                place = declaration.origin.span
                unknown.extend(Unknown(declaration.name, namespace, r, place, root.label) for r in node.unknown)
            else:
                own = node.application.namespace or namespace
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
                states.append(State(application, node.parts))
                namespace = application.destination.namespace or DEFAULT_NAMESPACE
            queue.extend((below, (*parents, declaration.name), namespace) for below in node.children)
    return states, unknown
