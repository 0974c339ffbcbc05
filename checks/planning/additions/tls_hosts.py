"""Hosts that are to be served by TLS, and for whose certificate nothing in git provides.

Sources: Kubernetes API (Ingress `spec.tls`), gateway-api.sigs.k8s.io (listeners), cert-manager's certificate-shim
(the annotations by which it makes a Certificate for those; of Traefik's own kinds it reads none); doc.traefik.io
(`tls.secretName`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from checks.planning.additions.cluster import in_cluster
from checks.planning.additions.place import Place
from gitops.discovery.snapshot import Snapshot
from gitops.facts.secrets.pods import at, mapping
from gitops.facts.secrets.providers.provided import SECRET
from gitops.facts.secrets.survey import ObjectId, survey
from gitops.installation.model import Member
from gitops.installation.routes.edges import hosts_named
from gitops.installation.routes.gateways import GATEWAY_API
from gitops.installation.routes.model import annotations_of, mappings, texts, unique
from gitops.resources.manifests import text_of
from gitops.resources.resource import Resource

_ASKS: Final = ("cert-manager.io/cluster-issuer", "cert-manager.io/issuer", "kubernetes.io/tls-acme")
_INNER: Final = frozenset({"local", "localhost", "internal", "svc", "lan", "home", "test", "invalid", ""})


@dataclass(frozen=True, eq=False, slots=True)
class Unissued:
    """An Ingress, a Gateway or a route of Traefik's whose `hosts` are served from the Secrets `secrets`, which
    nothing in git brings."""

    member: Member
    hosts: tuple[str, ...]
    secrets: tuple[str, ...]


def unissued(snapshot: Snapshot, place: Place) -> tuple[Unissued, ...]:
    """In the cluster of an installation, in the order of the Applications."""
    known = snapshot.once(survey)
    found: list[Unissued] = []
    for member in in_cluster(snapshot, place, _serves):
        if any(key in annotations_of(member) for key in _ASKS):
            continue
        hosts: list[str] = []
        secrets: list[str] = []
        for secret, names in _asked(member):
            wanted = ObjectId(place.installation.cluster, SECRET, member.id.namespace, secret)
            if next(known.of(wanted), None) is None and next(known.maybe(wanted), None) is None:
                hosts += [name for name in names if name.split(".")[-1] not in _INNER and "." in name]
                secrets.append(secret)
        if hosts:
            found.append(Unissued(member, unique(hosts), unique(secrets)))
    return tuple(found)


def _serves(resource: Resource) -> bool:
    return (resource.id.group, resource.id.kind) in _SERVING


TRAEFIK: Final = frozenset({"IngressRoute", "IngressRouteTCP"})
_SERVING: Final = frozenset(
    {
        ("networking.k8s.io", "Ingress"),
        (GATEWAY_API, "Gateway"),
        *((group, kind) for group in ("traefik.io", "traefik.containo.us") for kind in TRAEFIK),
    }
)


def _asked(member: Member) -> Iterator[tuple[str, tuple[str, ...]]]:
    """(Secret, hosts) of each part; what names no Secret is served by a certificate of the controller's own."""
    spec = mapping(member.manifest.get("spec"))
    if member.id.kind == "Ingress":
        for entry in mappings(spec.get("tls")):
            if text_of(entry.get("secretName")):
                yield text_of(entry.get("secretName")), texts(entry.get("hosts"))
        return
    if member.id.kind in TRAEFIK:
        secret = text_of(mapping(spec.get("tls")).get("secretName"))
        if secret:
            yield secret, unique(host for rule in mappings(spec.get("routes")) for host in hosts_named(rule))
        return
    for listener in mappings(spec.get("listeners")):
        host, tls = text_of(listener.get("hostname")), mapping(listener.get("tls"))
        if not host or text_of(tls.get("mode")) not in ("", "Terminate"):
            continue
        for reference in mappings(tls.get("certificateRefs")):
            local = text_of(at(reference, ("namespace",))) in ("", member.id.namespace)
            if local and text_of(reference.get("kind")) in ("", SECRET) and text_of(reference.get("name")):
                yield text_of(reference.get("name")), (host,)
