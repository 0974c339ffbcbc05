"""Where an Application writes what its chart is given: the entries of its block, and of the values in it."""

from __future__ import annotations

import yaml

from gitops.applications.application import Application
from gitops.files.documents import child, first_line, last_line, merged_items, read_documents
from gitops.files.errors import GitopsError
from gitops.files.spans import Span
from gitops.files.tree import Tree
from gitops.resources.rendering import Decides


def entry_of(tree: Tree, application: Application, entry: str, index: int) -> Span | None:
    """The lines of an entry of the block that is given to the engine (`valueFiles[1]`, `parameters[name]`). `index`
    is the source's place among the Application's. None where the Application does not spell it out."""
    block = _block(tree, application, index)
    name, _, place = entry.replace("[", ".", 1).removesuffix("]").partition(".")
    node = child(block, name)
    if isinstance(node, yaml.SequenceNode) and place:
        node = _item(node, place) or node
    return None if node is None else _span(application, node)


def value_of(tree: Tree, application: Application, decides: Decides, index: int) -> Span | None:
    """The lines of an entry of values; None where it is not spelt out."""
    if decides.source in ("valueFiles", "chart"):
        return line_of(tree, decides)
    if decides.source in ("parameters", "fileParameters"):
        listed = child(_block(tree, application, index), decides.source)
        item = _item(listed, decides.key) if isinstance(listed, yaml.SequenceNode) else None
        return None if item is None else _span(application, item)
    if decides.source == "releaseName":
        name = child(_block(tree, application, index), decides.source)
        return None if name is None else _span(application, name)
    node = child(_block(tree, application, index), decides.source)
    if decides.source == "values" and isinstance(node, yaml.ScalarNode):
        # A block's text begins on the line behind its header.
        further = decides.line if node.style in ("|", ">") and decides.line else 0
        line = first_line(node) + further
        return Span(application.origin.path, line, line)
    return None if node is None else entry_at(application.origin.path, node, decides.key, decides.line)


def line_of(tree: Tree, decides: Decides) -> Span | None:
    """The line of an entry of a values file; None where that is not known, or the file is not here."""
    known = decides.path in tree and decides.line > 0
    return Span(decides.path, decides.line, decides.line) if known else None


def entry_at(path: str, node: yaml.Node, pointer: str, further: int = 0) -> Span | None:
    """The lines of what a JSON pointer leads to, from its key on; `further` is a line of a text that is a block."""
    first = first_line(node)
    for part in pointer.split("/")[1:]:
        name = part.replace("~1", "/").replace("~0", "~")
        if isinstance(node, yaml.SequenceNode):
            item = child(node, int(name)) if name.isdigit() else None
            found = None if item is None else (item, item)
        else:
            found = next(((key, value) for each, key, value in merged_items(node) if each == name), None)
        if found is None:
            return None
        key, node = found
        first = first_line(key)
    if further and isinstance(node, yaml.ScalarNode) and node.style == "|":
        return Span(path, first_line(node) + further, first_line(node) + further)
    return Span(path, first, max(first, last_line(node)))


def _block(tree: Tree, application: Application, index: int) -> yaml.Node | None:
    span = application.origin.span
    try:
        documents = read_documents(span.path, tree.read(tree.resolve(span.path)))
    except (GitopsError, KeyError):
        return None
    document = next((each for each in documents if each.line <= span.line <= each.end_line), None)
    if document is None or application.elsewhere:
        return None
    # What a set makes is written in its template.
    spec = child(document.node, *(("spec", "template", "spec") if application.generated else ("spec",)))
    several = child(spec, "sources")
    source = child(several, index) if isinstance(several, yaml.SequenceNode) else child(spec, "source")
    return child(source, "helm") or child(source, "directory", "jsonnet")


def _item(listed: yaml.SequenceNode, place: str) -> yaml.Node | None:
    """An item by its number or, for parameters, by its name (the last one, which counts)."""
    for item in reversed(listed.value):
        name = child(item, "name")
        if isinstance(name, yaml.ScalarNode) and name.value == place:
            found: yaml.Node = item
            return found
    if place.isdigit():
        return listed.value[int(place)] if int(place) < len(listed.value) else None
    return None


def _span(application: Application, node: yaml.Node) -> Span:
    return Span(application.origin.path, first_line(node), last_line(node))
