"""What becomes of each pin when a component moves: it moves, or it is left for a person who is told why."""

from __future__ import annotations

import shlex
from dataclasses import dataclass, field

from packaging.version import Version

from checks.planning.bumps.builds import is_build, is_published
from checks.planning.bumps.plan import Move, Report
from gitops.files.errors import GitopsError
from gitops.files.spans import Edit
from gitops.files.tree import Tree
from gitops.kustomize.closure import kustomization_file
from gitops.versions.components import Chart, Component
from gitops.versions.edits import CannotEdit, FileEdits, Override
from gitops.versions.find import ChartIndex
from gitops.versions.pins.model import Pin, Pins, Style, parse_version, split_build
from gitops.versions.pins.umbrella import CannotLock, declares_dependencies, lock_change
from gitops.versions.pins.vendored import renewal


@dataclass
class Planner:
    """Takes the pins of an overlay one by one; `moves` and `edits` are what comes of those that move, `reported` the
    others."""

    tree: Tree
    overlay: str
    component: Component
    tag: str
    build: str
    version: Version
    digest: str | None
    charts: ChartIndex
    pins: Pins
    files: dict[str, FileEdits] = field(default_factory=dict)
    moves: list[Move] = field(default_factory=list)
    reported: list[Report] = field(default_factory=list)
    overridden: dict[str, list[Pin]] = field(default_factory=dict)

    def take(self, pin: Pin) -> None:
        """Decide what becomes of one pin."""
        current = pin.parsed
        if pin.overridden and pin.style is not Style.VENDORED:
            self._without_effect(pin)
        elif current is not None and current > self.version:
            what = f"{pin.span} pins {pin.version} already, which is newer, and stays: argofix never goes back"
            self._report(pin, what)
        elif self._is_there(pin):
            return
        elif pin.style is Style.VENDORED:
            self._vendored(pin)
        elif pin.renames:
            self._is_served(pin)
        elif pin.style is Style.CHART:
            if pin.shared_with is not None:
                self._shared(pin)
            else:
                self._chart(pin)
        elif current is None and (pin.version is not None or pin.digest is None):
            self._no_version(pin)
        elif self._is_served(pin):
            if pin.shared_with is not None:
                self._shared(pin)
            else:
                self._move(pin, self._spelled(pin))

    def add_overrides(self) -> None:
        """`images` entries in the overlay for what stands in shared bases."""
        for image, pins in self.overridden.items():
            digest = self.digest if any(pin.digest for pin in pins) else None
            try:
                file = self._file(kustomization_file(self.tree, self.overlay) or "")
                at = file.override(Override(image, self._spelled(pins[0]), digest))
            except GitopsError as error:
                for pin in pins:
                    self._report(pin, f"{pin.span} cannot be overridden in {self.overlay}: {error}")
                continue
            self.moves.extend(Move(pin, at, pin.version or "", self._spelled(pin), override=True) for pin in pins)

    def edits(self) -> tuple[Edit, ...]:
        return tuple(edit for file in self.files.values() for edit in file.edits())

    def _is_there(self, pin: Pin) -> bool:
        """Whether a pin says what it should: the version and, where that is known, its digest."""
        if pin.version is None:
            return pin.digest is not None and pin.digest == self.digest
        known = None not in (self.digest, pin.digest) and is_published(pin, self.component)
        right = pin.parsed == self.version or (bool(self.build) and pin.version == self._spelled(pin))
        return right and (pin.digest == self.digest or not known)

    def _without_effect(self, pin: Pin) -> None:
        """Moves along what something further up overrides, where that is simple: it decides nothing."""
        simple = pin.shared_with is None and pin.place is not None and pin.digest is None
        if simple and pin.parsed is not None and pin.parsed < self.version and not pin.chart:
            self._move(pin, self._spelled(pin))

    def _no_version(self, pin: Pin) -> None:
        if pin.version is None:
            what = f"{pin.span} names no version, so it follows the default branch; write `?ref={self.tag}` behind it"
            self._report(pin, what)
            return
        written, behind = split_build(pin.version)
        if not written:
            what = f"{pin.span} follows `{pin.version}`, which is no version"
            if pin.style is Style.REMOTE_BASE:
                what += f"; write `?ref={self.tag}` there, then all pins move together"
            else:
                what += f": there is nothing to move; write {self.tag} there, then all pins move together"
            self._report(pin, what)
        elif not self.build or pin.shared_with is not None:
            what = (
                f"{pin.span} pins {pin.version}, a build of your own of {written}: whether there is one of "
                f"{self.tag}, nobody has seen; where there is, say so with `--to {self.tag}{behind}`"
            )
            self._report(pin, what)
        else:
            self._move(pin, self._spelled(pin))

    def _is_served(self, pin: Pin) -> bool:
        """Whether the new version can be expected where this image comes from; reports it where not."""
        name = pin.runs or (pin.subject if pin.style in (Style.IMAGE, Style.IMAGES) else "")
        tag = self._spelled(pin)
        if not name or self.component.is_image(name) or (name, tag) in self.pins.in_use:
            return True
        if pin.style in (Style.REMOTE_BASE, Style.REMOTE_FILE):
            what = (
                f"{pin.span} loads {name}, a copy of github.com/{self.component.repository} at {pin.version}, and "
                f"whether {tag} is there nobody has seen; where it is, write it there, then all pins move together"
            )
            self._report(pin, what)
            return False
        listed = ", ".join([*self.component.images, name])
        what = (
            f"{pin.span} runs {name}, and whether {tag} is there nobody has seen. If it is a mirror of "
            f"quay.io/{self.component.quay}, list it in .github/argofix.yaml: "
            f"`versions: {{{self.component.name}: {{images: [{listed}]}}}}`"
        )
        self._report(pin, what)
        return False

    def _spelled(self, pin: Pin) -> str:
        """The version as this pin writes versions: with `v` in front or without, and as a build where it is one."""
        new = self.tag + (self.build if is_build(pin) else "")
        if pin.version is None or pin.version.startswith("v") == new.startswith("v"):
            return new
        return new.removeprefix("v") if new.startswith("v") else f"v{new}"

    def _move(self, pin: Pin, new: str) -> None:
        if not self._digest_is_known(pin, new):
            return
        if (pin.version is not None and pin.place is None) or (pin.digest is not None and pin.digest_place is None):
            what = f"{pin.span} is written in a way that argofix does not edit; set it to {new} by hand"
            self._report(pin, what)
            return
        try:
            file = self._file(pin.span.path)
            lock = lock_change(self.tree, pin, new) if declares_dependencies(pin.span.path) else None
            beside = self._file(lock.path) if lock is not None else None
        except CannotLock as error:
            directory = shlex.quote(pin.span.path.rpartition("/")[0] or ".")
            what = f"{pin.span} is locked: {error}. Set it to {new} and let Helm lock it again"
            self._report(pin, what, f"helm dependency update {directory}")
            return
        except GitopsError as error:
            self._report(pin, f"{pin.span} cannot be edited: {error}")
            return
        if lock is not None and beside is not None:
            for place, old, text in lock.texts:
                beside.replace(place, text)
                self.moves.append(Move(pin, place.span, old, text))
        if pin.place is not None:
            file.replace(pin.place, new)
        if pin.digest_place is not None and self.digest is not None:
            file.replace(pin.digest_place, self.digest)
        self.moves.append(Move(pin, pin.span, pin.version or "", new))

    def _digest_is_known(self, pin: Pin, new: str) -> bool:
        if pin.digest is None or (self.digest is not None and is_published(pin, self.component)):
            return True
        what = f"{pin.span} pins a digest, and the digest of {pin.runs or pin.subject}:{new} is not known"
        self._report(pin, f"{what}; say it with `--digest sha256:...`" if self.digest is None else what)
        return False

    def _chart(self, pin: Pin) -> None:
        wanted = self._installing(pin.chart) if pin.chart is not None else []
        if not wanted:
            chart = f"{pin.chart.repository} {pin.chart.name}" if pin.chart else pin.subject
            what = (
                f"{pin.span} pins version {pin.version} of the chart {chart}; which version of the chart installs "
                f"{self.tag} is not known here: say it with `--chart-version`"
            )
            self._report(pin, what)
            return
        new = max(wanted, key=_chart_order)
        if "{{" in (pin.version or ""):
            what = f"{pin.span} takes the chart's version from a generator (`{pin.version}`): set it to {new} there"
            self._report(pin, what)
        elif parse_version(pin.version or "") is None:
            what = f"{pin.span} follows `{pin.version}`, which is no single version of the chart; write {new} there"
            self._report(pin, what)
        elif _chart_order(pin.version or "") > _chart_order(new):
            what = f"{pin.span} pins version {pin.version} of the chart already, which is newer than {new}, and stays"
            self._report(pin, what)
        elif pin.version != new:
            self._move(pin, new)

    def _installing(self, chart: Chart) -> list[str]:
        """The versions of a chart that install the new version."""
        known = self.charts.get(chart, {}).items()
        return [v for v, app in known if parse_version(app) == self.version and parse_version(v) is not None]

    def _shared(self, pin: Pin) -> None:
        if pin.image:
            if self._digest_is_known(pin, self._spelled(pin)):
                self.overridden.setdefault(pin.image, []).append(pin)
            return
        what = f"{pin.span} stands in a file that {pin.shared_with} uses too, so it stays at {pin.version}"
        if pin.style in (Style.REMOTE_BASE, Style.REMOTE_FILE):
            what += (
                f"; an `images` entry in {self.overlay} would run {self.tag} with the CRDs and RBAC of "
                f"{pin.version}. List it in each overlay instead of in the base, then each moves by itself"
            )
        elif pin.style is Style.VALUES:
            what += f"; give {self.overlay} a values file of its own"
        else:
            what += f"; override it with a patch in {self.overlay}"
        self._report(pin, what)

    def _vendored(self, pin: Pin) -> None:
        path = pin.span.path
        if not pin.image:
            chart = next(chart for chart in self.component.charts if chart.name == pin.subject)
            wanted = self._installing(chart)
            version = f" (version {max(wanted, key=_chart_order)})" if wanted else ""
            what = (
                f"{pin.span} is a copy of the chart {chart.name} that installs {pin.version}; put the one in its "
                f"place that installs {self.tag}{version}, from {chart.repository}"
            )
            self._report(pin, what)
            return
        command = renewal(self.tree, path, self.component, self.tag)
        what = f"{pin.span} is a copy of {self.component.name}'s own manifest at {pin.version or pin.digest}"
        if pin.overridden or pin.shared_with is not None:
            what += "; its CRDs and RBAC do not move with the image"
        if pin.shared_with is not None:
            what += f". {pin.shared_with} uses it too, so renewing it there reaches more than {self.overlay}"
        self._report(pin, what, command)

    def _file(self, path: str) -> FileEdits:
        if path not in self.files:
            if not path:
                raise CannotEdit("it has no kustomization file")
            resolved = self.tree.resolve(path)
            if resolved != path:
                raise CannotEdit(f"{path} is a symlink")
            self.files[path] = FileEdits(path, self.tree.read(path))
        return self.files[path]

    def _report(self, pin: Pin, message: str, command: str = "") -> None:
        self.reported.append(Report(pin, message, command))


def _chart_order(text: str) -> Version:
    return parse_version(text) or Version("0")
