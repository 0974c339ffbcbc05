"""The hooks of Applications with the scripts that they run.

Source: argo-cd gitops-engine pkg/sync/hook (annotations) and pkg/sync/hook/helm (Helm's names for the phases).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from gitops.discovery.snapshot import Owned, Snapshot
from gitops.facts.secrets.pods import POD_SPECS, at, mapping, sequence
from gitops.installation.routes.model import mappings
from gitops.resources.manifests import text_of
from gitops.resources.resource import Resource

_SAID: Final = ("command", "args")
_PYTHON: Final = re.compile(r"(?:^|/)python[\d.]*$")
_SCRIPT: Final = re.compile(r"-[a-z]*c")  # what follows is a script, and no further word of the command
_HELM: Final = {
    "pre-install": "PreSync",
    "pre-upgrade": "PreSync",
    "post-install": "PostSync",
    "post-upgrade": "PostSync",
    "post-delete": "PostDelete",
    "pre-delete": "PreDelete",
}


@dataclass(frozen=True, eq=False, slots=True)
class Hook:
    """`script` is all that its containers are told to run, `values` what their environment says. With ConfigMaps of
    the same Application that it mounts, their texts are part of the script. `programs` are its parts, each with
    whether it is Python, `variables` what git tells of the environment that all containers share."""

    owned: Owned
    phase: str
    script: str
    values: tuple[str, ...]
    programs: tuple[tuple[str, bool], ...]
    variables: Mapping[str, str]


def hooks_of(snapshot: Snapshot) -> Iterator[Hook]:
    """Every hook that runs pods, once for each of its phases."""
    for copy in snapshot.copies(having=_runs_as_hook):
        rid = copy.resource.id
        manifest = copy.resource.manifest()
        spec = mapping(at(manifest, POD_SPECS[rid.group, rid.kind]))
        containers = [*mappings(spec.get("initContainers")), *mappings(spec.get("containers"))]
        commands = [[text_of(one) for key in _SAID for one in sequence(each.get(key))] for each in containers]
        words = [word for each in commands for word in each]
        values = tuple(text_of(one.get("value")) for each in containers for one in mappings(each.get("env")))
        mounted = {text_of(mapping(one.get("configMap")).get("name")) for one in mappings(spec.get("volumes"))} - {""}
        # Words of one command stand in one line, as a shell would write them.
        texts = list(_texts(snapshot, copy, mounted))
        script = "\n".join((" ".join(words), *words, *(text for _, text in texts)))
        programs = [(one, key.endswith(".py")) for key, one in texts]
        programs += [(one, _is_python(each, at)) for each in commands for at, one in enumerate(each)]
        programs += [(" ".join(each), False) for each in commands if not any(map(_SCRIPT.fullmatch, each))]
        variables = _variables(containers, rid.namespace)
        for phase in _phases(manifest):
            yield Hook(copy, phase, script, tuple(filter(None, values)), tuple(programs), variables)


def _is_python(command: Sequence[str], at: int) -> bool:
    """Whether this word is what an interpreter of Python is told to run."""
    return at > 0 and command[at - 1] == "-c" and any(_PYTHON.search(word) for word in command[: at - 1])


def _variables(containers: Iterable[Mapping[str, object]], namespace: str) -> Mapping[str, str]:
    """Those that are the same wherever they are set; what names others is left out."""
    told: dict[str, set[str]] = {}
    for one in (each for container in containers for each in mappings(container.get("env"))):
        field = mapping(mapping(one.get("valueFrom")).get("fieldRef")).get("fieldPath")
        value = namespace if field == "metadata.namespace" else text_of(one.get("value"))
        told.setdefault(text_of(one.get("name")), set()).add("" if "$(" in value else value)
    return {name: value for name, values in told.items() if len(values) == 1 and (value := next(iter(values)))}


def _runs_as_hook(resource: Resource) -> bool:
    return resource.hook and (resource.id.group, resource.id.kind) in POD_SPECS


def _texts(snapshot: Snapshot, copy: Owned, names: set[str]) -> Iterator[tuple[str, str]]:
    """(key, text) of what ConfigMaps of these names hold."""
    for other in snapshot.copies(copy.state) if names else ():
        if other.resource.id.kind == "ConfigMap" and other.resource.id.name in names:
            data = mapping(other.resource.manifest().get("data"))
            yield from ((key, value) for key, value in data.items() if isinstance(value, str))


def _phases(manifest: dict[str, object]) -> Iterator[str]:
    annotations = mapping(mapping(manifest.get("metadata")).get("annotations"))
    ours = text_of(annotations.get("argocd.argoproj.io/hook"))
    named = ours or text_of(annotations.get("helm.sh/hook"))
    found = [word.strip() for word in named.split(",")]
    yield from dict.fromkeys(word if ours else _HELM[word] for word in found if ours or word in _HELM)
