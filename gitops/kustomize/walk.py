"""Walking a kustomization root: which files it reads, and what of it cannot be followed."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from gitops.files.collected import ReadFiles
from gitops.files.errors import GitopsError, MalformedYaml, NoSuchFile, PathEscapes
from gitops.files.spans import Span
from gitops.files.tree import Tree, normalise
from gitops.kustomize.charts import InflatedChart, charts_of
from gitops.kustomize.closure import Chain, Closure, ParseMemo, Problem, kustomization_file, load, submodule_of
from gitops.kustomize.encrypted import Unreadable, replaced
from gitops.kustomize.fetched import NOBODY, Brought, Fetched
from gitops.kustomize.kustomization import (
    ACCUMULATED,
    GENERATORS,
    PLUGINS,
    Kustomization,
    Reference,
    is_inline,
)
from gitops.kustomize.plugins import Plugins, read_plugins
from gitops.kustomize.remote import is_remote, is_url, looks_remote
from gitops.outside.borrowed import Borrowed
from gitops.outside.found import Missing
from gitops.outside.mounts import MountedTree
from gitops.resources.rendering import Note

MAX_DEPTH = 64
MAX_FILES = 20_000

# Of a kustomization that only lists plugin configurations; any other field would change what those say.
_LISTING = frozenset({"apiVersion", "kind", "metadata", "resources"})

# The kustomization file, the field and the place in its list, for what can be left out.
Place = tuple[str, str, int] | None


def walk(
    tree: Tree,
    root: str,
    memo: ParseMemo | None = None,
    added: tuple[Reference, ...] = (),
    charts: bool = False,
    borrowed: Borrowed | None = None,
) -> Closure:
    """Follow every entry below the kustomization directory `root`, and those that are `added` to its kustomization.
    With `charts` the renderer inflates those that lie in the repository. What is not in it is `borrowed`, for whose
    tree `tree` is taken. Never raises for what the repository holds."""
    walker = _Walker(tree, Closure(root), {} if memo is None else memo, charts, borrowed)
    walker.directory(root, (), Span(root or ".", 1, 1))
    for reference in added:
        walker.add(root, reference)
    return walker.closure


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
    def __init__(
        self, tree: Tree, closure: Closure, memo: ParseMemo, charts: bool = False, borrowed: Borrowed | None = None
    ) -> None:
        self.tree = tree
        self.charts = charts
        self.closure = closure
        self.memo = memo
        self.open: list[str] = []
        self.configs: dict[tuple[str, str, int], list[dict[str, Any]]] = {}
        self.read: set[tuple[Place, str]] = set()
        self.fetched = Fetched(closure, borrowed)

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
        remote = tuple(each for each in kustomization.references if looks_remote(each.value))
        if remote:
            self.closure.remote[file] = remote
        if kustomization.helm:
            at = Span(file, kustomization.helm, kustomization.helm)
            self._inflates(directory, list(charts_of(kustomization.fields)), at, (file, "helmCharts", -1), file)
        for reference in kustomization.references:
            if len(self.closure.files) > MAX_FILES:
                self._too_much(f"{self.closure.root} reads more than {MAX_FILES:,} files", span)
                break
            self._follow(directory, reference, chain, (file, reference.field, reference.index), file)
        self.open.pop()

    def _inflates(self, directory: str, charts: Sequence[InflatedChart], at: Span, place: Place, file: str) -> None:
        """Read the charts that kustomize inflates, with their values files."""
        self.closure.helm.append(at)
        where = file or str(at)
        found = ReadFiles(self.tree)
        for values in (name for chart in charts for name in chart.values if not is_url(name)):
            found.file(posixpath.join(directory, values))
        # Whoever inflates the charts reads these, also where that is not us.
        self.closure.files |= found.paths
        if not self.charts:
            self._unsupported(f"{where} inflates {'helmCharts' if file else 'a helm chart'}", at, place)
            return
        for chart in charts:
            lies = self._chart(directory, chart, at)
            if isinstance(lies, Missing):
                self._unsupported(f"{where} inflates the chart {chart.name}", at, place, lies.reason)
                return
            if lies.path is not None:
                found.chart(lies.path)
            for values in filter(is_url, chart.values):
                if isinstance(missing := self.fetched.file(directory, values, at, file), Missing):
                    self._unsupported(f"{where} loads `{values}`", at, place, missing.reason)
                    return
        self.closure.files |= found.paths
        self.closure.inflates = True

    def _chart(self, directory: str, chart: InflatedChart, at: Span) -> Brought | Missing:
        try:
            path = self._resolve(posixpath.join(directory, chart.directory))
        except GitopsError:
            return NOBODY
        return Brought(path, True) if self.tree.is_dir(path) else self.fetched.chart(chart, path, at)

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
        for odd in kustomization.unread:
            message, place = f"{file}:{odd.line}: {odd.what}", Span(file, odd.line, odd.line)
            if odd.certain:
                self.closure.problems.append(Problem(message, place, unknown_field=True))
            else:
                self._refuse(message, place)
        return kustomization

    def add(self, root: str, reference: Reference) -> None:
        """Follow an entry that stands in no kustomization of the repository, so no chain leads through it."""
        if reference.field in ACCUMULATED and not is_remote(reference.value):
            self.directory(posixpath.join(root, reference.value), (), reference.span)
        else:
            self._follow(root, reference, (), None, next(iter(self.closure.kustomizations), ""))

    def _follow(self, directory: str, reference: Reference, chain: Chain, place: Place, file: str = "") -> None:
        """`file` is the kustomization that names it, where another name can be written instead."""
        value = reference.value
        if self.fetched.takes(reference):
            self._remote(directory, reference, chain, place, file)
            return
        target = posixpath.join(directory, value)
        if is_inline(reference):
            self._inline(directory, reference, target, place)
            return
        try:
            self._stay(directory, target)
            path = self._resolve(target)
        except GitopsError as error:
            self._problem(str(error), reference.span)
            return
        here = (*chain, reference)
        if path in self.tree and submodule_of(self.tree, path) is None:
            self._file(directory, path, reference, here, place)
        elif self.tree.is_dir(path) and reference.field in ACCUMULATED:
            self.directory(path, here, reference.span)
        elif self.tree.is_dir(path) and reference.field in PLUGINS:
            self._listing(directory, path, reference, here, place)
        elif looks_remote(value):
            self._unsupported(f"{reference.span} loads `{value}`", reference.span, place)
        elif (submodule := submodule_of(self.tree, path)) is not None:
            what = f"{reference.span} loads `{value}` from the git submodule {submodule}"
            self._unsupported(what, reference.span, place)
        elif self.tree.is_dir(path):
            self._problem(f"`{_shown(value)}` is a directory; `{reference.field}` takes files", reference.span)
        else:
            self._problem(f"`{_shown(value)}` does not exist", reference.span)

    def _remote(self, directory: str, reference: Reference, chain: Chain, place: Place, file: str) -> None:
        """Follow what kustomize fetches, or wait for it."""
        found = self.fetched.entry(directory, reference, file)
        here = (*chain, reference)
        if isinstance(found, Missing):
            what = f"{reference.span} loads `{reference.value}`"
            self._unsupported(what, reference.span, place, found.reason)
        elif found.path is None:
            return
        elif not found.is_directory:
            self._file(directory, found.path, reference, here, place)
        elif reference.field in ACCUMULATED:
            self.directory(found.path, here, reference.span)
        else:
            self._listing(directory, found.path, reference, here, place)

    def _stay(self, directory: str, target: str) -> None:
        """Raise `PathEscapes` where a path leads from one repository into another one."""
        if isinstance(self.tree, MountedTree):
            at = self.tree.part_of(directory)
            if self.tree.part_of(normalise(target)) != at:
                where = self.tree.whence(directory)[0] or "the repository"
                raise PathEscapes(f"{target.removeprefix(f'{at}/')} leads out of {where}")

    def _inline(self, directory: str, reference: Reference, target: str, place: Place) -> None:
        try:
            normalise(target)
        except PathEscapes:
            # Text that kustomize finds some fault with is a path to it, wherever that leads.
            what = f"{reference.span} holds text that kustomize may take for a path out of here"
            self._refuse(what, reference.span)
            return
        if reference.field in PLUGINS:
            self._plugins(directory, reference, reference.value.encode("utf-8", "surrogateescape"), place)

    def _file(self, directory: str, path: str, reference: Reference, chain: Chain, place: Place) -> None:
        self.closure.files.add(path)
        if reference.field not in GENERATORS:
            self.closure.parsed.add(path)
        if reference.field in ("components", "bases"):
            self._problem(f"`{reference.value}` is a file; `{reference.field}` takes directories", reference.span)
            return
        if directory and not path.startswith(directory + "/"):
            message = f"`{reference.value}` lies outside {directory}, which kustomize's load restriction forbids"
            # What is cloned may never leave its directory, whatever the flags say (api/internal/loader).
            cloned = isinstance(self.tree, MountedTree) and bool(self.tree.part_of(directory))
            self.closure.problems.append(Problem(message, reference.span, needs_lifted_restriction=not cloned))
        if reference.field == "resources":
            self.closure.chains.setdefault(path, []).append(chain)
        elif reference.field in PLUGINS:
            try:
                self._plugins(directory, replace(reference, value=path), self.tree.read(path), place)
            except GitopsError as error:
                self._problem(str(error), reference.span)

    def _plugins(self, directory: str, reference: Reference, data: bytes, place: Place) -> None:
        """Follow what plugin configurations name; their paths count from the kustomization that lists them."""
        try:
            found = read_plugins(reference, data)
        except MalformedYaml as error:
            self._problem(str(error), reference.span)
            return
        for reason in found.refused:
            self._refuse(reason, reference.span)
        for reason in found.unsupported:
            self._unsupported(reason, reference.span, place)
        for named in found.references:
            self._follow(directory, named, (), place)
        self._decrypt(directory, reference, found, place)
        if found.charts:
            self._inflates(directory, found.charts, reference.span, place, "")

    def _decrypt(self, directory: str, reference: Reference, found: Plugins, place: Place) -> None:
        """Put builtin generators in the place of those that decrypt files. Other configurations of one entry stand in
        other files of a directory, so all are kept."""
        if place is None or reference.field != "generators" or (place, reference.value) in self.read:
            return
        self.read.add((place, reference.value))

        def read(value: str) -> tuple[str, bytes]:
            path = self._resolve(posixpath.join(directory, value))
            if path not in self.tree:
                raise NoSuchFile(f"`{_shown(value)}` does not exist")
            self.closure.files.add(path)
            return path, self.tree.read(path)

        configs = self.configs.setdefault(place, [])
        for index, config in enumerate(found.configs):
            line = found.encrypted.get(index)
            if line is None:
                configs.append(config)
                continue
            at = reference.span if is_inline(reference) else Span(reference.value, line, line)
            self.closure.instead[place] = configs
            try:
                made = replaced(config, read, at)
            except Unreadable as error:
                self._unsupported(f"{reference.span} decrypts files, and {error}", reference.span, place)
            except GitopsError as error:
                self._problem(str(error), reference.span)
            else:
                configs += made.configs
                self.closure.decrypted += made.made

    def _listing(self, directory: str, path: str, reference: Reference, chain: Chain, place: Place) -> None:
        """A kustomization whose resources are plugin configurations. One that changes them is not followed."""
        below = _Walker(self.tree, Closure(path), self.memo, self.charts, self.fetched.borrowed)
        below.open = self.open
        below.directory(path, chain, reference.span)
        self.closure.take(below.closure)
        for file in below.closure.kustomizations:
            try:
                changed = sorted(load(self.tree, file, self.memo).fields.keys() - _LISTING)
            except GitopsError:
                continue  # told by the walk
            if changed:
                self._refuse(f"{file} changes plugin configurations by `{changed[0]}`", reference.span)
        for config in below.closure.chains:
            try:
                self._plugins(directory, replace(reference, value=config), self.tree.read(config), place)
            except GitopsError as error:
                self._problem(str(error), reference.span)

    def _too_much(self, message: str, span: Span) -> None:
        """A limit of ours, not kustomize's."""
        self._unsupported(f"{message}, which argofix does not follow", span, None)

    def _unsupported(self, message: str, span: Span, place: Place, why: str = "") -> None:
        self.closure.unsupported.append(Problem(message, span, entry=place, why=why))

    def _refuse(self, message: str, span: Span) -> None:
        self.closure.refused.append(Problem(message, span))

    def _problem(self, message: str, span: Span) -> None:
        self.closure.problems.append(Problem(message, span))

    def _resolve(self, path: str) -> str:
        # Symlinks on the way are part of what the renderer reads.
        resolved, links = self.tree.trace(path)
        self.closure.files.update(links)
        if resolved in self.tree:
            self.closure.files.add(resolved)
        return resolved


def _shown(value: str) -> str:
    first = value.strip().partition("\n")[0]
    return first if first == value and len(first) <= 120 else f"{first[:120]}..."
