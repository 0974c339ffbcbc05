"""Image tags in the values of a component's Helm chart: they override what the chart installs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import yaml

from gitops.files.documents import child
from gitops.files.errors import MalformedYaml
from gitops.versions.components import Component
from gitops.versions.pins.images import is_digest
from gitops.versions.pins.model import Pin, Style
from gitops.versions.pins.text import Text, scalars


@dataclass(frozen=True, slots=True)
class Value:
    """One value that a chart is given: its route (`global.image.tag`) and where it is written."""

    name: str
    text: Text
    node: yaml.ScalarNode


def values_in(text: Text, node: yaml.Node | None) -> Iterator[Value]:
    """The values of a mapping."""
    for route, scalar in scalars(node) if node is not None else ():
        yield Value(".".join(str(step) for step in route), text, scalar)


def seen_by(values: Iterable[Value], below: str) -> Iterator[Value]:
    """Of the values of a chart what its dependency `below` is given: what stands under its name, and `global`, which
    every chart sees. Without `below` all of them."""
    for value in values:
        first, _, rest = value.name.partition(".")
        if not below or first == "global":
            yield value
        elif first == below:
            yield replace(value, name=rest)


def values_of_text(text: Text) -> Iterator[Value]:
    """The values of a whole values file."""
    try:
        documents = text.documents()
    except MalformedYaml:
        return
    for document in documents[:1]:
        yield from values_in(text, document.node)


def values_of_helm(text: Text, helm: yaml.Node | None) -> Iterator[Value]:
    """The values that the `helm` block of an Application's source holds itself: `values`, `valuesObject`,
    `parameters`."""
    written = child(helm, "values")
    if isinstance(written, yaml.ScalarNode):
        yield from values_of_text(text.inside(written))
    yield from values_in(text, child(helm, "valuesObject"))
    listed = child(helm, "parameters")
    for item in listed.value if isinstance(listed, yaml.SequenceNode) else ():
        name, value = child(item, "name"), child(item, "value")
        if isinstance(name, yaml.ScalarNode) and isinstance(value, yaml.ScalarNode):
            yield Value(name.value, text, value)


def files_of_helm(helm: yaml.Node | None) -> Iterator[str]:
    """The `valueFiles` of such a block, as written."""
    listed = child(helm, "valueFiles")
    for item in listed.value if isinstance(listed, yaml.SequenceNode) else ():
        if isinstance(item, yaml.ScalarNode):
            yield item.value


def pins_of_values(values: Sequence[Value], component: Component) -> Iterator[Pin]:
    """The pins among all that one use of the chart is given."""
    known = {value.name: value.node.value for value in values}
    for value in values:
        image, _, key = value.name.rpartition(".")
        named = _repository(known, image)
        if image not in component.values and not component.is_image(named):
            continue
        runs = named or _repository(known, "global.image") or f"quay.io/{component.quay}"
        if key == "tag" and value.node.value:
            yield _pin(value, runs)
        elif key == "digest" and is_digest(value.node.value) and not known.get(f"{image}.tag"):
            place = value.text.place(value.node, 0, len(value.node.value))
            span = value.text.span(value.node)
            yield Pin(Style.VALUES, value.name, span, None, None, value.node.value, place, runs=runs)
        elif key == "repository" and named and not known.get(f"{image}.tag"):
            yield Pin(Style.VALUES, value.name, value.text.span(value.node), None, runs=named)


def _pin(value: Value, runs: str) -> Pin:
    tag, _, behind = value.node.value.partition("@")
    digest = behind if is_digest(behind) else None
    return Pin(
        Style.VALUES,
        value.name,
        value.text.span(value.node),
        tag or None,
        value.text.place(value.node, 0, len(tag)),
        digest,
        value.text.place(value.node, len(tag) + 1, len(value.node.value)) if digest else None,
        runs=runs,
    )


def _repository(known: dict[str, str], image: str) -> str:
    registry, repository = known.get(f"{image}.registry", ""), known.get(f"{image}.repository", "")
    return f"{registry}/{repository}" if registry and repository else repository
