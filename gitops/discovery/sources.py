"""What is known before an Application's source is looked at, and what comes of looking: a plan for rendering it."""

from __future__ import annotations

from dataclasses import dataclass, field

from gitops.applications.application import Application
from gitops.applications.argocd_config import ToldMemo
from gitops.applications.clusters import KnownCluster
from gitops.applications.directory import DirectoryOptions, PlainMemo
from gitops.applications.made import Made
from gitops.applications.plugin_commands import Renders
from gitops.applications.plugins import Plugins
from gitops.applications.repositories import RepositoryMatcher
from gitops.charts.helm import Tools
from gitops.discovery.scan import SaidMemo, ScanMemo
from gitops.kustomize.closure import Closure, ParseMemo
from gitops.kustomize.walked import ClosureMemo
from gitops.outside.mounts import MountedTree
from gitops.resources.manifests import Redact
from gitops.resources.rendering import BuildOptions, NotAnalysed, Rendering, RenderRequest


@dataclass(frozen=True, slots=True)
class Analysis:
    """What the outside tells the model about one run.

    `renderer` names what builds kustomizations and its version (part of every fingerprint), `engine` what renders
    charts and Jsonnet ('' for nothing); `kubernetes` is the version of the clusters ('' when nobody tells it),
    `serves` are API versions that they have beyond those of Kubernetes itself;
    `build_options` are the operator's, else
    those found in the repository; `clusters` are those that its configuration declares; `memo` keeps parsed
    kustomizations across trees; `shut_in` tells whether the renderer reaches nothing but the files that it is given;
    `exclude` are patterns of files that nobody deploys (`gitops.discovery.set_aside.exclusions`);
    `plugins` says what config management plugins render with, `made` what a live Argo CD made of ApplicationSets.
    """

    matcher: RepositoryMatcher
    redact: Redact
    renderer: str
    build_options: BuildOptions | None = None
    memo: ParseMemo = field(default_factory=dict)
    scan_memo: ScanMemo = field(default_factory=dict)
    said: SaidMemo = field(default_factory=dict)
    closures: ClosureMemo = field(default_factory=dict)
    plain: PlainMemo = field(default_factory=dict)
    told: ToldMemo = field(default_factory=dict)
    clusters: tuple[KnownCluster, ...] = ()
    max_applications: int = 5_000
    shut_in: bool = False
    exclude: tuple[str, ...] = ()
    engine: str = ""
    kubernetes: str = ""
    serves: tuple[str, ...] = ()
    plugins: Plugins = field(default_factory=Plugins)
    made: Made | None = None

    @property
    def tools(self) -> Tools:
        return Tools(self.engine, self.matcher, self.kubernetes, self.serves)


@dataclass(frozen=True, slots=True)
class Plan:
    """How one source is rendered: `answer` when no engine is needed, else `request`. With `unanalysed` the request
    builds only what git alone can, and that is the answer unless kustomize refuses even this. `directory` is set
    for what is read as plain manifests: where, and how they are chosen. `evaluations` are the requests for the
    Jsonnet files among these. `plugin` is the config management plugin that does it in Argo CD, and `renders` what
    is taken for its doing. `tree` is what it is rendered from when not all of that is in this repository; paths are
    those of that tree. `waiting` tells that something has to be asked for before there is a plan."""

    closure: Closure | None = None
    request: RenderRequest | None = None
    answer: Rendering | None = None
    unanalysed: NotAnalysed | None = None
    directory: tuple[str, DirectoryOptions] | None = None
    evaluations: tuple[RenderRequest, ...] = ()
    application: Application | None = None
    index: int = 0
    plugin: str = ""
    renders: Renders | None = None
    tree: MountedTree | None = None
    waiting: bool = False

    @property
    def elsewhere(self) -> str:
        """Where the source itself is, '' for this repository as it is looked at."""
        return self.tree.place.name if self.tree is not None and self.tree.place is not None else ""

    @property
    def requests(self) -> tuple[RenderRequest, ...]:
        return (self.request, *self.evaluations) if self.request is not None else self.evaluations
