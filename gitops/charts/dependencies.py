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

from gitops.files.documents import first_line, items, read_documents
from gitops.files.errors import GitopsError
from gitops.files.spans import Span
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


@dataclass(frozen=True, slots=True)
class ChartFile:
    """What Helm reads of a YAML file of a chart: the first document, with the lines of its fields."""

    path: str
    value: Mapping[str, Any]
    line: int
    lines: Mapping[str, int]

    @property
    def dependencies(self) -> list[Mapping[str, Any]]:
        """What is listed there, in order."""
        listed = self.value.get("dependencies")
        return [each for each in listed if isinstance(each, Mapping)] if isinstance(listed, list) else []

    def span(self, field: str) -> Span:
        """Where the value of a field begins, else where the document does."""
        line = self.lines.get(field, self.line)
        return Span(self.path, line, line)


def chart_file(tree: Tree, path: str) -> ChartFile | None:
    """None where there is no such file, or no mapping in it that can be read."""
    try:
        resolved = tree.resolve(path)
        return tree.once(_parsed, resolved) if resolved in tree else None
    except GitopsError:
        return None


def _parsed(path: str, data: bytes) -> ChartFile | None:
    documents = read_documents(path, data)
    value = documents[0].value() if documents else None
    if not isinstance(value, Mapping):
        return None
    lines: dict[str, int] = {}
    for name, _, node in items(documents[0].node):
        lines.setdefault(name, first_line(node))
    return ChartFile(path, value, documents[0].line, lines)


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
    found = chart_file(tree, path)
    for each in found.dependencies if found is not None else ():
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
            found = chart_file(tree, f"{directory}/{name}/Chart.yaml")
            yield text_of(None if found is None else found.value.get("name"))
