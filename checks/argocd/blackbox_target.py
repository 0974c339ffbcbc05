"""A probe of the blackbox exporter that cannot tell what it should.

What it finds: a scrape configuration, a ScrapeConfig or a Probe whose module the blackbox exporter in git does not
have; an `icmp` module of an exporter that may not send such packets; a target that is answered with a redirect which
the module does not take; a target for Argo CD under a host that no route in git serves.

Why it matters: the exporter answers `unknown module` with 400, so `probe_success` is never there and an alert on it
never fires. In the other cases `probe_success` is 0 whatever Argo CD does, and the alert tells nothing.

Example: `params: {module: [http_2xx_argocd]}` beside an exporter that has only `http_2xx`; a module with
`follow_redirects: false` that asks `http://argocd.example.com`, which an Ingress sends on to HTTPS.

How the fix is safe: none is applied; the finding names the modules that there are, or the hosts.

How sure it is: a warning; a notice about `icmp` where the pod says nothing of its rights, since some runtimes give
NET_RAW by themselves. Silent where the exporter's configuration is not in git, or is in git more than once with
different modules, and where relabelling makes the module or the target. Of hosts only those that look like
Argo CD's or are nearly spelt as one that is routed are judged, and only where all Applications are rendered, no route
is for whatever host comes, and no tunnel takes its rules from a dashboard.

Sources: github.com/prometheus/blackbox_exporter (CONFIGURATION.md, prober/handler.go, README.md about ICMP);
prometheus-operator's Probe and ScrapeConfig; the documentation of each edge (gitops/installation/routes).
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final
from urllib.parse import SplitResult, urlsplit

from checks.argocd.exposure import ways_of
from checks.argocd.view import applications, installations, owners
from checks.declaration import declare
from checks.model import Finding, Severity
from checks.policy.file import Policy
from checks.wording import listed
from gitops.discovery.snapshot import Change
from gitops.facts.rendered import not_rendered
from gitops.facts.secrets.pods import mapping, sequence
from gitops.installation.blackbox import Asking, Modules, askings, exporters_of, modules_of
from gitops.installation.places import place_of
from gitops.installation.routes.find import every_route, everywhere
from gitops.installation.routes.hosts import hosts_of
from gitops.installation.routes.model import mappings, texts
from gitops.installation.routes.redirects import redirect_of
from gitops.resources.manifests import text_of

RULE = declare("blackbox-target", Severity.WARNING, Severity.NOTICE)

_ALIKE: Final = 0.85
_LONG: Final = 5  # letters; shorter names are alike by chance
_ARGO: Final = re.compile(r"argo-?cd|^argo\.")
_STAGE: Final = re.compile(
    r"\d+|\b(?:dev|develop|development|int|lab|live|prd|prod|production|qa|stage|staging|stg|test|uat)\b"
)


def check(change: Change, policy: Policy) -> Iterator[Finding]:
    """One finding for each module that is asked for in vain, for each target that cannot be answered."""
    if not (change.head.installing or installations(change)):
        return  # nothing of Argo CD is here
    head = change.head
    asked = list(
        {(one.member.written, one.label, one.modules, one.targets): one for one in head.once(askings)}.values()
    )
    if not asked:
        return
    yield from _hosts(change, asked)
    found = [modules for _, modules in modules_of(head)]
    if len({frozenset(modules) for modules in found}) != 1:
        return  # it is not in git, or which of several is asked nobody can tell
    yield from _modules(change, asked, found[0])
    if all(modules == found[0] for modules in found):
        yield from _redirects(change, asked, found[0])
        yield from _icmp(change, asked, found[0])


def _modules(change: Change, asked: Iterable[Asking], known: Modules) -> Iterator[Finding]:
    names = listed([f"`{one}`" for one in sorted(known)], 6)
    seen: set[tuple[str, int, str, str]] = set()
    for one in asked:
        for module in one.modules or ((one.module,) if one.module is not None else ()):
            place = (one.member.written.path, one.member.written.line, one.label, module)
            if module in known or place in seen:
                continue
            seen.add(place)
            said = "" if one.modules else ", since it names none"
            yield _finding(
                change,
                one,
                (module, "module"),
                f"{one.label} asks the blackbox exporter for the module `{module}`{said}, and it has {names}",
                f"The exporter has no module `{module}`",
                "It answers `unknown module` with 400: `probe_success` is never there, and an alert on it never "
                "fires.",
                "Name one that there is, or add it to the exporter's configuration.",
                module,
            )


def _finding(
    change: Change,
    one: Asking,
    words: tuple[str, ...],
    message: str,
    title: str,
    effect: str,
    advice: str,
    *about: str,
    severity: Severity = Severity.WARNING,
) -> Finding:
    return RULE.finding(
        place_of(change.head, one.member, *words),
        message,
        title,
        effect,
        advice,
        severity=severity,
        about=(str(one.member.id), one.member.application, one.label, *about),
        resource=one.member.id,
        applications=applications([one.member]),
        owners=owners([one.member]),
    )


def _http(one: Asking, known: Modules) -> Mapping[str, Any] | None:
    """What its module says of HTTP; None where it asks in another way."""
    module = known.get(one.module or "")
    return mapping(module.get("http")) if module is not None and module.get("prober") == "http" else None


def _redirects(change: Change, asked: Iterable[Asking], known: Modules) -> Iterator[Finding]:
    head = change.head
    for one in asked:
        told = _http(one, known)
        if told is None or not one.plain:
            continue
        follows = told.get("follow_redirects") is not False and told.get("no_follow_redirects") is not True
        valid = [code for code in sequence(told.get("valid_status_codes")) if isinstance(code, int)]
        if follows and (not valid or 200 in valid):
            continue
        for target in one.targets:
            url = _url(target)
            around = head.once(everywhere)
            redirect = redirect_of(url, around, head.once(every_route), installations(change)) if url else None
            if redirect is None or (not follows and redirect.status in valid):
                continue
            takes = listed([f"`{code}`" for code in valid], 4) if valid else "2xx"
            how = f"follows that and takes {takes} alone" if follows else f"does not follow it and takes {takes}"
            yield _finding(
                change,
                one,
                (target,),
                f"{one.label} probes `{target}`, which {redirect.who} answers with {redirect.status} to https; the "
                f"module `{one.module}` {how}",
                f"`{target}` is redirected, and the probe fails on that",
                "`probe_success` is 0 whether Argo CD works or not.",
                f"Probe `https://{target.partition('://')[2] or target}`, or have the module follow redirects.",
                "redirect",
                target,
            )


def _url(target: str) -> SplitResult | None:
    """As the exporter asks for it by HTTP."""
    try:
        url = urlsplit(target if target.startswith(("http://", "https://")) else f"http://{target}")
        _ = url.port
    except ValueError:
        return None
    return url if url.hostname else None


def _icmp(change: Change, asked: Iterable[Asking], known: Modules) -> Iterator[Finding]:
    """Modules that ping, from pods that may not."""
    pings = [one for one in asked if known.get(one.module or "", {}).get("prober") == "icmp"]
    if not pings:
        return
    for member, pod, container in exporters_of(change.head):
        lacking = _lacks(pod, container)
        if lacking is None:
            continue
        said, severity = lacking
        module = pings[0].module or ""
        yield RULE.finding(
            place_of(change.head, member, "securityContext", text_of(container.get("image"))),
            f"{pings[0].label} has the exporter ping by the module `{module}`, and {said}",
            f"{member.id} may not ping",
            "Sending ICMP takes root with the capability NET_RAW, or a group in the sysctl "
            "`net.ipv4.ping_group_range`. Without either `probe_success` is 0 for each target.",
            "Give the pod the sysctl, which is one of those that Kubernetes calls safe.",
            "securityContext:\n  sysctls:\n    - name: net.ipv4.ping_group_range\n      value: 0 2147483647",
            severity=severity,
            about=("icmp", str(member.id), member.application, module),
            resource=member.id,
            applications=applications([member]),
            owners=owners([member]),
        )


def _lacks(pod: Mapping[str, Any], container: Mapping[str, Any]) -> tuple[str, Severity] | None:
    """(what keeps it from pinging, how sure that is); None where it may."""
    whole, own = mapping(pod.get("securityContext")), mapping(container.get("securityContext"))
    sysctls = {text_of(one.get("name")) for one in mappings(whole.get("sysctls"))}
    capabilities = mapping(own.get("capabilities"))
    added, dropped = (
        {name.upper().removeprefix("CAP_") for name in texts(capabilities.get(key))} for key in ("add", "drop")
    )
    if "net.ipv4.ping_group_range" in sysctls or added & {"NET_RAW", "ALL"} or own.get("privileged") is True:
        return None
    if pod.get("hostNetwork") is True:
        return None  # the sysctl is the node's
    if dropped & {"NET_RAW", "ALL"}:
        return "its container drops the capability NET_RAW", Severity.WARNING
    both = {**whole, **own}
    if both.get("runAsNonRoot") is True or both.get("runAsUser") not in (None, 0):
        return "its container runs as another user than root, without the capability NET_RAW", Severity.WARNING
    if both.get("runAsUser") == 0:
        return None
    return "nothing gives its container the capability NET_RAW", Severity.NOTICE


def _hosts(change: Change, asked: Iterable[Asking]) -> Iterator[Finding]:
    """Targets under hosts that nothing serves."""
    head = change.head
    if head.unknown or head.truncated or not_rendered(head):
        return  # any route may be among what is not known
    routes = head.once(every_route)
    own = {
        host
        for each in installations(change)
        if each.deployed
        for route, _ in ways_of(head, each)
        for host in route.hosts
    }
    served = {host for route in routes for host in route.hosts}
    hosts = None
    for one in asked:
        for target in one.targets if one.plain else ():
            url = _url(target)
            host = (url.hostname or "") if url is not None else ""
            meant = sorted(each for each in served if _meant(host, each, own)) if host else []
            if not meant or host in served:
                continue
            hosts = hosts or hosts_of(head, routes)
            if not hosts.may_serve(host):
                names = listed([f"`{each}`" for each in meant], 3)
                yield _finding(
                    change,
                    one,
                    (target, host),
                    f"{one.label} probes `{target}`, and no route in git serves `{host}`; there is {names}",
                    f"`{host}` is probed and served by nothing",
                    "`probe_success` is 0, or something is asked that git does not tell of.",
                    f"Probe {names}, or bring a route for `{host}`.",
                    "host",
                    target,
                )


def _meant(host: str, routed: str, own: Iterable[str]) -> bool:
    """Whether a host is likely to be meant for one that is routed: both Argo CD's in one domain, or spelt alike. What
    differs by a number or a stage alone is another host."""
    mine, theirs = host.split("."), routed.split(".")
    differing = [(a, b) for a, b in zip(mine, theirs, strict=False) if a != b]
    if len(mine) != len(theirs) or len(differing) != 1 or len(mine) < 2:
        return False
    one, other = (_STAGE.sub("", label.replace("-", " ")).strip() for label in differing[0])
    if one == other or not one or not other:
        return False
    if routed in own and _ARGO.search(host) and mine[1:] == theirs[1:]:
        return True
    long = min(len(one), len(other)) >= _LONG
    return long and difflib.SequenceMatcher(None, one, other).ratio() >= _ALIKE
