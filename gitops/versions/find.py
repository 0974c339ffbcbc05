"""Finding the pins of a component in an overlay and all that it reads."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

from gitops.discovery.scan import Scan, scan
from gitops.files.documents import to_python
from gitops.files.errors import GitopsError, MalformedYaml
from gitops.files.spans import Span
from gitops.files.tree import Tree
from gitops.kustomize.closure import Closure, ParseMemo, kustomization_file, load
from gitops.kustomize.kustomization import FILE_NAMES, Kustomization
from gitops.kustomize.walk import walk
from gitops.resources.manifests import text_of
from gitops.versions.chart_uses import (
    Use,
    users_of_values,
    uses_by_applications,
    uses_in_kustomization,
    uses_in_manifests,
    uses_in_plugin,
)
from gitops.versions.components import Chart, Component
from gitops.versions.pins.helm_values import Value, pins_of_values, seen_by, values_of_text
from gitops.versions.pins.images import ImageEntry, called_alike, field_of, image_entries, image_entry
from gitops.versions.pins.kustomizations import (
    charts_of_kustomization,
    image_nodes,
    image_pins,
    image_tags,
    patches_of,
    pins_of_kustomization,
    pins_of_plugin,
    plugins_of,
)
from gitops.versions.pins.manifests import (
    Sources,
    add_sources,
    definitions_of,
    pins_of_manifests,
    pins_of_patch,
    sources_of,
)
from gitops.versions.pins.model import Pin, Pins
from gitops.versions.pins.renaming import Renaming, Stage, Standing
from gitops.versions.pins.text import Text
from gitops.versions.pins.umbrella import CHART_FILE, declares_dependencies, names_below, pins_of_chart
from gitops.versions.usage import Usage, usage_of

ChartIndex = Mapping[Chart, Mapping[str, str]]
"""For each chart: its versions and the version of the component (`appVersion`) that each installs."""

_SUFFIXES = (".yaml", ".yml", ".json")


def find_pins(
    tree: Tree,
    overlay: str,
    component: Component,
    *,
    found: Scan | None = None,
    memo: ParseMemo | None = None,
    charts: ChartIndex | None = None,
) -> Pins:
    """Every pin of `component` that the directory `overlay` sees, in its own files and in its bases.

    `found` is the scan of the whole tree, made here when it is not given; it tells which files are shared. Without
    `charts` the component's version behind a chart's stays unknown. Never raises for what the repository holds.
    """
    parsed: ParseMemo = {} if memo is None else memo
    scanned = scan(tree, {}, parsed) if found is None else found
    closure = closure_of(tree, overlay, parsed)
    finder = _Finder(tree, component, closure, usage_of(tree, closure, scanned), parsed, scanned)
    pins = sorted((_with_app_version(pin, charts or {}) for pin in finder.all()), key=_position)
    used = finder.usage.included_by
    foreign = any(pin.runs and not component.is_image(pin.runs) for pin in pins)
    in_use = _in_use(scanned) if foreign else {}
    return Pins(overlay, tuple(pins), used, in_use, frozenset(finder.values), tuple(finder.definitions))


def _in_use(found: Scan) -> dict[tuple[str, str], str]:
    """Where the repository's kustomizations set a tag of an image: somebody has seen it there."""
    entries = ((e, file) for file, known in found.kustomizations.items() for e in image_entries(known.fields))
    return {(entry.new_name, entry.tag): file for entry, file in entries if entry.tag}


def mentions(tree: Tree, overlay: str, component: Component, memo: ParseMemo) -> bool:
    """Whether anything that `overlay` reads names the component at all; cheap, for looking through many overlays."""
    return _names(tree, closure_of(tree, overlay, memo).files, component)


def named_anywhere(tree: Tree, component: Component) -> bool:
    """Whether any YAML or JSON file of the repository names the component, without following what reads what."""
    return _names(tree, (path for path in tree.paths() if path.endswith((*_SUFFIXES, FILE_NAMES[-1]))), component)


def _names(tree: Tree, paths: Iterable[str], component: Component) -> bool:
    marks = [name.encode() for name in (*component.images, component.repository)]
    marks += [chart.name.encode() for chart in component.charts]
    for path in paths:
        try:
            data = tree.read(tree.resolve(path))
        except GitopsError:
            continue
        if any(mark in data for mark in marks):
            return True
    return False


def closure_of(tree: Tree, overlay: str, memo: ParseMemo) -> Closure:
    """What a kustomization reads; for a directory without one, its manifests with those below."""
    try:
        if kustomization_file(tree, overlay) is None:
            files = {path for path in tree.walk(overlay) if path.endswith(_SUFFIXES)}
            return Closure(overlay, files, {path: [()] for path in files})
    except GitopsError:
        return Closure(overlay)
    return walk(tree, overlay, memo)


def _position(pin: Pin) -> tuple[Span, int]:
    return pin.span, pin.place.column if pin.place is not None else 0


def _with_app_version(pin: Pin, charts: ChartIndex) -> Pin:
    known = charts.get(pin.chart, {}) if pin.chart is not None else {}
    return replace(pin, app_version=known.get(pin.version or ""))


def _is_patched(places: list[Standing | None], files: set[str]) -> bool:
    """Whether on every way one of these kustomizations patches what stands there."""

    def above(place: Standing) -> set[str]:
        own = {place.file} if place.stage < Stage.PATCHES else set()
        return own | {reference.kustomization for reference in place.above}

    return bool(places) and all(place is not None and not files.isdisjoint(above(place)) for place in places)


@dataclass
class _Finder:
    tree: Tree
    component: Component
    closure: Closure
    usage: Usage
    memo: ParseMemo
    found: Scan
    values: set[str] = field(default_factory=set)
    definitions: list[tuple[Span, str]] = field(default_factory=list)

    def all(self) -> list[Pin]:
        """Every pin; what a patch further up replaces on every way is overridden."""
        found = list(self._pins())
        patched: dict[tuple[str, str, int], set[str]] = {}
        for pin, places in found:
            if pin.target is not None:
                patched.setdefault(pin.target, set()).update(
                    place.file for place in places if place is not None and place.stage is Stage.PATCHES
                )
        return [
            replace(pin, overridden=pin.overridden or _is_patched(places, patched.get(pin.target, set())))
            if pin.target is not None
            else pin
            for pin, places in found
        ]

    def _pins(self) -> Iterator[tuple[Pin, list[Standing | None]]]:
        sources = Sources()
        texts = {path: text for path in sorted(self.closure.chains) if (text := self._text(path)) is not None}
        for text in texts.values():
            add_sources(sources, sources_of(text))
        for path, text in texts.items():
            places = [Standing.of_resource(chain) for chain in self.closure.chains[path]]
            yield from self._settled(pins_of_manifests(text, self._known), path, places)
            self.definitions.extend(definitions_of(text, self._known))
            yield from self._of_uses(uses_in_manifests(text, self._known, sources))
            if declares_dependencies(path):
                yield from self._settled(pins_of_chart(text, self._known), path, places)
                yield from self._of_uses(self._umbrella(text))
        for file, kustomization in self._kustomizations.items():
            text = self._text(file)
            if text is not None:
                yield from self._of_kustomization(text, kustomization, sources)

    def _of_kustomization(
        self, text: Text, kustomization: Kustomization, sources: Sources
    ) -> Iterator[tuple[Pin, list[Standing | None]]]:
        file = kustomization.path

        def at(stage: Stage, index: int = 0) -> list[Standing | None]:
            return [Standing(file, stage, index, chain) for chain in self.closure.kustomizations[file]]

        yield from self._settled(pins_of_kustomization(text, self._known), file, at(Stage.RESOURCES))
        yield from self._of_uses(uses_in_kustomization(text, self._known))
        for copy in self._copies(text, kustomization):
            yield from self._settled(pins_of_chart(copy, self._known), copy.path, at(Stage.RESOURCES))
        for index, item in enumerate(image_nodes(text)):
            yield from self._settled(image_pins(text, item, self._known), file, at(Stage.IMAGES, index))
        for patch in patches_of(text):
            inside = patch.text or self._text(self._target(kustomization, patch.path))
            if inside is not None:
                found = pins_of_patch(inside, self._known, sources, patch.kind, patch.name)
                yield from self._settled(found, inside.path, at(Stage.PATCHES))
                yield from self._of_uses(uses_in_manifests(inside, self._known, sources, patch.kind, patch.name))
        number = 0
        for listed, inside in self._plugins(text, kustomization):
            yield from self._settled(pins_of_plugin(inside, self._known), inside.path, at(Stage.RESOURCES))
            yield from self._of_uses(uses_in_plugin(inside, self._known))
            for item in image_tags(inside) if listed == "transformers" else ():
                yield from self._settled(
                    image_pins(inside, item, self._known), inside.path, at(Stage.PLUGINS, number)
                )
                number += 1

    def _of_uses(self, uses: Iterator[Use]) -> Iterator[tuple[Pin, list[Standing | None]]]:
        """The pins among the values that the chart is given."""
        for use in uses:
            values = [value for path in use.files for value in self._values(path)]
            for pin in pins_of_values(list(seen_by([*values, *use.values], use.below)), self._known):
                others = [user for user in self._users.get(pin.span.path, ()) if user not in self.closure.files]
                shared = self.usage.shared.get(pin.span.path) or next(iter(others), None)
                yield replace(pin, shared_with=shared), []

    def _umbrella(self, text: Text) -> Iterator[Use]:
        """A chart of one's own around the component's, with all values files beside it."""
        directory = text.path.rpartition("/")[0]
        beside = [path for path in self.closure.files if path.rpartition("/")[0] == directory]
        files = sorted(path for path in beside if path.endswith(_SUFFIXES) and not declares_dependencies(path))
        for below in names_below(text, self._known):
            yield Use(files=tuple(files), below=below)
            yield from uses_by_applications(self.tree, self.found, directory, below)

    def _copies(self, text: Text, kustomization: Kustomization) -> Iterator[Text]:
        """`Chart.yaml` of the component's chart where a kustomization inflates a copy of it."""
        settings = kustomization.fields.get("helmGlobals")
        home = text_of(settings.get("chartHome")) if isinstance(settings, dict) else ""
        for item, chart in charts_of_kustomization(text, self._known):
            name = text_of(field_of(to_python(item), "name"))
            path = self._target(kustomization, posixpath.join(home or "charts", name, CHART_FILE))
            copy = self._text(path) if chart is None and name else None
            if copy is not None:
                yield copy

    def _values(self, path: str) -> Iterator[Value]:
        text = self._text(path)
        if text is not None:
            self.values.add(path)
            yield from values_of_text(text)

    @cached_property
    def _users(self) -> dict[str, list[str]]:
        return users_of_values(self.tree, self.found)

    @cached_property
    def _known(self) -> Component:
        """The component with every name that its image has here: what `images` make of it, and what is called alike
        in other registries, as builds of one's own are."""
        names = set(self.component.images)
        for file in self.closure.files if self.component.quay else ():
            names.update(called_alike(self._data(file), self.component.quay.rpartition("/")[2]))
        return replace(self.component, images=tuple(sorted(self._renaming.aliases(names))))

    @cached_property
    def _renaming(self) -> Renaming:
        plugins: dict[str, list[ImageEntry]] = {}
        for file, kustomization in self._kustomizations.items():
            text = self._text(file)
            for listed, inside in self._plugins(text, kustomization) if text is not None else ():
                if listed == "transformers":
                    entries = (to_python(item) for item in image_tags(inside))
                    plugins.setdefault(file, []).extend(image_entry(e) for e in entries if isinstance(e, dict))
        return Renaming(self._kustomizations, plugins, self._target)

    @cached_property
    def _kustomizations(self) -> dict[str, Kustomization]:
        found: dict[str, Kustomization] = {}
        for file in sorted(self.closure.kustomizations):
            try:
                found[file] = load(self.tree, file, self.memo)
            except GitopsError:
                continue
        return found

    def _plugins(self, text: Text, kustomization: Kustomization) -> Iterator[tuple[str, Text]]:
        for listed, path, inline in plugins_of(text):
            inside = inline or self._text(self._target(kustomization, path))
            if inside is not None:
                yield listed, inside

    def _settled(
        self, pins: Iterator[Pin], path: str, places: list[Standing | None]
    ) -> Iterator[tuple[Pin, list[Standing | None]]]:
        """The pins of a file with what is known from where the file stands, and those places."""
        shared_with = self.usage.shared.get(path)
        for pin in pins:
            settled = replace(pin, shared_with=shared_with)
            if pin.image:
                ways = [self._renaming.way(pin.image, place) for place in places if place is not None]
                # What is overridden on every way decides nothing.
                way = next((way for way in ways if not way.overridden), ways[0] if ways else None)
                if way is not None:
                    settled = replace(settled, image=way.met, runs=way.runs, overridden=way.overridden)
                else:
                    settled = replace(settled, runs=pin.image)
            yield settled, places

    def _target(self, kustomization: Kustomization, value: str) -> str | None:
        try:
            return self.tree.resolve(posixpath.join(kustomization.directory, value))
        except GitopsError:
            return None

    def _data(self, path: str) -> bytes:
        try:
            return self.tree.read(self.tree.resolve(path))
        except GitopsError:
            return b""

    def _text(self, path: str | None) -> Text | None:
        if path is None or path not in self.tree:
            return None
        try:
            text = Text.of_file(path, self.tree.read(self.tree.resolve(path)))
            text.documents()
        except (GitopsError, MalformedYaml):
            return None
        return text
