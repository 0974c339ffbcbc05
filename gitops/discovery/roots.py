"""Who brings in whom: what declares Applications, and which of it nothing else brings in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from gitops.applications.application import Application, Origin, content_of
from gitops.applications.clusters import KnownCluster
from gitops.applications.directory import DirectoryOptions
from gitops.applicationsets.problems import Refusal
from gitops.discovery.scan import Declared
from gitops.discovery.snapshot import NotDeployed, Part
from gitops.files.spans import Span
from gitops.kustomize.closure import Chain
from gitops.resources.manifests import text_of

DEFAULT_NAMESPACE = "argocd"


@dataclass(frozen=True, slots=True)
class Declaration:
    """An Application or ApplicationSet manifest and where it came from. `id` tells equal manifests from different;
    `elsewhere` that it is not written in this repository, so that `origin` is the place of what brings it in;
    `assumed` that an ApplicationSet makes it for a cluster that nobody tells of; `application` is what was read out
    of it before; `unrendered` that it is what stands in a file, since what brings it in was not built."""

    manifest: Mapping[str, Any]
    origin: Origin
    id: str
    generated: bool = False
    elsewhere: bool = False
    application: Application | None = field(default=None, repr=False, compare=False)
    assumed: bool = False
    unrendered: bool = field(default=False, compare=False)

    @classmethod
    def written(cls, one: Declared, chain: Chain = ()) -> Declaration:
        """A document of a file that is read directly, or that these entries bring in."""
        application = None if chain else one.application
        return cls(one.manifest, Origin(one.span, chain), one.content, application=application)

    @property
    def place(self) -> tuple[str, int]:
        return (self.origin.span.path, self.origin.span.line)

    @property
    def name(self) -> str:
        return self._metadata("name")

    @property
    def kind(self) -> str:
        return text_of(self.manifest.get("kind"))

    @property
    def namespace(self) -> str:
        """As written; empty when the manifest has none."""
        return self._metadata("namespace")

    @property
    def own(self) -> tuple[str, str]:
        """Namespace and name, by which one Argo CD knows an Application."""
        return (self._metadata("namespace") or DEFAULT_NAMESPACE, self.name)

    def _metadata(self, key: str) -> str:
        metadata = self.manifest.get("metadata")
        return text_of(metadata.get(key)) if isinstance(metadata, Mapping) else ""


def declare(
    manifest: Mapping[str, Any], origin: Origin, generated: bool = False, elsewhere: bool = False
) -> Declaration:
    """A manifest as a declaration."""
    return Declaration(manifest, origin, content_of(manifest), generated, elsewhere)


@dataclass(slots=True)
class Node:
    """What a declaration turned out to be.

    `refused` are those of the reasons in `unknown` for which Argo CD is in error, with their places and how far
    they reach; `assumed` and `live` are those of an `ApplicationSet`; `directories` the directories whose files an
    Application reads as plain manifests; `put_aside` what it would bring in if that were meant for a cluster.
    """

    declaration: Declaration
    application: Application | None = None
    parts: tuple[Part, ...] = ()
    children: list[Declaration] = field(default_factory=list)
    unknown: tuple[str, ...] = ()
    refused: Mapping[str, tuple[Span, Refusal]] = field(default_factory=dict)
    assumed: tuple[KnownCluster, ...] = ()
    live: str = ""
    kustomizations: set[str] = field(default_factory=set)
    directories: list[tuple[str, DirectoryOptions]] = field(default_factory=list)
    put_aside: list[NotDeployed] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Seed:
    """Where a search starts: a kustomization that lists Applications, a chart that makes some (`kustomization` is its
    Chart.yaml then, and `template` the first that declares one), or a document that stands by itself.

    `trouble` says why the kustomization or chart could not be rendered.
    """

    label: str
    declarations: tuple[Declaration, ...]
    kustomization: str | None = None
    trouble: str | None = None
    template: str = ""


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
            if not below.generated and not below.elsewhere:
                reach.places.add(below.place)
            stack.append(below)
    reach.places -= own
    if seed.kustomization is not None:
        reach.kustomizations.discard(seed.kustomization)
    return reach


def unclaimed(seeds: Sequence[Seed], nodes: Mapping[str, Node]) -> Iterator[tuple[Seed, bool]]:
    """Seeds that no other seed brings in, and whether they bring in declarations of the repository themselves. In a
    ring, where each brings in the other, the first one stays."""
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

    tops = {seed.kustomization for seed in seeds if seed.kustomization is not None}
    for index, seed in enumerate(seeds):
        above = (other for other in bringing.get(_what(seed), ()) if other != index)
        if not any(not (index < other and brings(index, other)) for other in above):
            yield seed, bool(reach[index].places or reach[index].kustomizations & tops)


def _what(seed: Seed) -> str | tuple[str, int]:
    return seed.kustomization if seed.kustomization is not None else seed.declarations[0].place
