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
_MISSING_WORDS: Final = 2
_ALIKE: Final = 0.9


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
    """The known keys that were probably meant: those with a word or two more, else those that are spelt alike."""
    words = key.split(".")
    candidates = sorted(set(known) - {key})
    longer = [each for each in candidates if _within(words, each.split("."))]
    if longer:
        fewest = min(each.count(".") for each in longer)
        return tuple(each for each in longer if each.count(".") == fewest)
    return tuple(difflib.get_close_matches(key, candidates, 3, _ALIKE))


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
