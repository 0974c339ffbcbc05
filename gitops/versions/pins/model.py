"""What pins a component's version, and where exactly it is written."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from packaging.version import InvalidVersion, Version

from gitops.files.spans import Span
from gitops.versions.components import Chart

# A version as upstream writes it, and what others put behind it for builds of their own (`-custom.1`, `.1`).
_WRITTEN: Final = re.compile(r"(v?\d+\.\d+\.\d+(?:[-.]?(?:rc|alpha|beta|a|b)[-.]?\d*(?![A-Za-z\d]))?)(.*)")


class Style(StrEnum):
    """The ways to pin a version; the value is what people read."""

    IMAGES = "kustomize images"
    IMAGE = "image"
    REMOTE_BASE = "remote base"
    REMOTE_FILE = "remote file"
    CHART = "Helm chart"
    VALUES = "Helm value"
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
    image's name where the overlay's own `images` would meet it ('' for what no `images` entry changes), `runs` its
    name in the end; `overridden` tells that something further up (an `images` entry, a patch) sets another version;
    `app_version` is the component's version that a chart's version installs, where that is known.

    `target` is the kind and name of the Application or ApplicationSet whose source (by number) it pins.

    Without `version` and `digest` an entry of `images` only renames.
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
    runs: str = ""
    overridden: bool = False
    chart: Chart | None = None
    target: tuple[str, str, int] | None = None
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

    @property
    def renames(self) -> bool:
        """Whether it only gives the image another name."""
        return self.style in (Style.IMAGES, Style.VALUES) and self.version is None and self.digest is None

    @property
    def decides(self) -> bool:
        """Whether the version that is written here is the one that runs, as far as the overlay has a say."""
        return self.movable and not self.overridden and not self.renames


@dataclass(frozen=True, slots=True)
class Pins:
    """All pins that one overlay sees, by place. `included_by` are kustomization files that take in the overlay;
    `in_use` maps (image, tag) to a kustomization of the repository that sets it; `values` are the values files that a
    chart of the component is given; `definitions` are copies of the component's CRDs, whose version nothing tells.
    """

    overlay: str
    pins: tuple[Pin, ...]
    included_by: tuple[str, ...] = ()
    in_use: Mapping[tuple[str, str], str] = field(default_factory=dict)
    values: frozenset[str] = frozenset()
    definitions: tuple[tuple[Span, str], ...] = ()

    @property
    def current(self) -> Version | None:
        """The component's version: the lowest among the pins that the overlay decides, else among all, else what
        builds of one's own are made from; None when no pin tells one."""
        deciding = [pin for pin in self.pins if pin.decides]
        for pins in (deciding, [pin for pin in self.pins if pin.movable], self.pins):
            known = [version for pin in pins if (version := pin.parsed) is not None]
            if known:
                return min(known)
        builds = [split_build(pin.version or "") for pin in deciding if pin.style is not Style.CHART]
        return min((version for build in builds if (version := parse_version(build[0])) is not None), default=None)


def split_build(text: str) -> tuple[str, str]:
    """The version that a tag begins with and what stands behind it: (`v3.2.0`, `-custom.1`); (``, TEXT) for what
    begins with no full version."""
    found = _WRITTEN.fullmatch(text)
    return (found[1], found[2]) if found is not None else ("", text)


def parse_version(text: str) -> Version | None:
    """A tag such as `v3.2.2` or `3.3.0-rc1`; None for what is no full version (`latest`, `stable`, `v3`) and for a
    build of one's own (`v3.2.2-custom.1`, `3.2.2.1`), which upstream has never published."""
    written, behind = split_build(text)
    if not written or behind:
        return None
    try:
        return Version(written.removeprefix("v"))
    except InvalidVersion:
        return None
