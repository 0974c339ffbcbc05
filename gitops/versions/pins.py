"""What pins a component's version, and where exactly it is written."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from packaging.version import InvalidVersion, Version

from gitops.spans import Span


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
    `sha256:...` beside it. `subject` is what is pinned: an image name, a URL, a chart. `shared` tells that something
    other than the overlay uses the file too.
    """

    style: Style
    subject: str
    span: Span
    version: str | None
    place: Place | None
    digest: str | None = None
    digest_place: Place | None = None
    shared: bool = False

    @property
    def parsed(self) -> Version | None:
        """The component's version, None for a chart's version, a branch or a tag that is no version."""
        return None if self.style is Style.CHART or self.version is None else parse_version(self.version)


@dataclass(frozen=True, slots=True)
class Pins:
    """All pins that one overlay sees. `current` is the lowest component version among those that count, None when no
    pin tells one."""

    overlay: str
    pins: tuple[Pin, ...]

    @property
    def current(self) -> Version | None:
        return min((version for pin in self.pins if (version := pin.parsed) is not None), default=None)


def parse_version(text: str) -> Version | None:
    """A tag such as `v3.2.2` or `3.3.0-rc1`; None for what is no full version (`latest`, `stable`, `v3`)."""
    bare = text.removeprefix("v")
    if bare.count(".") < 2 or not bare[:1].isdigit():
        return None
    try:
        return Version(bare)
    except InvalidVersion:
        return None
