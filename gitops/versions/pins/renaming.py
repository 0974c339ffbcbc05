"""What becomes of an image between the place that pins it and what the overlay renders.

kustomize accumulates a kustomization's resources and generators, then its components one after the other (each acts
on all that is there), and transforms last: patches, `images`, then the plugins of `transformers` (kustomize
api/internal/target/kusttarget.go and kusttarget_configplugin.go).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum

from gitops.kustomize.closure import Chain
from gitops.kustomize.kustomization import Kustomization
from gitops.versions.pins.images import ImageEntry, image_entries


class Stage(IntEnum):
    """The steps of one kustomization, in their order."""

    RESOURCES = 0
    COMPONENTS = 1
    PATCHES = 2
    IMAGES = 3
    PLUGINS = 4


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a pin acts: in step `stage` of the kustomization `file`, as entry number `index` of that step. `above`
    are the entries, the overlay's first, that bring the kustomization in."""

    file: str
    stage: Stage
    index: int
    above: Chain

    @classmethod
    def of_resource(cls, chain: Chain) -> Standing | None:
        """Of a file that the last entry of `chain` lists; None for a file that no kustomization lists."""
        if not chain:
            return None
        last = chain[-1]
        return cls(last.kustomization, _stage_of(last.field), last.index, chain[:-1])


@dataclass(frozen=True, slots=True)
class Way:
    """What one way to the overlay makes of an image: its name where the overlay's own `images` meet it (`met`) and in
    the end (`runs`), and whether it gets another tag on the way."""

    met: str
    runs: str
    overridden: bool


@dataclass(frozen=True, slots=True)
class Renaming:
    """`kustomizations` by file, `plugins` the entries of a kustomization's image transformers, in order; `target`
    gives the directory or file that a kustomization's entry leads to."""

    kustomizations: Mapping[str, Kustomization]
    plugins: Mapping[str, list[ImageEntry]]
    target: Callable[[Kustomization, str], str | None]

    def way(self, name: str, standing: Standing) -> Way:
        """What becomes of images called `name` (as the pin leaves them)."""
        overridden = False
        met = name
        for step in self._behind(standing):
            if step is None:
                met = name
            elif step.name == name:
                name, overridden = step.new_name, overridden or step.sets_tag
        return Way(met, name, overridden)

    def aliases(self, names: Iterable[str]) -> set[str]:
        """These names, and all that entries anywhere make of them."""
        known = set(names)
        entries = [entry for file in self.kustomizations for entry in self._own(file)]
        while fresh := {entry.new_name for entry in entries if entry.name in known} - known:
            known |= fresh
        return known

    def _behind(self, standing: Standing) -> Iterator[ImageEntry | None]:
        """The entries that act after a pin, None where the overlay's own begin."""
        file, stage, index = standing.file, standing.stage, standing.index
        above = list(standing.above)
        while True:
            yield from self._rest(file, stage, index, is_overlay=not above)
            if not above:
                return
            last = above.pop()
            file, stage, index = last.kustomization, _stage_of(last.field), last.index

    def _rest(self, file: str, stage: Stage, index: int, *, is_overlay: bool) -> Iterator[ImageEntry | None]:
        kustomization = self.kustomizations.get(file)
        if kustomization is None:
            return
        if stage <= Stage.COMPONENTS:
            yield from self._components(kustomization, index + 1 if stage is Stage.COMPONENTS else 0, {file})
        if is_overlay and stage < Stage.IMAGES:
            yield None
        if stage <= Stage.IMAGES:
            yield from list(image_entries(kustomization.fields))[index + 1 if stage is Stage.IMAGES else 0 :]
        yield from self.plugins.get(file, [])[index + 1 if stage is Stage.PLUGINS else 0 :]

    def _components(self, kustomization: Kustomization, first: int, done: set[str]) -> Iterator[ImageEntry]:
        """All that the components from number `first` on do; one that is taken in twice counts once."""
        for reference in kustomization.references:
            if reference.field != "components" or reference.index < first:
                continue
            target = self.target(kustomization, reference.value)
            for file, known in self.kustomizations.items():
                if target is not None and known.directory == target and file not in done:
                    done.add(file)
                    yield from self._components(known, 0, done)
                    yield from self._own(file)

    def _own(self, file: str) -> Iterator[ImageEntry]:
        yield from image_entries(self.kustomizations[file].fields)
        yield from self.plugins.get(file, ())


def _stage_of(field: str) -> Stage:
    return Stage.COMPONENTS if field == "components" else Stage.RESOURCES
