"""What is left of a kustomization when the entries that git alone cannot build are taken out.

Nothing of it is deployed. It is built to see whether kustomize refuses it anyway: a file that is no YAML, or a
resource that two entries bring, is certain whatever a remote base or a chart would add. The errors that count are
chosen in `is_certain`; a patch without a target is none of them, since the target may be in what was left out.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from gitops.files.tree import Tree
from gitops.kustomize.closure import Closure, ParseMemo, load

_HELM = ("helmCharts", "helmChartInflationGenerator", "helmGlobals")
# Taking these out takes resources away and renames none of the others.
_ONLY_BRINGS = frozenset(
    {"resources", "bases", "helmCharts", "generators", "crds", "validators", "configMapGenerator", "secretGenerator"}
)
# What kustomize says of one file, whatever else there is (api/resource/factory.go, api/types/kustomization.go,
# api/internal/target, api/internal/generators, api/internal/builtins/PatchTransformer.go).
_OF_ONE_FILE = re.compile(
    r"MalformedYAMLError|already (?:defined|set)|unknown field|cannot unmarshal|missing metadata\.name|"
    r"missing Resource metadata|expected kind |illegally repeats the key|kind should be |apiVersion for |"
    r"invalid literal source|invalid Kustomization|must have a name|"
    r"unable to parse SM or JSON patch|qualifies as both an SM and JSON patch|must specify one of patch and path|"
    r"patch and path can't be set"
)
# What two entries do to each other.
_OF_TWO = re.compile(r"already registered id|exists; behavior must be merge or replace")


def with_decrypted(tree: Tree, closure: Closure, memo: ParseMemo) -> dict[str, dict[str, Any]]:
    """The fields of each kustomization that changes, by file, with builtin generators in the place of those that
    decrypt files. Raises `GitopsError` for a kustomization that cannot be read."""
    changed: dict[str, dict[str, Any]] = {}
    for (file, field, index), configs in sorted(closure.instead.items()):
        fields = changed.setdefault(file, dict(load(tree, file, memo).fields))
        listed = fields.get(field)
        if isinstance(listed, list) and index < len(listed):
            # Places in the list stay, for what is taken out of it later (`as_text` drops those that are empty).
            text = "\n---\n".join(map(json.dumps, configs)) or None
            fields[field] = [*listed[:index], text, *listed[index + 1 :]]
    return changed


def without_unsupported(
    tree: Tree, closure: Closure, memo: ParseMemo, changed: Mapping[str, dict[str, Any]]
) -> dict[str, dict[str, Any]] | None:
    """The fields of each kustomization that changes, by file, without what cannot be built from git alone; `changed`
    are those that are changed already.

    None when the walk stopped for a reason that no single entry causes. Raises `GitopsError` for a kustomization that
    cannot be read, which the walk has reported.
    """
    out: dict[str, set[tuple[str, int]]] = {}
    for problem in closure.unsupported:
        if problem.entry is None:
            return None
        file, field, index = problem.entry
        out.setdefault(file, set()).add((field, index))
    return {
        file: _without(changed.get(file) or load(tree, file, memo).fields, entries) for file, entries in out.items()
    }


def _without(fields: dict[str, Any], entries: set[tuple[str, int]]) -> dict[str, Any]:
    kept = dict(fields)
    for name in {field for field, _ in entries}:
        if name == "helmCharts":
            for helm in _HELM:
                kept.pop(helm, None)
        elif isinstance(kept.get(name), list):
            kept[name] = [item for index, item in enumerate(kept[name]) if (name, index) not in entries]
        else:
            kept.pop(name, None)
    kept.setdefault("resources", [])  # kustomize refuses a file that says nothing
    return kept


def as_text(fields: dict[str, Any]) -> bytes:
    """A kustomization file. JSON, which every YAML reader takes alike."""
    listed = fields.get("generators")
    if isinstance(listed, list) and None in listed:
        fields = {**fields, "generators": [each for each in listed if each is not None]}
    return json.dumps(fields).encode()


def is_certain(error: str, closure: Closure) -> bool:
    """Whether kustomize would say this of the whole kustomization too."""
    if _OF_ONE_FILE.search(error):
        return True
    return only_brings(closure) and _OF_TWO.search(error) is not None


def only_brings(closure: Closure) -> bool:
    """Whether what is taken out would only add resources, and change none of those that are left."""
    return {problem.entry[1] for problem in closure.unsupported if problem.entry is not None} <= _ONLY_BRINGS
