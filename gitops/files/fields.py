"""Where a field of a document is written."""

from __future__ import annotations

from collections.abc import Sequence

import yaml

from gitops.files.documents import first_line, items, last_line, read_documents
from gitops.files.errors import GitopsError
from gitops.files.spans import Span
from gitops.files.tree import Tree

Route = Sequence[str | int]


def field_at(tree: Tree, document: Span, route: Route) -> Span | None:
    """The lines of what stands at a route of keys and indices, its key's included, in the document that begins where
    `document` does; None where it is not written there."""
    try:
        documents = tree.once(read_documents, document.path)
    except (GitopsError, KeyError):
        return None
    here = next((each.node for each in documents if each.line == document.line), None)
    start = document.line
    for step in route:
        found: tuple[yaml.Node, yaml.Node] | None = None
        if isinstance(step, int):
            if isinstance(here, yaml.SequenceNode) and 0 <= step < len(here.value):
                found = (here.value[step], here.value[step])
        elif here is not None:
            found = next(((key, value) for name, key, value in items(here) if name == step), None)
        if found is None:
            return None
        start, here = first_line(found[0]), found[1]
    return Span(document.path, start, max(start, last_line(here))) if here is not None else None


def nearest_field(tree: Tree, document: Span, route: Route) -> Span:
    """The same of as much of the route as is written, else the first line of the document."""
    for length in range(len(route), 0, -1):
        found = field_at(tree, document, route[:length])
        if found is not None:
            return found
    return Span(document.path, document.line, document.line)
