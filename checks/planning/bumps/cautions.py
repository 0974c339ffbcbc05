"""What a person should know before a bump is merged, beyond what is proven."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from checks.planning.bumps.argocd_settings import needs_server_side_apply
from checks.planning.bumps.plan import BumpPlan
from gitops.discovery.snapshot import Snapshot, State
from gitops.versions.pins.model import Style
from gitops.versions.pins.remote import remote_versions

# Pins that bring all of a component's manifests, CRDs among them.
_WHOLE: Final = (Style.REMOTE_BASE, Style.REMOTE_FILE, Style.VENDORED)


def cautions(before: Snapshot, plan: BumpPlan) -> Iterator[str]:
    """One sentence, with file and line, for each Application whose next sync would fail."""
    moving = any(move.pin.style not in (Style.IMAGES, Style.IMAGE, Style.VENDORED) for move in plan.moves)
    copied = any(report.pin.style is Style.VENDORED for report in plan.reported)
    if not (moving or copied) or not needs_server_side_apply(plan.component, plan.current, plan.version):
        return
    consequence = "the sync would fail" if moving else "the sync fails once the copy is renewed"
    for state in before.states:
        options = state.application.sync_policy.options
        if _brings_manifests(state, plan) and "ServerSideApply=true" not in options:
            yield (
                f"{state.application.origin.span}: `{state.application.label}` syncs this without "
                "`ServerSideApply=true`, and as of 3.3 the ApplicationSet CRD is too large for client-side apply: "
                f"{consequence}"
            )


def renders(state: State, overlay: str) -> bool:
    """Whether an Application renders the directory `overlay`, alone or as a part of what it renders."""
    if any(source.path == overlay for source in state.application.sources):
        return True
    return any(
        part.closure is not None and any(file.rpartition("/")[0] == overlay for file in part.closure.kustomizations)
        for part in state.parts
    )


def _brings_manifests(state: State, plan: BumpPlan) -> bool:
    """Whether an Application syncs the component's own manifests: from upstream, or through the overlay."""
    component = plan.component
    for source in state.application.sources:
        if component.chart(source.repo_url, source.chart) is not None:
            return True
        if not source.chart and any(remote_versions(source.repo_url, component)):
            return True
    through = (
        # A chart that an Application's source names is brought by that Application, not by who renders the overlay.
        pin.style in _WHOLE or (pin.style is Style.CHART and pin.target is None)
        for pin in plan.pins.pins
    )
    return any(through) and renders(state, plan.overlay)
