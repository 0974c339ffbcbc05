"""What is known of the declarations of one tree that holds of another one, too."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from gitops.applications.argocd_config import ArgoCdConfig
from gitops.discovery.record import Record
from gitops.discovery.roots import Declaration, Node
from gitops.discovery.scan import Scan
from gitops.discovery.sets import known_clusters
from gitops.discovery.sources import Analysis
from gitops.files.reads import Reads
from gitops.resources.rendering import Rendered


@dataclass(frozen=True, slots=True)
class Known:
    """How an earlier tree was found, and who of its declarations read what is another now (`touched`). `same_lists`
    tells that both trees hold kustomizations at the same places."""

    record: Record
    touched: frozenset[str]
    same_lists: bool = False

    def here(self, analysis: Analysis, found: Scan, config: ArgoCdConfig) -> Known | None:
        """What is known for a search in another tree. None where all of it may be otherwise: what a tree holds tells
        under which names and branches Argo CD reads it, and which clusters there are."""
        before = self.record
        if not same_question(before.analysis, analysis):
            return None
        if known_clusters(before.config, before.analysis) != known_clusters(config, analysis):
            return None
        same_lists = self.record.found.kustomizations.keys() == found.kustomizations.keys()
        return Known(self.record, self.touched, same_lists)

    def node(self, declaration: Declaration) -> Node | None:
        """What a declaration turned out to be, where looking at it again would give the same."""
        node = self.record.nodes.get(declaration.id)
        if node is None or declaration.id in self.touched or self._hangs_on_others(node):
            return None
        was = node.declaration
        same = (was.origin, was.generated, was.elsewhere)
        return node if same == (declaration.origin, declaration.generated, declaration.elsewhere) else None

    def _hangs_on_others(self, node: Node) -> bool:
        """Whether a scan of the whole tree told something of it that it has not read itself."""
        if node.directories and not self.same_lists:
            return True
        read = (part for part in node.parts if not isinstance(part.rendering, Rendered))
        return any(part.closure is not None or node.directories for part in read)

    def reads(self, ids: Collection[str]) -> Reads:
        """What these declarations read."""
        return self.record.reads.of(ids)


def same_question(one: Analysis, other: Analysis) -> bool:
    """Whether two analyses ask the same of a tree; what they remember makes no difference."""

    def asked(analysis: Analysis) -> tuple[object, ...]:
        return (
            analysis.matcher,
            analysis.renderer,
            analysis.build_options,
            analysis.clusters,
            analysis.max_applications,
            analysis.shut_in,
            analysis.exclude,
            analysis.engine,
            analysis.kubernetes,
            analysis.serves,
            analysis.plugins,
            analysis.made,
        )

    return one is other or (one.redact is other.redact and asked(one) == asked(other))
