"""Secrets and ConfigMaps that custom resources and annotations name: one row of `CONSUMERS` per kind.

Only fields whose meaning the kind's own API fixes are here. Sources, by group: prometheus-operator, Documentation/
api-reference (`SecretKeySelector`; `secrets` and `configMaps`, which pods mount), pkg/alertmanager/operator.go; KEDA,
apis/keda/v1alpha1/triggerauthentication_types.go; external-secrets `SecretStore` (selectors of a provider's
credentials); cert-manager `IssuerSpec` (an Issuer reads its own namespace, a
ClusterIssuer that of the controller); Traefik, pkg/provider/kubernetes/crd;
projectcontour `TLS`; Gateway API `GatewayTLSConfig`; CloudNativePG, api/v1/cluster_types.go; mongodb community
`MongoDBUser`; keycloak-operator `DatabaseSpec` and `HttpSpec`; grafana-operator `ValueFrom`; Argo Workflows
`Template`; Argo CD `SecretRef` of ApplicationSet generators; Flux `ValuesReference`; ECK `SecretSource`; velero;
ingress-nginx, annotations `auth-secret`, `auth-tls-secret`, `proxy-ssl-secret`; haproxy-ingress `auth-secret`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import Any

from gitops.facts.secrets.pods import POD_SPECS, Route, at, mapping, read_manifest
from gitops.facts.secrets.providers.provided import CONFIG_MAP, SECRET, Manifest
from gitops.facts.secrets.references import Effect, Use, references
from gitops.resources.manifests import text_of
from gitops.resources.resource import Resource

_OWN_OBJECTS = frozenset({"privateKeySecretRef", "masterKeyRef"})  # made by the controller that reads them
_SELECTOR = frozenset({"name", "key", "optional", "namespace", "type"})
_MAPS = frozenset({"configMap", "configMapRef", "configMapKeyRef"})


@dataclass(frozen=True, slots=True)
class Field:
    """A field that names an object. `route` has shell patterns for names and `*` for the elements of a list, and `**`
    for anything in between; `name` leads from there to the object's name (empty: the scalar itself), `key` to the
    key. With `selector`, only mappings that are a name and a key, and nothing else, count."""

    route: tuple[str, ...]
    name: Route = ()
    key: str = ""
    kind: str = SECRET
    effect: Effect = Effect.CONTROLLER
    selector: bool = False


def scalar(route: str, kind: str = SECRET, effect: Effect = Effect.CONTROLLER) -> Field:
    """A field that holds the object's name."""
    return Field(tuple(route.split(".")), kind=kind, effect=effect)


def named(route: str, name: str = "name", key: str = "", kind: str = SECRET) -> Field:
    """A mapping that holds the object's name, and perhaps a key of it."""
    return Field(tuple(route.split(".")), (name,), key, kind)


def selectors(route: str) -> Field:
    """Every mapping of `name` and `key` at or below a field."""
    return Field((*route.split("."), "**"), ("name",), "key", selector=True)


_MOUNTED = (
    scalar("spec.secrets.*", effect=Effect.STOPS),
    scalar("spec.configMaps.*", CONFIG_MAP, Effect.STOPS),
)
_MONITORING = (*_MOUNTED, selectors("spec"))
# Kinds that hold containers somewhere, in the namespace where these run.
_WORKFLOW = (
    selectors("spec"),
    named("spec.**.envFrom.*.secretRef"),
    named("spec.**.envFrom.*.configMapRef"),
    named("spec.**.volumes.*.secret", "secretName"),
    named("spec.**.volumes.*.configMap"),
    named("spec.**.imagePullSecrets.*"),
)
_DATABASE = (
    named("spec.bootstrap.initdb.secret"),
    named("spec.superuserSecret"),
    named("spec.managed.roles.*.passwordSecret"),
    selectors("spec.backup"),
    selectors("spec.externalClusters"),
)

_ISSUER = (
    scalar("spec.ca.secretName"),
    selectors("spec.acme"),
    selectors("spec.vault"),
    selectors("spec.venafi"),
    named("spec.venafi.tpp.credentialsRef"),
)
_TRIGGER = (
    named("spec.secretTargetRef.*", key="key"),
    named("spec.configMapTargetRef.*", key="key", kind=CONFIG_MAP),
)

CONSUMERS: Mapping[tuple[str, str], tuple[Field, ...]] = {
    ("monitoring.coreos.com", "Alertmanager"): (
        *_MONITORING,
        scalar("spec.configSecret", effect=Effect.DEFAULTS),  # `loadConfigurationFromSecret`
    ),
    ("monitoring.coreos.com", "Prometheus"): _MONITORING,
    ("monitoring.coreos.com", "PrometheusAgent"): _MONITORING,
    ("monitoring.coreos.com", "ThanosRuler"): (selectors("spec"),),
    ("monitoring.coreos.com", "ServiceMonitor"): (selectors("spec"),),
    ("monitoring.coreos.com", "PodMonitor"): (selectors("spec"),),
    ("monitoring.coreos.com", "Probe"): (selectors("spec"),),
    ("monitoring.coreos.com", "ScrapeConfig"): (selectors("spec"),),
    ("monitoring.coreos.com", "AlertmanagerConfig"): (selectors("spec.receivers"),),
    ("keda.sh", "TriggerAuthentication"): _TRIGGER,
    ("keda.sh", "ClusterTriggerAuthentication"): _TRIGGER,
    ("external-secrets.io", "SecretStore"): (selectors("spec.provider"),),
    ("external-secrets.io", "ClusterSecretStore"): (selectors("spec.provider"),),
    ("external-secrets.io", "PushSecret"): (named("spec.selector.secret"),),
    ("cert-manager.io", "Issuer"): _ISSUER,
    ("cert-manager.io", "ClusterIssuer"): _ISSUER,
    ("gateway.networking.k8s.io", "Gateway"): (
        Field(("spec", "listeners", "*", "tls", "certificateRefs", "*"), ("name",), effect=Effect.TLS),
    ),
    ("traefik.io", "IngressRoute"): (scalar("spec.tls.secretName", effect=Effect.TLS),),
    ("traefik.io", "IngressRouteTCP"): (scalar("spec.tls.secretName", effect=Effect.TLS),),
    ("traefik.io", "TLSStore"): (scalar("spec.defaultCertificate.secretName", effect=Effect.TLS),),
    ("traefik.io", "TLSOption"): (scalar("spec.clientAuth.secretNames.*"),),
    ("traefik.io", "Middleware"): (
        scalar("spec.basicAuth.secret"),
        scalar("spec.digestAuth.secret"),
        scalar("spec.forwardAuth.tls.caSecret"),
        scalar("spec.forwardAuth.tls.certSecret"),
    ),
    ("projectcontour.io", "HTTPProxy"): (scalar("spec.virtualhost.tls.secretName", effect=Effect.TLS),),
    ("postgresql.cnpg.io", "Cluster"): _DATABASE,
    ("barmancloud.cnpg.io", "ObjectStore"): (selectors("spec.configuration"),),
    ("mongodbcommunity.mongodb.com", "MongoDBCommunity"): (named("spec.users.*.passwordSecretRef"),),
    ("k8s.keycloak.org", "Keycloak"): (
        named("spec.db.usernameSecret", key="key"),
        named("spec.db.passwordSecret", key="key"),
        scalar("spec.http.tlsSecret"),
    ),
    ("grafana.integreatly.org", "GrafanaDatasource"): (selectors("spec.valuesFrom"),),
    ("grafana.integreatly.org", "GrafanaContactPoint"): (selectors("spec.valuesFrom"),),
    ("argoproj.io", "Workflow"): _WORKFLOW,
    ("argoproj.io", "CronWorkflow"): _WORKFLOW,
    ("argoproj.io", "WorkflowTemplate"): _WORKFLOW,
    ("argoproj.io", "EventSource"): (selectors("spec"),),
    ("argoproj.io", "Sensor"): (selectors("spec"),),
    ("tekton.dev", "Task"): _WORKFLOW,
    ("tekton.dev", "Pipeline"): _WORKFLOW,
    ("tekton.dev", "TaskRun"): _WORKFLOW,
    ("tekton.dev", "PipelineRun"): _WORKFLOW,
    ("jobset.x-k8s.io", "JobSet"): _WORKFLOW,
    ("operator.victoriametrics.com", "VMAgent"): (*_MOUNTED, selectors("spec")),
    ("operator.victoriametrics.com", "VMAlertmanager"): (*_MOUNTED, selectors("spec"), scalar("spec.configSecret")),
    ("operator.victoriametrics.com", "VMServiceScrape"): (selectors("spec"),),
    ("actions.github.com", "AutoscalingRunnerSet"): (scalar("spec.githubConfigSecret"),),
    ("argoproj.io", "AnalysisTemplate"): (named("spec.args.*.valueFrom.secretKeyRef", key="key"),),
    ("argoproj.io", "ApplicationSet"): (named("spec.generators.**.tokenRef", "secretName", "key"),),
    ("helm.toolkit.fluxcd.io", "HelmRelease"): (named("spec.valuesFrom.*", key="valuesKey"),),
    ("opentelemetry.io", "OpenTelemetryCollector"): (selectors("spec.env"),),
    ("elasticsearch.k8s.elastic.co", "Elasticsearch"): (named("spec.secureSettings.*", "secretName"),),
    ("velero.io", "BackupStorageLocation"): (named("spec.credential", key="key"),),
    ("velero.io", "VolumeSnapshotLocation"): (named("spec.credential", key="key"),),
}

# Cluster-scoped kinds whose controllers read in the namespace that they run in themselves, and where that usually is.
_OWN_NAMESPACES: Mapping[str, str] = {"ClusterIssuer": "cert-manager", "ClusterTriggerAuthentication": "keda"}

# Annotations of an Ingress: `name` or `namespace/name`.
_INGRESS = (
    "nginx.ingress.kubernetes.io/auth-secret",
    "nginx.ingress.kubernetes.io/auth-tls-secret",
    "nginx.ingress.kubernetes.io/proxy-ssl-secret",
    "haproxy-ingress.github.io/auth-secret",
    "haproxy-ingress.github.io/auth-tls-secret",
    "ingress.kubernetes.io/auth-secret",
    "ingress.kubernetes.io/auth-tls-secret",
)


def uses_of(resource: Resource) -> tuple[Use, ...]:
    """The references of a rendered resource: those of pods and their like, then those of custom resources."""
    own = (resource.id.group, resource.id.kind)
    if own not in POD_SPECS and own not in CONSUMERS and own[1] not in ("Ingress", "ServiceAccount"):
        return ()
    return _read(*own, resource.text)


@lru_cache(maxsize=8192)
def _read(group: str, kind: str, text: bytes) -> tuple[Use, ...]:
    manifest = read_manifest(text)
    found = (*references(group, kind, manifest), *consumed(group, kind, manifest))
    return tuple(use for use in found if use.name and not use.optional and use.resolved)


def consumed(group: str, kind: str, manifest: Manifest) -> Iterator[Use]:
    """The references of a custom resource, or in the annotations of an Ingress; nothing for a kind without a row."""
    if kind == "Ingress":
        yield from _annotated(manifest)
    for field in CONSUMERS.get((group, kind), ()):
        for route, value in _found(manifest, field.route, ()):
            use = _use(field, route, value)
            if use is not None and kind in _OWN_NAMESPACES:
                yield replace(use, namespace=_OWN_NAMESPACES[kind], assumed=True)
            # A ClusterSecretStore's selector without a namespace means that of each ExternalSecret.
            elif use is not None and (use.namespace or kind != "ClusterSecretStore"):
                yield use


def _annotated(manifest: Manifest) -> Iterator[Use]:
    annotations = mapping(at(manifest, ("metadata", "annotations")))
    for name in _INGRESS:
        namespace, _, secret = text_of(annotations.get(name)).rpartition("/")
        if secret and ":" not in namespace:  # `file://` is a file of the controller
            route = ("metadata", "annotations", name)
            yield Use(SECRET, secret, None, route, f"`{name}`", effect=Effect.CONTROLLER, namespace=namespace)


def _use(field: Field, route: Route, value: Any) -> Use | None:
    holder = f"`{_shown(route)}`"
    if not field.name:
        namespace, _, name = text_of(value).rpartition("/")
        return Use(field.kind, name, None, route, holder, effect=field.effect, namespace=namespace)
    block = mapping(value)
    key = text_of(block.get(field.key)) if field.key else ""
    if field.selector and (not key or not set(block) <= _SELECTOR or route[-1] in _OWN_OBJECTS):
        return None
    name = text_of(block.get(str(field.name[0])))
    kind = text_of(block.get("kind")) or text_of(block.get("type")) or field.kind
    if route[-1] in _MAPS:
        kind = CONFIG_MAP
    if not name or kind not in (SECRET, CONFIG_MAP):
        return None
    return Use(
        kind,
        name,
        key or None,
        (*route, field.key if key else field.name[0]),
        holder,
        optional=block.get("optional") is True,
        effect=field.effect,
        namespace=text_of(block.get("namespace")),
    )


def _shown(route: Route) -> str:
    """The field as people name it: the last name that says something."""
    names = [step for step in route if isinstance(step, str)]
    return ".".join(names[-2:]) if len(names) > 1 and names[-2] != "spec" else names[-1]


def _found(value: Any, pattern: tuple[str, ...], route: Route) -> Iterator[tuple[Route, Any]]:
    if not pattern:
        yield route, value
        return
    step, rest = pattern[0], pattern[1:]
    if step == "**":
        yield from _found(value, rest, route)
        for name, inner in _inside(value):
            yield from _found(inner, pattern, (*route, name))
        return
    for name, inner in _inside(value):
        if step == "*" if isinstance(name, int) else step != "*" and fnmatchcase(name, step):
            yield from _found(inner, rest, (*route, name))


def _inside(value: Any) -> Iterator[tuple[str | int, Any]]:
    if isinstance(value, dict):
        yield from ((str(key), inner) for key, inner in value.items())
    elif isinstance(value, list):
        yield from enumerate(value)
