"""A renderer that costs nothing: what it is asked for is read from the files of the request.

Of kustomize it knows only that the manifests among a root's files are what comes out, which is all that counts where
the cost of everything else is looked at. Of a chart comes one ConfigMap that tells what was read and asked for.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from gitops.files.errors import MalformedYaml
from gitops.kustomize.kustomization import FILE_NAMES
from gitops.outside.found import Found
from gitops.outside.wanted import Wanted
from gitops.resources.manifests import read_plain
from gitops.resources.rendering import Asking, Output, RenderRequest
from gitops.resources.requests import HelmRequest
from gitops.resources.resource import Resource, ResourceId
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
        if isinstance(request.asks, HelmRequest):
            return _chart(request, request.asks)
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


def _chart(request: RenderRequest, asks: HelmRequest) -> Output:
    digest = hashlib.sha256(repr(asks.document()).encode())
    for path in request.files:
        digest.update(path.encode() + b"\0" + request.tree.read(path) + b"\0")
    rid = ResourceId("", "ConfigMap", asks.namespace, asks.release_name)
    template = f"{asks.chart}/templates/map.yaml"
    text = f"apiVersion: v1\ndata: {{read: {digest.hexdigest()}}}\nkind: ConfigMap\n".encode()
    return Output((Resource(rid, text, template, line=1, end_line=1, template=template),))
