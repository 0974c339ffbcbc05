"""The line of a reference in the file that people wrote: the manifest, or the patch that adds it.

Rendering moves things: patches add containers, kustomize adds prefixes and hashes to names and sorts keys. So steps
into lists are taken by what identifies an element (its `name`, else its content), and names need only be contained
in the rendered ones. What cannot be found this way stands at the manifest as a whole.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import yaml

from gitops.discovery.snapshot import Owned
from gitops.facts.secrets.pods import at, read_manifest
from gitops.facts.secrets.references import Use
from gitops.files.documents import Document, child, first_line, read_documents, to_python
from gitops.files.errors import GitopsError
from gitops.files.spans import Span
from gitops.files.tree import Tree
from gitops.resources.manifests import identify, text_of
from gitops.resources.resource import ResourceId

_IDENTIFIERS = ("name", "key", "secretName")


def place(owner: Owned, use: Use) -> Span:
    """Where the reference is written; the first line of the manifest when that cannot be told."""
    origin = owner.origin
    wanted = _Wanted(read_manifest(owner.resource.text), use)
    closure = owner.part.closure
    if owner.resource.path is not None:
        for span in _in_file(owner, owner.resource.path, wanted):
            return span
    if closure is not None:
        nearest = [reference.kustomization for reference in reversed(origin.chain)]
        files = dict.fromkeys([*nearest, *closure.kustomizations])
        for file in files:
            for span in _in_patches(owner.tree, file, owner.resource.id, wanted):
                return span
        # A patch that replaces all annotations takes the engine's mark of the origin with it.
        lost = owner.resource.path not in closure.chains and owner.resource.elsewhere is None
        for path in closure.chains if lost else ():
            for span in _in_file(owner, path, wanted):
                return span
    for document in _documents(owner.tree, owner.application.origin.path):
        if document.line == owner.application.origin.span.line:
            for node in _sources(document.node):
                for span in _in_kustomization(owner.tree, document.path, node, owner.resource.id, wanted):
                    return span
    return Span(origin.span.path, origin.span.line, origin.span.line)


def _in_file(owner: Owned, path: str, wanted: _Wanted) -> Iterator[Span]:
    for document in _documents(owner.tree, path):
        if not owner.resource.line or document.line == owner.resource.line:
            line = _in_manifest(document.node, owner.resource.id, wanted)
            if line:
                yield Span(document.path, line, line)


class _Wanted:
    """What is looked for: the route with the elements that its indices select in the rendered manifest."""

    def __init__(self, manifest: dict[str, Any], use: Use) -> None:
        self.use = use
        self.steps: list[str | dict[str, Any]] = []
        for index, step in enumerate(use.route):
            if isinstance(step, int):
                element = at(manifest, use.route[: index + 1])
                self.steps.append(element if isinstance(element, dict) else {"": element})
            else:
                self.steps.append(step)


def _in_manifest(root: yaml.Node, rid: ResourceId, wanted: _Wanted) -> int:
    """1-based line within a manifest (or a list of them), 0 when it is not there."""
    value = to_python(root)
    if not isinstance(value, dict):
        return 0
    if text_of(value.get("kind")).endswith("List"):
        members = child(root, "items")
        for member in getattr(members, "value", ()):
            line = _in_manifest(member, rid, wanted)
            if line:
                return line
        return 0
    own = identify(value)
    fits = own.kind == rid.kind and (own.group == rid.group) and (not own.name or own.name in rid.name)
    return _walk(root, wanted, 0) if fits else 0


def _walk(node: yaml.Node, wanted: _Wanted, start: int) -> int:
    here: yaml.Node | None = node
    for position in range(start, len(wanted.steps)):
        step = wanted.steps[position]
        here = child(here, step) if isinstance(step, str) else _element(here, step)
        if here is None:
            return 0
    if not isinstance(here, yaml.ScalarNode):
        return 0
    use = wanted.use
    named = here.value.rpartition("/")[2]  # `namespace/name`
    fits = here.value == use.key if wanted.steps[-1] in ("key", "valuesKey") else bool(named) and named in use.name
    return first_line(here) if fits else 0


def _element(node: yaml.Node | None, rendered: dict[str, Any]) -> yaml.Node | None:
    """The element of a list in the source that renders as `rendered`."""
    if not isinstance(node, yaml.SequenceNode):
        return None
    candidates: list[tuple[yaml.Node, Any]] = [(item, to_python(item)) for item in node.value]
    if "" in rendered:  # a list of names
        return next((item for item, python in candidates if _like(python, rendered[""])), None)
    for identifier in _IDENTIFIERS:
        value = rendered.get(identifier)
        if value is None:
            continue
        same = [item for item, python in candidates if isinstance(python, dict) and python.get(identifier) == value]
        if same:
            return same[0]
        near = [item for item, python in candidates if _inside(python, identifier, value)]
        return near[0] if near else None
    for item, python in candidates:
        if isinstance(python, dict) and _like(python, rendered):
            return item
    return None


def _inside(python: Any, identifier: str, value: Any) -> bool:
    written = python.get(identifier) if isinstance(python, dict) else None
    return isinstance(written, str) and isinstance(value, str) and bool(written) and written in value


def _like(written: Any, rendered: Any) -> bool:
    """Whether `written` renders as `rendered`, names of ConfigMaps and Secrets apart."""
    if isinstance(written, dict) and isinstance(rendered, dict):
        return set(written) == set(rendered) and all(_like(written[key], rendered[key]) for key in written)
    if isinstance(written, list) and isinstance(rendered, list):
        return len(written) == len(rendered) and all(map(_like, written, rendered))
    if isinstance(written, str) and isinstance(rendered, str):
        return written in rendered
    return bool(written == rendered)


def _in_patches(tree: Tree, file: str, rid: ResourceId, wanted: _Wanted) -> Iterator[Span]:
    for document in _documents(tree, file):
        yield from _in_kustomization(tree, file, document.node, rid, wanted)


def _in_kustomization(tree: Tree, file: str, node: yaml.Node, rid: ResourceId, wanted: _Wanted) -> Iterator[Span]:
    """Patches of a kustomization (or of an Application's `kustomize` block) that write the reference."""
    for field in ("patches", "patchesStrategicMerge", "patchesJson6902"):
        for entry in getattr(child(node, field), "value", ()):
            inline = entry if isinstance(entry, yaml.ScalarNode) else child(entry, "patch")
            path = entry if isinstance(entry, yaml.ScalarNode) else child(entry, "path")
            targeted = isinstance(entry, yaml.MappingNode) and child(entry, "target") is not None
            if isinstance(path, yaml.ScalarNode) and "\n" not in path.value:
                for document in _documents(tree, f"{file.rpartition('/')[0]}/{path.value}".lstrip("/")):
                    line = _in_patch(document.node, rid, wanted, targeted)
                    if line:
                        yield Span(document.path, line, line)
            if isinstance(inline, yaml.ScalarNode) and "\n" in inline.value:
                for document in _parsed(file, inline.value.encode()):
                    line = _in_patch(document.node, rid, wanted, targeted)
                    if line:
                        # A block scalar's text begins on the line behind its header.
                        shown = first_line(inline) + (line if inline.style in ("|", ">") else 0)
                        yield Span(file, shown, shown)


def _in_patch(node: yaml.Node, rid: ResourceId, wanted: _Wanted, targeted: bool) -> int:
    if isinstance(node, yaml.MappingNode):
        if child(node, "kind") is None or targeted:
            return _walk(node, wanted, 0)
        return _in_manifest(node, rid, wanted)
    for operation in node.value if isinstance(node, yaml.SequenceNode) else ():
        pointer, value = child(operation, "path"), child(operation, "value")
        if isinstance(pointer, yaml.ScalarNode) and value is not None:
            line = _in_operation(pointer.value, value, wanted)
            if line:
                return line
    return 0


def _in_operation(pointer: str, value: yaml.Node, wanted: _Wanted) -> int:
    """A JSON 6902 operation that writes (a part of) the route; its indices are those before other patches."""
    written = [step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")[1:]]
    route = wanted.use.route
    if len(written) > len(route):
        return 0
    for step, expected in zip(written, route, strict=False):
        if isinstance(expected, int) and not (step == "-" or step.isdigit()):
            return 0
        if isinstance(expected, str) and step != expected:
            return 0
    last = wanted.steps[len(written) - 1] if written else ""
    if isinstance(last, dict):  # one element is added: it must be the one that was rendered
        python = to_python(value)
        identifier = next((name for name in _IDENTIFIERS if name in last), None)
        if not isinstance(python, dict) or (identifier and python.get(identifier) != last.get(identifier)):
            return 0
    return _walk(value, wanted, len(written))


def _sources(application: yaml.Node) -> Iterator[yaml.Node]:
    single = child(application, "spec", "source", "kustomize")
    if single is not None:
        yield single
    for source in getattr(child(application, "spec", "sources"), "value", ()):
        block = child(source, "kustomize")
        if block is not None:
            yield block


def _documents(tree: Tree, path: str) -> list[Document]:
    try:
        data = tree.read(tree.resolve(path))
    except (GitopsError, KeyError):
        return []
    return _parsed(path, data)


@lru_cache(maxsize=256)
def _parsed(path: str, data: bytes) -> list[Document]:
    try:
        return read_documents(path, data)
    except GitopsError:
        return []
