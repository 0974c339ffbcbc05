"""The blackbox exporter of a repository: its modules, and what it is asked to probe.

Sources: github.com/prometheus/blackbox_exporter (CONFIGURATION.md, prober/handler.go); prometheus-operator's Probe
and ScrapeConfig; prometheus.io (the targets of a scrape configuration become its `target` parameter).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from gitops.discovery.snapshot import Snapshot
from gitops.facts.secrets.pods import POD_SPECS, at, mapping
from gitops.files.documents import read_documents
from gitops.files.errors import GitopsError
from gitops.installation.find import member_of
from gitops.installation.model import Member, data_of
from gitops.installation.routes.model import mappings, texts
from gitops.installation.scraping import plain_prometheus
from gitops.resources.manifests import text_of
from gitops.resources.resource import Resource

Modules = Mapping[str, Mapping[str, Any]]
DEFAULT: Final = "http_2xx"  # the module that the exporter takes where none is named
_PATH: Final = "/probe"
_PROBERS: Final = frozenset({"http", "tcp", "icmp", "dns", "grpc", "unix", "http_chain"})


@dataclass(frozen=True, slots=True)
class Probed:
    """A `target` that is probed, as it is written in `asking` (a Probe, or the ConfigMap with the configuration).
    `runs` tells where from: the Prometheus that has that configuration, or the Probe."""

    runs: Member
    asking: Member
    target: str


@dataclass(frozen=True, slots=True)
class Asking:
    """What asks the exporter: a Probe, a ScrapeConfig, or some targets of a job in a configuration; `label` names it
    for people. `modules` are those that are named, of which the exporter takes the first (DEFAULT where none is);
    None where relabelling makes the module. `plain` tells that the targets are asked as they are written."""

    runs: Member
    member: Member
    label: str
    modules: tuple[str, ...] | None
    targets: tuple[str, ...]
    plain: bool = True

    @property
    def module(self) -> str | None:
        """The module that is asked for."""
        return None if self.modules is None else self.modules[0] if self.modules else DEFAULT


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
    return tuple(Probed(one.runs, one.member, each) for one in snapshot.once(askings) for each in one.targets)


def askings(snapshot: Snapshot) -> tuple[Asking, ...]:
    """Everything that asks an exporter. For `snapshot.once`."""
    return tuple(_askings(snapshot))


def _askings(snapshot: Snapshot) -> Iterator[Asking]:
    for prometheus in snapshot.once(plain_prometheus):
        for member, value in prometheus.configurations:
            for job in mappings(value.get("scrape_configs")):
                if text_of(job.get("metrics_path")) == _PATH:
                    label = f"job `{text_of(job.get('job_name'))}`"
                    groups, rules = job.get("static_configs"), job.get("relabel_configs")
                    yield from _of_job(prometheus.workload, member, label, job.get("params"), groups, rules)
    for copy in snapshot.copies(having=is_probe):
        member = member_of(snapshot, copy)
        spec = mapping(member.manifest.get("spec"))
        static = mapping(mapping(spec.get("targets")).get("staticConfig"))
        rules = mappings(static.get("relabelingConfigs"))
        module = text_of(spec.get("module"))
        modules = None if _makes(rules, "__param_module") else (module,) if module else ()
        yield Asking(member, member, str(member.id), modules, texts(static.get("static")), _as_written(rules))
    for copy in snapshot.copies(having=_is_scrape_config):
        member = member_of(snapshot, copy)
        spec = mapping(member.manifest.get("spec"))
        if text_of(spec.get("metricsPath")) == _PATH:
            label, groups = str(member.id), spec.get("staticConfigs")
            yield from _of_job(member, member, label, spec.get("params"), groups, spec.get("relabelings"))


def _of_job(runs: Member, member: Member, label: str, params: Any, groups: Any, relabelling: Any) -> Iterator[Asking]:
    rules = mappings(relabelling)
    named = None if _makes(rules, "__param_module") else texts(mapping(params).get("module"))
    found: dict[tuple[str, ...] | None, list[str]] = {named: []}
    for group in mappings(groups):
        own = text_of(mapping(group.get("labels")).get("__param_module"))
        modules = (own,) if own and named is not None else named
        found.setdefault(modules, []).extend(texts(group.get("targets")))
    for modules, targets in found.items():
        if targets or modules:
            yield Asking(runs, member, label, modules, tuple(targets), _as_written(rules))


def _makes(rules: Iterable[Mapping[str, Any]], label: str) -> bool:
    return any(label in (one.get("target_label"), one.get("targetLabel")) for one in rules)


def _as_written(rules: Iterable[Mapping[str, Any]]) -> bool:
    """Whether relabelling hands the targets on as they are."""
    aims = [one for one in rules if _makes([one], "__param_target")]
    return all(one.get("replacement", "$1") in ("$1", "${1}") and not one.get("regex") for one in aims)


def _is_scrape_config(resource: Resource) -> bool:
    return (resource.id.group, resource.id.kind) == ("monitoring.coreos.com", "ScrapeConfig")


def is_probe(resource: Resource) -> bool:
    """Whether it is a Probe of the Prometheus Operator."""
    return (resource.id.group, resource.id.kind) == ("monitoring.coreos.com", "Probe")


EXPORTER: Final = re.compile(r"(?:^|/)blackbox[-_]exporter(?:[:@]|$)")


def exporters_of(snapshot: Snapshot) -> Iterator[tuple[Member, Mapping[str, Any], Mapping[str, Any]]]:
    """Each exporter that is rendered: its workload, the specification of its pods, its container."""
    for copy in snapshot.copies(having=_may_export):
        member = member_of(snapshot, copy)
        pod = mapping(at(member.manifest, POD_SPECS[member.id.group, member.id.kind]))
        for container in mappings(pod.get("containers")):
            if EXPORTER.search(text_of(container.get("image"))):
                yield member, pod, container


def _may_export(resource: Resource) -> bool:
    return (resource.id.group, resource.id.kind) in POD_SPECS and names_exporter(resource)


def names_exporter(resource: Resource) -> bool:
    """Whether it says something of the exporter: few manifests have to be read whole."""
    return b"blackbox" in resource.text
