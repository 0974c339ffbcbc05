"""A renderer that costs nothing: what it is asked for is read from the files of the request.

Of kustomize it knows only that the manifests among a root's files are what comes out, which is all that counts where
the cost of everything else is looked at.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from gitops.files.errors import MalformedYaml
from gitops.kustomize.kustomization import FILE_NAMES
from gitops.outside.found import Found
from gitops.outside.wanted import Wanted
from gitops.resources.manifests import read_plain
from gitops.resources.rendering import Asking, Output, RenderRequest
from gitops.resources.resource import Resource
from tests.driven import T, driven, nothing


@dataclass(slots=True)
class Instant:
    """`asked` are the roots that were rendered, in order. What was rendered once is remembered, as a cache does."""

    asked: list[str] = field(default_factory=list)
    _known: dict[str, Output] = field(default_factory=dict)
    _files: dict[tuple[str, str], tuple[Resource, ...]] = field(default_factory=dict)

    def run(self, asking: Asking[T], fetch: Callable[[Wanted], Found] = nothing) -> T:
        """Drive a generator of the model to its end."""
        return driven(asking, self.render, fetch)

    def render(self, request: RenderRequest) -> Output:
        known = self._known.get(request.fingerprint)
        if known is None:
            self.asked.append(request.root)
            known = self._known[request.fingerprint] = self._rendered(request)
        return known

    def _rendered(self, request: RenderRequest) -> Output:
        found: list[Resource] = []
        for path in request.files:
            entry = request.tree.entry(path)
            if path.rpartition("/")[2] in FILE_NAMES or entry is None:
                continue
            try:
                if (path, entry.oid) not in self._files:
                    read = read_plain(path, request.tree.read(path), lambda value: value.hex())
                    # An engine tells the file of a resource, and not the lines.
                    self._files[path, entry.oid] = tuple(replace(one, line=0, end_line=0) for one in read)
                found.extend(self._files[path, entry.oid])
            except MalformedYaml as error:
                return Output(error=f"Error: {error}")
        return Output(tuple(found))
