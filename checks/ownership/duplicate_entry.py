"""One Application brings the same resource twice.

What it finds: two entries of one Application, directly or through bases, contain the same resource.

Why it matters: kustomize refuses to build it ("may not add resource with an already registered id"), so the whole
Application stops syncing. In plain directories and between sources Argo CD takes the last copy and shows
RepeatedResourceWarning: which copy wins depends on file names.

Example: an overlay lists `namespace.yaml` although its base already does.

How the fix is safe: offered only when the copies are identical. Only the superfluous entry's lines go, and the
Application must render afterwards with the resource in it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from checks.model import Finding, Related, Removal, Severity, Topic
from checks.policy import Policy
from gitops.closure import Chain, Closure, load
from gitops.documents import read_documents
from gitops.errors import GitopsError
from gitops.kustomization import Reference
from gitops.manifests import canonical, identify
from gitops.meaning import as_applied
from gitops.render_errors import parse_kustomize_id
from gitops.rendering import RenderFailed
from gitops.resources import ResourceId, same_manifest
from gitops.snapshot import Change, Owned, OwnedId, Part, Snapshot, State
from gitops.spans import Span
from gitops.tree import Tree

RULE = "duplicate-entry"

_LISTING = {"apiVersion", "kind", "metadata", "resources", "bases", "components"}


@dataclass(frozen=True, slots=True)
class _Way:
    """One way a resource comes into an Application: the entries, the document and its canonical text."""

    chain: Chain
    document: Span
    text: bytes
    namespace: str

    @property
    def entry(self) -> Span:
        return self.chain[-1].span if self.chain else self.document


def check(change: Change, policy: Policy) -> Iterator[Finding]:
    """Findings for the head of a change."""
    for state in change.head.states:
        for part in state.parts:
            rendering = part.rendering
            if isinstance(rendering, RenderFailed) and rendering.registered_twice is not None:
                yield _refused(change.head, state, part, rendering)
    yield from _repeated(change.head)


def _refused(snapshot: Snapshot, state: State, part: Part, failure: RenderFailed) -> Finding:
    name = state.application.name
    rid = parse_kustomize_id(failure.registered_twice or "")
    ways = _ways(snapshot.tree, part.closure, rid) if rid and part.closure else []
    what = str(rid) if rid else failure.registered_twice or "a resource"
    span, advice = failure.span, "Take one of the two entries out."
    removals: tuple[Removal, ...] = ()
    if len(ways) > 1:
        kept, extra = ways[0], ways[-1]
        span = extra.entry
        reference = _superfluous(snapshot.tree, part.closure, kept, extra)
        if kept.text != extra.text:
            advice = "The two copies differ: decide which one is right, and take the other one's entry out."
        elif reference is None:
            file = extra.chain[-1].value if extra.chain else extra.document.path
            advice = f"`{file}` ({extra.entry}) also brings other resources: take the copy out of that file."
        else:
            span = reference.span
            advice = f"Remove `{reference.value}` ({span}): the copy from {kept.entry} stays."
            placed = rid.placed(state.application.destination.namespace, snapshot.scopes) if rid else None
            owned_id = OwnedId(state.application.destination.cluster, placed) if placed else None
            if owned_id is not None:
                removals = (Removal(state.application.key, state.application.key, owned_id, reference),)
    topic = Topic(
        f"{RULE}|{name}|{span}",
        f"`{name}` brings in {what} twice",
        "kustomize refuses to add a resource that is already there, so the Application does not render and Argo CD "
        "stops syncing it.",
        advice,
    )
    related = [Related(way.entry, f"also brings in {what}") for way in ways if way.entry != span]
    return Finding(
        RULE,
        Severity.ERROR,
        span,
        f"{what} is brought into `{name}` twice",
        topic,
        (RULE, name, *_identity(rid, what)),
        resource=rid,
        applications=(name,),
        related=tuple(related),
        removals=removals,
    )


def _identity(rid: ResourceId | None, what: str) -> tuple[str, ...]:
    return (rid.group, rid.kind, rid.namespace, rid.name) if rid else (what,)


def _ways(tree: Tree, closure: Closure, rid: ResourceId) -> list[_Way]:
    """Every way the resource comes in: the one to keep first, the one nearest to the root (easily spared) last."""
    ways: list[_Way] = []
    for path, chains in closure.chains.items():
        try:
            documents = read_documents(path, tree.read(tree.resolve(path)))
        except (GitopsError, KeyError):
            continue
        for document in documents:
            value = document.value()
            if not isinstance(value, dict):
                continue
            own = identify(value)
            if (own.kind, own.group, own.name) == (rid.kind, rid.group, rid.name):
                place = Span(path, document.line, document.end_line)
                ways.extend(_Way(chain, place, canonical(as_applied(value)), own.namespace) for chain in chains)
    # Where both copies stand in the namespace that kustomize names, others in another namespace are not meant.
    exact = [way for way in ways if way.namespace == rid.namespace]
    ways = exact if len(exact) > 1 else ways
    return sorted(ways, key=lambda way: (-len(way.chain), [(r.span, r.index) for r in way.chain]))


def _superfluous(tree: Tree, closure: Closure | None, kept: _Way, extra: _Way) -> Reference | None:
    """The entry to take out for `extra`: the first one that `kept` does not go through, when everything below it
    comes in through other entries too."""
    if closure is None:
        return None
    reference = next((r for r in extra.chain if r not in kept.chain), None)
    if reference is None or reference.field not in ("resources", "bases", "components"):
        return None
    if any(
        not _only_lists(tree, file)
        for file, chains in closure.kustomizations.items()
        if any(reference in chain for chain in chains) and all(reference in chain for chain in chains)
    ):
        return None  # it generates or changes something, which would be lost with it
    below = {path for path, chains in closure.chains.items() if any(reference in chain for chain in chains)}
    elsewhere = {path for path, chains in closure.chains.items() if any(reference not in chain for chain in chains)}
    return reference if all(path in elsewhere or _copied(tree, path, elsewhere) for path in below) else None


def _only_lists(tree: Tree, file: str) -> bool:
    try:
        fields = load(tree, file, {}).fields
    except GitopsError:
        return False
    return not {name for name, value in fields.items() if value} - _LISTING


def _copied(tree: Tree, path: str, elsewhere: set[str]) -> bool:
    """Whether every document of a file also stands, word for word, in a file that comes in elsewhere."""

    def documents(of: str) -> set[bytes]:
        try:
            values = [document.value() for document in read_documents(of, tree.read(tree.resolve(of)))]
        except (GitopsError, KeyError):
            return set()
        return {canonical(as_applied(value)) for value in values if isinstance(value, dict)}

    own = documents(path)
    return bool(own) and own <= set().union(*(documents(other) for other in sorted(elsewhere)))


def _repeated(snapshot: Snapshot) -> Iterator[Finding]:
    """Copies within plain directories and between the sources of one Application."""
    for owned_id, copies in snapshot.owners.items():
        if len(copies) < 2:
            continue
        by_application: dict[object, list[Owned]] = {}
        for copy in copies:
            by_application.setdefault(copy.application.key, []).append(copy)
        for group in by_application.values():
            if len(group) > 1:
                yield _repetition(owned_id, group)


def _repetition(owned_id: OwnedId, group: list[Owned]) -> Finding:
    first, last = group[0], group[-1]
    name, rid = first.application.name, owned_id.id
    alike = same_manifest(first.resource, last.resource, rid.namespace)
    sources = len({copy.part.index for copy in group})
    where = "sources" if sources > 1 else "files"
    topic = Topic(
        f"{RULE}|{name}|{first.origin.entry}|{last.origin.entry}",
        f"`{name}` brings in the same resources from two {where}",
        f"Argo CD shows RepeatedResourceWarning and applies only the last copy, the one from {last.origin.entry}. "
        f"The copies {'are identical' if alike else 'differ'}.",
        f"Take it out of {first.origin.entry}." if alike else "Decide which one is right, and remove the other.",
    )
    return Finding(
        RULE,
        Severity.WARNING,
        first.origin.entry,
        f"{rid} is brought into `{name}` {len(group)} times",
        topic,
        (RULE, name, rid.group, rid.kind, rid.namespace, rid.name),
        resource=rid,
        applications=(name,),
        related=tuple(Related(copy.origin.entry, "also brings it in") for copy in group[1:]),
    )
