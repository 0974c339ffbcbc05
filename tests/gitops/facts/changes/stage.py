"""Two commits of plain manifests, which need no renderer, and what differs between them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from gitops.discovery.snapshot import Snapshot
from gitops.discovery.sources import Analysis
from gitops.facts.changes.compare import difference
from gitops.facts.changes.model import ApplicationChange, Difference, ResourceChange
from tests.gitops.facts.deletions.stage import ON_MAIN, app
from tests.scenarios import Files, discovered, tree

ANALYSIS = Analysis(ON_MAIN, lambda value: f"digest-{value.hex()}", "none")


def snapshot(files: Files) -> Snapshot:
    return discovered(tree(files), ANALYSIS)


def compared(before: Files, after: Files) -> Difference:
    return difference(snapshot(before), snapshot(after))


def one_app(*manifests: str, name: str = "a", **given: Any) -> dict[str, str]:
    """An Application `a` and a directory with these manifests; a ConfigMap in it stays as it is."""
    files = {f"apps/{name}/{number}.yaml": text for number, text in enumerate(manifests)}
    keep = '{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "keep"}}\n'
    return {f"argocd/{name}.yaml": app(name, **given), f"apps/{name}/keep.yaml": keep, **files}


def deployment(
    name: str = "web", replicas: int | None = 1, labels: Mapping[str, str] | None = None, **pod: Any
) -> str:
    """A Deployment whose Pods run one container unless `pod` says something else."""
    pod.setdefault("containers", [{"name": "web", "image": "example.com/web:1"}])
    spec: dict[str, Any] = {
        "selector": {"matchLabels": {"app": name}},
        "template": {"metadata": {"labels": {"app": name}}, "spec": pod},
    }
    if replicas is not None:
        spec["replicas"] = replicas
    metadata = {"name": name} | ({"labels": dict(labels)} if labels else {})
    return json.dumps({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": spec}) + "\n"


def application_of(found: Difference, name: str = "a") -> ApplicationChange:
    return next(one for one in found.applications if one.application.name == name)


def resource_of(found: Difference, name: str = "web", application: str = "a") -> ResourceChange:
    return next(one for one in application_of(found, application).resources if one.id.id.name == name)


def fields(found: Difference, name: str = "web", application: str = "a") -> list[str]:
    """The paths of what changes in a manifest."""
    return [str(change) for change in resource_of(found, name, application).fields]
