"""One Application brings the same resource twice.

What it finds: two entries of one Application, directly or through bases, contain the same resource.

Why it matters: kustomize refuses to build it ("may not add resource with an already registered id"), so the whole
Application stops syncing. In plain directories and between sources Argo CD takes the last copy and shows
RepeatedResourceWarning: which copy wins depends on file names.

Example: an overlay lists `namespace.yaml` although its base already does.

How the fix is safe: offered only when the copies are identical and nothing changes one of them on the way. Only the
superfluous entry's, document's or file's lines go, and the Application must render afterwards with the resource in it
once, and all else as before.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from checks.declaration import FixAvailability, declare
from checks.model import Finding, Related, Removal, Severity, Topic
from checks.ownership.ways import Way
from checks.ownership.written import Files, item_of, out_of_file
from checks.policy.file import Policy
from gitops.discovery.locate import members
from gitops.discovery.snapshot import Change, Owned, OwnedId, Part, Snapshot, State
from gitops.facts.owners import owners_of
from gitops.facts.scopes import scopes_in
from gitops.files.documents import read_documents
from gitops.files.errors import GitopsError
from gitops.files.spans import Span
from gitops.files.tree import Tree
from gitops.kustomize.closure import Chain, Closure, load
from gitops.kustomize.failures.explain import parse_kustomize_id
from gitops.kustomize.kustomization import ACCUMULATED, Reference
from gitops.kustomize.steps import DeleteDocument, Step, TakeOut
from gitops.resources.manifests import canonical, identify
from gitops.resources.meaning import as_applied
from gitops.resources.rendering import RenderFailed
from gitops.resources.resource import ResourceId, same_manifest

RULE = declare("duplicate-entry", Severity.ERROR, Severity.WARNING, fix=FixAvailability.SOMETIMES)

DIFFER = "the copies differ, and a person has to decide which one is right"

_LISTING = {"apiVersion", "kind", "metadata", "resources", "bases", "components"}
# Of a kustomization that is only on the way: these change nothing of what it takes in.
_ADDING = {"configMapGenerator", "secretGenerator", "generatorOptions", "crds", "sortOptions", "buildMetadata"}


@dataclass(frozen=True, slots=True)
class _Way:
    """One way a resource comes into an Application: the entries, the document (of a List, the item) and its canonical
    text."""

    chain: Chain
    document: Span
    text: bytes
    namespace: str
    item: int | None = None

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
    name = state.application.label
    rid = parse_kustomize_id(failure.registered_twice or "")
    ways = _ways(snapshot.tree, part.closure, rid) if rid and part.closure else []
    what = str(rid) if rid else failure.registered_twice or "a resource"
    span, message = failure.span, ""
    removals: tuple[Removal, ...] = ()
    if len(ways) > 1:
        kept, extra = ways[0], ways[-1]
        span = extra.entry
        cause = _difference(snapshot.tree, kept, extra)
        proposals = [] if cause else _proposals(snapshot.tree, part.closure, kept, extra)
        if proposals and isinstance(proposals[0][0], TakeOut):
            span = proposals[0][0].span
        message = "The two copies differ." if cause else "The two copies are identical."
        placed = rid.placed(state.application.destination.namespace, snapshot.once(scopes_in)) if rid else None
        if placed is not None:
            owned_id = OwnedId(state.application.destination.cluster, placed)
            removals = (Removal(state.application.key, state.application.key, owned_id, tuple(proposals), cause),)
    topic = Topic(
        f"{RULE}|{name}|{span}",
        f"`{name}` brings in {what} twice",
        "kustomize refuses to add a resource that is already there, so the Application does not render and Argo CD "
        f"stops syncing it. {message}".rstrip(),
    )
    related = [Related(way.entry, f"also brings in {what}") for way in ways if way.entry != span]
    return RULE.finding(
        span,
        f"{what} is brought into `{name}` twice",
        topic=topic,
        severity=Severity.ERROR,
        about=(name, *_identity(rid, what)),
        resource=rid,
        applications=(name,),
        related=related,
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
            listed = members(value) if isinstance(value, dict) else []
            for index, member in enumerate(listed):
                own = identify(member)
                if (own.kind, own.group, own.name) == (rid.kind, rid.group, rid.name):
                    place = Span(path, document.line, document.end_line)
                    item = index if len(listed) > 1 else None
                    text = canonical(as_applied(member))
                    ways.extend(_Way(chain, place, text, own.namespace, item) for chain in chains)
    # Where both copies stand in the namespace that kustomize names, others in another namespace are not meant.
    exact = [way for way in ways if way.namespace == rid.namespace]
    ways = exact if len(exact) > 1 else ways
    return sorted(ways, key=lambda way: (-len(way.chain), [(r.span, r.index) for r in way.chain]))


def _difference(tree: Tree, kept: _Way, extra: _Way) -> str:
    """Why two copies are not the same, '' when they are: by what is written, or by what is done to it on the way."""
    if kept.text != extra.text:
        return DIFFER
    common = next((i for i, (a, b) in enumerate(zip(kept.chain, extra.chain, strict=False)) if a != b), 0)
    on_the_way = [r.kustomization for chain in (kept.chain, extra.chain) for r in chain[common + 1 :]]
    for file in dict.fromkeys(on_the_way):
        if not _only(tree, file, _LISTING | _ADDING):
            return f"the copies are written alike, but {file} changes one of them"
    return ""


def _proposals(tree: Tree, closure: Closure | None, kept: _Way, extra: _Way) -> list[Way]:
    """What takes one of two identical copies out and nothing else, best first: the entry of the extra one, its
    document, then the same of the kept one."""
    found: list[Way] = []
    for stays, goes in ((kept, extra), (extra, kept)):
        found.extend((TakeOut(reference),) for reference in _superfluous(tree, closure, stays, goes))
    for stays, goes in ((kept, extra), (extra, kept)):
        if goes.document.path != stays.document.path:
            found.extend(_document_of(tree, goes))
    return list(dict.fromkeys(found))


def _document_of(tree: Tree, way: _Way) -> Iterator[Way]:
    path = way.document.path
    documents = Files(tree).documents(path)
    document = next((d for d in documents if d.line == way.document.line), None)
    if document is None or tree.resolve(path) != path:
        return
    if way.item is not None:
        yield (item_of(path, document, way.item),)
    elif len(documents) > 1:
        yield (DeleteDocument(way.document, identify(members(document.value())[0])),)


def _superfluous(tree: Tree, closure: Closure | None, kept: _Way, extra: _Way) -> Iterator[Reference]:
    """The entries that may be taken out for `extra`, the outermost first: `kept` does not go through them, and
    everything below comes in through other entries too."""
    if closure is None:
        return
    for reference in extra.chain:
        if reference in kept.chain or reference.field not in ACCUMULATED:
            continue
        if any(
            not _only(tree, file, _LISTING)
            for file, chains in closure.kustomizations.items()
            if any(reference in chain for chain in chains) and all(reference in chain for chain in chains)
        ):
            continue  # it generates or changes something, which would be lost with it
        below = {path for path, chains in closure.chains.items() if any(reference in chain for chain in chains)}
        elsewhere = {
            path for path, chains in closure.chains.items() if any(reference not in chain for chain in chains)
        }
        if all(path in elsewhere or _copied(tree, path, elsewhere) for path in below):
            yield reference


def _only(tree: Tree, file: str, known: set[str]) -> bool:
    """Whether a kustomization has no other fields than these."""
    try:
        fields = load(tree, file, {}).fields
    except GitopsError:
        return False
    return not {name for name, value in fields.items() if value} - known


def _copied(tree: Tree, path: str, elsewhere: set[str]) -> bool:
    """Whether every document of a file also stands, word for word, in a file that comes in elsewhere."""

    def documents(of: str) -> set[bytes]:
        try:
            values = [document.value() for document in read_documents(of, tree.read(tree.resolve(of)))]
        except (GitopsError, KeyError):
            return set()
        listed = [member for value in values if isinstance(value, dict) for member in members(value)]
        return {canonical(as_applied(member)) for member in listed}

    own = documents(path)
    return bool(own) and own <= set().union(*(documents(other) for other in sorted(elsewhere)))


def _repeated(snapshot: Snapshot) -> Iterator[Finding]:
    """Copies within plain directories and between the sources of one Application."""
    for owned_id, copies in snapshot.once(owners_of).items():
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
    key, name, rid = first.application.key, first.application.label, owned_id.id
    alike = all(same_manifest(copy.resource, last.resource, rid.namespace) for copy in group)
    sources = len({copy.part.index for copy in group})
    where = "sources" if sources > 1 else "files"
    topic = Topic(
        f"{RULE}|{name}|{first.origin.entry}|{last.origin.entry}|{alike}",
        f"`{name}` brings in the same resources from two {where}",
        f"Argo CD shows RepeatedResourceWarning and applies only the last copy, the one from {last.origin.entry}. "
        f"The copies {'are identical' if alike else 'differ'}.",
    )
    ways, cause = _ways_out(group) if alike else ((), DIFFER)
    return RULE.finding(
        first.origin.entry,
        f"{rid} is brought into `{name}` {len(group)} times",
        topic=topic,
        severity=Severity.WARNING,
        about=(name, rid.group, rid.kind, rid.namespace, rid.name),
        resource=rid,
        applications=(name,),
        related=tuple(Related(copy.origin.entry, "also brings it in") for copy in group[1:]),
        removals=(Removal(key, key, owned_id, ways, cause),),
    )


def _ways_out(group: list[Owned]) -> tuple[tuple[Way, ...], str]:
    """All but one of identical copies: their files, documents or items; what else stands in the files stays."""
    tree = group[0].tree
    places = [copy.resource.path for copy in group]
    if any(place is None for place in places):
        return (), "its place in the files cannot be told"
    links = [place is not None and tree.resolve(place) != place for place in places]
    # The last copy counts today. Of a file and a link to it the link goes.
    stays = max((i for i, link in enumerate(links) if not link), default=len(group) - 1)
    goes = [copy for i, copy in enumerate(group) if i != stays]
    leaving = {id(copy.resource) for copy in goes}
    steps: list[Step] = []
    files = Files(tree)
    for copy in goes:
        path = copy.resource.path or ""
        staying = [r for r in copy.part.resources if r.path == path and id(r) not in leaving]
        step = out_of_file(files, path, [copy.resource], staying)[id(copy.resource)]
        if step is None:
            return (), f"its place in {path} cannot be told"
        steps.append(step)
    return (tuple(dict.fromkeys(steps)),), ""
