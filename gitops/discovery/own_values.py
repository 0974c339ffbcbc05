"""Applications that are made from values which are not known to be the right ones.

Those of a chart that nothing in the repository deploys, as the chart's own values make them: whoever deploys it from
elsewhere most likely gives it others, another cluster, other paths, the name of an environment that is empty here.
And those that an ApplicationSet makes for the cluster of Argo CD itself where nobody tells of clusters: it may have
another name. What fails because of such a value is not known to fail.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from gitops.applications.application import IN_CLUSTER, Application
from gitops.discovery.snapshot import Part, State
from gitops.files.errors import GitopsError
from gitops.files.tree import Tree
from gitops.resources.manifests import text_of
from gitops.resources.rendering import NotAnalysed, RenderFailed

_WHY = "the chart that makes it is deployed from elsewhere, and with the values of its own "
_NAMED = (
    "git does not tell what clusters there are (`clusters:` of .github/argofix.yaml can), and for one named "
    f"{IN_CLUSTER} "
)
_NOT_LOOKED_AT = frozenset({"repoURL", "targetRevision", "ref", "name"})  # what is missing for them is not fetched


def for_assumed_cluster(state: State) -> State:
    """The Application of a cluster that is only assumed, with what fails by that cluster's name as not analysed."""
    if not any(IN_CLUSTER in line for line in _said(state.application)):
        return state
    return replace(state, parts=tuple(_left_open(part, _NAMED) for part in state.parts))


def by_own_values(tree: Tree, state: State) -> State:
    """The Application with what fails by the chart's own values alone told as not analysed. What its template says
    itself fails with any values."""
    application = state.application
    if application.generated or not any(isinstance(part.rendering, RenderFailed) for part in state.parts):
        return state
    if not _lacks(application) and _is_written(tree, application):
        return state
    return replace(state, parts=tuple(_left_open(part, _WHY) for part in state.parts))


def _left_open(part: Part, why: str) -> Part:
    if not isinstance(part.rendering, RenderFailed):
        return part
    return replace(part, rendering=NotAnalysed(why + part.rendering.message.partition(", so Argo CD")[0]))


def _lacks(application: Application) -> bool:
    """Whether something that Argo CD does not do without is empty."""
    destination, several = application.destination, len(application.sources) > 1
    return not (destination.server or destination.name) or any(
        not source.repo_url
        or not (source.written or source.chart or (several and source.ref))
        or (bool(source.chart) and not source.target_revision)
        for source in application.sources
    )


def _is_written(tree: Tree, application: Application) -> bool:
    """Whether the template says as it is, line by line, what the Application is made from."""
    try:
        template = tree.read(application.origin.path).decode("utf-8", "replace")
    except (GitopsError, KeyError):
        return True
    return all(line in template for line in _said(application))


def _said(application: Application) -> Iterator[str]:
    """The lines of what its sources say."""
    spec = application.manifest.get("spec")
    if isinstance(spec, Mapping):
        yield from _lines([spec.get("source"), spec.get("sources")])


def _lines(value: object) -> Iterator[str]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            if key not in _NOT_LOOKED_AT:
                yield from _lines(inner)
    elif isinstance(value, list):
        for item in value:
            yield from _lines(item)
    else:
        yield from (line.strip() for line in text_of(value).splitlines())
