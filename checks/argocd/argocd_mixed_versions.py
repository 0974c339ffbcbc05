"""Parts of Argo CD run in different versions, or with manifests of another version.

What it finds: containers of one installation with different versions of Argo CD's image, init containers among
them; manifests that are those of another minor version than the image; CRDs that are deployed with an older
version; a remote base that follows a branch beside an image that is pinned; an `images` entry whose name no
container has (redis moved to another registry in 3.1).

Why it matters: the parts speak gRPC to each other and share what redis holds; only one version of all of them was
tested together. Manifests of an older version lack the settings, the rights and the CRD fields that the newer image
expects.

Example: `image: quay.io/argoproj/argocd:v2.8.4` in an init container beside a repo-server of v3.2.2.

How the fix is safe: containers that are behind get the newest tag that is there, by an `images` entry of the
kustomization or where they are written. It is offered where all of the images are upstream's, where nothing else is
rendered otherwise, and where no other rule finds anything in the newer version then. Of manifests, CRDs and bases
nothing is changed: they come with the version, and not by a line.

How sure it is: a warning where minor versions differ, a notice where only patches do. Only what is rendered is
judged, since `images` of a kustomization lifts what files say. Silent about images that are not upstream's, about
charts, and where few settings are handed on, so that the manifests cannot be told apart.

Sources: argo-cd docs/operator-manual/upgrading/overview.md; manifests/install.yaml of each release (which keys reach
which process); argo-cd issues 7044, 11784.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from packaging.version import Version

from checks.argocd.repairing import wanted_of
from checks.argocd.unmatched import unmatched_images
from checks.argocd.view import applications, installations, kustomizations_of, owners, written
from checks.declaration import FixAvailability, declare
from checks.model import Finding, Related, Repair, Severity
from checks.policy.file import Policy
from checks.wording import listed
from gitops.discovery.snapshot import Change, State
from gitops.files.editing import put
from gitops.files.spans import Applicability, Span
from gitops.installation.crds import behind
from gitops.installation.images import Image, images_of
from gitops.installation.model import PARAMS, Installation
from gitops.installation.params import COMPONENT_OF
from gitops.installation.places import line_in, place_of
from gitops.installation.releases import releases
from gitops.versions.components import ARGO_CD
from gitops.versions.pins.images import image_entries

RULE = declare("argocd-mixed-versions", Severity.WARNING, Severity.NOTICE, fix=FixAvailability.SOMETIMES)

_FEWEST: Final = 10  # settings that are handed on; fewer tell nothing
_CLEARLY: Final = 0.05
_BRANCHES: Final = ("stable", "master", "HEAD", "latest")


def check(change: Change, policy: Policy) -> Iterator[Finding]:
    """One finding for each installation and kind of difference, one for each remote base."""
    for installation in installations(change):
        if not installation.directory:
            yield from _images(change, installation)
            yield from _manifests(change, installation)
            yield from _crds(change, installation)
    yield from _bases(change)
    seen: set[tuple[str, str]] = set()
    for state, known, name, meant in unmatched_images(change.head):
        if (known.path, name) not in seen:
            seen.add((known.path, name))
            yield _for_nothing(change, state, known.path, name, meant)


def _for_nothing(change: Change, state: State, path: str, name: str, meant: str) -> Finding:
    line = line_in(change.head.tree, path, f"name: {name}", name) or 1
    return RULE.finding(
        Span(path, line, line),
        f"`images` has an entry for `{name}`, which nothing here runs; it is `{meant}`",
        f"An entry of `images` for `{name}` is about nothing",
        "kustomize passes over it without a word: the image is the one of the manifests, in their version.",
        f"Write `name: {meant}`.",
        severity=Severity.WARNING,
        about=(path, "images", name),
        applications=[state.application.label],
        owners=[state.application.key],
    )


def _images(change: Change, installation: Installation) -> Iterator[Finding]:
    images = [one for one in images_of(installation) if one.version is not None]
    versions = sorted({one.version for one in images if one.version is not None})
    if len(versions) < 2:
        return
    newest = versions[-1]
    older = [one for one in images if one.version != newest]
    minors = {(version.major, version.minor) for version in versions}
    first = older[0]
    said = listed([f"{one.label} runs {written(one.version)}" for one in older if one.version is not None], 3)
    yield RULE.finding(
        place_of(change.head, first.member, first.text, f"newTag: {first.tag}"),
        f"{said}, and the rest of Argo CD in {installation.namespace} {written(newest)}",
        f"Argo CD in {installation.namespace} runs in {len(versions)} versions",
        "Its parts share what redis holds and speak gRPC to each other, and only one version of all was tested.",
        "An `images` entry in the kustomization moves all of them at once.",
        f"images:\n  - name: {first.name}\n    newTag: {written(newest)}",
        severity=Severity.WARNING if len(minors) > 1 else Severity.NOTICE,
        about=(*installation.key, "images", *sorted({one.label for one in older})),
        resource=first.member.id,
        applications=applications(one.member for one in older),
        owners=owners(one.member for one in older),
        repair=_repair(installation, images, older, newest),
    )


def _repair(
    installation: Installation, images: Sequence[Image], older: Sequence[Image], newest: Version
) -> Repair | None:
    """All of them in the newest version; None where some are pinned in another way than by a tag."""
    tag = next(one.tag for one in images if one.version == newest)
    if any("@" in one.text for one in images):
        return None
    wanted = tuple(wanted_of(one.member, put(one.route, f"{one.name}:{tag}")) for one in older)
    title = f"Run all of Argo CD in {installation.namespace} in {tag}"
    return Repair(title, wanted, Applicability.SAFE, "|".join((RULE.id, *installation.key)))


def _manifests(change: Change, installation: Installation) -> Iterator[Finding]:
    version = installation.version
    if version is None or not releases().knows(version):
        return
    if any(one.member.owned is not None and one.member.owned.resource.template for one in installation.processes):
        return
    wires = {
        (process.component, variable.name, variable.key)
        for process in installation.processes
        for variable in process.variables.values()
        if variable.config_map == PARAMS
    }
    if len(wires) < _FEWEST:
        return
    # Of programs that are not here nothing can be told.
    programs = {program for program, _, _ in wires}
    known = {minor: {one for one in handed if one[0] in programs} for minor, handed in _handed_on().items()}
    alike = {minor: _jaccard(wires, handed) for minor, handed in known.items()}
    own = f"{version.major}.{version.minor}"
    best = max(alike, key=lambda minor: (alike[minor], minor == own))
    if best == own or alike[best] - alike[own] < _CLEARLY or Version(best) > Version(own):
        return
    first = installation.processes[0]
    tied = [minor for minor in alike if alike[minor] == alike[best] and Version(minor) <= Version(own)]
    of = " or ".join(tied) if len(tied) < 3 else f"one of {tied[0]} to {tied[-1]}"
    yield RULE.finding(
        place_of(
            change.head, first.member, *(f"newTag: {each}" for each in (f"v{version}", str(version))), str(version)
        ),
        f"the image of Argo CD in {installation.namespace} is {written(version)}, and its manifests are of {of}",
        f"Argo CD {written(version)} runs with the manifests of {of}",
        "Settings that came later reach no process, and rights and CRD fields that the newer image expects are not "
        "there.",
        f"Take the manifests of {written(version)} together with the image.",
        severity=Severity.WARNING,
        about=(*installation.key, "manifests", best),
        resource=first.member.id,
        applications=applications([first.member]),
        owners=owners([first.member]),
    )


def _crds(change: Change, installation: Installation) -> Iterator[Finding]:
    """CRDs that do not know what the image writes."""
    official = [one for one in installation.processes if one.official and one.version in installation.versions]
    version = min((one.version for one in official if one.version is not None), default=None)
    if version is None or not releases().knows(version):
        return
    found = behind(change.head, installation, version)
    if not found:
        return
    first, process = found[0], next(one for one in official if one.version == version)
    names = listed([f"`{one.crd.id.name}`" for one in found])
    fields = listed([f"`{field}`" for field in first.fields], 2)
    image = f"the image of Argo CD in {installation.namespace} is {written(version)}"
    yield RULE.finding(
        first.crd.written,
        f"{image}, and the CRDs that are deployed with it are of {first.minor} or before: {first.crd.id.name} has no "
        f"{fields}",
        f"Argo CD {written(version)} runs with older CRDs",
        "The API server drops fields that a CRD does not have: whoever sets them is not heard, and gets no error.",
        f"Take {names} of {written(version)} together with the image.",
        severity=Severity.WARNING,
        about=(*installation.key, "crds"),
        resource=first.crd.id,
        applications=applications([first.crd, process.member]),
        owners=owners([first.crd, process.member]),
        related=[Related(one.crd.written, f"{one.crd.id.name} is of {one.minor} or before") for one in found[1:]],
    )


def _handed_on() -> Mapping[str, frozenset[tuple[str, str, str]]]:
    """What upstream's manifests hand on, by minor version."""
    known = releases()
    found: dict[str, frozenset[tuple[str, str, str]]] = {}
    for minor, tag in known.data["newest_patch"].items():
        version = Version(tag)
        found[minor] = frozenset(
            (COMPONENT_OF.get(reader.workload, ""), reader.env, key)
            for key in known.params(version)
            for reader in known.readers(key, version)
        )
    return found


def _jaccard(one: set[tuple[str, str, str]], other: set[tuple[str, str, str]]) -> float:
    return len(one & other) / len(one | other) if one | other else 0.0


def _bases(change: Change) -> Iterator[Finding]:
    """Remote bases that follow a branch, in kustomizations that pin the image."""
    seen: set[str] = set()
    for state in change.head.states:
        for file, value, span_line in _following(state):
            if file in seen:
                continue
            seen.add(file)
            pinned = _pinned(change, state)
            if not pinned:
                continue
            yield RULE.finding(
                Span(file, span_line, span_line),
                f"this base follows {value}, while the image is pinned to {pinned}",
                "A base of Argo CD moves and its image does not",
                "Each new release changes CRDs, rights and settings below an image that stays as it is.",
                f"Pin the base to the same version: `?ref={pinned}`.",
                severity=Severity.WARNING,
                about=(file, "base"),
                applications=[state.application.label],
                owners=[state.application.key],
            )


def _following(state: State) -> Iterator[tuple[str, str, int]]:
    remote = [part.closure.remote for part in state.parts if part.closure is not None and part.closure.remote]
    for file, references in (each for closure in remote for each in closure.items()):
        for reference in references:
            if "argoproj/argo-cd" not in reference.value or reference.field not in ("resources", "bases"):
                continue
            _, _, ref = reference.value.partition("ref=")
            branch = next((one for one in _BRANCHES if ref == one or f"/argo-cd/{one}/" in reference.value), "")
            raw = "raw.githubusercontent.com" in reference.value or "/manifests/" in reference.value
            if branch or (not ref and not raw):
                yield file, f"`{branch}`" if branch else "the default branch", reference.span.line


def _pinned(change: Change, state: State) -> str:
    for known in (one for part in state.parts for one in kustomizations_of(change.head.tree, part)):
        for entry in image_entries(known.fields):
            if ARGO_CD.is_image(entry.name) and entry.tag:
                return entry.tag
    return ""
