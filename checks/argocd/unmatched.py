"""Entries of the kustomizations that build Argo CD which are about nothing that is there: kustomize says nothing of
them, and what they were to change stays as it was.

Source: kustomize api/internal/builtins (PatchTransformer applies to whatever its target selects, none included;
ImageTagTransformer to images of that very name).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from checks.argocd.view import kustomizations_of
from gitops.discovery.snapshot import Part, Snapshot, State
from gitops.facts.secrets.pods import POD_SPECS, at, mapping, sequence
from gitops.files.spans import Span
from gitops.installation.find import installations_of
from gitops.kustomize.failures.patch_faults import Patch, patches_of
from gitops.kustomize.kustomization import Kustomization
from gitops.resources.manifests import text_of
from gitops.resources.rendering import Rendered
from gitops.resources.resource import Resource
from gitops.versions.pins.images import image_entries, split_image

# Images of Argo CD's own manifests; entries for others may be meant for what comes and goes.
_IMAGES: Final = re.compile(r"(?:^|/)(?:argocd|redis|haproxy|dex)$")
_RENAMING: Final = ("namePrefix", "nameSuffix")


def builds(snapshot: Snapshot) -> Iterator[tuple[State, Part, Kustomization]]:
    """The kustomizations of Applications that render Argo CD, whole."""
    owners = {owner for one in snapshot.once(installations_of) if one.deployed for owner in one.owners}
    for state in snapshot.states:
        whole = isinstance(state.rendering, Rendered) and not state.rendering.gaps
        for part in state.parts if whole and state.application.key in owners else ():
            if not part.elsewhere:
                yield from ((state, part, known) for known in kustomizations_of(snapshot.tree, part))


def unmatched_patches(snapshot: Snapshot) -> Iterator[tuple[State, Span, str, str]]:
    """(Application, entry, kind, name) of patches whose target is by name and is not there."""
    for state, part, known in builds(snapshot):
        if any(known.fields.get(field) for field in _RENAMING):
            continue
        patches = list(patches_of(snapshot.tree, known))
        gone = {_whom(patch) for patch in patches if _deletes(patch) or _renames(patch)}
        for patch in patches:
            kind, name = _whom(patch)
            if not kind or not name.startswith("argocd-") or re.fullmatch(r"[\w.-]+", name) is None:
                continue
            there = any((one.id.kind, one.id.name) == (kind, name) for one in part.resources)
            if not there and (kind, name) not in gone:
                yield state, patch.span, kind, name


def _whom(patch: Patch) -> tuple[str, str]:
    target = patch.target or {}
    if set(target) - {"group", "version", "kind", "name"}:
        return "", ""
    return text_of(target.get("kind")), text_of(target.get("name"))


def _renames(patch: Patch) -> bool:
    """Whether what it is for has another kind or name from then on (`allowKindChange`, `allowNameChange`)."""
    kind, name = _whom(patch)
    for value in patch.values or ():
        told = mapping(value)
        named = text_of(mapping(told.get("metadata")).get("name"))
        if patch.target and (text_of(told.get("kind")) not in ("", kind) or named not in ("", name)):
            return True
    return any(text_of(one.get("path")) in ("/kind", "/metadata/name") for one in patch.operations)


def _deletes(patch: Patch) -> bool:
    whole = any(isinstance(value, dict) and value.get("$patch") == "delete" for value in patch.values or ())
    return patch.values is None or whole or any(text_of(one.get("path")) in ("", "/") for one in patch.operations)


def unmatched_images(snapshot: Snapshot) -> Iterator[tuple[State, Kustomization, str, str]]:
    """(Application, kustomization, name of the entry, the image that is probably meant) of `images` for nothing."""
    built = list(builds(snapshot))
    # What another kustomization, or the Application itself, calls otherwise was there under its name before.
    renamed_by: dict[int, set[str]] = {}
    for state, part, known in built:
        own = sequence((state.application.sources[part.index].kustomize or {}).get("images"))
        told = renamed_by.setdefault(id(part), {text_of(one).partition("=")[0] for one in own if "=" in text_of(one)})
        told.update(entry.name for entry in image_entries(known.fields) if entry.new_name not in ("", entry.name))
    for state, part, known in built:
        for entry in image_entries(known.fields):
            if _IMAGES.search(entry.name) is None or entry.name in renamed_by[id(part)]:
                continue
            running = state.once(_running, part.index)
            if entry.name in running:
                continue
            last = entry.name.rpartition("/")[2]
            meant = sorted(one for one in running if one.rpartition("/")[2] == last)
            if meant:
                yield state, known, entry.name, meant[0]


def _running(state: State, index: int) -> frozenset[str]:
    """What the pods of one part run. Few manifests have to be read for that, and none of Argo CD's own CRDs."""
    part = next(one for one in state.parts if one.index == index)
    return frozenset(name for one in part.having(_has_pods) for name in _images(one))


def _has_pods(resource: Resource) -> bool:
    return (resource.id.group, resource.id.kind) in POD_SPECS


def _images(resource: Resource) -> Iterator[str]:
    pod = mapping(at(resource.manifest(), POD_SPECS[resource.id.group, resource.id.kind]))
    for field in ("initContainers", "containers"):
        for container in sequence(pod.get(field)):
            yield split_image(text_of(mapping(container).get("image"))).name
