"""Paths of `ignoreDifferences` that can lead to nothing, whatever a cluster adds to what is rendered.

What they leave out is most often not in git, so a field that is not there says nothing. Told is what no live object
can have: a name where there is a list, something below a text, a name that is spelt almost as what holds more.

Sources: argo-cd, util/argo/normalizers/diff_normalizer.go; RFC 6901 (`~1` for a slash; a list takes numbers);
github.com/itchyny/gojq (a name of a list is an error, which leaves the difference).
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

Step = str | int | None
"""A name, a place in a list, or None for each item."""

_TOKEN: Final = re.compile(
    r"\.(?P<name>[A-Za-z_]\w*)|\.?\[\s*\"(?P<quoted>[^\"\\]*)\"\s*\]|\.\"(?P<bare>[^\"\\]*)\"|\.?\[\s*(?P<place>\d+)\s*\]|"
    r"\.?(?P<each>\[\s*\])"
)
# Whose values are texts.
_TEXTS: Final = frozenset({"annotations", "labels", "matchLabels", "nodeSelector"})
# Whose names anybody may choose.
_FREE: Final = _TEXTS | {"data", "binaryData", "stringData", "values", "limits", "requests"}
_ALIKE: Final = 0.85
_INDEXED: Final = re.compile(r"(\w+)\[(\d*|\*)\]")


@dataclass(frozen=True, slots=True)
class Astray:
    """Why a path leads to nothing (a clause), and what to write (a sentence)."""

    why: str
    advice: str


def of_pointer(pointer: str, manifests: Iterable[Mapping[str, Any]]) -> Astray | None:
    """What is wrong with a pointer for all of the manifests; None where it may lead to something in one."""
    written = [step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")[1:]]
    return _same(_pointer(written, manifest) for manifest in manifests)


def of_expression(expression: str, manifests: Iterable[Mapping[str, Any]]) -> Astray | None:
    """The same of an expression of jq, as far as it begins with a path."""
    steps: list[Step] = []
    text, at = expression.strip(), 0
    while (match := _TOKEN.match(text, at)) is not None:
        at = match.end()
        name = next((match[key] for key in ("name", "quoted", "bare") if match[key] is not None), None)
        steps.append(name if name is not None else int(match["place"]) if match["place"] is not None else None)
        if text[at : at + 1] == "?":
            at += 1
    whole = at == len(text)
    return _same(_expression(steps, manifest, whole) for manifest in manifests) if steps else None


def _same(found: Iterable[Astray | None]) -> Astray | None:
    listed = list(found)
    return listed[0] if listed and all(listed) else None


def _pointer(steps: Sequence[str], manifest: Mapping[str, Any]) -> Astray | None:
    here: Any = manifest
    for depth, step in enumerate(steps):
        rest, above = steps[depth + 1 :], "/" + "/".join(steps[:depth])
        if isinstance(here, list):
            if not step.isdigit():
                advice = f"Write a place, such as `{above}/0`, or a path of jq for each of them."
                return Astray(f"`{above}` is a list, and `{step}` is no place in it", advice)
            if int(step) >= len(here):
                return None
            here = here[int(step)]
        elif isinstance(here, Mapping):
            told = _of_name(step, [*rest], here, above)
            if told is not None or step not in here:
                return told
            here = here[step]
            if step in _TEXTS and len(rest) > 1 and isinstance(here, Mapping):
                joined = "~1".join(rest)
                return Astray(f"`{rest[0]}` of `{above}/{step}` is a text", f"Write `{above}/{step}/{joined}`.")
        elif here is not None:
            return Astray(f"`{above}` holds nothing below it", "Write the path of a field that there is.")
    return None


def _of_name(step: str, rest: Sequence[str], here: Mapping[str, Any], above: str) -> Astray | None:
    """What is wrong with a name that is not there."""
    if step in here:
        return None
    indexed = _INDEXED.fullmatch(step)
    if indexed is not None and isinstance(here.get(indexed[1]), list):
        place = indexed[2] if indexed[2].isdigit() else "0"
        path = "/".join((above.rstrip("/"), indexed[1], place, *rest))
        return Astray(f"`{step}` is no name", f"Write `{path}`, or a path of jq for each of them.")
    head = step.partition(".")[0]
    if above == "/" and "." in step and head in here:
        return Astray(f"`{step}` is no name", f"Write `/{'/'.join((*step.split('.'), *rest))}`.")
    near = _near(step, here, bool(rest)) if above.rpartition("/")[2] not in _FREE else ""
    if near:
        path = "/".join((above.rstrip("/"), near, *rest))
        return Astray(f"there is no `{step}`", f"Write `{path}`.")
    return None


def _near(step: str, here: Mapping[str, Any], goes_on: bool) -> str:
    """The name that was meant: what is spelt alike and holds more, or the same in another case."""
    same = [name for name in here if name.lower() == step.lower()]
    if same:
        return same[0]
    holding = [name for name, value in here.items() if isinstance(value, Mapping | list)] if goes_on else []
    found = difflib.get_close_matches(step, holding, 1, _ALIKE)
    return found[0] if found else ""


def _expression(steps: Sequence[Step], manifest: Mapping[str, Any], whole: bool) -> Astray | None:
    return _walk(steps, manifest, "", whole)


def _walk(steps: Sequence[Step], here: Any, above: str, whole: bool) -> Astray | None:
    if not steps or here is None:
        return None
    step, rest = steps[0], steps[1:]
    if step is None:
        items = list(here.values()) if isinstance(here, Mapping) else here
        if not isinstance(items, list):
            return Astray(f"`{above}` is no list", "Take `[]` out.")
        return _same(_walk(rest, item, f"{above}[]", whole) for item in items)
    if isinstance(step, int):
        if not isinstance(here, list):
            return Astray(f"`{above}` is no list", f"Take `[{step}]` out.")
        return _walk(rest, here[step], f"{above}[{step}]", whole) if step < len(here) else None
    if isinstance(here, list):
        return Astray(f"`{above}` is a list", f"Write `{above}[]{_written(steps)}`.")
    if not isinstance(here, Mapping):
        return Astray(f"`{above}` holds nothing below it", "Write the path of a field that there is.")
    if step in here:
        return _walk(rest, here[step], f"{above}{_written([step])}", whole)
    near = _near(step, here, bool(rest) or not whole) if above.rpartition(".")[2] not in _FREE else ""
    return Astray(f"there is no `{step}`", f"Write `{above}{_written([near, *rest])}`.") if near else None


def _written(steps: Sequence[Step]) -> str:
    said = (
        "[]"
        if step is None
        else f"[{step}]"
        if isinstance(step, int)
        else f".{step}"
        if _plain(step)
        else f'["{step}"]'
        for step in steps
    )
    return "".join(said)


def _plain(name: str) -> bool:
    return re.fullmatch(r"[A-Za-z_]\w*", name) is not None
