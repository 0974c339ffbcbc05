"""Pins in manifests and in patches: images, Applications' `targetRevision`, and vendored install manifests."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

import yaml

from gitops.files.documents import Document, child, items
from gitops.files.errors import MalformedYaml
from gitops.files.spans import Span
from gitops.versions.components import Component
from gitops.versions.pins.images import is_digest, split_image
from gitops.versions.pins.model import Pin, Style
from gitops.versions.pins.remote import remote_versions, without_credentials
from gitops.versions.pins.text import Text, scalars

_REVISION: Final = re.compile(r"/source(?:s/(\d+))?/targetRevision$")
_WORKLOADS: Final = frozenset({"Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob", "Pod", "ReplicaSet"})
_VENDORED_WORKLOADS: Final = 3  # so many of a component's own in one file is what upstream publishes
_DECLARING: Final = frozenset({"Application", "ApplicationSet"})

Target = tuple[str, str, int]
"""Kind and name of an Application or ApplicationSet, and the number of one of its sources (0 for `source`)."""

Sources = dict[Target, list[tuple[str, str]]]
"""(repoURL, chart) of a source; several where Applications share a name."""


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
            name = _value(child(document.node, "metadata"), "name")
            yield from _revisions(text, document.node, component, (_kind(document), name), {})


def definitions_of(text: Text, component: Component) -> Iterator[tuple[Span, str]]:
    """Copies of the component's CRDs in a file that holds none of its workloads: (place, name)."""
    documents = _documents(text)
    if any(_kind(document) in _WORKLOADS for document in documents):
        return  # a pin of its own, see above
    known = dict(component.definitions)
    for document in documents:
        name = _value(child(document.node, "metadata"), "name")
        if _kind(document) == "CustomResourceDefinition" and name in known:
            yield text.span(document.node), name


def pins_of_patch(text: Text, component: Component, sources: Sources, kind: str, name: str) -> Iterator[Pin]:
    """Pins of a patch (strategic merge or JSON 6902) whose target is `kind` and `name`, '' when it does not say."""
    for document in _documents(text):
        yield from _images(text, document, component)
        if isinstance(document.node, yaml.SequenceNode):
            yield from _operations(text, document.node, component, sources, kind, name)
        else:
            named = (_value(document.node, "kind") or kind, _value(child(document.node, "metadata"), "name") or name)
            if named[0] in _DECLARING:
                yield from _revisions(text, document.node, component, named, sources)


def sources_of(text: Text) -> Sources:
    """The sources of the Applications and ApplicationSets that a file declares."""
    found: Sources = {}
    for document in _documents(text):
        if _kind(document) in _DECLARING:
            name = _value(child(document.node, "metadata"), "name")
            for number, node in sources_in(document.node):
                where = (_value(node, "repoURL"), _value(node, "chart"))
                found.setdefault((_kind(document), name, number), []).append(where)
    return found


def add_sources(known: Sources, more: Sources) -> None:
    """Adds the sources of a further file: several Applications may have one name."""
    for key, listed in more.items():
        known.setdefault(key, []).extend(listed)


def _images(text: Text, document: Document, component: Component) -> Iterator[Pin]:
    for route, node in scalars(document.node):
        # `old=new:tag` of an Application's kustomize.images, `--image=name:tag`, `IMAGE=name:tag`.
        before, equals, behind = node.value.rpartition("=")
        reference = split_image(behind)
        if not component.is_image(reference.name) or not (reference.tag or reference.digest):
            continue
        if reference.digest and not is_digest(reference.digest):
            continue
        start = len(before) + len(equals)
        tag_start, digest_start = start + reference.tag_start, start + reference.digest_start
        tag_end = tag_start + len(reference.tag)
        yield Pin(
            Style.IMAGE,
            reference.name,
            text.span(node),
            reference.tag or None,
            text.place(node, tag_start, tag_end) if reference.tag else None,
            reference.digest or None,
            text.place(node, digest_start, len(node.value)) if reference.digest else None,
            # kustomize's `images` reaches containers; a JSON patch's `value` becomes one.
            image=reference.name if route[-1:] in (("image",), ("value",)) and "env" not in route else "",
            runs=reference.name,
        )
    if _kind(document) == "ArgoCD":
        yield from _operated(text, document.node, component)


def _operated(text: Text, node: yaml.Node, component: Component) -> Iterator[Pin]:
    """Versions in a resource of the Argo CD operator: `spec.version`, and `version` beside an `image` of its parts
    (argocd-operator api/v1beta1/argocd_types.go)."""
    spec = child(node, "spec")
    for name, _, value in [("", None, spec), *items(spec)] if spec is not None else ():
        version, image = child(value, "version"), _value(value, "image")
        if isinstance(version, yaml.ScalarNode) and version.value and (not name or component.is_image(image)):
            image = image or component.images[0]
            place = text.place(version, 0, len(version.value))
            yield Pin(Style.IMAGE, image, text.span(version), version.value, place, runs=image)


def declarations(text: Text, kind: str = "", name: str = "") -> Iterator[tuple[tuple[str, str], yaml.Node]]:
    """((kind, name), node) of every Application and ApplicationSet in a file, or of a patch whose target is `kind`
    and `name`; a patch may be a list of operations."""
    for document in _documents(text):
        own = _value(document.node, "kind"), _value(child(document.node, "metadata"), "name")
        named = (own[0] or kind, own[1] or name)
        if named[0] in _DECLARING:
            yield named, document.node


def sources_in(node: yaml.Node) -> Iterator[tuple[int, yaml.MappingNode]]:
    """Every mapping in a declaration that is a source, or what a patch says of one, with its number."""
    stack: list[tuple[int, yaml.Node]] = [(0, node)]
    seen: set[int] = set()
    while stack:
        number, here = stack.pop()
        if id(here) in seen:
            continue
        seen.add(id(here))
        if isinstance(here, yaml.MappingNode):
            if any(child(here, key) is not None for key in ("targetRevision", "repoURL", "helm")):
                yield number, here
            stack.extend((0, value) for _, _, value in reversed(list(items(here))))
        elif isinstance(here, yaml.SequenceNode):
            stack.extend(reversed(list(enumerate(here.value))))


def _revisions(
    text: Text, node: yaml.Node, component: Component, named: tuple[str, str], sources: Sources
) -> Iterator[Pin]:
    for number, source in sources_in(node):
        revision = child(source, "targetRevision")
        url = _value(source, "repoURL")
        target = (*named, number)
        known = [(url, _value(source, "chart"))] if url else sources.get(target, [])
        if isinstance(revision, yaml.ScalarNode):
            yield from _revision(text, revision, component, known, target)


def _operations(
    text: Text, node: yaml.SequenceNode, component: Component, sources: Sources, kind: str, name: str
) -> Iterator[Pin]:
    for operation in node.value:
        value = child(operation, "value")
        found = _REVISION.search(_value(operation, "path"))
        if found is not None and isinstance(value, yaml.ScalarNode):
            target = (kind, name, int(found[1] or 0))
            yield from _revision(text, value, component, sources.get(target, []), target)


def _revision(
    text: Text, node: yaml.ScalarNode, component: Component, known: list[tuple[str, str]], target: Target
) -> Iterator[Pin]:
    charts = {component.chart(url, name) for url, name in known}
    repositories = {url for url, name in known if not name and any(remote_versions(url, component))}
    # Applications of one name that deploy different things cannot be told apart by a patch's target.
    alike = len(charts) == 1 and (not repositories or len({url for url, _ in known}) == 1)
    chart = next((chart for chart in charts if chart is not None), None)
    if chart is not None:
        place = text.place(node, 0, len(node.value)) if alike else None
        yield Pin(Style.CHART, chart.name, text.span(node), node.value, place, chart=chart, target=target)
    elif repositories:
        bare = node.value.removeprefix("refs/tags/")
        at = text.place(node, len(node.value) - len(bare), len(node.value)) if alike else None
        subject = without_credentials(min(repositories))
        yield Pin(Style.GIT_REVISION, subject, text.span(node), bare, at, target=target)


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
