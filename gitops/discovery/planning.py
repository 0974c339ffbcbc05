"""From an Application's source to a plan: what has to be rendered, or the answer at once.

Which tool renders a path follows argo-cd's `GetAppSourceType` and `discovery` (util/app/discovery): an explicit block
decides, then a kustomization file, then Chart.yaml, then plain manifests. What is in another repository or in a
registry is asked for and then looked at like what is here.
"""

from __future__ import annotations

import re
from dataclasses import replace

from gitops.applications.application import UNNAMED, Application, Destination, Source
from gitops.applications.directory import JSONNET, DirectoryOptions, files_of, read_files
from gitops.applications.placeholders import holds_placeholder
from gitops.applications.plugins import unplugged
from gitops.applications.revisions import HEAD, branch_of, is_pinned
from gitops.charts.environment import environment_of, substitute
from gitops.charts.helm import plan_chart
from gitops.charts.jsonnet import plan_jsonnet
from gitops.discovery.kustomizations import plan_kustomize
from gitops.discovery.overrides import with_overrides
from gitops.discovery.sources import Analysis, Plan
from gitops.files.errors import GitopsError, PathEscapes
from gitops.files.spans import Span
from gitops.files.tree import Tree
from gitops.gotemplate.names import is_valid
from gitops.kustomize.closure import kustomization_file, submodule_of
from gitops.kustomize.options import with_variables
from gitops.outside.answers import Answers
from gitops.outside.found import ChartFound, Missing, RepositoryFound
from gitops.outside.mounts import MountedTree
from gitops.outside.names import chart_place, repository_place
from gitops.outside.submodules import submodules
from gitops.outside.wanted import ChartWanted, RepositoryWanted
from gitops.resources.rendering import NotAnalysed, Rendered, RenderFailed, Rendering, RenderRequest

_OCI = "oci://"
ALIAS = "; should that be this one, put it into `repositories.aliases` of .github/argofix.yaml"

# Capitals, underscores, spaces: meant as a name. Other characters do not come about by a slip.
_REF = re.compile(r"[a-zA-Z0-9_-]+")
_SLIP = re.compile(r"[\w.-][\w .-]{0,300}")


def plan_source(
    tree: Tree, application: Application, source: Source, analysis: Analysis, answers: Answers | None = None
) -> Plan:
    """The plan for one source of an Application. `answers` say what is outside; without them nobody is asked."""
    at = application.origin.entry
    if not application.name:
        return Plan(answer=NotAnalysed("the manifest has no name"))
    refusal = refusal_of(application, source)
    if refusal is not None:
        return Plan(answer=RenderFailed(refusal, at))
    if source.chart or source.repo_url.startswith(_OCI):
        return _plan_registry(tree, application, source, analysis, at, answers)
    if not source.path and not source.written and source.ref:
        return Plan(answer=Rendered(()))  # only lends its files to other sources
    try:
        path = tree.resolve(source.path)
        exists = tree.is_dir(path)
    except GitopsError as error:
        if analysis.matcher.matches(source.repo_url, False):
            return Plan(answer=RenderFailed(str(error), at))
        path, exists = "", False  # what lies here under that path is no business of another repository's
    if not analysis.matcher.matches(source.repo_url, exists and bool(source.path)):
        hint = ALIAS if exists and source.path else ""
        reason = NotAnalysed(_other_repository(source))
        return _plan_elsewhere(tree, application, source, analysis, at, answers, reason, hint)
    if not analysis.matcher.revisions.includes(source.target_revision):
        reason = elsewhere(source.target_revision)
        return _plan_elsewhere(tree, application, source, analysis, at, answers, reason)
    if (submodule := submodule_of(tree, path)) is not None:
        return _plan_submodule(tree, application, source, submodule, path, analysis, at, answers)
    if not exists and holds_placeholder(source.path):
        return Plan(answer=NotAnalysed(f"its path `{source.path}` has to be filled in first"))
    if not exists:
        return Plan(answer=RenderFailed(f"its source path `{source.path}` does not exist", at))
    source = with_overrides(tree, path, application.name, source)
    return _plan_path(MountedTree(tree), application, path, source, analysis, at, answers, tree)


def _plan_submodule(
    tree: Tree,
    application: Application,
    source: Source,
    submodule: str,
    path: str,
    analysis: Analysis,
    at: Span,
    answers: Answers | None,
) -> Plan:
    """The plan for what lies in a submodule of this repository: Argo CD checks those out at the commit of the
    link."""
    otherwise = NotAnalysed(f"its manifests live in the git submodule {submodule}")
    if submodule not in (known := submodules(tree, source.repo_url)):
        return Plan(answer=otherwise)
    url, commit = known[submodule]
    wanted = RepositoryWanted(url, commit, True, at)
    inside = path[len(submodule) + 1 :]
    return _plan_elsewhere(tree, application, source, analysis, at, answers, otherwise, wanted=wanted, inside=inside)


def _plan_elsewhere(
    here: Tree,
    application: Application,
    source: Source,
    analysis: Analysis,
    at: Span,
    answers: Answers | None,
    otherwise: NotAnalysed,
    hint: str = "",
    wanted: RepositoryWanted | None = None,
    inside: str | None = None,
) -> Plan:
    """The plan for what is in another repository, or in another revision of this one; `otherwise` is the answer where
    nobody has it, with a `hint` behind it. `wanted` and the path `inside` it are those of the source, or others."""
    if holds_placeholder(source.repo_url):
        return Plan(answer=otherwise)
    if answers is None or holds_placeholder(source.target_revision):
        return Plan(answer=replace(otherwise, reason=otherwise.reason + hint))
    wanted = wanted or RepositoryWanted(source.repo_url, source.target_revision, True, at)
    inside = source.path if inside is None else inside
    found = answers.of(wanted)
    if found is None:
        return Plan(waiting=True)
    if not isinstance(found, RepositoryFound):
        why = found.reason if isinstance(found, Missing) else ""
        reason = f"{otherwise.reason}: {why}" if why else otherwise.reason
        return Plan(answer=replace(otherwise, reason=reason + hint))
    tree = MountedTree(found.tree.charged_to(here.effort), repository_place(wanted, found))
    tree.sha = found.commit
    try:
        path = tree.resolve(inside)
    except GitopsError as error:
        return Plan(answer=RenderFailed(str(error), at), tree=tree)
    if (submodule := submodule_of(tree, path)) is not None:
        return Plan(answer=NotAnalysed(f"its manifests live in the git submodule {submodule} of {tree.place}"))
    if not tree.is_dir(path):
        if holds_placeholder(inside):
            return Plan(answer=NotAnalysed(f"its path `{inside}` has to be filled in first"))
        return Plan(answer=RenderFailed(f"its source path `{inside}` does not exist in {tree.place}", at))
    source = with_overrides(tree, path, application.name, source)
    return _plan_path(tree, application, path, source, analysis, at, answers, here)


def _plan_registry(
    here: Tree, application: Application, source: Source, analysis: Analysis, at: Span, answers: Answers | None
) -> Plan:
    """The plan for a chart of a registry, or for what else an OCI registry holds (Argo CD 3.1)."""
    if source.chart:
        registry, name = _registry(source.repo_url), source.chart
        reason = f"chart {name} comes from a Helm repository"
    else:
        registry, _, name = source.repo_url.rpartition("/")
        reason = f"its manifests live in the registry {source.repo_url}"
    if answers is None or any(map(holds_placeholder, (registry, name, source.target_revision))):
        return Plan(answer=NotAnalysed(reason))
    wanted = ChartWanted(registry, name, source.target_revision, at)
    found = answers.of(wanted)
    if found is None:
        return Plan(waiting=True)
    if not isinstance(found, ChartFound):
        why = found.reason if isinstance(found, Missing) else ""
        return Plan(answer=NotAnalysed(f"{reason}: {why}" if why else reason))
    tree = MountedTree(found.tree.charged_to(here.effort), chart_place(wanted, found))
    tree.sha = found.version
    if source.chart:
        return plan_chart_at(tree, application, "", source, analysis, at, answers, here)
    if not tree.is_dir(source.path):
        return Plan(answer=RenderFailed(f"its source path `{source.path}` does not exist in {tree.place}", at))
    return _plan_path(tree, application, source.path, source, analysis, at, answers, here)


def _registry(url: str) -> str:
    """The registry that a `repoURL` names: Argo CD takes one without a scheme for an OCI registry."""
    return url if "://" in url else f"{_OCI}{url}"


def without_source(application: Application) -> Rendering:
    """What an Application without any source comes to."""
    if not application.name:
        return NotAnalysed("the manifest has no name")
    if not application.hydrated and not application.destination.server and not application.destination.name:
        return NotAnalysed("it names neither source nor destination, so it is a part of an Application at most")
    what = "`sourceHydrator` names no `drySource`" if application.hydrated else "the manifest names no source"
    return RenderFailed(f"{what}, so Argo CD refuses it and deploys nothing", application.origin.entry)


def refusal_of(application: Application, source: Source) -> str | None:
    """Why Argo CD refuses a source or its Application before it renders anything, as one clause.

    Sources: util/argo/argo.go (validateSourcePermissions, GetRefSources, GetDestinationServer), types.go
    (ExplicitType), util/app/path/path.go (Path); names are Kubernetes' own rule.
    """
    several = len(application.sources) > 1
    if not is_valid(application.name) and _SLIP.fullmatch(application.name):
        return f"`{application.name}` is no name that Kubernetes takes for an Application"
    refused = destination_refusal(application.destination)
    if refused is not None:
        return refused
    if not source.repo_url:
        return "its source has no `repoURL`, so Argo CD refuses it"
    if not source.written and not source.chart and not (several and source.ref):
        what = "`path`, `chart` nor `ref`" if several else "`path` nor `chart`"
        return f"its source has neither {what}, so Argo CD refuses it and deploys nothing"
    if source.chart and not source.target_revision:
        return f"its chart {source.chart} has no `targetRevision`, so Argo CD refuses it"
    if source.written.startswith("/") and not source.chart:
        return f"its source path `{source.written}` is absolute, which Argo CD refuses"
    refs = [each.ref for each in application.sources if each.ref] if several else []
    if len(set(refs)) < len(refs):
        return "two of its sources have the same `ref`, so Argo CD refuses it"
    if any(not _REF.fullmatch(ref) for ref in refs):
        return "the `ref` of a source has signs other than letters, digits, `_` and `-`, so Argo CD refuses it"
    if len(source.tools) > 1:
        names = " and ".join(f"`{tool}`" for tool in source.tools)
        return f"its source has the blocks {names}, of which Argo CD takes only one"
    return None


def destination_refusal(destination: Destination) -> str | None:
    """Why Argo CD refuses a destination wherever it is, as one clause."""
    if destination.server and destination.name:
        return "its destination has both `server` and `name`, of which Argo CD takes only one"
    if not destination.server and not destination.name:
        return "its destination has neither `server` nor `name`, so Argo CD refuses it"
    return None


def _other_repository(source: Source) -> str:
    if holds_placeholder(source.repo_url):
        return f"its repoURL `{source.repo_url}` has to be filled in first"
    return f"its manifests live in another repository, {source.repo_url}"


def elsewhere(revision: str) -> NotAnalysed:
    """The rendering of what Argo CD reads from another revision of this repository."""
    if is_pinned(revision):
        return NotAnalysed(f"it is pinned to {revision}, which this commit cannot change", follows=revision)
    what = "the default branch" if branch_of(revision) == HEAD else f"`{branch_of(revision)}`"
    return NotAnalysed(
        f"it follows {what} and not this branch, so what is here does not reach it", follows=branch_of(revision)
    )


def _plan_path(
    tree: MountedTree,
    application: Application,
    path: str,
    source: Source,
    analysis: Analysis,
    at: Span,
    answers: Answers | None,
    here: Tree,
) -> Plan:
    try:
        kustomization = kustomization_file(tree, path)
    except GitopsError as error:
        return _in(tree, Plan(answer=RenderFailed(str(error), at)))
    prefix = f"{path}/" if path else ""
    if source.plugin:
        return _plan_plugged(tree, application, path, source, analysis, at, answers, here)
    chart = prefix + "Chart.yaml" in tree and kustomization is None
    if source.helm or (chart and not source.kustomize and not source.directory):
        return plan_chart_at(tree, application, path, source, analysis, at, answers, here)
    if source.kustomize is None and (source.directory is not None or kustomization is None):
        return _in(tree, _plan_directory(tree, application, path, source, analysis, at))
    options = source.kustomize
    if options:
        environment = environment_of(tree, application, source)
        options = with_variables(options, lambda text: substitute(text, environment))
    return plan_kustomize(tree, path, options, analysis, at, answers)


def _plan_plugged(
    tree: MountedTree,
    application: Application,
    path: str,
    source: Source,
    analysis: Analysis,
    at: Span,
    answers: Answers | None,
    here: Tree,
) -> Plan:
    prefix = f"{path}/" if path else ""
    inside = [name for name in tree.list_dir(path) if prefix + name in tree]
    bare = unplugged(application, source, analysis.plugins, inside)
    if isinstance(bare, str):
        named = source.plugin != UNNAMED
        which = f"the config management plugin {source.plugin}" if named else "a config management plugin"
        return Plan(answer=NotAnalysed(f"{which} renders it{bare}"))
    if bare.options is not None:
        analysis = replace(analysis, build_options=bare.options)
    plan = _plan_path(tree, application, path, bare.source, analysis, at, answers, here)
    return replace(plan, plugin=source.plugin or "", renders=bare.renders)


def plan_chart_at(
    tree: MountedTree,
    application: Application,
    path: str,
    source: Source,
    analysis: Analysis,
    at: Span,
    answers: Answers | None,
    here: Tree,
) -> Plan:
    """The plan for the chart at `path` of `tree`; `here` is this repository, where that is another tree."""
    planned = plan_chart(tree, application, source, path, analysis.tools, at, answers, here)
    if planned is None:
        return Plan(waiting=True)
    if not isinstance(planned, RenderRequest):
        return _in(tree, Plan(answer=planned))
    return _in(tree, Plan(request=planned, application=application, index=_index(application, source)))


def _in(tree: MountedTree, plan: Plan) -> Plan:
    """The plan, with its tree where that is not this repository alone."""
    return replace(plan, tree=tree) if tree.is_mixed else plan


def _plan_directory(
    tree: Tree, application: Application, path: str, source: Source, analysis: Analysis, at: Span
) -> Plan:
    options = DirectoryOptions.parse(source.directory)
    try:
        files = files_of(tree, path, options)
    except PathEscapes as error:
        return Plan(answer=RenderFailed(str(error), at), directory=(path, options))
    jsonnet = [file for file in files if file.endswith(JSONNET)]
    requests = plan_jsonnet(tree, application, source, path, jsonnet, analysis.tools)
    if isinstance(requests, NotAnalysed):
        return Plan(answer=requests, directory=(path, options))
    if requests:
        index = _index(application, source)
        return Plan(evaluations=tuple(requests), directory=(path, options), application=application, index=index)
    answer = read_files(tree, files, analysis.redact, analysis.plain)
    return Plan(answer=answer, directory=(path, options))


def _index(application: Application, source: Source) -> int:
    """The source's place. An overridden one is another object, so what tells them apart is compared."""
    own = (source.repo_url, source.written, source.ref, source.target_revision)
    places = [(each.repo_url, each.written, each.ref, each.target_revision) for each in application.sources]
    return places.index(own)
