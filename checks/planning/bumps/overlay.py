"""The overlay that a bump edits, rendered by itself."""

from __future__ import annotations

from functools import partial

from gitops.applications.directory import DirectoryOptions, read_directory
from gitops.discovery.asking import TOO_FAR, Job, done
from gitops.discovery.kustomizations import plan_kustomize
from gitops.discovery.renderings import rendering_of
from gitops.discovery.sources import Analysis
from gitops.files.errors import GitopsError
from gitops.files.spans import Span
from gitops.files.tree import Tree
from gitops.kustomize.closure import kustomization_file
from gitops.outside.answers import Answers
from gitops.resources.rendering import Asking, NotAnalysed, Rendered, RenderFailed, Rendering, rendered


def overlay_of(tree: Tree, overlay: str, analysis: Analysis) -> Asking[Rendering]:
    """The overlay by itself: it counts whether or not an Application of this repository renders it."""
    try:
        if kustomization_file(tree, overlay) is None:
            answer = read_directory(
                tree, overlay, DirectoryOptions.parse({"recurse": True}), analysis.redact, Span(overlay, 1, 1), {}
            )
            return answer if isinstance(answer, Rendered) else NotAnalysed(f"{overlay} has no kustomization")
    except GitopsError as error:
        return RenderFailed(str(error), Span(overlay, 1, 1))
    at = Span(overlay, 1, 1)
    answers = Answers()
    job = Job("", partial(plan_kustomize, tree, overlay, None, analysis, at, answers))
    yield from done([job], answers)
    planned = job.result
    if planned.waiting:
        return NotAnalysed(TOO_FAR)
    outputs = yield from rendered([planned.request] if planned.request is not None else [])
    return rendering_of(tree, planned, outputs, at, analysis)
