"""Sprig: dictionaries (sprig dict.go; imdario/mergo for merge). `set` and `unset` change the dictionary itself."""

from __future__ import annotations

from typing import Any, Final

from gitops.gotemplate.errors import TemplateError
from gitops.gotemplate.functions.registry import Library
from gitops.gotemplate.values import NilMap, StringList, go_text, measure, truth

LIBRARY: Final = Library()


@LIBRARY.add("dict", "*a")
def _dict(*pairs: Any) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for i in range(0, len(pairs), 2):
        found[go_text(pairs[i])] = pairs[i + 1] if i + 1 < len(pairs) else ""
    return found


@LIBRARY.add("get", "ms")
def _get(values: dict[str, Any], key: str) -> Any:
    return values.get(key, "")


@LIBRARY.add("set", "msa")
def _set(values: dict[str, Any], key: str, value: Any) -> dict[str, Any]:
    if isinstance(values, NilMap):
        raise TemplateError("assignment to entry in nil map")
    values[key] = value
    measure(values)  # a dictionary put into itself would never end
    return values


@LIBRARY.add("unset", "ms")
def _unset(values: dict[str, Any], key: str) -> dict[str, Any]:
    values.pop(key, None)
    return values


@LIBRARY.add("hasKey", "ms")
def _has_key(values: dict[str, Any], key: str) -> bool:
    return key in values


@LIBRARY.add("pluck", "s*m")
def _pluck(key: str, *dictionaries: dict[str, Any]) -> list[Any]:
    return [d[key] for d in dictionaries if key in d]


@LIBRARY.add("keys", "*m")
def _keys(*dictionaries: dict[str, Any]) -> StringList:
    # Go's order is random; sorted is one of the orders it may give, and templates sort the result anyway.
    return StringList(key for d in dictionaries for key in sorted(d))


@LIBRARY.add("values", "m")
def _values(values: dict[str, Any]) -> list[Any]:
    return [values[key] for key in sorted(values)]


@LIBRARY.add("pick", "m*s")
def _pick(values: dict[str, Any], *keys: str) -> dict[str, Any]:
    return {key: values[key] for key in keys if key in values}


@LIBRARY.add("omit", "m*s")
def _omit(values: dict[str, Any], *keys: str) -> dict[str, Any]:
    return {key: value for key, value in values.items() if key not in keys}


def merge_into(target: dict[str, Any], source: dict[str, Any], overwrite: bool) -> None:
    """mergo.Merge of maps: nested maps merge; else what is empty is filled, or everything with `overwrite`."""
    for key, value in source.items():
        old = target.get(key)
        if isinstance(old, dict) and isinstance(value, dict) and old:
            merge_into(old, value, overwrite)
        elif overwrite or not truth(old):
            target[key] = value


@LIBRARY.add("merge mustMerge", "m*m")
def _merge(target: dict[str, Any], *sources: dict[str, Any]) -> dict[str, Any]:
    for source in sources:
        measure(source)
        merge_into(target, source, overwrite=False)
    measure(target)
    return target


@LIBRARY.add("mergeOverwrite mustMergeOverwrite", "m*m")
def _merge_overwrite(target: dict[str, Any], *sources: dict[str, Any]) -> dict[str, Any]:
    for source in sources:
        measure(source)
        merge_into(target, source, overwrite=True)
    measure(target)
    return target


def copied(value: Any) -> Any:
    """A copy that shares nothing with `value`."""
    if isinstance(value, dict):
        return type(value)({k: copied(v) for k, v in value.items()})
    if isinstance(value, list):
        return type(value)(copied(v) for v in value)
    return value


@LIBRARY.add("deepCopy mustDeepCopy", "a")
def _deep_copy(value: Any) -> Any:
    if value is None:
        raise TemplateError("reflect: call of reflect.Value.Type on zero Value")
    measure(value)
    return copied(value)


@LIBRARY.add("dig", "*a")
def _dig(*arguments: Any) -> Any:
    if len(arguments) < 3:
        raise TemplateError("dig needs at least three arguments")
    *keys, fallback, values = arguments
    for i, key in enumerate(keys):
        if not isinstance(values, dict) or not isinstance(key, str):
            raise TemplateError("dig needs text keys and a map")
        if key not in values:
            return fallback
        values = values[key]
        if i < len(keys) - 1 and not isinstance(values, dict):
            raise TemplateError(f"dig finds no map at {key!r}")
    return values
