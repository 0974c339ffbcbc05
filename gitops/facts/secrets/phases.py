"""When Argo CD applies a manifest, as far as Secrets and those who need them care.

Sources: gitops-engine, pkg/sync/hook/hook.go (`Types`, `Skip`: a manifest that is `Skip` and nothing else is never
applied; Helm's hooks count where Argo CD's annotation names none), pkg/sync/hook/helm/type.go (only install and
upgrade hooks have a phase), pkg/sync/sync_context.go (a phase begins when the one before is healthy; hooks with
`HookSucceeded` are deleted when the whole sync has succeeded); argo-cd, controller/hook.go (PreDelete, PostDelete).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache

from gitops.facts.secrets.pods import at, mapping, read_manifest
from gitops.resources.manifests import text_of
from gitops.resources.resource import Resource

_HOOK, _HELM_HOOK = "argocd.argoproj.io/hook", "helm.sh/hook"
_POLICIES = ("argocd.argoproj.io/hook-delete-policy", "helm.sh/hook-delete-policy")


class Phase(IntEnum):
    """The phases of a sync, in order; then what runs on occasion only, and what never does."""

    PRE_SYNC = 1
    SYNC = 2
    POST_SYNC = 3
    SYNC_FAIL = 4
    DELETION = 5
    NEVER = 6


_PHASES: Mapping[str, Phase] = {
    "PreSync": Phase.PRE_SYNC,
    "Sync": Phase.SYNC,
    "PostSync": Phase.POST_SYNC,
    "SyncFail": Phase.SYNC_FAIL,
    "PreDelete": Phase.DELETION,
    "PostDelete": Phase.DELETION,
    "Skip": Phase.NEVER,
}
_HELM_PHASES: Mapping[str, Phase] = {
    "pre-install": Phase.PRE_SYNC,
    "pre-upgrade": Phase.PRE_SYNC,
    "post-install": Phase.POST_SYNC,
    "post-upgrade": Phase.POST_SYNC,
}
_LATE: Mapping[Phase, str] = {
    Phase.POST_SYNC: "is a PostSync hook, which is applied only when everything of the Sync phase is healthy",
    Phase.SYNC_FAIL: "is a SyncFail hook, which is applied only when a sync fails",
    Phase.DELETION: "is a deletion hook, which is applied only when the Application is deleted",
    Phase.NEVER: "is a hook that Argo CD never applies",
}
# What Argo CD waits for before the next phase begins; a CronJob, say, is healthy whatever its pods do.
_HOLDS_UP = frozenset(
    {"Pod", "Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job", "Rollout", "ReplicationController"}
)


@dataclass(frozen=True, slots=True)
class Moment:
    """When a manifest is applied first. `hook`: it is run, not owned; `brief`: it is deleted again once the sync has
    succeeded; `holds_up`: later phases wait until it is healthy."""

    phase: Phase = Phase.SYNC
    hook: bool = False
    brief: bool = False
    holds_up: bool = False


SYNC = Moment()


def moment_of(resource: Resource) -> Moment:
    """The moment of a rendered manifest."""
    holds_up = resource.id.kind in _HOLDS_UP
    return _hook(resource.text, holds_up) if resource.hook else Moment(holds_up=holds_up)


@lru_cache(maxsize=1024)
def _hook(text: bytes, holds_up: bool) -> Moment:
    annotations = mapping(at(read_manifest(text), ("metadata", "annotations")))
    phases = [_PHASES[word] for word in _words(annotations, _HOOK) if word in _PHASES]
    if not phases:
        phases = [_HELM_PHASES[word] for word in _words(annotations, _HELM_HOOK) if word in _HELM_PHASES]
    policies = {word.replace("-", "").lower() for name in _POLICIES for word in _words(annotations, name)}
    return Moment(min(phases, default=Phase.NEVER), True, "hooksucceeded" in policies, holds_up)


def _words(annotations: Mapping[str, object], name: str) -> list[str]:
    return [word.strip() for word in text_of(annotations.get(name)).split(",") if word.strip()]


def absence(provider: Moment, consumer: Moment, *, same_application: bool = False) -> str:
    """Why what `provider` brings is not there for `consumer`: a clause about the provider; '' when it is there.

    The hooks of another Application run without waiting for this one."""
    if provider.phase is Phase.NEVER:
        return _LATE[Phase.NEVER]
    if provider.phase > Phase.POST_SYNC:
        return "" if same_application and provider.phase is consumer.phase else _LATE[provider.phase]
    if provider.brief and not (same_application and consumer.hook):
        return "is a hook that is deleted again when the sync has succeeded (`HookSucceeded`)"
    waits = same_application and consumer.holds_up and consumer.phase < Phase.POST_SYNC
    return _LATE[Phase.POST_SYNC] if provider.phase is Phase.POST_SYNC and waits else ""
