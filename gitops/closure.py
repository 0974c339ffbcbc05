"""What one kustomization root reads: every file, and through which chain of entries.

kustomize is not re-implemented here. The walk only follows names, so that (1) exactly those files are handed to the
renderer, (2) the git ids of those files fingerprint the result and (3) a rendered resource can be followed back to
the lines that brought it in.
"""

from __future__ import annotations

import hashlib
import posixpath
import re
from collections.abc import Iterator, MutableMapping
from dataclasses import dataclass, field

from gitops.documents import read_documents
from gitops.errors import GitopsError, MalformedYaml, NoSuchFile, PathEscapes
from gitops.kustomization import (
    ACCUMULATED,
    FILE_NAMES,
    GENERATORS,
    PLUGINS,
    Kustomization,
    Reference,
    is_inline,
    read_kustomization,
)
from gitops.manifests import text_of
from gitops.rendering import BuildOptions, Note
from gitops.spans import Span
from gitops.tree import MODE_SUBMODULE, Entry, Tree

MAX_DEPTH = 64
MAX_FILES = 20_000

Chain = tuple[Reference, ...]
ParseMemo = MutableMapping[tuple[str, str], "Kustomization | MalformedYaml"]

_SCHEME = re.compile(r"^([a-z+]+::)?([a-zA-Z][a-zA-Z0-9+.-]*://|git@|[A-Za-z0-9_.-]+@[A-Za-z0-9.-]+:)")
_HOSTED = re.compile(r"^((github\.com|gitlab\.com|bitbucket\.org|dev\.azure\.com)[:/]|gh:)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Problem:
    """An entry that cannot be followed, with the sentence that says why and, where known, what to do. `entry` is the
    kustomization file, the field and the place in its list, for what can be left out."""

    message: str
    span: Span
    needs_lifted_restriction: bool = False
    entry: tuple[str, str, int] | None = None


@dataclass(slots=True)
class Closure:
    """Result of walking one root.

    `files` are all repository files the renderer may read (symlinks and what they point to both); `chains` maps each
    resource file to the chains of entries, root first, that bring it in; `kustomizations` maps each kustomization
    file to the chains that lead to it (the root's own is the empty chain); `problems` are certain faults of the files
    themselves, `unsupported` says what git alone cannot render, `notes` what a person should know although it builds;
    `parsed` are the files that kustomize reads as YAML, all others are bytes to it; `open_ended` tells that files
    which are not there yet may belong to it.
    """

    root: str
    files: set[str] = field(default_factory=set)
    chains: dict[str, list[Chain]] = field(default_factory=dict)
    kustomizations: dict[str, list[Chain]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    unsupported: list[Problem] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    parsed: set[str] = field(default_factory=set)
    open_ended: bool = False

    def fingerprint(self, tree: Tree, options: BuildOptions, renderer: str, extra: bytes = b"") -> str:
        """Identifies the rendering: renderer version, flags, and the mode and git id of every file read."""
        digest = hashlib.sha256()
        digest.update(f"{renderer}\0{self.root}\0{options}\0".encode())
        digest.update(extra)
        for path in sorted(self.files):
            entry = tree.entry(path)
            if entry is not None:
                digest.update(f"\0{path}\0{entry.mode:o}\0{entry.oid}".encode("utf-8", "surrogateescape"))
        return digest.hexdigest()


def is_remote(value: str) -> bool:
    """Whether kustomize would fetch this entry over the network."""
    return bool(_SCHEME.match(value) or _HOSTED.match(value))


def kustomization_file(tree: Tree, directory: str) -> str | None:
    """Path of the kustomization file in a (resolved) directory, None when there is none.

    Raises `GitopsError` when there is more than one: kustomize refuses that.
    """
    prefix = f"{directory}/" if directory else ""
    found = [prefix + name for name in FILE_NAMES if prefix + name in tree]
    if len(found) > 1:
        names = " and ".join(path.rpartition("/")[2] for path in found)
        raise GitopsError(f"{directory or 'the repository root'} holds both {names}; kustomize takes only one")
    return found[0] if found else None


def load(tree: Tree, file: str, memo: ParseMemo) -> Kustomization:
    """The kustomization in `file`, parsed once per content. Raises `GitopsError` (`MalformedYaml` for its text)."""
    resolved = tree.resolve(file)
    entry = tree.entry(resolved)
    if entry is None:
        raise NoSuchFile(f"{file} is a symlink to {resolved}, which does not exist")
    key = (file, entry.oid)
    known = memo.get(key)
    if known is None:
        try:
            known = read_kustomization(file, tree.read(resolved))
        except MalformedYaml as error:
            known = error
        memo[key] = known
    if isinstance(known, MalformedYaml):
        raise MalformedYaml(str(known), known.line)
    return known


def walk(tree: Tree, root: str, memo: ParseMemo | None = None, extra_components: tuple[str, ...] = ()) -> Closure:
    """Follow every entry below the kustomization directory `root`. Never raises for what the repository holds."""
    walker = _Walker(tree, Closure(root), {} if memo is None else memo)
    walker.directory(root, (), Span(root or ".", 1, 1))
    for component in extra_components:
        walker.directory(posixpath.join(root, component), (), Span(root or ".", 1, 1))
    return walker.closure


@dataclass(slots=True)
class _Walked:
    closure: Closure
    entries: dict[str, Entry | None]


ClosureMemo = MutableMapping[tuple[str, tuple[str, ...]], _Walked]


def walk_known(
    tree: Tree, root: str, memo: ParseMemo, closures: ClosureMemo, extra_components: tuple[str, ...] = ()
) -> Closure:
    """As `walk`, but a closure from another tree is taken when every file it read is still the same.

    Only closures without problems are kept: what was missing there may be here. A kustomization file that has come in
    beside another one is looked for; nothing else that is new can change where an entry leads.
    """
    key = (root, extra_components)
    known = closures.get(key)
    if known is not None and all(tree.entry(path) == entry for path, entry in known.entries.items()):
        try:
            if all(kustomization_file(tree, _parent(file)) == file for file in known.closure.kustomizations):
                return known.closure
        except GitopsError:
            pass
    closure = walk(tree, root, memo, extra_components)
    if not closure.problems and not closure.unsupported and not closure.open_ended:
        closures[key] = _Walked(closure, {path: tree.entry(path) for path in closure.files})
    return closure


def _parent(path: str) -> str:
    return path.rpartition("/")[0]


def _entry(reference: Reference) -> tuple[str, str, int]:
    return reference.kustomization, reference.field, reference.index


def submodule_of(tree: Tree, path: str) -> str | None:
    """The git submodule that a path lies in; Argo CD checks submodules out, and git alone does not hold them."""
    while path:
        entry = tree.entry(path)
        if entry is not None and entry.mode == MODE_SUBMODULE:
            return path
        path = _parent(path)
    return None


def _oddities(kustomization: Kustomization) -> Iterator[Note]:
    """What kustomize passes over in silence (its `Kustomization.Unmarshal`; 5.0.0 to 5.0.2 were strict)."""
    file = kustomization.path
    for name, line in kustomization.repeated:
        message = (
            f"the key `{name}` stands twice in one mapping: kustomize 5.0.0 to 5.0.2 (Argo CD 2.7) refuse to build "
            "that, later versions build with the last one and drop what the others say without a word"
        )
        title = f"`{name}` stands twice in {file}"
        yield Note(message, Span(file, line, line), title, "Merge them into one.")
    if kustomization.ignored:
        line = kustomization.ignored
        message = f"a second YAML document begins here; kustomize reads the first one of {file} only and ignores this"
        title = f"{file} holds more than one YAML document"
        yield Note(message, Span(file, line, line), title, "Put what is to be built into the first document.")


class _Walker:
    def __init__(self, tree: Tree, closure: Closure, memo: ParseMemo) -> None:
        self.tree = tree
        self.closure = closure
        self.memo = memo
        self.open: list[str] = []

    def directory(self, path: str, chain: Chain, span: Span) -> None:
        try:
            directory = self._resolve(path)
            file = kustomization_file(self.tree, directory)
        except GitopsError as error:
            self._problem(str(error), span)
            return
        if file is None:
            what = f"{directory or 'the repository root'} holds no kustomization.yaml"
            self._problem(what if self.tree.is_dir(directory) else f"{directory} does not exist", span)
            return
        if directory in self.open:
            ring = " -> ".join([*self.open[self.open.index(directory) :], directory])
            self._problem(f"the kustomization includes itself: {ring}", span)
            return
        if len(self.open) >= MAX_DEPTH:
            self._too_much(f"kustomizations nest deeper than {MAX_DEPTH}", span)
            return
        known = self.closure.kustomizations.setdefault(file, [])
        known.append(chain)
        if len(known) > MAX_DEPTH:  # the same base over and over; the chains so far say enough
            return
        kustomization = self._load(file, span)
        if kustomization is None:
            return
        self.open.append(directory)
        if kustomization.helm:
            self._unsupported(f"{file} inflates helmCharts", Span(file, 1, 1), (file, "helmCharts", -1))
        for reference in kustomization.references:
            if len(self.closure.files) > MAX_FILES:
                self._too_much(f"{self.closure.root} reads more than {MAX_FILES:,} files", span)
                break
            self._follow(directory, reference, chain)
        self.open.pop()

    def _load(self, file: str, span: Span) -> Kustomization | None:
        try:
            self.closure.parsed.add(self._resolve(file))
            kustomization = load(self.tree, file, self.memo)
        except MalformedYaml as error:
            line = max(error.line, 1)
            self._problem(str(error), Span(file, line, line))
            return None
        except GitopsError as error:
            self._problem(str(error), span)
            return None
        self.closure.notes.extend(_oddities(kustomization))
        return kustomization

    def _follow(self, directory: str, reference: Reference, chain: Chain) -> None:
        if is_inline(reference):
            if reference.field in PLUGINS:
                self._plugin(reference, reference.value.encode())
            return
        here = (*chain, reference)
        value = reference.value
        target = posixpath.join(directory, value)
        try:
            path = self._resolve(target)
        except PathEscapes as error:
            if is_remote(value):
                self._remote(reference)
            else:
                self._problem(str(error), reference.span)
            return
        except GitopsError as error:
            self._problem(str(error), reference.span)
            return
        if path in self.tree and submodule_of(self.tree, path) is None:
            self._file(directory, path, reference, here)
        elif self.tree.is_dir(path) and reference.field in (*ACCUMULATED, *PLUGINS):
            self.directory(path, here, reference.span)
        elif is_remote(value):
            self._remote(reference)
        elif (submodule := submodule_of(self.tree, path)) is not None:
            what = f"{reference.span} loads `{value}` from the git submodule {submodule}"
            self._unsupported(what, reference.span, _entry(reference))
        else:
            self._problem(f"`{value}` does not exist", reference.span)

    def _file(self, directory: str, path: str, reference: Reference, chain: Chain) -> None:
        self.closure.files.add(path)
        if reference.field not in GENERATORS:
            self.closure.parsed.add(path)
        if reference.field in ("components", "bases"):
            self._problem(f"`{reference.value}` is a file; `{reference.field}` takes directories", reference.span)
            return
        if directory and not path.startswith(directory + "/"):
            message = f"`{reference.value}` lies outside {directory}, which kustomize's load restriction forbids"
            self.closure.problems.append(Problem(message, reference.span, needs_lifted_restriction=True))
        if reference.field == "resources":
            self.closure.chains.setdefault(path, []).append(chain)
        elif reference.field in PLUGINS:
            try:
                self._plugin(reference, self.tree.read(path))
            except GitopsError as error:
                self._problem(str(error), reference.span)

    def _plugin(self, reference: Reference, data: bytes) -> None:
        """Plugins configured in files: kustomize's builtin ones run, all others would execute something."""
        try:
            documents = read_documents(reference.kustomization, data)
        except MalformedYaml as error:
            self._problem(str(error), reference.span)
            return
        for document in documents:
            config = document.value()
            if not isinstance(config, dict):
                continue
            kind = text_of(config.get("kind"))
            if kind == "HelmChartInflationGenerator":
                self._unsupported(f"{reference.span} inflates a helm chart", reference.span, _entry(reference))
            elif text_of(config.get("apiVersion")) != "builtin":
                what = f"{reference.span} runs the plugin {kind or 'without a kind'}"
                self._unsupported(what, reference.span, _entry(reference))
            else:
                # A builtin plugin's files are named by fields of its own; its directory holds them.
                directory = reference.kustomization.rpartition("/")[0]
                self.closure.open_ended = True
                beside = list(self.tree.walk(directory))
                self.closure.files.update(beside)
                # Which of them the plugin only copies is not known; a script is no YAML whatever it does with it.
                self.closure.parsed.update(path for path in beside if path.endswith((".yaml", ".yml", ".json")))

    def _remote(self, reference: Reference) -> None:
        self._unsupported(f"{reference.span} loads `{reference.value}`", reference.span, _entry(reference))

    def _too_much(self, message: str, span: Span) -> None:
        """A limit of ours, not kustomize's."""
        self._unsupported(f"{message}, which argofix does not follow", span, None)

    def _unsupported(self, message: str, span: Span, entry: tuple[str, str, int] | None) -> None:
        self.closure.unsupported.append(Problem(message, span, entry=entry))

    def _problem(self, message: str, span: Span) -> None:
        self.closure.problems.append(Problem(message, span))

    def _resolve(self, path: str) -> str:
        # Symlinks on the way are part of what the renderer reads.
        resolved, links = self.tree.trace(path)
        self.closure.files.update(links)
        if resolved in self.tree:
            self.closure.files.add(resolved)
        return resolved
