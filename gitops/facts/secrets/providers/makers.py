"""Manifests that may make an object which no row of `PROVIDERS` tells of, because they name it.

A Job with `--secret-name=x`, a controller whose environment names the Secret that it keeps, a script that says
`kubectl create secret`, a Role that permits to write just this object, a custom resource that names it or whose name
is a part of the wanted one. All of this is a reason to doubt, none a proof.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from gitops.facts.secrets.consumers import uses_of
from gitops.facts.secrets.pods import POD_SPECS, at, mapping, read_manifest, sequence
from gitops.facts.secrets.providers.provided import CONFIG_MAP, SECRET
from gitops.facts.secrets.providers.registry import PROVIDERS
from gitops.resources.manifests import text_of
from gitops.resources.resource import Resource

# Groups whose custom resources only ever read the Secrets that they name, but for the kinds below.
_READERS = frozenset(
    {
        "argoproj.io",
        "monitoring.coreos.com",
        "traefik.io",
        "traefik.containo.us",
        "keda.sh",
        "projectcontour.io",
        "notification.toolkit.fluxcd.io",
        "external-secrets.io",
        "cert-manager.io",
        "kyverno.io",
        "networking.istio.io",
        "security.istio.io",
        "telemetry.istio.io",
        "cilium.io",
        "crd.projectcalico.org",
        "projectcalico.org",
        "metallb.io",
        "karpenter.sh",
        "constraints.gatekeeper.sh",
        "templates.gatekeeper.sh",
        "velero.io",
        "source.toolkit.fluxcd.io",
        "image.toolkit.fluxcd.io",
    }
)
# argocd-operator (`NAME-cluster`, `NAME-tls`), service-catalog (`secretName`).
_MAKERS = frozenset({("argoproj.io", "ArgoCD"), ("servicecatalog.k8s.io", "ServiceBinding")})

_MAKES_ONE = re.compile(r"(?i)kubectl|\boc\b|create|apply|patch|curl|generate|replace")
_COMMANDS = re.compile(rb"kubectl|\boc\b|curl|create_namespaced")
_ABOUT: Mapping[bool, re.Pattern[str]] = {
    True: re.compile(r"(?i)secret|cert|tls|credential|passw|token|key|auth"),
    False: re.compile(r"(?i)config"),
}
_CERTIFICATE = re.compile(
    rb"^    (?:cert-manager\.io/(?:cluster-)?issuer|kubernetes\.io/tls-acme: *[\"']?true|cert\.gardener\.cloud/)",
    re.MULTILINE,
)
# keda (config/manager/manager.yaml), gatekeeper and others with open-policy-agent/cert-controller: the program makes
# the Secret under a name that stands in its code.
_ROTATES = re.compile(rb"-cert-rotation\b(?!=false)")
_TLS = re.compile(r"(?i)cert|tls")
_WRITES = frozenset({"create", "update", "patch", "*"})


def is_word(name: str, text: str) -> bool:
    """Whether `name` stands in a text by itself, not as a part of a longer name."""
    return name in text and _word(name).search(text) is not None


@lru_cache(maxsize=4096)
def _word(name: str) -> re.Pattern[str]:
    return re.compile(r"(?<![-.\w])" + re.escape(name) + r"(?![-\w]|\.\w)")


def is_part(own: str, wanted: str) -> bool:
    """Whether a custom resource's name is a part of the wanted one: `orders` of `orders-pguser-orders`."""
    return own in wanted and re.search(rf"(?<![a-z0-9]){re.escape(own)}(?![a-z0-9])", wanted) is not None


def may_make(resource: Resource, namespace: str, kind: str, wanted: tuple[str, str]) -> str:
    """How a manifest in `namespace` ('' for a cluster-scoped one) may make the object `wanted` (namespace, name): a
    clause with the manifest as its subject left out, '' when nothing says so."""
    place, name = wanted
    rid = resource.id
    exact = name.encode() in resource.text
    if is_operated(resource):
        # Without its definition in git, a kind that says so is taken for one of the whole cluster.
        wide = not namespace or (rid.kind.startswith("Cluster") and not rid.namespace)
        if exact and not _reads(resource, name):
            text = resource.text.decode("utf-8", "replace")
            if (namespace == place or wide or is_word(place, text)) and is_word(name, text):
                return "names it"
        lends = (namespace == place or wide) and bool(rid.name) and is_part(rid.name, name)
        return "has its name in it" if lends else ""
    if namespace == place and kind == SECRET and _rotates(resource) and _TLS.search(name):
        return "keeps certificates of its own"
    if not exact or not (namespace == place or place.encode() in resource.text):
        return ""
    if namespace == place and _certified(resource) and is_word(name, resource.text.decode("utf-8", "replace")):
        return "asks for a certificate, names it"
    if rid.kind in ("Role", "ClusterRole") and rid.group == "rbac.authorization.k8s.io":
        permits = namespace in (place, "") and _permits(read_manifest(resource.text), kind, name)
        return "permits to write it" if permits else ""
    if rid.kind == SECRET:
        return ""
    if (rid.group, rid.kind) in POD_SPECS and namespace == place:
        spec = mapping(at(read_manifest(resource.text), POD_SPECS[rid.group, rid.kind]))
        if any(_about(context, kind) and is_word(name, value) for context, value in _settings(spec)):
            return "names it"
    if rid.kind == CONFIG_MAP and namespace == place:
        data = mapping(read_manifest(resource.text).get("data"))
        if any(_about(key, kind) and text_of(value).strip() == name for key, value in data.items()):
            return "names it"
    scripts = (text for text in _texts(read_manifest(resource.text)) if any(char.isspace() for char in text))
    for text in scripts:
        said = is_word(name, text) and _about(text, kind) and _MAKES_ONE.search(text) is not None
        if said and (namespace == place or is_word(place, text)):
            return "names it in a script"
    return ""


def reaches_far(resource: Resource) -> bool:
    """Whether a manifest may make objects in other namespaces than its own."""
    return resource.id.kind == "ClusterRole" or is_operated(resource) or _COMMANDS.search(resource.text) is not None


def is_operated(resource: Resource) -> bool:
    """Whether it is a custom resource about whose controller no row tells."""
    rid = resource.id
    own = (rid.group, rid.kind)
    if "." not in rid.group or own in PROVIDERS or own in POD_SPECS:
        return False
    return own in _MAKERS or not (rid.group.endswith(".k8s.io") or rid.group in _READERS)


def _rotates(resource: Resource) -> bool:
    """Whether its program is told to renew certificates, which it then makes."""
    return (resource.id.group, resource.id.kind) in POD_SPECS and _ROTATES.search(resource.text) is not None


def _certified(resource: Resource) -> bool:
    """Whether it carries annotations by which people ask for certificates, of whichever controller."""
    return _CERTIFICATE.search(resource.text) is not None


def _reads(resource: Resource, name: str) -> bool:
    return any(use.name == name for use in uses_of(resource))


def _about(context: str, kind: str) -> bool:
    return _ABOUT[kind == SECRET].search(context) is not None


def _settings(spec: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Arguments and environment of a pod's containers, each value with the words that tell what it is for."""
    for field in ("initContainers", "containers"):
        for container in sequence(spec.get(field)):
            words = [text_of(word) for part in ("command", "args") for word in sequence(mapping(container).get(part))]
            for before, word in zip(["", *words], words, strict=False):
                flag, sign, value = word.partition("=")
                if sign and flag.startswith("-"):
                    yield flag, value
                else:
                    yield (before if before.startswith("-") else " ".join(words)), word
            for variable in sequence(mapping(container).get("env")):
                yield text_of(mapping(variable).get("name")), text_of(mapping(variable).get("value"))


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for inner in value.values():
            yield from _texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)
    elif isinstance(value, str):
        yield value


def _permits(manifest: Mapping[str, Any], kind: str, name: str) -> bool:
    resources = {"secrets", "*"} if kind == SECRET else {"configmaps", "*"}
    for rule in sequence(manifest.get("rules")):
        block = mapping(rule)
        listed = [set(map(text_of, sequence(block.get(field)))) for field in ("resources", "verbs", "resourceNames")]
        if listed[0] & resources and listed[1] & _WRITES and name in listed[2]:
            return True
    return False
