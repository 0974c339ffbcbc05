"""Every place of a manifest that needs a Secret or a ConfigMap.

Sources: Kubernetes API reference (`EnvVarSource`, `EnvFromSource`, `SecretVolumeSource`, `ConfigMapVolumeSource`,
`ProjectedVolumeSource`, `LocalObjectReference`, `IngressTLS`, `ServiceAccount`), and for what happens without the
object the kubelet: a missing Secret or key of a container is CreateContainerConfigError, of a volume FailedMount,
while a missing pull secret is passed over (kubernetes.io, "Pull an Image from a Private Registry").
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from gitops.facts.secrets.pods import POD_SPECS, Route, at, mapping, sequence
from gitops.facts.secrets.providers.provided import CONFIG_MAP, SECRET
from gitops.resources.manifests import text_of

_NAME = re.compile(r"[a-z0-9]([-a-z0-9.]*[a-z0-9])?")
_SUBSTITUTION = re.compile(r"\$\{|\$\(|\{\{|\}\}|<[^<>]*>|ENC\[|<path:")
_CONTAINERS = {
    "initContainers": "init container",
    "containers": "container",
    "ephemeralContainers": "ephemeral container",
}
# Volumes that take their credentials from a Secret: (volume field, route to the Secret's name).
_VOLUME_SECRETS: Mapping[str, Route] = {
    "azureFile": ("secretName",),
    "cephfs": ("secretRef", "name"),
    "csi": ("nodePublishSecretRef", "name"),
    "flexVolume": ("secretRef", "name"),
    "iscsi": ("secretRef", "name"),
    "rbd": ("secretRef", "name"),
    "scaleIO": ("secretRef", "name"),
    "storageos": ("secretRef", "name"),
}


class Effect(StrEnum):
    """What happens when the object is not there."""

    STOPS = "stops"  # the container or the pod does not start
    TLS = "tls"  # traffic is served with another certificate
    PULL = "pull"  # images are pulled without these credentials
    NONE = "none"  # nothing by itself
    DEFAULTS = "defaults"  # the controller goes on with a configuration of its own
    CONTROLLER = "controller"  # the controller of a custom resource cannot do what it is asked for


@dataclass(frozen=True, slots=True)
class Use:
    """One reference. `key` is None when the whole object is meant; `route` leads to the scalar that names the key
    (else the object); `holder` says who needs it (``init container `db-migrate` ``), `container` is its name, ''
    when it is no container's; `prefix` is envFrom's; `namespace` is '' for the manifest's own, and
    `assumed` where git does not say it: the usual namespace of the controller that reads the object."""

    kind: str
    name: str
    key: str | None
    route: Route
    holder: str
    container: str = ""
    optional: bool = False
    prefix: str = ""
    effect: Effect = Effect.STOPS
    namespace: str = ""
    assumed: bool = False

    @property
    def field(self) -> str:
        """The route as people write it: `spec.containers[0].env[2].valueFrom.secretKeyRef.key`."""
        text = ""
        for step in self.route:
            text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
        return text

    @property
    def resolved(self) -> bool:
        """Whether name and key are final: no placeholder that something fills in later."""
        return bool(_NAME.fullmatch(self.name)) and not (self.key is not None and is_placeholder(self.key))


def is_placeholder(text: str) -> bool:
    """Whether something substitutes (a part of) this text after rendering: `${VAR}`, `{{ x }}`, `<placeholder>`."""
    return bool(_SUBSTITUTION.search(text))


def references(group: str, kind: str, manifest: Mapping[str, Any]) -> Iterator[Use]:
    """Every reference of a manifest, the optional ones too."""
    route = POD_SPECS.get((group, kind))
    if route is not None:
        yield from _pod(mapping(at(manifest, route)), route)
    elif kind == "Ingress" and group in ("networking.k8s.io", "extensions"):
        for index, entry in enumerate(sequence(at(manifest, ("spec", "tls")))):
            yield _whole(SECRET, entry, ("spec", "tls", index), ("secretName",), "`tls`", effect=Effect.TLS)
    elif (group, kind) == ("", "ServiceAccount"):
        for index, entry in enumerate(sequence(manifest.get("secrets"))):
            yield _whole(SECRET, entry, ("secrets", index), ("name",), "`secrets`", effect=Effect.NONE)
        yield from _pull_secrets(manifest, ())


def _pod(spec: Mapping[str, Any], route: Route) -> Iterator[Use]:
    for field, role in _CONTAINERS.items():
        for index, container in enumerate(sequence(spec.get(field))):
            yield from _container(mapping(container), (*route, field, index), role)
    for index, volume in enumerate(sequence(spec.get("volumes"))):
        yield from _volume(mapping(volume), (*route, "volumes", index))
    yield from _pull_secrets(spec, route)


def _container(container: Mapping[str, Any], route: Route, role: str) -> Iterator[Use]:
    name = text_of(container.get("name"))
    holder = f"{role} `{name}`"
    for index, variable in enumerate(sequence(container.get("env"))):
        for field, kind in (("secretKeyRef", SECRET), ("configMapKeyRef", CONFIG_MAP)):
            selector = at(variable, ("valueFrom", field))
            if isinstance(selector, dict):
                here = (*route, "env", index, "valueFrom", field)
                yield _key(kind, text_of(selector.get("name")), selector, here, holder, name, _optional(selector))
    for index, source in enumerate(sequence(container.get("envFrom"))):
        for field, kind in (("secretRef", SECRET), ("configMapRef", CONFIG_MAP)):
            reference = at(source, (field,))
            if isinstance(reference, dict):
                here = (*route, "envFrom", index, field, "name")
                prefix = text_of(mapping(source).get("prefix"))
                named = text_of(reference.get("name"))
                yield Use(kind, named, None, here, holder, name, _optional(reference), prefix)


def _volume(volume: Mapping[str, Any], route: Route) -> Iterator[Use]:
    holder = f"volume `{text_of(volume.get('name'))}`"
    yield from _files(volume, route, holder, "secretName")
    for index, source in enumerate(sequence(at(volume, ("projected", "sources")))):
        yield from _files(mapping(source), (*route, "projected", "sources", index), holder, "name")
    for field, inner in _VOLUME_SECRETS.items():
        if at(volume, (field, *inner)) is not None:
            yield _whole(SECRET, volume, route, (field, *inner), holder)


def _files(source: Mapping[str, Any], route: Route, holder: str, secret_name: str) -> Iterator[Use]:
    """A `secret` or `configMap` volume, or one such source of a projected volume."""
    for field, kind, named in (("secret", SECRET, secret_name), ("configMap", CONFIG_MAP, "name")):
        block = source.get(field)
        if not isinstance(block, dict):
            continue
        name, optional = text_of(block.get(named)), _optional(block)
        items = sequence(block.get("items"))
        for index, item in enumerate(items):
            yield _key(kind, name, mapping(item), (*route, field, "items", index), holder, "", optional)
        if not items:
            yield Use(kind, name, None, (*route, field, named), holder, "", optional)


def _pull_secrets(holder: Mapping[str, Any], route: Route) -> Iterator[Use]:
    for index, entry in enumerate(sequence(holder.get("imagePullSecrets"))):
        here = (*route, "imagePullSecrets", index)
        yield _whole(SECRET, entry, here, ("name",), "`imagePullSecrets`", effect=Effect.PULL)


def _key(
    kind: str, name: str, selector: Mapping[str, Any], route: Route, holder: str, container: str, optional: bool
) -> Use:
    key = text_of(selector.get("key"))
    return Use(kind, name, key or None, (*route, "key" if key else "name"), holder, container, optional)


def _whole(kind: str, entry: Any, route: Route, inner: Route, holder: str, *, effect: Effect = Effect.STOPS) -> Use:
    return Use(kind, text_of(at(entry, inner)), None, (*route, *inner), holder, effect=effect)


def _optional(block: Mapping[str, Any]) -> bool:
    return block.get("optional") is True
