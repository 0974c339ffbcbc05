"""From a kustomization, and what an Application's options change in it, to a plan."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from gitops.charts.helm import is_whole
from gitops.discovery.edited import edit_of
from gitops.discovery.inflation import inflation, may_inflate, why_not
from gitops.discovery.sources import Analysis, Plan
from gitops.files.spans import Span
from gitops.files.tree import Tree
from gitops.kustomize.closure import Closure, Problem, load
from gitops.kustomize.fields import may_know_more
from gitops.kustomize.options import edited_kustomization
from gitops.kustomize.partial import as_text, with_decrypted, without_unsupported
from gitops.kustomize.rewritten import rewritten
from gitops.kustomize.walked import walk_known
from gitops.outside.answers import Answers
from gitops.outside.borrowed import Borrowed
from gitops.outside.mounts import MountedTree
from gitops.resources.rendering import NotAnalysed, RenderFailed, RenderRequest

UNSAFE = "that needs the load restriction lifted, which argofix does only where the renderer is shut in"

MAX_CLOSURE_BYTES = 64 * 2**20  # of all files that a root reads; the largest bundles of CRDs have some 20 MB


def plan_kustomize(
    tree: Tree,
    path: str,
    options: Mapping[str, Any] | None,
    analysis: Analysis,
    at: Span,
    answers: Answers | None = None,
) -> Plan:
    """The plan for a kustomization directory, with an Application's own options applied to it. `answers` as in
    `plan_source`."""
    mounted = tree if isinstance(tree, MountedTree) else MountedTree(tree)
    plan = _plan(mounted, path, options, analysis, at, answers)
    return replace(plan, tree=mounted) if mounted.is_mixed else plan


def _plan(
    tree: MountedTree,
    path: str,
    options: Mapping[str, Any] | None,
    analysis: Analysis,
    at: Span,
    answers: Answers | None,
) -> Plan:
    edit = edit_of(tree, path, options, analysis.memo, at)
    inflates = is_whole(analysis.engine) and may_inflate(analysis.build_options)
    borrowed = Borrowed(tree, answers) if answers is not None else None
    closures = analysis.closures if tree.place is None else {}
    closure = walk_known(tree, path, analysis.memo, closures, edit.added, inflates, borrowed)
    if closure.waiting:
        return Plan(closure, waiting=True)
    # Faults of the files themselves are there whatever else cannot be followed.
    unknown = [problem for problem in closure.problems if problem.unknown_field]
    hard = [problem for problem in closure.problems if not problem.needs_lifted_restriction]
    if unknown and may_know_more(analysis.renderer):
        hard = [problem for problem in hard if not problem.unknown_field]
    if hard:
        return Plan(closure, answer=RenderFailed(hard[0].message, _own(tree, hard[0].span, at)))
    if unknown or closure.refused:
        return Plan(closure, answer=NotAnalysed(_first([*unknown, *closure.refused])))
    if edit.answer is not None:
        return Plan(closure, answer=edit.answer)
    settled = inflation(closure, analysis.build_options, options or {}, analysis.kubernetes, analysis.serves)
    if isinstance(settled, RenderFailed):
        return Plan(closure, answer=settled)
    closure, flags = settled
    changed = with_decrypted(tree, closure, analysis.memo)
    unanalysed = None
    if closure.unsupported:
        unanalysed = NotAnalysed(_missing(closure, analysis.engine), tuple(dict.fromkeys(closure.notes)))
        partial = without_unsupported(tree, closure, analysis.memo, changed)
        if partial is None:
            return Plan(closure, answer=unanalysed)
        changed |= partial
    outside = [problem for problem in closure.problems if problem.needs_lifted_restriction]
    if outside and not analysis.shut_in:
        refused = NotAnalysed(f"{outside[0].span}: {outside[0].message}; {UNSAFE}")
        return Plan(closure, answer=unanalysed or refused)
    size = sum(map(tree.size, closure.files))
    if size > MAX_CLOSURE_BYTES:
        what = f"the {len(closure.files):,} files that it is built from have {size / 2**20:,.0f} MB"
        return Plan(closure, answer=NotAnalysed(f"{what}, and argofix renders up to {MAX_CLOSURE_BYTES // 2**20} MB"))
    patched: dict[str, bytes] = {}
    for file in {*changed, *closure.moved, *filter(None, [edit.file])}:
        fields = changed.get(file) or load(tree, file, analysis.memo).fields
        if file == edit.file:
            patched[file] = edited_kustomization(fields, options or {}, edit.components)
            fields = json.loads(patched[file])
        if file in changed or file in closure.moved:
            patched[file] = as_text(rewritten(fields, closure.moved.get(file, {})))
    edits = tuple(sorted(patched.items()))
    extra = b"\0".join(part for path_, data in edits for part in (path_.encode(errors="surrogateescape"), data))
    request = RenderRequest(
        closure.fingerprint(tree, flags, analysis.renderer, extra),
        tree if tree.is_mixed else tree.base,
        path,
        tuple(sorted(closure.files)),
        edits,
        flags,
        frozenset(closure.files - closure.parsed),
    )
    return Plan(closure, request, unanalysed=unanalysed)


def _first(problems: Sequence[Problem]) -> str:
    reasons = list(dict.fromkeys(problem.message for problem in problems))
    return reasons[0] + (f" (and {len(reasons) - 1} more)" if len(reasons) > 1 else "")


def _missing(closure: Closure, engine: str) -> str:
    """What cannot be rendered from git alone, and why nobody else has it."""
    why = closure.unsupported[0].why
    return f"{_first(closure.unsupported)}{f': {why}' if why else f', {why_not(closure, engine)}'}"


def _own(tree: Tree, span: Span, at: Span) -> Span:
    """A problem of the root itself stands at the Application's entry, not at a directory."""
    return span if span.path in tree else at
