"""One pass over a tree: what declares Applications, and how kustomizations include each other.

Blobs are looked at once: `ScanMemo` keeps, per git blob id, whether it can matter at all, so that the scan of the
next commit reads only what changed.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Collection, Iterable, Iterator, MutableMapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from gitops.applications.application import (
    Application,
    Origin,
    content_of,
    is_application,
    is_application_set,
    parse_application,
)
from gitops.applications.argocd_config import INSTALLS, TELLING, bits_of
from gitops.discovery.applied import APPLIES, READMES, SCRIPTS
from gitops.discovery.set_aside.laid_aside import Kinds, is_laid_aside, kinds_in, unfilled
from gitops.files.documents import read_documents
from gitops.files.errors import GitopsError, MalformedYaml, NotHere
from gitops.files.spans import Span
from gitops.files.tree import MODE_SUBMODULE, MODE_SYMLINK, Tree
from gitops.kustomize.closure import ParseMemo, load
from gitops.kustomize.kustomization import FILE_NAMES, Kustomization, is_inline
from gitops.resources.manifests import text_of
from gitops.resources.rendering import BuildOptions

SUFFIXES = (".yaml", ".yml", ".json")
PARSED = 10  # times its length is what a parsed file takes, with what is worked out of it
_BUILD_OPTIONS = b"kustomize.buildOptions"

# Argo CD waits for an Application's health between sync waves only where argocd-cm (or the operator's ArgoCD) says
# how that is told: "resource.customizations.health.argoproj.io_Application", formerly one key for all kinds.
_HEALTH = re.compile(
    rb"health\.argoproj\.io_Application(?![A-Za-z])|argoproj\.io/Application[\"']?:[ \t]*\r?\n[ \t]+health\.lua"
)
_OPERATOR_HEALTH = re.compile(rb"(?m)^[ \t-]*kind:[ \t]*Application[ \t\r]*$")
_ARGOCD_CM = re.compile(rb"\bname[\"']?:[ \t]*[\"']?argocd-cm(?![-\w])")

# What a blob can hold, as bits; 0 means: never read it again.
DECLARES, CONFIGURES, TELLS_HEALTH, IS_ARGOCD_CM = 1, 2, 4, 8
COMMANDS = 256  # beside those of `gitops.applications.argocd_config`
ScanMemo = MutableMapping[str, int]


@dataclass(frozen=True)
class Declared:
    """An Application or ApplicationSet document as it stands in a file; the items of a List share its lines. What is
    worked out of it is kept with it, for the next commit that has it too."""

    manifest: dict[str, Any]
    span: Span

    @property
    def place(self) -> tuple[str, int]:
        return (self.span.path, self.span.line)

    @cached_property
    def content(self) -> str:
        """Tells equal manifests from different ones (`Declaration.id`)."""
        return content_of(self.manifest)

    @cached_property
    def application(self) -> Application | None:
        """The Application as it is when this file is read directly; None of an ApplicationSet."""
        return parse_application(self.manifest, Origin(self.span)) if is_application(self.manifest) else None


@dataclass(frozen=True, slots=True)
class Said:
    """What one file says: its declarations and kustomize's build options, or why it cannot be read and what it is
    then (`templates`). `size` is about how many bytes that takes."""

    size: int
    declared: tuple[Declared, ...] = ()
    options: tuple[str, ...] = ()
    error: MalformedYaml | None = None
    templates: tuple[tuple[str, Span], ...] = ()


SaidMemo = MutableMapping[tuple[str, str], Said]


@dataclass(slots=True)
class Scan:
    """`declared` by file; `including` maps a kustomization directory to the kustomization files that take it in;
    `listed_by` a resource file to the kustomization files that list it; `patches` are files used as patches;
    `unread` explains files that look as if they declare something and cannot be read; `malformed` are kustomizations
    that are no YAML; `templates` are the Applications of files that are no YAML before something is filled in,
    `laid_aside` those of files whose names say that nothing applies them; `application_health` is
    `Snapshot.application_health`; `linked` are files to which symbolic links lead, `bringing` the kustomization
    files that take in a declaring file, at any depth; `telling` are files that say something of Argo CD itself, with
    their bits (`gitops.applications.argocd_config`), `installing` those that may hold a part of its installation;
    `charts` are Helm charts with Applications in their templates, each with the first of these; `applying` are
    scripts and READMEs with commands that apply something."""

    declared: dict[str, list[Declared]] = field(default_factory=dict)
    kustomizations: dict[str, Kustomization] = field(default_factory=dict)
    including: dict[str, set[str]] = field(default_factory=dict)
    listed_by: dict[str, set[str]] = field(default_factory=dict)
    patches: set[str] = field(default_factory=set)
    unread: list[tuple[str, Span]] = field(default_factory=list)
    malformed: dict[str, MalformedYaml] = field(default_factory=dict)
    build_options: BuildOptions | None = None
    application_health: bool | None = None
    templates: Kinds = field(default_factory=list)
    laid_aside: Kinds = field(default_factory=list)
    linked: set[str] = field(default_factory=set)
    bringing: frozenset[str] = frozenset()
    telling: list[tuple[str, int]] = field(default_factory=list)
    installing: list[str] = field(default_factory=list)
    charts: dict[str, str] = field(default_factory=dict)
    applying: list[str] = field(default_factory=list)


def scan(tree: Tree, memo: ScanMemo, parsed: ParseMemo, said: SaidMemo | None = None) -> Scan:
    """Look at every YAML and JSON file of the tree. Never raises for what the repository holds."""
    said = {} if said is None else said
    result = Scan()
    options: list[str] = []
    candidates: list[tuple[str, int]] = []
    seen = 0
    for path in tree.paths():
        name = path.rpartition("/")[2]
        meant = name in FILE_NAMES or path.endswith(SUFFIXES)
        if not meant and not is_laid_aside(name):
            continue
        if path in tree.absent and meant:
            result.unread.append((str(NotHere(path)), Span(path, 1, 1)))
            continue
        bits = look(tree, path, memo)
        if tree.mode(path) == MODE_SYMLINK:
            with suppress(GitopsError):
                result.linked.add(tree.resolve(path))
        if bits & TELLING:
            result.telling.append((path, bits))
        if not meant:
            if bits & DECLARES and chart_of(tree, path) is None:
                result.laid_aside.extend(kinds_in(path, tree.read(tree.resolve(path))))
            continue
        if bits & INSTALLS:
            result.installing.append(path)
        seen |= bits
        if name in FILE_NAMES:
            _kustomization(tree, path, parsed, result)
        elif bits & (DECLARES | CONFIGURES):
            candidates.append((path, bits))
    result.applying.extend(applying(tree, tree.paths(), result.installing, memo))
    for path, bits in candidates:
        chart = chart_of(tree, path)
        if chart is not None:
            if bits & DECLARES and kinds_in(path, tree.read(tree.resolve(path))):
                result.charts.setdefault(_whole(tree, chart), path)
            continue
        found = _said(tree, path, said)
        options.extend(found.options)
        if found.declared:
            result.declared[path] = list(found.declared)
        if found.error is not None and bits & DECLARES:
            if found.templates:
                result.templates.extend(found.templates)
            else:
                line = max(found.error.line, 1)
                result.unread.append((str(found.error), Span(path, line, line)))
    result.bringing = frozenset(_takers(result, result.declared))
    result.unread.extend(_broken_lists(tree, result))
    if seen & (TELLS_HEALTH | IS_ARGOCD_CM):
        result.application_health = bool(seen & TELLS_HEALTH)
    if any(options):
        result.build_options = BuildOptions.parse(" ".join(options))
    return result


def _whole(tree: Tree, chart: str) -> str:
    """The chart that a chart is a part of, or itself."""
    parts = chart.split("/")
    while len(parts) > 1 and parts[-2] == "charts" and posixpath.join(*parts[:-2], "Chart.yaml") in tree:
        parts = parts[:-2]
    return "/".join(parts)


def _said(tree: Tree, path: str, memo: SaidMemo) -> Said:
    """What a file says, which is read once per content. Charged for it is everybody who keeps it."""
    resolved = tree.resolve(path)
    entry = tree.entry(resolved)
    key = (path, entry.oid if entry is not None else "")
    known = memo.get(key)
    if known is None:
        data = tree.read(resolved)
        tree.effort.must_keep(PARSED * len(data), ":".join(key))
        known = memo[key] = _read(path, data)
    else:
        tree.effort.must_keep(known.size, ":".join(key))
    return known


def _read(path: str, data: bytes) -> Said:
    size = PARSED * len(data)
    try:
        documents = read_documents(path, data)
    except MalformedYaml as error:
        return Said(size, error=error, templates=tuple(unfilled(path, data)))
    declared: list[Declared] = []
    options: list[str] = []
    for document in documents:
        value = document.value()
        for manifest in _members(value) if isinstance(value, dict) else ():
            if is_application(manifest) or is_application_set(manifest):
                declared.append(Declared(manifest, Span(path, document.line, document.end_line)))
            else:
                options.extend(_build_options(manifest))
    return Said(size, tuple(declared), tuple(options))


def _members(value: dict[str, Any]) -> list[dict[str, Any]]:
    """A manifest, or the items of a `List` kind, which are applied as if each were a document."""
    listed = value.get("items")
    if text_of(value.get("kind")).endswith("List") and isinstance(listed, list):
        return [item for item in listed if isinstance(item, dict)]
    return [value]


def _broken_lists(tree: Tree, found: Scan) -> Iterator[tuple[str, Span]]:
    """Kustomizations that are no YAML and name a file that declares something."""
    for file, error in found.malformed.items():
        directory = file.rpartition("/")[0]
        inside = f"{directory}/" if directory else ""
        data = tree.read(tree.resolve(file))
        names = (
            path[len(inside) :].encode("utf-8", "surrogateescape")
            for path in found.declared
            if path.startswith(inside)
        )
        if any(name in data for name in names):
            line = max(error.line, 1)
            yield str(error), Span(file, line, line)


def look(tree: Tree, path: str, memo: ScanMemo) -> int:
    entry = tree.entry(path)
    if entry is None or entry.mode == MODE_SUBMODULE:
        return 0
    try:
        resolved = tree.resolve(path)
        real = tree.entry(resolved)
        if real is None:
            return 0
        bits = memo.get(real.oid)
        if bits is None:
            data = tree.read(resolved)
            bits = DECLARES if b"argoproj.io" in data and b"Application" in data else 0
            bits |= CONFIGURES if _BUILD_OPTIONS in data else 0
            bits |= TELLS_HEALTH if _tells_health(data) else 0
            bits |= IS_ARGOCD_CM if b"argocd-cm" in data and _ARGOCD_CM.search(data) else 0
            bits |= bits_of(data)
            bits |= COMMANDS if APPLIES.search(data) is not None else 0
            memo[real.oid] = bits
        return bits
    except GitopsError:
        return 0


def _tells_health(data: bytes) -> bool:
    if b"argoproj.io" not in data:
        return False
    if b"resourceHealthChecks" in data and _OPERATOR_HEALTH.search(data):
        return True
    return _HEALTH.search(data) is not None


def chart_of(tree: Tree, path: str) -> str | None:
    """The Helm chart of which a file is a template, and so no manifest before Helm has run."""
    parts = path.split("/")
    for i, part in enumerate(parts[:-1]):
        directory = "/".join(parts[:i])
        if part == "templates" and posixpath.join(directory, "Chart.yaml") in tree:
            return directory
    return None


def applying(tree: Tree, paths: Iterable[str], installing: Collection[str], memo: ScanMemo) -> Iterator[str]:
    """Which of these say what is applied: scripts and workflows, and READMEs where something of Argo CD lies in the
    tree (`installing`): most changes of them are about nothing that is looked at, and cost a fetch."""
    for path in paths:
        is_script = SCRIPTS.search(path) is not None or (installing and READMES.search(path) is not None)
        if is_script and look(tree, path, memo) & COMMANDS:
            yield path


def has_own_values(tree: Tree, root: str) -> bool:
    """Whether what a root brings is that of a chart with the values of its own: whoever deploys the chart from
    elsewhere most likely gives it others."""
    return posixpath.join(root, "Chart.yaml") in tree and not any(
        posixpath.join(root, name) in tree for name in FILE_NAMES
    )


def _kustomization(tree: Tree, path: str, parsed: ParseMemo, result: Scan) -> None:
    try:
        known = load(tree, path, parsed)
    except MalformedYaml as error:
        result.malformed[path] = error
        return
    except GitopsError:
        return
    result.kustomizations[path] = known
    for field_, target in targets(tree, known):
        if target in tree:
            if field_ in ("patches", "patchesStrategicMerge", "patchesJson6902"):
                result.patches.add(target)
            elif field_ == "resources":
                result.listed_by.setdefault(target, set()).add(path)
        else:
            result.including.setdefault(target, set()).add(path)


def targets(tree: Tree, kustomization: Kustomization) -> Iterator[tuple[str, str]]:
    for reference in kustomization.references:
        if is_inline(reference):
            continue
        try:
            yield reference.field, tree.resolve(posixpath.join(kustomization.directory, reference.value))
        except GitopsError:
            continue


def _build_options(value: dict[str, Any]) -> Iterator[str]:
    metadata, data = value.get("metadata"), value.get("data")
    if isinstance(metadata, dict) and isinstance(data, dict) and text_of(metadata.get("name")) == "argocd-cm":
        yield text_of(data.get("kustomize.buildOptions"))


def tops(found: Scan) -> list[str]:
    """Kustomization files that bring in declared Applications and that no other kustomization takes in, sorted."""
    return sorted(set().union(*(above(found, path)[0] for path in found.declared)))


def lost(found: Scan) -> set[str]:
    """Declaring files that only kustomizations list which take in each other, so that none of them is the top."""
    ends = ((path, above(found, path)) for path in found.declared if path in found.listed_by)
    return {path for path, (top, unused) in ends if not top and not unused}


def takers(found: Scan, path: str) -> set[str]:
    """Every kustomization file that takes in a resource file, at any depth."""
    return _takers(found, (path,))


def _takers(found: Scan, paths: Iterable[str]) -> set[str]:
    seen = {file for path in paths for file in found.listed_by.get(path, ())}
    queue = list(seen)
    while queue:
        fresh = found.including.get(queue.pop().rpartition("/")[0], set()) - seen
        seen |= fresh
        queue.extend(fresh)
    return seen


def above(found: Scan, path: str) -> tuple[set[str], bool]:
    """The tops above a file, and whether a component that nobody uses is among what lists it."""
    queue = list(found.listed_by.get(path, ()))
    seen: set[str] = set(queue)
    result: set[str] = set()
    unused = False
    while queue:
        file = queue.pop()
        above = found.including.get(file.rpartition("/")[0], set()) - {file}
        fresh = [parent for parent in above if parent not in seen]
        seen.update(fresh)
        queue.extend(fresh)
        kustomization = found.kustomizations.get(file)
        component = kustomization is not None and kustomization.fields.get("kind") == "Component"
        if not above:
            result |= set() if component else {file}
            unused = unused or component
    return result, unused
