"""Argo CD as one namespace of one cluster has it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from packaging.version import Version

from gitops.applications.application import Application
from gitops.discovery.snapshot import ApplicationKey, Owned
from gitops.files.spans import Span
from gitops.resources.resource import ResourceId
from gitops.versions.pins.images import ImageReference

PARAMS = "argocd-cmd-params-cm"
CONFIG_MAPS = frozenset({PARAMS, "argocd-cm", "argocd-rbac-cm", "argocd-notifications-cm"})


@dataclass(frozen=True, eq=False)
class Member:
    """One resource: rendered (`owned`), or as it stands in a file that no Application deploys. `id` is what it is in
    its cluster, `brought` the Application whose values say what is `read`."""

    id: ResourceId
    owned: Owned | None = field(default=None, repr=False)
    read: Mapping[str, Any] | None = field(default=None, repr=False)
    place: Span | None = None
    brought: Application | None = None

    @cached_property
    def written(self) -> Span:
        """The place of its document."""
        return self.place or (self.owned.origin.span if self.owned is not None else Span("", 1, 1))

    @cached_property
    def manifest(self) -> Mapping[str, Any]:
        if self.read is not None:
            return self.read
        return self.owned.resource.manifest() if self.owned is not None else {}

    @property
    def application(self) -> str:
        """The label of the Application that brings it, '' for a file."""
        application = self.owned.application if self.owned is not None else self.brought
        return application.label if application is not None else ""

    @property
    def owner(self) -> ApplicationKey | None:
        application = self.owned.application if self.owned is not None else self.brought
        return application.key if application is not None else None


@dataclass(frozen=True, slots=True)
class Variable:
    """One entry of `env`: its `value` (None where it is taken from elsewhere), or the key of a ConfigMap."""

    name: str
    value: str | None
    config_map: str = ""
    key: str = ""


@dataclass(frozen=True, eq=False, slots=True)
class Process:
    """A container that starts a program of Argo CD's.

    `component` is the program (`argocd-server`), whatever the container is called; `words` are its arguments. They
    are `certain` where no shell makes something else of them. `version` is the image's (None where its tag tells
    none), `official` that the image is upstream's very build. `program` is the word that names it, as it is written;
    `through_command` tells that `command` names it, and not `args`.
    """

    member: Member
    container: str
    initial: bool
    component: str
    program: str
    words: tuple[str, ...]
    certain: bool
    image: ImageReference
    version: Version | None
    official: bool
    variables: Mapping[str, Variable]
    sources: tuple[str, ...]
    manifest: Mapping[str, Any] = field(repr=False)
    through_command: bool = False

    @property
    def workload(self) -> str:
        """For people: `Deployment argocd/argocd-server`."""
        return str(self.member.id)

    @property
    def route(self) -> tuple[str, ...]:
        """What tells it from others, whatever becomes of its lines."""
        rid = self.member.id
        return (rid.kind, rid.namespace, rid.name, self.container)


@dataclass(frozen=True, eq=False)
class Installation:
    """All that is in git of the namespace in which Argo CD runs.

    `root` is the root that brings it; of what stands in files only `directory` holds them, and `reached` tells that
    an Application reads them and could not be rendered; `scripted` that a script applies it, and no Application does.
    Of a chart that is not rendered there are no processes, `charted` is the version that it brings, `chart` that of
    the chart as written, and its members are what values say.
    `processes` are its programs (none where only its ConfigMaps
    are in git), `members` every resource of the namespace.
    """

    root: str
    cluster: str
    namespace: str
    directory: str
    processes: tuple[Process, ...]
    members: tuple[Member, ...] = field(repr=False)
    reached: bool = False
    scripted: bool = False
    charted: Version | None = None
    chart: str = ""

    @property
    def deployed(self) -> bool:
        """Whether an Application or a script of the repository brings it."""
        return not self.directory or self.reached

    @property
    def key(self) -> tuple[str, ...]:
        return (self.root, self.cluster, self.namespace, self.directory)

    @cached_property
    def owners(self) -> frozenset[ApplicationKey]:
        """The Applications that bring its processes."""
        return frozenset(one.member.owner for one in self.processes if one.member.owner is not None)

    def of(self, component: str) -> tuple[Process, ...]:
        """Its processes of a component, those of init containers left out."""
        return tuple(one for one in self.processes if one.component == component and not one.initial)

    def named(self, kind: str, name: str) -> tuple[Member, ...]:
        """Its resources of a kind (of whatever group) and name."""
        return tuple(one for one in self.members if one.id.kind == kind and one.id.name == name)

    def of_kind(self, *kinds: str) -> tuple[Member, ...]:
        return tuple(one for one in self.members if one.id.kind in kinds)

    @cached_property
    def versions(self) -> tuple[Version, ...]:
        """The different versions of its processes, lowest first."""
        found = {one.version for one in self.processes if one.version is not None and not one.initial}
        return tuple(sorted(found))

    @property
    def version(self) -> Version | None:
        """The version, where it is one."""
        return self.versions[0] if len(self.versions) == 1 else None

    @property
    def told_version(self) -> Version | None:
        """The same, and that of a chart which is not rendered."""
        return self.version or (self.charted if not self.processes else None)

    @cached_property
    def params(self) -> tuple[Member, ...]:
        """The ConfigMaps argocd-cmd-params-cm that are in git."""
        return self.named("ConfigMap", PARAMS)


def data_of(member: Member) -> Mapping[str, Any]:
    """The `data` of a ConfigMap."""
    data = member.manifest.get("data")
    return data if isinstance(data, dict) else {}
