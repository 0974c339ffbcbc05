"""Pins that stand in kustomization files themselves, and in the configuration of kustomize's builtin plugins."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import yaml

from gitops.files.documents import Document, child, items
from gitops.files.errors import MalformedYaml
from gitops.kustomize.remote import is_remote
from gitops.versions.components import Chart, Component
from gitops.versions.pins.images import IMAGE_FIELDS, is_digest, split_image
from gitops.versions.pins.model import Pin, Style
from gitops.versions.pins.remote import copied_from, remote_versions, without_credentials
from gitops.versions.pins.text import Text

_LISTS = ("resources", "bases", "components", "crds", "configurations", "generators", "transformers", "validators")
_PATCHES = ("patches", "patchesJson6902", "patchesStrategicMerge")


@dataclass(frozen=True, slots=True)
class Patch:
    """One patch: its own `text` when it is written inside the kustomization, else the `path` of its file; `kind` and
    `name` of the target where they are given."""

    path: str
    text: Text | None
    kind: str = ""
    name: str = ""


def pins_of_kustomization(text: Text, component: Component) -> Iterator[Pin]:
    """Pins in the kustomization's own fields; its `images` (`image_nodes`), patches (`patches_of`) and plugins
    (`plugins_of`) are not among them."""
    for item, chart in charts_of_kustomization(text, component):
        yield from _chart_pin(text, item, chart)
    for document in text.documents():
        for node in _remote(document.node):
            for found in remote_versions(node.value, component):
                place = text.place(node, found.start, found.end) if found.end else None
                yield Pin(found.style, without_credentials(node.value), text.span(node), found.text or None, place)
            copy = copied_from(node.value, component) if is_remote(node.value) else None
            if copy is not None and not any(remote_versions(node.value, component)):
                shown = without_credentials(node.value)
                yield Pin(copy.style, shown, text.span(node), copy.text or None, runs=shown.partition("?")[0])


def image_nodes(text: Text) -> list[yaml.Node]:
    """The entries of `images` in the order in which they act (see `gitops.versions.pins.images.image_entries`)."""
    return [
        item
        for document in text.documents()
        for field in IMAGE_FIELDS
        for item in _entries(document.node, field)
        if isinstance(item, yaml.MappingNode)
    ]


def image_tags(text: Text) -> list[yaml.Node]:
    """The `imageTag` of each builtin `ImageTagTransformer` in a plugin's file."""
    return [
        tag
        for document in _documents(text)
        if _value(document.node, "kind") == "ImageTagTransformer"
        if isinstance(tag := child(document.node, "imageTag"), yaml.MappingNode)
    ]


def pins_of_plugin(text: Text, component: Component) -> Iterator[Pin]:
    """Pins in the files of the builtin `HelmChartInflationGenerator`."""
    for item, chart in charts_of_plugin(text, component):
        yield from _chart_pin(text, item, chart)


def charts_of_kustomization(text: Text, component: Component) -> Iterator[tuple[yaml.Node, Chart | None]]:
    """The entries of `helmCharts` (and of its older form) that inflate the component's chart; None stands for a chart
    of its name without a repository, a copy below `charts`."""
    for document in text.documents():
        for field in ("helmCharts", "helmChartInflationGenerator"):
            for item in _entries(document.node, field):
                yield from _inflated(item, component)


def charts_of_plugin(text: Text, component: Component) -> Iterator[tuple[yaml.Node, Chart | None]]:
    """As `charts_of_kustomization`, in a plugin's file."""
    for document in _documents(text):
        if _value(document.node, "kind") == "HelmChartInflationGenerator":
            yield from _inflated(document.node, component)


def _inflated(item: yaml.Node, component: Component) -> Iterator[tuple[yaml.Node, Chart | None]]:
    url = _value(item, "repo") or _value(item, "chartRepo")
    name = _value(item, "name") or _value(item, "chartName")
    chart = component.chart(url, name) if url else None
    if chart is not None or (not url and any(known.name == name for known in component.charts)):
        yield item, chart


def plugins_of(text: Text) -> Iterator[tuple[str, str, Text | None]]:
    """(field, path, text) of every entry of `generators` and `transformers`: its own text when it is written inside
    the kustomization, else the path of its file."""
    for document in text.documents():
        for field in ("generators", "transformers"):
            for item in _entries(document.node, field):
                if isinstance(item, yaml.ScalarNode):
                    inline = "\n" in item.value or ": " in item.value
                    yield field, "" if inline else item.value, text.inside(item) if inline else None


def image_pins(text: Text, item: yaml.Node, component: Component) -> Iterator[Pin]:
    """The pin of one `images` entry: by `newTag`, by a tag in `newName`, by `digest`, by several of them, or by a new
    name alone."""
    name, new_name = _value(item, "name"), _value(item, "newName")
    renamed = split_image(new_name)
    if not (component.is_image(name) or component.is_image(renamed.name)):
        return
    version, place = None, None
    digest, digest_place = None, None
    node: yaml.Node | None = None
    tag_node, digest_node, suffix = (_field(item, key) for key in ("newTag", "digest", "tagSuffix"))
    if isinstance(tag_node, yaml.ScalarNode) and tag_node.value:
        node = tag_node
        tag, _, behind = tag_node.value.partition("@")
        version, place = tag or None, text.place(tag_node, 0, len(tag))
        if is_digest(behind):
            digest, digest_place = behind, text.place(tag_node, len(tag) + 1, len(tag_node.value))
    elif renamed.tag or renamed.digest:
        node = _field(item, "newName")
        if node is not None and renamed.tag:
            version = renamed.tag
            place = text.place(node, renamed.tag_start, renamed.tag_start + len(renamed.tag))
        if node is not None and is_digest(renamed.digest):
            digest = renamed.digest
            digest_place = text.place(node, renamed.digest_start, renamed.digest_start + len(renamed.digest))
    if isinstance(digest_node, yaml.ScalarNode) and is_digest(digest_node.value):
        node = node or digest_node
        digest, digest_place = digest_node.value, text.place(digest_node, 0, len(digest_node.value))
    if isinstance(suffix, yaml.ScalarNode) and suffix.value:
        node = node or suffix
        version, place = f"{version or ''}{suffix.value}", None
    if node is None and renamed.name and renamed.name != name:
        node = _field(item, "newName")
    if node is not None:
        subject = renamed.name or name
        yield Pin(Style.IMAGES, subject, text.span(node), version, place, digest, digest_place, image=subject)


def patches_of(text: Text) -> Iterator[Patch]:
    """Every patch of a kustomization, in the order of the file."""
    for document in text.documents():
        for field in _PATCHES:
            for item in _entries(document.node, field):
                if isinstance(item, yaml.ScalarNode):
                    inline = "\n" in item.value or ": " in item.value
                    yield Patch("", text.inside(item)) if inline else Patch(item.value, None)
                    continue
                kind, name = _value(child(item, "target"), "kind"), _value(child(item, "target"), "name")
                path, inside = _value(item, "path"), child(item, "patch")
                if isinstance(inside, yaml.ScalarNode):
                    yield Patch("", text.inside(inside), kind, name)
                elif path:
                    yield Patch(path, None, kind, name)


def _chart_pin(text: Text, item: yaml.Node, chart: Chart | None) -> Iterator[Pin]:
    node = _field(item, "version") or _field(item, "chartVersion")
    if chart is not None and isinstance(node, yaml.ScalarNode) and node.value:
        place = text.place(node, 0, len(node.value))
        yield Pin(Style.CHART, chart.name, text.span(node), node.value, place, chart=chart)


def _remote(node: yaml.Node) -> Iterator[yaml.ScalarNode]:
    """Every scalar of a kustomization that kustomize may load as a file or directory."""
    for name, _, value in items(node):
        if name in _LISTS or name == "patchesStrategicMerge":
            yield from (item for item in _entries(node, name) if isinstance(item, yaml.ScalarNode))
        elif name in ("patches", "patchesJson6902", "replacements"):
            for item in _entries(node, name):
                path = child(item, "path")
                if isinstance(path, yaml.ScalarNode):
                    yield path
        elif name == "openapi":
            path = child(value, "path")
            if isinstance(path, yaml.ScalarNode):
                yield path


def _entries(node: yaml.Node, field: str) -> list[yaml.Node]:
    listed = _field(node, field)
    return list(listed.value) if isinstance(listed, yaml.SequenceNode) else []


def _field(node: yaml.Node | None, key: str) -> yaml.Node | None:
    """A field's value; Go matches names without regard to case when none matches exactly."""
    exact = child(node, key)
    if exact is not None or node is None:
        return exact
    return next((value for name, _, value in items(node) if name.lower() == key.lower()), None)


def _value(node: yaml.Node | None, key: str) -> str:
    found = _field(node, key)
    return str(found.value) if isinstance(found, yaml.ScalarNode) else ""


def _documents(text: Text) -> list[Document]:
    try:
        return text.documents()
    except MalformedYaml:
        return []
