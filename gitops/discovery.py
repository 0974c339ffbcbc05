"""Finding every Application of a tree, and rendering it, without doing any I/O.

`discover` is a generator: it yields the renderings it needs, a round at a time, and is sent what came of them. So the
rules of discovery can be tested with a dictionary, and whoever drives it decides about processes, caches and time.

Rounds are needed because Applications hide in what other Applications render (app-of-apps), to any depth. A
declaration that was expanded before is not expanded again, which is what ends cycles.
"""

from __future__ import annotations

import json
from collections.abc import Generator, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from gitops.applications import Application, Origin, is_application, is_application_set, parse_application
from gitops.applicationsets import expand
from gitops.argocd_config import read_config
from gitops.closure import Closure
from gitops.documents import child, first_line, last_line, read_documents
from gitops.errors import GitopsError
from gitops.locate import locate
from gitops.manifests import text_of
from gitops.rendering import NotAnalysed, Output, Rendered, RenderFailed, Rendering, RenderRequest
from gitops.repositories import parse_repo_url
from gitops.roots import Declaration, Node, Seed, assemble
from gitops.scan import Declared, Scan, lost, scan, tops
from gitops.settled import settle
from gitops.snapshot import Part, Snapshot, Unknown
from gitops.sources import Analysis, Plan, plan_kustomize, plan_source, rendering_of
from gitops.spans import Span
from gitops.tree import Tree

MAX_ROUNDS = 32

Discovery = Generator[Sequence[RenderRequest], Mapping[str, Output], Snapshot]


def discover(tree: Tree, analysis: Analysis) -> Discovery:
    """Find and render every Application of `tree`, as Argo CD's own configuration in it has them deployed. Never
    raises for what the repository holds."""
    snapshot = yield from _discover(tree, analysis)
    return settle(snapshot, read_config(tree, analysis.scan_memo, analysis.told), analysis.clusters)


def _discover(tree: Tree, analysis: Analysis) -> Discovery:
    found = scan(tree, analysis.scan_memo, analysis.memo)
    if analysis.build_options is None:
        analysis = replace(analysis, build_options=found.build_options)
    if not analysis.matcher.known:
        analysis = replace(analysis, matcher=replace(analysis.matcher, guess=_guess(tree, found)))
    seeds = yield from _seeds(tree, found, analysis)
    nodes: dict[str, Node] = {}
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
    found_in = assemble(seeds, nodes)
    unknown = found_in.unknown
    unknown.extend(Unknown(span.path, "", reason, span, "", is_set=False) for reason, span in found.unread)
    return Snapshot(
        tree,
        tuple(found_in.states),
        tuple(unknown),
        truncated,
        found.application_health,
        sets=tuple(found_in.sets),
    )


def _seeds(
    tree: Tree, found: Scan, analysis: Analysis
) -> Generator[Sequence[RenderRequest], Mapping[str, Output], list[Seed]]:
    seeds: list[Seed] = []
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
        seeds.append(Seed(label, tuple(declarations), file, trouble))
    ring = lost(found)
    for path, declared in sorted(found.declared.items()):
        if path in covered or path in found.patches or (path in found.listed_by and path not in ring):
            continue
        for one in declared:
            seeds.append(Seed(path.rpartition("/")[0] or ".", (_declare(one.manifest, Origin(one.span)),)))
    return seeds


def _render(plans: Iterable[Plan]) -> Generator[Sequence[RenderRequest], Mapping[str, Output], Mapping[str, Output]]:
    requests = {plan.request.fingerprint: plan.request for plan in plans if plan.request is not None}
    if not requests:
        return {}
    outputs = yield list(requests.values())
    return outputs


def _declare(manifest: Mapping[str, Any], origin: Origin, generated: bool = False) -> Declaration:
    # Status is what a cluster wrote into an exported manifest; it is no part of the declaration.
    content = {key: value for key, value in manifest.items() if key != "status"}
    return Declaration(manifest, origin, json.dumps(content, sort_keys=True, default=str), generated)


def _declarations_in(tree: Tree, rendered: Rendered, closure: Closure | None, fallback: Origin) -> list[Declaration]:
    result: list[Declaration] = []
    for resource in rendered.resources:
        if resource.id.group == "argoproj.io" and resource.id.kind in ("Application", "ApplicationSet"):
            result.append(_declare(resource.manifest(), locate(tree, resource, closure, fallback)))
    return result


def _expand(
    tree: Tree, fresh: Sequence[Declaration], nodes: dict[str, Node], analysis: Analysis
) -> Generator[Sequence[RenderRequest], Mapping[str, Output], None]:
    planned: list[tuple[Node, Application, list[tuple[int, Plan]]]] = []
    for declaration in fresh:
        node = nodes[declaration.id] = Node(declaration)
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


def _expand_set(tree: Tree, node: Node, analysis: Analysis) -> None:
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
        declared = _declare(generated.manifest, Origin(span, declaration.origin.chain), generated=True)
        tree.effort.must_keep(len(declared.id))
        node.children.append(declared)


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
