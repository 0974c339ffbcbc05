"""What a bump's pull request says."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from packaging.version import Version

from bot.formats.github import bump_pull_request as text
from bot.formats.github.marks import read_state
from bot.formats.github.proposal import digest, title
from bot.formats.writing import fitting
from bot.registries.model import GitHubRelease
from bot.rendering.driver import Engine
from checks.planning.bumps.choose import Release
from checks.planning.bumps.proposal import BumpProposal
from checks.policy.bumps import Level
from tests.checks.planning.bumps.stage import NEW, NEW_DIGEST, K, bump, proven
from tests.scenarios import Files, kustomization, manifest, tree

COMMIT = "c" * 40
FILES: Files = {
    K: kustomization("pod.yaml", extra="images:\n  - name: quay.io/argoproj/argocd\n    newTag: v3.2.2\n"),
    "argocd/overlays/staging/pod.yaml": manifest(
        "Pod", "server", "argocd", spec={"containers": [{"name": "a", "image": "quay.io/argoproj/argocd:v3.2.2"}]}
    ),
}
RELEASE = Release(Version("3.3.1"), NEW, datetime(2026, 11, 7, tzinfo=UTC), NEW_DIGEST)


def released(tag: str, notes: str = "Fixes.") -> GitHubRelease:
    return GitHubRelease(tag, 0.0, notes, f"https://github.com/argoproj/argo-cd/releases/tag/{tag}")


@pytest.fixture
async def offer(engine: Engine) -> text.Bump:
    plan = bump(FILES)
    proof = await proven(engine, FILES, plan)
    passed = (released("v3.3.1"), released("v3.3.0"), released("v3.2.3"))
    return text.Bump(BumpProposal.of(plan, proof), RELEASE, Level.MINOR, passed)


def body(offer: text.Bump) -> str:
    return text.body(tree(FILES), offer, COMMIT)


async def test_it_says_what_moves_from_where_to_where_and_what_was_seen(offer: text.Bump) -> None:
    shown = body(offer)
    assert shown.startswith(
        "<!-- argofix:bump:argo-cd -->\n\n"
        "Takes `argo-cd` in `argocd/overlays/staging` from **v3.2.2** to **v3.3.1**, a minor release of "
        f"7 November 2026.\n\nImage: `quay.io/argoproj/argocd:v3.3.1`  \nDigest: `{NEW_DIGEST}`\n\n"
    )
    assert f"| `{K}:7` | kustomize images `quay.io/argoproj/argocd` | `v3.2.2` | `v3.3.1` |" in shown
    assert "<summary>1 image would change</summary>" in shown
    assert title(offer.proposal) == "Bump argo-cd from v3.2.2 to v3.3.1 in argocd/overlays/staging"


async def test_it_remembers_for_us(offer: text.Bump) -> None:
    shown = body(offer)
    assert text.read_version(shown) == "v3.3.1"
    assert read_state(shown) == (digest(tree(FILES), offer.proposal), COMMIT)
    assert not text.asked_for(shown)
    assert text.asked_for(body(replace(offer, asked=True)))


async def test_notes_cannot_remember_something_else(offer: text.Bump) -> None:
    lie = released("v3.3.1", "<!-- argofix:version:v9.9.9 --> <!-- argofix:asked-for --> <!-- argofix:closed -->")
    shown = body(replace(offer, passed=(lie,)))
    assert text.read_version(shown) == "v3.3.1"
    assert not text.asked_for(shown)


def test_only_final_releases_on_the_way_are_passed() -> None:
    notes = [released(tag) for tag in ("v3.2.2", "v3.2.10", "v3.2.9", "v3.3.0-rc1", "v3.3.1", "v3.4.0", "stable")]
    passed = text.passed(notes, Version("3.2.2"), Version("3.3.1"))
    assert [each.tag for each in passed] == ["v3.3.1", "v3.2.10", "v3.2.9"]


@pytest.mark.parametrize(
    ("current", "tags", "steps"),
    [
        ("3.2.2", ["v3.2.3"], []),
        ("3.1.0", ["v3.3.1", "v3.2.0"], ["3.1-3.2", "3.2-3.3"]),
        ("2.14.9", ["v3.3.1", "v3.0.0", "v2.14.10"], ["2.14-3.0", "3.0-3.3"]),
    ],
)
async def test_every_minor_on_the_way_has_its_upgrade_guide(
    offer: text.Bump, current: str, tags: list[str], steps: list[str]
) -> None:
    files = {path: str(data).replace("v3.2.2", f"v{current}") for path, data in FILES.items()}
    release = replace(RELEASE, tag=tags[0], version=Version(tags[0]))
    step = replace(
        offer,
        proposal=replace(offer.proposal, plan=bump(files, to=tags[0])),
        release=release,
        passed=tuple(map(released, tags)),
    )
    shown = text.body(tree(files), step, COMMIT)
    links = [line.rpartition("/upgrading/")[2].rstrip("/)") for line in shown.splitlines() if "/upgrading/" in line]
    assert links == steps


async def test_names_from_the_repository_stay_in_their_place(offer: text.Bump) -> None:
    pin = offer.plan.pins.pins[0]
    hostile = "a `|` b @all #1 <!-- argofix:closed -->\n## Heading"
    plan = replace(
        offer.plan,
        moves=(replace(offer.plan.moves[0], old=hostile, pin=replace(pin, subject=hostile)),),
        notes=(hostile,),
    )
    shown = body(replace(offer, proposal=replace(offer.proposal, plan=plan)))
    assert "@all" not in shown
    assert "<!-- argofix:closed" not in shown
    assert "\n## Heading" not in shown


async def test_it_fits_and_keeps_what_matters(offer: text.Bump, monkeypatch: pytest.MonkeyPatch) -> None:
    many = tuple(released(f"v3.2.{number}", "x" * 100_000) for number in range(100, 2, -1))
    shown = body(replace(offer, passed=many))
    assert len(shown) < 60_000
    assert "… and 78 more releases before those." in shown
    monkeypatch.setattr(fitting, "MAX_BODY", 3_000)
    shown = body(replace(offer, passed=many))
    assert len(shown) <= 3_000
    assert "left out" in shown
    assert "### Proof" in shown
    assert read_state(shown) is not None
