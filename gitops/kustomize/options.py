"""An Application's `spec.source.kustomize`, applied to its root kustomization the way Argo CD does.

Argo CD runs `kustomize edit set ...` on the root kustomization before it builds (argo-cd, `Build` in
util/kustomize/kustomize.go). Wrapping the root instead would give other names where both set a prefix, so the same
edits are made to a scratch copy of that one file.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from gitops.resources.manifests import text_of

_IGNORED = frozenset({"version", "kubeVersion", "apiVersions", "forceCommonLabels", "forceCommonAnnotations"})
_KNOWN = _IGNORED | {
    "namePrefix",
    "nameSuffix",
    "namespace",
    "images",
    "replicas",
    "commonLabels",
    "commonAnnotations",
    "commonAnnotationsEnvsubst",
    "labelWithoutSelector",
    "labelIncludeTemplates",
    "patches",
    "components",
    "ignoreMissingComponents",
}
_COUNT = re.compile(r"[+-]?[0-9]{1,18}", re.ASCII)
_IMAGE = re.compile(r"^(?P<name>[^@]+?)(?::(?P<tag>[^:/@]+))?(?:@(?P<digest>[^@]+))?$")


def changes_the_build(options: Mapping[str, Any] | None) -> bool:
    """Whether these options edit the root kustomization at all."""
    return any(value for key, value in (options or {}).items() if key not in _IGNORED)


def unknown_options(options: Mapping[str, Any]) -> list[str]:
    """Names of options that this reader does not know, sorted."""
    return sorted(key for key in options if key not in _KNOWN)


def components_of(
    options: Mapping[str, Any] | None, exists: Callable[[str], bool] = lambda _: True
) -> tuple[str, ...]:
    """Component directories that the options add, relative to the root kustomization. `exists` decides about them
    when the options say that missing ones are to be left out."""
    options = options or {}
    listed = options.get("components")
    found = tuple(item for item in listed if isinstance(item, str)) if isinstance(listed, list) else ()
    return tuple(c for c in found if exists(c)) if options.get("ignoreMissingComponents") is True else found


def with_variables(options: Mapping[str, Any], substitute: Callable[[str], str]) -> Mapping[str, Any]:
    """The options with the build environment put into the texts that Argo CD puts it into: images and the values of
    labels always, values of annotations where `commonAnnotationsEnvsubst` says so."""
    made = dict(options)
    if isinstance(options.get("images"), list):
        made["images"] = [substitute(image) for image in _strings(options["images"])]
    fields = ["commonLabels"]
    if options.get("commonAnnotationsEnvsubst") is True:
        fields.append("commonAnnotations")
    for field in fields:
        if isinstance(options.get(field), Mapping):
            made[field] = {name: substitute(value) for name, value in _pairs(options[field]).items()}
    return made


def clash(fields: Mapping[str, Any], options: Mapping[str, Any]) -> str | None:
    """Why `kustomize edit add label` or `annotation` would refuse these options: a key that is there is only
    replaced with `--force`."""
    for field, force in (("commonLabels", "forceCommonLabels"), ("commonAnnotations", "forceCommonAnnotations")):
        beside = field == "commonLabels" and bool(options.get("labelWithoutSelector"))  # these go into `labels`
        taken = sorted(_pairs(options.get(field)).keys() & _pairs(fields.get(field)).keys())
        if taken and options.get(force) is not True and not beside:
            return (
                f"its {field} set `{taken[0]}`, which the kustomization sets already; Argo CD refuses that without "
                f"`{force}: true`"
            )
    for entry in _list(options.get("replicas")):
        count = entry.get("count") if isinstance(entry, Mapping) else None
        if isinstance(count, str) and not _COUNT.fullmatch(count):
            return f"its `replicas` have a count that is no whole number, `{count[:60]}`; Argo CD refuses that"
    return None


def edited_kustomization(
    fields: Mapping[str, Any], options: Mapping[str, Any], components: Sequence[str] = ()
) -> bytes:
    """The kustomization's text after Argo CD's edits; `components` are those of the options that are to be added."""
    result = dict(fields)
    for key in ("namePrefix", "nameSuffix", "namespace"):
        if text_of(options.get(key)):
            result[key] = text_of(options[key])
    for image in _strings(options.get("images")):
        result["images"] = _set_image(result.get("images"), image)
    replicas = options.get("replicas")
    for entry in replicas if isinstance(replicas, list) else ():
        if isinstance(entry, Mapping):
            change = {"name": text_of(entry.get("name")), "count": _count(entry.get("count"))}
            result["replicas"] = _replace_named(result.get("replicas"), change)
    labels = _pairs(options.get("commonLabels"))
    if labels and options.get("labelWithoutSelector"):
        added = {"pairs": labels, "includeTemplates": options.get("labelIncludeTemplates") is True}
        result["labels"] = [*_list(result.get("labels")), added]
    elif labels:
        result["commonLabels"] = {**_pairs(result.get("commonLabels")), **labels}
    annotations = _pairs(options.get("commonAnnotations"))
    if annotations:
        result["commonAnnotations"] = {**_pairs(result.get("commonAnnotations")), **annotations}
    if isinstance(options.get("patches"), list):
        result["patches"] = [*_list(result.get("patches")), *options["patches"]]
    if components:
        listed = _list(result.get("components"))
        result["components"] = [*listed, *(c for c in components if c not in listed)]
    # As JSON, which every YAML reader takes alike: to Go's an unquoted `y` would be a boolean.
    return json.dumps(result).encode()


def _count(value: object) -> int:
    """Argo CD's `GetIntCount`: a text is read by strconv.Atoi (`clash` refuses others), a number is taken as it
    is."""
    if isinstance(value, str):
        return int(value) if _COUNT.fullmatch(value) else 0
    return value if isinstance(value, int) and not isinstance(value, bool) else 0


def _set_image(images: object, image: str) -> list[Any]:
    """As `kustomize edit set image`: NAME[=NEWNAME][:TAG][@DIGEST], replacing the entry of the same name."""
    name, equals, target = image.partition("=")
    match = _IMAGE.match(target if equals else name)
    if match is None:
        return _list(images)
    change: dict[str, Any] = {"name": name if equals else match["name"]}
    wanted = {"newName": match["name"] if equals else None, "newTag": match["tag"], "digest": match["digest"]}
    old: Mapping[str, Any] = next((e for e in _list(images) if _is_named(e, change["name"])), {})
    for field, value in wanted.items():
        value = text_of(old.get(field)) if value == "*" else value  # an asterisk keeps what is there
        if value:
            change[field] = value
    return _replace_named(images, change)


def _replace_named(entries: object, change: dict[str, Any]) -> list[Any]:
    return [*(entry for entry in _list(entries) if not _is_named(entry, change["name"])), change]


def _is_named(entry: object, name: str) -> bool:
    return isinstance(entry, Mapping) and text_of(entry.get("name")) == name


def _list(value: object) -> list[Any]:
    return list(value) if isinstance(value, list) else []


def _strings(value: object) -> list[str]:
    return [text_of(item) for item in value] if isinstance(value, list) else []


def _pairs(value: object) -> dict[str, str]:
    return {key: text_of(item) for key, item in value.items()} if isinstance(value, Mapping) else {}
