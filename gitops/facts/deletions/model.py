"""What a change does to what is in the clusters: one consequence for each object."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum, StrEnum
from functools import cached_property

from gitops.applications.application import Application
from gitops.discovery.snapshot import ApplicationKey, Owned, OwnedId
from gitops.facts.deletions.data import is_data_bearing, is_tracked
from gitops.resources.resource import ResourceId


class Verdict(StrEnum):
    """What becomes of an object. The values are what programs read."""

    APPLICATION_DELETED = "application-deleted"
    DELETED = "deleted"
    RECREATED = "recreated"  # deleted and made again, under the same name
    HANDED_OVER = "handed-over"  # another Application brings it now
    UNKNOWN = "unknown"  # it, or what an Application takes along, cannot be told
    BY_HAND = "by-hand"  # deleted when a person syncs with prune, or confirms
    STAYS = "stays"  # nobody brings it any more, and it is left alone
    SYNC_FAILS = "sync-fails"
    INEFFECTIVE = "ineffective"  # the change is taken and does nothing
    CHANGED = "changed"
    COMES = "comes"


class Why(Enum):
    """The rule behind a verdict: a clause about the object, and where argo-cd v3.5.1 says so."""

    PRUNED = (
        "is no longer in the manifests of its Application, which prunes by itself",
        "gitops-engine/pkg/sync/sync_context.go:1453-1458",
    )
    BY_HAND = (
        "is no longer in the manifests of its Application, which does not prune by itself",
        "controller/appcontroller.go:2332, :2352-2364",
    )
    WIPES_OUT = (
        "goes with everything else that it deploys, which Argo CD refuses by itself while `allowEmpty` is not set",
        "controller/appcontroller.go:2431-2442",
    )
    CONFIRM = (
        "waits until a person confirms it (`confirm` among the sync options)",
        "gitops-engine/pkg/sync/sync_context.go:1615-1625, controller/appcontroller.go:1363",
    )
    PRUNE_FALSE = ("`Prune=false` on the live object keeps it", "gitops-engine/pkg/sync/sync_context.go:333-343")
    DELETE_FALSE = (
        "`Delete=false` (or Helm's `resource-policy: keep`) keeps it when its Application is deleted",
        "controller/appcontroller.go:1252-1261",
    )
    UNTRACKED = (
        "carries no tracking id, so that Argo CD neither prunes it nor deletes it with its Application",
        "reposerver/repository/repository.go:1806, controller/appcontroller.go:1258",
    )
    OWNED = ("has ownerReferences, and such objects are never pruned", "gitops-engine/pkg/cache/cluster.go:1571")
    FORBIDDEN = (
        "is not permitted by the AppProject, and such objects are left alone",
        "controller/state.go:785, controller/appcontroller.go:1263",
    )
    SKIPPED = (
        "is passed over from now on (`argocd.argoproj.io/hook: Skip`), and left as it is",
        "gitops-engine/pkg/sync/hook/hook.go:23-36, gitops-engine/pkg/sync/reconcile.go",
    )
    HOOK_RECREATED = (
        "is run as a hook, which Argo CD deletes before each run and makes again",
        "gitops-engine/pkg/sync/sync_context.go:1702-1725",
    )
    HOOK_DONE = (
        "is run as a hook, which Argo CD deletes once it has run (`HookSucceeded`)",
        "gitops-engine/pkg/sync/sync_context.go:671",
    )
    MANAGED_NAMESPACE = ("is kept by `managedNamespaceMetadata`", "controller/state.go:604")
    CASCADE = ("goes with its Application, which has Argo CD's finalizer", "controller/appcontroller.go:1346-1401")
    ORPHANED = (
        "stays and belongs to nobody: its Application goes without the finalizer",
        "pkg/apis/application/v1alpha1/types.go:3575",
    )
    SET_DROPS = (
        "is no longer made by its ApplicationSet",
        "applicationset/controllers/applicationset_controller.go:351, :809-871",
    )
    SET_GONE = ("goes with its ApplicationSet", "applicationset/controllers/applicationset_controller.go:734")
    SET_KEEPS = (
        "lives on, and nobody updates it any more: `applicationsSync` lets its ApplicationSet delete nothing",
        "applicationset/controllers/applicationset_controller.go:351, applicationset_types.go:132",
    )
    SET_FREEZES = (
        "keeps its former source and destination: `applicationsSync` lets its ApplicationSet update nothing",
        "applicationset/controllers/applicationset_controller.go:330-345",
    )
    SET_ORPHANS = (
        "lives on and belongs to nobody: its ApplicationSet is deleted in a way that lets go of its Applications",
        "controller/sync.go:259-266, applicationset/controllers/applicationset_controller.go:134-160",
    )
    SET_REFUSED = (
        "lives on as before: its ApplicationSet is in error, and Argo CD then changes and deletes nothing of it",
        "applicationset/controllers/applicationset_controller.go:199-216",
    )
    SET_BLOCKED = (
        "lives on as before: its ApplicationSet fails at an Application of another one before it deletes anything",
        "applicationset/controllers/applicationset_controller.go:316-351, :734",
    )
    SET_RULED = (
        "lives on, and nobody updates it any more: the `--policy` of Argo CD's applicationset-controller lets "
        "ApplicationSets delete nothing",
        "applicationset/utils/policy.go:17-22",
    )
    SET_UNTOLD = (
        "may go: its ApplicationSet no longer makes it, and git does not tell whether Argo CD goes by the set's "
        "`applicationsSync`",
        "cmd/argocd-applicationset-controller/commands/applicationset_controller.go:302-303",
    )
    SET_UNKNOWN = ("may go: git alone does not tell what its ApplicationSet makes", "")
    FILES_CHANGED = ("lives on, and reads files that change here", "")
    NOBODY = ("is no longer declared, and nothing in this repository tells what applies it", "")
    FORMER_CLUSTER = (
        "stays in the former cluster and belongs to nobody there: Argo CD looks at one cluster only",
        "controller/state.go:777",
    )
    TAKEN_OVER = ("is brought by another Application now", "gitops-engine/pkg/sync/sync_context.go:1453")
    ADOPTED = (
        "is made by an ApplicationSet now",
        "applicationset/controllers/applicationset_controller.go:734",
    )
    NAMESPACE_GOES = ("lies in a Namespace that goes", "Kubernetes: deleting a Namespace deletes all objects in it")
    NOT_RENDERED = (
        "does not render: Argo CD changes and deletes nothing while that is so, and what goes once it renders cannot "
        "be told",
        "controller/state.go:696-712",
    )
    NOT_ANALYSED = ("cannot be analysed, so that what it deletes cannot be told", "")
    FOLLOWS = ("follows another revision from now on, so that what it deletes cannot be told", "")
    EMPTY = ("comes anew, and empty", "")
    AT_LAST = ("comes for the first time: its ApplicationSet was in error before", "")
    IMMUTABLE = ("cannot be changed in place, so that the sync fails", "Kubernetes: validation of updates")
    FORCED = (
        "cannot be changed in place, and is deleted and made again (`Force=true`)",
        "gitops-engine/pkg/utils/kube/resource_ops.go:596",
    )
    RECONCILED = (
        "cannot point at another role, and is deleted and made again",
        "gitops-engine/pkg/utils/kube/resource_ops.go (`kubectl auth reconcile`)",
    )
    NO_EFFECT = ("keeps the value that it has", "Kubernetes: pkg/registry/core/service/storage")
    ONE_OBJECT = (
        "is the same object under its new API group",
        "gitops-engine/pkg/sync/reconcile.go:30-63",
    )
    VERSION_GONE = ("is written in a version that its CustomResourceDefinition no longer serves", "")

    @property
    def text(self) -> str:
        return str(self.value[0])

    @property
    def source(self) -> str:
        return str(self.value[1])


@dataclass(frozen=True)
class Consequence:
    """What becomes of one object.

    `owner` is the Application that brings it before the change, `application` that one's name: '' for an Application
    that an ApplicationSet makes, which is `maker` then. `copy` is the manifest it has before the change (after it for
    what comes). `to` brings it from now on, and `already` did so before; `races` tells that whoever brought it may
    delete it before it is taken over, `owner_goes` that the owner is deleted itself, `late` that a protection comes
    with this very change, when the live object has none yet. `detail` completes the reason (of what is
    deleted: who brings it now below another root), `inside` counts what other Applications keep in a Namespace that
    goes, `subject` is the Application when the object is one. `unsure` tells that its Application has other parts now
    that cannot be analysed, which may bring it still.
    """

    id: OwnedId
    verdict: Verdict
    why: Why
    owner: Application | None = None
    copy: Owned | None = None
    maker: str = ""
    subject: Application | None = None
    to: Application | None = None
    already: bool = False
    races: bool = False
    owner_goes: bool = False
    late: bool = False
    detail: str = ""
    inside: int = 0
    unsure: bool = False

    @property
    def application(self) -> str:
        return self.owner.name if self.owner is not None else ""

    @property
    def key(self) -> ApplicationKey | None:
        return self.owner.key if self.owner is not None else None

    @property
    def carries_data(self) -> bool:
        rid = self.id.id
        return is_data_bearing(rid.group, rid.kind)

    @property
    def cost(self) -> tuple[int, int, OwnedId]:
        """What is worst comes first."""
        return (_VERDICTS.index(self.verdict), rank(self.id.id), self.id)


_VERDICTS = list(Verdict)
_FIRST = (("argoproj.io", "ApplicationSet"), ("argoproj.io", "Application"), ("", "Namespace"))
_THEN = (("", "PersistentVolumeClaim"), ("", "PersistentVolume"))


def rank(rid: ResourceId) -> int:
    """How much goes with an object: the less, the higher."""
    kind = (rid.group, rid.kind)
    if kind in _FIRST:
        return _FIRST.index(kind)
    if kind in _THEN:
        return len(_FIRST) + _THEN.index(kind)
    return len(_FIRST) + len(_THEN) + (not is_data_bearing(*kind) or not is_tracked(*kind))


@dataclass(frozen=True)
class Consequences:
    """All of them, the worst first."""

    all: tuple[Consequence, ...] = ()

    @classmethod
    def of(cls, found: Iterable[Consequence]) -> Consequences:
        return cls(tuple(sorted(found, key=lambda one: one.cost)))

    def having(self, *verdicts: Verdict) -> tuple[Consequence, ...]:
        return tuple(one for one in self.all if one.verdict in verdicts)

    @cached_property
    def goes(self) -> tuple[Consequence, ...]:
        """What Argo CD deletes by itself once the change is merged."""
        return self.having(Verdict.APPLICATION_DELETED, Verdict.DELETED, Verdict.RECREATED)

    @cached_property
    def moved(self) -> tuple[Consequence, ...]:
        return self.having(Verdict.HANDED_OVER)

    def __bool__(self) -> bool:
        """Whether there is anything to say about what is there already."""
        return any(one.verdict not in (Verdict.COMES, Verdict.CHANGED) for one in self.all)
