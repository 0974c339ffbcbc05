"""Two manifests, field by field, and one of them with the difference applied."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from gitops.facts.changes.lists import Item, ListRule, is_union, items_of, rule_for
from gitops.resources.resource import ResourceId


class Absent(Enum):
    """What stands where there is no value; null is one."""

    ABSENT = "absent"


ABSENT = Absent.ABSENT

Step = str | int | Item
Path = tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field: its value before and after, `ABSENT` where there is none. With `order` the items of a list are the
    same and stand in another order: then both are lists of their keys."""

    path: Path
    before: Any
    after: Any
    order: bool = False

    def __str__(self) -> str:
        return written(self.path)


def written(path: Path) -> str:
    """`spec.template.spec.containers[web].image`; a key with dots in it stands in brackets too."""
    text = ""
    for step in path:
        if isinstance(step, str) and "." not in step and "/" not in step:
            text += f".{step}" if text else step
        else:
            text += f"[{step}]"
    return text


def value_at(manifest: Any, path: Path) -> Any:
    """What stands at a path; `ABSENT` when there is nothing."""
    here = manifest
    for step in path:
        if isinstance(step, Item):
            found = (each for each in here if step.matches(each)) if isinstance(here, list) else iter(())
            here = next(found, ABSENT)
        elif isinstance(step, int):
            here = here[step] if isinstance(here, list) and step < len(here) else ABSENT
        else:
            here = here.get(step, ABSENT) if isinstance(here, dict) else ABSENT
    return here


def differences(rid: ResourceId, before: Any, after: Any) -> tuple[FieldChange, ...]:
    """Every field that differs between two manifests of one object, in the order of their names."""
    return tuple(_Comparison(rid).below((), before, after))


def applied(before: Any, changes: Iterable[FieldChange]) -> Any:
    """The manifest with these changes made; `before` stays as it is."""
    result = _copied(before)
    for change in changes:
        result = _put(result, change.path, change)
    return result


@dataclass(frozen=True, slots=True)
class _Comparison:
    rid: ResourceId

    def below(self, path: Path, before: Any, after: Any) -> Iterator[FieldChange]:
        if isinstance(before, dict) and isinstance(after, dict):
            for key in sorted({*before, *after}, key=str):
                yield from self.below((*path, key), before.get(key, ABSENT), after.get(key, ABSENT))
        elif isinstance(before, list) and isinstance(after, list):
            yield from self._lists(path, before, after)
        elif type(before) is not type(after) or before != after:
            yield FieldChange(path, before, after)

    def _lists(self, path: Path, before: list[Any], after: list[Any]) -> Iterator[FieldChange]:
        if before == after and _alike(before, after):
            return
        field = str(path[-1]) if path else ""
        if is_union(self.rid, field):
            if sorted(map(spelled, before)) != sorted(map(spelled, after)):
                yield FieldChange(path, before, after)
            return
        rule = rule_for(self.rid, field)
        sides = items_of(rule, before, after)
        if sides is not None:
            yield from self._items(path, rule, *sides)
        elif len(before) == len(after):
            for index, (one, other) in enumerate(zip(before, after, strict=True)):
                yield from self.below((*path, index), one, other)
        else:
            yield FieldChange(path, before, after)

    def _items(
        self, path: Path, rule: ListRule, before: Mapping[Item, Any], after: Mapping[Item, Any]
    ) -> Iterator[FieldChange]:
        for item in {**before, **after}:
            yield from self.below((*path, item), before.get(item, ABSENT), after.get(item, ABSENT))
        kept = [item for item in before if item in after]
        left_by_itself = [*kept, *(item for item in after if item not in before)]
        wanted = list(after)
        if left_by_itself != wanted and (rule.ordered or _refers(path, after)):
            yield FieldChange(path, left_by_itself, wanted, order=True)


def _refers(path: Path, items: Mapping[Item, Any]) -> bool:
    """`$(NAME)` in an environment variable takes the value of one that stands before it (core/v1, EnvVar)."""
    return path[-1] == "env" and any("$(" in str(item.get("value")) for item in items.values())


def _alike(before: Any, after: Any) -> bool:
    """Whether equal values are of equal types too: to Python True is 1, and 1 is 1.0."""
    if type(before) is not type(after):
        return False
    if isinstance(before, dict):
        return all(_alike(value, after[key]) for key, value in before.items())
    if isinstance(before, list):
        return all(_alike(one, other) for one, other in zip(before, after, strict=True))
    return True


def spelled(value: Any) -> str:
    """One spelling for equal values, whatever the order of their keys, and another one for different values."""
    if isinstance(value, dict):
        inner = (f"{key!r}: {spelled(value[key])}" for key in sorted(value, key=repr))
        return f"{{{', '.join(inner)}}}"
    return f"[{', '.join(map(spelled, value))}]" if isinstance(value, list) else repr(value)


def _copied(value: Any) -> Any:
    """A copy in which nothing stands twice: what a YAML alias repeats must not change together."""
    if isinstance(value, dict):
        return {key: _copied(inner) for key, inner in value.items()}
    return [_copied(item) for item in value] if isinstance(value, list) else value


def _put(value: Any, path: Path, change: FieldChange) -> Any:
    if not path:
        if change.order:
            by_key = {item: each for item in change.after for each in value if item.matches(each)}
            return [by_key[item] for item in change.after]
        return _copied(change.after)
    step, rest = path[0], path[1:]
    if isinstance(step, Item):
        return _put_item(value, step, rest, change)
    inner = _put(value.get(step, ABSENT) if isinstance(step, str) else value[step], rest, change)
    if inner is ABSENT:
        del value[step]
    else:
        value[step] = inner
    return value


def _put_item(value: Sequence[Any], step: Item, rest: Path, change: FieldChange) -> list[Any]:
    result: list[Any] = []
    found = False
    for each in value:
        if step.matches(each):
            found = True
            each = _put(each, rest, change)
            if each is ABSENT:
                continue
        result.append(each)
    if not found:
        result.append(_put(ABSENT, rest, change))
    return result
