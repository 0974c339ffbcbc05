"""Finding the pins of a component in an overlay and all that it reads."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from gitops.closure import Chain, Closure, ParseMemo, kustomization_file, load
from gitops.errors import GitopsError, MalformedYaml
from gitops.kustomization import PLUGINS, Kustomization
from gitops.scan import Scan, scan
from gitops.spans import Span
from gitops.tree import Tree
from gitops.versions.components import Chart, Component
from gitops.versions.images import ImageEntry, image_entries
from gitops.versions.kustomization_pins import patches_of, pins_of_kustomization, pins_of_plugin
from gitops.versions.manifest_pins import Sources, pins_of_manifests, pins_of_patch, sources_of
from gitops.versions.pins import Pin, Pins
from gitops.versions.text import Text
from gitops.versions.usage import Usage, usage_of
from gitops.walk import walk

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
    finder = _Finder(tree, component, closure, usage_of(tree, closure, scanned), parsed)
    pins = (_with_app_version(pin, charts or {}) for pin in finder.pins())
    return Pins(overlay, tuple(sorted(pins, key=_position)), finder.usage.included_by)


def mentions(tree: Tree, overlay: str, component: Component, memo: ParseMemo) -> bool:
    """Whether anything that `overlay` reads names the component at all; cheap, for looking through many overlays."""
    marks = [name.encode() for name in (*component.images, component.repository)]
    marks += [chart.name.encode() for chart in component.charts]
    for path in closure_of(tree, overlay, memo).files:
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


@dataclass
class _Finder:
    tree: Tree
    component: Component
    closure: Closure
    usage: Usage
    memo: ParseMemo

    def pins(self) -> Iterator[Pin]:
        sources = Sources()
        texts = {path: text for path in sorted(self.closure.chains) if (text := self._text(path)) is not None}
        for text in texts.values():
            sources.update(sources_of(text))
        for path, text in texts.items():
            chains = [_upwards(chain) for chain in self.closure.chains[path]]
            yield from self._settled(pins_of_manifests(text, self.component), path, chains)
        for file, kustomization in self._kustomizations.items():
            text = self._text(file)
            if text is None:
                continue
            above = [_upwards(chain) for chain in self.closure.kustomizations[file]]
            yield from self._settled(pins_of_kustomization(text, self.component), file, above)
            patched = [[file, *chain] for chain in above]
            for patch in patches_of(text):
                inside = patch.text or self._text(self._target(kustomization, patch.path))
                if inside is not None:
                    found = pins_of_patch(inside, self.component, sources, patch.kind, patch.name)
                    yield from self._settled(found, inside.path, patched)
            for path in self._plugins(kustomization):
                inside = self._text(path)
                if inside is not None:
                    yield from self._settled(pins_of_plugin(inside, self.component), path, above)

    @cached_property
    def _kustomizations(self) -> dict[str, Kustomization]:
        found: dict[str, Kustomization] = {}
        for file in sorted(self.closure.kustomizations):
            try:
                found[file] = load(self.tree, file, self.memo)
            except GitopsError:
                continue
        return found

    def _plugins(self, kustomization: Kustomization) -> Iterator[str]:
        for reference in kustomization.references:
            if reference.field in PLUGINS:
                path = self._target(kustomization, reference.value)
                if path is not None:
                    yield path

    def _settled(self, pins: Iterator[Pin], path: str, chains: list[list[str]]) -> Iterator[Pin]:
        """The pins of a file with what is known from where the file stands."""
        shared_with = self.usage.shared.get(path)
        for pin in pins:
            image, overridden = self._rendered(pin.image, chains) if pin.image else ("", False)
            yield replace(pin, shared_with=shared_with, image=image, overridden=overridden)

    def _rendered(self, name: str, chains: list[list[str]]) -> tuple[str, bool]:
        """The name by which the overlay's last `images` meets an image, and whether its tag was set on every way."""
        ways = [self._way(name, chain) for chain in chains] or [(name, False)]
        return next((way for way in ways if not way[1]), ways[0])

    def _way(self, name: str, chain: list[str]) -> tuple[str, bool]:
        overridden = False
        met = name
        for file in chain:
            own = image_entries(self._kustomizations[file].fields) if file in self._kustomizations else ()
            for entry in (*self._component_entries(file, ()), None, *own):
                if entry is None:
                    met = name  # as it comes to this kustomization's own list
                elif entry.name == name:
                    name, overridden = entry.new_name, overridden or entry.sets_tag
        return met, overridden

    def _component_entries(self, file: str, open_: tuple[str, ...]) -> list[ImageEntry]:
        """The `images` of a kustomization's components, which act before its own."""
        kustomization = self._kustomizations.get(file)
        if kustomization is None or file in open_:
            return []
        entries: list[ImageEntry] = []
        for reference in kustomization.references:
            if reference.field == "components":
                target = self._target(kustomization, reference.value)
                for other, known in self._kustomizations.items():
                    if target is not None and known.directory == target:
                        entries.extend(self._component_entries(other, (*open_, file)))
                        entries.extend(image_entries(known.fields))
        return entries

    def _target(self, kustomization: Kustomization, value: str) -> str | None:
        try:
            return self.tree.resolve(posixpath.join(kustomization.directory, value))
        except GitopsError:
            return None

    def _text(self, path: str | None) -> Text | None:
        if path is None or path not in self.tree:
            return None
        try:
            text = Text.of_file(path, self.tree.read(self.tree.resolve(path)))
            text.documents()
        except (GitopsError, MalformedYaml):
            return None
        return text


def _upwards(chain: Chain) -> list[str]:
    return [reference.kustomization for reference in reversed(chain)]
