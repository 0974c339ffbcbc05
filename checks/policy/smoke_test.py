"""Reading `argocd.smokeTest`: which script of the repository tells whether a version of Argo CD works."""

from __future__ import annotations

from dataclasses import dataclass

import yaml

from gitops.files.documents import first_line, items, to_python
from gitops.files.errors import GitopsError
from gitops.files.tree import normalise

_SHAPE = "`argocd.smokeTest` must be a mapping with `script`, and may name an `image`"


@dataclass(frozen=True, slots=True)
class SmokeTest:
    """`script` is a file of the repository; `image` what runs it, '' for that of argocd-server."""

    script: str
    image: str = ""


def read_smoke_test(node: yaml.Node) -> tuple[SmokeTest | None, list[tuple[int, str]]]:
    """The script and its image; (line, message) of every mistake. With a mistake there is no test."""
    value = to_python(node)
    if isinstance(value, str):
        value = {"script": value}
    if not isinstance(value, dict):
        return None, [(first_line(node), _SHAPE)]
    problems = [
        (first_line(key_node), f"unknown key `{key}` in argocd.smokeTest")
        for key, key_node, _ in (items(node) if isinstance(node, yaml.MappingNode) else ())
        if key not in ("script", "image")
    ]
    script, image = value.get("script"), value.get("image", "")
    if not isinstance(script, str) or not script.strip() or not isinstance(image, str):
        return None, [*problems, (first_line(node), _SHAPE)]
    try:
        path = normalise(script.strip())
    except GitopsError:
        return None, [*problems, (first_line(node), f"`{script}` is no path in the repository")]
    return (None if problems else SmokeTest(path, image.strip())), problems
