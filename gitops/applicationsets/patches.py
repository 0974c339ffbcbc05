"""`templatePatch`: a strategic merge patch over the rendered Application (controllers/template/patch.go)."""

from __future__ import annotations

from typing import Any

from gitops.applicationsets.problems import Refused
from gitops.gotemplate.errors import NotYaml
from gitops.gotemplate.functions.dictionaries import copied
from gitops.gotemplate.values import measure
from gitops.gotemplate.yamltext import load

_DIRECTIVES = ("$patch", "$retainKeys")


def patched(application: dict[str, Any], patch_text: str) -> dict[str, Any]:
    """The Application with the rendered patch (YAML or JSON) applied; `spec.project` never changes.

    Raises `CannotExpand` when the patch is no map or puts a value where a map has to be.
    """
    try:
        patch = load(patch_text)
    except NotYaml as error:
        raise Refused(f"has a templatePatch that is not YAML once filled in ({error})") from None
    if patch is None:
        return application
    if not isinstance(patch, dict):
        raise Refused("has a templatePatch that is no map once filled in")
    measure(patch)
    for field in ("metadata", "spec"):
        if patch.get(field) is not None and not isinstance(patch[field], dict):
            raise Refused(f"has a templatePatch whose {field} is no map")
    result = merged(application, copied(patch))
    project = (application.get("spec") or {}).get("project")
    if isinstance(result.get("spec"), dict) and project is not None:
        result["spec"]["project"] = project
    return result


def merged(original: dict[str, Any], patch: dict[str, Any], path: tuple[str, ...] = ()) -> dict[str, Any]:
    """strategicpatch's merge: null deletes, maps merge, lists replace; of an Application only finalizers merge."""
    match patch.get("$patch"):
        case "delete":
            return {}
        case "replace":
            return {k: v for k, v in patch.items() if k not in _DIRECTIVES}
        case None | "merge":
            pass
        case other:
            raise Refused(f"has a templatePatch with the unknown directive $patch: {str(other)[:40]}")
    result = dict(original)
    keep = patch.get("$retainKeys")
    if isinstance(keep, list):
        result = {k: v for k, v in result.items() if k in keep}
    for key, value in patch.items():
        name = str(key)
        if name.startswith("$deleteFromPrimitiveList/") and isinstance(value, list):
            field = name.partition("/")[2]
            result[field] = [v for v in result.get(field) or [] if v not in value]
        elif name.startswith("$"):
            continue
        elif value is None:
            result.pop(name, None)
        elif isinstance(value, dict):
            old = result.get(name)
            result[name] = merged(old if isinstance(old, dict) else {}, value, (*path, name))
        elif isinstance(value, list) and (*path, name) == ("metadata", "finalizers"):
            old_list = result.get(name) or []
            result[name] = [*old_list, *(v for v in value if v not in old_list)]
        else:
            result[name] = value
    return result
