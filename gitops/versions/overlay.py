"""Which overlay a component is bumped in when the configuration does not say: the one below `staging`."""

from __future__ import annotations

from collections.abc import Iterator

from gitops.closure import ParseMemo
from gitops.errors import GitopsError
from gitops.scan import Scan
from gitops.tree import Tree
from gitops.versions.components import ARGO_CD, Component
from gitops.versions.find import closure_of, find_pins, mentions
from gitops.versions.pins import Pins

STAGING = "staging"


class NoOverlay(GitopsError):
    """There is no overlay to bump in, or more than one; one sentence without a full stop."""


def find_overlay(
    tree: Tree, component: Component, found: Scan, memo: ParseMemo, configured: str | None = None
) -> Pins:
    """The pins of the overlay to bump in: the configured directory, else the one below a path segment `staging` that
    pins the component. Raises `NoOverlay`.
    """
    if configured is not None:
        if not tree.is_dir(configured):
            raise NoOverlay(f"the overlay {configured} of {component.name} does not exist")
        pins = find_pins(tree, configured, component, found=found, memo=memo)
        if not pins.pins:
            raise NoOverlay(f"nothing in {configured} or its bases pins {component.name}")
        return pins
    pinned: dict[str, Pins] = {}
    inner: set[str] = set()
    for directory in _candidates(found):
        if not mentions(tree, directory, component, memo):
            continue
        pins = find_pins(tree, directory, component, found=found, memo=memo)
        if pins.pins:
            pinned[directory] = pins
            inner |= {_directory(f) for f in closure_of(tree, directory, memo).kustomizations} - {directory}
    # What takes in another overlay decides over that one's files too.
    outer = [pins for directory, pins in pinned.items() if directory not in inner]
    if len(outer) == 1:
        return outer[0]
    if not outer:
        raise NoOverlay(
            f"no kustomization below a directory `{STAGING}` pins {component.name}; name the overlay in "
            f"`{_key(component)}`"
        )
    listed = ", ".join(pins.overlay for pins in outer[:5])
    more = f" and {len(outer) - 5} more" if len(outer) > 5 else ""
    raise NoOverlay(f"{listed}{more} pin {component.name}; say which is meant in `{_key(component)}`")


def _candidates(found: Scan) -> Iterator[str]:
    """Directories below a segment `staging` with a kustomization, or with Applications that none lists."""
    directories = {
        _directory(file) for file, known in found.kustomizations.items() if known.fields.get("kind") != "Component"
    }
    directories |= {_directory(path) for path in found.declared if path not in found.listed_by}
    for directory in sorted(directories):
        if STAGING in directory.lower().split("/"):
            yield directory


def _key(component: Component) -> str:
    return "argocd.overlay" if component == ARGO_CD else f"versions.{component.name}.overlay"


def _directory(file: str) -> str:
    return file.rpartition("/")[0]
