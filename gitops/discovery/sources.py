"""From an Application's source to a plan: what has to be rendered, or the answer at once.

Which tool renders a path follows argo-cd's `GetAppSourceType` and `discovery` (util/app/discovery): an explicit block
decides, then a kustomization file, then Chart.yaml, then plain manifests.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from gitops.applications.application import UNNAMED, Application, Source
from gitops.applications.argocd_config import ToldMemo
from gitops.applications.clusters import KnownCluster
from gitops.applications.directory import JSONNET, DirectoryOptions, PlainMemo, files_of, read_directory, read_files
from gitops.applications.placeholders import holds_placeholder
from gitops.applications.plugins import Plugins, unplugged
from gitops.applications.repositories import RepositoryMatcher
from gitops.applications.revisions import HEAD, branch_of, is_pinned
from gitops.charts.answers import ELSEWHERE, evaluated, missing_of, rendering_of_chart
from gitops.charts.environment import environment_of, substitute
from gitops.charts.helm import Tools, plan_chart
from gitops.charts.jsonnet import plan_jsonnet
from gitops.discovery.edited import edit_of
from gitops.discovery.inflation import inflation, may_inflate, why_not
from gitops.discovery.overrides import with_overrides
from gitops.discovery.plugged import left_open
from gitops.discovery.scan import SaidMemo, ScanMemo
from gitops.files.errors import GitopsError, PathEscapes
from gitops.files.spans import Span
from gitops.files.tree import Tree
from gitops.gotemplate.names import is_valid
from gitops.kustomize.closure import Closure, ParseMemo, Problem, kustomization_file, load, submodule_of
from gitops.kustomize.failures.explain import explain
from gitops.kustomize.fields import may_know_more
from gitops.kustomize.options import (
    edited_kustomization,
    with_variables,
)
from gitops.kustomize.partial import as_text, is_certain, with_decrypted, without_unsupported
from gitops.kustomize.walk import ClosureMemo, walk_known
from gitops.resources.manifests import Redact
from gitops.resources.rendering import (
    BuildOptions,
    NotAnalysed,
    Note,
    Output,
    Rendered,
    RenderFailed,
    Rendering,
    RenderRequest,
)

LIFTED = (
    "builds only with `--load-restrictor LoadRestrictionsNone`, since it reads files outside its own directory; "
    "Argo CD needs that flag in `kustomize.buildOptions` of argocd-cm"
)

# Capitals, underscores, spaces: meant as a name. Other characters do not come about by a slip.
_REF = re.compile(r"[a-zA-Z0-9_-]+")
_SLIP = re.compile(r"[\w.-][\w .-]{0,300}")

UNSAFE = "that needs the load restriction lifted, which argofix does only where the renderer is shut in"

MAX_CLOSURE_BYTES = 64 * 2**20  # of all files that a root reads; the largest bundles of CRDs have some 20 MB


@dataclass(frozen=True, slots=True)
class Analysis:
    """What the outside tells the model about one run.

    `renderer` names what builds kustomizations and its version (part of every fingerprint), `engine` what renders
    charts and Jsonnet ('' for nothing); `kubernetes` is the version of the clusters ('' when nobody tells it);
    `build_options` are the operator's, else
    those found in the repository; `clusters` are those that its configuration declares; `memo` keeps parsed
    kustomizations across trees; `shut_in` tells whether the renderer reaches nothing but the files that it is given;
    `exclude` are patterns of files that nobody deploys (`gitops.discovery.set_aside.exclusions`);
    `plugins` says what config management plugins render with.
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
    plugins: Plugins = field(default_factory=Plugins)

    @property
    def tools(self) -> Tools:
        return Tools(self.engine, self.matcher, self.kubernetes)


@dataclass(frozen=True, slots=True)
class Plan:
    """How one source is rendered: `answer` when no engine is needed, else `request`. With `unanalysed` the request
    builds only what git alone can, and that is the answer unless kustomize refuses even this. `directory` is set
    for what is read as plain manifests: where, and how they are chosen. `evaluations` are the requests for the
    Jsonnet files among these. `plugin` is the config management plugin that does it in Argo CD, and `fills` a pattern
    of what that fills in."""

    closure: Closure | None = None
    request: RenderRequest | None = None
    answer: Rendering | None = None
    unanalysed: NotAnalysed | None = None
    directory: tuple[str, DirectoryOptions] | None = None
    evaluations: tuple[RenderRequest, ...] = ()
    application: Application | None = None
    index: int = 0
    plugin: str = ""
    fills: str = ""

    @property
    def requests(self) -> tuple[RenderRequest, ...]:
        return (self.request, *self.evaluations) if self.request is not None else self.evaluations


def plan_source(tree: Tree, application: Application, source: Source, analysis: Analysis) -> Plan:
    """The plan for one source of an Application."""
    at = application.origin.entry
    if not application.name:
        return Plan(answer=NotAnalysed("the manifest has no name"))
    refusal = refusal_of(application, source)
    if refusal is not None:
        return Plan(answer=RenderFailed(refusal, at))
    if source.chart:
        return Plan(answer=NotAnalysed(f"chart {source.chart} comes from a Helm repository"))
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
        return Plan(answer=NotAnalysed(_other_repository(source, exists and bool(source.path))))
    if not analysis.matcher.revisions.includes(source.target_revision):
        return Plan(answer=elsewhere(source.target_revision))
    if (submodule := submodule_of(tree, path)) is not None:
        return Plan(answer=NotAnalysed(f"its manifests live in the git submodule {submodule}"))
    if not exists and holds_placeholder(source.path):
        return Plan(answer=NotAnalysed(f"its path `{source.path}` has to be filled in first"))
    if not exists:
        return Plan(answer=RenderFailed(f"its source path `{source.path}` does not exist", at))
    source = with_overrides(tree, path, application.name, source)
    return _plan_path(tree, application, path, source, analysis, at)


def refusal_of(application: Application, source: Source) -> str | None:
    """Why Argo CD refuses a source or its Application before it renders anything, as one clause.

    Sources: util/argo/argo.go (validateSourcePermissions, GetRefSources, GetDestinationServer), types.go
    (ExplicitType), util/app/path/path.go (Path); names are Kubernetes' own rule.
    """
    several = len(application.sources) > 1
    if not is_valid(application.name) and _SLIP.fullmatch(application.name):
        return f"`{application.name}` is no name that Kubernetes takes for an Application"
    destination = application.destination
    if destination.server and destination.name:
        return "its destination has both `server` and `name`, of which Argo CD takes only one"
    if not destination.server and not destination.name:
        return "its destination has neither `server` nor `name`, so Argo CD refuses it"
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


def _other_repository(source: Source, exists: bool) -> str:
    if holds_placeholder(source.repo_url):
        return f"its repoURL `{source.repo_url}` has to be filled in first"
    reason = f"its manifests live in another repository, {source.repo_url}"
    if not exists:
        return reason
    return f"{reason}; should that be this one, put it into `repositories.aliases` of .github/argofix.yaml"


def elsewhere(revision: str) -> NotAnalysed:
    """The rendering of what Argo CD reads from another revision of this repository."""
    if is_pinned(revision):
        return NotAnalysed(f"it is pinned to {revision}, which this commit cannot change", follows=revision)
    what = "the default branch" if branch_of(revision) == HEAD else f"`{branch_of(revision)}`"
    return NotAnalysed(
        f"it follows {what} and not this branch, so what is here does not reach it", follows=branch_of(revision)
    )


def _plan_path(tree: Tree, application: Application, path: str, source: Source, analysis: Analysis, at: Span) -> Plan:
    try:
        kustomization = kustomization_file(tree, path)
    except GitopsError as error:
        return Plan(answer=RenderFailed(str(error), at))
    prefix = f"{path}/" if path else ""
    if source.plugin:
        return _plan_plugged(tree, application, path, source, analysis, at)
    chart = prefix + "Chart.yaml" in tree and kustomization is None
    if source.helm or (chart and not source.kustomize and not source.directory):
        planned = plan_chart(tree, application, source, path, analysis.tools, at)
        if not isinstance(planned, RenderRequest):
            return Plan(answer=planned)
        return Plan(request=planned, application=application, index=_index(application, source))
    if source.kustomize is None and (source.directory is not None or kustomization is None):
        return _plan_directory(tree, application, path, source, analysis, at)
    options = source.kustomize
    if options:
        environment = environment_of(tree, application, source)
        options = with_variables(options, lambda text: substitute(text, environment))
    return plan_kustomize(tree, path, options, analysis, at)


def _plan_plugged(
    tree: Tree, application: Application, path: str, source: Source, analysis: Analysis, at: Span
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
    plan = _plan_path(tree, application, path, bare.source, analysis, at)
    return replace(plan, plugin=source.plugin or "", fills=bare.renders.fills)


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


def plan_kustomize(tree: Tree, path: str, options: Mapping[str, Any] | None, analysis: Analysis, at: Span) -> Plan:
    """The plan for a kustomization directory, with an Application's own options applied to it."""
    edit = edit_of(tree, path, options, analysis.memo, at)
    inflates = bool(analysis.engine) and may_inflate(analysis.build_options)
    closure = walk_known(tree, path, analysis.memo, analysis.closures, edit.added, inflates)
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
    settled = inflation(closure, analysis.build_options, options or {}, analysis.kubernetes)
    if isinstance(settled, RenderFailed):
        return Plan(closure, answer=settled)
    closure, flags = settled
    changed = with_decrypted(tree, closure, analysis.memo)
    unanalysed = None
    if closure.unsupported:
        reason = f"{_first(closure.unsupported)}, {why_not(closure, analysis.engine)}"
        unanalysed = NotAnalysed(reason, tuple(dict.fromkeys(closure.notes)))
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
    patched = {file: as_text(fields) for file, fields in changed.items()}
    if edit.file is not None:
        fields = changed.get(edit.file) or load(tree, edit.file, analysis.memo).fields
        patched[edit.file] = edited_kustomization(fields, options or {}, edit.components)
    edits = tuple(sorted(patched.items()))
    extra = b"\0".join(part for path_, data in edits for part in (path_.encode(errors="surrogateescape"), data))
    request = RenderRequest(
        closure.fingerprint(tree, flags, analysis.renderer, extra),
        tree,
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


def _own(tree: Tree, span: Span, at: Span) -> Span:
    """A problem of the root itself stands at the Application's entry, not at a directory."""
    return span if span.path in tree else at


def rendering_of(tree: Tree, plan: Plan, outputs: Mapping[str, Output], at: Span, analysis: Analysis) -> Rendering:
    """The rendering of a planned source, once the engine has answered."""
    rendering = _rendering_of(tree, plan, outputs, at, analysis)
    return left_open(rendering, plan.plugin, plan.fills, at) if plan.plugin else rendering


def _rendering_of(tree: Tree, plan: Plan, outputs: Mapping[str, Output], at: Span, analysis: Analysis) -> Rendering:
    if plan.answer is not None:
        return plan.answer
    if plan.application is not None:
        return _engines(tree, plan, plan.application, outputs, at, analysis)
    if plan.request is None or plan.closure is None:
        raise AssertionError("a plan has an answer or a request")
    output = outputs[plan.request.fingerprint]
    if plan.unanalysed is not None and not (output.error and is_certain(output.error, plan.closure)):
        return plan.unanalysed
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
    tree: Tree, plan: Plan, application: Application, outputs: Mapping[str, Output], at: Span, analysis: Analysis
) -> Rendering:
    if plan.request is not None:
        return rendering_of_chart(tree, application, outputs[plan.request.fingerprint], plan.index)
    made = {
        file: rendering_of_chart(tree, application, output, plan.index)
        for file, output in evaluated(plan.evaluations, outputs).items()
    }
    path, options = plan.directory or ("", DirectoryOptions())
    return read_directory(tree, path, options, analysis.redact, at, analysis.plain, made)


def _index(application: Application, source: Source) -> int:
    """The source's place. An overridden one is another object, so what tells them apart is compared."""
    own = (source.repo_url, source.written, source.ref, source.target_revision)
    places = [(each.repo_url, each.written, each.ref, each.target_revision) for each in application.sources]
    return places.index(own)
