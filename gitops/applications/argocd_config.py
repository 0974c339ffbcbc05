"""What files of the repository say about Argo CD itself: which resources it leaves alone, which clusters it knows.

Sources: argo-cd, util/settings/resources_filter.go and filtered_resource.go (`resource.exclusions` and
`resource.inclusions` of argocd-cm; the operator's ArgoCD has `resourceExclusions` and `resourceInclusions`),
manifests/base/config/argocd-cm.yaml (the defaults since 3.0, the same up to 3.5), and
docs/operator-manual/declarative-setup.md (cluster Secrets).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, MutableMapping
from dataclasses import dataclass, field, replace
from typing import Any

from gitops.applications.clusters import CREDENTIALS, KnownCluster, clusters_in
from gitops.applications.directory import glob_matches
from gitops.applications.plugins import DefinedPlugin, plugins_in
from gitops.files.documents import read_documents
from gitops.files.errors import GitopsError, MalformedYaml
from gitops.files.spans import Span
from gitops.files.tree import Tree
from gitops.resources.manifests import text_of

# Bits of `gitops.discovery.scan.ScanMemo`, beside its own: the blob tells something, or names a version of Argo CD.
TELLS, RUNS_2, RUNS_3 = 16, 32, 64
TELLING = TELLS | RUNS_2 | RUNS_3
INSTALLS = 128  # it may hold a part of Argo CD's own installation

_MARKS = (b"resource.exclusions", b"resource.inclusions", b"resourceExclusions", b"resourceInclusions")
_CREDENTIALS = CREDENTIALS.encode()
_PLUGINS = (b"ConfigManagementPlugin", b"configManagementPlugins", b"cmp:")
_CLUSTER_SECRET = re.compile(rb"argocd\.argoproj\.io/secret-type[\"']?\s*:\s*[\"']?cluster\b")
_VERSION = re.compile(
    rb"argoproj/argocd:v?([0-9]+)\.|argoproj/argocd[\"']?\s*\n\s*newTag:\s*[\"']?v?([0-9]+)\.|"
    rb"argoproj/argo-cd[^\s\"']*(?:ref=|/)v([0-9]+)\.[0-9]+"
)
_KEYS = {
    "resource.exclusions": "exclusions",
    "resourceExclusions": "exclusions",
    "resource.inclusions": "inclusions",
    "resourceInclusions": "inclusions",
}
# Programs, ConfigMaps and metrics of Argo CD's own; most files of a repository only name its namespace.
_INSTALLS = re.compile(
    rb"argoproj/argocd|argocd_[a-z]|"
    rb"argocd-(?:server|repo-server|application-controller|applicationset-controller|notifications|dex|commit-server|"
    rb"cmd-params-cm|cm|rbac-cm|redis|metrics)(?![A-Za-z0-9])"
)
GLOBAL_PROJECTS = b"globalProjects"  # of argocd-cm, also in values of a chart and in kustomizations that make it
_DEFINES = b"kind: CustomResourceDefinition"
# As controller-gen and kubectl print definitions; read by line, since their schemas take a parser seconds.
_DEFINITION = (
    re.compile(rb"^  group: [\"']?([a-z0-9.-]+)[\"']?[ \t\r]*$", re.MULTILINE),
    re.compile(rb"^    kind: [\"']?([A-Za-z]\w*)[\"']?[ \t\r]*$", re.MULTILINE),
    re.compile(rb"^  scope: [\"']?(Cluster|Namespaced)[\"']?[ \t\r]*$", re.MULTILINE),
)
_MOST_BYTES = 4 * 1024 * 1024  # bundles that hold an argocd-cm have about two


@dataclass(frozen=True, slots=True)
class Pattern:
    """One entry of a filter. An empty list matches everything; groups and clusters are globs, kinds are not."""

    groups: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    clusters: tuple[str, ...] = ()

    def matches(self, group: str, kind: str, server: str | None) -> bool:
        """`server` is None where only the cluster's name is known: then only what fits every cluster fits."""
        of_group = not self.groups or any(glob_matches(pattern, group) for pattern in self.groups)
        of_kind = not self.kinds or "*" in self.kinds or kind in self.kinds
        return of_group and of_kind and self.in_cluster(server)

    def in_cluster(self, server: str | None) -> bool:
        if not self.clusters or "*" in self.clusters:
            return True
        return server is not None and any(glob_matches(pattern, server) for pattern in self.clusters)


@dataclass(frozen=True, slots=True)
class Filter:
    """The filters of one argocd-cm, as one file writes them."""

    exclusions: tuple[Pattern, ...] = ()
    inclusions: tuple[Pattern, ...] = ()

    def excludes(self, group: str, kind: str, server: str | None) -> bool:
        """As `ResourcesFilter.IsExcludedResource`."""
        if any(pattern.matches(group, kind, server) for pattern in self.exclusions):
            return True
        if any(pattern.matches(group, kind, server) for pattern in self.inclusions):
            return False
        return any(pattern.in_cluster(server) for pattern in self.inclusions)


# Argo CD never applies these, whatever argocd-cm says (`coreExcludedResources`).
CORE = Filter(
    (
        Pattern(("events.k8s.io", "metrics.k8s.io")),
        Pattern(("",), ("Event",)),
        Pattern(("coordination.k8s.io",), ("Lease",)),
    )
)
# What argocd-cm of Argo CD 3 excludes when nobody says otherwise.
OF_3 = Filter(
    (
        Pattern(("", "discovery.k8s.io"), ("Endpoints", "EndpointSlice")),
        Pattern(
            ("authentication.k8s.io", "authorization.k8s.io"),
            (
                "SelfSubjectReview",
                "TokenReview",
                "LocalSubjectAccessReview",
                "SelfSubjectAccessReview",
                "SelfSubjectRulesReview",
                "SubjectAccessReview",
            ),
        ),
        Pattern(("certificates.k8s.io",), ("CertificateSigningRequest",)),
        Pattern(("cert-manager.io",), ("CertificateRequest",)),
        Pattern(("cilium.io",), ("CiliumIdentity", "CiliumEndpoint", "CiliumEndpointSlice")),
        Pattern(
            ("kyverno.io", "reports.kyverno.io", "wgpolicyk8s.io"),
            (
                "PolicyReport",
                "ClusterPolicyReport",
                "EphemeralReport",
                "ClusterEphemeralReport",
                "AdmissionReport",
                "ClusterAdmissionReport",
                "BackgroundScanReport",
                "ClusterBackgroundScanReport",
                "UpdateRequest",
            ),
        ),
    )
)


@dataclass(frozen=True, slots=True)
class Defined:
    """A custom resource that a file defines, whether or not an Application brings it."""

    group: str
    kind: str
    namespaced: bool


Each = Filter | KnownCluster | DefinedPlugin | Defined
Told = tuple[Each, ...]
ToldMemo = MutableMapping[str, Told]


@dataclass(frozen=True, slots=True)
class ArgoCdConfig:
    """Everything that the files of a tree say. `filters` has one entry for each file that sets any; `clusters` are
    told whole, of `hidden` ones name or URL stand elsewhere; `scopes` maps (group, kind) to "is namespaced" where all
    definitions agree; `plugins` are definitions of config management plugins."""

    filters: tuple[Filter, ...] = ()
    clusters: tuple[KnownCluster, ...] = ()
    hidden: tuple[KnownCluster, ...] = ()
    plugins: tuple[DefinedPlugin, ...] = ()
    scopes: Mapping[tuple[str, str], bool] = field(default_factory=dict)

    def excludes(self, group: str, kind: str, server: str | None) -> bool:
        """Whether Argo CD leaves such a resource alone. Which argocd-cm an Application's Argo CD has is not known
        where several files hold one: only what all of them exclude counts."""
        if CORE.excludes(group, kind, server):
            return True
        return bool(self.filters) and all(each.excludes(group, kind, server) for each in self.filters)


def bits_of(data: bytes) -> int:
    """What a blob can tell, in bits."""
    bits = 0
    telling = any(mark in data for mark in (*_MARKS, *_PLUGINS, _CREDENTIALS))
    if telling or _CLUSTER_SECRET.search(data) or _DEFINES in data:
        bits = TELLS
    if (b"argocd" in data and _INSTALLS.search(data)) or GLOBAL_PROJECTS in data:
        bits |= INSTALLS
    if b"argoproj/argo" in data:
        for match in _VERSION.finditer(data):
            bits |= RUNS_2 if (match[1] or match[2] or match[3]) == b"2" else RUNS_3
    return bits


def read_config(tree: Tree, telling: Iterable[tuple[str, int]], memo: ToldMemo) -> ArgoCdConfig:
    """What the tree's files tell. `telling` are those that may tell something, with what `bits_of` gives for them.

    Never raises for what the repository holds.
    """
    told: list[Each] = []
    versions = 0
    for path, bits in telling:
        versions |= bits & (RUNS_2 | RUNS_3)
        entry = tree.entry(tree.resolve(path))
        if bits & TELLS and entry is not None:
            found = memo.get(entry.oid)
            if found is None:
                found = memo[entry.oid] = _read(tree, path)
            told.extend(_placed(each, path) for each in found)
    filters = [each for each in told if isinstance(each, Filter)]
    if not filters and versions == RUNS_3:
        filters = [OF_3]
    clusters = list(dict.fromkeys(each for each in told if isinstance(each, KnownCluster)))
    scopes: dict[tuple[str, str], set[bool]] = {}
    for each in told:
        if isinstance(each, Defined):
            scopes.setdefault((each.group, each.kind), set()).add(each.namespaced)
    agreed = {key: found.pop() for key, found in scopes.items() if len(found) == 1}
    named = tuple(each for each in clusters if not each.hidden)
    hidden = tuple(each for each in clusters if each.hidden)
    plugins = tuple(dict.fromkeys(each for each in told if isinstance(each, DefinedPlugin)))
    return ArgoCdConfig(tuple(filters), named, hidden, plugins, agreed)


def _placed(told: Each, path: str) -> Each:
    if not isinstance(told, KnownCluster) or told.place is None:
        return told
    return replace(told, place=replace(told.place, path=path))


def _read(tree: Tree, path: str) -> Told:
    try:
        data = tree.read(tree.resolve(path))
    except GitopsError:
        return ()
    if len(data) > _MOST_BYTES:
        return ()
    found: list[Each] = []
    # A whole installation in one file takes a YAML parser seconds, and the few documents that matter no time.
    line = 0
    for text in re.split(rb"^---(?=[ \t\r\n])", data, flags=re.MULTILINE):
        before, line = line, line + text.count(b"\n")
        if _DEFINES in text:
            group, kind, scope = (pattern.search(text) for pattern in _DEFINITION)
            if group and kind and scope:
                found.append(Defined(group[1].decode(), kind[1].decode(), scope[1] == b"Namespaced"))
        elif bits_of(text) & TELLS:
            try:
                for document in read_documents(path, text):
                    at = Span(path, before + document.line, before + document.end_line)
                    found.extend(
                        replace(each, place=at) if isinstance(each, KnownCluster) else each
                        for each in _told(document.value())
                    )
            except MalformedYaml:
                continue
    return tuple(found)


def _told(value: Any) -> Iterator[Filter | KnownCluster | DefinedPlugin]:
    stack: list[tuple[Any, int]] = [(value, 0)]
    while stack:
        here, depth = stack.pop()
        if depth > 40:
            continue
        if isinstance(here, Mapping):
            written = {name: here[key] for key, name in _KEYS.items() if key in here}
            if written:
                yield Filter(**{name: tuple(_patterns(text)) for name, text in written.items()})
            yield from clusters_in(here)
            yield from plugins_in(here)
            plugins = here.get("configManagementPlugins")
            if isinstance(plugins, str):
                stack.extend((value, depth + 10) for value in _inside(plugins))
            stack.extend((inner, depth + 1) for inner in here.values())
        elif isinstance(here, list):
            stack.extend((inner, depth + 1) for inner in here)
        elif isinstance(here, str) and "\n" in here and bits_of(here.encode("utf-8", "surrogateescape")) & TELLS:
            # A patch, or a chart's values, written as a text.
            stack.extend((value, depth + 10) for value in _inside(here))


def _inside(text: str) -> list[Any]:
    try:
        return [document.value() for document in read_documents("text", text.encode("utf-8", "surrogateescape"))]
    except MalformedYaml:
        return []


def _patterns(text: Any) -> Iterator[Pattern]:
    if isinstance(text, str):
        try:
            documents = read_documents("filter", text.encode("utf-8", "surrogateescape"))
        except MalformedYaml:
            return
        text = documents[0].value() if documents else []
    for entry in text if isinstance(text, list) else ():
        if isinstance(entry, Mapping):
            yield Pattern(*(_texts(entry.get(name)) for name in ("apiGroups", "kinds", "clusters")))


def _texts(value: Any) -> tuple[str, ...]:
    return tuple(text_of(item) for item in value) if isinstance(value, list) else ()
