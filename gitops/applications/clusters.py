"""The clusters that Argo CD knows, as far as files of the repository tell.

A cluster is a Secret with the label `argocd.argoproj.io/secret-type: cluster`
(docs/operator-manual/declarative-setup.md); git holds it itself, what makes it (the template of an ExternalSecret or
SealedSecret, an entry of `secretGenerator`), or values of Argo CD's own chart (`configs.clusterCredentials`).
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from gitops.applications.application import IN_CLUSTER_SERVER
from gitops.files.spans import Span
from gitops.resources.manifests import text_of

CLUSTER_LABEL = "argocd.argoproj.io/secret-type"
CREDENTIALS = "clusterCredentials"

# A text with one of these in it stands for another: templates, variables, SOPS, placeholders of argocd-vault-plugin.
_FILLED_IN = ("{{", "${", "$(", "ENC[", "<path:", "ref+")

Texts = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class KnownCluster:
    """A cluster that Argo CD knows by a name and by its API server's URL.

    `labels` and `annotations` are those of its Secret, sorted; without any label there is no Secret, as of the
    cluster that Argo CD runs in. `secret` is that Secret's name. `hidden`: its name or URL stands elsewhere.
    """

    name: str
    server: str
    labels: Texts = ()
    annotations: Texts = ()
    project: str = ""
    secret: str = ""
    hidden: bool = False
    place: Span | None = None

    @property
    def content(self) -> tuple[object, ...]:
        """What a generator sees of it."""
        return (self.name, self.server, self.labels, self.annotations, self.project)


def declared(name: str, server: str, labels: Mapping[str, str], annotations: Mapping[str, str]) -> KnownCluster:
    """A cluster that the configuration names. Only in-cluster needs no Secret, so only there do no labels mean that
    there is none."""
    if server == IN_CLUSTER_SERVER and not labels and not annotations:
        return KnownCluster(name, server)
    marked = {**labels, CLUSTER_LABEL: "cluster"}
    return KnownCluster(name, server, tuple(sorted(marked.items())), tuple(sorted(annotations.items())))


def clusters_in(manifest: Mapping[str, Any]) -> Iterator[KnownCluster]:
    """What one mapping of a file tells: a cluster Secret, the template of one, a generator of one (its labels stand
    in `options`), or the clusters in the values of Argo CD's chart."""
    metadata, options = _mapping(manifest.get("metadata")), _mapping(manifest.get("options"))
    around = metadata if _is_cluster(metadata) else options if _is_cluster(options) else None
    if around is not None:
        yield _of(dict(_values(manifest)), around, text_of(metadata.get("name")) or text_of(manifest.get("name")))
    yield from _of_chart(manifest.get(CREDENTIALS))


def _is_cluster(around: Mapping[str, Any]) -> bool:
    return text_of(_mapping(around.get("labels")).get(CLUSTER_LABEL)) == "cluster"


def _of(values: Mapping[str, str], around: Mapping[str, Any], secret: str) -> KnownCluster:
    name, server = values.get("name", ""), values.get("server", "")
    return KnownCluster(
        name,
        server,
        _texts(around.get("labels")),
        _texts(around.get("annotations")),
        values.get("project", ""),
        secret,
        hidden=not name or not server or any(mark in name + server for mark in _FILLED_IN),
    )


def _of_chart(credentials: object) -> Iterator[KnownCluster]:
    """As templates/argocd-configs/cluster-secrets.yaml of the chart argo-cd makes them."""
    if isinstance(credentials, Mapping):
        entries = [(text_of(name), _mapping(entry)) for name, entry in credentials.items()]
    elif isinstance(credentials, list):
        entries = [(text_of(_mapping(entry).get("name")), _mapping(entry)) for entry in credentials]
    else:
        return
    for name, entry in entries:
        if entry:
            labels = {**_mapping(entry.get("labels")), CLUSTER_LABEL: "cluster"}
            values = {"name": name} | {key: text_of(entry.get(key)) for key in ("server", "project")}
            yield _of(values, {"labels": labels, "annotations": entry.get("annotations")}, name)


def _values(manifest: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    for key, value in _mapping(manifest.get("data")).items():
        # In the template of an ExternalSecret `data` is plain text.
        plain = decoded(text_of(value)) if manifest.get("kind") == "Secret" else text_of(value)
        yield str(key), plain
    for key, value in _mapping(manifest.get("stringData")).items():
        yield str(key), text_of(value)
    literals = manifest.get("literals")
    for literal in literals if isinstance(literals, list) else ():
        key, _, value = text_of(literal).partition("=")
        yield key, value.strip("\"'")


def decoded(text: str) -> str:
    """The text behind base64; '' for what is none."""
    try:
        return base64.b64decode("".join(text.split()), validate=True).decode()
    except (binascii.Error, ValueError):
        return ""


def _texts(value: object) -> Texts:
    return tuple(sorted((str(key), text_of(text)) for key, text in _mapping(value).items()))


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
