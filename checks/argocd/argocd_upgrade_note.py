"""Something that changes with a version of Argo CD concerns these very manifests.

What it finds: where a change moves Argo CD to another minor version, what the upgrade guides on the way say about
settings, policies, Applications or resources that are in git, at the lines that they concern.

Why it matters: upgrade guides are long, and nine notes of ten are about something that one does not have. The tenth
takes rights away, stops a sync or switches something off, and is seen when somebody misses it.

Example: the step to 3.0, and `p, role:dev, applications, get, */*, allow` without a line for `logs`: nobody of the
role sees logs any more.

How the fix is safe: lines that grant what was granted before go to the end of the policy in argocd-rbac-cm, all that
one policy lacks together, where nothing else is rendered otherwise and nothing else is found then. Of other notes the
finding has the line to add where it can be written down.

How sure it is: a warning. Silent where the minor version stays or is not known before and after, where a setting
keeps the old behaviour, and about notes that no manifest can be about (what scripts ask of the API, versions of Helm
and kustomize).

Sources: argo-cd docs/operator-manual/upgrading; docs/operator-manual/rbac.md. Which notes there are, and what of
them can be seen, stands in gitops/installation/data/releases.json.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from packaging.version import Version

from checks.argocd.repairing import wanted_of
from checks.argocd.upgrades.applications import APPLICATIONS
from checks.argocd.upgrades.match import Match, Place, Predicate
from checks.argocd.upgrades.settings import SETTINGS
from checks.argocd.view import installations
from checks.declaration import FixAvailability, declare
from checks.model import Finding, Repair, Severity
from checks.policy.file import Policy
from gitops.discovery.snapshot import Change, Snapshot
from gitops.files.editing import put
from gitops.files.spans import Applicability
from gitops.installation.find import installations_of
from gitops.installation.model import Installation, Member, data_of
from gitops.installation.releases import Note, releases

RULE = declare("argocd-upgrade-note", Severity.WARNING, fix=FixAvailability.SOMETIMES)


def _predicates() -> dict[str, tuple[Predicate, ...]]:
    found: dict[str, tuple[Predicate, ...]] = {}
    for table in (SETTINGS, APPLICATIONS):
        for name, predicate in table.items():
            found[name] = (*found.get(name, ()), predicate)
    return found


PREDICATES: Final[Mapping[str, tuple[Predicate, ...]]] = _predicates()


def check(change: Change, policy: Policy) -> Iterator[Finding]:
    """One finding for each place that a note is about."""
    if change.base is None:
        return
    before = {one.key: one for one in change.base.once(installations_of)}
    for installation in installations(change):
        old = before.get(installation.key)
        was, now = old.told_version if old is not None else None, installation.told_version
        if was is not None and now is not None:
            yield from notes_about(change.head, installation, was, now)


def notes_about(snapshot: Snapshot, installation: Installation, old: Version, new: Version) -> Iterator[Finding]:
    """What would be found in an installation if it went from one version to another."""
    if not releases().knows(new) or not installation.deployed:
        return
    found = list(_matches(Place(snapshot, installation), old, new))
    repairs = _repairs([match for _, match in found])
    for note, match in found:
        repair = repairs.get((id(match.member), match.key)) if match.key else None
        yield _finding(installation, note, match, repair)


def _matches(place: Place, old: Version, new: Version) -> Iterator[tuple[Note, Match]]:
    for note in releases().notes(old, new):
        seen: set[str] = set()
        for predicate in PREDICATES.get(note.id, ()):
            for match in predicate(place):
                if match.about not in seen:
                    seen.add(match.about)
                    yield note, match


def _repairs(found: Iterable[Match]) -> Mapping[tuple[int, str], Repair]:
    """For each policy all lines that it lacks, by its ConfigMap and key: they go to the end of it together."""
    lines: dict[tuple[int, str], tuple[Member, list[str]]] = {}
    for match in found:
        if match.key and match.member is not None and match.member.brought is None:
            lines.setdefault((id(match.member), match.key), (match.member, []))[1].append(match.lines)
    return {place: _repair(member, place[1], list(dict.fromkeys(told))) for place, (member, told) in lines.items()}


def _repair(member: Member, key: str, lines: Sequence[str]) -> Repair:
    text = str(data_of(member)[key])
    whole = "\n".join((text.rstrip("\n"), *lines)) + ("\n" if text.endswith("\n") else "")
    wanted = wanted_of(member, put(("data", key), whole), values=(put(("configs", "rbac", key), whole),))
    title = f"Grant in {member.id.name} what is no longer granted by itself"
    return Repair(title, (wanted,), Applicability.SAFE, f"{RULE}|{member.written}|{key}")


def _finding(installation: Installation, note: Note, match: Match, repair: Repair | None) -> Finding:
    member = match.member
    return RULE.finding(
        match.span,
        f"as of {note.minor} {note.change}: {match.seen}",
        f"Argo CD {note.minor}: {note.change}",
        text=f"{match.seen[:1].upper()}{match.seen[1:]}.",
        advice=f"Upstream's advice: {note.action}.",
        commands=match.lines,
        about=(*installation.key, note.minor, note.id, match.about),
        resource=member.id if member is not None else None,
        applications=[member.application] if member is not None and member.application else [],
        owners=[member.owner] if member is not None and member.owner is not None else [],
        repair=repair,
    )
