"""The repository's configuration, `.github/argofix.yaml`, always read from the default branch.

Whatever is wrong in it is reported with its line, and the default is used in its place: a broken configuration must
neither stop the checks nor switch them off.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from typing import Any

import yaml

from checks.policy.bumps import VersionPolicy
from checks.policy.certificates import NOTHING_SAID, Certificates, read_certificates
from checks.policy.clusters import DeclaredCluster, read_clusters
from checks.policy.dashboard import NOT_SAID, Dashboard, read_checklist, read_dashboard
from checks.policy.misnamed import misnamed
from checks.policy.nodes import Node, read_nodes
from checks.policy.reader import read_versions
from checks.policy.smoke_test import SmokeTest, read_smoke_test
from checks.policy.sources import read_exclude, read_plugins
from gitops.files.documents import first_line, items, read_documents, to_python
from gitops.files.errors import GitopsError, MalformedYaml
from gitops.files.tree import Tree, normalise
from gitops.resources.rendering import BuildOptions
from gitops.resources.resource import ResourceId
from gitops.versions.components import ARGO_CD

PATH = ".github/argofix.yaml"


@dataclass(frozen=True, slots=True)
class Keep:
    """Resources matching `pattern` belong to the Application `application`."""

    pattern: str
    application: str
    line: int


@dataclass(frozen=True, slots=True)
class Preferred:
    """Somebody who asked for a fix wants `application` to keep what it shares with `over` (None: with anyone)."""

    application: str
    over: str | None = None


@dataclass(frozen=True, slots=True)
class Ignore:
    """Findings of `rule` about resources matching `resource` are known and accepted for `reason`."""

    rule: str
    resource: str
    reason: str
    line: int


_KUBERNETES = re.compile(r"v?1\.\d{1,3}(\.\d{1,3})?([-+][\w.+-]{1,40})?")


@dataclass(frozen=True, slots=True)
class Declared:
    """A Secret (or ConfigMap) that exists outside git, as `secrets.provided` says.

    Written `NAME`, `NAMESPACE/NAME` (each a shell pattern) with `#key1,key2` behind it when its keys are to be
    checked too, and with `ConfigMap/` in front for a ConfigMap (`Secret/` is implied). `keys` is None without `#`.
    """

    kind: str
    namespace: str
    name: str
    keys: frozenset[str] | None
    line: int

    def matches(self, kind: str, namespace: str, name: str) -> bool:
        return kind == self.kind and fnmatchcase(namespace, self.namespace) and fnmatchcase(name, self.name)


@dataclass(frozen=True, slots=True)
class PolicyProblem:
    """One mistake in the configuration, on this 1-based line of `path`."""

    line: int
    message: str
    path: str = PATH


@dataclass(frozen=True, slots=True)
class Policy:
    """Parsed configuration; every field has a default that changes nothing."""

    instances: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    keep: tuple[Keep, ...] = ()
    ignore: tuple[Ignore, ...] = ()
    build_options: BuildOptions | None = None
    secrets_provided: tuple[Declared, ...] | None = None  # None: the configuration does not say
    argocd_overlay: str | None = None
    smoke_test: SmokeTest | None = None  # what tells whether a version of Argo CD works on staging
    nodes: tuple[Node, ...] = ()  # those of Argo CD's own cluster; empty: the configuration does not say
    aliases: tuple[str, ...] | None = None  # other names of this repository; None: the configuration does not say
    exclude: tuple[str, ...] = ()  # files that nobody deploys, in patterns of `gitops.discovery.set_aside.exclusions`
    plugins: tuple[tuple[str, str], ...] = ()  # config management plugins and what they render with
    kubernetes: str = ""  # version of the clusters, for charts that ask
    versions: Mapping[str, VersionPolicy] = field(default_factory=dict)
    not_analysed_passes: bool = False  # a change that takes away what it is judged by passes all the same
    clusters: tuple[DeclaredCluster, ...] = ()
    dashboard: Dashboard = NOT_SAID
    certificates: Certificates = NOTHING_SAID
    not_wanted: Mapping[str, str] = field(default_factory=dict)  # items of the checklist, and why
    deletions_allowed: tuple[str, ...] = ()  # patterns of resources that a merge may delete unseen
    problems: tuple[PolicyProblem, ...] = ()
    preferred: tuple[Preferred, ...] = ()  # of one run, not of the file; comes before `keep`

    def instance_of(self, root: str, application: str) -> str | None:
        """The Argo CD instance that the configuration puts an Application (or its whole root) into."""
        for name, members in self.instances.items():
            if any(fnmatchcase(application, member) or fnmatchcase(root, member) for member in members):
                return name
        return None

    def declares_all(self, kind: str) -> bool:
        """Whether the configuration lists what of this kind comes from outside git: a list is a whole list, so what
        is neither on it nor in git does not exist. ConfigMaps are listed once any of them is."""
        listed = self.secrets_provided
        return listed is not None and (kind == "Secret" or any(entry.kind == kind for entry in listed))

    def preferred_of(self, owners: Collection[str]) -> str | None:
        """The Application that is to keep what these own, as asked for in this run."""
        return next(
            (
                p.application
                for p in self.preferred
                if p.application in owners and (p.over is None or p.over in owners)
            ),
            None,
        )

    def overlay_of(self, followed: VersionPolicy) -> str | None:
        """The directory in which a component is bumped, None when the configuration does not say."""
        return followed.overlay or (self.argocd_overlay if followed.component.name == ARGO_CD.name else None)

    def keeper_of(self, resource: ResourceId) -> Keep | None:
        return next((keep for keep in self.keep if matches(keep.pattern, resource)), None)


def matches(pattern: str, resource: ResourceId) -> bool:
    """Whether KIND/NAME or KIND/NAMESPACE/NAME (each part a shell pattern) names the resource.

    KIND may carry its group, as in `NetworkPolicy.networking.k8s.io/web/*`.
    """
    parts = pattern.split("/")
    kind, _, group = parts[0].partition(".")
    if not fnmatchcase(resource.kind, kind) or (group and not fnmatchcase(resource.group, group)):
        return False
    if len(parts) == 1:
        return True
    if len(parts) == 2:
        return fnmatchcase(resource.name, parts[1])
    return len(parts) == 3 and fnmatchcase(resource.namespace, parts[1]) and fnmatchcase(resource.name, parts[2])


def _declared(text: str, line: int) -> Declared | None:
    path, hash_, listed = text.partition("#")
    parts = [part.strip() for part in path.split("/")]
    kind = parts.pop(0) if len(parts) > 1 and parts[0] in ("Secret", "ConfigMap") else "Secret"
    keys = frozenset(key.strip() for key in listed.split(",") if key.strip())
    if len(parts) > 2 or not all(parts) or (hash_ and not keys):
        return None
    return Declared(kind, parts[0] if len(parts) == 2 else "*", parts[-1], keys if hash_ else None, line)


def parse_policy(data: bytes | None) -> Policy:
    """The policy in `data`; the default one for None. Never raises."""
    if data is None:
        return Policy()
    try:
        documents = read_documents(PATH, data)
    except MalformedYaml as error:
        return Policy(problems=(PolicyProblem(max(error.line, 1), str(error)),))
    if not documents:
        return Policy()
    return _Reader().read(documents[0].node)


def read_policy(tree: Tree) -> Policy:
    """`.github/argofix.yaml` of a tree; a symlink out or a huge file counts as a mistake, not as absent.

    Judge only by that of the default branch: a pull request must not change what it is judged by.
    """
    passed_over = tuple(
        PolicyProblem(1, f"`{path}` is not read: the configuration is `{PATH}`, so rename it", path)
        for path in misnamed(tree, PATH)
    )
    if PATH not in tree:
        return Policy(problems=passed_over)
    try:
        policy = parse_policy(tree.read(tree.resolve(PATH)))
    except (GitopsError, KeyError) as error:
        policy = Policy(problems=(PolicyProblem(1, f"it cannot be read: {error}"),))
    return replace(policy, problems=(*passed_over, *policy.problems))


class _Reader:
    def __init__(self) -> None:
        self.problems: list[PolicyProblem] = []
        self.values: dict[str, Any] = {}

    def read(self, node: yaml.Node) -> Policy:
        self._mapping(
            node,
            "the configuration",
            {
                "instances": self._instances,
                "ownership": lambda n: self._mapping(n, "ownership", {"keep": self._keep}),
                "kustomize": lambda n: self._mapping(n, "kustomize", {"buildOptions": self._build_options}),
                "ignore": self._ignore,
                "secrets": lambda n: self._mapping(n, "secrets", {"provided": self._provided}),
                "argocd": lambda n: self._mapping(n, "argocd", self._of_argocd),
                "versions": self._taken("versions", read_versions),
                "clusters": self._taken("clusters", read_clusters),
                "dashboard": self._taken("dashboard", read_dashboard),
                "certificates": self._taken("certificates", read_certificates),
                "checklist": self._taken("not_wanted", read_checklist),
                "gate": lambda n: self._mapping(n, "gate", {"not-analysed": self._not_analysed}),
                "repositories": lambda n: self._mapping(n, "repositories", {"aliases": self._aliases}),
                "exclude": self._taken("exclude", read_exclude),
                "plugins": self._taken("plugins", read_plugins),
                "changes": lambda n: self._mapping(n, "changes", {"allow": self._changes_allow}),
                "kubernetes": lambda n: self._mapping(n, "kubernetes", {"version": self._kubernetes}),
            },
        )
        return Policy(**self.values, problems=tuple(self.problems))

    @property
    def _of_argocd(self) -> dict[str, Callable[[yaml.Node], None]]:
        test = self._taken("smoke_test", read_smoke_test)
        return {"overlay": self._overlay, "nodes": self._taken("nodes", read_nodes), "smokeTest": test}

    def _problem(self, node: yaml.Node, message: str) -> None:
        self.problems.append(PolicyProblem(first_line(node), message))

    def _mapping(self, node: yaml.Node, name: str, fields: Mapping[str, Callable[[yaml.Node], None]]) -> None:
        if not isinstance(node, yaml.MappingNode):
            self._problem(node, f"{name} must be a mapping with {', '.join(f'`{f}`' for f in fields)}")
            return
        for key, key_node, value in items(node):
            reader = fields.get(key)
            if reader is None:
                near = difflib.get_close_matches(key, fields, 1)
                hint = f"; did you mean `{near[0]}`?" if near else ""
                self._problem(key_node, f"unknown key `{key}` in {name}{hint}")
            else:
                reader(value)

    def _strings(self, node: yaml.Node, name: str) -> tuple[str, ...]:
        if not isinstance(node, yaml.SequenceNode):
            self._problem(node, f"`{name}` must be a list of names")
            return ()
        found: list[str] = []
        for item in node.value:
            if isinstance(item, yaml.ScalarNode) and item.value:
                found.append(item.value)
            else:
                self._problem(item, f"`{name}` must hold names only")
        return tuple(found)

    def _string(self, node: yaml.Node, name: str) -> str | None:
        value = to_python(node)
        if isinstance(value, str) and value:
            return value
        self._problem(node, f"`{name}` must be a text")
        return None

    def _changes_allow(self, node: yaml.Node) -> None:
        self.values["deletions_allowed"] = self._strings(node, "changes.allow")

    def _instances(self, node: yaml.Node) -> None:
        if not isinstance(node, yaml.MappingNode):
            self._problem(node, "`instances` must map a name to a list of roots or Applications")
            return
        self.values["instances"] = {key: self._strings(value, f"instances.{key}") for key, _, value in items(node)}

    def _keep(self, node: yaml.Node) -> None:
        if not isinstance(node, yaml.MappingNode):
            self._problem(node, "`ownership.keep` must map resource patterns to Application names")
            return
        keeps: list[Keep] = []
        for pattern, key_node, value in items(node):
            application = self._string(value, f"ownership.keep.{pattern}")
            if application is not None:
                keeps.append(Keep(pattern, application, first_line(key_node)))
        self.values["keep"] = tuple(keeps)

    def _build_options(self, node: yaml.Node) -> None:
        text = self._string(node, "kustomize.buildOptions")
        if text is not None:
            self.values["build_options"] = BuildOptions.parse(text)

    def _ignore(self, node: yaml.Node) -> None:
        if not isinstance(node, yaml.SequenceNode):
            self._problem(node, "`ignore` must be a list of {rule, resource, reason}")
            return
        ignores: list[Ignore] = []
        for item in node.value:
            value = to_python(item)
            if not isinstance(value, dict):
                self._problem(item, "each `ignore` entry must have `rule`, `resource` and `reason`")
                continue
            texts = {key: value.get(key) for key in ("rule", "resource", "reason")}
            missing = [key for key, text in texts.items() if not isinstance(text, str) or not text.strip()]
            unknown = [key for key in value if key not in texts]
            if missing:
                self._problem(item, f"this `ignore` entry lacks {', '.join(f'`{key}`' for key in missing)}")
            elif unknown:
                self._problem(item, f"unknown key `{unknown[0]}` in an `ignore` entry")
            else:
                ignores.append(
                    Ignore(str(texts["rule"]), str(texts["resource"]), str(texts["reason"]), first_line(item))
                )
        self.values["ignore"] = tuple(ignores)

    def _provided(self, node: yaml.Node) -> None:
        if not isinstance(node, yaml.SequenceNode):
            self._problem(
                node, "`secrets.provided` must be a list of NAME, NAMESPACE/NAME or NAMESPACE/NAME#key1,key2"
            )
            return
        declared: list[Declared] = []
        for item in node.value:
            entry = _declared(item.value, first_line(item)) if isinstance(item, yaml.ScalarNode) else None
            if entry is not None:
                declared.append(entry)
            else:
                self._problem(
                    item, "a `secrets.provided` entry must be NAME, NAMESPACE/NAME or NAMESPACE/NAME#key1,key2"
                )
        self.values["secrets_provided"] = tuple(declared)

    def _overlay(self, node: yaml.Node) -> None:
        text = self._string(node, "argocd.overlay")
        try:
            self.values["argocd_overlay"] = normalise(text) if text is not None else None
        except GitopsError as error:
            self._problem(node, f"`argocd.overlay` must be a directory of this repository: {error}")

    def _not_analysed(self, node: yaml.Node) -> None:
        value = to_python(node)
        if value in ("pass", "fail"):
            self.values["not_analysed_passes"] = value == "pass"
        else:
            self._problem(node, "`gate.not-analysed` must be `fail` (the default) or `pass`")

    def _aliases(self, node: yaml.Node) -> None:
        self.values["aliases"] = self._strings(node, "repositories.aliases")

    def _kubernetes(self, node: yaml.Node) -> None:
        value = node.value if isinstance(node, yaml.ScalarNode) else ""
        if _KUBERNETES.fullmatch(value):
            self.values["kubernetes"] = value
        else:
            self._problem(node, "`kubernetes.version` must be a version of Kubernetes such as `1.33`")

    def _taken(
        self, field: str, read: Callable[[yaml.Node], tuple[Any, list[tuple[int, str]]]]
    ) -> Callable[[yaml.Node], None]:
        """Reads a key by a function that gives the value and (line, message) of what is wrong."""

        def reader(node: yaml.Node) -> None:
            self.values[field], problems = read(node)
            self.problems.extend(PolicyProblem(line, message) for line, message in problems)

        return reader
