"""The edge and argocd-server do not speak the same protocol.

What it finds: an edge that speaks HTTPS (or passes TLS through) to an argocd-server that is `insecure`, and one that
speaks gRPC without TLS to a server that is not.

Why it matters: an insecure server has no TLS, so the handshake fails and the edge answers 502; with TLS passed
through the browser shows ERR_SSL_PROTOCOL_ERROR. A server that is not insecure takes for TLS whatever is not HTTP/1,
so the handshake of plain gRPC fails the same way.

Example: `nginx.ingress.kubernetes.io/backend-protocol: HTTPS` and `server.insecure: "true"`.

How the fix is safe: where one route alone leads to the server, its annotation (nginx) gets the protocol that the
server speaks. Else which of the two was meant is not in git, and the finding names both places.

How sure it is: an error where git shows both; one step lower for files that no Application deploys. A warning where
a host is served by gRPC alone, since the user interface is not. Silent where the server's settings are not in git.

Sources: argo-cd server/server.go (what its port takes for TLS); docs/operator-manual/ingress.md; argo-cd issues 3982,
12195; the documentation of each edge (gitops/installation/routes).
"""

from __future__ import annotations

from collections.abc import Iterator

from checks.argocd.exposure import label_of, ways_of
from checks.argocd.repairing import wanted_of
from checks.argocd.view import applications, installations, owners, severity_in, stands
from checks.declaration import FixAvailability, declare
from checks.model import Finding, Repair, Severity
from checks.policy.file import Policy
from gitops.discovery.snapshot import Change
from gitops.files.editing import put
from gitops.files.spans import Applicability
from gitops.installation.model import Installation, Process
from gitops.installation.places import place_of
from gitops.installation.routes.model import Protocol, Route, Tls, annotations_of
from gitops.installation.scripts import may_set_insecure, scripts_of
from gitops.installation.settings import setting

RULE = declare(
    "argocd-backend-protocol", Severity.ERROR, Severity.WARNING, Severity.NOTICE, fix=FixAvailability.SOMETIMES
)

_GRPC = (Protocol.GRPC, Protocol.GRPCS)


def check(change: Change, policy: Policy) -> Iterator[Finding]:
    """One finding for each route."""
    for installation in installations(change):
        ways = ways_of(change.head, installation)
        for route, process in ways:
            insecure = setting(installation, process, "insecure").on
            if insecure is None or (not insecure and may_set_insecure(change.head.once(scripts_of))):
                continue
            told = _mismatch(route, insecure) or _only_grpc(route, [one for one, _ in ways])
            if told is not None:
                repair = _repair(route, insecure) if len(ways) == 1 and told[2] is Severity.ERROR else None
                yield _finding(change, installation, route, process, insecure, *told, repair)


_NGINX = "nginx.ingress.kubernetes.io/backend-protocol"
_RIGHT = {(True, Protocol.HTTPS): "HTTP", (True, Protocol.GRPCS): "GRPC", (False, Protocol.GRPC): "GRPCS"}


def _repair(route: Route, insecure: bool) -> Repair | None:
    """The annotation with the protocol that the server speaks."""
    right = _RIGHT.get((insecure, route.protocol))
    if right is None or _NGINX not in annotations_of(route.member):
        return None
    wanted = wanted_of(route.member, put(("metadata", "annotations", _NGINX), right))
    title = f"Have {route.edge} speak {right} to argocd-server"
    return Repair(title, (wanted,), Applicability.SAFE, f"{RULE}|{route.member.written}")


def _mismatch(route: Route, insecure: bool) -> tuple[str, str, Severity] | None:
    """(what is wrong, what happens, how grave)."""
    if insecure and route.tls is Tls.SERVER:
        effect = "The server has no TLS and answers in plain text: browsers show ERR_SSL_PROTOCOL_ERROR."
        return f"{route.edge} passes TLS through to an `argocd-server` that has none", effect, Severity.ERROR
    if insecure and route.protocol in (Protocol.HTTPS, Protocol.GRPCS):
        effect = "The server has no TLS, so the edge's handshake fails and each request is answered with 502."
        said = f"{route.edge} speaks {route.protocol} to an `argocd-server` that is insecure"
        return said, effect, Severity.ERROR
    if not insecure and route.protocol is Protocol.GRPC:
        effect = (
            "The server takes whatever is not HTTP/1 for TLS, so the handshake fails and each request is answered "
            "with 502."
        )
        said = f"{route.edge} speaks gRPC without TLS to an `argocd-server` that is not insecure"
        return said, effect, Severity.ERROR
    return None


def _only_grpc(route: Route, ways: list[Route]) -> tuple[str, str, Severity] | None:
    """A whole host by gRPC, and no other route to the server by which a browser could come."""
    if route.protocol not in _GRPC or route.member.id.kind != "Ingress" or not set(route.paths) <= {"", "/"}:
        return None
    if any(one.protocol not in _GRPC for one in ways):
        return None
    said = f"{route.edge} speaks gRPC alone, and no other route leads to `argocd-server`"
    return (
        said,
        "The command line works; the user interface, which is HTTP/1, is answered with 502.",
        Severity.WARNING,
    )


def _finding(
    change: Change,
    installation: Installation,
    route: Route,
    process: Process,
    insecure: bool,
    said: str,
    effect: str,
    severity: Severity,
    repair: Repair | None,
) -> Finding:
    told = setting(installation, process, "insecure")
    maps = installation.named("ConfigMap", told.config_map) if told.config_map else ()
    member, words = (maps[0], (told.key,)) if maps else (process.member, ("--insecure", "ARGOCD_SERVER_INSECURE"))
    place = place_of(change.head, member, *words)
    advice = (
        f"Have the edge speak plain HTTP (or gRPC without TLS) to the server, or take `insecure` out ({place})."
        if insecure
        else f"Have the edge speak gRPC with TLS or HTTPS to the server, or make the server insecure ({place})."
    )
    return RULE.finding(
        place_of(change.head, route.member, *_words(route), *route.words),
        f"{label_of(route)} fails: {said}" if severity is Severity.ERROR else f"{label_of(route)}: {said}",
        f"{label_of(route)} {'is answered with an error' if severity is Severity.ERROR else 'serves no browser'}",
        stands(installation, effect),
        advice,
        severity=severity_in(installation, severity),
        about=(
            *installation.key,
            str(route.member.id),
            *route.hosts,
            *route.paths,
            route.backend.name,
            route.protocol,
        ),
        resource=route.member.id,
        applications=applications([route.member, process.member]),
        owners=owners([route.member, process.member]),
        repair=repair,
    )


def _words(route: Route) -> tuple[str, ...]:
    """What says the protocol."""
    return (
        "nginx.ingress.kubernetes.io/backend-protocol",
        "nginx.ingress.kubernetes.io/ssl-passthrough",
        "alb.ingress.kubernetes.io/backend-protocol",
        "passthrough",
        "scheme",
        "termination",
    )
