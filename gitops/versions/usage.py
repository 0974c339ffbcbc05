"""Which files of an overlay something else uses too.

Those must not be edited: what is changed in a base that production takes in changes production. The answer comes from
the repository alone: kustomizations that take in the same files without going through the overlay, and Applications
that render one of its bases directly.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from dataclasses import dataclass

from gitops.applications.application import Origin, is_application_set, parse_application
from gitops.applicationsets import expand
from gitops.discovery.scan import Scan
from gitops.files.errors import GitopsError
from gitops.files.tree import Tree
from gitops.kustomize.closure import Closure
from gitops.kustomize.kustomization import Kustomization, is_inline

_MAX_APPLICATIONS = 5_000


@dataclass(frozen=True, slots=True)
class Usage:
    """`shared` maps files of the overlay's closure to one kustomization or directory outside that uses them;
    `included_by` are the kustomization files that take the overlay itself in."""

    shared: dict[str, str]
    included_by: tuple[str, ...]


def usage_of(tree: Tree, closure: Closure, found: Scan) -> Usage:
    """Who else uses what the overlay `closure.root` reads. Never raises for what the repository holds."""
    graph = _Graph(tree, found)
    rendered = set(_rendered_directories(tree, found)) - {closure.root}
    own = {file for file in closure.kustomizations if file.rpartition("/")[0] not in rendered}
    shared: dict[str, str] = {}
    reached: set[str] = set()
    for file in sorted(found.kustomizations):
        if file in own or file.rpartition("/")[0] == closure.root:
            continue
        for path in graph.below(file, closure.root, reached):
            if path in closure.files:
                shared.setdefault(path, file)
    for directory in rendered:
        if directory not in graph.file_in:  # plain manifests
            for name in tree.list_dir(directory):
                path = posixpath.join(directory, name)
                if path in closure.files and name.endswith((".yaml", ".yml", ".json")):
                    shared.setdefault(path, directory)
    including = tuple(sorted(found.including.get(closure.root, ())))
    return Usage(shared, including)


class _Graph:
    def __init__(self, tree: Tree, found: Scan) -> None:
        self.tree = tree
        self.found = found
        self.file_in = {file.rpartition("/")[0]: file for file in found.kustomizations}

    def below(self, file: str, overlay: str, reached: set[str]) -> Iterator[str]:
        """Every path that a kustomization reads, itself included, without going through `overlay`; what `reached`
        holds already is left out."""
        stack = [file]
        while stack:
            here = stack.pop()
            if here in reached:
                continue
            reached.add(here)
            yield here
            known = self.found.kustomizations.get(here)
            if known is None:
                continue
            for target in self._targets(known):
                if target == overlay:
                    continue
                stack.append(self.file_in.get(target, target))

    def _targets(self, kustomization: Kustomization) -> Iterator[str]:
        for reference in kustomization.references:
            if is_inline(reference):
                continue
            try:
                yield self.tree.resolve(posixpath.join(kustomization.directory, reference.value))
            except GitopsError:
                continue


def _rendered_directories(tree: Tree, found: Scan) -> Iterator[str]:
    """Directories of this repository that Applications render, as far as git tells. An Application of another
    repository whose path exists here too counts: then too much is taken for shared, never too little."""
    for declared in (d for group in found.declared.values() for d in group):
        if is_application_set(declared.manifest):
            expansion = expand(declared.manifest, tree, lambda _url: True, _MAX_APPLICATIONS)
            manifests = [generated.manifest for generated in expansion.generated]
        else:
            manifests = [declared.manifest]
        for manifest in manifests:
            for source in parse_application(manifest, Origin(declared.span)).sources:
                try:
                    path = tree.resolve(source.path)
                except GitopsError:
                    continue
                if source.path and tree.is_dir(path):
                    yield path
