"""From what an engine answered to the rendering of a source, in words about this repository."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from gitops.applications.application import Application
from gitops.applications.directory import DirectoryOptions, read_directory
from gitops.charts.answers import ELSEWHERE, evaluated, missing_of, rendering_of_chart
from gitops.discovery.homeward import at_home
from gitops.discovery.plugged import left_open
from gitops.discovery.sources import Analysis, Plan
from gitops.files.spans import Span
from gitops.files.tree import Tree
from gitops.kustomize.failures.explain import explain
from gitops.kustomize.partial import is_certain, only_brings
from gitops.resources.rendering import NotAnalysed, Note, Output, Rendered, Rendering

LIFTED = (
    "builds only with `--load-restrictor LoadRestrictionsNone`, since it reads files outside its own directory; "
    "Argo CD needs that flag in `kustomize.buildOptions` of argocd-cm"
)


def rendering_of(tree: Tree, plan: Plan, outputs: Mapping[str, Output], at: Span, analysis: Analysis) -> Rendering:
    """The rendering of a planned source, once the engine has answered."""
    rendering = _rendering(plan.tree or tree, plan, outputs, at, analysis, tree)
    if plan.renders is not None:
        rendering = left_open(rendering, plan.plugin, plan.renders, at)
    return rendering if plan.tree is None else at_home(rendering, plan.tree, plan.closure, at)


def _rendering(
    tree: Tree, plan: Plan, outputs: Mapping[str, Output], at: Span, analysis: Analysis, here: Tree
) -> Rendering:
    if plan.answer is not None:
        return plan.answer
    if plan.application is not None:
        return _engines(tree, plan, plan.application, outputs, at, analysis, here)
    if plan.request is None or plan.closure is None:
        raise AssertionError("a plan has an answer or a request")
    output = outputs[plan.request.fingerprint]
    if plan.unanalysed is not None and not (output.error and is_certain(output.error, plan.closure)):
        is_built = output.error is None and output.refused is None and output.fault is None
        is_built = is_built and only_brings(plan.closure)
        return replace(plan.unanalysed, seen=output.resources) if is_built else plan.unanalysed
    if output.refused is not None:
        return NotAnalysed(output.refused, tuple(dict.fromkeys(plan.closure.notes)))
    if output.fault is not None and output.fault.code in ELSEWHERE:
        return NotAnalysed(missing_of(output.fault), tuple(dict.fromkeys(plan.closure.notes)))
    if output.error is not None:
        failed = explain(tree, plan.closure, output.error, at, analysis.memo)
        return replace(failed, transient=output.transient)
    notes: tuple[Note, ...] = ()
    if output.lifted is not None:
        spans = [problem.span for problem in plan.closure.problems if problem.needs_lifted_restriction]
        notes = (Note(LIFTED, spans[0] if spans else at),)
    told = (*notes, *dict.fromkeys(plan.closure.notes))
    return Rendered(output.resources, notes=told, unstable=output.unstable)


def _engines(
    tree: Tree,
    plan: Plan,
    application: Application,
    outputs: Mapping[str, Output],
    at: Span,
    analysis: Analysis,
    here: Tree,
) -> Rendering:
    if plan.request is not None:
        return rendering_of_chart(tree, application, outputs[plan.request.fingerprint], plan.index, here)
    made = {
        file: rendering_of_chart(tree, application, output, plan.index, here)
        for file, output in evaluated(plan.evaluations, outputs).items()
    }
    path, options = plan.directory or ("", DirectoryOptions())
    return read_directory(tree, path, options, analysis.redact, at, analysis.plain, made)
