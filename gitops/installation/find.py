"""The installations of Argo CD in a commit: what Applications render, and files that no Application deploys."""

from __future__ import annotations

import posixpath
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from gitops.discovery.scan import chart_of
from gitops.discovery.set_aside.undeployed import by_itself
from gitops.discovery.snapshot import Owned, Snapshot, State
from gitops.facts.scopes import id_of, scopes_in
from gitops.facts.secrets.pods import POD_SPECS
from gitops.files.documents import Document, read_documents
from gitops.files.errors import GitopsError
from gitops.files.spans import Span
from gitops.files.tree import Tree
from gitops.installation.charted import charted
from gitops.installation.model import CONFIG_MAPS, Installation, Member, Process
from gitops.installation.processes import processes_of
from gitops.kustomize.closure import ParseMemo, load
from gitops.kustomize.kustomization import FILE_NAMES
from gitops.resources.manifests import identify, redact_secret, text_of
from gitops.resources.rendering import Rendered
from gitops.resources.resource import Resource, ResourceId

# Directories whose files nobody means to deploy; `by_itself` has those of tests and archives.
_SHOWN = frozenset({"example", "examples", "sample", "samples", "doc", "docs", "backup", "backups", "hack", "demo"})


@dataclass(frozen=True, slots=True)
class Loose:
    """A resource in a file that no Application renders. `composed` tells that a kustomization takes the file in, so
    that more may come to it; `reached` that an Application reads it and could not be rendered."""

    member: Member
    directory: str
    composed: bool
    reached: bool


def installations_of(snapshot: Snapshot) -> tuple[Installation, ...]:
    """Every installation: first those that are rendered, in the order of the Applications, then those in files. For
    `snapshot.once`."""
    found = {one.key: one for one in _rendered(snapshot)}
    for chart in charted(snapshot):
        there = found.get(chart.key)
        if there is None:
            found[chart.key] = chart
        elif not there.processes:  # ConfigMaps beside the chart
            members = (*there.members, *chart.members)
            found[chart.key] = replace(there, members=members, charted=chart.charted, chart=chart.chart)
    return (*found.values(), *_in_files(snapshot))


def _rendered(snapshot: Snapshot) -> Iterator[Installation]:
    places: dict[tuple[str, str, str], list[Process]] = {}
    for copy in snapshot.copies(having=_may_belong):
        member = member_of(snapshot, copy)
        runs = _may_run(copy.resource)
        processes = tuple(processes_of(member)) if runs else ()
        if processes or not runs:
            key = (copy.application.root, copy.application.destination.cluster, member.id.namespace)
            places.setdefault(key, []).extend(processes)
    if not places:
        return
    members: dict[tuple[str, str, str], list[Member]] = {key: [] for key in places}
    clusters = {(root, cluster) for root, cluster, _ in places}
    for copy in snapshot.copies():
        root, cluster = copy.application.root, copy.application.destination.cluster
        if (root, cluster) not in clusters:
            continue
        member = member_of(snapshot, copy)
        if (root, cluster, member.id.namespace) in members:
            members[root, cluster, member.id.namespace].append(member)
    scripts = {state.application.root for state in snapshot.states if not state.application.name}
    for (root, cluster, namespace), started in places.items():
        if root not in scripts or not (started and _goes_on(snapshot, places, scripts, cluster, namespace)):
            found = tuple(members[root, cluster, namespace])
            yield Installation(root, cluster, namespace, "", tuple(started), found, scripted=root in scripts)


def _goes_on(
    snapshot: Snapshot,
    places: Mapping[tuple[str, str, str], Sequence[Process]],
    scripts: Collection[str],
    cluster: str,
    namespace: str,
) -> bool:
    """Whether Applications bring, or may bring, what a script applies at first alone."""
    if any(
        root not in scripts and key == [cluster, namespace] and processes
        for (root, *key), processes in places.items()
    ):
        return True
    return any(
        state.application.name
        and (state.application.destination.cluster, state.application.destination.namespace) == (cluster, namespace)
        and not isinstance(state.rendering, Rendered)
        for state in snapshot.states
    )


def _may_belong(resource: Resource) -> bool:
    return _may_run(resource) or _configures(resource.id)


def _may_run(resource: Resource) -> bool:
    # The word stands in every program's name, so that few manifests have to be read.
    return (resource.id.group, resource.id.kind) in POD_SPECS and b"argocd" in resource.text


def _configures(rid: ResourceId) -> bool:
    return (rid.group, rid.kind) == ("", "ConfigMap") and rid.name in CONFIG_MAPS


def member_of(snapshot: Snapshot, copy: Owned) -> Member:
    """A rendered resource as a member."""
    return Member(id_of(snapshot, copy).id, copy)


def _in_files(snapshot: Snapshot) -> Iterator[Installation]:
    found: dict[tuple[str, str, bool], list[Loose]] = {}
    for loose in snapshot.once(loose_of):
        found.setdefault((loose.directory, loose.member.id.namespace, loose.reached), []).append(loose)
    for (directory, namespace, reached), group in found.items():
        processes = [
            # What a kustomization makes of it (another image, other arguments) cannot be told from the file.
            replace(process, version=None, official=False, certain=False) if loose.composed else process
            for loose in group
            for process in processes_of(loose.member)
        ]
        members = tuple(loose.member for loose in group)
        if processes or any(_configures(member.id) for member in members):
            yield Installation("", "", namespace, directory or ".", tuple(processes), members, reached)


def loose_of(snapshot: Snapshot) -> tuple[Loose, ...]:
    """Every resource in files that may hold a part of an installation and that no Application renders. For
    `snapshot.once`."""
    rendered, reached = snapshot.once(_read)
    kustomizations = _Kustomizations(snapshot.tree)
    found: list[Loose] = []
    for path in snapshot.installing:
        if path in rendered or is_set_aside(snapshot.tree, path):
            continue
        composed = path in reached or kustomizations.take(path)
        directory = path.rpartition("/")[0]
        for span, manifest in manifests_in(snapshot.tree, path):
            rid = identify(manifest)
            rid = rid.placed("", snapshot.once(scopes_in))
            found.append(Loose(Member(rid, read=manifest, place=span), directory, composed, path in reached))
    return tuple(found)


def _read(snapshot: Snapshot) -> tuple[frozenset[str], frozenset[str]]:
    """(files that are in renderings, files of Applications that could not be rendered)."""
    rendered: set[str] = set()
    reached: set[str] = set()
    for state in snapshot.states:
        whole = isinstance(state.rendering, Rendered) and not state.rendering.gaps
        into = rendered if whole else reached
        into.add(state.application.origin.span.path)
        for part in state.parts:
            if part.closure is not None:
                into |= part.closure.files
            rendered.update(each.path for each in part.resources if each.path is not None)
        if not whole:
            reached.update(_below(snapshot.tree, state))
    return frozenset(rendered), frozenset(reached - rendered)


def read_by_renderings(snapshot: Snapshot) -> frozenset[str]:
    """The files that Applications render. For `snapshot.once`."""
    return snapshot.once(_read)[0]


def _below(tree: Tree, state: State) -> Iterator[str]:
    for source in state.application.sources:
        if source.path and not source.helm:
            yield from tree.walk(source.path)


def is_set_aside(tree: Tree, path: str) -> bool:
    """Whether nobody means to apply a file by itself: examples, tests, archives, templates, kustomizations."""
    directories = path.lower().split("/")[:-1]
    if any(name.lstrip("_.") in _SHOWN for name in directories) or by_itself(path) is not None:
        return True
    return path.rpartition("/")[2] in FILE_NAMES or chart_of(tree, path) is not None


def manifests_in(tree: Tree, path: str) -> tuple[tuple[Span, dict[str, object]], ...]:
    """The manifests of a file with their places; nothing of one that is no YAML. Values of Secrets are left out."""
    try:
        return tree.once(_manifests, path)
    except (GitopsError, KeyError):
        return ()


def _manifests(path: str, data: bytes) -> tuple[tuple[Span, dict[str, object]], ...]:
    return tuple(
        (Span(path, document.line, document.end_line), manifest)
        for document in read_documents(path, data)
        for manifest in _members(document)
    )


def _members(document: Document) -> Iterator[dict[str, object]]:
    value = document.value()
    if not isinstance(value, dict):
        return
    listed = value.get("items") if text_of(value.get("kind")).endswith("List") else None
    for manifest in listed if isinstance(listed, list) else [value]:
        if isinstance(manifest, dict) and text_of(manifest.get("kind")) and text_of(manifest.get("apiVersion")):
            rid = identify(manifest)
            yield redact_secret(manifest, lambda _: "") if (rid.group, rid.kind) == ("", "Secret") else manifest


class _Kustomizations:
    """Whether kustomizations of a directory or of one above it take a file in."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self._memo: ParseMemo = {}
        self._targets: dict[str, frozenset[str]] = {}

    def take(self, path: str) -> bool:
        directory = path.rpartition("/")[0]
        while True:
            if path in self._named(directory):
                return True
            if not directory:
                return False
            directory = directory.rpartition("/")[0]

    def _named(self, directory: str) -> frozenset[str]:
        if directory not in self._targets:
            found: set[str] = set()
            for name in FILE_NAMES:
                file = posixpath.join(directory, name)
                if file in self._tree:
                    found |= self._references(file)
            self._targets[directory] = frozenset(found)
        return self._targets[directory]

    def _references(self, file: str) -> set[str]:
        try:
            kustomization = load(self._tree, file, self._memo)
        except GitopsError:
            return set()
        directory = kustomization.directory
        return {posixpath.normpath(posixpath.join(directory, each.value)) for each in kustomization.references}
