"""Where each installation of Argo CD can go from its version: the newest patch, the next minor, and what of the
upgrade guides is about it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from packaging.version import Version

from checks.argocd.argocd_upgrade_note import notes_about
from checks.judgement.evaluation import Evaluation
from checks.model import Finding
from checks.planning.bumps.choose import Release, choose
from checks.policy.bumps import Level, with_built_in
from checks.policy.file import Policy
from gitops.files.spans import Span
from gitops.installation.directories import directories_of
from gitops.installation.find import installations_of
from gitops.versions.components import ARGO_CD, BUILT_IN
from gitops.versions.overlay import is_first


@dataclass(frozen=True, slots=True)
class Step:
    """`notes` are what upgrade guides on the way say about what is there."""

    level: Level
    release: Release
    notes: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Path:
    """One installation: `name` for people (a directory, or its namespace), its `current` version and the steps that
    the policy allows; None where nobody knows what is published. `moves` tells that it is the one that `bump` moves.
    """

    name: str
    current: Version
    place: Span
    moves: bool
    steps: tuple[Step, ...] | None


def paths_of(
    evaluation: Evaluation, policy: Policy, published: Collection[Release] | None, now: datetime
) -> tuple[Path, ...]:
    """One for each installation whose version git tells; none where Argo CD is not followed. `now` is aware."""
    followed = next((one for one in with_built_in(policy.versions, BUILT_IN) if one.component == ARGO_CD), None)
    followed = followed or next(
        (one for one in policy.versions.values() if one.enabled and one.component.name == ARGO_CD.name), None
    )
    if followed is None:
        return ()
    configured = policy.overlay_of(followed)
    found: dict[tuple[str, Version], Path] = {}
    for one in evaluation.snapshot.once(installations_of):
        version = one.version
        if version is None or not one.deployed or not one.processes:
            continue
        steps = None
        if published is not None:
            steps = tuple(
                Step(level, release, tuple(notes_about(evaluation.snapshot, one, version, release.version)))
                for level, release in choose(published, version, followed, now).items()
            )
        directories = directories_of(one)
        name = directories[0] if directories else one.namespace
        moves = any(is_first(each, configured) for each in directories)
        place = one.processes[0].member.written
        found.setdefault((name, version), Path(name, version, place, moves, steps))
    return tuple(found.values())
