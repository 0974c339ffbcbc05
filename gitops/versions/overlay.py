"""Which overlay a component is bumped in when the configuration does not say: the one below `staging`."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Final

from gitops.applications.application import Origin, is_application, parse_application
from gitops.discovery.scan import Scan
from gitops.files.errors import GitopsError
from gitops.files.tree import Tree
from gitops.kustomize.closure import ParseMemo
from gitops.kustomize.kustomization import FILE_NAMES
from gitops.versions.components import ARGO_CD, Component
from gitops.versions.find import closure_of, find_pins, mentions, named_anywhere
from gitops.versions.pins.model import Pins
from gitops.versions.pins.umbrella import CHART_FILE

STAGING: Final = "staging"
_PLAIN: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9/_.-]*")
_LISTED: Final = 5


class NoOverlay(GitopsError):
    """There is no overlay to bump in, or more than one; one sentence without a full stop. `directories` are those
    that pin the component all the same."""

    def __init__(self, message: str, directories: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.directories = directories


def is_first(directory: str, configured: str | None) -> bool:
    """Whether versions are tried in this directory first: the configured one, else one below `staging`."""
    if configured is not None:
        named = configured.endswith((".yaml", ".yml"))
        return directory == (configured.rpartition("/")[0] if named else configured)
    return STAGING in directory.lower().split("/")


def find_overlay(
    tree: Tree, component: Component, found: Scan, memo: ParseMemo, configured: str | None = None
) -> Pins:
    """The pins of the overlay to bump in: the configured directory (or that of the configured kustomization file),
    else the one below a path segment `staging` that pins the component. Raises `NoOverlay`.
    """
    if configured is not None:
        return _configured(tree, component, found, memo, configured)
    candidates = _directories(tree, found)
    outer = _outermost(tree, component, found, memo, [d for d in candidates if STAGING in d.lower().split("/")])
    plain: list[str] = []
    if not outer and named_anywhere(tree, component):
        # In a large repository without the component nothing needs to be followed.
        plain = _plain(tree, found)
        outer = _outermost(tree, component, found, memo, [d for d in plain if STAGING in d.lower().split("/")])
        plain += candidates
    if len(outer) == 1:
        return outer[0]
    if not outer:
        elsewhere = [pins.overlay for pins in _outermost(tree, component, found, memo, sorted(plain))]
        if not elsewhere:
            raise NoOverlay(f"nothing in this repository pins {component.name}")
        what = f"no kustomization below a directory `{STAGING}` pins {component.name}"
        raise NoOverlay(f"{what}; {_advice(component, elsewhere)}", tuple(elsewhere))
    listed = [pins.overlay for pins in outer]
    raise NoOverlay(_advice(component, listed, f"pin {component.name}"), tuple(listed))


def _configured(tree: Tree, component: Component, found: Scan, memo: ParseMemo, configured: str) -> Pins:
    directory, _, name = configured.rpartition("/")
    if configured in tree and name in (*FILE_NAMES, CHART_FILE):
        configured = directory
    if not tree.is_dir(configured):
        if configured in tree:
            what = f"`{_key(component)}` names the file {configured}, and it takes a directory"
        else:
            what = f"the overlay {configured} of {component.name} does not exist"
    else:
        pins = find_pins(tree, configured, component, found=found, memo=memo)
        if pins.pins:
            return pins
        what = f"nothing in {configured or 'the root'} or its bases pins {component.name}"
    elsewhere = [pins.overlay for pins in _outermost(tree, component, found, memo, _directories(tree, found))]
    advice = _advice(component, elsewhere) if elsewhere else "nor does anything else in this repository"
    raise NoOverlay(f"{what}; {advice}", tuple(elsewhere))


def _outermost(
    tree: Tree, component: Component, found: Scan, memo: ParseMemo, directories: Iterable[str]
) -> list[Pins]:
    """Of these directories those that pin the component, without those that another of them takes in."""
    pinned: dict[str, Pins] = {}
    inner: set[str] = set()
    for directory in directories:
        if not mentions(tree, directory, component, memo):
            continue
        pins = find_pins(tree, directory, component, found=found, memo=memo)
        if pins.pins:
            pinned[directory] = pins
            inner |= {_directory(f) for f in closure_of(tree, directory, memo).kustomizations} - {directory}
    # What takes in another overlay decides over that one's files too.
    return [pins for directory, pins in pinned.items() if directory not in inner]


def _directories(tree: Tree, found: Scan) -> list[str]:
    """Directories with a kustomization, with a chart of one's own, or with Applications that none lists; sorted."""
    directories = {
        _directory(file) for file, known in found.kustomizations.items() if known.fields.get("kind") != "Component"
    }
    directories |= {_directory(path) for path in found.declared if path not in found.listed_by}
    directories |= {_directory(path) for path in tree.paths() if path.rpartition("/")[2] == CHART_FILE}
    return sorted(directories)


def _plain(tree: Tree, found: Scan) -> list[str]:
    """Directories of plain manifests that Applications deploy; sorted. The root, which holds everything, is none."""
    paths = {
        source.path
        for declared in found.declared.values()
        for one in declared
        if is_application(one.manifest)
        for source in parse_application(one.manifest, Origin(one.span)).sources
        if source.path and not source.helm and source.plugin is None
    }
    known = set(_directories(tree, found))
    return sorted(path for path in paths if path not in known and tree.is_dir(path))


def _advice(component: Component, directories: list[str], verb: str = "do") -> str:
    """Which directories pin the component, and what to write where."""
    listed = ", ".join(directory or "the root" for directory in directories[:_LISTED])
    more = f" and {len(directories) - _LISTED} more" if len(directories) > _LISTED else ""
    if len(directories) == 1:
        return f"{listed} does: write `{_yaml(component, directories[0])}` into .github/argofix.yaml"
    example = next((directory for directory in directories if "prod" not in directory.lower()), directories[0])
    written = _yaml(component, example)
    return f"{listed}{more} {verb}: say which is meant in .github/argofix.yaml, for example `{written}`"


def _yaml(component: Component, directory: str) -> str:
    quoted = directory if _PLAIN.fullmatch(directory) else json.dumps(directory or ".")
    if component.name == ARGO_CD.name:
        return f"argocd: {{overlay: {quoted}}}"
    return f"versions: {{{component.name}: {{overlay: {quoted}}}}}"


def _key(component: Component) -> str:
    return "argocd.overlay" if component.name == ARGO_CD.name else f"versions.{component.name}.overlay"


def _directory(file: str) -> str:
    return file.rpartition("/")[0]
