"""`clusters:` of the repository's configuration: what Argo CD knows of the clusters and git does not say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import yaml

from gitops.applications.clusters import KnownCluster, declared
from gitops.files.documents import first_line, items, to_python

_FIELDS = ("name", "server", "labels", "annotations")


@dataclass(frozen=True, slots=True)
class DeclaredCluster:
    """One entry. `labels` and `annotations` are those of its Secret in Argo CD."""

    name: str
    server: str
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    line: int = 0

    @property
    def known(self) -> KnownCluster:
        return declared(self.name, self.server, self.labels, self.annotations)


def read_clusters(node: yaml.Node) -> tuple[tuple[DeclaredCluster, ...], list[tuple[int, str]]]:
    """The clusters, and (line, sentence) of each mistake; an entry with a mistake is left out."""
    if not isinstance(node, yaml.SequenceNode):
        return (), [(first_line(node), "`clusters` must be a list of {name, server, labels, annotations}")]
    found: list[DeclaredCluster] = []
    problems: list[tuple[int, str]] = []
    for item in node.value:
        line = first_line(item)
        mistake = _mistake(item, found)
        if mistake is not None:
            problems.append((line, mistake))
            continue
        fields = {key: to_python(value) for key, _, value in items(item)}
        labels, annotations = fields.get("labels") or {}, fields.get("annotations") or {}
        found.append(DeclaredCluster(fields["name"], fields["server"].rstrip("/"), labels, annotations, line))
    return tuple(found), problems


def _mistake(item: yaml.Node, before: list[DeclaredCluster]) -> str | None:
    if not isinstance(item, yaml.MappingNode):
        return "each `clusters` entry must have `name` and `server`"
    fields = {key: to_python(value) for key, _, value in items(item)}
    for key, value in fields.items():
        if key not in _FIELDS:
            return f"unknown key `{key}` in a `clusters` entry"
        if key in ("labels", "annotations"):
            if value is not None and not (
                isinstance(value, dict) and all(isinstance(each, str) for each in value.values())
            ):
                return f"`{key}` of a `clusters` entry must map names to texts; quote numbers and true or false"
        elif not isinstance(value, str) or not value:
            return f"`{key}` of a `clusters` entry must be a text"
    missing = [key for key in ("name", "server") if key not in fields]
    if missing:
        return f"this `clusters` entry lacks {', '.join(f'`{key}`' for key in missing)}"
    try:
        parts = urlsplit(fields["server"])
    except ValueError:
        return "`server` of a `clusters` entry must be the URL of an API server, such as https://10.0.0.1:6443"
    if parts.scheme not in ("https", "http") or not parts.hostname or parts.username or parts.query:
        return "`server` of a `clusters` entry must be the URL of an API server, such as https://10.0.0.1:6443"
    for other in before:
        if other.name == fields["name"]:
            return f"the cluster `{other.name}` is declared on line {other.line} already"
    return None
