"""YAML as sigs.k8s.io/yaml reads and writes it: YAML 1.1 scalars in, no dates, only the first document."""

from __future__ import annotations

import re
from functools import cmp_to_key
from itertools import takewhile
from typing import Any, Final

import yaml

from gitops.gotemplate.errors import NotYaml, TemplateError
from gitops.gotemplate.values import NilList, NilMap, NilStrings, format_float, go_json

MAX_CHARACTERS: Final = 1_000_000
_LONGEST_KEY: Final = 1_024  # characters of JSON, as which sigs.k8s.io/yaml hands it to go-yaml


class _Loader(yaml.CSafeLoader):
    """PyYAML's resolver, with go-yaml's numbers and without its dates and base-60 numbers."""

    yaml_implicit_resolvers = {  # noqa: RUF012 - PyYAML's class attribute
        first: [(tag, pattern) for tag, pattern in resolvers if tag.rpartition(":")[2] in ("bool", "null", "merge")]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


class _Dumper(yaml.SafeDumper):
    event: Any

    def choose_scalar_style(self) -> str:
        # libyaml, of which go-yaml is a copy, puts lines that cannot stand as such into double quotes.
        style = str(super().choose_scalar_style())
        return '"' if style == "'" and self.event.style == "|" else style

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        # go-yaml v2 does not indent a list below its key; that is PyYAML's own default as well.
        super().increase_indent(flow, indentless)

    def ignore_aliases(self, data: Any) -> bool:
        return True


_STR_TAG: Final = "tag:yaml.org,2002:str"
_FLOAT_TAG: Final = "tag:yaml.org,2002:float"
_BOOL_TAG: Final = "tag:yaml.org,2002:bool"
_INT_TAG: Final = "tag:yaml.org,2002:int"
_LETTERS: Final = {"y": True, "Y": True, "n": False, "N": False}  # truth values to go-yaml


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.Node:
    """What would be read as something else stands in double quotes, and lines as lines, as go-yaml writes them."""
    if "\n" in text:
        return dumper.represent_scalar(_STR_TAG, text, style="|")
    plain = dumper.resolve(yaml.ScalarNode, text, (True, False)) == _STR_TAG and text not in _LETTERS  # type: ignore[no-untyped-call]
    return dumper.represent_scalar(_STR_TAG, text, style=None if text and plain else '"')


def _float_text(dumper: yaml.SafeDumper, value: float) -> yaml.Node:
    text = format_float(value)
    special = {"+Inf": ".inf", "-Inf": "-.inf", "NaN": ".nan"}
    return dumper.represent_scalar(_FLOAT_TAG, special.get(text, text))


_Dumper.add_representer(str, _text)
_Dumper.add_representer(float, _float_text)
_Dumper.add_representer(dict, lambda dumper, value: dumper.represent_mapping("tag:yaml.org,2002:map", value.items()))

_INT: Final = re.compile(r"[-+]?(?:0b[01_]+|0o?[0-7_]+|0x[0-9a-fA-F_]+|[0-9][0-9_]*)")
_FLOAT: Final = re.compile(
    r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)"
)
for _each in (_Loader, _Dumper):
    _each.add_implicit_resolver(_INT_TAG, re.compile(rf"(?:{_INT.pattern})$"), list("-+0123456789"))
    _each.add_implicit_resolver(_FLOAT_TAG, re.compile(rf"(?:{_FLOAT.pattern})$"), list("-+0123456789."))
_Loader.add_implicit_resolver(_BOOL_TAG, re.compile(r"(?:[yYnN])$"), list("yYnN"))
_Loader.bool_values = {**_Loader.bool_values, "y": True, "n": False}


def _int(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> int | float:
    text = str(loader.construct_scalar(node)).replace("_", "")
    body = text.lstrip("+-").lower()
    sign = -1 if text.startswith("-") else 1
    if len(body) > 400:
        raise NotYaml("a number is too long")
    try:
        if body.startswith(("0x", "0b", "0o")):
            return sign * int(body, 0)
        return sign * int(body, 8 if body.startswith("0") and body != "0" else 10)
    except ValueError:
        return float(text)


def _float(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> float:
    return float(str(loader.construct_scalar(node)).lower().replace(".inf", "inf").replace(".nan", "nan"))


_Loader.add_constructor(_INT_TAG, _int)
_Loader.add_constructor(_FLOAT_TAG, _float)


def load(text: str) -> Any:
    """The first document of `text`, None when it is empty.

    Raises `NotYaml`. Aliases are shared, not copied; who walks the value must bound itself.
    """
    if len(text) > MAX_CHARACTERS:
        raise NotYaml(f"the YAML is longer than {MAX_CHARACTERS:,} characters")
    try:
        loader = _Loader(text)
        try:
            return loader.get_data() if loader.check_node() else None
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 0
        raise NotYaml(error.problem or "not YAML", line) from None
    except (yaml.YAMLError, ValueError, TypeError, OverflowError, RecursionError) as error:
        raise NotYaml(str(error)[:120] or "not YAML") from None


def dump(value: Any) -> str:
    """Block style, sorted keys, as sigs.k8s.io/yaml's Marshal. Raises `TemplateError` for keys that it refuses."""
    plain = _plain(value)
    return yaml.dump(
        plain, Dumper=_Dumper, default_flow_style=False, allow_unicode=True, width=2**31, sort_keys=False
    )


def _compared(one: Any, other: Any) -> int:
    return int(one > other) - int(one < other)


def _number(text: str, start: int, lead: int) -> tuple[int, int]:
    """The digits behind `lead` as go-yaml reckons them, in 64 bits that wrap, and where they end."""
    end = start
    while end < len(text) and text[end].isdecimal():
        lead = (lead * 10 + ord(text[end]) - ord("0")) % 2**64
        end += 1
    return (lead + 2**63) % 2**64 - 2**63, end


def _before(one: str, other: str) -> int:
    """go-yaml's order of keys (sorter.go): letters after other signs, numbers by their value."""
    for i, (a, b) in enumerate(zip(one, other, strict=False)):
        if a == b:
            continue
        if a.isalpha() or b.isalpha():
            return _compared(a, b) if a.isalpha() and b.isalpha() else (-1 if b.isalpha() else 1)
        run = takewhile(str.isdecimal, reversed(one[:i]))
        lead = int("0" in (a, b) and any(digit != "0" for digit in run))
        return _compared((*_number(one, i, lead), a), (*_number(other, i, lead), b))
    return _compared(len(one), len(other))


def _plain(value: Any) -> Any:
    if isinstance(value, (NilList, NilMap, NilStrings)):
        return None
    if isinstance(value, dict):
        if any(len(go_json(key)) > _LONGEST_KEY for key in value):
            raise TemplateError(f"yaml: a key is longer than {_LONGEST_KEY:,} characters")
        return {key: _plain(value[key]) for key in sorted(value, key=cmp_to_key(_before))}
    if isinstance(value, list):
        return [_plain(v) for v in value]
    if isinstance(value, float) and value.is_integer() and -(2**63) <= value < 2**64:
        return int(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return int(value)
    return value if isinstance(value, (str, bool, float)) or value is None else str(value)
