"""`helm template` as Argo CD calls it, for machines on which helm renders charts in the place of the engine.

Source of the rules: argo-cd, `template` (util/helm/cmd.go) and helmTemplate (reposerver/repository/repository.go).
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from gitops.charts.environment import substitute
from gitops.files.collected import GLOB
from gitops.files.documents import read_documents
from gitops.files.errors import GitopsError
from gitops.files.tree import Tree, normalise
from gitops.resources.requests import HelmRequest

Answer = Mapping[str, Any]  # as the engine gives it (engine/internal/protocol, Answer)

_SOURCE = re.compile(r"^---\n# Source: (\S+)\n", re.MULTILINE)
_MISSING = re.compile(r"found in Chart\.yaml, but missing in charts/ directory: (.+)")
_UNESCAPED = re.compile(r"(?<!\\),")
# Functions that give something else at each rendering (sprig), for which a second rendering is worth its cost.
_RANDOM = re.compile(
    rb"\b(?:rand\w+|shuffle|uuidv4|gen\w+|htpasswd|bcrypt|encryptAES|now|ago|date\w*|htmlDate\w*|keys|values)\b"
)


class NotFound(Exception):
    """Something that the Application names cannot be given to helm; `error` is told like the engine's."""

    def __init__(self, code: str, message: str, entry: str = "", urls: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.error = {"code": code, "message": message, "entry": entry, "urls": list(urls)}


def arguments(tree: Tree, asks: HelmRequest, repository: str, values: str) -> list[str]:
    """The words behind `helm`. `repository` is where the files lie, `values` a file with `values_of`. Raises
    `NotFound`."""
    environment = dict(asks.environment)
    words = ["template", posixpath.join(repository, asks.chart), "--name-template", asks.release_name]
    if asks.namespace:
        words += ["--namespace", asks.namespace]
    if asks.kube_version:
        words += ["--kube-version", asks.kube_version]
    for one in asks.parameters:
        flag = "--set-string" if one.forced else "--set"
        words += [flag, f"{one.name}={_clean(substitute(one.value, environment))}"]
    for index, (name, path) in enumerate(asks.file_parameters):
        found = _resolved(tree, asks, path, environment, f"fileParameters[{index}]")
        words += ["--set-file", f"{name}={_clean(posixpath.join(repository, found))}"]
    for path in _value_files(tree, asks, environment):
        words += ["--values", posixpath.join(repository, path)]
    if values_of(asks):
        words += ["--values", values]
    for version in asks.api_versions:
        words += ["--api-versions", version]
    flags = {"--include-crds": not asks.skip_crds, "--skip-schema-validation": asks.skip_schema}
    flags["--skip-tests"] = asks.skip_tests
    return [*words, *(flag for flag, on in flags.items() if on)]


def values_of(asks: HelmRequest) -> str:
    """`valuesObject`, which is put in the place of `values`; JSON is YAML."""
    return asks.values_object or asks.values


def _clean(value: str) -> str:
    """Commas would begin another parameter, except in a list (`cleanSetParameters`)."""
    return value if value.startswith("{") and value.endswith("}") else _UNESCAPED.sub(r"\\,", value)


def _value_files(tree: Tree, asks: HelmRequest, environment: Mapping[str, str]) -> list[str]:
    """Values files in their order: one that is listed plainly leaves the patterns, and counts at its first place."""
    plain: dict[str, None] = {}
    listed: list[tuple[str, bool]] = []
    for index, raw in enumerate(asks.value_files):
        entry = f"valueFiles[{index}]"
        path = _path(tree, asks, raw, environment, entry)
        if GLOB.search(path):
            expression = re.compile(_expression(path), re.DOTALL)
            fixed = GLOB.split(path, maxsplit=1)[0].rpartition("/")[0]
            matched = sorted(file for file in tree.walk(fixed) if expression.fullmatch(file))
            if not matched and not asks.ignore_missing:
                raise NotFound("not-found", f"no file matches {path}", entry)
            listed += [(file, True) for file in matched]
        elif _is_file(tree, path):
            plain[path] = None
            listed.append((path, False))
        elif not asks.ignore_missing:
            raise NotFound("not-found", f"open {path}: no such file or directory", entry)
    return list(dict.fromkeys(path for path, by_pattern in listed if not by_pattern or path not in plain))


def _resolved(tree: Tree, asks: HelmRequest, raw: str, environment: Mapping[str, str], entry: str) -> str:
    path = _path(tree, asks, raw, environment, entry)
    if not _is_file(tree, path):
        raise NotFound("not-found", f"open {path}: no such file or directory", entry)
    return path


def _path(tree: Tree, asks: HelmRequest, raw: str, environment: Mapping[str, str], entry: str) -> str:
    refs = dict(asks.refs)
    first, _, rest = raw.partition("/")
    if first.startswith("$") and asks.several and first not in refs:
        raise NotFound("failed", f"{first} is the ref of no source", entry)
    name = "/" + posixpath.join(refs[first], substitute(rest, environment)) if first in refs else ""
    name = name or substitute(raw, environment)
    if "://" in name:
        raise NotFound("needs-url", f"{name} is not in the repository", entry, [name])
    try:
        return normalise(name.lstrip("/") if name.startswith("/") else posixpath.join(asks.chart, name))
    except GitopsError as error:
        raise NotFound("escapes", str(error), entry) from None


def _is_file(tree: Tree, path: str) -> bool:
    try:
        return tree.resolve(path) in tree
    except GitopsError:
        return False


def _expression(pattern: str) -> str:
    """doublestar's pattern as a regular expression: `**` crosses directories."""
    made = ""
    for part in re.findall(r"\*\*/?|\*|\?|\[[^\]]*\]|\{[^{}]*\}|\\.|.", pattern, re.DOTALL):
        if part.startswith("**"):
            made += "(?:.*/)?" if part.endswith("/") else ".*"
        elif part in "*?":
            made += "[^/]*" if part == "*" else "[^/]"
        elif part.startswith("[") and len(part) > 2:
            made += "[" + part[1:].replace("!", "^", 1) if part[1] == "!" else part
        elif part.startswith("{") and len(part) > 1:
            made += f"(?:{'|'.join(_expression(each) for each in part[1:-1].split(','))})"
        else:
            made += re.escape(part[-1])
    return made


def read_printed(tree: Tree, asks: HelmRequest, printed: str) -> Answer:
    """What helm printed, as the engine would answer it. Raises `MalformedYaml`."""
    resources: list[dict[str, Any]] = []
    pieces = _SOURCE.split(printed if printed.startswith("---\n") else f"---\n{printed}")
    for source, text in zip(pieces[1::2], pieces[2::2], strict=True):
        chart, _, template = source.partition("/")
        path = posixpath.join(asks.chart, template)
        for document in read_documents(source, text.encode("utf-8", "surrogateescape")):
            value = document.value()
            for manifest in _items(value) if isinstance(value, dict) and value else ():
                origin = {"path": path if path in tree else None, "chart": chart, "template": template}
                resources.append({"object": manifest, "origin": origin})
    return {"resources": resources}


def _items(value: dict[str, Any]) -> list[Any]:
    """A manifest, or the items of a list (kube.SplitYAML, gitops-engine)."""
    listed = value.get("items")
    return listed if str(value.get("kind", "")).endswith("List") and isinstance(listed, list) else [value]


def is_random(texts: Iterator[bytes]) -> bool:
    """Whether a chart may render something else each time."""
    return any(_RANDOM.search(text) for text in texts)


def with_unstable(first: Answer, second: Answer) -> Answer:
    """The first of two renderings, with what the second does not agree on."""
    ours, theirs = first["resources"], second["resources"]
    if len(ours) != len(theirs):
        return {**first, "unstable": [{"resource": -1}]}
    found = [
        {"resource": index, "path": path}
        for index, (one, other) in enumerate(zip(ours, theirs, strict=True))
        for path in _differences("", one["object"], other["object"])
    ]
    return {**first, "unstable": found}


def _differences(at: str, one: Any, other: Any) -> Iterator[str]:
    if isinstance(one, dict) and isinstance(other, dict):
        for key in sorted({*one, *other}, key=str):
            step = str(key).replace("~", "~0").replace("/", "~1")
            yield from _differences(f"{at}/{step}", one.get(key), other.get(key))
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for index, (left, right) in enumerate(zip(one, other, strict=True)):
            yield from _differences(f"{at}/{index}", left, right)
    elif one != other:
        yield at


def failure(tree: Tree, asks: HelmRequest, said: str, repository: str) -> Answer:
    """What helm wrote to stderr, as the engine would answer it."""
    text = said.replace(f"{repository}/", "").strip()
    text = "\n".join(line for line in text.splitlines() if line and not line.startswith(("Use --debug", "level=")))
    text = text.removeprefix("Error: ")
    if (match := _MISSING.search(text)) is not None:
        versions = dict(_dependencies(tree, asks.chart))
        charts = [{"name": name, "version": versions.get(name, "")} for name in match[1].replace(",", " ").split()]
        return {"error": {"code": "needs-chart", "message": text, "charts": charts}}
    return {"error": {"code": "failed", "message": text}}


def _dependencies(tree: Tree, chart: str) -> Iterator[tuple[str, str]]:
    """Name and version of what a chart depends on."""
    path = posixpath.join(chart, "Chart.yaml")
    try:
        documents = read_documents(path, tree.read(tree.resolve(path)))
    except GitopsError:
        return
    value = documents[0].value() if documents else None
    listed = value.get("dependencies") if isinstance(value, dict) else None
    for each in listed if isinstance(listed, list) else ():
        if isinstance(each, dict):
            yield str(each.get("name")), str(each.get("version", ""))
