"""The hooks of Applications with the scripts that they run.

Source: argo-cd gitops-engine pkg/sync/hook (annotations) and pkg/sync/hook/helm (Helm's names for the phases).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from gitops.discovery.snapshot import Owned, Snapshot
from gitops.facts.secrets.pods import POD_SPECS, at, mapping, sequence
from gitops.installation.routes.model import mappings
from gitops.resources.manifests import text_of
from gitops.resources.resource import Resource

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
    the same Application that it mounts, their texts are part of the script."""

    owned: Owned
    phase: str
    script: str
    values: tuple[str, ...]


def hooks_of(snapshot: Snapshot) -> Iterator[Hook]:
    """Every hook that runs pods, once for each of its phases."""
    for copy in snapshot.copies(having=_runs_as_hook):
        rid = copy.resource.id
        manifest = copy.resource.manifest()
        spec = mapping(at(manifest, POD_SPECS[rid.group, rid.kind]))
        containers = [*mappings(spec.get("initContainers")), *mappings(spec.get("containers"))]
        words = [
            text_of(one) for each in containers for key in ("command", "args") for one in sequence(each.get(key))
        ]
        values = tuple(text_of(one.get("value")) for each in containers for one in mappings(each.get("env")))
        mounted = {text_of(mapping(one.get("configMap")).get("name")) for one in mappings(spec.get("volumes"))} - {""}
        # Words of one command stand in one line, as a shell would write them.
        script = "\n".join((" ".join(words), *words, *_texts(snapshot, copy, mounted)))
        for phase in _phases(manifest):
            yield Hook(copy, phase, script, tuple(filter(None, values)))


def _runs_as_hook(resource: Resource) -> bool:
    return resource.hook and (resource.id.group, resource.id.kind) in POD_SPECS


def _texts(snapshot: Snapshot, copy: Owned, names: set[str]) -> Iterator[str]:
    for other in snapshot.copies(copy.state) if names else ():
        if other.resource.id.kind == "ConfigMap" and other.resource.id.name in names:
            data = mapping(other.resource.manifest().get("data"))
            yield from (value for value in data.values() if isinstance(value, str))


def _phases(manifest: dict[str, object]) -> Iterator[str]:
    annotations = mapping(mapping(manifest.get("metadata")).get("annotations"))
    ours = text_of(annotations.get("argocd.argoproj.io/hook"))
    named = ours or text_of(annotations.get("helm.sh/hook"))
    found = [word.strip() for word in named.split(",")]
    yield from dict.fromkeys(word if ours else _HELM[word] for word in found if ours or word in _HELM)
