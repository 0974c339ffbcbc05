"""ApplicationSets whose Applications git alone does not tell, and what a change does to what it does tell of them.

A set that needs outside data (clusters, pull requests, a plugin) makes Applications that nobody here knows. What goes
of its generators, and what changes in the directories that those name, reaches these all the same.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass, field
from typing import Any

from gitops.applications.repositories import identity_of
from gitops.applicationsets import globs
from gitops.applicationsets.declared import ApplicationSet
from gitops.discovery.snapshot import Snapshot
from gitops.facts.changes.git_data import Data, git_generators, is_listed, words_of
from gitops.facts.changes.templated import Deployed, deployed_by
from gitops.facts.pairs import set_pairs
from gitops.facts.secrets.pods import mapping
from gitops.files.tree import Tree
from gitops.resources.manifests import text_of
from gitops.resources.rendering import Rendered

# What nobody deploys, although it lies beside what is deployed.
_SAID_TO_PEOPLE = re.compile(r"\.md$|(?:^|/)(?:OWNERS|CODEOWNERS|LICENSE|\.gitignore|\.gitattributes)$")
_FEW = 40  # sets of which all kustomizations are followed


@dataclass(frozen=True, slots=True)
class UnseenSet:
    """A set of the base of which not all is known. `after` is it in the head, None when it is gone; `lost` are
    directories and files of its git generators that go, `came` such that come, `data` such files that change,
    `renaming` those of them that change what its Applications are named by; `touched` are directories and files that
    it deploys in which something changes, `files` what it is that changes, each with git's id of its content."""

    before: ApplicationSet
    after: ApplicationSet | None
    lost: tuple[str, ...]
    touched: tuple[str, ...]
    files: tuple[tuple[str, str], ...] = ()
    data: tuple[str, ...] = ()
    renaming: tuple[str, ...] = ()
    came: tuple[str, ...] = ()

    @property
    def reached(self) -> bool:
        """Whether something may change or go of what it made before."""
        return bool(self.lost or self.data or self.touched)

    @property
    def respecified(self) -> bool:
        return self.after is not None and self.after.content != self.before.content

    @property
    def only_adds(self) -> bool:
        """Whether all that changes is that something comes."""
        return not (self.after is None or self.respecified or self.reached)

    @property
    def may_drop(self) -> bool:
        """Whether Applications that it made before may go."""
        return self.after is None or bool(self.lost or self.renaming)

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
    few = len(unseen) <= _FEW
    both = [Data.of(snapshot.tree) for snapshot in (base, head)]
    for one in unseen:
        now = after[one.key]
        looked = _Found()
        manifest = json.loads(one.content)
        read = {
            path
            for generator in git_generators(manifest, here)
            for path in changed
            if looked.look(path, generator, base.tree, head.tree)
        }
        values = [each.values(manifest, here) for each in both] if changed and few else []
        deployed = deployed_by(manifest, here, values)
        read |= _deployed(deployed, changed - read, base, head, looked.touched, known, few)
        names = words_of(_name(manifest))
        renaming = {path for path in looked.data if both[0].named_by(path, names) - both[1].named_by(path, names)}
        entries = ((path, head.tree.entry(path)) for path in sorted(read))
        found = UnseenSet(
            one,
            now,
            tuple(sorted(looked.lost)),
            tuple(sorted(looked.touched - looked.lost - looked.came)),
            tuple((path, entry.oid if entry is not None else "") for path, entry in entries),
            tuple(sorted(looked.data)),
            tuple(sorted(renaming)),
            tuple(sorted(looked.came)),
        )
        if now is None or found.respecified or found.reached or found.came:
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


def _name(manifest: Any) -> str:
    """What its Applications are named by, as templates write it."""
    spec = mapping(mapping(manifest).get("spec"))
    metadata = mapping(mapping(spec.get("template")).get("metadata"))
    return f"{text_of(metadata.get('namespace'))} {text_of(metadata.get('name'))}"


@dataclass(slots=True)
class _Found:
    """What a change does to what generators read: what goes, comes and changes of it."""

    lost: set[str] = field(default_factory=set)
    came: set[str] = field(default_factory=set)
    data: set[str] = field(default_factory=set)
    touched: set[str] = field(default_factory=set)

    def look(self, path: str, generator: Mapping[str, Any], base: Tree, head: Tree) -> bool:
        """Whether the set reads a file that changes, or deploys it."""
        matched = is_listed(path, generator.get("files"), globs.pathspec_match)
        if matched:
            gone, new = path not in head, path not in base
            (self.lost if gone else self.came if new else self.data).add(path)
        here = path
        while here:
            here = here.rpartition("/")[0]
            if here and is_listed(here, generator.get("directories"), globs.path_match):
                gone, new = not head.is_dir(here), not base.is_dir(here)
                (self.lost if gone else self.came if new else self.touched).add(here)
                matched = True
        return matched


def _own_addresses(snapshot: Snapshot) -> frozenset[str]:
    """The addresses (`identity_of`) by which Applications that are rendered from this repository name it."""
    return frozenset(_addresses(snapshot))


def _addresses(snapshot: Snapshot) -> Iterable[str]:
    for state in snapshot.states:
        for source, part in zip(state.application.sources, state.parts, strict=False):
            if isinstance(part.rendering, Rendered) and part.resources and source.repo_url:
                yield identity_of(source.repo_url)
