"""Applications that stand in a file and that no cluster gets: why, as far as the files tell.

Nothing here is said of what something deployed brings in. A file that stands by itself could be applied by hand, so
there has to be a sign: a name that has to be filled in, a place for tests, a neighbour's list that leaves it out.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gitops.applications.directory import SKIP_MARK, DirectoryOptions
from gitops.applications.placeholders import is_shouted, is_unfilled_name
from gitops.discovery.roots import Declaration, Node, Seed
from gitops.discovery.scan import Declared, Scan, above, takers
from gitops.discovery.set_aside.exclusions import excluding
from gitops.discovery.snapshot import Cause, NotDeployed
from gitops.files.errors import GitopsError
from gitops.files.spans import Span
from gitops.files.tree import Tree
from gitops.resources.manifests import text_of

Why = tuple[Cause, str]

_TESTS = frozenset({"testdata", "fixtures", "fixture", "__fixtures__", "tests", "__tests__", "test-data"})
_ASIDE = frozenset({"disabled", "archive", "archived", "deprecated", "unused", "inactive", "attic", "graveyard"})
_PATCHES = frozenset({"patch", "patches"})


def excluded(path: str, patterns: Sequence[str]) -> Why | None:
    """Whether the configuration says that nobody deploys this file."""
    pattern = excluding(patterns, path)
    return (Cause.EXCLUDED, f"`exclude: {pattern}` in the configuration") if pattern is not None else None


def unnamed(manifest: Mapping[str, Any]) -> Why | None:
    """Whether a manifest cannot be applied before its name has been filled in."""
    name = _metadata(manifest, "name")
    if not is_unfilled_name(name):
        return None
    return Cause.TEMPLATE, f"its name `{name[:80]}` has to be filled in"


def by_itself(path: str, manifest: Mapping[str, Any] | None = None) -> Why | None:
    """Why a file that nothing in the repository brings in is not meant for a cluster."""
    directories = path.split("/")[:-1]
    for name in directories:
        if name.lower().lstrip("_.") in _TESTS or name.lower() in _TESTS:
            return Cause.FIXTURE, f"it lies in `{name}`"
        if name.lower().lstrip("_.") in _ASIDE:
            return Cause.SWITCHED_OFF, f"it lies in `{name}` and nothing brings it in"
    if manifest is None:
        return None
    return unnamed(manifest) or _shouted(manifest) or _exported(manifest) or _partial(path, manifest)


def _shouted(manifest: Mapping[str, Any]) -> Why | None:
    """Where something brings it in, Kubernetes refuses the name; where nothing does, somebody copies it."""
    name = _metadata(manifest, "name")
    return (Cause.TEMPLATE, f"its name `{name[:80]}` has to be filled in") if is_shouted(name) else None


def _partial(path: str, manifest: Mapping[str, Any]) -> Why | None:
    """A patch that no kustomization names: of an ApplicationSet it has only what it changes."""
    spec = manifest.get("spec")
    has = spec if isinstance(spec, Mapping) else {}
    lacks = [key for key in ("generators", "template") if not has.get(key)]
    patches = any(part in _PATCHES for part in path.lower().split("/")[:-1])
    if manifest.get("kind") != "ApplicationSet" or not lacks or (len(lacks) == 1 and not patches):
        return None
    return Cause.NOT_BROUGHT_IN, f"it has no {' and no '.join(f'`{key}`' for key in lacks)}, so it is a patch at most"


def _exported(manifest: Mapping[str, Any]) -> Why | None:
    """`kubectl get -o yaml`: Kubernetes refuses to apply a uid or a resource version that has gone."""
    marks = [key for key in ("uid", "resourceVersion", "managedFields", "selfLink") if _has(manifest, key)]
    return (Cause.EXPORT, f"a cluster wrote its `metadata.{marks[0]}`") if marks else None


def _has(manifest: Mapping[str, Any], key: str) -> bool:
    metadata = manifest.get("metadata")
    return isinstance(metadata, Mapping) and bool(metadata.get(key))


def _metadata(manifest: Mapping[str, Any], key: str) -> str:
    metadata = manifest.get("metadata")
    return text_of(metadata.get(key)) if isinstance(metadata, Mapping) else ""


def not_made(declaration: Declaration, why: Why) -> NotDeployed:
    """What is brought in, or stands by itself, and why no cluster gets it."""
    return NotDeployed(declaration.name, declaration.namespace, declaration.kind, declaration.origin.span, *why)


def not_deployed(declared: Declared, why: Why) -> NotDeployed:
    """A document and why no cluster gets it."""
    manifest = declared.manifest
    return NotDeployed(
        _metadata(manifest, "name"),
        _metadata(manifest, "namespace"),
        text_of(manifest.get("kind")),
        declared.span,
        *why,
    )


def texts(found: Scan) -> Iterator[NotDeployed]:
    """What stands in files that are not read as manifests."""
    for kind, span in found.templates:
        yield NotDeployed("", "", kind, span, Cause.TEMPLATE, "it is no YAML before something is filled in")
    for kind, span in found.laid_aside:
        name = span.path.rpartition("/")[2]
        yield NotDeployed("", "", kind, span, Cause.SWITCHED_OFF, f"nothing applies a file named `{name}`")


@dataclass(frozen=True, slots=True)
class LeftOut:
    """What lists and directories leave out that bring in the neighbours.

    `listing` has, by directory, a kustomization that lists a declaring file of the same directory; `taking` one that
    takes in a directory with declarations right below its own; `reached` the declaring files that a kustomization
    brings in at any depth; `directories` how Applications read directories as plain manifests.
    """

    tree: Tree
    listed: frozenset[str]
    listing: Mapping[str, str]
    taking: Mapping[str, str]
    reached: Mapping[str, frozenset[str]]
    directories: Mapping[str, Sequence[tuple[str, DirectoryOptions]]]

    @classmethod
    def of(cls, tree: Tree, found: Scan, nodes: Iterable[Node]) -> LeftOut:
        listing: dict[str, str] = {}
        taking: dict[str, str] = {}
        reached: dict[str, set[str]] = {}
        for path in found.declared:
            for file in takers(found, path):
                reached.setdefault(file, set()).add(path)
                directory = _directory(file)
                if file in found.listed_by.get(path, ()) and _directory(path) == directory:
                    listing.setdefault(directory, file)
                for taker in found.including.get(directory, ()):
                    if directory and _directory(taker) == _directory(directory):
                        taking.setdefault(_directory(taker), taker)
        directories: dict[str, list[tuple[str, DirectoryOptions]]] = {}
        for node in nodes:
            for root, options in node.directories:
                directories.setdefault(root, []).append((node.declaration.name, options))
        sets = {file: frozenset(paths) for file, paths in reached.items()}
        return cls(tree, frozenset(found.listed_by), listing, taking, sets, directories)

    def why(self, seed: Seed) -> Why | None:
        """Why a seed that nothing brings in, and that brings in nothing itself, is switched off."""
        if seed.kustomization is not None:
            return self._unlisted_directory(seed.kustomization)
        path = seed.declarations[0].origin.path
        file = self.listing.get(_directory(path))
        if file is not None and path not in self.listed:
            return Cause.SWITCHED_OFF, f"{file} lists its neighbours and not this file"
        return self._passed_over(path)

    def _unlisted_directory(self, file: str) -> Why | None:
        directory = _directory(file)
        taker = self.taking.get(_directory(directory)) if directory else None
        # An overlay shares a base with what is taken in; what is switched off shares nothing.
        if taker is None or self.reached.get(file, frozenset()) & self.reached.get(taker, frozenset()):
            return None
        return Cause.SWITCHED_OFF, f"{taker} takes in its neighbours and not `{posixpath.basename(directory)}`"

    def _passed_over(self, path: str) -> Why | None:
        root = path
        while root:
            root = _directory(root)
            relative = path[len(root) + 1 :] if root else path
            for name, options in self.directories.get(root, ()):
                if "/" in relative and not options.recurse:
                    continue
                if not options.chooses(relative):
                    pattern = f"exclude: {options.exclude}" if options.exclude else f"include: {options.include}"
                    return Cause.SWITCHED_OFF, f"`{name}` leaves it out (`{pattern}`)"
                if self._is_marked(path):
                    return Cause.SWITCHED_OFF, f"its own mark `{SKIP_MARK.decode()}` keeps `{name}` from reading it"
        return None

    def _is_marked(self, path: str) -> bool:
        try:
            return SKIP_MARK in self.tree.read(self.tree.resolve(path))
        except (GitopsError, KeyError):
            return False


def _directory(path: str) -> str:
    return path.rpartition("/")[0]


def unaccounted(found: Scan, told: Mapping[str, Sequence[Span]], names: frozenset[str]) -> Iterator[NotDeployed]:
    """Declarations that are in nothing of what was found: neither in `told` (places by path) nor, for patches, an
    Application of that name."""
    for path, documents in sorted(found.declared.items()):
        places = told.get(path, ())
        begins = {place.line for place in places}
        for declared in documents:
            line = declared.span.line
            # The look through all of them is for the few whose place is only known roughly.
            if line in begins or any(place.line <= line <= place.end_line for place in places):
                continue
            if path in found.patches and _metadata(declared.manifest, "name") in names:
                continue
            why = by_itself(path, declared.manifest) or (Cause.NOT_BROUGHT_IN, _why_not(found, path))
            yield not_deployed(declared, why)


def _why_not(found: Scan, path: str) -> str:
    listers = sorted(found.listed_by.get(path, ()))
    if path in found.patches and not listers:
        return "it is used as a patch only"
    if not listers:
        return "nothing that is deployed brings it in"
    if not above(found, path)[0]:
        return f"only {listers[0]} lists it, a component that no kustomization uses"
    return f"{listers[0]} lists it, and nothing that is deployed renders it from there"
