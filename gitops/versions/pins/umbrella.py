"""A component as a dependency of a chart in the repository, and copies of its chart.

`Chart.lock` holds a hash of the dependencies. `helm dependency build`, which Argo CD runs, refuses a lock whose hash
does not fit (`gitops.charts.locked`), so the lock has to move along.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import yaml

from gitops.charts.locked import UnclearLock, lock_digest
from gitops.files.documents import child, to_python
from gitops.files.errors import GitopsError
from gitops.files.tree import Tree
from gitops.versions.components import Component
from gitops.versions.pins.model import Pin, Place, Style
from gitops.versions.pins.text import Text

CHART_FILE: Final = "Chart.yaml"
_LOCKS: Final = {CHART_FILE: "Chart.lock", "requirements.yaml": "requirements.lock"}


def declares_dependencies(path: str) -> bool:
    return path.rpartition("/")[2] in _LOCKS


def pins_of_chart(text: Text, component: Component) -> Iterator[Pin]:
    """The pins of a `Chart.yaml` (or a `requirements.yaml`): dependencies on the component's chart; for a copy of
    that chart itself, its `appVersion`."""
    for document in text.documents()[:1]:
        for item in _dependencies(document.node):
            chart = component.chart(_value(item, "repository"), _value(item, "name"))
            version = child(item, "version")
            if chart is not None and isinstance(version, yaml.ScalarNode) and version.value:
                place = text.place(version, 0, len(version.value))
                yield Pin(Style.CHART, chart.name, text.span(version), version.value, place, chart=chart)
        name, app = _value(document.node, "name"), child(document.node, "appVersion")
        if any(chart.name == name for chart in component.charts) and isinstance(app, yaml.ScalarNode):
            yield Pin(Style.VENDORED, name, text.span(app), app.value)


def names_below(text: Text, component: Component) -> list[str]:
    """What a chart calls its dependencies on the component's chart in its own values."""
    return [
        _value(item, "alias") or _value(item, "name")
        for document in text.documents()[:1]
        for item in _dependencies(document.node)
        if component.chart(_value(item, "repository"), _value(item, "name")) is not None
    ]


@dataclass(frozen=True, slots=True)
class LockChange:
    """What has to be replaced in a lock file: (place, old, new) each."""

    path: str
    texts: tuple[tuple[Place, str, str], ...]


class CannotLock(GitopsError):
    """The lock cannot be brought up to date here; a clause without a full stop."""


def lock_change(tree: Tree, pin: Pin, new: str) -> LockChange | None:
    """What the lock beside a chart's dependencies must become when `pin` moves to the chart's version `new`; None
    without a lock. Raises `CannotLock`."""
    directory, _, name = pin.span.path.rpartition("/")
    inside = f"{directory}/" if directory else ""
    copies = [path for path in tree.walk(f"{inside}charts") if path.startswith(f"{inside}charts/{pin.subject}")]
    if copies:
        raise CannotLock(f"{min(copies)} is a copy of the chart")
    path = inside + _LOCKS.get(name, "Chart.lock")
    if path not in tree:
        return None
    lock, chart = _read(tree, path), _read(tree, pin.span.path)
    node, wanted = lock.documents()[0].node, [to_python(item) for item in _dependencies(chart.documents()[0].node)]
    items = _dependencies(node)
    locked = [to_python(item) for item in items]
    digest = child(node, "digest")
    try:
        fits = isinstance(digest, yaml.ScalarNode) and digest.value == lock_digest(wanted, locked)
    except UnclearLock as error:
        raise CannotLock(f"{path}: {error}") from None
    if not isinstance(digest, yaml.ScalarNode) or not fits:
        raise CannotLock(f"{path} does not fit to {pin.span.path} today")
    at = next((i for i, item in enumerate(locked) if item.get("name") == pin.subject), None)
    version = child(items[at], "version") if at is not None else None
    if at is None or not isinstance(version, yaml.ScalarNode):
        raise CannotLock(f"{path} does not lock {pin.subject}")
    after = [{**d, "version": new} if _is_pinned(d, pin) else d for d in wanted]
    relocked = [{**d, "version": new} if i == at else d for i, d in enumerate(locked)]
    replaced = ((version, version.value, new), (digest, digest.value, lock_digest(after, relocked)))
    texts = [(lock.place(n, 0, len(old)), old, text) for n, old, text in replaced]
    places = tuple((place, old, text) for place, old, text in texts if place is not None)
    if len(places) != len(texts):
        raise CannotLock(f"{path} is written in a way that argofix does not edit")
    return LockChange(path, places)


def _is_pinned(dependency: dict[str, Any], pin: Pin) -> bool:
    return dependency.get("name") == pin.subject and str(dependency.get("version")) == pin.version


def _read(tree: Tree, path: str) -> Text:
    try:
        text = Text.of_file(path, tree.read(tree.resolve(path)))
        if not text.documents():
            raise CannotLock(f"{path} is empty")
    except GitopsError as error:
        raise CannotLock(str(error)) from None
    return text


def _dependencies(node: yaml.Node) -> list[yaml.MappingNode]:
    listed = child(node, "dependencies")
    entries = listed.value if isinstance(listed, yaml.SequenceNode) else []
    return [item for item in entries if isinstance(item, yaml.MappingNode)]


def _value(node: yaml.Node | None, key: str) -> str:
    found = child(node, key)
    return str(found.value) if isinstance(found, yaml.ScalarNode) else ""
