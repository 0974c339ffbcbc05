"""Symbolic links that leave the repository, as Argo CD's repo server looks for them.

Source: argo-cd, util/app/path/path.go (`CheckOutOfBoundsSymlinks`) and reposerver/repository/repository.go: the whole
checkout is looked through before anything is generated, wherever an Application's path lies. Links are not followed;
each step of the target is joined to the one before.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from gitops.files.errors import GitopsError
from gitops.files.tree import MODE_SYMLINK, Tree

# How the repo server is told to let them be (cmd/argocd-repo-server, docs/operator-manual/argocd-cmd-params-cm.yaml).
_ALLOWED = re.compile(
    rb"reposerver\.allow\.oob\.symlinks[\"']?\s*:\s*[\"']?(?:true|1|t)\b|--allow-oob-symlinks(?![=\w]|[\"']?\s*[,:]?\s*false)"
    rb"|--allow-oob-symlinks=true|ARGOCD_REPO_SERVER_ALLOW_OUT_OF_BOUNDS_SYMLINKS[\"']?\s*\n?\s*value:\s*[\"']?true",
    re.IGNORECASE,
)
_SUFFIXES = (".yaml", ".yml", ".json")


def leaving(tree: Tree) -> Iterator[tuple[str, str]]:
    """(path, target) of every link that Argo CD refuses, in order."""
    for path in tree.paths():
        entry = tree.entry(path)
        if entry is None or entry.mode != MODE_SYMLINK:
            continue
        try:
            target = tree.read(path).decode("utf-8", "surrogateescape")
        except GitopsError:
            continue
        if target.startswith("/") or _leaves(path, target):
            yield path, target


def _leaves(path: str, target: str) -> bool:
    here = posixpath.dirname(path)
    for part in target.split("/"):
        here = posixpath.normpath(posixpath.join(here, part))
        if here == ".." or here.startswith("../"):
            return True
    return False


def are_allowed(tree: Tree) -> bool:
    """Whether a file says that the repo server lets such links be. Reads every manifest: ask only with a link."""
    for path in tree.paths():
        if path.endswith(_SUFFIXES):
            try:
                data = tree.read(tree.resolve(path))
            except GitopsError:
                continue
            if (b"oob" in data.lower() or b"OUT_OF_BOUNDS" in data) and _ALLOWED.search(data):
                return True
    return False
