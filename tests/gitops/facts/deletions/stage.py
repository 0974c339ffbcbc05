"""Small repositories before and after a change, and what is said to become of what they hold."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from bot.formats.order.comment import told
from bot.rendering.driver import Engine
from checks.policy.file import Policy
from checks.sync_order.guidance import Guidance, guide
from gitops.applications.repositories import RepositoryMatcher
from gitops.applications.revisions import Revisions
from gitops.facts.deletions.model import Consequence
from tests.scenarios import URL, Files, kustomization, tree

ON_MAIN = RepositoryMatcher.of_urls([URL], Revisions("main"))

FINALIZER = "resources-finalizer.argocd.argoproj.io"
OPTIONS = "argocd.argoproj.io/sync-options"
PRUNE: Mapping[str, Any] = {"automated": {"prune": True}}


def obj(kind: str, name: str, api: str = "v1", options: str = "", **rest: Any) -> str:
    """A manifest; `options` are its sync options, `metadata` more of its metadata."""
    metadata: dict[str, Any] = {"name": name, **rest.pop("metadata", {})}
    if options:
        metadata["annotations"] = {**metadata.get("annotations", {}), OPTIONS: options}
    return json.dumps({"apiVersion": api, "kind": kind, "metadata": metadata, **rest}) + "\n"


def app(
    name: str,
    path: str = "",
    *,
    sync: Mapping[str, Any] | None = PRUNE,
    cascades: bool = False,
    namespace: str = "",
    server: str = "https://kubernetes.default.svc",
    options: str = "",
    approved: str = "",
    **spec: Any,
) -> str:
    """An Application in `argocd` that deploys `apps/NAME` into the namespace NAME."""
    metadata: dict[str, Any] = {"namespace": "argocd"} | ({"finalizers": [FINALIZER]} if cascades else {})
    if approved:
        metadata["annotations"] = {"argocd.argoproj.io/deletion-approved": approved}
    source = {"repoURL": URL, "targetRevision": "main", "path": path or f"apps/{name}"}
    body = {
        "project": "default",
        "source": source,
        "destination": {"server": server, "namespace": namespace or name},
        **({"syncPolicy": sync} if sync is not None else {}),
        **spec,
    }
    return obj("Application", name, "argoproj.io/v1alpha1", options, metadata=metadata, spec=body)


def appset(
    *elements: str,
    name: str = "all",
    policy: Mapping[str, Any] | None = None,
    generators: Any = None,
    template_name: str = "{{name}}",
    namespace: str = "{{name}}",
    finalizers: list[str] | None = None,
    server: str = "https://kubernetes.default.svc",
    kept: bool = False,
) -> str:
    """An ApplicationSet that makes an Application for each element, from `apps/ELEMENT`; `finalizers` are those of
    its template, `kept` tells that it has one itself."""
    template = {
        "metadata": {"name": template_name} | ({"finalizers": finalizers} if finalizers else {}),
        "spec": {
            "project": "default",
            "source": {"repoURL": URL, "targetRevision": "main", "path": "apps/{{name}}"},
            "destination": {"server": server, "namespace": namespace},
        },
    }
    made = generators or [{"list": {"elements": [{"name": element} for element in elements]}}]
    spec = {"generators": made, "template": template, **({"syncPolicy": policy} if policy else {})}
    metadata: dict[str, Any] = {"namespace": "argocd"} | ({"finalizers": [FINALIZER]} if kept else {})
    return obj("ApplicationSet", name, "argoproj.io/v1alpha1", metadata=metadata, spec=spec)


PVC = obj("PersistentVolumeClaim", "data", spec={"accessModes": ["ReadWriteOnce"]})
MAP = obj("ConfigMap", "settings", data={"a": "b"})


def folder(path: str, *manifests: str, extra: str = "") -> dict[str, str]:
    """A kustomization that lists these manifests, one file each."""
    files = {f"{path}/{number}.yaml": text for number, text in enumerate(manifests)}
    listed = kustomization(*(name.rpartition("/")[2] for name in files), extra=extra)
    return {**files, f"{path}/kustomization.yaml": listed}


async def guided(engine: Engine, before: Files, after: Files) -> Guidance:
    analysis = engine.analysis(ON_MAIN)
    base, head = [await engine.snapshot(tree(files), analysis) for files in (before, after)]
    return guide(base, head, Policy())


def line(one: Consequence) -> str:
    """`deleted shop: PersistentVolumeClaim shop/data`."""
    whose = one.application or one.maker
    return f"{one.verdict} {whose}: {one.id.id}" if whose else f"{one.verdict}: {one.id.id}"


async def lines(engine: Engine, before: Files, after: Files) -> list[str]:
    return sorted(line(one) for one in (await guided(engine, before, after)).deletions.all)


async def comment(engine: Engine, before: Files, after: Files) -> str:
    found = await guided(engine, before, after)
    return told(found, str, str) if found.matters else ""
