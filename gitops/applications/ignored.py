"""Which fields Argo CD leaves out when it compares: `ignoreDifferences` of Applications and of argocd-cm.

Sources: argo-cd, util/argo/normalizers/diff_normalizer.go (entries match by glob on group and kind, name and
namespace are equal or empty; a JSON pointer is a `remove`, a jq expression a `del`), gitops-engine, pkg/diff (a
Secret's `stringData` is part of `data` by then), util/settings/settings.go (`ignoreResourceStatusField` is `all` by
default).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from gitops.applications.directory import glob_matches
from gitops.files.documents import read_documents
from gitops.files.errors import MalformedYaml
from gitops.resources.manifests import text_of
from gitops.resources.resource import ResourceId

_SYSTEM = "resource.customizations.ignoreDifferences."
_LEGACY = "resource.customizations"


class Covered(IntEnum):
    """Whether a field is left out. `MAYBE` depends on what git does not tell: on who wrote the field last, or on a jq
    expression that is not understood here."""

    NO = 0
    MAYBE = 1
    YES = 2


@dataclass(frozen=True, slots=True)
class IgnoredDifference:
    """One entry. `group` and `kind` are globs; `by_manager` tells that it trusts managers of fields."""

    group: str
    kind: str
    name: str = ""
    namespace: str = ""
    pointers: tuple[str, ...] = ()
    expressions: tuple[str, ...] = ()
    by_manager: bool = False

    def covers(self, placed: ResourceId, manifest: Mapping[str, Any], field: str) -> Covered:
        """Whether it leaves out `field` (a JSON pointer) of the resource, whose id is that in the cluster."""
        if not (glob_matches(self.group, placed.group) and glob_matches(self.kind, placed.kind)):
            return Covered.NO
        if self.name not in ("", placed.name) or self.namespace not in ("", placed.namespace):
            return Covered.NO
        here = _parts(field)
        if placed.kind == "Secret" and not placed.group and here[:1] == ("stringData",):
            here = ("data", *here[1:])
            written = {**_mapping(manifest.get("data")), **_mapping(manifest.get("stringData"))}
            manifest = {**manifest, "data": written}
        if any(_above(_parts(pointer), here) for pointer in self.pointers if pointer.startswith("/")):
            return Covered.YES
        found = Covered.MAYBE if self.by_manager else Covered.NO
        for expression in self.expressions:
            paths = _paths(expression, manifest)
            if paths is None:
                found = Covered.MAYBE
            elif any(_above(path, here) for path in paths):
                return Covered.YES
        return found


def covered(
    entries: Iterable[IgnoredDifference], placed: ResourceId, manifest: Mapping[str, Any], field: str
) -> Covered:
    """Whether any entry leaves the field out; `status` is left out of every comparison unless somebody changes
    that."""
    if field == "/status" or field.startswith("/status/"):
        return Covered.YES
    return max((entry.covers(placed, manifest, field) for entry in entries), default=Covered.NO)


def read_ignored(listed: object) -> tuple[IgnoredDifference, ...]:
    """The `ignoreDifferences` of an Application's spec."""
    entries = listed if isinstance(listed, list) else ()
    return tuple(
        _entry(text_of(each.get("group")), text_of(each.get("kind")), each) for each in map(_mapping, entries)
    )


def ignored_everywhere(data: Mapping[str, Any]) -> Iterator[IgnoredDifference]:
    """Those of the `data` of an argocd-cm, for all Applications."""
    for key, text in data.items():
        if key.startswith(_SYSTEM):
            group, _, kind = key.removeprefix(_SYSTEM).rpartition("_")
            yield _entry(*(("*", "*") if kind == "all" and not group else (group, kind)), _yaml(text))
        elif key == _LEGACY:
            for name, block in _yaml(text).items():
                group, _, kind = str(name).rpartition("/")
                yield _entry(group, kind, _yaml(_mapping(block).get("ignoreDifferences")))


def _entry(group: str, kind: str, block: Mapping[str, Any]) -> IgnoredDifference:
    return IgnoredDifference(
        group,
        kind,
        text_of(block.get("name")),
        text_of(block.get("namespace")),
        _texts(block.get("jsonPointers")),
        _texts(block.get("jqPathExpressions")),
        bool(_texts(block.get("managedFieldsManagers"))),
    )


def _yaml(text: object) -> Mapping[str, Any]:
    if not isinstance(text, str):
        return {}
    try:
        documents = read_documents("argocd-cm", text.encode("utf-8", "surrogateescape"))
    except MalformedYaml:
        return {}
    return _mapping(documents[0].value()) if documents else {}


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _texts(value: object) -> tuple[str, ...]:
    return tuple(text_of(item) for item in value) if isinstance(value, list) else ()


def _parts(pointer: str) -> tuple[str, ...]:
    return tuple(part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:])


def _above(path: Sequence[str], field: Sequence[str]) -> bool:
    return bool(path) and tuple(path) == tuple(field[: len(path)])


# The part of jq's path expressions that people use here: fields, indices, all items, and `select` by a comparison.
_STEP = re.compile(
    r'\.?\[\s*"(?P<quoted>[^"\\]*)"\s*\]|\."(?P<dotted>[^"\\]*)"|\.?\[\s*(?P<index>\d+)\s*\]|(?P<all>\.?\[\s*\])|'
    r"\.(?P<name>[A-Za-z_]\w*)"
)
_SELECT = re.compile(
    r'select\(\s*(?P<path>\.[^=!|()]*?)\s*(?P<same>==|!=)\s*(?:"(?P<text>[^"\\]*)"|(?P<word>-?\d+|true|false|null))\s*\)'
)
_WORDS = {"true": True, "false": False, "null": None}
_Found = tuple[tuple[str, ...], Any]


def _paths(expression: str, manifest: Mapping[str, Any]) -> list[tuple[str, ...]] | None:
    """The paths that a jq expression names in a manifest; None where it is not understood."""
    found: list[_Found] = [((), manifest)]
    for piece in _piped(expression):
        select = _SELECT.fullmatch(piece)
        if select is None:
            walked = _walked(piece, found)
            if walked is None:
                return None
            found = walked
            continue
        wanted = select["text"] if select["text"] is not None else _WORDS.get(select["word"], select["word"])
        kept: list[_Found] = []
        for one in found:
            inner = _walked(select["path"], [one])
            if inner is None:
                return None
            for _, value in inner:
                same = (value if isinstance(value, str | bool) or value is None else text_of(value)) == wanted
                if same == (select["same"] == "=="):
                    kept.append(one)
        found = kept
    return [path for path, _ in found]


def _piped(expression: str) -> list[str]:
    """What stands between the pipes that are in no string."""
    return [piece.strip() for piece in re.findall(r'(?:"[^"]*"|[^|"])+', expression)]


def _walked(path: str, found: list[_Found]) -> list[_Found] | None:
    text, at = path.strip(), 0
    if text == ".":
        return found
    while at < len(text):
        step = _STEP.match(text, at)
        if step is None:
            return None
        at = step.end()
        while text[at : at + 1] == "?":
            at += 1
        name = next((step[each] for each in ("quoted", "dotted", "name") if step[each] is not None), None)
        found = list(_stepped(found, name, step["index"]))
    return found


def _stepped(found: list[_Found], name: str | None, index: str | None) -> Iterator[_Found]:
    for path, value in found:
        if name is not None:
            if isinstance(value, Mapping):
                yield (*path, name), value.get(name)
        elif index is not None:
            if isinstance(value, list) and int(index) < len(value):
                yield (*path, str(int(index))), value[int(index)]
        elif isinstance(value, Mapping):
            yield from (((*path, key), inner) for key, inner in value.items())
        elif isinstance(value, list):
            yield from (((*path, str(place)), inner) for place, inner in enumerate(value))
