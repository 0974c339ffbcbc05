"""How to renew a copy of what upstream publishes as one file."""

from __future__ import annotations

import shlex

import yaml

from gitops.files.documents import child, read_documents
from gitops.files.errors import GitopsError
from gitops.files.tree import Tree
from gitops.versions.components import ARGO_CD, Component


def renewal(tree: Tree, path: str, component: Component, tag: str) -> str:
    """The command that puts the manifest of `tag` in the place of the copy at `path`; '' when it is not known whence
    the copy comes."""
    if not component.manifest:
        return ""
    url = component.manifest.replace("{tag}", tag)
    if component.manifest == ARGO_CD.manifest:
        url = url.removesuffix("install.yaml") + _variant(tree, path)
    return f"curl -fsSL -o {shlex.quote(path)} {shlex.quote(url)}"


def _variant(tree: Tree, path: str) -> str:
    """Which of Argo CD's install manifests a copy is, by what tells them apart (argo-cd manifests/README.md)."""
    try:
        documents = read_documents(path, tree.read(tree.resolve(path)))
    except GitopsError:
        return "install.yaml"
    names = {(_scalar(d.node, "kind"), _scalar(child(d.node, "metadata"), "name")) for d in documents}
    high = "ha/" if any("redis-ha" in name for _, name in names) else ""
    kinds = {kind for kind, _ in names}
    if not {("Deployment", "argocd-server")} & names:
        return "core-install.yaml"
    return f"{high}{'install' if 'ClusterRole' in kinds else 'namespace-install'}.yaml"


def _scalar(node: yaml.Node | None, key: str) -> str:
    found = child(node, key)
    return str(found.value) if isinstance(found, yaml.ScalarNode) else ""
