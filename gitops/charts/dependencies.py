"""The charts that a chart depends on and does not hold.

Source of the rules: Helm, `action.CheckDependencies` (by name, whatever a condition says, and not those of
subcharts); argo-cd, which runs `helm dependency build` where charts/ lacks something (util/helm, reposerver).
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from gitops.files.documents import Document, read_documents
from gitops.files.errors import GitopsError
from gitops.files.tree import Tree
from gitops.resources.manifests import text_of

# The manifest, and the file that pins what it names, of charts of both API versions.
_DECLARING = (("Chart.yaml", "Chart.lock"), ("requirements.yaml", "requirements.lock"))
_VERSION = re.compile(r"-v?\d+\.\d+")


@dataclass(frozen=True, slots=True)
class Dependency:
    """One chart that has to be fetched. `repository` is as written, `version` the pinned one or else the range."""

    name: str
    repository: str
    version: str


def missing_dependencies(tree: Tree, chart: str) -> list[Dependency]:
    """What the chart at the directory `chart` depends on and has no chart of that name for in its charts/. Those of
    directories beside it (`file://`) are left out."""
    held = set(held_charts(tree, chart))
    found: dict[Dependency, None] = {}
    for declaring, locking in _DECLARING:
        pinned = {
            (name, repository): version
            for name, repository, version in _entries(tree, posixpath.join(chart, locking))
        }
        for name, repository, version in _entries(tree, posixpath.join(chart, declaring)):
            if name and name not in held and repository and not repository.startswith("file://"):
                found[Dependency(name, repository, pinned.get((name, repository), version))] = None
    return list(found)


def _entries(tree: Tree, path: str) -> Iterator[tuple[str, str, str]]:
    value = _read(tree, path)
    listed = value.get("dependencies")
    for each in listed if isinstance(listed, list) else ():
        if isinstance(each, Mapping):
            yield text_of(each.get("name")), text_of(each.get("repository")), text_of(each.get("version"))


def held_charts(tree: Tree, chart: str) -> Iterator[str]:
    """The names of the charts in the charts/ of the directory `chart`, of archives by the names of their files."""
    try:
        directory = tree.resolve(posixpath.join(chart, "charts"))
    except GitopsError:
        return
    for name in tree.list_dir(directory):
        if name.endswith(".tgz"):
            yield _VERSION.split(name.removesuffix(".tgz"))[0]
        else:
            yield text_of(_read(tree, f"{directory}/{name}/Chart.yaml").get("name"))


def first_document(tree: Tree, path: str) -> Document | None:
    """What Helm reads of a file of a chart, by its path without links; None where nothing can be read."""
    try:
        resolved = tree.resolve(path)
        documents = read_documents(resolved, tree.read(resolved)) if resolved in tree else []
    except GitopsError:
        return None
    return documents[0] if documents else None


def _read(tree: Tree, path: str) -> Mapping[str, Any]:
    document = first_document(tree, path)
    value = None if document is None else document.value()
    return value if isinstance(value, Mapping) else {}
