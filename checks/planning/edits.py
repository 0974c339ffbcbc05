"""The commit as it would be with some edits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gitops.discovery.rediscovery import rediscover
from gitops.discovery.snapshot import Snapshot
from gitops.discovery.sources import Analysis
from gitops.files.spans import Edit
from gitops.files.tree import Changes
from gitops.kustomize.steps import changes_of
from gitops.resources.rendering import Asking


@dataclass(frozen=True, slots=True)
class Edited:
    """`snapshot` is the commit with the edits, `files` what they make of each file: its bytes, None where it goes."""

    snapshot: Snapshot
    files: Mapping[str, bytes | None]


def after_edits(before: Snapshot, analysis: Analysis, edits: Sequence[Edit]) -> Asking[Edited]:
    """Apply the edits to the tree in memory; only what they can reach is found and rendered again. Raises
    `GitopsError` for edits that do not fit."""
    files = changes_of(before.tree, edits)
    after = yield from rediscover(before, before.tree.overlay(files), analysis, Changes.of(before.tree, files))
    return Edited(after, files)
