"""The Prometheus of a repository: what it scrapes, and which files of rules it finds.

Sources: prometheus.io/docs/prometheus/latest/configuration/configuration (scrape_configs, rule_files: a path that
matches nothing is passed over); kubernetes.io (a volume hides what the image has at its place).
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, Final

from gitops.discovery.snapshot import Snapshot
from gitops.facts.secrets.pods import POD_SPECS, at, mapping, sequence
from gitops.files.documents import read_documents
from gitops.files.errors import GitopsError
from gitops.installation.find import member_of
from gitops.installation.model import Member, data_of
from gitops.installation.routes.model import mappings
from gitops.resources.manifests import text_of
from gitops.resources.resource import Resource

_IMAGE: Final = re.compile(r"(?:^|/)prometheus(?:[:@]|$)")
_EVERYTHING: Final = re.compile(r"\*|\bcp\s+-[a-zA-Z]*[rRa]|rsync|tar\b")


@dataclass(frozen=True, eq=False, slots=True)
class Prometheus:
    """A Prometheus that runs without the operator: its workload, and the ConfigMaps with its configuration."""

    workload: Member
    configurations: tuple[tuple[Member, Mapping[str, Any]], ...]


@dataclass(frozen=True, eq=False, slots=True)
class LostRules:
    """An entry of `rule_files` at which there is no file: `why` is one clause."""

    configuration: Member
    path: str
    why: str


def plain_prometheus(snapshot: Snapshot) -> tuple[Prometheus, ...]:
    """Every Prometheus that is rendered, each place once. For `snapshot.once`."""
    found: dict[tuple[str, int, str], Prometheus] = {}
    maps: dict[tuple[str, str, str], list[Member]] = {}
    workloads: list[tuple[tuple[str, str], Member]] = []
    for copy in snapshot.copies(having=_may_scrape):
        root, member = copy.application.root, member_of(snapshot, copy)
        if member.id.kind == "ConfigMap":
            maps.setdefault((root, member.id.namespace, member.id.name), []).append(member)
        elif any(_IMAGE.search(text_of(one.get("image"))) for one in _containers(member)):
            workloads.append(((root, member.id.namespace), member))
    for (root, namespace), workload in workloads:
        names = {name for volume in _volumes(workload).values() for name, _ in _config_maps(volume)}
        told = tuple(
            (member, value)
            for name in sorted(names)
            for member in maps.get((root, namespace, name), ())
            for value in _configurations(member)
        )
        place = (workload.written.path, workload.written.line, workload.id.name)
        found.setdefault(place, Prometheus(workload, told))
    return tuple(found.values())


def _may_scrape(resource: Resource) -> bool:
    rid, text = resource.id, resource.text
    if rid.kind == "ConfigMap":
        return b"scrape_configs" in text or b"rule_files" in text
    return (rid.group, rid.kind) in POD_SPECS and b"prometheus" in text


def _is_operated(resource: Resource) -> bool:
    return resource.id.kind in ("ServiceMonitor", "Prometheus", "PrometheusAgent")


def directories_of(prometheus: Prometheus) -> Mapping[str, str]:
    """For each ConfigMap that the server of a pod mounts whole: the directory in which its keys are files."""
    server = next(one for one in _containers(prometheus.workload) if _IMAGE.search(text_of(one.get("image"))))
    found: dict[str, str] = {}
    for mount in mappings(server.get("volumeMounts")):
        volume = _volumes(prometheus.workload).get(text_of(mount.get("name")), {})
        told = mapping(volume.get("configMap"))
        if text_of(told.get("name")) and not told.get("items") and not text_of(mount.get("subPath")):
            found[text_of(told.get("name"))] = text_of(mount.get("mountPath"))
    return found


def jobs_of(snapshot: Snapshot) -> frozenset[str] | None:
    """The jobs that the plain Prometheus scrape; None where there is none in git, and where jobs may have any name
    (monitors of the operator, agents that send from elsewhere)."""
    if snapshot.brings(_is_operated):
        return None
    found: set[str] = set()
    seen = False
    for one in snapshot.once(plain_prometheus):
        for _, value in one.configurations:
            seen = seen or "scrape_configs" in value
            if value.get("scrape_config_files"):
                return None
            for job in mappings(value.get("scrape_configs")):
                relabelled = {text_of(rule.get("target_label")) for rule in mappings(job.get("relabel_configs"))}
                if "job" in relabelled:
                    return None
                found.add(text_of(job.get("job_name")))
    return frozenset(found) if seen else None


def lost_rules(snapshot: Snapshot) -> Iterator[LostRules]:
    """The entries of `rule_files` at which no mount of the pod brings a file."""
    for prometheus in snapshot.once(plain_prometheus):
        server = next(one for one in _containers(prometheus.workload) if _IMAGE.search(text_of(one.get("image"))))
        for member, value in prometheus.configurations:
            for path in sequence(value.get("rule_files")):
                why = _lost(snapshot, prometheus, server, text_of(path))
                if why:
                    yield LostRules(member, text_of(path), why)


def _lost(snapshot: Snapshot, prometheus: Prometheus, server: Mapping[str, Any], path: str) -> str:
    if not path.startswith("/"):
        path = posixpath.join("/etc/prometheus", path)  # beside its configuration
    mount = _mount(server, path)
    if mount is None:
        return "no volume is mounted there"
    volume = _volumes(prometheus.workload).get(text_of(mount.get("name")), {})
    inside = posixpath.relpath(path, text_of(mount.get("mountPath")) or "/")
    if text_of(mount.get("subPath")):
        return ""
    if "emptyDir" in volume:
        return _filled(prometheus.workload, text_of(mount.get("name")), server, inside)
    held = _config_maps(volume)
    if not held or set(volume) - {"name", "configMap"}:
        return ""
    name, items = held[0]
    if items:
        keys = {text_of(item.get("path")) for item in items}
    else:
        rid = prometheus.workload.id
        config_map = _config_map(snapshot, prometheus, rid.namespace, name)
        if config_map is None:
            return ""
        keys = {str(key) for key in (*data_of(config_map), *mapping(config_map.manifest.get("binaryData")))}
    if any(fnmatchcase(key, inside) for key in keys):
        return ""
    return f"the ConfigMap `{name}` that is mounted there has no such key"


def _config_map(snapshot: Snapshot, prometheus: Prometheus, namespace: str, name: str) -> Member | None:
    for member, _ in prometheus.configurations:
        if member.id.name == name:
            return member
    owned = prometheus.workload.owned
    for copy in snapshot.copies(owned.state if owned is not None else None):
        if copy.resource.id.kind == "ConfigMap" and copy.resource.id.name == name:
            return member_of(snapshot, copy)
    return None


def _filled(workload: Member, volume: str, server: Mapping[str, Any], inside: str) -> str:
    """Whether another container of the pod puts a file of that name into an empty volume."""
    others = [
        one
        for one in _containers(workload, initial=True)
        if one is not server
        and any(text_of(each.get("name")) == volume for each in mappings(one.get("volumeMounts")))
    ]
    if not others:
        return "the volume that is mounted there is empty, and nothing fills it"
    stem = posixpath.basename(inside)
    for one in others:
        words = "\n".join(text_of(word) for word in (*sequence(one.get("command")), *sequence(one.get("args"))))
        if not words or stem in words or "*" in stem or _EVERYTHING.search(words):
            return ""
    names = ", ".join(f"`{text_of(one.get('name'))}`" for one in others)
    return f"the volume that is mounted there is empty until {names} fills it, which does not bring that file"


def _mount(container: Mapping[str, Any], path: str) -> Mapping[str, Any] | None:
    fitting = [
        one
        for one in mappings(container.get("volumeMounts"))
        if path == text_of(one.get("mountPath")) or path.startswith(text_of(one.get("mountPath")).rstrip("/") + "/")
    ]
    return max(fitting, key=lambda one: len(text_of(one.get("mountPath"))), default=None)


def _containers(workload: Member, initial: bool = False) -> list[Mapping[str, Any]]:
    spec = mapping(at(workload.manifest, POD_SPECS[workload.id.group, workload.id.kind]))
    return [*mappings(spec.get("containers")), *(mappings(spec.get("initContainers")) if initial else ())]


def _volumes(workload: Member) -> Mapping[str, Mapping[str, Any]]:
    spec = mapping(at(workload.manifest, POD_SPECS[workload.id.group, workload.id.kind]))
    return {text_of(one.get("name")): one for one in mappings(spec.get("volumes"))}


def _config_maps(volume: Mapping[str, Any]) -> list[tuple[str, list[Mapping[str, Any]]]]:
    """(name, items) of the ConfigMaps that a volume holds."""
    sources = [volume, *mappings(mapping(volume.get("projected")).get("sources"))]
    maps = [mapping(one.get("configMap")) for one in sources if isinstance(one.get("configMap"), dict)]
    return [(text_of(one.get("name")), mappings(one.get("items"))) for one in maps]


def _configurations(member: Member) -> Iterator[Mapping[str, Any]]:
    for text in data_of(member).values():
        if isinstance(text, str) and ("scrape_configs" in text or "rule_files" in text):
            try:
                values = [
                    one.value() for one in read_documents("prometheus", text.encode("utf-8", "surrogateescape"))
                ]
            except GitopsError:
                continue
            yield from (value for value in values if isinstance(value, dict))
