"""What clusters hold at this moment, as far as the rules need it: names only, never a value.

These are plain values without behaviour of their own, so that whatever reads clusters can fill them and every rule
can be tested without one. Namespaces and names are as the API server reports them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from gitops.resources.resource import ResourceId

EVERYWHERE = "*"

# Key names by (namespace, name); None when the object exists and its keys are not known.
Keys = Mapping[tuple[str, str], frozenset[str] | None]


@dataclass(frozen=True, slots=True)
class LiveApplication:
    """An Argo CD Application's status: `sync_status` (`Synced`, `OutOfSync`, `Unknown`), `health` (`Healthy`, ...),
    the resources that `status.resources` lists and the paths of its sources. All empty while only its name is known.
    """

    sync_status: str = ""
    health: str = ""
    resources: frozenset[ResourceId] = frozenset()
    paths: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class LiveCluster:
    """One cluster.

    `name` is its `Destination.cluster` word. `complete` holds the namespaces ("*" for all of them) of which of every
    Secret and ConfigMap that the commits refer to it is known whether it is there: only there does absence say
    something. `tracking` maps objects that exist to the value of their `argocd.argoproj.io/tracking-id` ('' without
    one), `labels` those with an `app.kubernetes.io/instance` label to its value; `absent` were asked for and do not
    exist. `applications` are the Applications that live in this cluster, by (namespace, name), every one of them with
    `all_applications`.
    `problems` say what could not be seen, one sentence each without a full stop; `unseen_holders` the same of the
    tracking ids, without which advice is more careful and no verdict another.
    """

    name: str
    secrets: Keys = field(default_factory=dict)
    config_maps: Keys = field(default_factory=dict)
    complete: frozenset[str] = frozenset()
    tracking: Mapping[ResourceId, str] = field(default_factory=dict)
    applications: Mapping[tuple[str, str], LiveApplication] = field(default_factory=dict)
    problems: tuple[str, ...] = ()
    unseen_holders: tuple[str, ...] = ()
    labels: Mapping[ResourceId, str] = field(default_factory=dict)
    absent: frozenset[ResourceId] = frozenset()
    all_applications: bool = False

    def is_complete(self, namespace: str) -> bool:
        """Whether a Secret or ConfigMap of `namespace` that is not here is not there either."""
        return EVERYWHERE in self.complete or namespace in self.complete


@dataclass(frozen=True, slots=True)
class Live:
    """Every cluster that could be asked, by its `Destination.cluster` word."""

    clusters: Mapping[str, LiveCluster] = field(default_factory=dict)
    problems: tuple[str, ...] = ()  # what could not be seen that belongs to no single cluster

    @property
    def all_problems(self) -> tuple[str, ...]:
        """What bears on verdicts."""
        return (*self.problems, *(p for cluster in self.clusters.values() for p in cluster.problems))

    @property
    def unseen(self) -> tuple[str, ...]:
        """Everything that could not be seen."""
        return (*self.all_problems, *(p for cluster in self.clusters.values() for p in cluster.unseen_holders))
