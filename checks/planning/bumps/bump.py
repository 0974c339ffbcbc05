"""Planning a bump: every pin that the overlay decides moves, and no file that anything else uses is touched.

All pins of a component move together or none: an image that moves alone runs with the CRDs and RBAC of the old
version. So one pin that is left for a person keeps all others back.
"""

from __future__ import annotations

from collections.abc import Iterator

from checks.planning.bumps.argocd_settings import settings_lost
from checks.planning.bumps.builds import is_build
from checks.planning.bumps.plan import BumpPlan
from checks.planning.bumps.planner import Planner
from checks.planning.bumps.verify import verify
from gitops.discovery.scan import Scan
from gitops.files.errors import GitopsError
from gitops.files.tree import Tree
from gitops.versions.components import Component
from gitops.versions.find import ChartIndex, find_pins
from gitops.versions.pins.model import Pins, parse_version, split_build


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

    What stands behind the version in `tag` (`v3.3.0-custom.1`) is for builds of one's own; all else goes to the
    version itself. `digest` (`sha256:...`) is the image's; needed only where a digest is pinned. `pins` are those of
    `find_pins` if they are known. Raises `NoVersion` when `tag` is no version, `CannotEdit` for a file that lines
    cannot be put into.
    """
    written, build = split_build(tag)
    version = parse_version(written)
    if version is None:
        raise NoVersion(f"{tag} is no version such as v3.2.2")
    known = pins if pins is not None else find_pins(tree, overlay, component, found=found, charts=charts)
    if build and not any(pin.decides and split_build(pin.version or "")[0] and is_build(pin) for pin in known.pins):
        raise NoVersion(
            f"{tag} is no version of {component.name}, and nothing in {overlay or 'the root'} pins a build"
        )
    planner = Planner(tree, overlay, component, written, build, version, digest, charts or {}, known)
    for pin in known.pins:
        planner.take(pin)
    planner.add_overrides()
    moves, edits = tuple(planner.moves), planner.edits()
    plan = BumpPlan(
        component,
        overlay,
        written,
        version,
        digest,
        known,
        () if planner.reported else edits,
        () if planner.reported else moves,
        tuple(planner.reported),
        moves if planner.reported else (),
        (*_about(known), *settings_lost(tree, known, component, version, {})),
        tuple(_copies(known, component, written)),
    )
    verify(tree, plan)
    return plan


def _about(pins: Pins) -> Iterator[str]:
    versions = {str(version): pin for pin in pins.pins if pin.decides and (version := pin.parsed) is not None}
    if len(versions) > 1:
        places = ", ".join(f"{version} in {pin.span}" for version, pin in sorted(versions.items()))
        yield f"The pins do not agree today: {places}"


def _copies(pins: Pins, component: Component, tag: str) -> Iterator[str]:
    for span, name in pins.definitions:
        url = dict(component.definitions)[name].replace("{tag}", tag)
        yield f"{span} is a copy of the CRD {name}, which does not move with the version: take the one of {url}"
