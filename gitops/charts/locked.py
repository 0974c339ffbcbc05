"""What keeps `helm dependency build` from fetching what a chart lacks, whatever the network says.

Source of the rules: argo-cd, helmTemplate and getHelmDependencyRepos (reposerver/repository/repository.go): it is run
where charts/ lacks something, with the repositories of Chart.yaml alone; Helm, Manager.Build and hasAllRepos
(pkg/downloader/manager.go), HashReq and HashV2Req (internal/resolver).
"""

from __future__ import annotations

import hashlib
import json
import posixpath
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from gitops.charts.dependencies import chart_file, held_charts
from gitops.files.errors import GitopsError
from gitops.files.spans import Span
from gitops.files.tree import Tree
from gitops.resources.manifests import text_of

_NAMED = ("@", "alias:")  # repositories of somebody's own settings of Helm or Argo CD
_ESCAPED = str.maketrans({sign: f"\\u{ord(sign):04x}" for sign in "<>&\u2028\u2029"})
# Fields of a dependency in the order in which Go writes them; the others stay away where they are empty.
_TEXTS, _ALWAYS = ("name", "version", "repository", "condition"), ("name", "repository")


@dataclass(frozen=True, slots=True)
class Refusal:
    """Helm's own words, and the line that somebody would change."""

    message: str
    span: Span


class UnclearLock(GitopsError):
    """Written so that Go may read something else than we do; a clause without a full stop."""

    def __init__(self) -> None:
        super().__init__("the dependencies hold what argofix does not write as Helm does")


def dependency_refusal(tree: Tree, chart: str) -> Refusal | None:
    """Why the charts that the chart at the directory `chart` lacks cannot be built; None where nothing is lacking, or
    where nothing but the fetching itself can go wrong."""
    manifest = chart_file(tree, posixpath.join(chart, "Chart.yaml"))
    if manifest is None:
        return None
    old = chart_file(tree, posixpath.join(chart, "requirements.yaml"))
    # Helm reads it over Chart.yaml.
    declaring = old if old is not None and "dependencies" in old.value else manifest
    declared = declaring.dependencies
    lacking = {name for each in declared if (name := text_of(each.get("name")))} - set(held_charts(tree, chart))
    if not lacking or any(str(each.get("repository") or "").startswith(_NAMED) for each in declared):
        return None
    is_v1 = manifest.value.get("apiVersion") in (None, "", "v1")
    lock = chart_file(tree, posixpath.join(chart, "requirements.lock")) or chart_file(
        tree, posixpath.join(chart, "Chart.lock")
    )
    if lock is not None:
        try:
            if str(lock.value.get("digest") or "") not in _digests(declared, lock.dependencies, is_v1):
                return Refusal(_out_of_sync(is_v1), lock.span("digest"))
        except UnclearLock:
            return None
        unknown = _unknown(manifest.dependencies, lock.dependencies)
        if unknown:
            return Refusal(f"no repository definition for {', '.join(unknown)}", declaring.span("dependencies"))
    return _nowhere(declared, lacking, declaring.span("dependencies"))


def _nowhere(declared: Sequence[Mapping[str, Any]], lacking: set[str], span: Span) -> Refusal | None:
    for each in declared:
        name = text_of(each.get("name"))
        if name in lacking and not each.get("repository"):
            return Refusal(f"the dependency {name} names no repository, and charts/ has no such chart", span)
    return None


def _out_of_sync(is_v1: bool) -> str:
    lock, declaring = ("requirements.lock", "requirements.yaml") if is_v1 else ("Chart.lock", "Chart.yaml")
    told = "" if is_v1 else " with 'helm dependency update'"
    return (
        f"the lock file ({lock}) is out of sync with the dependencies file ({declaring}). "
        f"Please update the dependencies{told}"
    )


def _digests(
    declared: Sequence[Mapping[str, Any]], locked: Sequence[Mapping[str, Any]], is_v1: bool
) -> Iterator[str]:
    """What the digest may be. Helm 2 wrote that of the dependencies alone."""
    yield lock_digest(declared, locked)
    if is_v1:
        yield _sum({"dependencies": [_written(each) for each in declared]})


def lock_digest(dependencies: Sequence[Mapping[str, Any]], locked: Sequence[Mapping[str, Any]]) -> str:
    """Helm's hash over the dependencies as wanted and as locked: of Go's JSON of both. Raises `UnclearLock`."""
    return _sum([[_written(each) for each in listed] for listed in (dependencies, locked)])


def _sum(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":")).translate(_ESCAPED)
    return "sha256:" + hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _written(dependency: Mapping[str, Any]) -> dict[str, Any]:
    """A dependency as Go writes it: chart.Dependency (pkg/chart/v2/dependency.go). Raises `UnclearLock`."""
    made: dict[str, Any] = {}
    for name in _TEXTS:
        text = _text(dependency.get(name))
        if text or name in _ALWAYS:
            made[name] = text
    tags = dependency.get("tags") or []
    imported = dependency.get("import-values") or []
    enabled = dependency.get("enabled") or False
    if not isinstance(tags, list) or not isinstance(imported, list) or not isinstance(enabled, bool):
        raise UnclearLock
    if tags:
        made["tags"] = [_text(each) for each in tags]
    if enabled:
        made["enabled"] = True
    if imported:
        made["import-values"] = [_imported(each) for each in imported]
    if alias := _text(dependency.get("alias")):
        made["alias"] = alias
    return made


def _imported(value: object) -> Any:
    """A text, or `child` and `parent`, which may be anything."""
    if isinstance(value, str | bool):
        return value
    if isinstance(value, Mapping) and all(isinstance(key, str) for key in value):
        return {key: _imported(value[key]) for key in sorted(value)}
    raise UnclearLock


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int):
        return str(value)
    raise UnclearLock  # Go spells floating numbers in its own way


def _unknown(manifest: Sequence[Mapping[str, Any]], locked: Sequence[Mapping[str, Any]]) -> list[str]:
    """Repositories of the lock file that Argo CD does not tell Helm: it takes those of Chart.yaml that begin with
    https."""
    told = {_normal(url) for each in manifest if (url := str(each.get("repository") or "")).startswith("https://")}
    found: dict[str, None] = {}
    for each in locked:
        url = str(each.get("repository") or "")
        if url and not url.startswith(("file://", "oci://")) and _normal(url.removesuffix("/")) not in told:
            found[url] = None
    return list(found)


def _normal(url: str) -> str:
    """Helm compares what is no URL as a path (internal/urlutil)."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return posixpath.normpath(url)
    path = posixpath.normpath(parts.path or "/")
    return urlunsplit(parts._replace(path=path))
