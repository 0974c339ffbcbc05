"""What a manifest says about its own deletion.

Source: gitops-engine/pkg/sync/resource/annotations.go (comma-separated, the first `KEY=` counts),
gitops-engine/pkg/sync/sync_context.go:322-343 (prune), controller/appcontroller.go:1252-1261 (cascade),
controller/state.go:994 and :1171 of argo-cd v3.5.1.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from gitops.facts.secrets.pods import at, mapping, read_manifest
from gitops.resources.manifests import text_of
from gitops.resources.resource import Resource

SYNC_OPTIONS = "argocd.argoproj.io/sync-options"
COMPARE_OPTIONS = "argocd.argoproj.io/compare-options"
HOOK = "argocd.argoproj.io/hook"
SYNC_WAVE = "argocd.argoproj.io/sync-wave"
RESOURCE_POLICY = "helm.sh/resource-policy"
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
        return self.keeps or bool({self.prune, self.delete} & {"false", "confirm"})


_NONE = Options()


def options_of(resource: Resource) -> Options:
    """What the manifest says."""
    text = resource.text
    if not any(word in text for word in _WORDS):
        return _NONE
    manifest = read_manifest(text)
    annotations = mapping(at(manifest, ("metadata", "annotations")))
    said = _listed(annotations, SYNC_OPTIONS)
    return Options(
        prune=option(said, "Prune"),
        delete=option(said, "Delete"),
        keeps="keep" in _listed(annotations, RESOURCE_POLICY),
        extraneous="IgnoreExtraneous" in _listed(annotations, COMPARE_OPTIONS),
        owned=bool(at(manifest, ("metadata", "ownerReferences"))),
        claims_go=at(manifest, ("spec", "persistentVolumeClaimRetentionPolicy", "whenDeleted")) == "Delete",
        replace="Replace=true" in said,
        force="Force=true" in said,
        wave=_integer(annotations.get(SYNC_WAVE)),
        last="PruneLast=true" in said,
    )


def is_skipped(resource: Resource) -> bool:
    """Whether a sync passes it over and compares it all the same, so that it is neither applied nor pruned
    (gitops-engine/pkg/sync/hook/hook.go, `Skip`)."""
    if b"hook: Skip" not in resource.text:
        return False
    annotations = mapping(at(read_manifest(resource.text), ("metadata", "annotations")))
    return _listed(annotations, HOOK) == ["Skip"]


def option(options: Iterable[str], key: str) -> str | None:
    """The value of the first `KEY=VALUE` among sync options."""
    return next((word.removeprefix(f"{key}=") for word in options if word.startswith(f"{key}=")), None)


def _listed(annotations: Mapping[str, Any], key: str) -> list[str]:
    return [word.strip() for word in text_of(annotations.get(key)).split(",") if word.strip()]


def _integer(value: object) -> int:
    try:
        return int(text_of(value))
    except ValueError:
        return 0
