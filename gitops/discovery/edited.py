"""What an Application's own options do to the root kustomization of its source, before anything is built."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from gitops.files.errors import GitopsError, MalformedYaml
from gitops.files.spans import Span
from gitops.files.tree import Tree
from gitops.kustomize.closure import ParseMemo, kustomization_file, load
from gitops.kustomize.kustomization import Reference, read_kustomization
from gitops.kustomize.options import changes_the_build, clash, components_of, edited_kustomization, unknown_options
from gitops.resources.rendering import NotAnalysed, RenderFailed, Rendering


@dataclass(frozen=True, slots=True)
class Edit:
    """What an Application's options do to the root kustomization, `file`: `added` are the entries that it has by
    them, `components` those among them. Or the `answer` why it is not rendered so."""

    file: str | None = None
    components: tuple[str, ...] = ()
    added: tuple[Reference, ...] = ()
    answer: Rendering | None = None


def edit_of(tree: Tree, path: str, options: Mapping[str, Any] | None, memo: ParseMemo, at: Span) -> Edit:
    """The edits of the kustomization in the directory `path`. `at` is the place of the Application."""
    if not options or not changes_the_build(options):
        return Edit()
    try:
        file = kustomization_file(tree, path)
        before = load(tree, file, memo) if file is not None else None
    except GitopsError:
        return Edit()  # the walk tells it
    if file is None or before is None:
        return Edit()
    if unknown_options(options):
        names = ", ".join(unknown_options(options))
        return Edit(answer=NotAnalysed(f"it sets kustomize options that argofix does not know: {names}"))
    refusal = clash(before.fields, options)
    if refusal is not None:
        return Edit(answer=RenderFailed(refusal, at))
    components = components_of(options, lambda name: _exists(tree, posixpath.join(path, name)))
    try:
        # Whatever kustomize is given has been read in the form in which it is given.
        after = read_kustomization(file, edited_kustomization(before.fields, options, components))
    except MalformedYaml as error:
        return Edit(answer=RenderFailed(str(error), at))
    if after.unread:
        return Edit(answer=NotAnalysed(f"{at}: {after.unread[0].what}"))
    known = {(reference.field, reference.value) for reference in before.references}
    added = (replace(one, span=at) for one in after.references if (one.field, one.value) not in known)
    return Edit(file, components, tuple(dict.fromkeys(added)))


def _exists(tree: Tree, path: str) -> bool:
    try:
        resolved = tree.resolve(path)
    except GitopsError:
        return False
    return resolved in tree or tree.is_dir(resolved)
