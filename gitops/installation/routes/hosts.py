"""The hosts that what is rendered serves, in whatever cluster, by whatever kind of route.

Sources: those of the kinds themselves (`gitops.installation.routes`); kubernetes-sigs/external-dns (annotations of
Services, DNSEndpoint); knative.dev (DomainMapping); traefik.io (`HostRegexp`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from gitops.discovery.snapshot import Snapshot
from gitops.facts.secrets.pods import POD_SPECS
from gitops.installation.routes.model import Route
from gitops.resources.resource import Resource

# What names hosts and leads nobody there: what is probed and scraped, alerts, certificates, settings.
_NO_ROUTE: Final = frozenset(
    {"monitoring.coreos.com", "operator.victoriametrics.com", "cert-manager.io", "grafana.com"}
)
_HOST: Final = re.compile(
    rb"(?<![\w.*-])(?:\*\.)?[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)+"
)


@dataclass(frozen=True, slots=True)
class Hosts:
    """Every name that may be a host of a route. `open` tells that some route is for whatever host comes."""

    names: frozenset[str]
    open: bool

    def may_serve(self, host: str) -> bool:
        """Whether a route may be for this host."""
        _, _, parent = host.partition(".")
        return self.open or host in self.names or f"*.{parent}" in self.names


def hosts_of(snapshot: Snapshot, routes: Iterable[Route]) -> Hosts:
    """The hosts; `routes` are those of the snapshot. More than routes have is taken for one: what is left out serves
    nobody."""
    names: set[str] = set()
    for part in (part for state in snapshot.states for part in state.parts):
        for resource in part.having(_may_route):
            names.update(name.decode() for name in _HOST.findall(resource.text.lower()))
    patterns = snapshot.brings(_matches_by_pattern)
    return Hosts(frozenset(names), patterns or any(not route.hosts or "*" in route.hosts for route in routes))


def _may_route(resource: Resource) -> bool:
    rid = resource.id
    if rid.kind in ("ConfigMap", "Secret") and rid.group == "":
        return b"ingress:" in resource.text  # a tunnel's
    return rid.group not in _NO_ROUTE and rid.kind not in ("Application", "ApplicationSet", "AppProject")


def _matches_by_pattern(resource: Resource) -> bool:
    """Whether which hosts it is for stands in no manifest: a pattern, or a tunnel with its rules elsewhere."""
    if (resource.id.group, resource.id.kind) in POD_SPECS:
        return b"cloudflared" in resource.text and (b"TUNNEL_TOKEN" in resource.text or b"--token" in resource.text)
    return b"HostRegexp(" in resource.text
