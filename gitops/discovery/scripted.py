"""What scripts apply of Argo CD's own installation, rendered as if an Application did.

Only what reaches a file that may hold a part of Argo CD is looked at, and nothing that an Application deploys: a
script begins with that, and Argo CD goes on.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Final

from gitops.applications.application import IN_CLUSTER, Application, Destination, Origin, Source, SyncPolicy
from gitops.applications.repositories import RepositoryMatcher
from gitops.applications.revisions import HERE
from gitops.discovery.applied import OPEN, READMES, Applied, applied_by
from gitops.discovery.asking import TOO_FAR, Job, done
from gitops.discovery.homeward import closure_at_home
from gitops.discovery.planning import plan_source
from gitops.discovery.renderings import rendering_of
from gitops.discovery.set_aside.undeployed import by_itself
from gitops.discovery.snapshot import Part, State
from gitops.discovery.sources import Analysis, Plan
from gitops.files.containment import CONTENT, told
from gitops.files.errors import GitopsError
from gitops.files.tree import Tree
from gitops.kustomize.closure import ParseMemo, kustomization_file, load
from gitops.kustomize.kustomization import is_inline
from gitops.outside.answers import Answers
from gitops.resources.rendering import Asking, BuildOptions, NotAnalysed, RenderFailed, rendered

READER: Final = "\0scripts"
_MOST: Final = 24  # sources that are rendered for scripts
_MOST_BYTES: Final = 256 * 1024
_SHOWN: Final = frozenset({"example", "examples", "sample", "samples", "test", "tests", "e2e", "testdata"})


def scripted(
    tree: Tree,
    scripts: Iterable[str],
    installing: Iterable[str],
    states: Sequence[State],
    analysis: Analysis,
    answers: Answers,
) -> Asking[tuple[State, ...]]:
    """A state for each source that a script applies. Its Application has no name, and the script is its root."""
    applications = list(_applications(tree, scripts, frozenset(installing), states, analysis.matcher))[:_MOST]
    planned: list[tuple[Application, list[Job[Plan]]]] = []
    for application, inflates in applications:
        own = replace(analysis, build_options=BuildOptions(enable_helm=True)) if inflates else analysis
        jobs = [Job(READER, partial(_plan, tree, application, each, own, answers)) for each in application.sources]
        planned.append((application, jobs))
    yield from done([job for _, jobs in planned for job in jobs], answers)
    plans = [(application, [_planned(job) for job in jobs]) for application, jobs in planned]
    requests = {one.fingerprint: one for _, each in plans for plan in each for one in plan.requests}
    outputs = yield from rendered(list(requests.values()))
    found: list[State] = []
    for application, each in plans:
        parts: list[Part] = []
        for index, plan in enumerate(each):
            closure = closure_at_home(plan.closure, plan.tree)
            try:
                rendering = rendering_of(tree, plan, outputs, application.origin.span, analysis)
            except CONTENT as error:
                rendering = RenderFailed(told(error), application.origin.span)
            fingerprint = plan.request.fingerprint if plan.request else ""
            parts.append(Part(index, rendering, closure, fingerprint, plan.elsewhere))
        found.append(State(replace(application, name=""), tuple(parts)))
    return tuple(found)


def _plan(tree: Tree, application: Application, source: Source, analysis: Analysis, answers: Answers) -> Plan:
    try:
        return plan_source(tree, application, source, analysis, answers)
    except CONTENT as error:
        return Plan(answer=RenderFailed(told(error), application.origin.span))


def _planned(job: Job[Plan]) -> Plan:
    return Plan(answer=NotAnalysed(TOO_FAR)) if job.result.waiting else job.result


def _applications(
    tree: Tree,
    scripts: Iterable[str],
    installing: frozenset[str],
    states: Sequence[State],
    matcher: RepositoryMatcher,
) -> Iterator[tuple[Application, bool]]:
    """(Application, whether the script has charts of kustomizations inflated), each source once."""
    taken = {_place(source) for state in states for source in state.application.sources if source.repo_url}
    memo: ParseMemo = {}
    for path in sorted(scripts, key=lambda one: (READMES.search(one) is not None, one)):
        if _is_shown(path):
            continue
        plain: dict[str, tuple[Applied, list[Source]]] = {}
        for applied in _read(tree, path):
            for source, more in _sources(tree, applied, matcher):
                place = _place(source)
                if place in taken or _is_shown(f"{source.path}/") or not _concerns(tree, source, installing, memo):
                    continue
                taken.add(place)
                if applied.plain:  # the files of one installation come one by one
                    plain.setdefault(applied.namespace, (applied, []))[1].append(source)
                else:
                    yield _application(applied, (source, *more)), applied.inflates
        for first, sources in plain.values():
            yield _application(first, tuple(sources)), False


def _is_shown(path: str) -> bool:
    return by_itself(path) is not None or not _SHOWN.isdisjoint(path.lower().split("/")[:-1])


def _read(tree: Tree, path: str) -> tuple[Applied, ...]:
    try:
        if path not in tree or tree.size(path) > _MOST_BYTES:
            return ()
        return tree.once(_told, path)
    except (GitopsError, KeyError):
        return ()


def _told(path: str, data: bytes) -> tuple[Applied, ...]:
    return applied_by(path, data.decode("utf-8", "replace"))


def _place(source: Source) -> tuple[str, str, str]:
    """What tells sources apart; of charts also how they are filled in."""
    include = str((source.directory or {}).get("include", ""))
    return (source.path, source.chart, f"{include}{source.helm or ''}" if source.chart else include)


def _application(applied: Applied, sources: tuple[Source, ...]) -> Application:
    first = sources[0]
    name = first.path or first.chart or "."
    return Application(
        name=applied.release or "argocd",
        namespace="",
        project="default",
        sources=sources,
        destination=Destination("", IN_CLUSTER, applied.namespace.replace(OPEN, "argocd")),
        sync_wave=0,
        sync_policy=SyncPolicy(options=frozenset() if applied.keeps else frozenset({"ServerSideApply=true"})),
        origin=Origin(applied.span),
        root=f"{applied.span.path} {name}",
    )


def _sources(tree: Tree, applied: Applied, matcher: RepositoryMatcher) -> Iterator[tuple[Source, tuple[Source, ...]]]:
    """(what is applied, what lends it files) for each place that is meant."""
    if applied.chart:
        files = [_first(tree, each, applied.bases, tree.__contains__) for each in applied.values if each != OPEN]
        helm: dict[str, Any] = {"releaseName": applied.release, "namespace": applied.namespace}
        known = [file for found in files for file in found]
        settings = [{"name": name, "value": value} for name, value in applied.settings if OPEN not in name + value]
        helm |= {"parameters": settings} if settings else {}
        if applied.repository:
            helm |= {"valueFiles": [f"$here/{file}" for file in known]} if known else {}
            version = applied.version if OPEN not in applied.version else ""
            yield Source(applied.repository, "", version or "*", chart="argo-cd", helm=helm), (_LENDS,)
            return
        helm |= {"valueFiles": [f"/{file}" for file in known]} if known else {}
        for path in _first(tree, applied.path, applied.bases, lambda one: posixpath.join(one, "Chart.yaml") in tree):
            yield Source(HERE, path, HERE, helm=helm, written=path or "."), ()
    elif applied.plain:
        for path in _first(tree, applied.path, applied.bases, lambda one: one in tree or tree.is_dir(one)):
            directory, name = (path, "") if tree.is_dir(path) else (path.rpartition("/")[0], path.rpartition("/")[2])
            options = {"recurse": applied.recurses, **({"include": name} if name else {})}
            yield Source(HERE, directory, HERE, directory=options, written=directory or "."), ()
    else:
        own = _own(applied.path, matcher)
        wanted, bases = (own, ("",)) if own is not None else (applied.path, applied.bases)
        for path in _first(tree, wanted, bases, lambda one: _is_kustomization(tree, one)):
            yield Source(HERE, path, HERE, written=path or "."), ()


def _own(url: str, matcher: RepositoryMatcher) -> str | None:
    """The path that a URL of kustomize's has in this repository; None where it is another's, or no URL."""
    steps = url.partition("?")[0].partition("://")[2] or url.partition("?")[0]
    host, _, rest = steps.partition("/")
    owner, name, *path = rest.split("/") if rest.count("/") else ("", "")
    if "." not in host.strip(".") or not matcher.matches(f"https://{host}/{owner}/{name}", False):
        return None
    return "/".join(step for step in path if step)


_LENDS: Final = Source(HERE, "", HERE, ref="here")


def _is_kustomization(tree: Tree, path: str) -> bool:
    try:
        return tree.is_dir(path) and kustomization_file(tree, path) is not None
    except GitopsError:
        return False


def _first(tree: Tree, path: str, bases: Sequence[str], fits: Any) -> list[str]:
    """The places that a path means, from the first base that has any."""
    steps = [step for step in path.split("/") if step not in ("", ".")]
    while steps and steps[0] == OPEN:  # the directory of the script, or of the repository
        steps.pop(0)
    if OPEN in path and not steps:
        return []
    for base in bases:
        start = "/".join(step for step in base.split("/") if step and OPEN not in step)
        joined = posixpath.normpath(posixpath.join(start, *steps))
        joined = "" if joined == "." else joined
        if joined.startswith("..") or path.startswith("/"):
            continue
        if OPEN in joined:
            pattern = re.compile("[^/]*".join(map(re.escape, joined.split(OPEN))))
            found = sorted({one for one in _below(tree, joined) if pattern.fullmatch(one) and fits(one)})
        else:
            found = [joined] if fits(joined) else []
        if found:
            return found
    return []


def _below(tree: Tree, path: str) -> set[str]:
    """The files and directories that may fit a path, of its depth."""
    fixed = "/".join(path.split(OPEN)[0].split("/")[:-1])
    depth = path.count("/") + 1
    if fixed and not tree.is_dir(fixed):
        return set()
    return {"/".join(one.split("/")[:depth]) for one in tree.walk(fixed) if one.count("/") >= depth - 1}


def _concerns(tree: Tree, source: Source, installing: frozenset[str], memo: ParseMemo) -> bool:
    """Whether a source may hold a part of Argo CD."""
    if source.repo_url != HERE:
        return True
    if source.directory is not None:
        include = source.directory.get("include")
        if include:
            return posixpath.join(source.path, str(include)) in installing
        prefix = f"{source.path}/" if source.path else ""
        deep = source.directory["recurse"]
        return any(one.startswith(prefix) and (deep or "/" not in one[len(prefix) :]) for one in installing)
    if source.helm is not None:
        prefix = f"{source.path}/" if source.path else ""
        return b"argo-cd" in tree.read(tree.resolve(f"{prefix}Chart.yaml")) or any(
            one.startswith(prefix) for one in installing
        )
    return not installing.isdisjoint(_reached(tree, source.path, memo))


def _reached(tree: Tree, directory: str, memo: ParseMemo) -> set[str]:
    """The files that a kustomization names, at any depth, and the kustomizations."""
    seen: set[str] = set()
    queue = [directory]
    while queue:
        here = queue.pop()
        try:
            file = kustomization_file(tree, here)
            if file is None or file in seen:
                continue
            seen.add(file)
            known = load(tree, file, memo)
            for reference in known.references:
                if not is_inline(reference) and "://" not in reference.value:
                    target = tree.resolve(posixpath.join(known.directory, reference.value))
                    if target in tree:
                        seen.add(target)
                    elif tree.is_dir(target):
                        queue.append(target)
        except GitopsError:
            continue
    return seen


def by_chance(states: Iterable[State]) -> bool:
    """Whether something failed that may not fail the next time."""
    renderings = (part.rendering for state in states for part in state.parts)
    return any(isinstance(one, RenderFailed) and one.transient for one in renderings)
