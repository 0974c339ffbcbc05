"""ApplicationSets whose Applications git alone does not tell, and what a change does to what it does tell of them.

A set that needs outside data (clusters, pull requests, a plugin) makes Applications that nobody here knows. What goes
of its generators, and what changes in the directories that those name, reaches these all the same.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass
from typing import Any

from gitops.applicationsets import globs
from gitops.applicationsets.declared import ApplicationSet
from gitops.discovery.snapshot import Snapshot
from gitops.facts.changes.templated import Deployed, deployed_by, generators
from gitops.facts.pairs import set_pairs
from gitops.facts.secrets.pods import mapping
from gitops.resources.manifests import text_of
from gitops.resources.rendering import Rendered

# What nobody deploys, although it lies beside what is deployed.
_SAID_TO_PEOPLE = re.compile(r"\.md$|(?:^|/)(?:OWNERS|CODEOWNERS|LICENSE|\.gitignore|\.gitattributes)$")
_FEW = 40  # sets of which all kustomizations are followed


@dataclass(frozen=True, slots=True)
class UnseenSet:
    """A set of the base of which not all is known. `after` is it in the head, None when it is gone; `lost` are
    directories and files of its git generators that go, `touched` directories of them in which something changes,
    `files` what it is that changes in them, each with git's id of its content."""

    before: ApplicationSet
    after: ApplicationSet | None
    lost: tuple[str, ...]
    touched: tuple[str, ...]
    files: tuple[tuple[str, str], ...] = ()

    @property
    def respecified(self) -> bool:
        return self.after is not None and self.after.content != self.before.content

    @property
    def reason(self) -> str:
        return self.before.troubles[0]


def unseen_sets(base: Snapshot, head: Snapshot) -> Iterator[UnseenSet]:
    """Those that the change concerns."""
    unseen = [one for one in base.sets if one.troubles and not one.refused]
    if not unseen:
        return
    after = {one.key: now for one, now in set_pairs(base, head) if one is not None}
    changed = {path for path in head.tree.differing(base.tree) if not _SAID_TO_PEOPLE.search(path)}
    here = _own_addresses(base)
    known: dict[Any, Any] = {}
    for one in unseen:
        now = after[one.key]
        lost: set[str] = set()
        touched: set[str] = set()
        manifest = json.loads(one.content)
        read = {
            path
            for generator in _git_generators(manifest, here)
            for path in changed
            if _look(path, generator, base, head, lost, touched)
        }
        read |= _deployed(
            deployed_by(manifest, here), changed - read, base, head, touched, known, len(unseen) <= _FEW
        )
        entries = ((path, head.tree.entry(path)) for path in sorted(read))
        files = tuple((path, entry.oid if entry is not None else "") for path, entry in entries)
        found = UnseenSet(one, now, tuple(sorted(lost)), tuple(sorted(touched - lost)), files)
        if now is None or found.respecified or lost or touched:
            yield found


def _deployed(
    deployed: Deployed,
    changed: Set[str],
    base: Snapshot,
    head: Snapshot,
    touched: set[str],
    known: dict[Any, Any],
    everywhere: bool,
) -> set[str]:
    """Those of the files that change which its template deploys; `everywhere` also those that its kustomizations name
    outside of where they lie."""
    found: set[str] = set()
    for path in changed:
        where = path if deployed.has_file(path) else deployed.directory_of(path)
        if where:
            touched.add(where)
            found.add(path)
    beside = {path for path in changed - found if everywhere or deployed.may_lead_to(path)}
    for tree in (base.tree, head.tree) if beside else ():
        read = deployed.read(tree, known.setdefault(id(tree), {}))
        for path in beside & read.keys():
            touched.add(read[path])
            found.add(path)
    return found


def _look(
    path: str, generator: Mapping[str, Any], base: Snapshot, head: Snapshot, lost: set[str], touched: set[str]
) -> bool:
    """Whether the set reads a file that changes, or deploys it."""
    matched = False
    if _is_listed(path, generator.get("files"), globs.pathspec_match) and base.tree.entry(path) is not None:
        (touched if head.tree.entry(path) is not None else lost).add(path)
        matched = True
    here = path
    while here:
        here = here.rpartition("/")[0]
        if here and _is_listed(here, generator.get("directories"), globs.path_match) and base.tree.is_dir(here):
            (touched if head.tree.is_dir(here) else lost).add(here)
            matched = True
    return matched


def _is_listed(path: str, entries: object, match: Any) -> bool:
    listed = [entry for entry in entries if isinstance(entry, dict)] if isinstance(entries, list) else []
    taken = barred = False
    for entry in listed:
        try:
            hit = match(text_of(entry.get("path")), path)
        except globs.BadPattern:
            continue
        if entry.get("exclude") is True:
            barred |= hit
        else:
            taken |= hit
    return taken and not barred


def _git_generators(manifest: Any, here: frozenset[str]) -> Iterator[Mapping[str, Any]]:
    for generator in generators(mapping(mapping(manifest).get("spec"))):
        body = mapping(generator.get("git"))
        if body and (not here or text_of(body.get("repoURL")) in here):
            yield body


def _own_addresses(snapshot: Snapshot) -> frozenset[str]:
    """The addresses by which Applications that are rendered from this repository name it."""
    return frozenset(_addresses(snapshot))


def _addresses(snapshot: Snapshot) -> Iterable[str]:
    for state in snapshot.states:
        for source, part in zip(state.application.sources, state.parts, strict=False):
            if isinstance(part.rendering, Rendered) and part.resources and source.repo_url:
                yield source.repo_url
