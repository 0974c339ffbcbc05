"""An ApplicationSet as it is declared: what its controller may do, and whether it can do anything at all.

Source: argo-cd v3.5.1, applicationset/utils/policy.go and applicationset_types.go:115-140.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gitops.applications import Origin
from gitops.manifests import text_of

SetKey = tuple[str, str, str]

_DELETING = ("", "sync", "create-delete")


@dataclass(frozen=True, slots=True)
class ApplicationSet:
    """`policy` is `applicationsSync` as written ('' when it says nothing); `preserves` is
    `preserveResourcesOnDeletion`; `content` tells equal declarations from different ones.

    `troubles` say what git cannot expand of it; `refused` that Argo CD cannot either and deletes nothing of
    the set meanwhile."""

    name: str
    namespace: str
    root: str
    parents: tuple[str, ...]
    origin: Origin
    content: str
    policy: str = ""
    preserves: bool = False
    troubles: tuple[str, ...] = ()
    refused: bool = False

    @property
    def key(self) -> SetKey:
        return (self.root, self.namespace, self.name)

    @property
    def updates(self) -> bool:
        """Whether its controller writes a changed template into Applications that are there."""
        return self.policy in ("", "sync", "create-update")

    @property
    def deletes(self) -> bool:
        """Whether its controller deletes Applications that it no longer generates."""
        return self.policy in _DELETING


def declared_set(
    manifest: Mapping[str, Any],
    origin: Origin,
    content: str,
    *,
    namespace: str,
    root: str,
    parents: tuple[str, ...],
    troubles: tuple[str, ...],
    refused: bool = False,
) -> ApplicationSet:
    """The set that a manifest declares. Ill-typed fields count as absent."""
    spec = _mapping(manifest.get("spec"))
    policy = _mapping(spec.get("syncPolicy"))
    return ApplicationSet(
        text_of(_mapping(manifest.get("metadata")).get("name")),
        namespace,
        root,
        parents,
        origin,
        content,
        text_of(policy.get("applicationsSync")),
        policy.get("preserveResourcesOnDeletion") is True,
        troubles,
        refused,
    )


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
