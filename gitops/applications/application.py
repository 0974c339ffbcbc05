"""Argo CD Applications, parsed from their manifests (argoproj.io/v1alpha1, argo-cd 3.x types.go)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from gitops.applications.ignored import IgnoredDifference, read_ignored
from gitops.files.spans import Span
from gitops.kustomize.closure import Chain
from gitops.resources.manifests import text_of

GROUP = "argoproj.io"
FINALIZER = "resources-finalizer.argocd.argoproj.io"
BACKGROUND_FINALIZER = f"{FINALIZER}/background"
_CASCADING = (FINALIZER, f"{FINALIZER}/foreground", BACKGROUND_FINALIZER)
IN_CLUSTER = "in-cluster"
UNNAMED = "unnamed"  # stands for a config management plugin that Argo CD chooses by the files
IN_CLUSTER_SERVER = "https://kubernetes.default.svc"


@dataclass(frozen=True, slots=True)
class Origin:
    """Where something was written: the file, the document's lines and the chain of kustomization entries, root
    first, that brought it in (empty for a file that is read directly)."""

    span: Span
    chain: Chain = ()

    @property
    def path(self) -> str:
        return self.span.path

    @property
    def entry(self) -> Span:
        """The place to point at: the entry that lists the file, else the document itself."""
        return self.chain[-1].span if self.chain else self.span


@dataclass(frozen=True, slots=True)
class Source:
    """One source of an Application. `kustomize`, `helm` and `directory` hold those blocks of the spec as
    written.

    `path` is relative to the repository and empty for its root; `written` is the path as it stands in the manifest,
    empty when there is none. `tools` are the blocks that say which tool renders it.
    """

    repo_url: str
    path: str
    target_revision: str
    chart: str = ""
    ref: str = ""
    kustomize: Mapping[str, Any] | None = None
    directory: Mapping[str, Any] | None = None
    helm: Mapping[str, Any] | None = None
    plugin: str | None = None
    plugin_env: tuple[tuple[str, str], ...] = ()
    written: str = ""
    tools: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Destination:
    """Where an Application is deployed. `known_as` is the other word for its cluster, where somebody told that."""

    server: str
    name: str
    namespace: str
    known_as: str = ""

    @property
    def cluster(self) -> str:
        """One word per cluster: `in-cluster` for Argo CD's own, else the server URL or the name."""
        return self.known_as or self._written

    @property
    def _written(self) -> str:
        server = self.server.rstrip("/")
        if self.name == IN_CLUSTER or server == IN_CLUSTER_SERVER or (not server and not self.name):
            return IN_CLUSTER
        return server or self.name

    def __str__(self) -> str:
        return f"{self._written}/{self.namespace}" if self.namespace else self._written


@dataclass(frozen=True, slots=True)
class SyncPolicy:
    """What Argo CD does by itself. `options` are the `syncOptions` as written; `allow_empty` that it may prune
    everything, `managed_namespace` that the destination's Namespace is its own (`managedNamespaceMetadata`)."""

    automated: bool = False
    prune: bool = False
    self_heal: bool = False
    options: frozenset[str] = frozenset()
    allow_empty: bool = False
    managed_namespace: bool = False


@dataclass(frozen=True, slots=True)
class Application:
    """One Application of one Argo CD instance.

    `root` is the root that brings it (see `gitops.discovery`), `parents` the names of the Applications and
    ApplicationSets above it, outermost first; `generated` tells that an ApplicationSet made it, `cascades` that
    deleting it deletes what it owns (it has Argo CD's finalizer), `ambiguous` that Applications of its name live in
    several namespaces, `hydrated` that `sourceHydrator` renders its drySource, which is the source here, into the
    branch that is deployed; `ignored` is its `ignoreDifferences`. `manifest` is what all of this was read from,
    `elsewhere` tells that it stands in another repository or in a chart (`origin` is the place of what brings it in).
    """

    name: str
    namespace: str
    project: str
    sources: tuple[Source, ...]
    destination: Destination
    sync_wave: int
    sync_policy: SyncPolicy
    origin: Origin
    root: str = ""
    parents: tuple[str, ...] = ()
    generated: bool = False
    cascades: bool = False
    ambiguous: bool = field(default=False, compare=False)
    hydrated: bool = False
    labels: tuple[tuple[str, str], ...] = ()
    manifest: Mapping[str, Any] = field(default_factory=dict, compare=False, repr=False)
    ignored: tuple[IgnoredDifference, ...] = ()
    elsewhere: bool = False

    @property
    def is_written_here(self) -> bool:
        """Whether its manifest stands at its origin, so that an edit there changes this Application."""
        return not self.generated and not self.elsewhere

    @property
    def key(self) -> tuple[str, str, str]:
        return (self.root, self.namespace, self.name)

    @property
    def label(self) -> str:
        """What people read: the name, with the namespace where it is ambiguous (as Argo CD's QualifiedName)."""
        return f"{self.namespace}/{self.name}" if self.ambiguous else self.name

    def __str__(self) -> str:
        return self.name


def is_application(manifest: Mapping[str, Any]) -> bool:
    return _is(manifest, "Application")


def is_application_set(manifest: Mapping[str, Any]) -> bool:
    return _is(manifest, "ApplicationSet")


def _is(manifest: Mapping[str, Any], kind: str) -> bool:
    api_version = manifest.get("apiVersion")
    return manifest.get("kind") == kind and isinstance(api_version, str) and api_version.startswith(GROUP + "/")


def content_of(manifest: Mapping[str, Any]) -> str:
    """One text for each content that a declaration can have. Status is what a cluster wrote into an exported
    manifest; it is no part of the declaration."""
    content = {key: value for key, value in manifest.items() if key != "status"}
    return json.dumps(content, sort_keys=True, default=str)


def parse_application(manifest: Mapping[str, Any], origin: Origin) -> Application:
    """An Application from its manifest. Missing and ill-typed fields count as absent; a manifest without sources
    gives one without sources, which is reported as not analysed."""
    metadata = _mapping(manifest.get("metadata"))
    spec = _mapping(manifest.get("spec"))
    annotations = _mapping(metadata.get("annotations"))
    listed = spec.get("sources")
    hydrator = _mapping(spec.get("sourceHydrator"))
    # A hydrator comes before everything else, and `sources`, when it is not empty, before `source` (types.go,
    # GetSources).
    if hydrator:
        blocks = [hydrator["drySource"]] if hydrator.get("drySource") else []
    else:
        blocks = listed if isinstance(listed, list) and listed else [spec["source"]] if spec.get("source") else []
    destination = _mapping(spec.get("destination"))
    return Application(
        name=text_of(metadata.get("name")),
        namespace=text_of(metadata.get("namespace")),
        project=text_of(spec.get("project")) or "default",
        sources=tuple(_source(block, blocks is not listed) for block in blocks if isinstance(block, Mapping)),
        destination=Destination(
            text_of(destination.get("server")),
            text_of(destination.get("name")),
            text_of(destination.get("namespace")),
        ),
        sync_wave=_integer(annotations.get("argocd.argoproj.io/sync-wave")),
        sync_policy=_sync_policy(_mapping(spec.get("syncPolicy"))),
        origin=origin,
        cascades=_cascades(metadata.get("finalizers")),
        hydrated=bool(hydrator),
        labels=tuple(sorted((str(key), text_of(value)) for key, value in _mapping(metadata.get("labels")).items())),
        manifest=manifest,
        ignored=read_ignored(spec.get("ignoreDifferences")),
    )


def is_cascading(finalizer: object) -> bool:
    """Whether it is one of Argo CD's own, which take along what the Application owns (types.go,
    isPropagationPolicyFinalizer); with any other word behind it does nothing."""
    return text_of(finalizer) in _CASCADING


def _cascades(finalizers: object) -> bool:
    return any(map(is_cascading, finalizers if isinstance(finalizers, list) else []))


def _source(block: Mapping[str, Any], alone: bool) -> Source:
    kustomize, directory, plugin = (block.get(key) for key in ("kustomize", "directory", "plugin"))
    # Argo CD drops blocks that say nothing, and goes by the files then; of several `sources` it normalises only a
    # copy (util/argo, NormalizeApplicationSpec).
    if alone and isinstance(directory, Mapping):
        directory = directory if _says_something(directory) else None
    if alone and isinstance(kustomize, Mapping):
        kustomize = kustomize if any(kustomize.values()) else None
    helm = block.get("helm")
    if alone and isinstance(helm, Mapping):
        helm = helm if any(helm.values()) else None
    path = text_of(block.get("path")).strip()
    return Source(
        repo_url=text_of(block.get("repoURL")).strip(),
        path=path.removeprefix("./").strip("/") if path not in (".", "./") else "",
        target_revision=text_of(block.get("targetRevision")),
        chart=text_of(block.get("chart")),
        ref=text_of(block.get("ref")),
        kustomize=kustomize if isinstance(kustomize, Mapping) and kustomize else None,
        directory=directory if isinstance(directory, Mapping) and directory else None,
        helm=helm if isinstance(helm, Mapping) and helm else None,
        plugin=text_of(plugin.get("name")) or UNNAMED if isinstance(plugin, Mapping) else None,
        plugin_env=_environment(plugin),
        written=path,
        tools=_tools(block, alone),
    )


def _environment(plugin: object) -> tuple[tuple[str, str], ...]:
    listed = plugin.get("env") if isinstance(plugin, Mapping) else None
    entries = [each for each in listed if isinstance(each, Mapping)] if isinstance(listed, list) else []
    return tuple((text_of(each.get("name")), text_of(each.get("value"))) for each in entries)


def _tools(block: Mapping[str, Any], alone: bool) -> tuple[str, ...]:
    """The blocks that name a tool (types.go, ExplicitType); of a single source those that say nothing are dropped."""
    said = {key: block.get(key) for key in ("kustomize", "helm", "directory", "plugin")}
    found = [key for key, value in said.items() if isinstance(value, Mapping) and (value or not alone)]
    if alone and "directory" in found and not _says_something(_mapping(said["directory"])):
        found.remove("directory")
    return tuple(key for key in found if not alone or key == "directory" or any(_mapping(said[key]).values()))


def _says_something(directory: Mapping[str, Any]) -> bool:
    jsonnet = _mapping(directory.get("jsonnet"))
    return any((directory.get("recurse"), directory.get("include"), directory.get("exclude"), *jsonnet.values()))


def _sync_policy(policy: Mapping[str, Any]) -> SyncPolicy:
    automated = policy.get("automated")
    options = policy.get("syncOptions")
    on = isinstance(automated, Mapping) and automated.get("enabled") is not False
    block = automated if on and isinstance(automated, Mapping) else {}
    return SyncPolicy(
        automated=on,
        prune=block.get("prune") is True,
        self_heal=block.get("selfHeal") is True,
        options=frozenset(text_of(option) for option in options) if isinstance(options, list) else frozenset(),
        allow_empty=block.get("allowEmpty") is True,
        managed_namespace=isinstance(policy.get("managedNamespaceMetadata"), Mapping),
    )


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _integer(value: object) -> int:
    try:
        return int(text_of(value))
    except ValueError:
        return 0
