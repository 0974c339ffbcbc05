"""What merging would bring, worked out without any of our rules.

Every Application is a directory of plain manifests, every file in it is a ConfigMap of the file's name. So two
Applications own the same thing exactly when the merge result holds the same file name in both directories, and a
change brings an error exactly when it brings such a pair, or when an Application's directory is empty then, which
git has no way to keep: Argo CD cannot read a path that is not there. git says what the merge result is.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import combinations

from tests.github import File, Repository
from tests.scenarios import application, config_map, documents

Contents = dict[str, bytes | str | File | None]
Errors = frozenset[tuple[str, ...]]

APPS = "abc"
NAMES = ("one", "two", "three", "four")


def path(app: str, name: str) -> str:
    return f"{app}/{name}.yaml"


def content(name: str, data: str = "b") -> str:
    return config_map(name, a=data)


def beginning(name: str) -> Contents:
    """Three Applications of the repository `name`, each with a ConfigMap of its own. Nobody has `four`."""
    url = f"https://github.com/{name}"
    files: Contents = {"apps.yaml": documents(*(application(app, app, url=url) for app in APPS))}
    return files | {path(app, name): content(name) for app, name in zip(APPS, NAMES, strict=False)}


@dataclass
class Oracle:
    repo: Repository
    _merged: dict[tuple[str, str], str | None] = field(default_factory=dict)
    _errors: dict[str, Errors] = field(default_factory=dict)

    def brings_error(self, base: str, head: str) -> bool | None:
        """Whether merging `head` into `base` gives an error that `base` has not; None when the two conflict, so that
        there is nothing to merge."""
        if (base, head) not in self._merged:
            self._merged[base, head] = self.repo.git.merge_tree(base, head)
        tree = self._merged[base, head]
        return None if tree is None else bool(self.errors(tree) - self.errors(base))

    def errors(self, treeish: str) -> Errors:
        """ConfigMaps with two Applications that both own them, and Applications without a directory."""
        if treeish not in self._errors:
            files = {entry.path for entry in self.repo.git.entries(treeish, recursive=True)}
            shared = {
                (name, *apps)
                for name in NAMES
                for apps in combinations((app for app in APPS if path(app, name) in files), 2)
            }
            gone = {(app,) for app in APPS if not any(path(app, name) in files for name in NAMES)}
            self._errors[treeish] = frozenset(shared | gone)
        return self._errors[treeish]
