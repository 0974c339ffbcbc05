"""The git generator, over a tree instead of a clone (applicationset/generators/git.go, repo_path_utils.go)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from gitops.applicationsets import globs
from gitops.applicationsets.parameters import Dialect, Params, flattened
from gitops.applicationsets.problems import CannotExpand, Refused
from gitops.files.errors import GitopsError
from gitops.files.tree import MODE_SUBMODULE, Tree
from gitops.gotemplate.errors import NotYaml, TemplateError
from gitops.gotemplate.functions.dictionaries import copied
from gitops.gotemplate.functions.paths import base, directory
from gitops.gotemplate.names import sanitized
from gitops.gotemplate.values import StringList, from_json, go_text
from gitops.gotemplate.yamltext import load

_PINNED: Final = re.compile(r"[0-9a-f]{40}|refs/tags/.+|v?\d+\.\d+\.\d+[-+.\w]*")
_MAX_TRIES: Final = 10_000_000  # patterns times paths of one ApplicationSet


@dataclass(frozen=True, slots=True)
class Settings:
    """What the operator can change about Argo CD's git generators; the defaults are Argo CD's.

    new_git_file_globbing: ARGOCD_APPLICATIONSET_CONTROLLER_ENABLE_NEW_GIT_FILE_GLOBBING, doublestar instead of
    `git ls-files`. include_hidden_directories: ARGOCD_REPO_SERVER_INCLUDE_HIDDEN_DIRECTORIES.
    """

    new_git_file_globbing: bool = False
    include_hidden_directories: bool = False


@dataclass(frozen=True, slots=True)
class Found:
    """A path and the position in `directories` or `files` of the first entry that includes it."""

    path: str
    entry: int


class Repository:
    """Directories and files of the tree, matched against patterns; remembers what it has matched and read."""

    def __init__(self, tree: Tree, settings: Settings) -> None:
        self._tree = tree
        self._settings = settings
        self._directories: list[str] | None = None
        self._found: dict[tuple[Any, ...], list[Found]] = {}
        self._read: dict[str, list[Params]] = {}
        self._tries = 0

    def of(self, tree: Tree) -> Repository:
        """Another repository, looked at with the same settings."""
        return Repository(tree, self._settings)

    def is_pinned(self, revision: Any) -> bool:
        """Whether `revision` is a commit or tag, which does not move with the tree that is looked at."""
        if not isinstance(revision, str) or not _PINNED.fullmatch(revision):
            return False
        return self._tree.sha is None or revision != self._tree.sha

    def directories(self, entries: list[Any]) -> list[Found]:
        """In the order of a walk; raises `CannotExpand`."""
        rules = _rules(entries, "directories")
        return self._select(("directories", *rules), self._all_directories(), globs.path_match)

    def files(self, entries: list[Any]) -> list[Found]:
        """Sorted by path; raises `CannotExpand`."""
        rules = _rules(entries, "files")
        match = globs.doublestar_match if self._settings.new_git_file_globbing else globs.pathspec_match
        return self._select(("files", *rules), self._tree.paths(), match)

    def _select(self, key: tuple[Any, ...], paths: list[str], match: Any) -> list[Found]:
        if key in self._found:
            return self._found[key]
        rules: list[tuple[str, bool]] = list(key[1:])
        self._tries += len(paths) * len(rules)
        if self._tries > _MAX_TRIES:
            raise CannotExpand("compares too many patterns with too many paths")
        usable = [
            (i, pattern, globs.literal_prefix(pattern))
            for i, (pattern, excluded) in enumerate(rules)
            if not excluded and _is_good(match, pattern)
        ]
        barred = [pattern for pattern, excluded in rules if excluded and _is_good(match, pattern)]
        selected: list[Found] = []
        for path in paths:
            # The prefix is only a fast way to say no, which most paths of a monorepo get.
            hits = (i for i, pattern, prefix in usable if path.startswith(prefix) and match(pattern, path))
            include = next(hits, None)
            if include is not None and not any(match(pattern, path) for pattern in barred):
                selected.append(Found(path, include))
        self._found[key] = selected
        return selected

    def _all_directories(self) -> list[str]:
        if self._directories is None:
            self._directories = list(self._below(""))
        return self._directories

    def _below(self, start: str) -> Iterator[str]:
        # A stack, not recursion: a tree can be deeper than Python's stack.
        stack = [start]
        while stack:
            path = stack.pop()
            if path:
                yield path
            names = self._tree.list_dir(path)
            for name in reversed(names):
                child = f"{path}/{name}" if path else name
                hidden = name.startswith(".") and not self._settings.include_hidden_directories
                is_directory = self._tree.is_dir(child) or self._tree.mode(child) == MODE_SUBMODULE
                if is_directory and not hidden:
                    stack.append(child)

    def parameters(self, path: str) -> list[Params]:
        """The objects of the file: one, or those of its array. Raises `CannotExpand`."""
        if path not in self._read:
            try:
                text = self._tree.read(self._tree.resolve(path)).decode("utf-8-sig")
                value = load(text)
                found = value if isinstance(value, list) else [value]
                self._read[path] = [from_json(part) if part is not None else {} for part in found]
            except NotYaml as error:
                where = f"{path}:{error.line}" if error.line else path
                raise Refused(f"reads {where}, which is not YAML or JSON ({error})") from None
            except (GitopsError, TemplateError, KeyError, ValueError, RecursionError) as error:
                raise CannotExpand(f"cannot read {path} ({error})") from None
        objects = self._read[path]
        if not all(isinstance(part, dict) for part in objects):
            raise Refused(f"reads {path}, which holds neither an object nor an array of objects")
        return [copied(part) for part in objects]


def _is_good(match: Any, pattern: str) -> bool:
    """Argo CD logs a malformed pattern and goes on without it."""
    try:
        match(pattern, "")
    except globs.BadPattern:
        return False
    return True


def _rules(entries: list[Any], field: str) -> list[tuple[str, bool]]:
    rules = []
    for entry in entries:
        if not isinstance(entry, dict) or not isinstance(entry.get("path"), str):
            raise Refused(f"has an entry of `{field}` without a path")
        rules.append((entry["path"], entry.get("exclude") is True))
    return rules


def directory_params(path: str, prefix: str, dialect: Dialect) -> Params:
    """`path` and its parts, for a directory."""
    return _path_params(path, {}, prefix, dialect)


def file_params(path: str, content: Params, prefix: str, dialect: Dialect) -> Params:
    """The file's content with `path` and its parts, which win over keys of the same name."""
    name = base(path)
    extra = {"filename": name, "filenameNormalized": sanitized(name)}
    params = content if dialect.go else dict[str, Any](flattened(content))
    return params | _path_params(directory(path), extra, prefix, dialect)


def _path_params(path: str, extra: dict[str, str], prefix: str, dialect: Dialect) -> Params:
    name = base(path)
    parts: dict[str, Any] = {"basename": name, "basenameNormalized": sanitized(name), **extra}
    if dialect.go:
        whole = {"path": path, **parts, "segments": StringList(path.split("/"))}
        return {prefix: {"path": whole}} if prefix else {"path": whole}
    root = f"{prefix}.path" if prefix else "path"
    params: Params = {root: path} | {f"{root}.{key}": value for key, value in parts.items()}
    params |= {f"{root}[{i}]": part for i, part in enumerate(path.split("/")) if part}
    return params


def prefix_of(git: dict[str, Any]) -> str:
    return go_text(git.get("pathParamPrefix") or "")
