"""What an Application that cannot be rendered reads of this repository, as far as its manifest and the files tell.

Nobody renders it, so nobody would note that it reads them: a chart out of a registry takes its values from here, and
what they leave out is deleted all the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from gitops.applications.application import Application, Source
from gitops.charts.environment import environment_of
from gitops.charts.files import value_files
from gitops.discovery.sources import Analysis, Plan
from gitops.files.collected import ReadFiles
from gitops.files.errors import GitopsError
from gitops.files.tree import Tree
from gitops.kustomize.closure import Closure
from gitops.kustomize.kustomization import PLUGINS
from gitops.resources.manifests import text_of


def files_of_unread(
    tree: Tree, application: Application, index: int, plan: Plan, closure: Closure | None, analysis: Analysis
) -> frozenset[str]:
    """Those of one of its sources; `closure` is the walk as far as it is here. Each of the files is asked for, so
    that a change of it is noticed."""
    source = application.sources[index]
    found = ReadFiles(tree)
    here = not source.chart and not plan.elsewhere and _may_lie_here(source, tree, analysis)
    if closure is not None:
        found.paths |= closure.files
        if here and not _is_followed(closure):
            found.directory(tree.resolve(source.path))
    elif here:
        path = tree.resolve(source.path)
        if f"{path}/Chart.yaml".lstrip("/") in tree:
            found.chart(path)
        else:
            found.directory(path)
    several = len(application.sources) > 1
    refs = {f"${each.ref}": each for each in application.sources if each.ref} if several else {}
    lent = {name: "" for name, each in refs.items() if _may_lie_here(each, tree, analysis)}
    names = [name for name in _named(source) if name.partition("/")[0] in lent or (here and not name.startswith("$"))]
    value_files(found, source.path if here else "", names, lent, environment_of(tree, application, source))
    for file in found.paths:
        tree.entry(file)
    return frozenset(found.paths)


def _may_lie_here(source: Source, tree: Tree, analysis: Analysis) -> bool:
    """Whether a source is this repository as it is looked at, or could be it under a name that nobody told: then what
    lies here at its path counts."""
    try:
        exists = tree.is_dir(tree.resolve(source.path))
    except GitopsError:
        return False
    matcher = analysis.matcher
    named = exists and bool(source.path)
    if not matcher.matches(source.repo_url, named):
        return named
    return exists and matcher.revisions.includes(source.target_revision)


def _is_followed(closure: Closure) -> bool:
    """Whether all that it reads here is in its closure: who writes a plugin may read anything."""
    entries = [problem.entry for problem in closure.unsupported]
    return not closure.refused and all(entry is not None and entry[1] not in PLUGINS for entry in entries)


def _named(source: Source) -> Iterator[str]:
    block = source.helm or {}
    yield from (text_of(each) for each in _listed(block.get("valueFiles")))
    for each in _listed(block.get("fileParameters")):
        if isinstance(each, Mapping):
            yield text_of(each.get("path"))


def _listed(value: object) -> list[object]:
    return value if isinstance(value, list) else []
