"""The blackbox exporter of a repository: its modules, and what it is asked to probe.

Sources: github.com/prometheus/blackbox_exporter (CONFIGURATION.md, prober/handler.go); prometheus-operator's Probe
(`targets.staticConfig.static`); prometheus.io (the targets of a scrape configuration become its `target` parameter).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from gitops.discovery.snapshot import Snapshot
from gitops.facts.secrets.pods import mapping, sequence
from gitops.files.documents import read_documents
from gitops.files.errors import GitopsError
from gitops.installation.find import member_of
from gitops.installation.model import Member, data_of
from gitops.installation.routes.model import mappings, texts
from gitops.installation.scraping import plain_prometheus
from gitops.resources.manifests import text_of
from gitops.resources.resource import Resource

Modules = Mapping[str, Mapping[str, Any]]
_PROBERS: Final = frozenset({"http", "tcp", "icmp", "dns", "grpc", "unix", "http_chain"})


@dataclass(frozen=True, slots=True)
class Probed:
    """A `target` that is probed, as it is written in `asking` (a Probe, or the ConfigMap with the configuration).
    `runs` tells where from: the Prometheus that has that configuration, or the Probe."""

    runs: Member
    asking: Member
    target: str


def modules_of(snapshot: Snapshot) -> Iterator[tuple[Member, Modules]]:
    """Each configuration of an exporter that is rendered: the ConfigMap and its modules."""
    for copy in snapshot.copies(having=_may_have_modules):
        member = member_of(snapshot, copy)
        for value in _texts(member):
            modules = mapping(value.get("modules"))
            told = [mapping(one).get("prober") for one in modules.values()]
            if modules and all(text_of(one) in _PROBERS for one in told):
                yield member, {str(name): mapping(one) for name, one in modules.items()}


def _may_have_modules(resource: Resource) -> bool:
    return resource.id.kind == "ConfigMap" and b"prober" in resource.text


def _texts(member: Member) -> Iterator[Mapping[str, Any]]:
    for text in data_of(member).values():
        if isinstance(text, str) and "modules" in text:
            try:
                documents = read_documents("modules", text.encode("utf-8", "surrogateescape"))
            except GitopsError:
                continue
            yield from (value for one in documents if isinstance(value := one.value(), dict))


def probed(snapshot: Snapshot) -> tuple[Probed, ...]:
    """Everything that is probed. For `snapshot.once`."""
    return tuple(_probed(snapshot))


def _probed(snapshot: Snapshot) -> Iterator[Probed]:
    for prometheus in snapshot.once(plain_prometheus):
        for member, value in prometheus.configurations:
            for job in mappings(value.get("scrape_configs")):
                if text_of(job.get("metrics_path")) == "/probe":
                    for config in mappings(job.get("static_configs")):
                        for one in sequence(config.get("targets")):
                            yield Probed(prometheus.workload, member, text_of(one))
    for copy in snapshot.copies(having=is_probe):
        member = member_of(snapshot, copy)
        targets = mapping(mapping(member.manifest.get("spec")).get("targets"))
        for target in texts(mapping(targets.get("staticConfig")).get("static")):
            yield Probed(member, member, target)


def is_probe(resource: Resource) -> bool:
    """Whether it is a Probe of the Prometheus Operator."""
    return (resource.id.group, resource.id.kind) == ("monitoring.coreos.com", "Probe")
