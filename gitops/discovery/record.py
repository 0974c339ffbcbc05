"""What a discovery keeps for the next one, which need not look again at what has not changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from gitops.applications.argocd_config import ArgoCdConfig
from gitops.discovery.roots import Node
from gitops.discovery.scan import Scan
from gitops.discovery.sources import Analysis
from gitops.files.reads import Reads
from gitops.outside.answers import Asked


@dataclass(frozen=True)
class Record:
    """How a snapshot was found. `given` is the analysis that was asked for and `analysis` what evidence made of it;
    `nodes` are by `Declaration.id`, of which `order` has one for each state; `reads` names them, and "" for what all
    depends on. `asked` is what was asked of others, by fingerprint."""

    given: Analysis = field(repr=False)
    analysis: Analysis = field(repr=False)
    found: Scan = field(repr=False)
    nodes: Mapping[str, Node] = field(repr=False)
    reads: Reads = field(repr=False)
    order: tuple[str, ...] = field(repr=False)
    config: ArgoCdConfig = field(repr=False)
    asked: Mapping[str, Asked] = field(default_factory=dict, repr=False)

    @cached_property
    def places(self) -> Mapping[str, Sequence[int]]:
        """The places in `order` of each declaration."""
        found: dict[str, list[int]] = {}
        for place, id_ in enumerate(self.order):
            found.setdefault(id_, []).append(place)
        return found
