"""What a change touches, and whether two changes may have to do with each other.

A pull request is judged against the commit that its base branch was at. When that branch moves on, most pull requests
are not concerned, and judging each of them again would cost an evaluation for every pull request and push. So what a
pull request touches is remembered in the form of names, and held against what the push touches.

It errs on the safe side: two changes meet unless it is certain that merging both gives no finding that neither
gives alone, and takes none away. What cannot be told by names (an ApplicationSet that may take in what the other
one adds, a rendering that fails for want of something) reaches everything.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from gitops.applications.application import Application
from gitops.discovery.snapshot import ApplicationKey, OwnedId, Snapshot, State
from gitops.facts.namespaces import makes_namespace
from gitops.facts.order.relations import relations
from gitops.facts.scopes import scopes_in
from gitops.facts.secrets.survey import survey
from gitops.files.errors import GitopsError
from gitops.files.tree import Tree
from gitops.resources.rendering import RenderFailed
from gitops.resources.resource import Resource

# Stands among the names for what decides whether a namespace is missing: how many others are made, and for whom.
MADE = "which namespaces are made"
MOST = 50_000  # names that are kept of one change
_WORD = re.compile(rb"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?")
_CONFIGURES = re.compile(rb"argocd-cm|argocd\.argoproj\.io/secret-type|kind[\"']?:[ \t]*[\"']?ArgoCD\b")
_REACH_ALL = frozenset({("argoproj.io", "AppProject"), ("argoproj.io", "ApplicationSet")})

Needs = Mapping[ApplicationKey, frozenset[ApplicationKey]]
Edge = tuple[ApplicationKey, ApplicationKey]


@dataclass(frozen=True)
class Touched:
    """`files` differ; `read` are those that the Applications it touches are built from, and `below` the directories
    that Applications are built from which it adds, changes or takes out. `things` are resources, Secrets and
    ConfigMaps in their clusters and Applications that kustomize builds; `names` those of what it changes,
    `mentioned` every word in that. `needs` are pairs of Applications of which the first begins to need the second.
    `everything` is why it may reach anything at all, '' for what cannot.
    """

    files: frozenset[str] = frozenset()
    read: frozenset[str] = frozenset()
    below: frozenset[str] = frozenset()
    things: frozenset[object] = frozenset()
    names: frozenset[str] = frozenset()
    mentioned: frozenset[str] = frozenset()
    needs: frozenset[Edge] = frozenset()
    everything: str = ""

    @property
    def count(self) -> int:
        """How many names it holds."""
        parts = (self.files, self.read, self.below, self.things, self.names, self.mentioned, self.needs)
        return sum(map(len, parts))

    def meets(self, other: Touched) -> str:
        """Why the two may have to do with each other, one clause; '' when they cannot."""
        if shared := self.files & other.files:
            return f"both change {min(shared)}"
        for one, another in ((self, other), (other, self)):
            # Files count too: an ApplicationSet may begin to read what nothing read before.
            if one.everything and (another.files or another.things):
                return one.everything
        if self.things & other.things:
            return "both change the same resource or Application"
        if named := (self.names & (other.names | other.mentioned)) | (other.names & self.mentioned):
            return f"one names {min(named)}, which the other changes"
        return _reads(self, other) or _reads(other, self)


def touched(before: Snapshot, after: Snapshot) -> Touched:
    """What a change from one snapshot to another touches."""
    files = after.tree.differing(before.tree)
    found = _Comparison(before, after, files)
    why = found.everything() or found.compare()
    result = Touched(files, everything=why) if why else found.result()
    if result.count > MOST:
        return Touched(everything="it touches more than is remembered of a change")
    return result


def closes_circle(needs: Needs, change: Touched) -> bool:
    """Whether what a change makes Applications need leads back to them, together with `needs` (`needs_of`)."""
    own: dict[ApplicationKey, set[ApplicationKey]] = {}
    for one, another in change.needs:
        own.setdefault(one, set()).add(another)
    for start, first in change.needs:
        seen, todo = {first}, [first]
        while todo:
            here = todo.pop()
            if here == start:
                return True
            further = {*needs.get(here, ()), *own.get(here, ())} - seen
            seen |= further
            todo += further
    return False


def needs_of(snapshot: Snapshot) -> Needs:
    """Which other Applications each Application needs."""
    found: dict[ApplicationKey, set[ApplicationKey]] = {}
    for one, another in _edges(snapshot):
        found.setdefault(one, set()).add(another)
    return {key: frozenset(others) for key, others in found.items()}


def _edges(snapshot: Snapshot) -> Iterator[Edge]:
    for relation in snapshot.once(relations):
        for provider in relation.providers:
            if provider.application.key != relation.application.key:
                yield relation.application.key, provider.application.key


def _reads(reader: Touched, changer: Touched) -> str:
    """Why what one changes is what the other's Applications are built from; '' when it is not."""
    if shared := reader.read & changer.files:
        return f"one is built from {min(shared)}, which the other changes"
    for path in changer.files if reader.below else ():
        here = path
        while here:
            here = here.rpartition("/")[0]
            if here in reader.below:
                return f"one deploys {here or 'the whole repository'}, in which the other changes {path}"
    return ""


@dataclass
class _Comparison:
    before: Snapshot
    after: Snapshot
    files: frozenset[str]
    read: set[str] = field(default_factory=set)
    below: set[str] = field(default_factory=set)
    things: set[object] = field(default_factory=set)
    names: set[str] = field(default_factory=set)
    words: set[bytes] = field(default_factory=set)
    edges: frozenset[Edge] = frozenset()

    def everything(self) -> str:
        """Why the change may reach anything, by what is not told Application by Application."""
        before, after = self.before, self.after
        if before.truncated or after.truncated:
            return "there are more Applications than argofix looks at"
        sides = [
            (
                {each.key: (each.content, each.troubles, each.refused, each.halted) for each in side.sets},
                {(u.name, u.namespace, u.reason, u.root, u.refused) for u in side.unknown},
            )
            for side in (before, after)
        ]
        if sides[0] != sides[1]:
            return "one changes an ApplicationSet, or what could be read"
        if before.once(scopes_in) != after.once(scopes_in):
            return "one changes which kinds of resources there are"
        if (before.clusters, before.application_health) != (after.clusters, after.application_health):
            return "one changes how Argo CD is configured"
        if any(_configures(side.tree, path) for side in (before, after) for path in self.files):
            return "one changes how Argo CD is configured"
        if {g.url for g in before.guessed} != {g.url for g in after.guessed}:
            return "one changes by what addresses this repository is known"
        return ""

    def compare(self) -> str:
        """Gather what is touched; '' or why that is everything."""
        for key in {**self.before.by_key, **self.after.by_key}:
            why = self._state(self.before.by_key.get(key), self.after.by_key.get(key))
            if why:
                return why
        for snapshot, other in ((self.before, self.after), (self.after, self.before)):
            said = {(r.kind, r.namespace, r.name, r.root, r.makers) for r in other.repeated}
            self.names |= {
                r.name for r in snapshot.repeated if (r.kind, r.namespace, r.name, r.root, r.makers) not in said
            }
        return self._objects() or self._needs()

    def result(self) -> Touched:
        return Touched(
            self.files,
            frozenset(self.read),
            frozenset(self.below),
            frozenset(self.things),
            frozenset(self.names),
            frozenset(word.decode() for word in self.words),
            self.edges,
        )

    def _state(self, before: State | None, after: State | None) -> str:
        sides = [state for state in (before, after) if state is not None]
        closures = [part.closure for state in sides for part in state.parts if part.closure is not None]
        respecified = before is None or after is None or not _alike(before.application, after.application)
        rebuilt = any(not self.files.isdisjoint(closure.files) for closure in closures)
        if not respecified and not rebuilt and _same_parts(*sides):
            return ""
        changed = _changed(before, after, whole=respecified)
        if not (respecified or rebuilt or changed):
            return ""
        for state in sides:
            if isinstance(state.rendering, RenderFailed):
                return f"one touches {state.application.label}, which does not render"
        if respecified:
            self.names.add(MADE)
            for application in (state.application for state in sides):
                self.names.add(application.name)
                self.below.update(source.path for source in application.sources)
                self._mention(application.project, application.namespace, str(application.destination))
        if closures:
            self.things.update(("application", state.application.key) for state in sides)
            for closure in closures:
                self.read |= closure.files
        for state in sides:
            where = state.application.destination
            for resource in changed:
                if (resource.id.group, resource.id.kind) in _REACH_ALL:
                    return f"one changes {resource.id}"
                self.things.add(
                    OwnedId(where.cluster, resource.id.placed(where.namespace, self.after.once(scopes_in)))
                )
        for resource in changed:
            if resource.id.name:
                self.names.add(resource.id.name)
            if makes_namespace(resource):
                self.names.add(MADE)
            self.words.update(_WORD.findall(resource.text))
        return ""

    def _objects(self) -> str:
        """Secrets and ConfigMaps that begin or cease to be needed or provided, in whatever namespace: where some are
        looked for depends on where they are."""
        before, after = self.before.once(survey), self.after.once(survey)
        wide = [{(key, repr(p.provided)) for key, found in s.wide.items() for p in found} for s in (before, after)]
        maybe = [
            {(key, repr(p.provided)) for key, found in s.possible.items() for p, _ in found} for s in (before, after)
        ]
        if wide[0] != wide[1] or maybe[0] != maybe[1]:
            return "one changes what is provided in several namespaces, or perhaps"
        needed = [{(n.id, n.use, n.owner.application.key, n.moment) for n in s.needed} for s in (before, after)]
        given = [
            {
                (key, p.provided, p.owner.application.key, p.moment)
                for key, found in s.provisions.items()
                for p in found
            }
            for s in (before, after)
        ]
        ids = [row[0] for row in needed[0] ^ needed[1]] + [row[0] for row in given[0] ^ given[1]]
        self.things.update((each.cluster, each.kind, each.name) for each in ids)
        return ""

    def _needs(self) -> str:
        before, after = frozenset(_edges(self.before)), frozenset(_edges(self.after))
        self.edges = after - before
        self._mention(*(key[2] for edge in before ^ after for key in edge))
        return ""

    def _mention(self, *texts: str) -> None:
        for text in texts:
            self.words.update(_WORD.findall(text.encode("utf-8", "replace")))


def _configures(tree: Tree, path: str) -> bool:
    """Whether a file may hold what Argo CD is told about resources and clusters
    (`gitops.applications.argocd_config`)."""
    if not path.endswith((".yaml", ".yml", ".json")) or path not in tree:
        return False
    try:
        data = tree.read(tree.resolve(path))
    except GitopsError:
        return False
    return _CONFIGURES.search(data) is not None


def _alike(one: Application, other: Application) -> bool:
    """Whether two Applications are specified alike, wherever that is written."""
    return replace(one, origin=other.origin) == other


def _same_parts(before: State, after: State) -> bool:
    return len(before.parts) == len(after.parts) and all(
        old.rendering == new.rendering
        if not (old.fingerprint and new.fingerprint)
        else old.fingerprint == new.fingerprint
        for old, new in zip(before.parts, after.parts, strict=True)
    )


def _changed(before: State | None, after: State | None, *, whole: bool) -> list[Resource]:
    """Resources that one side has and the other does not, or all of both."""
    sides = [_resources(state) for state in (before, after)]
    if whole:
        return [*sides[0], *sides[1]]
    counts = [Counter((r.id, r.text, r.hook) for r in side) for side in sides]
    differ = (counts[0] - counts[1]) + (counts[1] - counts[0])
    return [r for side in sides for r in side if (r.id, r.text, r.hook) in differ]


def _resources(state: State | None) -> list[Resource]:
    parts = () if state is None else state.parts
    return [resource for part in parts for resource in part.resources]
