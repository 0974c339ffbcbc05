"""The Jsonnet files of a directory source, and what they import.

Source of the rules: argo-cd, makeJsonnetVM and findManifests (reposerver/repository/repository.go); an import is
looked for beside the file that names it, then in the libraries, then in the source's directory.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from gitops.applications.application import Application, Source
from gitops.charts.environment import environment_of, named_in
from gitops.charts.helm import NEEDS_ENGINE, Tools, is_whole, listed, request_for
from gitops.files.collected import ReadFiles
from gitops.files.errors import GitopsError
from gitops.files.tree import Tree, normalise
from gitops.resources.manifests import text_of
from gitops.resources.rendering import NotAnalysed, RenderRequest
from gitops.resources.requests import JsonnetRequest, Variable

# The path of an import is a literal, by the grammar of Jsonnet.
_IMPORT = re.compile(rb"""\bimport(?:str|bin)?\s*@?(?:"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)')""")
MAX_IMPORTS = 10_000  # files; a library of Kubernetes' API has some hundreds


def plan_jsonnet(
    tree: Tree, application: Application, source: Source, root: str, files: Sequence[str], tools: Tools
) -> Sequence[RenderRequest] | NotAnalysed:
    """A request for each of `files`, which are Jsonnet, or why there is none."""
    if not files:
        return ()
    if not is_whole(tools.engine):
        return NotAnalysed(f"{files[0]} is Jsonnet, {NEEDS_ENGINE}")
    block = (source.directory or {}).get("jsonnet")
    block = block if isinstance(block, Mapping) else {}
    tlas, ext_vars = (tuple(_variables(block.get(name))) for name in ("tlas", "extVars"))
    libs = tuple(text_of(each) for each in listed(block.get("libs")))
    environment = environment_of(tree, application, source)
    named = named_in((each.value for each in (*tlas, *ext_vars)), environment)
    requests: list[RenderRequest] = []
    for file in files:
        found = ReadFiles(tree)
        if not _follow(tree, found, file, [*_places(libs), root]):
            return NotAnalysed(f"{file} imports more than the {MAX_IMPORTS:,} files that argofix follows")
        asks = JsonnetRequest(file, root, tlas, ext_vars, libs, named)
        request = request_for(tree, root, found.paths, asks, tools.engine)
        if isinstance(request, NotAnalysed):
            return request
        requests.append(request)
    return requests


def _places(libs: Iterable[str]) -> Iterator[str]:
    for each in libs:
        try:
            yield normalise(each.lstrip("/"))
        except GitopsError:
            continue  # the engine says that it leads out of the repository


def _follow(tree: Tree, found: ReadFiles, file: str, places: Sequence[str]) -> bool:
    """Whether all that a file imports is `found`, at any depth. Each import names several places where it may lie, of
    which most hold nothing."""
    pending, seen = [file], {file}
    while pending:
        if len(found.paths) > MAX_IMPORTS:
            return False
        here = pending.pop()
        found.file(here)
        try:
            data = tree.read(tree.resolve(here))
        except GitopsError:
            continue
        for match in _IMPORT.finditer(data):
            name = (match[1] if match[1] is not None else match[2]).decode("utf-8", "surrogateescape")
            for place in (here.rpartition("/")[0], *places):
                try:
                    path = normalise(posixpath.join(place, name))
                except GitopsError:
                    continue
                if path in seen:
                    continue
                seen.add(path)
                found.file(path)
                if path in found.paths and not match[0].startswith((b"importstr", b"importbin")):
                    pending.append(path)
    return True


def _variables(value: object) -> Iterator[Variable]:
    for each in listed(value):
        if isinstance(each, Mapping):
            yield Variable(text_of(each.get("name")), text_of(each.get("value")), each.get("code") is True)
