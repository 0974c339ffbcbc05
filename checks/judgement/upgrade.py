"""Where each installation of Argo CD can go from its version: the steps that the policy allows, the whole way to the
newest version, and what of the upgrade guides is about what is there."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from packaging.version import Version

from checks.argocd.argocd_upgrade_note import notes_about
from checks.judgement.evaluation import Evaluation
from checks.model import Finding
from checks.planning.bumps.choose import Release, choose, is_final
from checks.policy.bumps import Level, with_built_in
from checks.policy.file import Policy
from gitops.discovery.snapshot import Snapshot
from gitops.files.spans import Span
from gitops.installation.directories import directories_of
from gitops.installation.find import installations_of
from gitops.installation.model import Installation
from gitops.installation.releases import releases
from gitops.versions.components import ARGO_CD, BUILT_IN
from gitops.versions.overlay import is_first


@dataclass(frozen=True, slots=True)
class Step:
    """`notes` are what upgrade guides on the way say about what is there."""

    level: Level
    release: Release
    notes: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Leg:
    """One version on the way to the newest: the newest patch of its minor. `notes` are what its upgrade guide says
    about what is there, None where argofix does not know the guide."""

    version: Version
    notes: tuple[Finding, ...] | None


@dataclass(frozen=True, slots=True)
class Path:
    """One installation: `name` for people (a directory, or its namespace), its `current` version and the steps that
    the policy allows; None where nobody knows what is published. `moves` tells that it is the one that `bump` moves.
    `way` is every minor version to the newest, the next one first: of what is published, else of what argofix ships.
    `followed` tells whether the policy has Argo CD followed at all.
    """

    name: str
    current: Version
    place: Span
    moves: bool
    steps: tuple[Step, ...] | None
    way: tuple[Leg, ...]
    followed: bool


def paths_of(
    evaluation: Evaluation, policy: Policy, published: Collection[Release] | None, now: datetime
) -> tuple[Path, ...]:
    """One for each installation whose version git tells; no steps where Argo CD is not followed. `now` is aware."""
    followed = next((one for one in with_built_in(policy.versions, BUILT_IN) if one.component == ARGO_CD), None)
    followed = followed or next(
        (one for one in policy.versions.values() if one.enabled and one.component.name == ARGO_CD.name), None
    )
    configured = policy.overlay_of(followed) if followed is not None else policy.argocd_overlay
    snapshot = evaluation.snapshot.once(Snapshot.with_applied)
    found: dict[tuple[str, Version], Path] = {}
    for one in snapshot.once(installations_of):
        version = one.version
        if version is None or not one.deployed or not one.processes:
            continue
        steps = None
        if published is not None:
            steps = tuple(
                Step(level, release, tuple(notes_about(snapshot, one, version, release.version)))
                for level, release in (choose(published, version, followed, now) if followed else {}).items()
            )
        directories = directories_of(one)
        name = directories[0] if directories else one.namespace
        moves = followed is not None and any(is_first(each, configured) for each in directories)
        place = one.processes[0].member.written
        way = _way(snapshot, one, version, published)
        found.setdefault((name, version), Path(name, version, place, moves, steps, way, followed is not None))
    return tuple(found.values())


def _way(
    snapshot: Snapshot, one: Installation, current: Version, published: Collection[Release] | None
) -> tuple[Leg, ...]:
    known = releases()
    there = known.versions if published is None else [each.version for each in published if is_final(each)]
    newest: dict[tuple[int, int], Version] = {}
    for version in sorted(there):
        if version > current:
            newest[version.major, version.minor] = version
    legs: list[Leg] = []
    before = current
    for version in newest.values():
        told = known.knows(before) and known.knows(version)
        legs.append(Leg(version, tuple(notes_about(snapshot, one, before, version)) if told else None))
        before = version
    return tuple(legs)
