"""`directory` sources: plain manifests, chosen the way Argo CD's repo server does.

Source of the rules: argo-cd, reposerver/repository/repository.go, `getPotentiallyValidManifestFile` and
`findManifests`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, MutableMapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from gitops.files.errors import GitopsError, MalformedYaml, PathEscapes
from gitops.files.spans import Span, split_lines
from gitops.files.tree import MODE_SUBMODULE, MODE_SYMLINK, Tree
from gitops.resources.manifests import Redact, read_plain, text_of
from gitops.resources.rendering import NotAnalysed, Rendered, RenderFailed, Rendering
from gitops.resources.resource import Resource

SKIP_MARK = b"+argocd:skip-file-rendering"
_MANIFEST = re.compile(r"^.*\.(yaml|yml|json|jsonnet)$")
JSONNET = ".jsonnet"
MAX_PATTERN = 2_000  # characters of `include` and `exclude`
MAX_ALTERNATIVES = 500
MAX_DEPTH = 30  # braces in braces
STEPS_A_MANIFEST = 30  # what it takes to write one in its canonical form (`gitops.files.effort`)
_LOOKS_LIKE_MANIFEST = (b"apiVersion:", b"kind:", b"metadata:")


@dataclass(frozen=True, slots=True)
class DirectoryOptions:
    """`spec.source.directory`; the patterns are gobwas globs in which `*` crosses slashes."""

    recurse: bool = False
    include: str = ""
    exclude: str = ""

    @classmethod
    def parse(cls, block: Mapping[str, Any] | None) -> DirectoryOptions:
        block = block or {}
        return cls(block.get("recurse") is True, text_of(block.get("include")), text_of(block.get("exclude")))

    def chooses(self, relative: str) -> bool:
        """Whether the patterns take a path that is relative to the directory."""
        if self.exclude and glob_matches(self.exclude, relative):
            return False
        return not self.include or glob_matches(self.include, relative)


PlainMemo = MutableMapping[tuple[str, str], tuple[Resource, ...]]


def files_of(tree: Tree, root: str, options: DirectoryOptions) -> list[str]:
    """Paths that Argo CD would read as manifests, in its order: a directory's entries by name, each with what is
    below it. Raises `PathEscapes` for a symlink that leaves the repository (Argo CD refuses the whole source then).
    """
    found: list[str] = []
    for path in tree.walk(root):
        relative = path[len(root) + 1 :] if root else path
        if "/" in relative and not options.recurse:
            continue
        if not _MANIFEST.match(relative):
            continue
        entry = tree.entry(path)
        if entry is None or entry.mode == MODE_SUBMODULE:
            continue
        if entry.mode == MODE_SYMLINK and tree.resolve(path) not in tree:
            continue
        if options.chooses(relative):
            found.append(path)
    # As filepath.Walk goes. Of repeated resources the last one counts, so the order does.
    return sorted(found, key=lambda path: path.split("/"))


def read_directory(
    tree: Tree,
    root: str,
    options: DirectoryOptions,
    redact: Redact,
    at: Span,
    memo: PlainMemo | None = None,
    evaluated: Mapping[str, Rendering] | None = None,
) -> Rendering:
    """Every manifest of the directory. `at` is the place of the Application, for problems that have no other."""
    try:
        paths = files_of(tree, root, options)
    except PathEscapes as error:
        return RenderFailed(str(error), at)
    return read_files(tree, paths, redact, memo, evaluated)


def read_files(
    tree: Tree,
    paths: Iterable[str],
    redact: Redact,
    memo: PlainMemo | None = None,
    evaluated: Mapping[str, Rendering] | None = None,
) -> Rendering:
    """Every manifest of the files of a directory (`files_of`). `memo` keeps what was read by path and blob id,
    `evaluated` is what came of the Jsonnet files, by path."""
    known: PlainMemo = {} if memo is None else memo
    resources: list[Resource] = []
    for path in paths:
        if path.endswith(JSONNET):
            made = (evaluated or {}).get(path) or NotAnalysed(f"{path} is Jsonnet, which nothing evaluates here")
            if not isinstance(made, Rendered):
                return made
            resources.extend(made.resources)
            continue
        try:
            resolved = tree.resolve(path)
            entry = tree.entry(resolved)
            key = (path, entry.oid if entry is not None else "")
            found = known.get(key)
            if found is None:
                data = tree.read(resolved)
                found = () if SKIP_MARK in data else read_plain(path, data, redact)
                tree.effort.step(STEPS_A_MANIFEST * len(found))
                tree.effort.must_keep(sum(resource.size for resource in found), f"{path}:{key[1]}")
                known[key] = found
            resources.extend(found)
        except MalformedYaml as error:
            line = max(error.line, 1)
            if not _is_meant_as_manifest(path, data, line, redact):
                continue
            return RenderFailed(str(error), Span(path, line, line))
        except GitopsError as error:
            return RenderFailed(str(error), Span(path, 1, 1))
    return Rendered(tuple(resources))


def _is_meant_as_manifest(path: str, data: bytes, line: int, redact: Redact) -> bool:
    """Whether Argo CD fails on a file that is no manifest from `line` on, instead of passing over it."""
    if path.endswith(".json") or all(word in data for word in _LOOKS_LIKE_MANIFEST):
        return True
    above = split_lines(data)[: line - 1]
    while above and not above[-1].startswith(b"---"):
        above.pop()
    try:
        return bool(read_plain(path, b"".join(above[:-1]), redact))
    except MalformedYaml:
        return False


def glob_matches(pattern: str, path: str) -> bool:
    """gobwas/glob without separators: `*` and `**` match anything, `?` one character, `[a-z]`, `[!a]`, `{a,b}`.

    False for a pattern that is none, is longer than `MAX_PATTERN` or stands for more than `MAX_ALTERNATIVES`.
    """
    return any(compiled.fullmatch(path) is not None for compiled in _compile(pattern))


_ESCAPED = re.compile(r"\\(.)", re.DOTALL)


@lru_cache(maxsize=1024)
def _compile(pattern: str) -> tuple[re.Pattern[str], ...]:
    if len(pattern) > MAX_PATTERN:
        return ()
    try:
        return tuple(re.compile(_one_way(each), re.DOTALL) for each in alternatives(pattern))
    except (re.error, ValueError):
        return ()


def _one_way(pattern: str) -> str:
    """A pattern without braces as a regular expression that never tries a star twice: what stands between two stars
    is best found as early as can be, so the choice is final (an atomic group). Raises `ValueError`."""
    between: list[list[str]] = [[]]
    i = 0
    while i < len(pattern):
        char = pattern[i]
        if char == "*":
            if between[-1] or len(between) == 1:
                between.append([])
        elif char == "?":
            between[-1].append("." if len(pattern) > 1 else ".?")  # alone it takes an empty text too
        elif char == "[":
            end = _class_end(pattern, i)
            between[-1].append(_class(pattern[i + 1 : end]))
            i = end
        elif char == "\\":
            i += 1
            between[-1].append(re.escape(pattern[i : i + 1]))
        else:
            between[-1].append(re.escape(char))
        i += 1
    first, *inner = ("".join(part) for part in between)
    if not inner:
        return first
    if len(inner) == 1 and not any(sign in pattern for sign in "?["):
        return f"(?={first}).*(?<={inner[0]})"  # gobwas looks at both ends by themselves, which may overlap
    return first + "".join(f"(?>.*?{part})" for part in inner[:-1]) + f".*{inner[-1]}"


def _class_end(pattern: str, at: int) -> int:
    """The place of the `]` that ends the class which begins at `at`. Raises `ValueError`."""
    end = at + (3 if pattern[at + 1 : at + 2] == "\\" else 2)  # the first character does not end it
    while end < len(pattern) and pattern[end] != "]":
        end += 2 if pattern[end] == "\\" else 1
    if end >= len(pattern):
        raise ValueError(pattern)
    return end


def _escaped(match: re.Match[str]) -> str:
    return match[1]


def _class(body: str) -> str:
    """A class as a regular expression: a list of characters, or one range and nothing else. Raises `ValueError`."""
    negated = "^" if body.startswith("!") else ""
    body = body[len(negated) :]
    if body[1:2] == "-":
        if len(body) != 3 or body[0] > body[2]:
            raise ValueError(body)
        return f"[{negated}{re.escape(body[0])}-{re.escape(body[2])}]"
    return f"[{negated}{re.escape(_ESCAPED.sub(_escaped, body))}]"


def alternatives(pattern: str, depth: int = 0) -> list[str]:
    """The patterns that braces stand for, written out. Raises `ValueError` for too many, and for braces in braces
    below `MAX_DEPTH`; `depth` says in how many this pattern stands."""
    if depth > MAX_DEPTH:
        raise ValueError(pattern)
    made, at = [""], 0
    while at < len(pattern):
        char = pattern[at]
        if char == "{":
            inside, at = _braces(pattern, at + 1, depth + 1)
            made = [before + each for before in made for each in inside]
            if len(made) > MAX_ALTERNATIVES:
                raise ValueError(pattern)
            continue
        literal, at = piece_of(pattern, at)
        made = [before + literal for before in made]
    return made


def _braces(pattern: str, at: int, depth: int) -> tuple[list[str], int]:
    """The alternatives from behind a `{`, and where the text behind its `}` begins."""
    found: list[str] = []
    here, inner = "", 0
    while at < len(pattern):
        char = pattern[at]
        if not inner and char in ",}":
            found += alternatives(here, depth)
            here = ""
            if char == "}":
                return found, at + 1
            at += 1
            continue
        inner += (char == "{") - (char == "}")
        piece, at = piece_of(pattern, at)
        here += piece
        if len(found) > MAX_ALTERNATIVES:
            raise ValueError(pattern)
    return found + alternatives(here, depth), at  # what is not closed ends with the text


def piece_of(pattern: str, at: int) -> tuple[str, int]:
    """One character, with its backslash or its whole class, and where the next one begins."""
    char = pattern[at]
    end = at + 1
    if char == "\\":
        end = min(at + 2, len(pattern))
    elif char == "[":
        end = _class_end(pattern, at) + 1
    return pattern[at:end], end
