"""Pins in manifests and in patches: images, Applications' `targetRevision`, and vendored install manifests."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import yaml

from gitops.documents import Document, child, items
from gitops.errors import MalformedYaml
from gitops.versions.components import Chart, Component
from gitops.versions.images import is_digest, split_image
from gitops.versions.pins import Pin, Style
from gitops.versions.remote import remote_versions, without_credentials
from gitops.versions.text import Text, scalars

_WORKLOADS: Final = frozenset({"Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob", "Pod", "ReplicaSet"})
_VENDORED_WORKLOADS: Final = 3  # so many of a component's own in one file is what upstream publishes
_DECLARING: Final = frozenset({"Application", "ApplicationSet"})

Sources = dict[tuple[str, str], list[tuple[str, str]]]
"""By (kind, name) of an Application or ApplicationSet: (repoURL, chart) of each of its sources."""


def pins_of_manifests(text: Text, component: Component) -> Iterator[Pin]:
    """Pins of a file of resources. A copy of what upstream publishes is one pin, which is not edited by hand."""
    documents = _documents(text)
    images = [(document, pin) for document in documents for pin in _images(text, document, component)]
    workloads = {document.index for document, _ in images if _kind(document) in _WORKLOADS}
    definitions = any(_kind(document) == "CustomResourceDefinition" for document in documents)
    if workloads and (definitions or len(workloads) >= _VENDORED_WORKLOADS):
        first = images[0][1]
        yield Pin(Style.VENDORED, first.subject, first.span, first.version, digest=first.digest, image=first.image)
    else:
        yield from (pin for _, pin in images)
    for document in documents:
        if _kind(document) in _DECLARING:
            yield from _revisions(text, document.node, component)


def pins_of_patch(text: Text, component: Component, sources: Sources, kind: str, name: str) -> Iterator[Pin]:
    """Pins of a patch (strategic merge or JSON 6902) whose target is `kind` and `name`, '' when it does not say."""
    for document in _documents(text):
        yield from _images(text, document, component)
        if isinstance(document.node, yaml.SequenceNode):
            yield from _operations(text, document.node, component, sources.get((kind, name), []))
        else:
            named = (_value(document.node, "kind") or kind, _value(child(document.node, "metadata"), "name") or name)
            if named[0] in _DECLARING:
                yield from _revisions(text, document.node, component, sources.get(named, []))


def sources_of(text: Text) -> Sources:
    """The sources of the Applications and ApplicationSets that a file declares."""
    found: Sources = {}
    for document in _documents(text):
        if _kind(document) in _DECLARING:
            name = _value(child(document.node, "metadata"), "name")
            listed = [(_value(node, "repoURL"), _value(node, "chart")) for node in _sources(document.node)]
            found.setdefault((_kind(document), name), []).extend(listed)
    return found


def _images(text: Text, document: Document, component: Component) -> Iterator[Pin]:
    for route, node in scalars(document.node):
        reference = split_image(node.value)
        if not component.is_image(reference.name) or not (reference.tag or reference.digest):
            continue
        if reference.digest and not is_digest(reference.digest):
            continue
        tag_end = reference.tag_start + len(reference.tag)
        yield Pin(
            Style.IMAGE,
            reference.name,
            text.span(node),
            reference.tag or None,
            text.place(node, reference.tag_start, tag_end) if reference.tag else None,
            reference.digest or None,
            text.place(node, reference.digest_start, len(node.value)) if reference.digest else None,
            # kustomize's `images` reaches containers; a JSON patch's `value` becomes one.
            image=reference.name if route[-1:] in (("image",), ("value",)) and "env" not in route else "",
        )


def _sources(node: yaml.Node) -> Iterator[yaml.MappingNode]:
    """Every mapping in a declaration that is a source: it has a `targetRevision`."""
    stack: list[yaml.Node] = [node]
    seen: set[int] = set()
    while stack:
        here = stack.pop()
        if id(here) in seen:
            continue
        seen.add(id(here))
        if isinstance(here, yaml.MappingNode):
            if child(here, "targetRevision") is not None:
                yield here
            stack.extend(value for _, _, value in items(here))
        elif isinstance(here, yaml.SequenceNode):
            stack.extend(here.value)


def _revisions(
    text: Text, node: yaml.Node, component: Component, patched: list[tuple[str, str]] | None = None
) -> Iterator[Pin]:
    for source in _sources(node):
        revision = child(source, "targetRevision")
        if not isinstance(revision, yaml.ScalarNode):
            continue
        url = _value(source, "repoURL")
        known = [(url, _value(source, "chart"))] if url else (patched or [])
        yield from _revision(text, revision, component, known)


def _operations(
    text: Text, node: yaml.SequenceNode, component: Component, known: list[tuple[str, str]]
) -> Iterator[Pin]:
    for operation in node.value:
        value = child(operation, "value")
        if _value(operation, "path").endswith("/targetRevision") and isinstance(value, yaml.ScalarNode):
            yield from _revision(text, value, component, known)


def _revision(text: Text, node: yaml.ScalarNode, component: Component, known: list[tuple[str, str]]) -> Iterator[Pin]:
    place = text.place(node, 0, len(node.value))
    charts: list[Chart | None] = [component.chart(url, name) for url, name in known]
    if any(charts) and len(known) == 1:
        (chart,) = charts
        yield Pin(Style.CHART, chart.name if chart else "", text.span(node), node.value, place, chart=chart)
    elif len(known) == 1 and not known[0][1] and any(remote_versions(known[0][0], component)):
        bare = node.value.removeprefix("refs/tags/")
        at = text.place(node, len(node.value) - len(bare), len(node.value))
        yield Pin(Style.GIT_REVISION, without_credentials(known[0][0]), text.span(node), bare, at)


def _documents(text: Text) -> list[Document]:
    try:
        return text.documents()
    except MalformedYaml:
        return []


def _kind(document: Document) -> str:
    return _value(document.node, "kind")


def _value(node: yaml.Node | None, key: str) -> str:
    found = child(node, key)
    return str(found.value) if isinstance(found, yaml.ScalarNode) else ""
