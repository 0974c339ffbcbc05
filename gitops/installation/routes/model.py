"""One way to a Service: who ends TLS, and what is spoken behind that."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from gitops.installation.model import Member


class Tls(StrEnum):
    """Where the browser's TLS ends."""

    EDGE = "at the edge"
    SERVER = "at the server"
    NOWHERE = "nowhere"
    UNKNOWN = "unknown"


class Protocol(StrEnum):
    """What the edge speaks to the Service."""

    HTTP = "HTTP"
    HTTPS = "HTTPS"
    GRPC = "GRPC"  # HTTP/2 without TLS
    GRPCS = "GRPCS"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Backend:
    """A Service and one of its ports, by number or by name (None where it is not said)."""

    namespace: str
    name: str
    port: int | str | None


@dataclass(frozen=True, eq=False, slots=True)
class Route:
    """One backend of one edge. `edge` names it for people; `hosts` and `paths` are what it serves (none: everything);
    `doubts` say, one clause each, what git does not tell about it; `words` find its line in `member`. `sent_away`:
    the edge may answer by itself what comes without TLS, with a redirect or a refusal."""

    member: Member
    edge: str
    backend: Backend
    tls: Tls
    protocol: Protocol
    hosts: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    sent_away: bool = False


@dataclass(frozen=True, eq=False)
class Surroundings:
    """The resources of one cluster that routes depend on."""

    members: tuple[Member, ...] = field(repr=False)

    def of_kind(self, kind: str, *groups: str) -> Iterator[Member]:
        return (one for one in self.members if one.id.kind == kind and (not groups or one.id.group in groups))

    def find(self, kind: str, namespace: str, name: str) -> Member | None:
        found = (one for one in self.of_kind(kind) if (one.id.namespace, one.id.name) == (namespace, name))
        return next(found, None)

    def service(self, backend: Backend) -> Member | None:
        return self.find("Service", backend.namespace, backend.name)

    def port_of(self, backend: Backend) -> Mapping[str, Any]:
        """The port of the Service that a backend means; empty where that is not in git."""
        service = self.service(backend)
        listed = (service.manifest.get("spec") or {}).get("ports") if service is not None else None
        ports = [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []
        for port in ports:
            if backend.port in (port.get("port"), port.get("name")) and backend.port is not None:
                return port
        return ports[0] if len(ports) == 1 and backend.port is None else {}


def annotations_of(member: Member | None) -> Mapping[str, str]:
    """Its annotations as text."""
    found = (member.manifest.get("metadata") or {}).get("annotations") if member is not None else None
    return {str(key): str(value) for key, value in found.items()} if isinstance(found, dict) else {}


def host_of(text: str, namespace: str) -> tuple[str, str] | None:
    """(namespace, Service) of a name in the cluster's DNS: `argocd-server`, `argocd-server.argocd.svc.cluster.local`;
    None for any other host."""
    parts = text.rstrip(".").split(".")
    if len(parts) == 1:
        return namespace, parts[0]
    if len(parts) == 2 or (len(parts) >= 3 and parts[2] == "svc"):
        return parts[1], parts[0]
    return None


def texts(values: Any) -> tuple[str, ...]:
    """The items of a list that are text."""
    return tuple(one for one in values if isinstance(one, str)) if isinstance(values, list) else ()


def mappings(values: Any) -> list[Mapping[str, Any]]:
    """The items of a list that are mappings."""
    return [one for one in values if isinstance(one, dict)] if isinstance(values, list) else []


def unique(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(value for value in values if value))
