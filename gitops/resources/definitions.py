"""What CustomResourceDefinitions define, read without parsing their schemas.

A CRD can have half a megabyte of schema, which a YAML parser needs half a second for; the renderers print block style
with two spaces, so the few fields that matter can be read by line. Whatever does not look like that goes through the
parser. Source: apiextensions.k8s.io/v1 `CustomResourceDefinitionSpec`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from gitops.files.documents import read_documents
from gitops.resources.manifests import text_of
from gitops.resources.resource import Resource

GROUP, KIND = "apiextensions.k8s.io", "CustomResourceDefinition"
XRD_GROUP, XRD_KIND = "apiextensions.crossplane.io", "CompositeResourceDefinition"

_SPEC = re.compile(rb"^spec:\n((?:(?: .*)?\n)*+)", re.MULTILINE)
_NAMES = re.compile(rb"^  names:\n((?:    .*\n)*+)", re.MULTILINE)
# Lists stand at the indentation of their key.
_VERSIONS = re.compile(rb"^  versions:\n((?:(?:  - |    ).*\n|\n)*+)", re.MULTILINE)
_VERSION = re.compile(rb"^  - ((?:.*\n)(?:(?:    .*)?\n)*+)", re.MULTILINE)
_PLAIN = rb"([A-Za-z][A-Za-z0-9.-]*)"


@dataclass(frozen=True, slots=True)
class Definition:
    """A custom resource; `versions` are those that are served, `plural` is its name in addresses and rules."""

    group: str
    kind: str
    plural: str
    namespaced: bool
    versions: frozenset[str]


def definition_of(resource: Resource) -> Definition | None:
    """What a rendered CustomResourceDefinition defines; None for other kinds and for what is malformed."""
    if (resource.id.group, resource.id.kind) != (GROUP, KIND):
        return None
    return _read(resource.text)


def defines(resource: Resource) -> bool:
    """Whether a rendered resource may define kinds."""
    return (resource.id.group, resource.id.kind) in ((GROUP, KIND), (XRD_GROUP, XRD_KIND))


def scopes_of(resource: Resource) -> Iterator[tuple[tuple[str, str], bool]]:
    """((group, kind), "is namespaced") of what a rendered resource defines: a CustomResourceDefinition, or one of
    Crossplane's CompositeResourceDefinitions (crossplane, apis/apiextensions/v1 and v2: composites of v1 are
    cluster-scoped and their claims namespaced, those of v2 are namespaced unless `scope` says otherwise)."""
    definition = definition_of(resource)
    if definition is not None:
        yield (definition.group, definition.kind), definition.namespaced
    elif (resource.id.group, resource.id.kind) == (XRD_GROUP, XRD_KIND):
        manifest = resource.manifest()
        spec = manifest.get("spec")
        spec = spec if isinstance(spec, dict) else {}
        group = text_of(spec.get("group"))
        names, claims = (spec.get(key) for key in ("names", "claimNames"))
        default = "Namespaced" if text_of(manifest.get("apiVersion")).endswith("/v2") else "LegacyCluster"
        if isinstance(names, dict):
            yield (group, text_of(names.get("kind"))), (text_of(spec.get("scope")) or default) == "Namespaced"
        if isinstance(claims, dict):
            yield (group, text_of(claims.get("kind"))), True


@lru_cache(maxsize=4096)
def _read(text: bytes) -> Definition | None:
    return _by_line(text) or _parsed(text)


def _by_line(text: bytes) -> Definition | None:
    spec = _SPEC.search(text)
    names = _NAMES.search(spec[1]) if spec else None
    versions = _VERSIONS.search(spec[1]) if spec else None
    if spec is None or names is None or versions is None:
        return None
    group, scope = _field(spec[1], b"  ", b"group"), _field(spec[1], b"  ", b"scope")
    kind, plural = _field(names[1], b"    ", b"kind"), _field(names[1], b"    ", b"plural")
    served: set[str] = set()
    for version in _VERSION.findall(versions[1]):
        entry = b"    " + version
        name, is_served = _field(entry, b"    ", b"name"), _field(entry, b"    ", b"served")
        if name is None or is_served not in ("true", "false"):
            return None
        if is_served == "true":
            served.add(name)
    if group is None or kind is None or plural is None or scope not in ("Cluster", "Namespaced"):
        return None
    return Definition(group, kind, plural, scope == "Namespaced", frozenset(served))


def _field(block: bytes, indent: bytes, name: bytes) -> str | None:
    found = re.findall(rb"^" + indent + name + rb": " + _PLAIN + rb"$", block, re.MULTILINE)
    return found[0].decode() if len(found) == 1 else None


def _parsed(text: bytes) -> Definition | None:
    documents = read_documents("rendered", text)
    value = documents[0].value() if documents else None
    spec = value.get("spec") if isinstance(value, dict) else None
    names = spec.get("names") if isinstance(spec, dict) else None
    if not isinstance(spec, dict) or not isinstance(names, dict):
        return None
    return Definition(
        text_of(spec.get("group")),
        text_of(names.get("kind")),
        text_of(names.get("plural")),
        text_of(spec.get("scope")) != "Cluster",
        frozenset(_served(spec)),
    )


def _served(spec: Mapping[str, Any]) -> Iterator[str]:
    versions = spec.get("versions")
    for version in versions if isinstance(versions, list) else ():
        if isinstance(version, dict) and version.get("served") is not False:
            yield text_of(version.get("name"))
    if not isinstance(versions, list) and spec.get("version"):  # v1beta1's single version
        yield text_of(spec["version"])
