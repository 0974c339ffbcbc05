"""What a kustomization makes of the name and the namespace of what it brings in.

Source: kustomize, api/internal/builtins, PrefixTransformer.go and NamespaceTransformer.go, and
api/internal/konfig/builtinpluginconsts/namespace.go.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gitops.resources.manifests import text_of
from gitops.resources.resource import ResourceId

_NAMES_STAY = frozenset(
    {
        ("", "Namespace"),
        ("apiextensions.k8s.io", "CustomResourceDefinition"),
        ("apiregistration.k8s.io", "APIService"),
    }
)


def renamed(rid: ResourceId, fields: Mapping[str, Any]) -> ResourceId:
    """An id as the `fields` of one kustomization around it change it (a Namespace gets the namespace as its name)."""
    name, namespace = rid.name, text_of(fields.get("namespace")) or rid.namespace
    if (rid.group, rid.kind) not in _NAMES_STAY:
        name = f"{text_of(fields.get('namePrefix'))}{name}{text_of(fields.get('nameSuffix'))}"
    if (rid.group, rid.kind) == ("", "Namespace"):
        name, namespace = namespace or name, ""
    return ResourceId(rid.group, rid.kind, namespace, name)
