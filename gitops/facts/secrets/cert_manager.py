"""Where cert-manager reads the Secrets of ClusterIssuers.

Source: cert-manager, cmd/controller/app/options (`--cluster-resource-namespace`), deploy/charts/cert-manager
(`clusterResourceNamespace`, else the namespace of the release).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from gitops.discovery.snapshot import Snapshot
from gitops.facts.scopes import id_of
from gitops.resources.resource import Resource

Controllers = Mapping[tuple[str, str], str]
"""The namespace by root and cluster; '' where several are told."""

_FLAG: Final = re.compile(rb"--cluster-resource-namespace[= ][\"']?([^\s\"',\]]+)")
_CHART: Final = "cert-manager"


def controllers_of(snapshot: Snapshot) -> Controllers:
    """What is rendered of cert-manager, and where its chart goes that is not. For `snapshot.once`."""
    found: dict[tuple[str, str], set[str]] = {}
    for copy in snapshot.copies(having=_controls):
        match = _FLAG.search(copy.resource.text)
        told = match[1].decode("utf-8", "replace") if match is not None else ""
        own = id_of(snapshot, copy).id.namespace
        key = (copy.application.root, copy.application.destination.cluster)
        found.setdefault(key, set()).add(own if told.startswith("$(") else told)
    for state in snapshot.states:
        application = state.application
        key = (application.root, application.destination.cluster)
        for source in application.sources:
            if source.chart == _CHART and key not in found and "clusterResourceNamespace" not in repr(source.helm):
                found.setdefault(key, set()).add(application.destination.namespace)
    return {key: next(iter(told)) if len(told) == 1 else "" for key, told in found.items()}


def _controls(resource: Resource) -> bool:
    return (resource.id.group, resource.id.kind) == ("apps", "Deployment") and _FLAG.search(resource.text) is not None
