"""Where a component's Helm chart is used, and with which values: by kustomizations, by Applications, by patches."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import yaml

from gitops.discovery.scan import Declared, Scan
from gitops.files.documents import child, read_documents
from gitops.files.tree import Tree
from gitops.versions.components import Component
from gitops.versions.pins.helm_values import Value, files_of_helm, values_in, values_of_helm, values_of_text
from gitops.versions.pins.kustomizations import charts_of_kustomization, charts_of_plugin
from gitops.versions.pins.manifests import Sources, declarations, sources_in
from gitops.versions.pins.text import Text


@dataclass(frozen=True, slots=True)
class Use:
    """One use of the chart. `files` are paths of this repository, in their order; `values` come after them. `below`
    is the name of the chart in the values of a chart around it."""

    values: tuple[Value, ...] = ()
    files: tuple[str, ...] = ()
    below: str = ""


def uses_in_kustomization(text: Text, component: Component) -> Iterator[Use]:
    """By `helmCharts`."""
    for item, chart in charts_of_kustomization(text, component):
        if chart is not None:
            yield _use(text, item)


def uses_in_plugin(text: Text, component: Component) -> Iterator[Use]:
    """By a `HelmChartInflationGenerator`; its files are found from where it stands."""
    for item, chart in charts_of_plugin(text, component):
        if chart is not None:
            yield _use(text, item)


def uses_in_manifests(
    text: Text, component: Component, sources: Sources, kind: str = "", name: str = ""
) -> Iterator[Use]:
    """By the sources of Applications and ApplicationSets that a file, or a patch of `kind` and `name`, holds."""
    for named, node in declarations(text, kind, name):
        if isinstance(node, yaml.SequenceNode):
            yield from _uses_in_operations(text, node, component, sources, named)
            continue
        for number, source in sources_in(node):
            url = _value(source, "repoURL")
            known = [(url, _value(source, "chart"))] if url else sources.get((*named, number), [])
            if any(component.chart(*where) is not None for where in known):
                helm = child(source, "helm")
                files = (_of_this_repository(file) for file in files_of_helm(helm))
                yield Use(tuple(values_of_helm(text, helm)), tuple(file for file in files if file))


def _uses_in_operations(
    text: Text, node: yaml.SequenceNode, component: Component, sources: Sources, named: tuple[str, str]
) -> Iterator[Use]:
    """By JSON 6902 operations on a source's `helm` block."""
    for operation in node.value:
        steps = [s.replace("~1", "/").replace("~0", "~") for s in _value(operation, "path").split("/")]
        value = child(operation, "value")
        if "helm" not in steps or value is None:
            continue
        at = steps.index("helm")
        number = int(steps[at - 1]) if steps[at - 1].isdigit() else 0
        if not any(component.chart(*where) is not None for where in sources.get((*named, number), [])):
            continue
        match steps[at + 1 :]:
            case []:
                yield Use(tuple(values_of_helm(text, value)))
            case ["values"] if isinstance(value, yaml.ScalarNode):
                yield Use(tuple(values_of_text(text.inside(value))))
            case ["valuesObject", *route]:
                given = values_in(text, value)
                yield Use(tuple(Value(".".join([*route, *filter(None, [v.name])]), v.text, v.node) for v in given))
            case ["parameters", _]:
                parameter, scalar = child(value, "name"), child(value, "value")
                if isinstance(parameter, yaml.ScalarNode) and isinstance(scalar, yaml.ScalarNode):
                    yield Use((Value(parameter.value, text, scalar),))


def uses_by_applications(tree: Tree, found: Scan, directory: str, below: str) -> Iterator[Use]:
    """By the Applications that render a chart of one's own in `directory`, with values of their own."""
    for path, declared in found.declared.items():
        for node in _nodes(tree, path, declared):
            for _, source in sources_in(node):
                if _joined("", _value(source, "path")) == directory:
                    text = Text.of_file(path, tree.read(tree.resolve(path)))
                    yield Use(tuple(values_of_helm(text, child(source, "helm"))), below=below)


def _nodes(tree: Tree, path: str, declared: Sequence[Declared]) -> list[yaml.Node]:
    """The documents of a file that declare something."""
    lines = {one.span.line for one in declared}
    return [one.node for one in read_documents(path, tree.read(tree.resolve(path))) if one.line in lines]


def users_of_values(tree: Tree, found: Scan) -> dict[str, list[str]]:
    """By values file: the kustomizations and the files with Applications that use it, whatever the chart."""
    users: dict[str, list[str]] = {}
    for file, kustomization in sorted(found.kustomizations.items()):
        listed = kustomization.fields.get("helmCharts")
        for item in listed if isinstance(listed, list) else ():
            for name in _files(item) if isinstance(item, dict) else ():
                users.setdefault(_joined(kustomization.directory, name), []).append(file)
    for file, declared in sorted(found.declared.items()):
        for name in {name for node in _nodes(tree, file, declared) for name in files_of_helm_in(node)}:
            users.setdefault(name, []).append(file)
    return {path: files for path, files in users.items() if path in tree}


def files_of_helm_in(node: yaml.Node) -> Iterator[str]:
    """Paths of this repository among the `valueFiles` of every source of a declaration."""
    for _, source in sources_in(node):
        for file in files_of_helm(child(source, "helm")):
            path = _of_this_repository(file) or _joined(_value(source, "path"), file)
            if path:
                yield path


def _files(item: dict[str, object]) -> Iterator[str]:
    more = item.get("additionalValuesFiles")
    for name in (item.get("valuesFile"), *(more if isinstance(more, list) else ())):
        if isinstance(name, str) and name:
            yield name


def _use(text: Text, item: yaml.Node) -> Use:
    more = child(item, "additionalValuesFiles")
    named = [_value(item, "valuesFile")]
    if isinstance(more, yaml.SequenceNode):
        named += [entry.value for entry in more.value if isinstance(entry, yaml.ScalarNode)]
    directory = text.path.rpartition("/")[0]
    files = tuple(path for name in named if name and (path := _joined(directory, name)))
    return Use(tuple(values_in(text, child(item, "valuesInline"))), files)


def _of_this_repository(file: str) -> str:
    """`$values/argocd/values.yaml` as a path; '' for a file of the chart. Which repository `$values` is, is not
    asked: a path that exists here counts."""
    return _joined("", file.partition("/")[2]) if file.startswith("$") else ""


def _joined(directory: str, name: str) -> str:
    path = posixpath.normpath(posixpath.join(directory, name))
    return "" if path.startswith(("..", "/")) else path


def _value(node: yaml.Node | None, key: str) -> str:
    found = child(node, key)
    return str(found.value) if isinstance(found, yaml.ScalarNode) else ""
