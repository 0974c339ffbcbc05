"""A chart that is not rendered here names a values file that is not there.

What it finds: `valueFiles` of a chart that comes from elsewhere, which name by `$ref` a source that the Application
does not have, or a file that this repository does not have.

Why it matters: Argo CD shows ComparisonError and neither syncs nor prunes the Application.

Example: `valueFiles: [$value/web.yaml]` beside a source with `ref: values`.

How the fix is safe: none is offered; the message names the entry.

How sure it is: an error; a warning where an Application with one `source` names another one. Charts that are
rendered are told as `render-failed`. Silent about sources of other repositories and revisions,
`ignoreMissingValueFiles`, globs and what the build environment fills in.

Sources: argo-cd, reposerver/repository/repository.go (resolveReferencedSources, getResolvedValueFiles).
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator

from checks.applications.annotations import quoted
from checks.applications.subjects import Remark, collect, spec_of, subjects_of, told
from checks.declaration import declare
from checks.model import Finding, Severity
from checks.policy.file import Policy
from checks.wording import listed
from gitops.applications.application import Source
from gitops.discovery.snapshot import Change, Snapshot, State
from gitops.facts.projects import normalized
from gitops.facts.secrets.pods import mapping, sequence
from gitops.files.errors import GitopsError
from gitops.resources.manifests import text_of
from gitops.resources.rendering import NotAnalysed

RULE = declare("values-file-missing", Severity.ERROR, Severity.WARNING)

_SHOWS = "Argo CD shows ComparisonError, and neither syncs nor prunes the Application."


def check(change: Change, policy: Policy) -> Iterator[Finding]:
    """One finding for each entry, of an Application or of what an ApplicationSet makes."""
    head = change.head
    for subject in head.once(subjects_of):
        found = [(state, remark) for state in subject.states for remark in _remarks(head, state)]
        yield from told(RULE, head, subject, collect(subject, found))


def _remarks(head: Snapshot, state: State) -> Iterator[Remark]:
    application = state.application
    if application.hydrated:
        return
    if not sequence(spec_of(state).get("sources")):
        yield from _of_one_source(state)
        return
    if len(state.parts) != len(application.sources):
        return
    refs = {source.ref: source for source in application.sources if source.ref}
    for index, (source, part) in enumerate(zip(application.sources, state.parts, strict=True)):
        helm = mapping(source.helm)
        if not isinstance(part.rendering, NotAnalysed):
            continue
        for place, value in enumerate(sequence(helm.get("valueFiles"))):
            entry = text_of(value)
            name, slash, path = entry.removeprefix("$").partition("/")
            if not entry.startswith("$") or not slash or "$" in path:
                continue
            route = ("spec", "sources", index, "helm", "valueFiles", place)
            if name not in refs:
                known = listed([f"`{ref}`" for ref in refs]) if refs else "none"
                message = f"the values file {quoted(entry)} names the source `${name}`, which there is not"
                yield _remark(route, message, f"Its sources have these `ref`s: {known}.", entry)
            elif helm.get("ignoreMissingValueFiles") is not True and _is_missing(head, refs[name], path):
                message = f"the values file {quoted(entry)} is not in this repository"
                yield _remark(route, message, "Add the file, or take the entry out.", entry)


def _of_one_source(state: State) -> Iterator[Remark]:
    """Entries that name a source where there is but one: a `$` is of the build environment there, which has only
    variables of Argo CD's own."""
    if len(state.application.sources) != 1 or len(state.parts) != 1:
        return  # a manifest without a source has a part that says so
    source, rendering = state.application.sources[0], state.parts[0].rendering
    if not isinstance(rendering, NotAnalysed):
        return
    helm = mapping(source.helm) if source.chart else {}
    if helm.get("ignoreMissingValueFiles") is True:
        return
    for place, value in enumerate(sequence(helm.get("valueFiles"))):
        name, slash, path = text_of(value).removeprefix("$").partition("/")
        if not text_of(value).startswith("$") or not slash or not name.isidentifier() or name.startswith("ARGOCD_"):
            continue
        yield Remark(
            ("spec", "source", "helm", "valueFiles", place),
            f"the values file {quoted(text_of(value))} names a source, and there is one source only",
            f"Argo CD puts nothing in place of `${name}` and looks for `/{path}` in the chart: it shows "
            "ComparisonError, or takes a file of the chart's own.",
            f"List the chart and the repository under `sources`, the latter with `ref: {name}`.",
            (text_of(value),),
            Severity.WARNING,
        )


def _is_missing(head: Snapshot, source: Source, path: str) -> bool:
    """Whether a path from the root of a source is not there, where that source is this repository as it is here."""
    if _named(source) not in head.once(_here) or any(sign in path for sign in "*?[{"):
        return False
    try:
        return head.tree.entry(head.tree.resolve(posixpath.normpath(path))) is None
    except (GitopsError, KeyError):
        return False


def _here(snapshot: Snapshot) -> frozenset[tuple[str | None, str]]:
    """The names and revisions of this repository by which files of it are rendered."""
    return frozenset(
        _named(source)
        for state in snapshot.states
        if len(state.parts) == len(state.application.sources)
        for source, part in zip(state.application.sources, state.parts, strict=True)
        if any(resource.path is not None and resource.path in snapshot.tree for resource in part.resources[:1])
    )


def _named(source: Source) -> tuple[str | None, str]:
    return (normalized(source.repo_url), source.target_revision)


def _remark(route: tuple[str | int, ...], message: str, advice: str, entry: str) -> Remark:
    return Remark(route, message, _SHOWS, advice, (entry,), Severity.ERROR)
