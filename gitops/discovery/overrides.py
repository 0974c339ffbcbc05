"""Parameter overrides that lie beside what is rendered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from gitops.applications.application import Source
from gitops.files.documents import read_documents
from gitops.files.errors import GitopsError
from gitops.files.tree import Tree


def with_overrides(tree: Tree, path: str, name: str, source: Source) -> Source:
    """Parameter overrides that Argo CD merges from files beside the manifests (`.argocd-source.yaml` and
    `.argocd-source-NAME.yaml`; docs/user-guide/parameters.md)."""
    prefix = f"{path}/" if path else ""
    for file in (f"{prefix}.argocd-source.yaml", f"{prefix}.argocd-source-{name}.yaml"):
        if file not in tree:
            continue
        try:
            documents = read_documents(file, tree.read(tree.resolve(file)))
        except GitopsError:
            continue
        value = documents[0].value() if documents else {}
        if isinstance(value, Mapping):
            source = replace(
                source,
                kustomize=_merged(source.kustomize, value.get("kustomize")),
                directory=_merged(source.directory, value.get("directory")),
                helm=_merged(source.helm, value.get("helm")),
            )
    return source


def _merged(base: Mapping[str, Any] | None, patch: object) -> Mapping[str, Any] | None:
    if not isinstance(patch, Mapping):
        return base
    merged = dict(base or {})
    for key, value in patch.items():
        old = merged.get(key)
        merged[key] = _merged(old, value) if isinstance(old, Mapping) and isinstance(value, Mapping) else value
    return {key: value for key, value in merged.items() if value is not None}
