"""The declarations in the files of what cannot be rendered, by the names that its kustomizations give them.

An Application or ApplicationSet is the same object whether what lists it renders or not. So what is read from a file
has the name and the namespace that it would be rendered with, as far as these are plain to see: patches and
replacements, which may do anything, are not followed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from gitops.applications.application import Origin, content_of
from gitops.discovery.roots import Declaration
from gitops.discovery.scan import Declared
from gitops.kustomize.closure import Chain
from gitops.kustomize.kustomization import Kustomization
from gitops.kustomize.names import renamed
from gitops.resources.manifests import identify
from gitops.resources.rendering import NotAnalysed, Rendered, Rendering
from gitops.resources.resource import Resource


def unrendered(one: Declared, chain: Chain, known: Mapping[str, Kustomization]) -> Declaration:
    """A document that these entries bring in; `known` are the kustomizations of the tree by file."""
    own = before = identify(one.manifest)
    for file in dict.fromkeys(entry.kustomization for entry in reversed(chain)):
        if file in known:
            own = renamed(own, known[file].fields)
    if own == before:
        return replace(Declaration.written(one, chain), unrendered=True)
    manifest = _called(one.manifest, own.namespace, own.name)
    return Declaration(manifest, Origin(one.span, chain), content_of(manifest), unrendered=True)


def built_of(rendering: Rendering) -> Sequence[Resource] | None:
    """What is built of a source, if only without the entries that nobody here can build: those do not change what it
    brings otherwise. None where nothing is."""
    match rendering:
        case Rendered():
            return rendering.resources
        case NotAnalysed():
            return rendering.seen
    return None


def _called(manifest: Mapping[str, Any], namespace: str, name: str) -> dict[str, Any]:
    metadata = manifest.get("metadata")
    named = {"name": name} | ({"namespace": namespace} if namespace else {})
    return {**manifest, "metadata": {**(metadata if isinstance(metadata, Mapping) else {}), **named}}
