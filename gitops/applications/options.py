"""What Argo CD takes for an option of a sync or a comparison, a hook, a wave: each word that it compares with.

Sources (argo-cd): gitops-engine/pkg/sync/common/types.go; controller/sync.go (SyncAppState) for what only a whole
Application can say; gitops-engine/pkg/sync/sync_context.go for what an object can; controller/state.go
(CompareAppState) for comparisons; controller/hook.go; gitops-engine/pkg/sync/syncwaves/waves.go. All of them compare
whole words, case and all, and pass over what they do not know.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping

PREFIX = "argocd.argoproj.io/"
SYNC_OPTIONS = f"{PREFIX}sync-options"
COMPARE_OPTIONS = f"{PREFIX}compare-options"
SYNC_WAVE = f"{PREFIX}sync-wave"
HOOK = f"{PREFIX}hook"
HOOK_DELETE_POLICY = f"{PREFIX}hook-delete-policy"
# By which live objects name their Application: an annotation, and the label of older installations.
TRACKING = f"{PREFIX}tracking-id"
INSTANCE = "app.kubernetes.io/instance"
RESPECTS_IGNORED = "RespectIgnoreDifferences=true"  # syncs keep the live value of what `ignoreDifferences` names

_BOOLEAN = ("true", "false")
_KEEPS = ("false", "confirm", "true")
# Of an Application, in `syncPolicy.syncOptions`.
OF_APPLICATIONS: Mapping[str, tuple[str, ...]] = {
    "ApplyOutOfSyncOnly": _BOOLEAN,
    "ClientSideApplyMigration": _BOOLEAN,
    "CreateNamespace": _BOOLEAN,
    "Delete": _KEEPS,
    "FailOnSharedResource": _BOOLEAN,
    "Prune": _KEEPS,
    "PruneLast": _BOOLEAN,
    "PrunePropagationPolicy": ("background", "foreground", "orphan"),
    "Replace": _BOOLEAN,
    "RespectIgnoreDifferences": _BOOLEAN,
    "ServerSideApply": _BOOLEAN,
    "SkipDryRunOnMissingResource": _BOOLEAN,
    "Validate": _BOOLEAN,
}
# Of a single object, in its annotation.
OF_RESOURCES: Mapping[str, tuple[str, ...]] = {
    "Delete": _KEEPS,
    "Force": _BOOLEAN,
    "Prune": _KEEPS,
    "PruneLast": _BOOLEAN,
    "Replace": _BOOLEAN,
    "ServerSideApply": _BOOLEAN,
    "SkipDryRunOnMissingResource": _BOOLEAN,
    "Validate": _BOOLEAN,
}
# How something is compared, in an annotation: `IgnoreExtraneous` of any object, the others of an Application.
COMPARISONS = ("IgnoreExtraneous",)
COMPARISONS_OF_APPLICATIONS = ("ServerSideDiff=true", "ServerSideDiff=false", "IncludeMutationWebhook=true")
OF_COMPARISONS = ("IgnoreExtraneous", "ServerSideDiff", "IncludeMutationWebhook")

HOOKS = ("PreSync", "Sync", "PostSync", "SyncFail", "Skip", "PreDelete", "PostDelete")
HOOK_DELETE_POLICIES = ("HookSucceeded", "HookFailed", "BeforeHookCreation")

ANNOTATIONS = (
    SYNC_OPTIONS,
    COMPARE_OPTIONS,
    SYNC_WAVE,
    HOOK,
    HOOK_DELETE_POLICY,
    f"{PREFIX}hook-finalizer",
    f"{PREFIX}ignore-healthcheck",
    f"{PREFIX}ignore-restart-policy",
    f"{PREFIX}ignore-default-links",
    f"{PREFIX}ignore-resource-updates",
    f"{PREFIX}manifest-generate-paths",
    f"{PREFIX}refresh",
    f"{PREFIX}hydrate",
    f"{PREFIX}skip-reconcile",
    TRACKING,
    f"{PREFIX}installation-id",
    f"{PREFIX}deletion-approved",
    f"{PREFIX}managed-by",
    f"{PREFIX}client-side-apply-migration-manager",
    f"{PREFIX}application-set-refresh",
)
_NUMBER = re.compile(r"[+-]?[0-9]+")


def is_wave(text: str) -> bool:
    """Whether Go's strconv.Atoi reads it."""
    return _NUMBER.fullmatch(text) is not None and abs(int(text)) < 2**63


def words_of(text: str) -> list[str]:
    """The words of an annotation (gitops-engine/pkg/sync/resource/annotations.go, GetAnnotationCSVs)."""
    return list(dict.fromkeys(word for part in text.split(",") if (word := part.strip())))


def meant(word: str, known: Iterable[str]) -> str:
    """The known word that is spelt almost like this one; '' when none is."""
    by_lower = {each.lower(): each for each in known}
    alike = difflib.get_close_matches(word.lower(), by_lower, 1, 0.75)
    return by_lower[alike[0]] if alike else ""
