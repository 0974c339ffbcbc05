"""Where a search starts beside documents that stand by themselves: what makes Applications, and is deployed by
somebody outside the repository when nothing in it does. A kustomization that lists some, a chart that makes some."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from dataclasses import dataclass

from gitops.applications.application import (
    IN_CLUSTER_SERVER,
    Application,
    Destination,
    Origin,
    Source,
    SyncPolicy,
)
from gitops.discovery.kustomizations import plan_kustomize
from gitops.discovery.planning import plan_chart_at
from gitops.discovery.roots import DEFAULT_NAMESPACE
from gitops.discovery.scan import Scan, tops
from gitops.discovery.set_aside.undeployed import by_itself
from gitops.discovery.sources import Analysis, Plan
from gitops.files.containment import CONTENT, told
from gitops.files.errors import NotHere
from gitops.files.spans import Span
from gitops.files.tree import Tree
from gitops.kustomize.closure import Closure
from gitops.outside.answers import Answers
from gitops.outside.mounts import MountedTree
from gitops.resources.rendering import NotAnalysed, RenderFailed

_MANIFEST = "Chart.yaml"


@dataclass(frozen=True, slots=True)
class Start:
    """A kustomization file, or the Chart.yaml of a chart with the first `template` of it that declares something."""

    at: Span
    template: str = ""

    @property
    def directory(self) -> str:
        return self.at.path.rpartition("/")[0]


def starts_of(tree: Tree, found: Scan) -> Iterator[Start]:
    """Those of a tree that are meant for a cluster."""
    for file in tops(found):
        if by_itself(file) is None:
            yield Start(Span(file, 1, 1))
    for chart, template in found.charts.items():
        if by_itself(template) is None:
            yield Start(Span(posixpath.join(chart, _MANIFEST), 1, 1), template)


def plan_start(tree: Tree, start: Start, analysis: Analysis, answers: Answers) -> Plan:
    """The plan for what somebody deploys from here: a chart with the values of its own."""
    plan = _plan_start(tree, start, analysis, answers)
    if tree.absent and isinstance(plan.answer, RenderFailed):
        return Plan(plan.closure, answer=NotAnalysed(str(NotHere(min(tree.absent)))))  # which may be why it fails
    return plan


def _plan_start(tree: Tree, start: Start, analysis: Analysis, answers: Answers) -> Plan:
    try:
        if not start.template:
            return plan_kustomize(tree, start.directory, None, analysis, start.at, answers)
        application = _bootstrap(start)
        source = application.sources[0]
        mounted = MountedTree(tree)
        return plan_chart_at(mounted, application, start.directory, source, analysis, start.at, answers, tree)
    except CONTENT as error:
        return Plan(answer=RenderFailed(told(error), start.at))


def _bootstrap(start: Start) -> Application:
    """An Application that deploys a chart as it is, under the chart's name."""
    path = start.directory
    name = path.rpartition("/")[2].lower().replace("_", "-") or "chart"
    source = Source("", path, "", written=path)
    destination = Destination(IN_CLUSTER_SERVER, "", DEFAULT_NAMESPACE)
    policy, origin = SyncPolicy(), Origin(start.at)
    return Application(name, DEFAULT_NAMESPACE, "default", (source,), destination, 0, policy, origin)


def charts_named(found: Scan, application: Application) -> Iterator[str]:
    """The manifests of charts with Applications in them that an Application names, whatever comes of it."""
    for source in application.sources:
        if source.path in found.charts and not source.chart:
            yield posixpath.join(source.path, _MANIFEST)


def charts_read(found: Scan, plan: Plan, closure: Closure | None) -> Iterator[str]:
    """The manifests of such charts that a rendering reads."""
    if not found.charts or plan.elsewhere:
        return
    read = {
        *(plan.request.files if plan.request is not None else ()),
        *(closure.files if closure is not None else ()),
    }
    yield from read.intersection(posixpath.join(chart, _MANIFEST) for chart in found.charts)
