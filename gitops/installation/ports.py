"""Which ports the programs of Argo CD listen on, and what they speak there.

Source: argo-cd cmd/argocd-*/commands (the flags and their defaults), manifests/base (probes and Services); the ports
have been the same from 2.8 to 3.5.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from gitops.facts.secrets.pods import POD_SPECS, at, mapping, sequence
from gitops.installation.model import Installation, Process
from gitops.installation.settings import setting
from gitops.resources.manifests import text_of


class Speaks(StrEnum):
    """What a port is for."""

    HTTP = "HTTP"
    GRPC = "gRPC"
    METRICS = "metrics"


@dataclass(frozen=True, slots=True)
class Port:
    """One port of a program. `flag` moves it ('' for one that stays); `healthz` tells that it answers /healthz."""

    number: int
    speaks: Speaks
    flag: str = ""
    healthz: bool = False


PORTS: Final[Mapping[str, tuple[Port, ...]]] = {
    "argocd-server": (Port(8080, Speaks.HTTP, "port", True), Port(8083, Speaks.METRICS, "metrics-port")),
    "argocd-repo-server": (Port(8081, Speaks.GRPC, "port"), Port(8084, Speaks.METRICS, "metrics-port", True)),
    "argocd-application-controller": (Port(8082, Speaks.METRICS, "metrics-port", True),),
    "argocd-applicationset-controller": (
        Port(7000, Speaks.HTTP, "webhook-addr"),
        Port(8080, Speaks.METRICS, "metrics-addr"),
        Port(8081, Speaks.HTTP, "probe-addr", True),
    ),
    "argocd-notifications": (Port(9001, Speaks.METRICS, "metrics-port"),),
    "argocd-dex": (Port(5556, Speaks.HTTP), Port(5557, Speaks.GRPC), Port(5558, Speaks.METRICS, "", True)),
    "argocd-commit-server": (Port(8086, Speaks.GRPC, "port"), Port(8087, Speaks.METRICS, "metrics-port", True)),
}


def listening(installation: Installation, process: Process) -> Mapping[int, Port] | None:
    """The ports of a process by number; None where nobody can tell."""
    found: dict[int, Port] = {}
    if process.component not in PORTS or not process.certain:
        return None
    for port in PORTS[process.component]:
        number = port.number
        if port.flag:
            told = setting(installation, process, port.flag)
            if not told.known:
                return None
            # An address is `:8080` or `127.0.0.1:8080`; `0` switches a server off.
            text = (told.value or "").rpartition(":")[2]
            if told.value is not None and not text.isdigit():
                return None
            number = int(text) if told.value else number
        if number:
            found[number] = port
    return found


def declared(process: Process, name: str) -> int | None:
    """The number that containers of the pod give a port's name."""
    for container in containers_of(process):
        for port in sequence(container.get("ports")):
            one = mapping(port)
            number = one.get("containerPort")
            if text_of(one.get("name")) == name and isinstance(number, int):
                return number
    return None


def containers_of(process: Process) -> list[Mapping[str, Any]]:
    """The containers of the pod that stay: sidecars that are written as init containers are among them."""
    route = POD_SPECS[process.member.id.group, process.member.id.kind]
    spec = mapping(at(process.member.manifest, route))
    lasting = [one for one in sequence(spec.get("initContainers")) if mapping(one).get("restartPolicy") == "Always"]
    return [mapping(one) for one in (*sequence(spec.get("containers")), *lasting)]
