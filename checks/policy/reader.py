"""Reading `versions:` strictly: whatever is wrong is told with its line, and that component's entry is left out.

An entry that is half understood could open pull requests that nobody asked for, so a mistake switches its component
off instead of falling back to defaults.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final, TypeVar

import yaml
from packaging.specifiers import InvalidSpecifier, SpecifierSet

from checks.policy.bumps import Level, VersionPolicy, Window, parse_window
from gitops.files.documents import first_line, items, to_python
from gitops.files.errors import GitopsError
from gitops.files.tree import normalise
from gitops.versions.components import BUILT_IN, Chart, Component

T = TypeVar("T")
Problems = list[tuple[int, str]]

_NAME: Final = re.compile(r"[a-z0-9]+(?:[._-][a-z0-9]+)*")
_PAIR: Final = re.compile(r"[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+")
_IMAGE: Final = re.compile(r"[a-z0-9.-]+(?::[0-9]+)?(?:/[a-z0-9._-]+)+")
_MOST_DAYS: Final = 3650


class _Wrong(Exception):
    """A value that cannot be taken; the message completes "`versions.x.y` ..."."""


def read_versions(node: yaml.Node) -> tuple[dict[str, VersionPolicy], Problems]:
    """The policies by component name, in the order of the file, and (line, message) of every mistake."""
    if not isinstance(node, yaml.MappingNode):
        return {}, [(first_line(node), "`versions` must be a mapping of component names")]
    problems: Problems = []
    found: dict[str, VersionPolicy] = {}
    for name, key_node, value in items(node):
        if not _NAME.fullmatch(name):
            problems.append((first_line(key_node), f"`{name}` is no component name (such as `argo-rollouts`)"))
            continue
        policy = _component(name, value, problems)
        found[name] = policy or VersionPolicy(BUILT_IN.get(name) or _unknown(name), enabled=False)
    return found, problems


def _unknown(name: str) -> Component:
    return Component(name, (), "", "")


def _component(name: str, node: yaml.Node, problems: Problems) -> VersionPolicy | None:
    if not isinstance(node, yaml.MappingNode):
        problems.append((first_line(node), f"`versions.{name}` must be a mapping with {', '.join(_FIELDS)}"))
        return None
    before = len(problems)
    component = BUILT_IN.get(name) or _unknown(name)
    policy = VersionPolicy(component)
    described: dict[str, Any] = {}
    for key, key_node, value in items(node):
        reader = _FIELDS.get(key)
        if reader is None:
            near = difflib.get_close_matches(key, _FIELDS, 1)
            hint = f"; did you mean `{near[0]}`?" if near else ""
            problems.append((first_line(key_node), f"unknown key `{key}` in versions.{name}{hint}"))
            continue
        try:
            described[key] = reader(to_python(value))
        except _Wrong as wrong:
            problems.append((first_line(value), f"`versions.{name}.{key}` {wrong}"))
    component = replace(component, **{k: v for k, v in described.items() if k in _DESCRIBING})
    missing = [
        key for key in ("images", "quay", "repository") if not getattr(component, key) and key not in described
    ]
    if missing and len(problems) == before:
        listed = ", ".join(f"`{key}`" for key in missing)
        problems.append((first_line(node), f"`versions.{name}` lacks {listed}: argofix does not know this component"))
    if len(problems) > before:
        return None
    fields = {_ATTRIBUTES.get(key, key): value for key, value in described.items() if key not in _DESCRIBING}
    return replace(policy, component=component, **fields)


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise _Wrong("must be a text")
    return value.strip()


def _choice(value: Any) -> Level:
    try:
        return Level(value)
    except ValueError:
        raise _Wrong("must be `patch`, `minor` or `major`") from None


def _days(value: Any) -> timedelta:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= _MOST_DAYS:
        raise _Wrong("must be a whole number of days")
    return timedelta(days=value)


def _range(value: Any) -> SpecifierSet:
    try:
        return SpecifierSet(_text(value))
    except InvalidSpecifier:
        raise _Wrong("must be bounds such as `>=3.2,<3.4`") from None


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise _Wrong("must be `true` or `false`")
    return value


def _schedule(value: Any) -> tuple[Window, ...]:
    return tuple(_window(entry) for entry in (value if isinstance(value, list) and value else [value]))


def _window(value: Any) -> Window:
    window = parse_window(value) if isinstance(value, str) else None
    if window is None:
        raise _Wrong("must be times such as `mon-fri 08:00-16:00` (UTC)")
    return window


def _directory(value: Any) -> str:
    try:
        return normalise(_text(value))
    except GitopsError as error:
        raise _Wrong(f"must be a directory of this repository: {error}") from None


def _matching(pattern: re.Pattern[str], what: str) -> Callable[[Any], str]:
    def read(value: Any) -> str:
        if not isinstance(value, str) or not pattern.fullmatch(value):
            raise _Wrong(f"must be {what}")
        return value

    return read


def _list(each: Callable[[Any], T]) -> Callable[[Any], tuple[T, ...]]:
    def read(value: Any) -> tuple[T, ...]:
        if not isinstance(value, list) or not value:
            raise _Wrong("must be a list")
        return tuple(each(item) for item in value)

    return read


def _chart(value: Any) -> Chart:
    if isinstance(value, dict) and set(value) == {"repository", "name"}:
        repository = value["repository"]
        if isinstance(repository, str) and repository.startswith(("https://", "oci://")):
            return Chart(repository.rstrip("/"), _text(value["name"]))
    raise _Wrong("must be a list of {repository: https://... or oci://..., name: CHART}")


def _manifest(value: Any) -> str:
    if not isinstance(value, str) or not value.startswith("https://") or "{tag}" not in value:
        raise _Wrong("must be an https:// URL with `{tag}` where the version stands")
    return value


_ATTRIBUTES: Final = {"minimumAge": "minimum_age", "oneMinorAtATime": "one_minor_at_a_time"}
_FIELDS: Final[dict[str, Callable[[Any], Any]]] = {
    "level": _choice,
    "minimumAge": _days,
    "range": _range,
    "oneMinorAtATime": _flag,
    "schedule": _schedule,
    "overlay": _directory,
    "enabled": _flag,
    "images": _list(_matching(_IMAGE, "a list of image names without tag, such as `quay.io/argoproj/argo-rollouts`")),
    "quay": _matching(_PAIR, "`namespace/name` of quay.io"),
    "repository": _matching(_PAIR, "`owner/name` of GitHub"),
    "charts": _list(_chart),
    "manifest": _manifest,
}
_DESCRIBING: Final = frozenset({"images", "quay", "repository", "charts", "manifest"})
