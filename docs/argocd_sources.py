"""What one tag of Argo CD knows, read from its sources.

- Flags: docs/operator-manual/server-commands of the tag, and those that cmd/ registers (deprecated ones are hidden
  from the pages and taken all the same). Programs without a page (`argocd-notifications`, `argocd-cmp-server`,
  `argocd-commit-server`) keep those flags of the column before that shared packages register.
- Variables: names `ARGOCD_...` that stand as text in a package which the program's command imports, at any depth,
  and those that the manifests hand on and that end with such a text. That is more than it reads, so a name that is
  missing is certainly read by none of it.
- Keys of argocd-cmd-params-cm: docs/operator-manual/argocd-cmd-params-cm.yaml, and what the manifests hand on.
- Metrics: `argocd_...` texts. CRDs: their length as JSON, the fields of their schemas.
"""

from __future__ import annotations

import io
import json
import re
import subprocess
import tarfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

_PROGRAMS = {
    "argocd-application-controller": "argocd-application-controller",
    "argocd-applicationset-controller": "argocd-applicationset-controller",
    "argocd-cmp-server": "argocd-cmp-server",
    "argocd-commit-server": "argocd-commit-server",
    "argocd-dex": "argocd-dex",
    "argocd-notifications": "argocd-notification",
    "argocd-repo-server": "argocd-repo-server",
    "argocd-server": "argocd-server",
}
_WORKLOADS = {"argocd-notifications-controller": "argocd-notifications", "argocd-dex-server": "argocd-dex"}
_OPTION = re.compile(r"^ {2,6}(?:-(\w), )?--([a-z0-9][a-z0-9-]*)(?: ([a-zA-Z]+))? {2,}", re.MULTILINE)
_REGISTERED = re.compile(
    r"Flags\(\)\.(Bool|Int|Int64|String|Duration|StringSlice|StringArray|Float64|StringToString)(?:Var)?P?\(\s*"
    r"(?:&[\w.\[\]]+,\s*)?\"([a-z0-9-]+)\"(?:[^\n]*?env\.\w+\(\s*\"([A-Z0-9_]+)\")?"
)
_KINDS = {"StringSlice": "strings", "Float64": "float", "Int64": "int"}
_IMPORT = re.compile(r'"github\.com/argoproj/argo-cd/v\d+/([^"]+)"')
_VARIABLE = re.compile(r'"([A-Z][A-Z0-9]*_[A-Z0-9_]+)"')
_METRIC = re.compile(r'"(argocd_[a-z0-9_]+)"')
OURS = "ARGOCD_"
_WITHOUT_PAGE = frozenset({"argocd-notifications", "argocd-cmp-server", "argocd-commit-server"})
_CRDS = ("application", "applicationset", "appproject")


@dataclass
class Program:
    """Its flags (name -> type, variable, letter) and the variables that it may read."""

    flags: dict[str, dict[str, str]] = field(default_factory=dict)
    env: set[str] = field(default_factory=set)


@dataclass
class Column:
    """`params` has, by key, (workload, variable) of each container that is handed it."""

    components: dict[str, Program]
    params: dict[str, list[tuple[str, str]]]
    metrics: set[str]
    crd_bytes: dict[str, int]

    def flags_of(self, component: str) -> set[str]:
        return set(self.components[component].flags) if component in self.components else set()


def program_of(workload: str) -> str:
    """The program that a workload of the manifests starts."""
    return _WORKLOADS.get(workload, workload)


def column_of(checkout: str, tag: str, before: Mapping[str, Any]) -> Column:
    """What a tag has. `before` is the data so far."""
    packages, params = _packages(checkout, tag), _params(checkout, tag)
    components: dict[str, Program] = {}
    for component, directory in _PROGRAMS.items():
        own = f"cmd/{directory}/commands"
        if own not in packages:
            continue
        program = components[component] = Program()
        registered = {name: (kind, env) for kind, name, env in _REGISTERED.findall(packages[own].text)}
        page = _show(checkout, tag, f"docs/operator-manual/server-commands/{component}.md")
        for letter, name, kind in _OPTION.findall(page):
            told = {"type": kind or "bool"} | ({"short": letter} if letter else {})
            program.flags[name] = told
        if component in _WITHOUT_PAGE:
            program.flags |= _carried(before, component, tag)
        for name, (kind, env) in registered.items():
            told = program.flags.setdefault(name, {"type": _KINDS.get(kind, kind.lower())})
            if env:
                told["env"] = env
        if component == "argocd-dex":
            for sub in ("rundex", "gendexcfg"):
                text = _show(checkout, tag, f"docs/operator-manual/server-commands/argocd-dex_{sub}.md")
                for letter, name, kind in _OPTION.findall(text):
                    program.flags.setdefault(name, {"type": kind or "bool"} | ({"short": letter} if letter else {}))
        texts = {name for package in _reached(packages, own) for name in packages[package].variables}
        program.env = {name for name in texts if name.startswith(OURS)}
        # Some names are put together: of a prefix for the program and a text that several of them share.
        ends = tuple(f"_{text}" for text in texts if not text.startswith(OURS))
        wired = {name for wires in params.values() for workload, name in wires if program_of(workload) == component}
        known = set(before["components"].get(component, {}).get("env", {})) | wired
        program.env |= {name for name in known if name.startswith(OURS) and name.endswith(ends)}
    _share(components, before, tag)
    metrics = {name for package in packages.values() for name in package.metrics}
    return Column(components, params, metrics, dict(_crds(checkout, tag)))


def _share(components: Mapping[str, Program], before: Mapping[str, Any], tag: str) -> None:
    """A flag that is new in some page may be registered by a package that programs without a page share: they are
    taken to have it, since one flag too many only makes a rule silent."""
    for component, program in components.items():
        if component in _WITHOUT_PAGE:
            for other, theirs in components.items():
                if other == "argocd-dex":
                    continue  # its sub-commands register their own
                had = _carried(before, other, tag)
                for name, told in theirs.flags.items():
                    if name not in had and "env" not in told:
                        program.flags.setdefault(name, dict(told))


def _carried(before: Mapping[str, Any], component: str, tag: str) -> dict[str, dict[str, str]]:
    """The flags of the column before, for a program without a page."""
    minors = before["minors"]
    place = minors.index(".".join(tag[1:].split(".")[:2]))
    known = before["components"].get(component, {}).get("flags", {})
    return {
        name: {key: told[key] for key in ("type", "short") if isinstance(told.get(key), str)}
        for name, told in known.items()
        if minors.index(told["since"].removeprefix("<=")) < place and "last" not in told
    }


@dataclass
class _Package:
    text: str = ""
    imports: set[str] = field(default_factory=set)
    variables: set[str] = field(default_factory=set)
    metrics: set[str] = field(default_factory=set)


def _packages(checkout: str, tag: str) -> dict[str, _Package]:
    """Every package of the tag by its directory; tests are left out."""
    command = ["git", "-C", checkout, "archive", "--format=tar", tag, "--", ":(glob)**/*.go"]
    archive = subprocess.run(command, check=True, capture_output=True).stdout
    packages: dict[str, _Package] = {}
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        for member in tar:
            file = tar.extractfile(member) if member.isfile() else None
            if file is None or member.name.endswith("_test.go") or "/testdata/" in member.name:
                continue
            text = file.read().decode("utf-8", "replace")
            package = packages.setdefault(member.name.rpartition("/")[0], _Package())
            package.imports.update(_IMPORT.findall(text))
            package.variables.update(_VARIABLE.findall(text))
            package.metrics.update(_METRIC.findall(text))
            if member.name.startswith("cmd/"):
                package.text += text
    return packages


def _reached(packages: Mapping[str, _Package], start: str) -> set[str]:
    seen, queue = {start}, [start]
    while queue:
        fresh = {one for one in packages[queue.pop()].imports if one in packages} - seen
        seen |= fresh
        queue.extend(fresh)
    return seen


def _params(checkout: str, tag: str) -> dict[str, list[tuple[str, str]]]:
    found: dict[str, list[tuple[str, str]]] = {}
    documented = yaml.safe_load(_show(checkout, tag, "docs/operator-manual/argocd-cmd-params-cm.yaml") or "{}")
    for key in documented.get("data") or {}:
        found.setdefault(str(key), [])
    for workload, container in _containers(_show(checkout, tag, "manifests/namespace-install.yaml")):
        for variable in container.get("env") or ():
            reference = (variable.get("valueFrom") or {}).get("configMapKeyRef") or {}
            if reference.get("name") == "argocd-cmd-params-cm":
                wires = found.setdefault(reference["key"], [])
                if (workload, variable["name"]) not in wires:
                    wires.append((workload, variable["name"]))
    return found


def _containers(text: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for document in yaml.load_all(text, Loader=yaml.CSafeLoader):
        if document and document.get("kind") in ("Deployment", "StatefulSet"):
            for container in document["spec"]["template"]["spec"]["containers"]:
                yield document["metadata"]["name"], container


def _crds(checkout: str, tag: str) -> Iterator[tuple[str, int]]:
    for name in _CRDS:
        text = _show(checkout, tag, f"manifests/crds/{name}-crd.yaml")
        if text:
            whole = json.dumps(yaml.load(text, Loader=yaml.CSafeLoader), separators=(",", ":"), ensure_ascii=False)
            yield f"{name}s.argoproj.io", len(whole.encode())


def crd_fields(checkout: str, tag: str) -> dict[str, frozenset[str]]:
    """The fields that the CRDs of a tag have, by the CRD's name; those of lists without their places."""
    found: dict[str, frozenset[str]] = {}
    for name in _CRDS:
        value = yaml.load(_show(checkout, tag, f"manifests/crds/{name}-crd.yaml") or "{}", Loader=yaml.CSafeLoader)
        versions = ((value or {}).get("spec") or {}).get("versions") or []
        if versions:
            found[f"{name}s.argoproj.io"] = frozenset(_fields(versions[0]["schema"]["openAPIV3Schema"], ""))
    return found


def _fields(schema: Mapping[str, Any], above: str) -> Iterator[str]:
    for name, inner in (schema.get("properties") or {}).items():
        yield above + name
        yield from _fields(inner, f"{above}{name}.")
    for key in ("items", "additionalProperties"):
        if isinstance(schema.get(key), dict):
            yield from _fields(schema[key], above)


def _show(checkout: str, tag: str, path: str) -> str:
    """A file of the tag, '' where there is none."""
    shown = subprocess.run(
        ["git", "-C", checkout, "show", f"{tag}:{path}"], capture_output=True, text=True, check=False
    )
    return shown.stdout if shown.returncode == 0 else ""
