"""What pins a component's version, and where exactly it is written."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from packaging.version import InvalidVersion, Version

from gitops.spans import Span
from gitops.versions.components import Chart


class Style(StrEnum):
    """The ways to pin a version; the value is what people read."""

    IMAGES = "kustomize images"
    IMAGE = "image"
    REMOTE_BASE = "remote base"
    REMOTE_FILE = "remote file"
    CHART = "Helm chart"
    GIT_REVISION = "git revision"
    VENDORED = "vendored manifest"


@dataclass(frozen=True, slots=True)
class Place:
    """Characters `column` to `end_column` (0-based, end excluded, in code points) of line `line` (1-based)."""

    path: str
    line: int
    column: int
    end_column: int

    @property
    def span(self) -> Span:
        return Span(self.path, self.line, self.line)

    def __str__(self) -> str:
        return f"{self.path}:{self.line}"


@dataclass(frozen=True, slots=True)
class Pin:
    """One place that pins the component.

    `version` is the version as written (`v3.2.2`; the chart's own for `Style.CHART`), None when only a digest pins
    it; `place` is where it is written, None when it cannot be edited there; `digest` and `digest_place` are those of
    `sha256:...` beside it. `subject` is what is pinned: an image name, a URL, a chart.

    `shared_with` names a kustomization or directory outside the overlay that uses the file too; `image` is the
    image's name where the overlay's own `images` would meet it ('' for what no `images` entry changes); `overridden`
    tells that an `images` entry further up sets another tag; `app_version` is the component's version that a chart's
    version installs, where that is known.
    """

    style: Style
    subject: str
    span: Span
    version: str | None
    place: Place | None = None
    digest: str | None = None
    digest_place: Place | None = None
    shared_with: str | None = None
    image: str = ""
    overridden: bool = False
    chart: Chart | None = None
    app_version: str | None = None

    @property
    def parsed(self) -> Version | None:
        """The component's version; None when it is not known, or for a branch or a tag that is no version."""
        text = self.app_version if self.style is Style.CHART else self.version
        return parse_version(text) if text is not None else None

    @property
    def movable(self) -> bool:
        """Whether the overlay decides it: by an edit of the pin, or by an `images` entry over it."""
        if self.shared_with is not None:
            return bool(self.image) and not self.overridden
        return self.style is not Style.VENDORED


@dataclass(frozen=True, slots=True)
class Pins:
    """All pins that one overlay sees, by place. `included_by` are kustomization files that take in the overlay."""

    overlay: str
    pins: tuple[Pin, ...]
    included_by: tuple[str, ...] = ()

    @property
    def current(self) -> Version | None:
        """The component's version: the lowest among the pins that the overlay decides, else among all; None when no
        pin tells one."""
        for pins in ([pin for pin in self.pins if pin.movable], self.pins):
            known = [version for pin in pins if (version := pin.parsed) is not None]
            if known:
                return min(known)
        return None


def parse_version(text: str) -> Version | None:
    """A tag such as `v3.2.2` or `3.3.0-rc1`; None for what is no full version (`latest`, `stable`, `v3`)."""
    bare = text.removeprefix("v")
    if bare.count(".") < 2 or not bare[:1].isdigit():
        return None
    try:
        return Version(bare)
    except InvalidVersion:
        return None
