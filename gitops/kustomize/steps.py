"""What can be done to a repository so that something is brought in once less, as data.

One value makes the sentence that a person reads, the edit that a fix applies and the tree that a proof renders: so
they cannot say different things.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from gitops.files.spans import Edit, Span, edited, edits_by_path, split_lines
from gitops.files.tree import Tree
from gitops.kustomize.kustomization import Reference
from gitops.kustomize.leaving_out import add_delete_patch, exclude_files
from gitops.kustomize.removal import CannotRemove, remove_documents, remove_entries
from gitops.resources.resource import ResourceId


@dataclass(frozen=True, slots=True)
class TakeOut:
    """Take an entry out of a list: of a kustomization's (`resources`, `patches`, a generator's), or of the `items`
    of a List."""

    reference: Reference

    @property
    def span(self) -> Span:
        return self.reference.span


@dataclass(frozen=True, slots=True)
class DeleteDocument:
    """Delete one document of a manifest file that keeps others. `resource` is what it says, as written."""

    span: Span
    resource: ResourceId


@dataclass(frozen=True, slots=True)
class DeleteFile:
    """Delete a file, or (`link`) a symbolic link and not what it leads to. `span` is all of it."""

    span: Span
    link: bool = False


@dataclass(frozen=True, slots=True)
class Exclude:
    """Let an Application's `directory` source pass over `files` (relative to its path). `span` is the Application's
    document; `source` its place in `spec.sources`, None for `spec.source`."""

    span: Span
    source: int | None
    files: tuple[str, ...]

    @property
    def field(self) -> str:
        return (
            "spec.source.directory.exclude"
            if self.source is None
            else (f"spec.sources[{self.source}].directory.exclude")
        )


@dataclass(frozen=True, slots=True)
class DropByPatch:
    """Let a kustomization leave out what its bases bring, by a patch with `$patch: delete`. `span` is the
    kustomization's first line."""

    span: Span
    api_version: str
    resource: ResourceId


Line = TakeOut | DeleteDocument | DeleteFile | Exclude | DropByPatch


@dataclass(frozen=True, slots=True)
class Retire:
    """Take a whole Application out of git: `by` is how its manifest goes. Nothing for a machine to do by itself: to
    delete an Application may delete what it deployed, which it surely does when it `cascades`."""

    name: str
    by: tuple[Line, ...]
    cascades: bool

    @property
    def span(self) -> Span:
        return self.by[-1].span


Step = Line | Retire


def edits_for(tree: Tree, steps: Sequence[Step]) -> tuple[Edit, ...]:
    """The edits of all these steps together. Raises `CannotRemove` (and other `GitopsError`s)."""
    edits: list[Edit] = []
    for path, own in _by_file(steps).items():
        links = any(isinstance(step, DeleteFile) for step in own)
        if not links and tree.resolve(path) != path:
            raise CannotRemove(f"{path} is a symlink")
        edits.extend(_edits(path, tree.read(path), own))
    return tuple(edits)


def changes_of(tree: Tree, edits: Sequence[Edit]) -> Mapping[str, bytes | None]:
    """What the files hold after the edits; None for one that is deleted."""
    return {path: edited(tree.present(path), grouped) for path, grouped in edits_by_path(edits).items()}


def _by_file(steps: Sequence[Step]) -> Mapping[str, list[Line]]:
    flat = [line for step in steps for line in (step.by if isinstance(step, Retire) else (step,))]
    grouped: dict[str, list[Line]] = {}
    for step in dict.fromkeys(flat):
        grouped.setdefault(step.span.path, []).append(step)
    return grouped


def _edits(path: str, data: bytes, steps: Sequence[Line]) -> tuple[Edit, ...]:
    whole = Span(path, 1, len(split_lines(data)))
    if any(isinstance(step, DeleteFile) for step in steps):
        return (Edit(whole, ""),)
    documents = {step.span.line for step in steps if isinstance(step, DeleteDocument)}
    entries = [step.reference for step in steps if isinstance(step, TakeOut)]
    patches = [step for step in steps if isinstance(step, DropByPatch)]
    excluded: dict[tuple[int, int | None], list[str]] = {}
    for step in steps:
        if isinstance(step, Exclude) and step.span.line not in documents:
            excluded.setdefault((step.span.line, step.source), []).extend(step.files)
    edits: list[Edit] = []
    if documents:
        edits.extend(remove_documents(path, data, sorted(documents)))
    if entries:
        edits.extend(remove_entries(path, data, entries))
    if patches:
        edits.extend(add_delete_patch(path, data, [(step.api_version, step.resource) for step in patches]))
    for (line, source), files in excluded.items():
        edits.extend(exclude_files(path, data, line, source, list(dict.fromkeys(files))))
    ordered = sorted(edit.span for edit in edits)
    if any(one.end_line >= other.line for one, other in pairwise(ordered)):
        raise CannotRemove(f"{path} would have to change in two ways at once")
    return tuple(edits)
