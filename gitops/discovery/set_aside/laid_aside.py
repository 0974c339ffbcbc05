"""Files that are written like manifests of Applications and that nothing reads as manifests.

Templates of another tool than Helm, and files whose names say so (`web.yaml.disabled`).
"""

from __future__ import annotations

import re

from gitops.applications.placeholders import holds_placeholder
from gitops.files.spans import Span

_KIND = re.compile(
    r"(?m)^kind:[ \t]*[\"']?(Application(?:Set)?)[\"']?[ \t]*\r?$"
    # In an item of a List or in JSON: behind its apiVersion.
    r"|apiVersion[\"']?\s*:\s*[\"']?argoproj\.io/\w+[\"']?\s*,?\s*[\"']?kind[\"']?\s*:\s*[\"']?(Application(?:Set)?)\b"
)
_NAME = re.compile(
    r"\.(ya?ml|json)[._~-][\w.~-]*$|\.(ya?ml|json)~$|\.(tpl|tmpl|gotmpl|j2|jinja2?|template|envsubst|dist)$"
)

Kinds = list[tuple[str, Span]]


def is_laid_aside(name: str) -> bool:
    """Whether a file's name says that it is a manifest for nobody to apply."""
    return _NAME.search(name) is not None


def kinds_in(path: str, data: bytes) -> Kinds:
    """Every `kind: Application` and `kind: ApplicationSet` line of a text that need not be YAML."""
    text = data.decode("utf-8", "replace")
    found: Kinds = []
    for match in _KIND.finditer(text):
        kind = match.group(1) or match.group(2)
        line = text.count("\n", 0, match.end()) + 1
        found.append((kind, Span(path, line, line)))
    return found


def unfilled(path: str, data: bytes) -> Kinds:
    """The Applications of a file that is no YAML because something has to be filled in before.

    None for an ApplicationSet: its `{{ }}` are Argo CD's own, and what is wrong with them has to be told.
    """
    kinds = kinds_in(path, data)
    if any(kind == "ApplicationSet" for kind, _ in kinds):
        return []
    return kinds if holds_placeholder(data.decode("utf-8", "replace")) else []
