"""Planning a bump: every pin that the overlay decides moves, and no file that anything else uses is touched."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from packaging.version import Version

from checks.versions.argocd_settings import settings_lost
from checks.versions.plan import BumpPlan, Move, Report
from gitops.closure import kustomization_file
from gitops.documents import read_documents
from gitops.errors import GitopsError
from gitops.scan import Scan
from gitops.spans import apply_edits, edits_by_path
from gitops.tree import Tree
from gitops.versions.components import Component
from gitops.versions.edits import CannotEdit, FileEdits, Override
from gitops.versions.find import ChartIndex, find_pins
from gitops.versions.pins import Pin, Pins, Style, parse_version
from gitops.versions.vendored import renewal


class NoVersion(GitopsError):
    """The version to go to is none."""


def plan_bump(
    tree: Tree,
    overlay: str,
    component: Component,
    tag: str,
    digest: str | None = None,
    *,
    pins: Pins | None = None,
    found: Scan | None = None,
    charts: ChartIndex | None = None,
) -> BumpPlan:
    """What takes `component` to `tag` (`v3.3.0`) in the directory `overlay`.

    `digest` (`sha256:...`) is the image's; needed only where a digest is pinned. `pins` are those of `find_pins` if
    they are known. Raises `NoVersion` when `tag` is no version.
    """
    version = parse_version(tag)
    if version is None:
        raise NoVersion(f"{tag} is no version such as v3.2.2")
    known = pins if pins is not None else find_pins(tree, overlay, component, found=found, charts=charts)
    planner = _Planner(tree, overlay, component, tag, version, digest, charts or {})
    for pin in known.pins:
        planner.take(pin)
    planner.add_overrides()
    blocked = any(report.blocking for report in planner.reported)
    edits = () if blocked else tuple(edit for file in planner.files.values() for edit in file.edits())
    plan = BumpPlan(
        component,
        overlay,
        tag,
        version,
        digest,
        known,
        edits,
        () if blocked else tuple(planner.moves),
        tuple(planner.reported),
        (*planner.notes, *_about(known, component, tag), *settings_lost(tree, known, component, version, {})),
    )
    _verify(tree, plan)
    return plan


def _about(pins: Pins, component: Component, tag: str) -> Iterator[str]:
    versions = {str(version): pin for pin in pins.pins if pin.movable and (version := pin.parsed) is not None}
    if len(versions) > 1:
        places = ", ".join(f"{version} in {pin.span}" for version, pin in sorted(versions.items()))
        yield f"The pins do not agree today: {places}"
    published = f"quay.io/{component.quay}"
    for subject in dict.fromkeys(pin.image for pin in pins.pins if pin.image and pin.movable):
        if subject != published and not subject.startswith("quay.io/"):
            yield f"{subject} is not pulled from {published}: see to it that {tag} is there too"


@dataclass
class _Planner:
    tree: Tree
    overlay: str
    component: Component
    tag: str
    version: Version
    digest: str | None
    charts: ChartIndex
    files: dict[str, FileEdits] = field(default_factory=dict)
    moves: list[Move] = field(default_factory=list)
    reported: list[Report] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    overridden: dict[str, list[Pin]] = field(default_factory=dict)

    def take(self, pin: Pin) -> None:
        """Decide what becomes of one pin."""
        current = pin.parsed
        if current is not None and current > self.version:
            if pin.movable:
                self.notes.append(f"{pin.span} pins {pin.version} already, which is newer, and stays")
        elif self._is_there(pin):
            return
        elif pin.style is Style.VENDORED:
            self._vendored(pin)
        elif pin.style is not Style.CHART and pin.version is not None and current is None:
            if not pin.overridden:  # else it does not matter what is written there (`latest`, as upstream has it)
                self._report(
                    pin, f"{pin.span} follows `{pin.version}`, which is no version: there is nothing to move"
                )
        elif pin.style is not Style.CHART and pin.version is None and pin.digest is None:
            self._report(pin, f"{pin.span} names no version, so it follows the default branch")
        elif pin.shared_with is not None:
            self._shared(pin)
        elif pin.style is Style.CHART:
            self._chart(pin)
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
                    self._report(pin, f"{pin.span} cannot be overridden in {self.overlay}: {error}", blocking=True)
                continue
            self.moves.extend(Move(pin, at, pin.version or "", self._spelled(pin), override=True) for pin in pins)

    def _is_there(self, pin: Pin) -> bool:
        """Whether a pin says what it should: the version and, where that is known, its digest."""
        if pin.version is None:
            return pin.digest is not None and pin.digest == self.digest
        known = None not in (self.digest, pin.digest) and self._is_published(pin)
        return pin.parsed == self.version and (pin.digest == self.digest or not known)

    def _is_published(self, pin: Pin) -> bool:
        """Whether the published digest is that of this image: a component may have several."""
        quay = self.component.quay
        return pin.subject == quay or pin.subject.endswith(f"/{quay}") or len(self._paths()) == 1

    def _paths(self) -> set[str]:
        return {"/".join(image.split("/")[-2:]) for image in self.component.images}

    def _spelled(self, pin: Pin) -> str:
        """The version as this pin writes versions: with `v` in front or without."""
        if pin.version is None or pin.version.startswith("v") == self.tag.startswith("v"):
            return self.tag
        return self.tag.removeprefix("v") if self.tag.startswith("v") else f"v{self.tag}"

    def _move(self, pin: Pin, new: str) -> None:
        if pin.digest is not None and (self.digest is None or not self._is_published(pin)):
            what = f"{pin.span} pins a digest, and the digest of {pin.subject}:{new} is not known"
            self._report(pin, what, blocking=True)
        elif (pin.version is not None and pin.place is None) or (pin.digest is not None and pin.digest_place is None):
            what = f"{pin.span} is written in a way that argofix does not edit; set it to {new} by hand"
            self._report(pin, what, blocking=True)
        else:
            try:
                file = self._file(pin.span.path)
            except GitopsError as error:
                self._report(pin, str(error), blocking=True)
                return
            if pin.place is not None:
                file.replace(pin.place, new)
            if pin.digest_place is not None and self.digest is not None:
                file.replace(pin.digest_place, self.digest)
            self.moves.append(Move(pin, pin.span, pin.version or "", new))

    def _chart(self, pin: Pin) -> None:
        known = self.charts.get(pin.chart, {}) if pin.chart is not None else {}
        wanted = [
            v for v, app in known.items() if parse_version(app) == self.version and parse_version(v) is not None
        ]
        if not wanted:
            chart = f"{pin.chart.repository} {pin.chart.name}" if pin.chart else pin.subject
            what = (
                f"{pin.span} pins version {pin.version} of the chart {chart}; which version of the chart installs "
                f"{self.tag} is not known here"
            )
            self._report(pin, what, blocking=True)
            return
        new = max(wanted, key=_chart_order)
        if parse_version(pin.version or "") is None:
            self._report(pin, f"{pin.span} follows `{pin.version}`, which is no single version of the chart")
        elif _chart_order(pin.version or "") > _chart_order(new):
            self.notes.append(
                f"{pin.span} pins version {pin.version} of the chart already, which is newer, and stays"
            )
        elif pin.version != new:
            self._move(pin, new)

    def _shared(self, pin: Pin) -> None:
        if pin.overridden:
            return
        if pin.image:
            if pin.digest is not None and (self.digest is None or not self._is_published(pin)):
                what = f"{pin.span} pins a digest, and the digest of {pin.image}:{self.tag} is not known"
                self._report(pin, what, blocking=True)
                return
            self.overridden.setdefault(pin.image, []).append(pin)
            return
        what = f"{pin.span} stands in a file that {pin.shared_with} uses too, so it stays at {pin.version}"
        if pin.style in (Style.REMOTE_BASE, Style.REMOTE_FILE):
            what += (
                f"; an `images` entry in {self.overlay} would run {self.tag} with the CRDs and RBAC of "
                f"{pin.version}. List it in each overlay instead of in the base, then each moves by itself"
            )
        else:
            what += f"; override it with a patch in {self.overlay}"
        self._report(pin, what)

    def _vendored(self, pin: Pin) -> None:
        path = pin.span.path
        command = renewal(self.tree, path, self.component, self.tag)
        what = f"{path} is a copy of {self.component.name}'s own manifest at {pin.version or pin.digest}"
        if pin.overridden or pin.shared_with is not None:
            what += "; its CRDs and RBAC do not move with the image"
        if pin.shared_with is not None:
            what += f". {pin.shared_with} uses it too, so renewing it there reaches more than {self.overlay}"
        self._report(pin, what, command)
        if pin.shared_with is not None and not pin.overridden:
            self._shared(pin)

    def _file(self, path: str) -> FileEdits:
        if path not in self.files:
            if not path:
                raise CannotEdit("it has no kustomization file")
            resolved = self.tree.resolve(path)
            if resolved != path:
                raise CannotEdit(f"{path} is a symlink")
            self.files[path] = FileEdits(path, self.tree.read(path))
        return self.files[path]

    def _report(self, pin: Pin, message: str, command: str = "", *, blocking: bool = False) -> None:
        self.reported.append(Report(pin, message, command, blocking))


def _chart_order(text: str) -> Version:
    return parse_version(text) or Version("0")


def _verify(tree: Tree, plan: BumpPlan) -> None:
    """The edited files must say what they said, but for the versions. Raises `CannotEdit`."""
    words = {text for move in plan.moves for text in (move.old, move.new, move.pin.digest or "")}
    marks = sorted(filter(None, {*words, plan.digest or ""}), key=len, reverse=True)
    for path, edits in edits_by_path(plan.edits).items():
        before = tree.read(path)
        old, new = _leaves(path, before, marks), _leaves(path, apply_edits(before, edits), marks)
        added = [route for route in new if route not in old and route[1:2] != ("images",)]
        lost = [route for route in old if route not in new and route[1:] != ("images",)]
        if added or lost or any(new[route] != text for route, text in old.items() if route in new):
            raise CannotEdit(f"{path} is written in a way that argofix cannot edit line by line")


_Route = tuple[str | int, ...]


def _leaves(path: str, data: bytes, marks: list[str]) -> dict[_Route, str]:
    """Every scalar of a file by its route, with all versions and digests that a bump may exchange made alike."""
    found: dict[_Route, str] = {}
    stack: list[tuple[_Route, Any]] = [((d.index,), d.value()) for d in read_documents(path, data)]
    while stack:
        route, value = stack.pop()
        if isinstance(value, dict):
            stack.extend(((*route, key), item) for key, item in value.items())
        elif isinstance(value, list):
            stack.extend(((*route, index), item) for index, item in enumerate(value))
        else:
            text = repr(value)
            for mark in marks:
                text = text.replace(mark, "\0")
            found[route] = text
    return found
