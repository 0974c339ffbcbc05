"""A changed manifest in the manner of a unified diff, without what should not be printed and what says nothing."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from typing import Any

from gitops.facts.changes.fields import ABSENT, FieldChange, applied
from gitops.facts.changes.hidden import shown, shown_at
from gitops.facts.changes.model import ResourceChange
from gitops.facts.changes.resources import placed_manifest, with_names
from gitops.facts.changes.texts import HIDDEN
from gitops.resources.manifests import canonical

OTHER = "(hidden, and another one now)"
CONTEXT = 3
_MOST_LINES = 5_000  # of the texts in a manifest: a longer one stands in one line
_PLACE = "\ue000"  # a sign of nobody's


def unified(change: ResourceChange, context: int = CONTEXT) -> list[str]:
    """The lines of the diff, those of its hunks only. Of what comes or goes all lines."""
    before, after = sides(change)
    found = list(difflib.unified_diff(_lines(before), _lines(after), n=context, lineterm=""))[2:]
    if change.before is None or change.after is None:
        return found[1:]
    return found


def sides(change: ResourceChange, *, marked: bool = True) -> tuple[Any, Any]:
    """The manifest before and after, as they are printed; `ABSENT` where there is none. `marked` tells in the second
    one which of the values that are hidden are others than before."""
    rid = change.id.id
    was = placed_manifest(change.before.resource, rid.namespace) if change.before is not None else ABSENT
    if change.after is None:
        return shown(rid, was), ABSENT
    will = placed_manifest(change.after.resource, rid.namespace)
    if change.before is None:
        return ABSENT, shown(rid, will)
    named = with_names(was, dict(change.renamed), {})
    # The difference applied, so that items stand where they stood before.
    wanted = applied(named, change.fields)
    before, after = shown(rid, named), shown(rid, wanted)
    return before, applied(after, _marks(change.fields, before, after)) if marked else after


def _marks(changes: tuple[FieldChange, ...], before: Any, after: Any) -> Iterator[FieldChange]:
    """Of values that are hidden it is told that they changed."""
    for change in changes:
        if change.order or ABSENT in (change.before, change.after):
            continue
        was, will = (shown_at(side, change.path) for side in (before, after))
        if isinstance(will, str) and isinstance(change.after, str) and isinstance(change.before, str):
            marked = _marked(will, change.after, str(was), change.before)
            if marked != will:
                yield FieldChange(change.path, will, marked)
        elif was == will:
            yield FieldChange(change.path, will, OTHER)


def _marked(will: str, raw: str, was: str, raw_before: str) -> str:
    """A text in which each line that looks as one before it did, and hides something else, says so."""
    lines, shown_before = will.split("\n"), was.split("\n")
    if (len(lines), len(shown_before)) != (raw.count("\n") + 1, raw_before.count("\n") + 1):
        return will.replace(HIDDEN, OTHER) if was == will else will
    known = set(raw_before.split("\n"))
    alike = set(shown_before)
    return "\n".join(
        line.replace(HIDDEN, OTHER) if HIDDEN in line and line in alike and itself not in known else line
        for line, itself in zip(lines, raw.split("\n"), strict=True)
    )


def _lines(value: Any) -> list[str]:
    if value is ABSENT:
        return []
    blocks: list[list[str]] = []
    found = canonical(_with_blocks(value, blocks)).decode("utf-8", "replace").split("\n")[:-1]
    return [line for each in found for line in _expanded(each, blocks)] if blocks else found


def _with_blocks(value: Any, blocks: list[list[str]]) -> Any:
    """A copy in which a placeholder stands for each text of several lines, which are put into `blocks`."""
    if isinstance(value, dict):
        return {key: _with_blocks(inner, blocks) for key, inner in value.items()}
    if isinstance(value, list):
        return [_with_blocks(item, blocks) for item in value]
    if not isinstance(value, str) or "\n" not in value:
        return value
    lines = value.split("\n")
    if sum(map(len, blocks)) + len(lines) > _MOST_LINES or not all(map(_is_plain, lines)):
        return value
    blocks.append(lines)
    return f"{_PLACE}{len(blocks) - 1}"


def _is_plain(line: str) -> bool:
    return _PLACE not in line and "\r" not in line


def _expanded(line: str, blocks: list[list[str]]) -> Iterator[str]:
    head, place, number = line.partition(_PLACE)
    if not place or not number.isdecimal():
        yield line
        return
    lines = blocks[int(number)]
    indent = " " * (len(line) - len(line.lstrip()) + 2)
    ends = lines[-1] == ""
    start = "2" if lines[0].startswith(" ") else ""
    yield f"{head}|{start}{'' if ends and len(lines) > 2 and lines[-2] else '+' if ends else '-'}"
    for each in lines[:-1] if ends else lines:
        yield f"{indent}{each}" if each else ""
