"""Reading `exclude` and `plugins`: which files nobody deploys, and what config management plugins render with."""

from __future__ import annotations

import yaml

from gitops.applications.plugins import TOOLS
from gitops.discovery.set_aside.exclusions import problem_of
from gitops.files.documents import first_line, items

Problems = list[tuple[int, str]]


def read_exclude(node: yaml.Node) -> tuple[tuple[str, ...], Problems]:
    """The patterns that can be followed, and (line, message) of every mistake."""
    if not isinstance(node, yaml.SequenceNode):
        return (), [(first_line(node), "`exclude` must be a list of names")]
    kept: list[str] = []
    problems: Problems = []
    for item in node.value:
        pattern = item.value if isinstance(item, yaml.ScalarNode) else ""
        problem = problem_of(pattern) if pattern else None
        if not pattern:
            problems.append((first_line(item), "`exclude` must hold names only"))
        elif problem is not None:
            problems.append((first_line(item), f"`exclude` has `{pattern}`, which {problem}"))
        else:
            kept.append(pattern)
    return tuple(kept), problems


def read_plugins(node: yaml.Node) -> tuple[tuple[tuple[str, str], ...], Problems]:
    """What each plugin renders with, and (line, message) of every mistake."""
    if not isinstance(node, yaml.MappingNode):
        return (), [(first_line(node), "`plugins` must map names of plugins to `kustomize`, `helm` or `directory`")]
    told: dict[str, str] = {}
    problems: Problems = []
    for name, _, value in items(node):
        if isinstance(value, yaml.ScalarNode) and value.value in TOOLS:
            told[name] = value.value
        else:
            problems.append((first_line(value), f"`plugins.{name}` must be `kustomize`, `helm` or `directory`"))
    return tuple(told.items()), problems
