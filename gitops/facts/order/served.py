"""What an aggregated API or an admission webhook serves.

Source: apiregistration.k8s.io/v1 `APIServiceSpec`; admissionregistration.k8s.io/v1 `RuleWithOperations`,
`WebhookClientConfig`; Kubernetes "Dynamic Admission Control", matching requests.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from gitops.applicationsets.problems import CannotExpand
from gitops.applicationsets.selectors import matches
from gitops.discovery.snapshot import OwnedId, Snapshot
from gitops.facts.owners import owners_having, owners_of
from gitops.facts.secrets.pods import at, mapping, read_manifest, sequence
from gitops.resources.definitions import defines, definition_of
from gitops.resources.manifests import text_of
from gitops.resources.resource import Resource, ResourceId

# Groups with a dot that the API server itself serves (`kubectl api-resources` of Kubernetes 1.32).
_OWN_GROUPS = frozenset(
    f"{name}.k8s.io"
    for name in (
        *("admissionregistration", "apiextensions", "apiregistration", "authentication", "authorization"),
        *("certificates", "coordination", "discovery", "events", "flowcontrol.apiserver", "internal.apiserver"),
        *("networking", "node", "rbac.authorization", "resource", "scheduling", "storage", "storagemigration"),
    )
)
_NAMESPACE_NAME = "kubernetes.io/metadata.name"  # a label that the API server puts on every Namespace


@dataclass(frozen=True)
class Webhook:
    """One webhook that refuses what it looks at while its Service does not answer. `looks_at` are (group, plural);
    selectors are None when they take everything."""

    namespace: str
    service: str
    looks_at: frozenset[tuple[str, str]]
    namespaces: Mapping[str, Any] | None
    objects: Mapping[str, Any] | None


def api_service_of(resource: Resource) -> tuple[str, str] | None:
    """(group, version) that an APIService hands to a Service; None for those that the API server serves itself."""
    spec = mapping(read_manifest(resource.text).get("spec"))
    if not isinstance(spec.get("service"), dict):
        return None
    return (text_of(spec.get("group")), text_of(spec.get("version")))


def webhooks_of(resource: Resource) -> tuple[Webhook, ...]:
    """The webhooks of a configuration that name exactly what they look at."""
    return _webhooks(resource.text)


@lru_cache(maxsize=1024)
def _webhooks(text: bytes) -> tuple[Webhook, ...]:
    return tuple(_read(read_manifest(text)))


def _read(manifest: Mapping[str, Any]) -> Iterator[Webhook]:
    for entry in map(mapping, sequence(manifest.get("webhooks"))):
        service = mapping(at(entry, ("clientConfig", "service")))
        if text_of(entry.get("failurePolicy")) not in ("", "Fail") or not service or entry.get("matchConditions"):
            continue
        looked_at = frozenset(pair for rule in sequence(entry.get("rules")) for pair in _rule(mapping(rule)))
        if looked_at:
            yield Webhook(
                text_of(service.get("namespace")),
                text_of(service.get("name")),
                looked_at,
                mapping(entry.get("namespaceSelector")) or None,
                mapping(entry.get("objectSelector")) or None,
            )


def _rule(rule: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Only custom resources count. Kubernetes' own kinds are in every Application, so that a webhook that looks at
    some of them (or, by a wildcard, at everything) would come before everyone and say nothing."""
    operations = {text_of(operation) for operation in sequence(rule.get("operations"))}
    if operations & {"CREATE", "*"}:
        for group in map(text_of, sequence(rule.get("apiGroups"))):
            if "." in group and group not in _OWN_GROUPS:
                yield from ((group, text_of(resource)) for resource in sequence(rule.get("resources")))


class Served:
    """Tells of one snapshot what its webhooks look at."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self._plurals: dict[tuple[str, str], str] = {}
        for _, copies in owners_having(snapshot, defines):
            definition = definition_of(copies[0].resource)
            if definition is not None:
                self._plurals[definition.group, definition.kind] = definition.plural

    def looks_at(self, webhook: Webhook, cluster: str, resource: Resource, placed: ResourceId) -> bool:
        """Whether the webhook is asked when `resource` is created as `placed`."""
        plural = self._plurals.get((placed.group, placed.kind)) or _plural(placed.kind)
        if (placed.group, plural) not in webhook.looks_at:
            return False
        try:
            if webhook.objects is not None and not matches(webhook.objects, _labels(resource)):
                return False
            if webhook.namespaces is None or not placed.namespace:
                return True
            return matches(webhook.namespaces, self._namespace(cluster, placed.namespace))
        except CannotExpand:
            return False  # a selector that the API server refuses

    def _namespace(self, cluster: str, name: str) -> Mapping[str, str]:
        copies = self._snapshot.once(owners_of).get(OwnedId(cluster, ResourceId("", "Namespace", "", name)), ())
        labels = _labels(copies[0].resource) if copies else {}
        return {**labels, _NAMESPACE_NAME: name}


def _labels(resource: Resource) -> dict[str, str]:
    labels = mapping(at(read_manifest(resource.text), ("metadata", "labels")))
    return {key: text_of(value) for key, value in labels.items()}


def _plural(kind: str) -> str:
    """As the built-in kinds form it."""
    word = kind.lower()
    if word.endswith("y") and word[-2:-1] not in "aeiou":
        return f"{word[:-1]}ies"
    return f"{word}es" if word.endswith(("s", "x", "ch")) else f"{word}s"
