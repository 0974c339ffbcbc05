"""Files that a commit has and that nobody here holds: those of a clone that left them out (`Tree.absent`).

Nothing is known of them, so nothing that may depend on them is told as rendered, or as a failure of its own.
"""

from __future__ import annotations

from collections.abc import Iterator

from gitops.applications.application import Application, Source
from gitops.discovery.planning import plan_source
from gitops.discovery.sources import Analysis, Plan
from gitops.files.errors import GitopsError, NotHere
from gitops.files.tree import Tree
from gitops.outside.answers import Answers
from gitops.resources.rendering import NotAnalysed, RenderFailed


def plan_present(tree: Tree, application: Application, source: Source, analysis: Analysis, answers: Answers) -> Plan:
    """As `plan_source`. What needs a file that is absent is not analysed."""
    if not tree.absent:
        return plan_source(tree, application, source, analysis, answers)
    try:
        plan = plan_source(tree, application, source, analysis, answers)
    except NotHere as error:
        return Plan(answer=NotAnalysed(str(error)))
    if plan.elsewhere or plan.waiting:
        return plan
    lacking = min(tree.absent.intersection(_read(tree, source, plan)), default="")
    if not lacking and isinstance(plan.answer, RenderFailed):
        lacking = min(tree.absent)  # which may be why it fails
    return Plan(plan.closure, answer=NotAnalysed(str(NotHere(lacking)))) if lacking else plan


def _read(tree: Tree, source: Source, plan: Plan) -> Iterator[str]:
    for request in plan.requests:
        yield from request.files
    if plan.closure is not None:
        yield from plan.closure.files
    try:
        yield from tree.walk(tree.resolve(source.path)) if source.path else ()
    except GitopsError:
        return
