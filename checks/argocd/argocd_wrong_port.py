"""A probe, a Service or a monitor names a port on which Argo CD does not serve what is asked for.

What it finds: HTTP probes on the repo-server's gRPC port, probes on a port that no program of the pod listens on,
Services whose port ends nowhere or whose HTTPS ends at the metrics, ServiceMonitors that no Service fits or that name
a port which it does not have, and two programs of one pod on one port.

Why it matters: a probe that cannot succeed keeps the pod out of its Service, and a liveness probe has it killed again
and again. A Service that leads to another port answers with something else, or not at all; a monitor that finds
nothing leaves alerts without a metric, and nothing says so.

Example: `livenessProbe: {httpGet: {path: /healthz, port: 8081}}` on the repo-server, which answers /healthz on 8084.

How the fix is safe: a probe gets the port that answers /healthz, a Service of metrics that of the metrics. A
Service that is to lead to the user interface is offered as unsafe: it would be reached then. Nothing else may be
rendered otherwise.

How sure it is: an error for probes and for two programs on one port, a warning for Services and monitors; one step
lower for files that no Application deploys. Silent for images that are not upstream's, where arguments are not known,
and where another container of the pod may listen. TLS switched off changes nothing about gRPC, and is passed over.

Sources: argo-cd cmd/argocd-*/commands and manifests/base; prometheus-operator's API (a ServiceMonitor selects
Services by their labels, and their ports by name).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from checks.argocd.repairing import container_route, wanted_of
from checks.argocd.view import applications, installations, owners, severity_in, stands
from checks.declaration import FixAvailability, declare
from checks.model import Finding, Repair, Severity
from checks.policy.file import Policy
from gitops.discovery.snapshot import Change
from gitops.facts.secrets.pods import mapping
from gitops.files.editing import put
from gitops.files.spans import Applicability, Span
from gitops.installation.model import Installation, Member, Process
from gitops.installation.places import line_in, place_of
from gitops.installation.ports import Port, Speaks, containers_of, declared, listening
from gitops.installation.processes import is_upstream
from gitops.installation.routes.find import selects
from gitops.installation.routes.model import mappings
from gitops.installation.settings import setting
from gitops.resources.manifests import text_of

RULE = declare("argocd-wrong-port", Severity.ERROR, Severity.WARNING, Severity.NOTICE, fix=FixAvailability.SOMETIMES)

_PROBES: Final = ("livenessProbe", "readinessProbe", "startupProbe")


def check(change: Change, policy: Policy) -> Iterator[Finding]:
    """One finding for each probe, Service port, monitor and clash."""
    for installation in installations(change):
        found = {
            process: ports
            for process in installation.processes
            if not process.initial and (ports := listening(installation, process)) is not None
        }
        for process, ports in found.items():
            if is_upstream(process):
                yield from _probes(change, installation, process, ports, found)
        yield from _clashes(change, installation, found)
        yield from _services(change, installation, found)
        yield from _monitors(change, installation)


Listening = Mapping[Process, Mapping[int, Port]]


def _probes(
    change: Change, installation: Installation, process: Process, ports: Mapping[int, Port], found: Listening
) -> Iterator[Finding]:
    for name in _PROBES:
        probe = mapping(process.manifest.get(name))
        http = mapping(probe.get("httpGet"))
        number = _number(process, (http or mapping(probe.get("tcpSocket"))).get("port"))
        if number is None:
            continue
        port = ports.get(number)
        better = next((each for each, one in ports.items() if one.healthz), None)
        instead = f"; it answers /healthz on {better}" if better is not None else ""
        if port is not None and port.speaks is Speaks.GRPC and http:
            if setting(installation, process, "disable-tls").on is not False:
                continue
            said = f"`{name}` asks `{process.component}` for HTTP on {number}, where it speaks gRPC over TLS{instead}"
        elif port is None and not _may_listen(process, number, found):
            said = f"`{name}` asks for port {number}, on which `{process.component}` does not listen{instead}"
        else:
            continue
        effect = (
            "The probe never succeeds: the kubelet kills the container again and again."
            if name != "readinessProbe"
            else "The probe never succeeds: the pod never becomes ready and gets no traffic."
        )
        advice = f"Ask for /healthz on port {better}." if better is not None else "Name a port that it listens on."
        span = _line_of_probe(change, process, name)
        repair = _probe_repair(process, name, "httpGet" if http else "tcpSocket", better)
        about = (process.container, name)
        yield _finding(installation, process.member, span, said, effect, advice, about, repair=repair)


def _probe_repair(process: Process, probe: str, kind: str, port: int | None) -> Repair | None:
    route = container_route(process)
    if route is None or port is None:
        return None
    operations = [put((*route, probe, kind, "port"), port)]
    if kind == "httpGet" and mapping(mapping(process.manifest.get(probe)).get(kind)).get("path") != "/healthz":
        operations.append(put((*route, probe, kind, "path"), "/healthz"))
    if mapping(mapping(process.manifest.get(probe)).get(kind)).get("scheme", "HTTP") != "HTTP":
        return None  # what was meant to be asked there is another thing
    return Repair(
        f"Probe {process.component} in {process.workload} where it answers",
        (wanted_of(process.member, *operations),),
        Applicability.SAFE,
        f"{RULE}|probes|{process.member.written}|{process.container}",
    )


def _number(process: Process, port: Any) -> int | None:
    if isinstance(port, int):
        return port
    text = text_of(port)
    return int(text) if text.isdigit() else declared(process, text) if text else None


def _may_listen(process: Process, number: int, found: Listening) -> bool:
    """Whether another container of the pod may be what listens there."""
    known = {one.container: ports for one, ports in found.items() if one.member is process.member}
    for container in containers_of(process):
        name = text_of(container.get("name"))
        if name == process.container:
            continue
        if name not in known or number in known[name]:
            return True
    return False


def _line_of_probe(change: Change, process: Process, name: str) -> Span:
    """The probe of this container: behind the line of its name, where it is written in one file."""
    named = place_of(change.head, process.member, f"name: {process.container}")
    line = line_in(change.head.tree, named.path, name, first=named.line)
    return Span(named.path, line, line) if line else place_of(change.head, process.member, name)


def _clashes(change: Change, installation: Installation, found: Listening) -> Iterator[Finding]:
    taken: dict[tuple[int, int], Process] = {}
    for process, ports in found.items():
        for number, port in ports.items():
            first = taken.setdefault((id(process.member), number), process)
            if first is process:
                continue
            said = (
                f"containers `{first.container}` and `{process.container}` of {process.workload} both listen on "
                f"{number} ({port.speaks})"
            )
            effect = "The containers of a pod share its ports: the second one ends with `address already in use`."
            advice = "Take one of them out, or give it other ports."
            span = place_of(change.head, process.member, f"name: {process.container}")
            about = (first.container, process.container, "clash")
            if (id(process.member), -1) not in taken:  # once for two programs, whatever they share
                taken[id(process.member), -1] = process
                yield _finding(installation, process.member, span, said, effect, advice, about)


def _services(change: Change, installation: Installation, found: Listening) -> Iterator[Finding]:
    for service in installation.of_kind("Service"):
        behind = {process: ports for process, ports in found.items() if selects(service, process)}
        workloads = {id(process.member) for process in behind}
        if len(workloads) != 1:
            continue
        process = next(iter(behind))
        every = {number: port for ports in behind.values() for number, port in ports.items()}
        for place, entry in enumerate(mappings(mapping(service.manifest.get("spec")).get("ports"))):
            told = _service_port(process, entry, every, found)
            if told is not None:
                repair = _service_repair(service, place, entry, every)
                said, effect, advice = told
                name = text_of(entry.get("name")) or text_of(entry.get("port"))
                span = place_of(change.head, service, f"targetPort: {text_of(entry.get('targetPort'))}", "ports")
                said = f"port {text_of(entry.get('port'))} of {service.id} {said}"
                yield _finding(
                    installation,
                    service,
                    span,
                    said,
                    effect,
                    advice,
                    (name,),
                    severity=Severity.WARNING,
                    repair=repair,
                )


def _service_repair(
    service: Member, place: int, entry: Mapping[str, Any], ports: Mapping[int, Port]
) -> Repair | None:
    """The port that the name of the entry, or of the Service, asks for, where there is one of that kind."""
    web = entry.get("port") in (80, 443) or text_of(entry.get("name")) in ("http", "https")
    metrics = not web and ("metrics" in service.id.name or "metrics" in text_of(entry.get("name")))
    kind = Speaks.HTTP if web else Speaks.METRICS if metrics else None
    meant = [number for number, port in ports.items() if port.speaks is kind]
    if len(meant) != 1:
        return None
    return Repair(
        f"Have {service.id} lead to {meant[0]}",
        (wanted_of(service, put(("spec", "ports", place, "targetPort"), meant[0])),),
        Applicability.SAFE if metrics else Applicability.UNSAFE,
        f"{RULE}|{service.written}|{place}",
    )


def _service_port(
    process: Process, entry: Mapping[str, Any], ports: Mapping[int, Port], found: Listening
) -> tuple[str, str, str] | None:
    target = entry.get("targetPort", entry.get("port"))
    number = _number(process, target)
    if number is None:
        if isinstance(target, str) and not _has_others(process, found):
            return (
                f"ends at `{target}`, and no container has a port of that name",
                "It leads nowhere.",
                ("Name a port that a container has."),
            )
        return None
    port = ports.get(number)
    main = next((each for each, one in ports.items() if one.speaks is Speaks.HTTP), None)
    if port is None:
        if _may_listen(process, number, found):
            return None
        owner = next(
            (
                one.component
                for one, known in found.items()
                if number in known and one.member is not process.member and known[number].speaks is Speaks.METRICS
            ),
            "",
        )
        other = f"; {number} is the port of the metrics of `{owner}`" if owner else ""
        return (
            f"ends at {number}, on which `{process.component}` does not listen{other}",
            "Connections to it are refused.",
            f"Have it end at a port of `{process.component}` ({', '.join(map(str, sorted(ports)))}), or have the "
            "Service select the other program.",
        )
    web = entry.get("port") in (80, 443) or text_of(entry.get("name")) in ("http", "https")
    if port.speaks is Speaks.METRICS and web and main is not None:
        return (
            f"ends at {number}, where `{process.component}` serves its metrics",
            "Whoever asks for the user interface there gets 404, and metrics in clear.",
            f"Have it end at {main}, which serves HTTP, gRPC and TLS alike."
            if process.component == "argocd-server"
            else f"Have it end at {main}.",
        )
    return None


def _has_others(process: Process, found: Listening) -> bool:
    known = {one.container for one in found if one.member is process.member}
    return any(text_of(one.get("name")) not in known for one in containers_of(process))


def _monitors(change: Change, installation: Installation) -> Iterator[Finding]:
    """ServiceMonitors of the namespace that are about a program which is there."""
    services = installation.of_kind("Service")
    for monitor in installation.of_kind("ServiceMonitor"):
        spec = mapping(monitor.manifest.get("spec"))
        selector = mapping(spec.get("selector"))
        labels = mapping(selector.get("matchLabels"))
        if not labels or selector.get("matchExpressions") or spec.get("namespaceSelector"):
            continue
        fitting = [
            one for one in services if _fits(labels, mapping(mapping(one.manifest.get("metadata")).get("labels")))
        ]
        about = [one for one in installation.processes if not one.initial and _names(labels, one)]
        served = [one for process in about for one in services if selects(one, process)]
        if not fitting and served:
            names = ", ".join(f"`{one.id.name}`" for one in served[:3])
            said = f"{monitor.id} finds no Service: none of {names} has its labels"
            advice = "Select labels that the Service has; those of the pods do not count."
            yield _unscraped(change, installation, monitor, "matchLabels", said, advice, "labels")
        for endpoint in mappings(spec.get("endpoints")) if fitting else ():
            name = text_of(endpoint.get("port"))
            have = {text_of(port.get("name")) for one in fitting for port in _ports(one)}
            if name and name not in have:
                said = f"{monitor.id} asks for the port `{name}`, which {_of(fitting)} not have"
                advice = f"Name one of {', '.join(f'`{each}`' for each in sorted(filter(None, have)))}."
                yield _unscraped(change, installation, monitor, f"port: {name}", said, advice, name)


def _unscraped(
    change: Change, installation: Installation, monitor: Member, word: str, said: str, advice: str, about: str
) -> Finding:
    """A ServiceMonitor that leads nowhere, at the line of `word`."""
    span, effect = place_of(change.head, monitor, word), "Nothing is scraped."
    return _finding(installation, monitor, span, said, effect, advice, (about,), severity=Severity.WARNING)


def _of(services: list[Member]) -> str:
    names = ", ".join(f"`{one.id.name}`" for one in services[:3])
    return f"{names} {'does' if len(services) == 1 else 'do'}"


def _ports(service: Member) -> list[Mapping[str, Any]]:
    return mappings(mapping(service.manifest.get("spec")).get("ports"))


def _fits(labels: Mapping[str, Any], have: Mapping[str, Any]) -> bool:
    return all(have.get(key) == value for key, value in labels.items())


def _names(labels: Mapping[str, Any], process: Process) -> bool:
    """Whether labels are probably meant for a program: one of them is its workload's name, or has it before
    `-metrics`."""
    values = {text_of(value).removesuffix("-metrics") for value in labels.values()}
    return process.member.id.name in values or process.component in values


def _finding(
    installation: Installation,
    member: Member,
    span: Span,
    said: str,
    effect: str,
    advice: str,
    about: tuple[str, ...],
    severity: Severity = Severity.ERROR,
    repair: Repair | None = None,
) -> Finding:
    return RULE.finding(
        span,
        said,
        f"A port of {member.id} is wrong",
        stands(installation, effect),
        advice,
        severity=severity_in(installation, severity),
        about=(*installation.key, str(member.id), *about),
        resource=member.id,
        applications=applications([member]),
        owners=owners([member]),
        repair=repair,
    )
