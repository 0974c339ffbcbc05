"""Keys of argocd-cmd-params-cm wherever they are written, and which workloads hand them to a process.

Sources: argo-cd docs/operator-manual/argocd-cmd-params-cm.yaml and manifests/base (how keys reach the processes);
argo-helm charts/argo-cd/templates/argocd-configs/argocd-cmd-params-cm.yaml (`configs.params` becomes its data).
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from gitops.facts.secrets.pods import POD_SPECS, at, mapping, sequence
from gitops.installation.arguments import is_filled_in
from gitops.installation.model import PARAMS, Installation, Process
from gitops.resources.manifests import text_of

ALL: Final = "*"
# The workloads of upstream's manifests, by the program that they start.
COMPONENT_OF: Final[Mapping[str, str]] = {
    "argocd-server": "argocd-server",
    "argocd-repo-server": "argocd-repo-server",
    "argocd-application-controller": "argocd-application-controller",
    "argocd-applicationset-controller": "argocd-applicationset-controller",
    "argocd-notifications-controller": "argocd-notifications",
    "argocd-dex-server": "argocd-dex",
    "argocd-commit-server": "argocd-commit-server",
}
_CM: Final = "argocd-cm"
# What Argo CD reads from its other ConfigMaps. Keys with names in them are told by how they begin.
_HOMES: Final[Mapping[str, tuple[str, ...]]] = {
    _CM: (
        *("admin.enabled", "additionalUrls", "application.allowedNodeLabels", "application.instanceLabelKey"),
        *("application.links", "application.resourceTrackingMethod", "application.sync.impersonation.enabled"),
        *("cluster.inClusterEnabled", "dex.config", "exec.enabled", "exec.shells", "extension.config"),
        *("ga.anonymizeusers", "ga.trackingid", "globalProjects", "helm.valuesFileSchemes", "help.chatText"),
        *("help.chatUrl", "installationID", "kustomize.buildOptions", "oidc.config", "passwordPattern"),
        *("oidc.tls.insecure.skip.verify", "project.links", "resource.compareoptions", "resource.customLabels"),
        *("resource.customizations", "resource.exclusions", "resource.ignoreResourceUpdatesEnabled"),
        *("resource.inclusions", "resource.links", "resource.respectRBAC", "server.maxPodLogsToRender"),
        *("resource.sensitive.mask.annotations", "server.rbac.log.enforce.enable", "statusbadge.enabled"),
        *("statusbadge.url", "timeout.hard.reconciliation", "timeout.reconciliation"),
        *("timeout.reconciliation.jitter", "ui.bannercontent", "ui.bannerpermanent", "ui.bannerposition"),
        *("ui.bannerurl", "ui.cssurl", "url", "users.anonymous.enabled", "users.session.duration"),
        *("webhook.maxPayloadSizeMB",),
    ),
    "argocd-rbac-cm": ("policy.csv", "policy.default", "policy.matchMode", "scopes"),
}
_FAMILIES: Final = (
    "accounts.",
    "help.download.",
    "kustomize.path.",
    "kustomize.version.",
    "resource.customizations.",
)
_MISSING_WORDS: Final = 2
_ALIKE: Final = 0.9
_WORDS_ALIKE: Final = 0.6


@dataclass(frozen=True, slots=True)
class Wires:
    """Which keys reach containers: as single variables, or all of them (`ALL`)."""

    keys: frozenset[str]

    def __contains__(self, key: str) -> bool:
        return key in self.keys or ALL in self.keys


def wires_of(installation: Installation) -> Wires:
    """The keys of the ConfigMap that any container of the namespace is handed."""
    found: set[str] = set()
    for member in installation.members:
        route = POD_SPECS.get((member.id.group, member.id.kind))
        spec = mapping(at(member.manifest, route)) if route is not None else {}
        for field in ("initContainers", "containers"):
            for container in sequence(spec.get(field)):
                found.update(_of_container(mapping(container)))
        for volume in sequence(spec.get("volumes")):
            found.update(_of_volume(mapping(volume)))
            for source in sequence(mapping(mapping(volume).get("projected")).get("sources")):
                found.update(_of_volume(mapping(source)))
    return Wires(frozenset(found))


def _of_container(container: Mapping[str, Any]) -> Iterator[str]:
    for entry in sequence(container.get("env")):
        reference = mapping(mapping(mapping(entry).get("valueFrom")).get("configMapKeyRef"))
        if text_of(reference.get("name")) == PARAMS:
            yield text_of(reference.get("key"))
    for entry in sequence(container.get("envFrom")):
        if text_of(mapping(mapping(entry).get("configMapRef")).get("name")) == PARAMS:
            yield ALL


def _of_volume(volume: Mapping[str, Any]) -> Iterator[str]:
    config_map = mapping(volume.get("configMap"))
    if text_of(config_map.get("name")) == PARAMS:
        items = sequence(config_map.get("items"))
        yield from (text_of(mapping(item).get("key")) for item in items) if items else (ALL,)


def near(key: str, known: Iterable[str]) -> tuple[str, ...]:
    """The known keys that were probably meant: those with a word or two more, else the one without the first word
    (which names a program, where a key is for all of them), else those that are spelt alike."""
    words = key.split(".")
    candidates = sorted(set(known) - {key})
    longer = [each for each in candidates if _within(words, each.split("."))]
    if longer:
        fewest = min(each.count(".") for each in longer)
        return tuple(each for each in longer if each.count(".") == fewest)
    common = ".".join(words[1:])
    if common.count(".") and common in candidates:
        return (common,)
    return tuple(one for one in difflib.get_close_matches(key, candidates, 3, _ALIKE) if _is_misspelt(key, one))


def _is_misspelt(key: str, known: str) -> bool:
    """Whether each word is spelt alike: with another word in its place, such as another program's name, it is another
    setting."""
    words, others = key.split("."), known.split(".")
    pairs = zip(words, others, strict=False)
    return len(words) != len(others) or all(
        difflib.SequenceMatcher(None, *pair).ratio() >= _WORDS_ALIKE for pair in pairs
    )


def home_of(key: str) -> tuple[str, str] | None:
    """(ConfigMap, key) that Argo CD reads, where a key that was written into another one belongs; the key as it is
    spelt there. Sources: docs/operator-manual/argocd-cm.yaml and argocd-rbac-cm.yaml."""
    for name, keys in _HOMES.items():
        if key in keys or (name == _CM and key.startswith(_FAMILIES)):
            return name, key
    alike = difflib.get_close_matches(key, _HOMES[_CM], 1, _ALIKE)
    return (_CM, alike[0]) if alike else None


def _within(words: list[str], longer: list[str]) -> bool:
    """Whether a key has these words in their order, and one or two more behind the first."""
    if not 0 < len(longer) - len(words) <= _MISSING_WORDS or len(words) < 3 or words[0] != longer[0]:
        return False
    left = iter(longer)
    return all(word in left for word in words)


def unread_variables(process: Process, known: frozenset[str]) -> Iterator[str]:
    """The variables of Argo CD's kind that a process is given by value and does not read.

    What Kubernetes or a script puts in their place (`$(NAME)`) is read by these, and plugins get `ARGOCD_ENV_...`.
    """
    told = [*_texts(process.manifest.get("command")), *_texts(process.manifest.get("args"))]
    told += [one.value for one in process.variables.values() if one.value]
    said = "\n".join(text for text in told if "$" in text)
    for name, one in process.variables.items():
        if not name.startswith("ARGOCD_") or name.startswith("ARGOCD_ENV_") or name == "ARGOCD_BINARY_NAME":
            continue
        if name in known or one.value is None or f"$({name})" in said or is_filled_in(name):
            continue
        if f"${name}" not in said and f"${{{name}" not in said:
            yield name


def _texts(value: Any) -> list[str]:
    return [text_of(item) for item in sequence(value)]
