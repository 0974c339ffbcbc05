"""Whether Argo CD inflates the charts of a kustomization, and with which flags.

Source of the rules: argo-cd, `parseKustomizeBuildOptions` (util/kustomize/kustomize.go); kustomize,
HelmChartInflationGenerator (`must specify --enable-helm`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from gitops.charts.helm import NEEDS_ENGINE, is_whole
from gitops.files.spans import Span
from gitops.kustomize.closure import Closure
from gitops.resources.manifests import text_of
from gitops.resources.rendering import BuildOptions, Note, RenderFailed

NO_HELM = (
    "inflates helm charts without `--enable-helm` in `kustomize.buildOptions`, which kustomize refuses "
    "(`must specify --enable-helm`)"
)


def may_inflate(told: BuildOptions | None) -> bool:
    """Whoever lists charts has the flag, unless something says which flags there are, and it is none of them."""
    return told is None or told.enable_helm


def inflation(
    closure: Closure,
    told: BuildOptions | None,
    options: Mapping[str, Any],
    kubernetes: str,
    serves: tuple[str, ...] = (),
) -> tuple[Closure, BuildOptions] | RenderFailed:
    """The closure with what is to be noted, and the flags for it; or why Argo CD fails. `told` are the build options,
    where anything says them, `options` the Application's own: one that chooses a version of kustomize may have build
    options of its own, so nothing is said to fail then. `serves` are API versions that the
    clusters have."""
    flags = told or BuildOptions()
    if closure.helm and not may_inflate(told) and not options.get("version"):
        return RenderFailed(NO_HELM, closure.helm[0])
    if not closure.inflates:
        return closure, flags
    if told is None:
        closure = replace(closure, notes=[*closure.notes, _needs_flag(closure.helm[0])])
    asked = options.get("apiVersions")
    listed = tuple(map(text_of, asked)) if isinstance(asked, list) else ()
    return closure, replace(
        flags,
        enable_helm=True,
        kube_version=text_of(options.get("kubeVersion")) or kubernetes,
        api_versions=tuple(dict.fromkeys((*listed, *serves))),
    )


def why_not(closure: Closure, engine: str) -> str:
    """What is missing for what of a closure is left out, as a relative clause."""
    return NEEDS_ENGINE if closure.helm and not is_whole(engine) else "which needs the network or runs a program"


def _needs_flag(at: Span) -> Note:
    return Note(
        "it inflates helm charts, which Argo CD does only with `--enable-helm` in `kustomize.buildOptions` of "
        "argocd-cm, and no file here sets that",
        at,
        f"{at.path} needs `--enable-helm`",
        "Where it is set, say so in `.github/argofix.yaml`: `kustomize: {buildOptions: --enable-helm}`.",
        is_notice=True,
    )
