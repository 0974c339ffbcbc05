"""Parameter sets: flattening, joining, and the two ways a template's text is filled in.

Sources: applicationset/utils/map.go, applicationset/utils/utils.go (Replace), generators/value_interpolation.go.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gitops import gotemplate
from gitops.applicationsets.problems import Refused
from gitops.gotemplate.functions.dictionaries import copied, merge_into
from gitops.gotemplate.values import StringList, StringMap, go_text, key_text, measure

Params = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Dialect:
    """How this ApplicationSet's templates are written."""

    go: bool
    missing_key: str = "default"
    allowance: gotemplate.Allowance | None = None

    def fill(self, text: str, params: Mapping[str, Any]) -> str:
        """`text` with the parameters put in. Raises `TemplateError` (Go) or `CannotExpand` (fasttemplate)."""
        if "{{" not in text:
            return text
        return gotemplate.render(text, params, self.missing_key, self.allowance) if self.go else _fast(text, params)

    def fill_all(self, value: Any, params: Mapping[str, Any]) -> Any:
        """Every string inside `value`, keys of maps too, filled in; a null in a map is dropped (deeplyReplace)."""
        if isinstance(value, str):
            return self.fill(value, params)
        if isinstance(value, dict):
            return {
                self.fill(key_text(k), params): self.fill_all(v, params) for k, v in value.items() if v is not None
            }
        if isinstance(value, list):
            return [self.fill_all(part, params) for part in value]
        return value


def _fast(text: str, params: Mapping[str, Any]) -> str:
    """valyala/fasttemplate: `{{ name }}` becomes a string parameter, anything else stays as it is."""
    # Argo CD looks for a tag on one line first, and leaves a text without one alone (isTemplatedRegex).
    if not any(0 <= line.find("{{") < line.rfind("}}") - 1 for line in text.split("\n")):
        return text
    if text.rfind("{{") > text.rfind("}}"):
        raise Refused("has a template tag that is not closed")
    parts: list[str] = []
    at = 0
    while (begin := text.find("{{", at)) >= 0 and (end := text.find("}}", begin + 2)) >= 0:
        name = text[begin + 2 : end].strip()
        value = params.get(name) if name else None
        parts += [text[at:begin], value if isinstance(value, str) else text[begin : end + 2]]
        at = end + 2
    return "".join((*parts, text[at:]))


def flattened(params: Mapping[str, Any]) -> dict[str, str]:
    """jeremywohl/flatten in dot style, every value as fmt's %v. A []string is not entered; a map[string]string is
    since Argo CD 3.5 (normalizeMapForFlatten)."""
    measure(dict(params))
    flat: dict[str, str] = {}
    _flatten(params, "", flat)
    return flat


def _flatten(value: Any, prefix: str, flat: dict[str, str]) -> None:
    items = value.items() if isinstance(value, Mapping) else enumerate(value)
    for key, part in items:
        name = f"{prefix}.{key}" if prefix else str(key)
        if isinstance(part, (dict, list)) and not isinstance(part, StringList):
            _flatten(part, name, flat)
        else:
            flat[name] = go_text(part)


def with_values(params: Params, values: Any, dialect: Dialect) -> Params:
    """The generator's `values`, filled in with the parameters they are added to (never with one another)."""
    if not values:
        return params
    if not isinstance(values, dict):
        raise Refused("has `values` that are no map")
    filled = {key_text(k): dialect.fill(go_text(v), params) for k, v in values.items()}
    if dialect.go:
        params["values"] = StringMap(filled)
    else:
        params.update({f"values.{key}": value for key, value in filled.items()})
    return params


def joined(first: Params, second: Params, dialect: Dialect) -> Params:
    """A matrix's pair. With Go templates maps merge and the first child wins; else two values must agree."""
    if dialect.go:
        result: Params = copied(second)
        merge_into(result, copied(first), overwrite=True)
        return result
    pair = {key: go_text(value) for key, value in first.items()}
    for key, value in second.items():
        text = go_text(value)
        if pair.setdefault(key, text) != text:
            raise Refused(f"has two children that give {key!r} different values")
    return pair


def overridden(base: Params, override: Params, dialect: Dialect) -> Params:
    """A merge's parameter set with a later one of the same keys laid over it."""
    if dialect.go:
        result: Params = copied(base)
        merge_into(result, copied(override), overwrite=True)
        return result
    return {key: go_text(value) for key, value in {**base, **override}.items()}
