"""Log-ins of Argo CD cross the network in clear.

What it finds: an argocd-server that is `insecure` behind a Service of type LoadBalancer or NodePort, or behind a
route without TLS.

Why it matters: passwords and session tokens of people who may deploy everywhere can be read and taken on their way.

Example: `--insecure` and `type: LoadBalancer` on the same server.

How the fix is safe: none is applied: whether anything else leads to the server is not always in git.

How sure it is: a warning, and a notice for files that no Application deploys. Silent for load balancers that are
internal, have a certificate, private addresses or a list of sources, for hosts of private domains, for routes of
paths by which nobody logs in (ACME challenges, webhooks, probes), and where the path of the file names a cluster on
one machine (kind, k3d, minikube).

Sources: argo-cd docs/operator-manual/ingress.md and docs/operator-manual/tls.md; server/server.go (newHTTPServer).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from checks.argocd.exposure import label_of, ways_of
from checks.argocd.view import applications, installations, owners, severity_in, stands
from checks.declaration import declare
from checks.model import Finding, Related, Severity
from checks.policy.file import Policy
from gitops.discovery.snapshot import Change
from gitops.facts.secrets.pods import mapping
from gitops.installation.model import Installation, Member, Process
from gitops.installation.places import place_of
from gitops.installation.routes.find import SERVER, leads_to, main_port, selects
from gitops.installation.routes.model import Protocol, Tls, annotations_of, mappings
from gitops.installation.settings import Where, setting
from gitops.resources.manifests import text_of

RULE = declare("argocd-plain-http-exposed", Severity.WARNING, Severity.NOTICE)

_OPEN = ("LoadBalancer", "NodePort")
_INSIDE = re.compile(r"internal|private|ssl|tls|cert|source-ranges|inbound-cidrs|tailscale|allow", re.IGNORECASE)
_PRIVATE_ADDRESS = re.compile(r"\b(?:10|127|192\.168|172\.(?:1[6-9]|2\d|3[01]))(?:\.\d{1,3}){2,3}\b")
_PRIVATE_HOST = re.compile(r"(?:^|\.)(?:local|localhost|internal|lan|home|test|localdomain|arpa|nip\.io|sslip\.io)$")
# Paths by which nobody logs in and no token comes: ACME challenges, webhooks, probes, pictures, the client.
_WITHOUT_TOKENS = re.compile(
    r"/(?:\.well-known|api/webhook|api/badge|api/version|healthz|metrics|download)(?:$|[/?$*(])"
)
_ONE_MACHINE = re.compile(r"(?:^|[/_.-])(?:kind|k3d|k3s|minikube|local|localhost|dev|docker-desktop)(?:$|[/_.-])")


def check(change: Change, policy: Policy) -> Iterator[Finding]:
    """One finding for each Service and each route."""
    for installation in installations(change):
        for process in installation.of(SERVER):
            if setting(installation, process, "insecure").on is True:
                yield from _services(change, installation, process)
        for route, process in ways_of(change.head, installation):
            if route.tls is not Tls.NOWHERE or route.protocol is not Protocol.HTTP or route.sent_away:
                continue
            if route.paths and all(_WITHOUT_TOKENS.match(path) for path in route.paths):
                continue
            private = all(_PRIVATE_HOST.search(host) for host in route.hosts) if route.hosts else True
            if not private and setting(installation, process, "insecure").on is True and not _local(route.member):
                address = label_of(route).replace("https://", "http://")
                message = f"{address} serves `argocd-server` without TLS"
                yield _finding(change, installation, process, route.member, message, route.words)


def _services(change: Change, installation: Installation, process: Process) -> Iterator[Finding]:
    for service in installation.of_kind("Service"):
        spec = mapping(service.manifest.get("spec"))
        kind = text_of(spec.get("type"))
        if kind not in _OPEN or not selects(service, process) or _is_inside(service) or _local(service):
            continue
        port = main_port(installation, process)
        if any(leads_to(one, process, port) for one in mappings(spec.get("ports"))):
            message = f"{service.id} of type {kind} leads to an `argocd-server` that is insecure"
            yield _finding(change, installation, process, service, message, ("type",))


def _is_inside(service: Member) -> bool:
    """Whether only some reach it, or something in front of it ends TLS."""
    spec = mapping(service.manifest.get("spec"))
    annotations = annotations_of(service)
    address = f"{text_of(spec.get('loadBalancerIP'))} {' '.join(annotations.values())}"
    named = any(_INSIDE.search(key) for key in annotations)
    return bool(spec.get("loadBalancerSourceRanges") or named or _PRIVATE_ADDRESS.search(address))


def _local(member: Member) -> bool:
    path = member.owned.application.sources[0].path if member.owned and member.owned.application.sources else ""
    return any(_ONE_MACHINE.search(each) for each in (member.written.path.rpartition("/")[0], path))


def _finding(
    change: Change, installation: Installation, process: Process, member: Member, message: str, words: tuple[str, ...]
) -> Finding:
    told = setting(installation, process, "insecure")
    maps = installation.named("ConfigMap", told.config_map) if told.where is Where.CONFIG_MAP else ()
    by = (
        place_of(change.head, maps[0], told.key)
        if maps
        else place_of(change.head, process.member, "--insecure", "ARGOCD_SERVER_INSECURE")
    )
    return RULE.finding(
        place_of(change.head, member, *words),
        message,
        "Log-ins of Argo CD cross the network in clear",
        stands(installation, "Passwords and session tokens can be read on their way."),
        "Let something that ends TLS lead to the server and make the Service ClusterIP, or take `insecure` out.",
        severity=severity_in(installation, Severity.WARNING),
        about=(*installation.key, str(member.id), message),
        resource=member.id,
        applications=applications([member, process.member]),
        owners=owners([member, process.member]),
        related=[Related(by, "the server is made insecure here")],
    )
