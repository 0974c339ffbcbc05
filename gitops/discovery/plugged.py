"""What a rendering without its config management plugin leaves open: what the plugin fills in."""

from __future__ import annotations

import re
from dataclasses import replace

from gitops.applications.plugin_commands import Renders
from gitops.files.spans import Span
from gitops.resources.rendering import NotAnalysed, Note, Rendered, RenderFailed, Rendering


def left_open(rendering: Rendering, plugin: str, renders: Renders, at: Span) -> Rendering:
    """Without resources of which the plugin fills in what they are called. Where only its name says what it does, a
    failure tells that it may do something else."""
    if isinstance(rendering, RenderFailed) and renders.guessed and not rendering.transient:
        does = f"what its name says does not build: {rendering.message}"
        return NotAnalysed(f"the config management plugin {plugin} renders it, and {does}")
    if not isinstance(rendering, Rendered):
        return rendering
    fills = renders.fills
    notes = (*rendering.notes, _note(plugin, fills, at))
    if not fills:
        return replace(rendering, notes=notes)
    pattern = re.compile(fills)
    kept = tuple(
        each
        for each in rendering.resources
        if not any(pattern.search(part) for part in (each.id.kind, each.id.namespace, each.id.name))
    )
    count = len(rendering.resources) - len(kept)
    what = "the name of 1 resource" if count == 1 else f"the names of {count} resources"
    gaps = (*rendering.gaps, f"the config management plugin {plugin} fills in {what}") if count else rendering.gaps
    return replace(rendering, resources=kept, gaps=gaps, notes=notes)


def _note(plugin: str, fills: str, at: Span) -> Note:
    what = "; what it fills in stays as it is written" if fills else ""
    return Note(
        f"it is rendered as without the config management plugin `{plugin}`{what}",
        at,
        f"What the plugin `{plugin}` makes of it is not looked at",
        "Where it does more than that, say with `plugins` in `.github/argofix.yaml` what it renders with.",
        is_notice=True,
    )
