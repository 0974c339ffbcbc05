"""A Prometheus without the operator: jobs and rules in the ConfigMap that is its configuration.

Sources: prometheus.io, configuration (scrape_configs, rule_files); kubernetes.io (a ConfigMap that is mounted as a
directory has a file for each key).
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from checks.planning.additions.place import Place
from checks.planning.additions.plan import Named, NotPossible, named
from checks.planning.additions.prometheus import Alert, rule_groups
from gitops.discovery.snapshot import Snapshot
from gitops.facts.secrets.pods import mapping
from gitops.files.block_style import as_yaml
from gitops.files.embedded import add_text, edit_embedded
from gitops.files.spans import Edit
from gitops.installation.model import Member, data_of
from gitops.installation.routes.model import mappings
from gitops.installation.scraping import Prometheus, directories_of, plain_prometheus
from gitops.kustomize.adding import Addition, add_items
from gitops.resources.manifests import text_of

RELOADS: Final = "Prometheus reads its configuration when it starts, or is told to (`/-/reload`, SIGHUP)"
_SCRAPES: Final = re.compile(r"^scrape_configs:", re.MULTILINE)


@dataclass(frozen=True, eq=False, slots=True)
class Plain:
    """The ConfigMap and its `key` that hold the configuration `value`, and the `directory` of the pod in which each
    key of it is a file ('' where none is, so that no file of rules can stand there)."""

    config_map: Member
    key: str
    value: Mapping[str, Any] = field(repr=False)
    directory: str

    @property
    def path(self) -> str:
        """The file in which it is written."""
        return self.config_map.written.path

    @property
    def jobs(self) -> list[Mapping[str, Any]]:
        return mappings(self.value.get("scrape_configs"))


def plain_in(snapshot: Snapshot, place: Place, why: NotPossible) -> Plain:
    """The one in the cluster of an installation. Raises `NotPossible`: for `why` there is none of the operator."""
    for found in _all(snapshot, place):
        owned = found.config_map.owned
        if owned is None or owned.resource.generator is not None or owned.resource.template or owned.part.elsewhere:
            rid = found.config_map.id
            raise NotPossible(f"{rid} with the configuration of Prometheus is generated, which argofix does not edit")
        return found
    raise NotPossible(f"{why}, and no ConfigMap with `scrape_configs` of another one")


def _all(snapshot: Snapshot, place: Place) -> Iterator[Plain]:
    for prometheus in snapshot.once(plain_prometheus):
        owned = prometheus.workload.owned
        if owned is not None and place.holds(owned.application):
            yield from _configurations(prometheus)


def _configurations(prometheus: Prometheus) -> Iterator[Plain]:
    directories = directories_of(prometheus)
    for config_map, value in prometheus.configurations:
        for key, text in data_of(config_map).items():
            if "scrape_configs" in value and isinstance(text, str) and _SCRAPES.search(text):
                yield Plain(config_map, key, value, directories.get(config_map.id.name, ""))


def told(
    snapshot: Snapshot, plain: Plain, jobs: Sequence[Mapping[str, Any]], name: str, alerts: Sequence[Alert]
) -> tuple[tuple[Edit, ...], frozenset[tuple[Named, str]]]:
    """Edits that add jobs and a file of rules `<name>.yml`, and what they change. Raises `NotPossible` and
    `GitopsError`."""
    for job in jobs:
        if any(text_of(one.get("job_name")) == job["job_name"] for one in plain.jobs):
            raise NotPossible(f"{plain.config_map.id} has a job `{job['job_name']}` already")
    additions = [Addition("scrape_configs", as_yaml(job).rstrip("\n")) for job in jobs]
    written = plain.config_map.written
    data = snapshot.tree.read(written.path)
    key = named(plain.config_map.id)
    changes = {(key, f"data.{plain.key}")}
    edits: tuple[Edit, ...] = ()
    if alerts:
        file = f"{name}.yml"
        if not plain.directory:
            raise NotPossible(
                f"the pod of Prometheus mounts {plain.config_map.id} in a way that no other file of it can be read"
            )
        if file in data_of(plain.config_map):
            raise NotPossible(f"{plain.config_map.id} has a key `{file}` already")
        edits += add_text(written.path, data, written.line, "data", file, as_yaml(rule_groups(name, alerts)))
        additions.append(Addition("rule_files", posixpath.join(plain.directory, file)))
        changes.add((key, f"data.{file}"))
    inner = edit_embedded(
        written.path, data, written.line, ("data", plain.key), lambda text: add_items(plain.key, text, additions)
    )
    return (*edits, *inner), frozenset(changes)


def scrapes(plain: Plain, controller: Member, port: str) -> bool:
    """Whether a job may read the metrics of a workload at a port: by its name or port, or since it finds all pods
    that ask for it."""
    annotations = mapping(
        mapping(mapping(mapping(controller.manifest.get("spec")).get("template")).get("metadata")).get("annotations")
    )
    asks = text_of(annotations.get("prometheus.io/scrape")).lower() == "true"
    for job in plain.jobs:
        text = as_yaml(job)
        if controller.id.name in text or f":{port}" in text:
            return True
        if asks and "prometheus_io_scrape" in text and "kubernetes_sd_configs" in job:
            return True
    return False
