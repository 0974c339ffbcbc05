"""Title, body and commit message of a version bump's pull request."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from packaging.version import Version

from bot.formats.github.marks import state_mark
from bot.formats.github.proposal import digest, proof, title
from bot.formats.writing.fitting import fitted
from bot.formats.writing.foreign import quotation
from bot.formats.writing.markdown import bullets, code, details, folded, plain, safe, table
from bot.registries.model import GitHubRelease
from checks.planning.bumps.choose import Release
from checks.planning.bumps.plan import BumpPlan
from checks.planning.bumps.proof import BumpProof, ImageChange
from checks.planning.bumps.proposal import BumpProposal
from checks.policy.bumps import Level
from checks.wording import plural
from gitops.files.tree import Tree
from gitops.versions.components import ARGO_CD
from gitops.versions.pins.model import parse_version

_ROWS = 50
_NOTES_EACH = 4_000  # characters
_NOTES_ALL = 24_000
_MOST_NOTES = 20  # releases
_GUIDES = "https://argo-cd.readthedocs.io/en/stable/operator-manual/upgrading/"
_VERSION = re.compile(r"<!-- argofix:version:(?P<tag>[A-Za-z0-9_.-]{1,128}) -->")
_ASKED = "<!-- argofix:asked-for -->"
_LINK = re.compile(r"https?://[^\s<>()\"'`]+")


@dataclass(frozen=True, slots=True)
class Bump:
    """One step of `level` on offer. `passed` are the releases on the way, the target included, the newest first;
    `asked` tells that a person wanted this version, whatever the policy says."""

    proposal: BumpProposal
    release: Release
    level: Level
    passed: tuple[GitHubRelease, ...]
    asked: bool = False

    @property
    def plan(self) -> BumpPlan:
        return self.proposal.plan


def mark(component: str) -> str:
    """The hidden line by which a bump of a component is known again."""
    return f"<!-- argofix:bump:{component} -->"


def read_version(body: str) -> str | None:
    """The tag that a bump leads to, as written in its body. The last one counts: release notes stand before it."""
    found = _VERSION.findall(body)
    return found[-1] if found else None


def asked_for(body: str) -> bool:
    """Whether a person asked for the version, as written behind it."""
    return body.rfind(_ASKED) > body.rfind("<!-- argofix:version:") >= 0


def passed(notes: Iterable[GitHubRelease], current: Version | None, target: Version) -> tuple[GitHubRelease, ...]:
    """The releases above `current` up to `target`, the newest first."""
    found = [(version, each) for each in notes if (version := parse_version(each.tag)) is not None]
    on_the_way = [
        (v, each)
        for v, each in found
        if v <= target and (v == target if current is None else v > current) and not v.is_prerelease
    ]
    return tuple(each for _, each in sorted(on_the_way, key=lambda pair: pair[0], reverse=True))


def commit_message(bump: Bump) -> str:
    """Subject, blank line, why."""
    plan = bump.plan
    proven = "Not rendered." if bump.proposal.proof.unproven else "Proven by rendering the overlay before and after."
    return (
        f"{title(bump.proposal)}\n\n"
        f"{plain(plan.component.repository)} has released {plain(bump.release.tag)}; its image is on quay.io.\n"
        f"{proven}\n"
    )


def body(tree: Tree, bump: Bump, commit: str) -> str:
    """The pull request's description."""
    plan = bump.plan
    parts = [mark(plan.component.name), _intro(bump)]
    notes = [*plan.copies, *plan.notes]
    if notes:
        parts.append("> [!WARNING]\n" + "\n".join(f"> - {safe(note)}." for note in notes[:_ROWS]))
    parts.append(_changes(plan))
    parts.append(_proof(bump.proposal.proof))
    guides = _guides(bump)
    if guides:
        parts.append(guides)
    parts.append(_release_notes(bump))
    parts.append(
        f"<sub>Closing this pull request is remembered: {code(bump.release.tag)} is not offered again by itself, a "
        "later version is. Commits of yours on this branch are left alone.</sub>"
    )
    parts.append(
        f"<!-- argofix:version:{bump.release.tag} -->\n"
        + (f"{_ASKED}\n" if bump.asked else "")
        + state_mark(digest(tree, bump.proposal), commit)
    )
    left_out = "*… left out, since it is too long for GitHub; `argofix bump` shows the whole change.*"
    return fitted(parts, left_out, always=(0, 1, len(parts) - 1))


def _intro(bump: Bump) -> str:
    plan, release = bump.plan, bump.release
    step = {Level.PATCH: "a patch release", Level.MINOR: "a minor release", Level.MAJOR: "a major release"}[
        bump.level
    ]
    old = f" from **{safe(bump.proposal.old)}**" if bump.proposal.old else ""
    where = f"{code(plan.overlay)}" if plan.overlay else "the repository's root"
    return (
        f"Takes {code(plan.component.name)} in {where}{old} to **{safe(release.tag)}**, {step} of "
        f"{release.published.day} {release.published:%B %Y}.\n\n"
        f"Image: {code(f'quay.io/{plan.component.quay}:{release.tag}')}"
        + (f"  \nDigest: {code(release.digest)}" if release.digest else "")
    )


def _changes(plan: BumpPlan) -> str:
    rows = [
        (
            code(str(move.span)),
            f"{move.pin.style.value} {code(move.pin.subject)}",
            code(move.old) if move.old else "",
            code(move.new),
        )
        for move in plan.moves
    ]
    text = "### What changes\n\n" + table(("Line", "Pin", "From", "To"), rows[:_ROWS])
    if len(rows) > _ROWS:
        text += f"\n\n… and {len(rows) - _ROWS} more lines."
    overrides = [move for move in plan.moves if move.override]
    if overrides:
        bases = ", ".join(dict.fromkeys(code(move.pin.span.path) for move in overrides[:3]))
        text += (
            f"\n\nThe version stands in {bases}, which others use too. So this adds an `images` entry to "
            f"{code(plan.overlay)}, and nothing outside of it moves."
        )
    return text


def _proof(proven: BumpProof) -> str:
    if proven.unproven:
        seen = (
            f"{safe(proven.unproven)}. So what it will deploy was not compared; what can be seen without is proven."
        )
    else:
        seen = "The overlay was rendered before and after this change."
        if proven.coverage.total or proven.coverage.unknown:
            seen += f" {proven.coverage.sentence('before and after')}"
    return proof(seen, proven, _images(proven.images))


def _images(images: Sequence[ImageChange]) -> str:
    if not images:
        return ""
    changes = [(code(str(c.resource)), code(c.container), code(c.old), code(c.new)) for c in images[:_ROWS]]
    shown = table(("Resource", "Field", "From", "To"), changes)
    if len(images) > _ROWS:
        shown += f"\n\n… and {len(images) - _ROWS} more."
    return details(f"{plural('image', len(images))} would change", shown)


def _guides(bump: Bump) -> str:
    """Links for each minor version on the way; only Argo CD's guides have addresses that are known."""
    if bump.plan.component.name != ARGO_CD.name or bump.plan.current is None:
        return ""
    versions = [v for each in bump.passed if (v := parse_version(each.tag)) is not None]
    minors = sorted({(v.major, v.minor) for v in (*versions, bump.plan.current, bump.release.version)})
    steps = [f"{a[0]}.{a[1]}-{b[0]}.{b[1]}" for a, b in pairwise(minors)]
    if not steps:
        return ""
    links = bullets(f"[{step.replace('-', ' to ')}]({_GUIDES}{step}/)" for step in steps)
    return f"### Before you merge\n\nRead the upgrade {'guide' if len(steps) == 1 else 'guides'}:\n\n{links}"


def _release_notes(bump: Bump) -> str:
    parts = ["### Release notes"]
    left = _NOTES_ALL
    for each in bump.passed[:_MOST_NOTES]:
        shown, cut = quotation(each.notes, min(_NOTES_EACH, left)) if left > 0 and each.notes.strip() else ("", True)
        left -= len(shown)
        link = f"[{'More' if shown else 'Notes'} on GitHub]({each.url})" if _LINK.fullmatch(each.url) else ""
        tail = f"\n\n{link}" if cut and link else ""
        parts.append(details(folded(each.tag), f"{shown}{tail}".strip() or "No notes."))
    rest = len(bump.passed) - _MOST_NOTES
    if rest > 0:
        parts.append(f"… and {rest} more {'release' if rest == 1 else 'releases'} before those.")
    if not bump.passed:
        parts.append("GitHub has none.")
    return "\n\n".join(parts)
