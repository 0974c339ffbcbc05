"""Applications and what they deploy, as the tests of these rules write them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from bot.rendering.driver import Engine
from checks.model import Finding
from tests.scenarios import URL, Files, evaluated, manifest, of_rule

API = "argoproj.io/v1alpha1"
IN_CLUSTER = "https://kubernetes.default.svc"


def app(name: str, path: str = "", policy: Mapping[str, Any] | None = None, **spec: Any) -> str:
    """An Application with these fields of its spec."""
    whole = {
        "project": "default",
        "source": {"repoURL": URL, "targetRevision": "main", "path": path or name},
        "destination": {"server": IN_CLUSTER, "namespace": "shop"},
        **({"syncPolicy": policy} if policy is not None else {}),
        **spec,
    }
    metadata = {"name": name, "namespace": "argocd"}
    return json.dumps({"apiVersion": API, "kind": "Application", "metadata": metadata, "spec": whole})


def deployment(replicas: int | None = 2, name: str = "web") -> str:
    labels = {"app": name}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "a", "image": "a:1"}]}}
    spec = {"selector": {"matchLabels": labels}, "template": template}
    return manifest(
        "Deployment", name, api="apps/v1", spec=spec if replicas is None else {**spec, "replicas": replicas}
    )


async def found(engine: Engine, rule: str, files: Files, policy: str | None = None) -> list[Finding]:
    return of_rule(await evaluated(engine, files, policy=policy, only=rule), rule)


def at(namespace: str, server: str = IN_CLUSTER) -> dict[str, str]:
    return {"server": server, "namespace": namespace}
