"""What a manifest says about its own deletion.

Source: gitops-engine/pkg/sync/resource/annotations.go (comma-separated, the first `KEY=` counts),
gitops-engine/pkg/sync/sync_context.go:322-343 (prune), controller/appcontroller.go:1252-1261 (cascade),
controller/state.go:994 and :1171 of argo-cd v3.5.1.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass
from typing import Any

from gitops.applications.application import Application
from gitops.facts.secrets.pods import at, mapping, read_manifest
from gitops.resources.manifests import text_of
from gitops.resources.resource import Resource

SYNC_OPTIONS = "argocd.argoproj.io/sync-options"
COMPARE_OPTIONS = "argocd.argoproj.io/compare-options"
HOOK = "argocd.argoproj.io/hook"
SYNC_WAVE = "argocd.argoproj.io/sync-wave"
APPROVED = "argocd.argoproj.io/deletion-approved"
RESOURCE_POLICY = "helm.sh/resource-policy"
_TIME = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d\S*")
_WORDS = (b"sync-options", b"compare-options", b"resource-policy", b"sync-wave", b"ownerReferences", b"whenDeleted")


@dataclass(frozen=True, slots=True)
class Options:
    """`prune` and `delete` hold the values of `Prune=` and `Delete=` (None when not said); `keeps` is Helm's
    `resource-policy: keep`; `extraneous` tells that a difference which only asks for pruning starts no sync
    (`IgnoreExtraneous`); `owned` that the manifest has ownerReferences; `claims_go` that a StatefulSet deletes its
    claims when it is deleted; `replace` and `force` are those sync options, `wave` is the sync wave, `last` that
    it is pruned after everything else."""

    prune: str | None = None
    delete: str | None = None
    keeps: bool = False
    extraneous: bool = False
    owned: bool = False
    claims_go: bool = False
    replace: bool = False
    force: bool = False
    wave: int = 0
    last: bool = False

    @property
    def guarded(self) -> bool:
        """Whether somebody has said that this object is not to be deleted just like that."""
        return self.keeps or bool({self.prune, self.delete} & set(_PROTECT))


_PROTECT = ("confirm", "false")
_NONE = Options()


def options_of(resource: Resource) -> Options:
    """What the manifest says."""
    text = resource.text
    if not any(word in text for word in _WORDS):
        return _NONE
    manifest = read_manifest(text)
    annotations = mapping(at(manifest, ("metadata", "annotations")))
    said = listed(annotations, SYNC_OPTIONS)
    return Options(
        prune=option(said, "Prune"),
        delete=option(said, "Delete"),
        keeps="keep" in listed(annotations, RESOURCE_POLICY),
        extraneous="IgnoreExtraneous" in listed(annotations, COMPARE_OPTIONS),
        owned=bool(at(manifest, ("metadata", "ownerReferences"))),
        claims_go=at(manifest, ("spec", "persistentVolumeClaimRetentionPolicy", "whenDeleted")) == "Delete",
        replace="Replace=true" in said,
        force="Force=true" in said,
        wave=_integer(annotations.get(SYNC_WAVE)),
        last="PruneLast=true" in said,
    )


def is_confirmed(application: Application) -> bool:
    """Whether what asks for a confirmation has it: the annotation holds a time, and counts for whatever begins before
    that (types.go, IsDeletionConfirmed). A change is merged nobody knows when, so that any time counts here."""
    annotations = mapping(at(application.manifest, ("metadata", "annotations")))
    return _TIME.fullmatch(text_of(annotations.get(APPROVED)).strip()) is not None


def is_skipped(resource: Resource) -> bool:
    """Whether a sync passes it over and compares it all the same, so that it is neither applied nor pruned
    (gitops-engine/pkg/sync/hook/hook.go, `Skip`)."""
    if b"hook: Skip" not in resource.text:
        return False
    annotations = mapping(at(read_manifest(resource.text), ("metadata", "annotations")))
    return listed(annotations, HOOK) == ["Skip"]


def option(options: Iterable[str], key: str) -> str | None:
    """The value of the first `KEY=VALUE` among sync options."""
    return next((word.removeprefix(f"{key}=") for word in options if word.startswith(f"{key}=")), None)


def application_option(options: Set[str], key: str) -> str | None:
    """The value of `KEY=VALUE` among the sync options of an Application. Where it is said in two ways, which only
    the order decides, the one that protects less."""
    values = (word.removeprefix(f"{key}=") for word in options if word.startswith(f"{key}="))
    return min(values, key=lambda value: _PROTECT.index(value) if value in _PROTECT else -1, default=None)


def listed(annotations: Mapping[str, Any], key: str) -> list[str]:
    """The words of an annotation, which stand between commas."""
    return [word.strip() for word in text_of(annotations.get(key)).split(",") if word.strip()]


def _integer(value: object) -> int:
    try:
        return int(text_of(value))
    except ValueError:
        return 0
