"""Installations of Argo CD, written tersely, and what one rule makes of them. Nothing is rendered but plain files."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from checks.model import Finding
from checks.policy.file import Policy
from checks.registry import rules
from gitops.discovery.snapshot import Change
from gitops.discovery.sources import Analysis
from tests.scenarios import MATCHER, Files, application, config_map, discovered, manifest, tree

ANALYSIS = Analysis(MATCHER, lambda _value: "digest", "none")
APP = {"apps.yaml": application("argocd", "argocd", namespace="argocd")}


def workload(
    component: str,
    *args: str,
    version: str = "v3.2.2",
    image: str = "quay.io/argoproj/argocd",
    command: Sequence[str] = (),
    env: Mapping[str, Any] | None = None,
    kind: str = "Deployment",
    name: str = "",
    namespace: str = "argocd",
    program: bool = True,
    container: Mapping[str, Any] | None = None,
    pod: Mapping[str, Any] | None = None,
    spec: Mapping[str, Any] | None = None,
) -> str:
    """A workload whose only container starts `component`, named in `args` as upstream does (or in `command`, or with
    `program` false nowhere). `env` maps names to values, or to a key of argocd-cmd-params-cm as `{"key": ...}`."""
    name = name or component
    variables = [
        {"name": key, "value": value}
        if isinstance(value, str)
        else {
            "name": key,
            "valueFrom": {"configMapKeyRef": {"name": "argocd-cmd-params-cm", "optional": True, **value}},
        }
        for key, value in (env or {}).items()
    ]
    one: dict[str, Any] = {
        "name": "main",
        "image": f"{image}{version if version.startswith('@') else f':{version}'}",
        "args": [*([f"/usr/local/bin/{component}"] if program and not command else []), *args],
    }
    one |= {"command": list(command)} if command else {}
    one |= {"env": variables} if variables else {}
    labels = {"app.kubernetes.io/name": name}
    return manifest(
        kind,
        name,
        namespace,
        "apps/v1",
        spec={
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels},
                "spec": {"containers": [one | dict(container or {})], **(pod or {})},
            },
            **(spec or {}),
        },
    )


def params(**data: Any) -> str:
    """argocd-cmd-params-cm; `__` in a name is a dot."""
    return manifest(
        "ConfigMap", "argocd-cmd-params-cm", "argocd", data={k.replace("__", "."): v for k, v in data.items()}
    )


def judged(rule: str, *manifests: str, files: Files | None = None, deployed: bool = True) -> list[Finding]:
    """What a rule finds where these manifests are in one directory that an Application deploys (or nobody)."""
    made: dict[str, str | bytes] = {f"argocd/{number}.yaml": text for number, text in enumerate(manifests)}
    apps = APP if deployed else {"apps.yaml": application("shop", "shop"), "shop/a.yaml": config_map("a")}
    return of_files(rule, {**apps, **made, **(files or {})})


def of_files(rule: str, files: Files, policy: Policy | None = None) -> list[Finding]:
    """What a rule finds in a repository."""
    snapshot = discovered(tree(files), ANALYSIS)
    check = next(one.check for one in rules() if one.id == rule)
    return list(check(Change(None, snapshot), policy or Policy()))


def messages(found: Sequence[Finding]) -> list[str]:
    return [one.message for one in found]


def pretty(text: str) -> str:
    """A manifest over several lines, for what is about lines."""
    return json.dumps(json.loads(text), indent=1)
