"""What one kustomization root reads: every file, and through which chain of entries.

kustomize is not re-implemented here. The walk only follows names, so that (1) exactly those files are handed to the
renderer, (2) the git ids of those files fingerprint the result and (3) a rendered resource can be followed back to
the lines that brought it in.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass, field
from typing import Any

from gitops.files.errors import GitopsError, MalformedYaml, NoSuchFile
from gitops.files.spans import Span
from gitops.files.tree import MODE_SUBMODULE, Tree
from gitops.kustomize.encrypted import Decrypted
from gitops.kustomize.kustomization import FILE_NAMES, Kustomization, Reference, read_kustomization
from gitops.resources.rendering import BuildOptions, Note
from gitops.resources.resource import Elsewhere

Chain = tuple[Reference, ...]
ParseMemo = MutableMapping[tuple[str, str], "Kustomization | MalformedYaml"]


@dataclass(frozen=True, slots=True)
class Problem:
    """An entry that cannot be followed, with the sentence that says why and, where known, what to do. `entry` is the
    kustomization file, the field and the place in its list, for what can be left out. `unknown_field`: refused by
    every version of kustomize that argofix knows, and maybe not by the next. `why` is the sentence that somebody else
    gave, who was asked for what the entry names."""

    message: str
    span: Span
    needs_lifted_restriction: bool = False
    unknown_field: bool = False
    entry: tuple[str, str, int] | None = None
    why: str = ""


@dataclass(slots=True)
class Closure:
    """Result of walking one root.

    `files` are all repository files the renderer may read (symlinks and what they point to both); `chains` maps
    each resource file to the chains of entries, root first, that bring it in; `kustomizations` maps each
    kustomization file to the chains that lead to it (the root's own is the empty chain); `problems` are certain
    faults of the files themselves, `unsupported` says what git alone cannot render, `notes` what a person should
    know although it builds; `refused` what this reader does not understand, so that none of it may reach the
    renderer; `parsed` are the files that kustomize reads as YAML, all others are bytes to it; `inflates` tells that
    charts are among them, and `helm` are the places that ask for charts, from wherever.
    `instead` has, by the entry that lists generators which decrypt files, all plugin configurations of it with
    builtin generators in their place; `decrypted` is what those make.

    `moved` has, by kustomization file, what is written in the place of entries that name something elsewhere, by
    what stands there. `waiting` tells that something was asked for and nobody has answered yet. `brought` has, by the
    place that files of others have there, the entries of this repository that lead to them. `remote` has, by
    kustomization file, its entries that look like something elsewhere, whatever became of them.
    """

    root: str
    files: set[str] = field(default_factory=set)
    chains: dict[str, list[Chain]] = field(default_factory=dict)
    kustomizations: dict[str, list[Chain]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    unsupported: list[Problem] = field(default_factory=list)
    refused: list[Problem] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    parsed: set[str] = field(default_factory=set)
    inflates: bool = False
    instead: dict[tuple[str, str, int], list[dict[str, Any]]] = field(default_factory=dict, repr=False)
    decrypted: list[Decrypted] = field(default_factory=list)
    helm: list[Span] = field(default_factory=list)
    moved: dict[str, dict[str, str]] = field(default_factory=dict)
    waiting: bool = False
    brought: Mapping[Elsewhere, list[Chain]] = field(default_factory=dict)
    remote: dict[str, tuple[Reference, ...]] = field(default_factory=dict)

    @property
    def is_the_same_everywhere(self) -> bool:
        """Whether it is that of any tree in which the same files are the same: nothing was looked for in vain, and
        nothing comes from elsewhere."""
        faults = self.problems or self.unsupported or self.refused
        return not (faults or self.inflates or self.instead or self.moved or self.waiting)

    def take(self, other: Closure) -> None:
        """Read all that `other` reads too, though not as resources of its own."""
        self.files |= other.files
        self.parsed |= other.parsed
        for file, chains in other.kustomizations.items():
            self.kustomizations.setdefault(file, []).extend(chains)
        self.problems += other.problems
        self.unsupported += other.unsupported
        self.refused += other.refused
        self.notes += other.notes
        self.inflates |= other.inflates
        self.decrypted += other.decrypted
        for entry, configs in other.instead.items():
            self.instead.setdefault(entry, []).extend(configs)
        self.helm += other.helm
        self.waiting |= other.waiting
        self.remote |= other.remote
        for file, entries in other.moved.items():
            self.moved.setdefault(file, {}).update(entries)

    def decrypted_as(self, kind: str, name: str) -> Decrypted | None:
        """What such a generator makes and was rendered under this name; prefixes, suffixes and a hash may have been
        added."""
        found = [each for each in self.decrypted if each.kind == kind and each.name in name]
        return max(found, key=lambda each: len(each.name), default=None)

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


def submodule_of(tree: Tree, path: str) -> str | None:
    """The git submodule that a path lies in; Argo CD checks submodules out, and git alone does not hold them."""
    while path:
        entry = tree.entry(path)
        if entry is not None and entry.mode == MODE_SUBMODULE:
            return path
        path = path.rpartition("/")[0]
    return None
