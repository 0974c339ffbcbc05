"""Builders for ApplicationSets in tests."""

from __future__ import annotations

from typing import Any

import yaml

from gitops.applicationsets import Expansion, expand
from gitops.files.tree import Tree

HERE = "https://github.com/argoproj/argo-cd.git"
GO: dict[str, Any] = {"goTemplate": True, "goTemplateOptions": ["missingkey=error"]}


def appset(generators: list[Any], name: str = "{{name}}", **spec: Any) -> dict[str, Any]:
    template = spec.pop("template", {"metadata": {"name": name}, "spec": {"project": "default"}})
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "ApplicationSet",
        "metadata": {"name": "set", "namespace": "argocd"},
        "spec": {"generators": generators, "template": template, **spec},
    }


def run(generators: str | list[Any], files: list[str] | dict[str, str] = (), **options: Any) -> Expansion:  # type: ignore[assignment]
    loaded = yaml.safe_load(generators) if isinstance(generators, str) else generators
    contents = files if isinstance(files, dict) else dict.fromkeys(files, "")
    tree = Tree.of({path: text.encode() for path, text in contents.items()})
    settings = options.pop("settings", None)
    limit = options.pop("limit", 5000)
    return expand(appset(loaded, **options), tree, lambda url: url == HERE, limit, settings)


def names(expansion: Expansion) -> list[str]:
    return [g.manifest["metadata"]["name"] for g in expansion.generated]


def params(expansion: Expansion) -> list[dict[str, Any]]:
    return [dict(g.params) for g in expansion.generated]


def git(field: str, *paths: str | dict[str, Any], **more: Any) -> dict[str, Any]:
    entries = [p if isinstance(p, dict) else {"path": p} for p in paths]
    return {"git": {"repoURL": HERE, "revision": "HEAD", field: entries, **more}}


LIST = {"list": {"elements": [{"cluster": "dev", "env": "d"}, {"cluster": "prod", "env": "p"}]}}


def matrix(*generators: Any) -> dict[str, Any]:
    return {"matrix": {"generators": list(generators)}}


def merge(keys: list[str], *generators: Any) -> dict[str, Any]:
    return {"merge": {"mergeKeys": keys, "generators": list(generators)}}


def elements(*parts: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"list": {"elements": list(parts)}, **more}
