"""What scripts of the repository do to Argo CD beside its manifests: `kubectl patch`, `helm --set`, a remote install.

Only whether a word stands in a script that works on Argo CD is told; what a script does is not run or followed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from gitops.discovery.applied import SCRIPTS
from gitops.discovery.snapshot import Snapshot
from gitops.files.errors import GitopsError
from gitops.files.tree import Tree

_MOST_BYTES: Final = 256 * 1024
_WORKS_ON_IT: Final = re.compile(rb"kubectl|\bk apply|helm|kustomize|kubernetes|ansible|argocd-autopilot|helmfile")
_COMMENT: Final = re.compile(r"(?m)^[ \t]*(?:#|//).*$")


@dataclass(frozen=True, slots=True)
class Script:
    """A script that works on Argo CD: its text without lines that are comments."""

    path: str
    text: str


def scripts_of(snapshot: Snapshot) -> tuple[Script, ...]:
    """Every script that names Argo CD and something that changes clusters. For `snapshot.once`."""
    tree = snapshot.tree
    return tuple(
        found for path in tree.paths() if SCRIPTS.search(path) and (found := _script(tree, path)) is not None
    )


def _script(tree: Tree, path: str) -> Script | None:
    try:
        if tree.size(path) > _MOST_BYTES or path not in tree:
            return None
        data = tree.read(tree.resolve(path))
    except (GitopsError, KeyError):
        return None
    if b"argo" not in data or _WORKS_ON_IT.search(data) is None:
        return None
    return Script(path, _COMMENT.sub("", data.decode("utf-8", "replace")))


_INSECURE: Final = re.compile(r"server\\?\\?\.insecure|ARGOCD_SERVER_INSECURE|configs\.params|extraArgs")
_PATCHED: Final = re.compile(r"patch[^\n]*argocd-server(?:[^\n]*\n){0,8}?[^\n]*--insecure")


def may_set_insecure(scripts: tuple[Script, ...]) -> str:
    """The script that may have argocd-server speak plain HTTP, '' where none does. `argocd login --insecure` is about
    something else."""
    found = (each.path for each in scripts if _INSECURE.search(each.text) or _PATCHED.search(each.text))
    return next(found, "")


_INSTALLS: Final = re.compile(
    r"argo-?cd[^\s\"']*/manifests/|argo-helm|argo/argo-?cd|helm[^\n]*\bargo-?cd\b|argocd-autopilot|github\.com/argoproj/"
    r"argo-cd"
)


def may_install(scripts: tuple[Script, ...]) -> str:
    """The script that may bring Argo CD's own manifests from elsewhere, '' where none does."""
    return next((each.path for each in scripts if _INSTALLS.search(each.text)), "")
