"""Which directories and files an ApplicationSet's template names, where nobody knows all that its generators make.

A placeholder stands for the values that the set itself writes for it (`values` of a generator, elements of a list) or
that its git generators read, and for any one name where there are none.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass
from typing import Any

from gitops.facts.changes.git_data import PLACEHOLDER, generators, may_be_here
from gitops.facts.secrets.pods import mapping, sequence
from gitops.files.errors import GitopsError
from gitops.files.tree import Tree, normalise
from gitops.kustomize.closure import kustomization_file, load
from gitops.kustomize.kustomization import FILE_NAMES
from gitops.resources.manifests import text_of

_NAME = re.compile(r"(?:\.|index \.)?([\w.-]+)")
_ANY = "[^/]+"
_MOST_VALUES = 2_000
_MOST_FILES = 400  # kustomizations that are followed for one set


@dataclass(frozen=True, slots=True)
class Deployed:
    """What a set may deploy: `directories` and `files` are whole paths, as expressions; `below` are directories in
    which all of the former lie."""

    directories: tuple[re.Pattern[str], ...]
    files: tuple[re.Pattern[str], ...]
    below: tuple[str, ...]

    def directory_of(self, path: str) -> str:
        """The directory that is deployed and has a file below it; '' where none has."""
        here = path.rpartition("/")[0]
        while here and not any(each.fullmatch(here) for each in self.directories):
            here = here.rpartition("/")[0]
        return here

    def has_file(self, path: str) -> bool:
        return any(each.fullmatch(path) for each in self.files)

    def may_lead_to(self, path: str) -> bool:
        """Whether a kustomization that is deployed is likely to read a file that lies beside it."""
        return any(path.startswith(each) for each in self.below)

    def read(self, tree: Tree, known: dict[Any, Any]) -> Mapping[str, str]:
        """The files that kustomizations in these directories name, and the directory. `known` is kept for the next
        time."""
        found: dict[str, str] = {}
        for path in tree.paths():
            root, _, name = path.rpartition("/")
            if name in FILE_NAMES and any(each.fullmatch(root) for each in self.directories):
                for file in _followed(tree, root, known):
                    found.setdefault(file, root)
        return found


def deployed_by(manifest: Any, here: Set[str], data: Iterable[Mapping[str, list[str]]] = ()) -> Deployed:
    """What the template and the templates of its generators name in this repository, whose addresses are `here`.
    `data` are values that generators read from it, by the names of their placeholders."""
    spec = mapping(mapping(manifest).get("spec"))
    values = _values(spec)
    for read in data:
        for name, known in read.items():
            values[name] = list(dict.fromkeys([*values.get(name, ()), *known]))[:_MOST_VALUES]
    directories: dict[str, None] = {}
    files: dict[str, None] = {}
    for template in (spec.get("template"), *_templates(spec)):
        body = mapping(mapping(template).get("spec"))
        sources = [mapping(each) for each in (body.get("source"), *sequence(body.get("sources")))]
        own = [each for each in sources if may_be_here(text_of(each.get("repoURL")), here)]
        refs = {f"${text_of(each.get('ref'))}" for each in own if each.get("ref")}
        for source in sources:
            path = text_of(source.get("path")) if source in own else ""
            if path:
                directories[path] = None
            for name in map(text_of, sequence(mapping(source.get("helm")).get("valueFiles"))):
                first, _, rest = name.partition("/")
                if first in refs:
                    files[rest] = None
                elif path and not name.startswith("$"):
                    files[name[1:] if name.startswith("/") else f"{path}/{name}"] = None
    written = [each for path in directories if (each := _expression(path, values))]
    return Deployed(
        tuple(re.compile(expression) for expression, _ in written),
        tuple(re.compile(each[0]) for path in files if (each := _expression(path, values))),
        tuple(fixed for _, fixed in written if fixed),
    )


def _expression(path: str, values: Mapping[str, list[str]]) -> tuple[str, str] | None:
    """A path as an expression, and the directory that all that it stands for lies in; None for what may be anything,
    which says nothing."""
    try:
        pieces = normalise(PLACEHOLDER.sub(lambda found: f"\0{found[1]}\0", path)).split("\0")
    except GitopsError:
        return None
    expression = fixed = ""
    is_fixed, says = True, False
    for index, piece in enumerate(pieces):
        known = [piece]
        if index % 2:
            found = _NAME.fullmatch(piece)
            known = values.get(found[1], []) if found is not None else []
        expression += f"(?:{'|'.join(map(re.escape, known))})" if known else _ANY
        says |= any(each.strip("/") for each in known)
        is_fixed &= len(known) == 1
        fixed += known[0] if is_fixed else ""
    return (expression, fixed[: fixed.rfind("/") + 1]) if says else None


def _values(spec: Mapping[str, Any]) -> dict[str, list[str]]:
    """What placeholders may stand for, by their names."""
    found: dict[str, list[str]] = {}
    for generator in generators(spec):
        for body in map(mapping, generator.values()):
            _collect(mapping(body.get("values")), "values.", found)
            for element in sequence(body.get("elements")):
                _collect(mapping(element), "", found)
    return {name: list(dict.fromkeys(each))[:_MOST_VALUES] for name, each in found.items()}


def _collect(fields: Mapping[str, Any], prefix: str, found: dict[str, list[str]]) -> None:
    for key, value in fields.items():
        if isinstance(value, Mapping):
            _collect(value, f"{prefix}{key}.", found)
        elif "{{" not in text_of(value):
            found.setdefault(f"{prefix}{key}", []).append(text_of(value).strip("/"))


def _templates(spec: Mapping[str, Any]) -> Iterator[Any]:
    for generator in generators(spec):
        yield from (mapping(body).get("template") for body in generator.values())


def _followed(tree: Tree, root: str, known: dict[Any, Any]) -> Iterator[str]:
    """The files that a kustomization and those that it lists name."""
    todo, seen = [root], {root}
    while todo and len(seen) <= _MOST_FILES:
        directory = todo.pop()
        try:
            file = kustomization_file(tree, directory)
            references = load(tree, file, known).references if file is not None else ()
        except GitopsError:
            continue
        if file is not None:
            yield file
        for reference in references:
            try:
                target = tree.resolve(normalise(f"{directory}/{reference.value}"))
            except (GitopsError, ValueError):
                continue
            if target in tree:
                yield target
            elif target not in seen and tree.is_dir(target):
                seen.add(target)
                todo.append(target)
