"""What an ApplicationSet of the repository comes to: its Applications as declarations, with their lines."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from gitops.applications.application import Origin
from gitops.applications.argocd_config import ArgoCdConfig
from gitops.applications.clusters import KnownCluster
from gitops.applicationsets import expand
from gitops.applicationsets.clusters import Clusters
from gitops.discovery.roots import Node, declare
from gitops.discovery.set_aside.laid_aside import is_laid_aside
from gitops.discovery.set_aside.undeployed import by_itself, excluded
from gitops.discovery.sources import Analysis
from gitops.files.documents import child, first_line, last_line, read_documents
from gitops.files.errors import GitopsError
from gitops.files.spans import Span
from gitops.files.tree import Tree
from gitops.outside.answers import Answers
from gitops.outside.found import Missing, RepositoryFound
from gitops.outside.wanted import RepositoryWanted
from gitops.resources.manifests import text_of


def expand_set(node: Node, tree: Tree, analysis: Analysis, clusters: Clusters, answers: Answers) -> None:
    """Fill in what the set of `node` makes, and what of it is not known. What `answers` lack is asked for there, and
    is not known either."""
    declaration = node.declaration
    matcher, most = analysis.matcher, analysis.max_applications

    def elsewhere(url: str, revision: str) -> Tree | str:
        found = answers.of(RepositoryWanted(url, revision, because=declaration.origin.span))
        if isinstance(found, RepositoryFound):
            return found.tree.charged_to(tree.effort)
        return found.reason if isinstance(found, Missing) else ""

    expansion = expand(
        declaration.manifest,
        tree,
        lambda url: matcher.matches(url, True),
        most,
        is_this_revision=matcher.revisions.includes,
        clusters=clusters.near(declaration.origin.path),
        elsewhere=elsewhere,
    )
    node.assumed, node.live = expansion.assumed, ""
    unknown = list(expansion.unknown)
    open_ = [reason for reason in unknown if reason not in expansion.refused]
    live: Sequence[Mapping[str, Any]] = ()
    if analysis.made is not None and (open_ or node.assumed):
        live = analysis.made.of(declaration.namespace, declaration.name)
        if live:
            # The live Argo CD knows what git does not.
            node.live, node.assumed = analysis.made.where, ()
            unknown = [reason for reason in unknown if reason in expansion.refused]
        else:
            unknown = [f"{reason}; {analysis.made.where} has no Application of it" for reason in open_]
            unknown += expansion.refused
    if expansion.truncated:
        unknown.append(f"it expands to more than {most:,} Applications; the rest is left out")
    node.unknown = tuple(unknown)
    document = None if declaration.elsewhere else _document_node(tree, declaration.origin)

    def place(route: Sequence[str | int]) -> Span:
        span = declaration.origin.span
        for depth in range(len(route), 0, -1):
            at = child(document, *route[:depth]) if document is not None else None
            if at is not None:
                return Span(span.path, first_line(at), last_line(at))
        return span

    node.refused = {reason: (place(route), reach) for reason, (route, reach) in expansion.refused.items()}
    node.children = []
    known = {text_of(_metadata(each).get("name")) for each in live}
    for generated in expansion.generated:
        name = text_of(_metadata(generated.manifest).get("name"))
        if live and generated.assumed and open_ and name not in known:
            continue
        known.discard(name)
        origin = Origin(place(generated.generator), declaration.origin.chain)
        declared = declare(generated.manifest, origin, generated=True, elsewhere=declaration.elsewhere)
        declared = replace(declared, assumed=generated.assumed and bool(node.assumed))
        if not answers.lacking:
            tree.effort.must_keep(len(declared.id))
        node.children.append(declared)
    for manifest in live:
        if text_of(_metadata(manifest).get("name")) in known:
            declared = declare(manifest, declaration.origin, generated=True, elsewhere=declaration.elsewhere)
            if not answers.lacking:
                tree.effort.must_keep(len(declared.id))
            node.children.append(declared)


def _metadata(manifest: Mapping[str, Any]) -> Mapping[str, Any]:
    found = manifest.get("metadata")
    return found if isinstance(found, Mapping) else {}


def _document_node(tree: Tree, origin: Origin) -> Any:
    try:
        documents = read_documents(origin.path, tree.read(tree.resolve(origin.path)))
    except (GitopsError, KeyError):
        return None
    return next((d.node for d in documents if d.line == origin.span.line), None)


def known_clusters(config: ArgoCdConfig, analysis: Analysis) -> Clusters:
    """The clusters that are told, without what stands in places that no Argo CD reads."""

    def meant(told: Iterable[KnownCluster]) -> tuple[KnownCluster, ...]:
        return tuple(each for each in told if each.place is None or _is_read(each.place.path, analysis.exclude))

    shown = meant(config.clusters)
    # The configuration has no word for the project of a cluster.
    projects = {(each.name, each.server): each.project for each in shown}
    declared = (replace(each, project=projects.get((each.name, each.server), "")) for each in analysis.clusters)
    return Clusters(tuple(declared), shown, meant(config.hidden))


def _is_read(path: str, patterns: Sequence[str]) -> bool:
    return not (excluded(path, patterns) or by_itself(path) or is_laid_aside(path.rpartition("/")[2]))
