"""The edge ends TLS and speaks plain HTTP to argocd-server, which sends everybody back to HTTPS.

What it finds: an Ingress, a route of a gateway or a tunnel that ends TLS and speaks plain HTTP to an argocd-server
that is not `insecure`.

Why it matters: argocd-server answers each HTTP request with 307 to the same address with https. The edge takes that,
speaks HTTP to the server again, and the browser gives up with ERR_TOO_MANY_REDIRECTS: nobody can log in.

Example: a tunnel with `service: http://argocd-server.argocd:80` and no `server.insecure` in argocd-cmd-params-cm.

How the fix is safe: the setting is put where the server takes it from (the ConfigMap, a patch of the overlay, the
values of the chart, its arguments). It is offered where every route to the server ends TLS and speaks plain HTTP,
where nothing else is rendered otherwise, and nothing else is found then. The server has to be restarted. Where
another route speaks HTTPS to the same server, the finding says so: both have to change at once.

How sure it is: an error where git shows the whole way; a warning where something on it is not in git (a Gateway, the
controller's own certificate, a tunnel that takes its rules from a dashboard), and where only webhooks come this way.
One step lower for files that no Application deploys. Silent where the server's settings are not in git or a script
may set them, where the controller of an Ingress is not known, and where TLS ends somewhere that git does not show.

Sources: argo-cd server/server.go (newRedirectServer); docs/operator-manual/ingress.md; the documentation of each
edge (gitops/installation/routes); argo-cd issues 2953, 3982, 12195; cloudflared issues 633, 1029.
"""

from __future__ import annotations

from collections.abc import Iterator

from checks.argocd.exposure import insecure_advice, insecure_repair, label_of, ways_of
from checks.argocd.view import applications, installations, lower, owners, severity_in, stands
from checks.declaration import FixAvailability, declare
from checks.model import Finding, Severity
from checks.policy.file import Policy
from checks.wording import listed
from gitops.discovery.snapshot import Change
from gitops.installation.model import Installation, Process
from gitops.installation.places import place_of
from gitops.installation.routes.model import Protocol, Route, Tls
from gitops.installation.scripts import may_set_insecure, scripts_of
from gitops.installation.settings import setting

RULE = declare(
    "argocd-redirect-loop", Severity.ERROR, Severity.WARNING, Severity.NOTICE, fix=FixAvailability.SOMETIMES
)

# Paths that no browser opens: GitHub's webhooks, and what Dex is asked by servers.
_ASIDE = ("/api/webhook", "/api/dex")


def check(change: Change, policy: Policy) -> Iterator[Finding]:
    """One finding for each route."""
    for installation in installations(change):
        ways = ways_of(change.head, installation)
        for route, process in ways:
            if not _ends_in_http(installation, route, process) or may_set_insecure(change.head.once(scripts_of)):
                continue
            insecure = setting(installation, process, "insecure").on
            if insecure is False:
                yield _finding(change, installation, route, process, ways)
            elif insecure and not installation.deployed and route.member.owned is not None:
                yield _by_a_file(change, installation, route, process)


def _ends_in_http(installation: Installation, route: Route, process: Process) -> bool:
    if route.protocol is not Protocol.HTTP or route.tls not in (Tls.EDGE, Tls.UNKNOWN):
        return False
    root = setting(installation, process, "rootpath")
    prefix = (root.value or "").strip("/")
    # Another path than the server's own is another mistake.
    reaches = not prefix or not route.paths or any(path.strip("/").startswith(prefix) for path in route.paths)
    return root.known and reaches


def _by_a_file(change: Change, installation: Installation, route: Route, process: Process) -> Finding:
    """The route is deployed, and what makes the server insecure is not."""
    label = label_of(route)
    place = place_of(change.head, process.member, "--insecure", "ARGOCD_SERVER_INSECURE")
    doubt = f"Not certain: {listed(route.doubts)}." if route.doubts else ""
    return RULE.finding(
        place_of(change.head, route.member, *route.words),
        f"{label} may loop: {route.edge} ends TLS and speaks plain HTTP to `argocd-server` in "
        f"{installation.namespace}, and no Application deploys what makes it insecure ({place})",
        f"{label} may redirect without end",
        f"A server that is not insecure answers each HTTP request with 307 to https, and the browser gives up with "
        f"ERR_TOO_MANY_REDIRECTS. {doubt}".strip(),
        "See whether the server that runs is insecure, and have an Application deploy what makes it so.",
        severity=Severity.WARNING,
        about=(*installation.key, "file", str(route.member.id), *route.hosts, *route.paths, route.backend.name),
        resource=route.member.id,
        applications=applications([route.member]),
        owners=owners([route.member]),
    )


def _finding(
    change: Change,
    installation: Installation,
    route: Route,
    process: Process,
    ways: tuple[tuple[Route, Process], ...],
) -> Finding:
    aside = bool(route.paths) and all(path.startswith(_ASIDE) for path in route.paths)
    severity = Severity.ERROR if route.tls is Tls.EDGE and not route.doubts else Severity.WARNING
    label = label_of(route)
    server = f"`argocd-server` in {installation.namespace}"
    if aside:
        severity = lower(Severity.ERROR)
        message = f"{label} is answered with 307, since {route.edge} speaks plain HTTP to {server}"
        effect = "The server sends each HTTP request to https, and senders of webhooks do not follow."
    else:
        message = f"{label} loops: {route.edge} ends TLS and speaks plain HTTP to {server}, which is not insecure"
        effect = (
            "The server answers each HTTP request with 307 to https, the edge asks it over HTTP again, and the "
            "browser gives up with ERR_TOO_MANY_REDIRECTS."
        )
    doubt = f"Not certain: {listed(route.doubts)}." if route.doubts else ""
    advice, lines = insecure_advice(change.head, installation, process)
    others = [
        one for one, _ in ways if one.protocol in (Protocol.HTTPS, Protocol.GRPCS) and one.member is not route.member
    ]
    if others:
        places = listed([str(place_of(change.head, one.member, *one.words)) for one in others], 3)
        advice += f" {places} {'speaks' if len(others) == 1 else 'speak'} HTTPS to the server and has to change too."
    return RULE.finding(
        place_of(change.head, route.member, *route.words),
        message,
        f"{label} {'is answered with 307' if aside else 'redirects without end'}",
        stands(installation, *filter(None, (effect, doubt))),
        advice,
        lines,
        severity=severity_in(installation, severity),
        about=(*installation.key, str(route.member.id), *route.hosts, *route.paths, route.backend.name),
        resource=route.member.id,
        applications=applications([route.member, process.member]),
        owners=owners([route.member, process.member]),
        repair=None if aside else insecure_repair(installation, process, ways),
    )
