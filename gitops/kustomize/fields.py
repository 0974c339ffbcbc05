"""Every field of a kustomization and of kustomize's builtin plugins, and what kustomize reads because of it.

One table both allows and follows: a field that is not in it is refused, and what it says names a file is looked up.
So nothing can be handed to kustomize that this reader did not understand. The names are those of kustomize 5.0 to 5.8
(api/types, api/internal/builtins), spelt exactly: Go's JSON decoder also takes `Files` or `configmapgenerator`, and
even a long s in `resources`, for the field of that name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

import yaml

from gitops.files.documents import items, merged_items

NEWEST = (5, 8)  # of kustomize, whose fields are all here
_VERSION = re.compile(r"\bv(\d{1,5})\.(\d{1,5})\.")


def may_know_more(renderer: str) -> bool:
    """Whether a renderer (`kustomize v5.8.1`) is newer than what this table knows, or of no known version."""
    version = _VERSION.search(renderer)
    return version is None or (int(version[1]), int(version[2])) > NEWEST


class Leaf(Enum):
    """What a value is to kustomize: text or data of its own (ANY), the path of a file (FILE), `key=path` (KEYED), the
    directory of a kustomization (BASE), one of both (ENTRY), or one of both or YAML text itself (INLINE)."""

    ANY = "any"
    FILE = "file"
    KEYED = "keyed"
    BASE = "base"
    ENTRY = "entry"
    INLINE = "inline"


# A table stands for a mapping and for each item of a list of mappings.
Shape = Leaf | dict[str, "Shape"]

_ANY = Leaf.ANY


def _any(*names: str) -> dict[str, Shape]:
    return dict.fromkeys(names, _ANY)


_GVK = _any("group", "version", "kind")
_ID = {**_GVK, **_any("name", "namespace")}
_SELECTOR: Shape = {**_ID, **_any("annotationSelector", "labelSelector")}
_FIELD_SPECS: Shape = {**_GVK, **_any("path", "create")}
_FIELD_OPTIONS: Shape = _any("delimiter", "index", "encoding", "create")
_GENERATOR_OPTIONS: Shape = _any("labels", "annotations", "disableNameSuffixHash", "immutable")
_PATCH: dict[str, Shape] = {
    "path": Leaf.FILE,
    "patch": _ANY,
    "target": _SELECTOR,
    "options": _ANY,  # once a mapping of anything
}
_IMAGE: Shape = _any("name", "newName", "newTag", "tagSuffix", "digest")
_REPLICA: Shape = _any("name", "count")
_REPLACEMENT: Shape = {
    "path": Leaf.FILE,
    "source": {**_ID, "fieldPath": _ANY, "options": _FIELD_OPTIONS},
    "sourceValue": _ANY,
    "targets": {"select": _SELECTOR, "reject": _SELECTOR, "fieldPaths": _ANY, "options": _FIELD_OPTIONS},
}
_CONFIG_MAP: dict[str, Shape] = {
    **_any("name", "namespace", "behavior", "literals"),
    "files": Leaf.KEYED,
    "envs": Leaf.FILE,
    "env": Leaf.FILE,
    "options": _GENERATOR_OPTIONS,
}
_SECRET: dict[str, Shape] = {**_CONFIG_MAP, "type": _ANY}

_CHART: dict[str, Shape] = _any(
    *("name", "version", "repo", "releaseName", "namespace", "additionalValuesFiles", "valuesFile"),
    *("valuesInline", "valuesMerge", "includeCRDs", "skipHooks", "apiVersions", "kubeVersion", "nameTemplate"),
    *("skipTests", "debug", "devel"),
)

# `types.Kustomization`. What charts read is followed by `gitops.kustomize.charts`.
KUSTOMIZATION: dict[str, Shape] = {
    **_any("apiVersion", "kind", "namePrefix", "nameSuffix", "namespace", "commonLabels", "commonAnnotations"),
    "metadata": _any("name", "namespace", "labels", "annotations"),
    "openapi": {"version": _ANY, "path": Leaf.FILE},
    "labels": {
        **_any("pairs", "includeSelectors", "includeTemplates", "includeVolumeClaimTemplates"),
        "fields": _FIELD_SPECS,
    },
    "patchesStrategicMerge": Leaf.INLINE,
    "patchesJson6902": _PATCH,
    "patchesJSON6902": _PATCH,  # as public repositories spell it too; see `CANONICAL`
    "patches": _PATCH,
    "images": _IMAGE,
    "imageTags": _IMAGE,
    "replacements": _REPLACEMENT,
    "replicas": _REPLICA,
    # Nothing below `vars` names a file, and many write these two as Kubernetes does; Go takes both.
    "vars": {
        "name": _ANY,
        **{name: {**_ID, "apiVersion": _ANY} for name in ("objref", "objRef")},
        **{name: _any("fieldPath", "fieldpath") for name in ("fieldref", "fieldRef")},
    },
    "sortOptions": {"order": _ANY, "legacySortOptions": _any("orderFirst", "orderLast")},
    "resources": Leaf.ENTRY,
    "bases": Leaf.BASE,
    "components": Leaf.BASE,
    "crds": Leaf.FILE,
    "configMapGenerator": _CONFIG_MAP,
    "secretGenerator": _SECRET,
    "helmGlobals": _any("chartHome", "configHome"),
    "helmCharts": _CHART,
    "helmChartInflationGenerator": _any(
        *("chartName", "chartVersion", "chartRepoUrl", "chartHome", "chartRepoName", "helmBin", "helmHome", "values"),
        *("valuesLocal", "valuesMerge", "releaseName", "releaseNamespace", "extraArgs"),
    ),
    "generatorOptions": _GENERATOR_OPTIONS,
    "configurations": Leaf.FILE,
    "generators": Leaf.INLINE,
    "transformers": Leaf.INLINE,
    "validators": Leaf.INLINE,
    "buildMetadata": _ANY,
}

CANONICAL = {"patchesJSON6902": "patchesJson6902"}

_PLUGIN = _any("apiVersion", "kind", "metadata")
_SPECS: dict[str, Shape] = {"fieldSpecs": _FIELD_SPECS}

_KINDS: dict[str, dict[str, Shape]] = {
    "AnnotationsTransformer": {"annotations": _ANY, **_SPECS},
    "ConfigMapGenerator": _CONFIG_MAP,
    "HashTransformer": {},
    "HelmChartInflationGenerator": {**_CHART, **_any("chartHome", "configHome")},
    "IAMPolicyGenerator": {
        "cloud": _ANY,
        "kubernetesService": _any("name", "namespace"),
        "serviceAccount": _any("name", "projectId"),
    },
    "ImageTagTransformer": {"imageTag": _IMAGE, **_SPECS},
    "LabelTransformer": {"labels": _ANY, **_SPECS},
    "NamespaceTransformer": {**_any("unsetOnly", "setRoleBindingSubjects"), **_SPECS},
    "PatchJson6902Transformer": {"target": _SELECTOR, "path": Leaf.FILE, "jsonOp": _ANY},
    "PatchStrategicMergeTransformer": {"paths": Leaf.INLINE, "patches": _ANY},
    "PatchTransformer": _PATCH,
    "PrefixSuffixTransformer": {**_any("prefix", "suffix"), **_SPECS},
    "PrefixTransformer": {"prefix": _ANY, **_SPECS},
    "ReplacementTransformer": {"replacements": _REPLACEMENT},
    "ReplicaCountTransformer": {"replica": _REPLICA, **_SPECS},
    "SecretGenerator": _SECRET,
    "SuffixTransformer": {"suffix": _ANY, **_SPECS},
    "ValueAddTransformer": {
        **_any("value"),
        "targets": {"selector": _SELECTOR, **_any("fieldPath", "filePathPosition")},
        "targetFilePath": Leaf.FILE,
    },
}

# By kind, with `apiVersion: builtin` (api/internal/plugins/builtinhelpers). Paths in them count from the directory of
# the kustomization that lists the plugin.
BUILTIN: dict[str, dict[str, Shape]] = {kind: {**_PLUGIN, **fields} for kind, fields in _KINDS.items()}

_PLAIN_TAGS = frozenset(
    f"tag:yaml.org,2002:{name}" for name in ("str", "int", "float", "bool", "null", "map", "seq", "timestamp")
)


@dataclass(frozen=True, slots=True)
class Unread:
    """Something that kustomize may understand and this reader does not. `line` is 1-based; `what` is a clause to
    stand behind "FILE:LINE: "; `certain` tells that kustomize refuses it as well."""

    line: int
    what: str
    certain: bool = False


def unread(node: yaml.Node, shape: dict[str, Shape], kind: str = "") -> Iterator[Unread]:
    """What of a document is outside its table. `kind` is the plugin's, empty for a kustomization.

    kustomize decodes a kustomization strictly, so an unknown field there fails anyway; of a plugin's configuration it
    ignores what it does not know.
    """
    yield from _odd_nodes(node)
    yield from _odd_fields(node, shape, f"a {kind}" if kind else "a kustomization", not kind, set())


def _odd_fields(
    node: yaml.Node, shape: Shape, owner: str, strict: bool, seen: set[tuple[int, int]]
) -> Iterator[Unread]:
    if isinstance(shape, Leaf) or (id(node), id(shape)) in seen:
        return
    seen.add((id(node), id(shape)))
    if isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from _odd_fields(item, shape, owner, strict, seen)
        return
    folded = {name.casefold(): name for name in reversed(shape)}  # of two spellings, the first
    written: dict[str, str] = {}
    # Merge keys of a kustomization are resolved; a plugin's would be resolved by another reader of Go's.
    for name, key, value in merged_items(node) if strict else items(node):
        line = key.start_mark.line + 1
        meant = folded.get(name.casefold())
        first = written.setdefault(name.casefold(), name)
        if first != name:
            yield Unread(line, f"`{name}` and `{first}` are one field to kustomize")
        elif name in shape:
            yield from _odd_fields(value, shape[name], f"`{name}` of {owner}", strict, seen)
        elif meant is not None:
            yield Unread(line, f"kustomize takes `{name}` for `{meant}`, and argofix reads `{meant}` only")
        else:
            yield Unread(line, f"`{name}` is no field of {owner} that argofix knows", strict)


def _odd_nodes(root: yaml.Node) -> Iterator[Unread]:
    """Tags that make Go read something else than the text that stands there (`!!binary`), keys that are no text."""
    stack, seen = [root], {id(root)}
    while stack:
        node = stack.pop()
        if node.tag not in _PLAIN_TAGS:
            yield Unread(node.start_mark.line + 1, f"argofix does not read the YAML tag `{_short(node.tag)}`")
        children: list[yaml.Node] = []
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                if not isinstance(key, yaml.ScalarNode):
                    yield Unread(key.start_mark.line + 1, "a key that is no text")
                children += (key, value)
        elif isinstance(node, yaml.SequenceNode):
            children = node.value
        for child in children:
            if id(child) not in seen:
                seen.add(id(child))
                stack.append(child)


def _short(tag: str) -> str:
    return tag.replace("tag:yaml.org,2002:", "!!", 1)
