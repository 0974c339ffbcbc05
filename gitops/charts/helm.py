"""From a source that is a chart to what is asked of the engine.

Source of the rules: argo-cd, helmTemplate and runManifestGenAsync (reposerver/repository/repository.go),
ApplicationSourceHelm (pkg/apis/application/v1alpha1/types.go).
"""

from __future__ import annotations

import hashlib
import json
import posixpath
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gitops.applications.application import Application, Source
from gitops.applications.repositories import RepositoryMatcher
from gitops.charts.environment import environment_of, named_in
from gitops.charts.files import value_files
from gitops.charts.lent import Lender
from gitops.charts.locked import dependency_refusal
from gitops.charts.schemes import NotReadable, without_schemes
from gitops.files.collected import ReadFiles
from gitops.files.spans import Span
from gitops.files.tree import Tree
from gitops.outside.answers import Answers
from gitops.outside.mounts import MountedTree
from gitops.resources.manifests import text_of
from gitops.resources.rendering import NotAnalysed, RenderFailed, RenderRequest
from gitops.resources.requests import HelmRequest, JsonnetRequest, Parameter

NEEDS_ENGINE = "which needs argofix-engine (`make setup` builds it)"
HELM_ALONE = "helm "  # what a renderer of charts is called that is no engine
MAX_CHART_BYTES = 64 * 2**20
MAX_CHART_FILES = 20_000


@dataclass(frozen=True, slots=True)
class Tools:
    """What a chart is rendered with: `engine` names what does it, with its version ('' when nothing does), and
    `kubernetes` is the version of the clusters, where somebody tells it, `serves` what APIs they have beyond its."""

    engine: str
    matcher: RepositoryMatcher
    kubernetes: str = ""
    serves: tuple[str, ...] = ()


def is_whole(engine: str) -> bool:
    """Whether Jsonnet and charts of kustomizations are rendered too: by the engine, and by no helm."""
    return bool(engine) and not engine.startswith(HELM_ALONE)


def plan_chart(
    tree: MountedTree,
    application: Application,
    source: Source,
    path: str,
    tools: Tools,
    at: Span,
    answers: Answers | None = None,
    here: Tree | None = None,
) -> RenderRequest | RenderFailed | NotAnalysed | None:
    """The request for the chart at `path`, or the answer at once; None while something has to be asked for. `at` is
    the place of the Application, `here` this repository where `tree` is another one."""
    where = path or "the repository root"
    manifest = posixpath.join(path, "Chart.yaml")
    if tree.resolve(manifest) not in tree:
        return RenderFailed(f"its source has a `helm` block, and {where} holds no Chart.yaml", at)
    block = source.helm or {}
    environment = environment_of(tree, application, source)
    several = len(application.sources) > 1
    written = [text_of(each) for each in listed(block.get("valueFiles"))]
    try:
        names = without_schemes(tree, path, written, environment)
    except NotReadable as problem:
        return NotAnalysed(str(problem))
    texts = tuple(
        (text_of(each.get("name")), text_of(each.get("path")))
        for each in listed(block.get("fileParameters"))
        if isinstance(each, Mapping)
    )
    named = [*names, *(file for _, file in texts)]
    lender = Lender(tree, here or tree.base, application, source, tools.matcher, answers, at)
    lent = lender.lend(named, environment)
    if isinstance(lent, NotAnalysed):
        return lent
    if not tools.engine:
        return NotAnalysed(f"{where} is a Helm chart, {NEEDS_ENGINE}")
    refusal = dependency_refusal(tree, path)
    if refusal is not None:
        return RenderFailed(f"it does not render: {refusal.message}", refusal.span)
    whole = lender.dependencies(path)
    if isinstance(whole, NotAnalysed):
        return whole
    if lent.waiting or not whole:
        return None
    found = ReadFiles(tree)
    found.chart(path)
    value_files(found, path, named, lent.refs, environment)
    found.paths.update(lent.remote.values())
    parameters = tuple(
        Parameter(text_of(each.get("name")), text_of(each.get("value")), each.get("forceString") is True)
        for each in listed(block.get("parameters"))
        if isinstance(each, Mapping)
    )
    values_object = block.get("valuesObject")
    asks = HelmRequest(
        chart=path,
        release_name=text_of(block.get("releaseName")) or application.name,
        namespace=text_of(block.get("namespace")) or application.destination.namespace,
        version=text_of(block.get("version")),
        value_files=tuple(names),
        ignore_missing=block.get("ignoreMissingValueFiles") is True,
        values=text_of(block.get("values")),
        values_object=json.dumps(values_object, sort_keys=True, default=str) if values_object is not None else "",
        parameters=parameters,
        file_parameters=texts,
        kube_version=text_of(block.get("kubeVersion")) or tools.kubernetes,
        api_versions=tuple(dict.fromkeys((*map(text_of, listed(block.get("apiVersions"))), *tools.serves))),
        skip_crds=block.get("skipCrds") is True,
        skip_tests=block.get("skipTests") is True,
        skip_schema=block.get("skipSchemaValidation") is True,
        refs=tuple(sorted(lent.refs.items())),
        remote=tuple(sorted(lent.remote.items())),
        several=several,
        environment=named_in([*named, *(each.value for each in parameters)], environment),
    )
    return request_for(tree, path, found.paths, asks, tools.engine)


def request_for(
    tree: Tree, root: str, paths: set[str], asks: HelmRequest | JsonnetRequest, engine: str
) -> RenderRequest | NotAnalysed:
    """The request with its fingerprint: the engine, all that is asked, and mode and git id of every file."""
    if isinstance(tree, MountedTree) and tree.is_mixed:
        paths = {path for path in paths if not tree.leads_astray(path)}
    if len(paths) > MAX_CHART_FILES:
        return NotAnalysed(f"it is rendered from more than {MAX_CHART_FILES:,} files, and argofix reads no more")
    size = sum(map(tree.size, paths))
    if size > MAX_CHART_BYTES:
        what = f"the {len(paths):,} files that it is rendered from have {size / 2**20:,.0f} MB"
        return NotAnalysed(f"{what}, and argofix renders up to {MAX_CHART_BYTES // 2**20} MB")
    files = tuple(sorted(paths))
    digest = hashlib.sha256()
    asked = json.dumps(asks.document(), sort_keys=True).encode()
    digest.update(f"{engine}\0{asks.kind}\0{len(asked)}\0".encode() + asked)
    for path in files:
        entry = tree.entry(path)
        if entry is not None:
            digest.update(f"\0{path}\0{entry.mode:o}\0{entry.oid}".encode("utf-8", "surrogateescape"))
    plain = tree.base if isinstance(tree, MountedTree) and not tree.is_mixed else tree
    return RenderRequest(digest.hexdigest(), plain, root, files, asks=asks)


def listed(value: object) -> Sequence[Any]:
    """The items of a field; none where it is no list."""
    return value if isinstance(value, list) else ()
