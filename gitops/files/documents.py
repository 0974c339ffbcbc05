"""YAML documents with positions.

PyYAML's C parser composes nodes (which carry line marks); we turn nodes into plain Python with the scalar rules
that Kubernetes tools use (`gitops.files.scalars`), because `yaml.safe_load` would read an unquoted date or `1e3`
otherwise than the cluster. Anchors and aliases are shared, never copied, and counted, so that a few hundred bytes
cannot expand into gigabytes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml
from yaml.composer import Composer

from gitops.files.errors import ExcessiveYaml, GitopsError, MalformedYaml
from gitops.files.scalars import is_null, plain_scalar

MAX_DEPTH = 200  # the C composer recurses; kustomize's own parser stops at 10,000
MAX_NODES = 1_000_000  # of one document, after expanding aliases
MAX_CHARACTERS = 32 * 2**20  # of one document's scalars, after expanding aliases; a file has up to 16 MB
LARGE = 12_000  # nodes as `refuse_excess` estimates them; the composer in C takes some 20 ms for so many
MAX_WRITTEN_NODES = 500_000  # of one file, as written; ten times the largest bundle of CRDs, and a second's work


_END = re.compile(rb"^---(?=[ \t\r\n])", re.MULTILINE)
_TAGS: Mapping[type, str] = {
    yaml.ScalarNode: "tag:yaml.org,2002:str",
    yaml.SequenceNode: "tag:yaml.org,2002:seq",
    yaml.MappingNode: "tag:yaml.org,2002:map",
}


class _Loader(yaml.CSafeLoader):
    """Composes without resolving plain scalars: we do that ourselves, see `scalar`. Tags that are written stay."""

    # The composer in C asks for these three at every node, which was nearly half of its time: two that do nothing are
    # functions in C, too.
    descend_resolver: Any = {}.get
    ascend_resolver: Any = tuple

    def resolve(self, kind: Any, _value: Any, _implicit: Any) -> str:
        return _TAGS[kind]


class _SteadyLoader(Composer, _Loader):
    """The same nodes, node by node: the composer in C lets no other thread run before it is done with a document."""

    def __init__(self, data: bytes) -> None:
        _Loader.__init__(self, data)
        Composer.__init__(self)

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        """As YAML 1.2 (3.2.2.2) and Go have it, an anchor may be given again; PyYAML refuses that."""
        event: Any = self.peek_event()
        if not isinstance(event, yaml.AliasEvent):
            self.anchors.pop(event.anchor, None)
        node: yaml.Node | None = super().compose_node(parent, index)
        return node


class _AnchorAgain(Exception):
    """The composer in C does not go on."""


@dataclass(frozen=True, slots=True)
class Document:
    """One YAML document of a file. `line` and `end_line` (1-based) leave out separators and outer comments."""

    path: str
    index: int
    node: yaml.Node = field(repr=False)  # may hold Secret values
    line: int
    end_line: int

    def value(self) -> Any:
        """The document as plain dicts, lists and scalars."""
        return to_python(self.node)


def values_in(path: str, data: bytes) -> list[Any]:
    """What the documents of a file say, as plain Python; nothing where it is no YAML."""
    try:
        return [document.value() for document in read_documents(path, data)]
    except GitopsError:
        return []


def read_documents(path: str, data: bytes) -> list[Document]:
    """Every non-empty document of a YAML or JSON file.

    Raises `MalformedYaml` (with a 1-based line) for text that is no YAML or is not UTF-8/16, `ExcessiveYaml` for one
    that nests deeper than `MAX_DEPTH`, holds more than `MAX_WRITTEN_NODES` nodes or expands to more than `MAX_NODES`.
    """
    large = refuse_excess(path, data) > LARGE
    try:
        return _documents(path, data, steady=large)
    except _AnchorAgain:
        return _documents(path, data, steady=True)


def _documents(path: str, data: bytes, *, steady: bool) -> list[Document]:
    may_expand = b"*" in data or len(data) > MAX_CHARACTERS  # only aliases make more of a file than is written
    documents: list[Document] = []
    loader = None
    try:
        loader = _SteadyLoader(data) if steady else _Loader(data)
        index = 0
        while loader.check_node():
            node = loader.get_node()
            if node is not None and not _is_null(node):
                if may_expand:
                    _refuse_bomb(path, node)
                documents.append(Document(path, index, node, node.start_mark.line + 1, last_line(node)))
            index += 1
    except yaml.MarkedYAMLError as error:
        if not steady and error.problem == "second occurrence":
            raise _AnchorAgain from None
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 0
        raise MalformedYaml(f"{path}:{line} is not valid YAML: {error.problem or error.context}", line) from None
    except yaml.reader.ReaderError as error:
        raise MalformedYaml(f"{path} is not readable text: {error.reason} at byte {error.position}") from None
    except (yaml.YAMLError, ValueError, UnicodeError) as error:
        raise MalformedYaml(f"{path} is not valid YAML: {error}") from None
    finally:
        if loader is not None:
            loader.dispose()
    return documents


def to_python(node: yaml.Node) -> Any:
    """Plain Python of a node; aliases give the same object."""
    return _construct(node, {})


def _construct(node: yaml.Node, seen: dict[int, Any]) -> Any:
    if isinstance(node, yaml.ScalarNode):
        return scalar(node)
    key = id(node)
    if key in seen:
        return seen[key]
    if isinstance(node, yaml.SequenceNode):
        items: list[Any] = []
        seen[key] = items
        items.extend(_construct(child, seen) for child in node.value)
        return items
    mapping: dict[str, Any] = {}
    seen[key] = mapping
    for key_node, value_node in node.value:
        if _is_merge(key_node):
            for source in _merge_sources(value_node):
                for name, value in _construct(source, seen).items():
                    mapping.setdefault(name, value)
    for key_node, value_node in node.value:
        if not _is_merge(key_node):
            # Kubernetes reads YAML through JSON, whose keys are strings.
            name = key_node.value if isinstance(key_node, yaml.ScalarNode) else ""
            mapping[name] = _construct(value_node, seen)
    return mapping


def scalar(node: yaml.ScalarNode) -> str | int | float | bool | None:
    """Value of a scalar as Kubernetes takes it."""
    text: str = node.value
    return text if node.style else plain_scalar(text)  # quoted and block scalars have a style


def items(node: yaml.Node) -> Iterator[tuple[str, yaml.Node, yaml.Node]]:
    """(key, key node, value node) of a mapping with scalar keys; nothing for any other node."""
    if isinstance(node, yaml.MappingNode):
        for key_node, value_node in node.value:
            if isinstance(key_node, yaml.ScalarNode):
                yield key_node.value, key_node, value_node


def merged_items(node: yaml.Node) -> Iterator[tuple[str, yaml.Node, yaml.Node]]:
    """As `items`, in which a key that stands twice counts where it stands last, and with those of merge keys (`<<`).

    Readers differ in whether a merged key or the mapping's own counts, so both are given: whoever looks for what must
    not be overlooked looks at all.
    """
    stack, seen = [node], {id(node)}
    while stack:
        here = list(items(stack.pop()))
        last = {name: value for name, _, value in here}
        for name, key_node, value_node in here:
            if _is_merge(key_node):
                sources = [source for source in _merge_sources(value_node) if id(source) not in seen]
                seen.update(id(source) for source in sources)
                stack.extend(sources)
            elif last[name] is value_node:
                yield name, key_node, value_node


def child(node: yaml.Node | None, *route: str | int) -> yaml.Node | None:
    """The node at a route of keys and indices, or None."""
    here = node
    for step in route:
        if isinstance(step, int):
            if not isinstance(here, yaml.SequenceNode) or not -len(here.value) <= step < len(here.value):
                return None
            here = here.value[step]
        else:
            here = next((value for key, _, value in items(here) if key == step), None) if here else None
            if here is None:
                return None
    return here


def duplicate_keys(node: yaml.Node) -> Iterator[tuple[str, int]]:
    """(key, 1-based line) of each mapping key that repeats; Go's YAML reader, unlike PyYAML, refuses those."""
    stack, seen = [node], {id(node)}
    while stack:
        here = stack.pop()
        children: list[yaml.Node] = []
        if isinstance(here, yaml.MappingNode):
            names: set[str] = set()
            for key, key_node, value in items(here):
                if key in names and not _is_merge(key_node):
                    yield key, key_node.start_mark.line + 1
                names.add(key)
                children.append(value)
        elif isinstance(here, yaml.SequenceNode):
            children = here.value
        for node_ in children:
            if id(node_) not in seen:
                seen.add(id(node_))
                stack.append(node_)


def first_line(node: yaml.Node) -> int:
    """1-based line on which a node starts."""
    return node.start_mark.line + 1 if node.start_mark else 1


def last_line(node: yaml.Node) -> int:
    """1-based last line of a node. Block collections end, for the parser, where the next token starts."""
    here = node
    while isinstance(here, yaml.CollectionNode) and here.value and not here.flow_style:
        tail = here.value[-1]
        above = tail[0] if isinstance(tail, tuple) else here
        here = tail[1] if isinstance(tail, tuple) else tail
        if here.start_mark.index < above.start_mark.index:  # an alias, which stands no higher than its key
            return int(above.start_mark.line) + 1
    mark = here.end_mark
    # A block scalar's mark stands at the start of the line behind it.
    behind = mark.column == 0 and mark.line > here.start_mark.line
    return int(mark.line) if behind else int(mark.line) + 1


def _is_merge(node: yaml.Node) -> bool:
    return isinstance(node, yaml.ScalarNode) and node.value == "<<" and not node.style


def _merge_sources(node: yaml.Node) -> list[yaml.Node]:
    if isinstance(node, yaml.SequenceNode):
        return [item for item in node.value if isinstance(item, yaml.MappingNode)]
    return [node] if isinstance(node, yaml.MappingNode) else []


def _is_null(node: yaml.Node) -> bool:
    return isinstance(node, yaml.ScalarNode) and not node.style and is_null(node.value)


def refuse_excess(path: str, data: bytes) -> int:
    """Refuse what would take the composer minutes, gigabytes or the stack. Raises `ExcessiveYaml`.

    Gives a number that there are no more nodes than; a file as people write it has half as many.
    """
    # Depth can only come from brackets, from indentation or from `- - -`, and every node needs a line end, a comma, a
    # bracket or a colon. Files without much of those are safe; the exact count by events is made for the others.
    flow = data.count(b"[") + data.count(b"{")
    # Nothing that is open goes on behind the end of its document.
    texts = _END.split(data) if flow > MAX_DEPTH else [b""]
    deepest = max(text.count(b"[") + text.count(b"{") for text in texts)
    shallow = deepest <= MAX_DEPTH and b" " * MAX_DEPTH not in data and b"- " * (MAX_DEPTH // 4) not in data
    most = 2 * flow + sum(data.count(mark) for mark in (b"\n", b",", b":", b"- ", b"? "))
    if shallow and most <= MAX_WRITTEN_NODES:
        return most
    depth = nodes = 0
    try:
        for event in yaml.parse(data, Loader=yaml.CSafeLoader):
            line = event.start_mark.line + 1 if event.start_mark else 0
            if isinstance(event, yaml.NodeEvent):
                nodes += 1
                if nodes > MAX_WRITTEN_NODES:
                    raise ExcessiveYaml(f"{path} holds more than {MAX_WRITTEN_NODES:,} YAML nodes", line)
            if isinstance(event, yaml.CollectionStartEvent):
                depth += 1
                if depth > MAX_DEPTH:
                    raise ExcessiveYaml(f"{path}:{line} nests deeper than {MAX_DEPTH} levels", line)
            elif isinstance(event, yaml.CollectionEndEvent):
                depth -= 1
    except yaml.YAMLError:
        pass  # reported with its line by the composer
    return most


def _refuse_bomb(path: str, root: yaml.Node) -> None:
    sizes: dict[int, tuple[int, int]] = {}
    open_: set[int] = set()

    def size(node: yaml.Node) -> tuple[int, int]:
        """Nodes, and characters of scalars, with every alias written out."""
        key = id(node)
        if key in sizes:
            return sizes[key]
        if key in open_:
            line = first_line(node)
            raise ExcessiveYaml(f"{path}:{line} holds an anchor that contains itself", line)
        open_.add(key)
        nodes, characters = 1, 0
        for item in node.value:
            for child_ in item if isinstance(item, tuple) else (item,):
                if isinstance(child_, yaml.ScalarNode):
                    nodes += 1
                    characters += len(child_.value)
                else:
                    more = size(child_)
                    nodes += more[0]
                    characters += more[1]
        open_.discard(key)
        sizes[key] = nodes, characters
        return nodes, characters

    if isinstance(root, yaml.ScalarNode):
        return
    nodes, characters = size(root)
    if nodes > MAX_NODES:
        raise ExcessiveYaml(f"{path} expands to more than {MAX_NODES:,} YAML nodes through its aliases", 1)
    if characters > MAX_CHARACTERS:
        what = f"expands to more than {MAX_CHARACTERS // 2**20} MB of text through its aliases"
        raise ExcessiveYaml(f"{path} {what}", 1)
