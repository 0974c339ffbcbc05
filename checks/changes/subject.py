"""What a danger is looked for in: one manifest that comes, goes or changes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from checks.policy.file import Policy
from gitops.discovery.snapshot import Snapshot
from gitops.facts.changes.model import ApplicationChange, Difference, ResourceChange
from gitops.facts.secrets.pods import read_manifest
from gitops.resources.resource import ResourceId


@dataclass(frozen=True)
class Subject:
    """`before` and `after` are the manifests as they are rendered, empty where there is none. `child` is what changes
    of the Application that the object is, where it is one."""

    application: ApplicationChange
    change: ResourceChange
    base: Snapshot
    head: Snapshot
    policy: Policy
    difference: Difference
    child: ApplicationChange | None = None

    @property
    def id(self) -> ResourceId:
        return self.change.id.id

    @property
    def kind(self) -> tuple[str, str]:
        return (self.id.group, self.id.kind)

    @cached_property
    def before(self) -> dict[str, Any]:
        copy = self.change.before
        return read_manifest(copy.resource.text) if copy is not None else {}

    @cached_property
    def after(self) -> dict[str, Any]:
        copy = self.change.after
        return read_manifest(copy.resource.text) if copy is not None else {}
