"""Which clusters the operator lets us see, and which of them an Application's destination means.

Argo CD keeps its clusters in Secrets; their names and servers are values, so those are not read. A destination is
matched with the kubeconfig's contexts: by server URL, by the name of the context or of its cluster.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from gitops.applications.application import IN_CLUSTER

SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")


@dataclass(frozen=True, slots=True)
class Target:
    """One cluster. `context` is the kubeconfig's, '' for the one that the bot itself runs in."""

    context: str
    cluster: str = ""
    server: str = ""


@dataclass(frozen=True, slots=True)
class Targets:
    """`kubeconfig` is a list of paths as in KUBECONFIG, '' without; `own` is Argo CD's own cluster when known;
    `trouble` says why the kubeconfig is of no use; `environ` tells a Pod where its API server is."""

    kubeconfig: str = ""
    contexts: tuple[Target, ...] = ()
    own: Target | None = None
    service_account: Path = field(default=SERVICE_ACCOUNT)
    trouble: str = ""
    environ: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def from_environment(
        cls, environ: Mapping[str, str] = os.environ, service_account: Path = SERVICE_ACCOUNT
    ) -> Targets:
        """KUBECONFIG and the ServiceAccount of the Pod that we may be in; without both there are no targets.

        Argo CD's own is the context `in-cluster`, else the cluster that the bot runs in, else the current context.
        """
        paths = environ.get("KUBECONFIG", "").strip()
        inside = bool(environ.get("KUBERNETES_SERVICE_HOST")) and (service_account / "token").is_file()
        config = _merged(paths) if paths else {}
        if config is None:
            # Whatever the parser says may quote a token.
            return cls(trouble="KUBECONFIG names no file that can be read as a kubeconfig")
        contexts = _contexts(config)
        current = _text(config.get("current-context"))
        named = next((target for target in contexts if target.context == IN_CLUSTER), None)
        chosen = next((target for target in contexts if target.context == current), None)
        own = named or (Target("") if inside else chosen)
        address = {name: environ.get(name, "") for name in ("KUBERNETES_SERVICE_HOST", "KUBERNETES_SERVICE_PORT")}
        return cls(paths, contexts, own, service_account, environ=address)

    def __bool__(self) -> bool:
        return self.own is not None or bool(self.contexts) or bool(self.trouble)

    def of(self, destination: str) -> Target | None:
        """The cluster that a `Destination.cluster` word means."""
        if destination == IN_CLUSTER:
            return self.own
        if "://" in destination:
            wanted = _place(destination)
            return next((target for target in self.contexts if wanted and _place(target.server) == wanted), None)
        by_context = next((target for target in self.contexts if target.context == destination), None)
        return by_context or next((target for target in self.contexts if target.cluster == destination), None)


def _place(url: str) -> tuple[str, str, int, str] | None:
    """What two URLs of one API server have in common. Destinations come from pull requests: what has more to it than
    a place (a user, a query) is the URL of none."""
    try:
        parts = urlsplit(url)
        port = parts.port or {"https": 443, "http": 80}.get(parts.scheme, 0)
    except ValueError:
        return None
    if not parts.hostname or not port or not url.isprintable() or any(mark in url for mark in "@?# "):
        return None
    return parts.scheme, parts.hostname, port, parts.path.rstrip("/")


def _contexts(config: Mapping[str, Any]) -> tuple[Target, ...]:
    servers = {
        _text(each.get("name")): _text(_mapping(each.get("cluster")).get("server"))
        for each in _entries(config, "clusters")
    }
    found: list[Target] = []
    for each in _entries(config, "contexts"):
        cluster = _text(_mapping(each.get("context")).get("cluster"))
        found.append(Target(_text(each.get("name")), cluster, servers.get(cluster, "")))
    return tuple(found)


def _merged(paths: str) -> Mapping[str, Any] | None:
    from kubernetes_asyncio.config.kube_config import KubeConfigMerger

    try:
        config = KubeConfigMerger(paths).config
    except Exception:
        return None
    return _mapping(config.value) if config is not None else None


def _entries(config: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    listed = config.get(name)
    values = [getattr(each, "value", each) for each in listed] if isinstance(listed, list) else []
    return [value for value in values if isinstance(value, dict)]


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
