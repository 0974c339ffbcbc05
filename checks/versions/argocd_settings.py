"""Settings of Argo CD that a version on the way no longer knows, found where the overlay uses them.

The flags come from comparing the command reference of every minor version from 2.8 to 3.5 (its last patch, or the
latest one in mid-2026): what a process no longer lists is deprecated or gone. Of the roughly 330 flags these few ever
went. The ConfigMap keys are those that Argo CD's upgrade guides name.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import yaml
from packaging.version import Version

from gitops.closure import ParseMemo
from gitops.errors import GitopsError
from gitops.tree import Tree
from gitops.versions.components import ARGO_CD, Component
from gitops.versions.find import closure_of
from gitops.versions.pins import Pins, Style
from gitops.versions.text import Text, nested_documents

SERVER_SIDE_SINCE: Final = (3, 3)  # docs/operator-manual/upgrading/3.2-3.3.md
# How each process is called in environment variables and in argocd-cmd-params-cm.
_PROCESSES: Final = {
    "argocd-application-controller": ("APPLICATION_CONTROLLER", "controller"),
    "argocd-applicationset-controller": ("APPLICATIONSET_CONTROLLER", "applicationsetcontroller"),
    "argocd-server": ("SERVER", "server"),
    "argocd-repo-server": ("REPO_SERVER", "reposerver"),
}


@dataclass(frozen=True, slots=True)
class Gone:
    """`minor` is the first version that no longer knows it; `words` are its spellings (`--flag`, a variable, a key);
    `advice` completes "`WORD` ..."."""

    minor: tuple[int, int]
    words: frozenset[str]
    advice: str


def _flag(minor: tuple[int, int], name: str, processes: tuple[str, ...], advice: str) -> Gone:
    words = {f"--{name}"}
    for process in processes:
        variable, key = _PROCESSES[process]
        words.add(f"ARGOCD_{variable}_{name.upper().replace('-', '_')}")
        words.add(f"{key}.{name.replace('-', '.')}")
    return Gone(minor, frozenset(words), advice)


GONE: Final = (
    Gone(
        (3, 0),
        frozenset({"server.rbac.log.enforce.enable"}),
        "is no longer read: whoever may see logs needs `logs, get` in the RBAC policy",
    ),
    Gone(
        (3, 0),
        frozenset({"repository.credentials", "helm.repositories"}),
        "is no longer read: repositories are declared as Secrets",
    ),
    Gone((3, 0), frozenset({"ARGOCD_LEGACY_CONTROLLER_METRICS"}), "brings no metrics back: they have been removed"),
    _flag(
        (3, 3),
        "self-heal-backoff-cooldown-seconds",
        ("argocd-application-controller",),
        "is deprecated and will be removed: take it out",
    ),
    _flag(
        (3, 5),
        "repo-server-strict-tls",
        ("argocd-application-controller", "argocd-applicationset-controller", "argocd-server"),
        "is deprecated: `--repo-server-ca-cert-path` takes its place",
    ),
)


def settings_lost(tree: Tree, pins: Pins, component: Component, target: Version, memo: ParseMemo) -> Iterator[str]:
    """A sentence, with file and line, for every use of a setting that a version above the current one and up to
    `target` no longer knows. Copies of upstream's own manifests are left out: they are renewed as a whole."""
    current = pins.current
    if component.name != ARGO_CD.name or current is None:
        return
    passed = [gone for gone in GONE if (current.major, current.minor) < gone.minor <= (target.major, target.minor)]
    if not passed:
        return
    words = {word: gone for gone in passed for word in gone.words}
    vendored = {pin.span.path for pin in pins.pins if pin.style is Style.VENDORED}
    for path in sorted(closure_of(tree, pins.overlay, memo).files - vendored):
        try:
            data = tree.read(tree.resolve(path))
            # Most files name none of them, and need no parser.
            if any(word.encode() in data for word in words):
                yield from _uses(Text.of_file(path, data), words)
        except GitopsError:
            continue


def _uses(text: Text, words: dict[str, Gone]) -> Iterator[str]:
    for document in text.documents():
        stack: list[yaml.Node] = [document.node]
        seen: set[int] = set()
        while stack:
            node = stack.pop()
            if id(node) in seen:
                continue
            seen.add(id(node))
            if isinstance(node, yaml.SequenceNode):
                stack.extend(reversed(node.value))
            elif isinstance(node, yaml.MappingNode):
                for key, value in reversed(node.value):
                    stack.extend((value, key))
            elif isinstance(node, yaml.ScalarNode) and "\n" in node.value:
                inner, documents = nested_documents(text, node)
                if inner.lines is not None and documents:
                    yield from _uses(inner, words)
            elif isinstance(node, yaml.ScalarNode):
                # `--flag=value`, `KEY: value`, `- key=value`, `/data/KEY` of a JSON patch.
                word = node.value.strip().split("=")[0].rpartition("/")[2]
                gone = words.get(word)
                if gone is not None:
                    since = f"{gone.minor[0]}.{gone.minor[1]}"
                    yield f"{text.span(node)}: as of {since} `{word}` {gone.advice}"


def needs_server_side_apply(component: Component, current: Version | None, target: Version) -> bool:
    """Whether a step brings in the ApplicationSet CRD that is too large for client-side apply."""
    if component.name != ARGO_CD.name or current is None:
        return False
    return (current.major, current.minor) < SERVER_SIDE_SINCE <= (target.major, target.minor)
