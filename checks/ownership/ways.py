"""How a superfluous copy may go: the ways to try, best first. Each is proven before anybody hears of it.

What both Applications read must not be deleted: then the Application that is to lose it is narrowed instead, or goes
as a whole when it brings nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from checks.ownership.written import application_goes, delete_patch, patches_about, place_of, source_of
from checks.wording import listed
from gitops.closure import Chain, Closure
from gitops.compare import first_difference
from gitops.kustomization import ACCUMULATED, Reference
from gitops.rendering import Rendered
from gitops.resources import Resource, same_manifest
from gitops.snapshot import Owned, OwnedId, Part
from gitops.steps import DeleteFile, Exclude, Retire, Step, TakeOut
from gitops.tree import Tree

Way = tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What can be done about one superfluous copy: `ways` to try, and why it is there twice, or cannot simply go
    (`cause`, a sentence without a full stop that tells nobody to do anything). Copies that `differ` have no ways."""

    ways: tuple[Way, ...]
    cause: str = ""
    differ: bool = False


def judge(pairs: Sequence[tuple[OwnedId, Owned, Owned]]) -> Mapping[OwnedId, Verdict]:
    """Verdicts for copies of one Application (second of each triple) that another one (third) also has.

    All triples must have the same two Applications.
    """
    verdicts: dict[OwnedId, Verdict] = {}
    same: dict[int, Resource] = {}  # of the loser: superfluous, with what the keeper has instead
    for owned_id, superfluous, kept in pairs:
        if same_manifest(superfluous.resource, kept.resource, owned_id.id.namespace):
            same[id(superfluous.resource)] = kept.resource
        else:
            difference = first_difference(kept.resource, superfluous.resource, owned_id.id.namespace)
            verdicts[owned_id] = Verdict(
                (), f"the copies differ: {difference}; decide which one is right first", True
            )
    retire = _retire(pairs[0][1], same) if same else ()
    alike: dict[tuple[tuple[Way, ...], str], list[tuple[OwnedId, Step | None]]] = {}
    for owned_id, superfluous, kept in pairs:
        if owned_id not in verdicts:
            ways, cause = _ways(superfluous, kept, same)
            patch = _by_patch(superfluous, kept)
            shared, beside = _shared(superfluous, kept), "" if ways else cause
            cause = ", and ".join(filter(None, (shared, beside)))
            alike.setdefault(((*retire, *ways), cause), []).append((owned_id, patch))
    for (ways_, cause), members in alike.items():
        # What goes the same way is told in one text, so its last resort is the same as well.
        patches = [patch for _, patch in members if patch is not None]
        last: tuple[Way, ...] = (tuple(dict.fromkeys(patches)),) if len(patches) == len(members) else ()
        for owned_id, _ in members:
            verdicts[owned_id] = Verdict((*ways_, *last), cause)
    return verdicts


def chains_of(resource: Resource, closure: Closure) -> Sequence[Chain]:
    """The chains of entries through which a rendered resource came."""
    if resource.generator is not None:
        return closure.kustomizations.get(resource.generator, [])
    return closure.chains.get(resource.path, []) if resource.path is not None else []


def _retire(copy: Owned, same: Mapping[int, Resource]) -> tuple[Way, ...]:
    """The whole Application, when all that it brings is superfluous."""
    application = copy.application
    for part in copy.state.parts:
        if not isinstance(part.rendering, Rendered) or any(id(r) not in same for r in part.rendering.resources):
            return ()
    by = application_goes(copy.tree, application)
    return ((Retire(application.name, by, application.cascades),),) if by else ()


def _shared(superfluous: Owned, kept: Owned) -> str:
    """What both Applications read, so that it cannot be deleted for one of them."""
    one, other = superfluous.part.closure, kept.part.closure
    if one is not None and other is not None and one.root == other.root:
        return f"both Applications deploy the whole of {one.root or 'the repository'}"
    resource, twin = superfluous.resource, kept.resource
    if resource.generator is not None or twin.generator is not None:
        return f"both Applications take in {resource.generator}" if resource.generator == twin.generator else ""
    if resource.path is None or twin.path is None:
        return ""
    file = superfluous.tree.resolve(resource.path)
    if file != superfluous.tree.resolve(twin.path):
        return ""
    own = set(_chain_references(twin, other))
    entry = next((r for chain in _chains(superfluous) for r in chain if r in own), None)
    through = f" through `{entry.value}` ({entry.span})" if entry is not None else ""
    return f"both Applications read {file}{through}"


def _chain_references(resource: Resource, closure: Closure | None) -> Iterator[Reference]:
    for chain in chains_of(resource, closure) if closure is not None else ():
        yield from chain


def _chains(copy: Owned) -> Sequence[Chain]:
    return chains_of(copy.resource, copy.part.closure) if copy.part.closure is not None else []


def _ways(superfluous: Owned, kept: Owned, same: Mapping[int, Resource]) -> tuple[list[Way], str]:
    if superfluous.part.closure is None:
        return _plain(superfluous, same), _beside(superfluous, same) or "its place in the file cannot be told"
    if superfluous.resource.generator is not None:
        chain = superfluous.origin.chain
        made = chain[-1] if chain and chain[-1].field.endswith("Generator") else None
        ways: list[Way] = [(TakeOut(made),)] if made is not None else []
        return ways, f"it is generated at {superfluous.origin.entry}"
    entries, cause = _entries(superfluous, kept, same)
    return [*entries, *_documents(superfluous, same)], cause


def _entries(superfluous: Owned, kept: Owned, same: Mapping[int, Resource]) -> tuple[list[Way], str]:
    """Entries that bring in nothing that is not superfluous, the outermost first."""
    chains = _chains(superfluous)
    if len(chains) != 1:
        return [], "it does not come through one entry alone" if chains else "its entry cannot be told"
    own = set(_chain_references(kept.resource, kept.part.closure))
    ways: list[Way] = []
    cause = "its entry cannot be told"
    for reference in chains[0]:
        if reference.field not in ACCUMULATED or reference in own:
            continue
        rest = [r for r in _brought(superfluous.part, reference) if id(r) not in same]
        if rest:
            names = listed([str(r.id) for r in rest], most=3)
            cause = f"`{reference.value}` ({reference.span}) also brings {names}, which would be lost"
            continue
        patches = patches_about(superfluous.tree, chains[0], superfluous.resource.id)
        if patches:
            ways.append((TakeOut(reference), *(TakeOut(patch) for patch in patches)))
        ways.append((TakeOut(reference),))
    return ways, cause


def _brought(part: Part, reference: Reference) -> Iterable[Resource]:
    closure, rendering = part.closure, part.rendering
    if closure is None or not isinstance(rendering, Rendered):
        return
    for resource in rendering.resources:
        chains = chains_of(resource, closure)
        # What cannot be followed may come from anywhere, this entry included.
        if not chains or any(reference in chain for chain in chains):
            yield resource


def _documents(copy: Owned, same: Mapping[int, Resource]) -> list[Way]:
    """The documents (or the items of a List) in a file that holds more."""
    way = _out_of_file(copy, same)
    return [way] if way and not isinstance(way[0], DeleteFile) else []


def _out_of_file(copy: Owned, same: Mapping[int, Resource]) -> Way:
    """The steps that take all that is superfluous out of the copy's file, this copy included; none where it cannot be
    told."""
    rendering, path = copy.part.rendering, copy.resource.path
    if path is None or not isinstance(rendering, Rendered):
        return ()
    beside = [r for r in rendering.resources if r.path == path]
    staying = [r for r in beside if id(r) not in same]
    own = place_of(copy.tree, copy.resource, staying)
    others = [place_of(copy.tree, r, staying) for r in beside if id(r) in same and r is not copy.resource]
    steps = sorted({step for step in (own, *others) if step is not None}, key=lambda step: step.span)
    return tuple(steps) if own is not None else ()


def _by_patch(superfluous: Owned, kept: Owned) -> Step | None:
    """A patch in the loser's own kustomization; what it takes in stays as it is for everybody else."""
    step = delete_patch(superfluous.tree, superfluous)
    shared = kept.part.closure is not None and step is not None and step.span.path in kept.part.closure.kustomizations
    return None if shared else step


def _plain(copy: Owned, same: Mapping[int, Resource]) -> list[Way]:
    """A plain directory: delete what nobody else reads, or pass over the file."""
    rendering, path = copy.part.rendering, copy.resource.path
    if path is None or not isinstance(rendering, Rendered):
        return []
    files: dict[str, list[Resource]] = {}
    for resource in rendering.resources:
        if resource.path is not None:
            files.setdefault(resource.path, []).append(resource)
    whole = [file for file, members in files.items() if all(id(r) in same for r in members)]
    steps = _out_of_file(copy, same)
    twin = same[id(copy.resource)].path
    read_by_both = twin is not None and copy.tree.resolve(twin) == copy.tree.resolve(path)
    ways: list[Way] = []
    if steps and (not read_by_both or (isinstance(steps[0], DeleteFile) and steps[0].link)):
        ways.append(steps)
    if path in whole:
        together = [file for file in whole if _read_by_both(copy.tree, file, files[file], same) == read_by_both]
        exclude = _exclude(copy, together if read_by_both else [path])
        ways.extend([(exclude,)] if exclude is not None else [])
    return ways


def _beside(copy: Owned, same: Mapping[int, Resource]) -> str:
    """What else stands in a file of a plain directory, which goes by whole files."""
    rendering, path = copy.part.rendering, copy.resource.path
    resources = rendering.resources if isinstance(rendering, Rendered) else ()
    rest = [str(r.id) for r in resources if r.path == path and id(r) not in same]
    return f"{path} also brings {listed(rest, most=3)}, which would be lost" if rest else ""


def _read_by_both(tree: Tree, file: str, members: Sequence[Resource], same: Mapping[int, Resource]) -> bool:
    twins = {tree.resolve(twin) for r in members if (twin := same[id(r)].path) is not None}
    return tree.resolve(file) in twins


def _exclude(copy: Owned, files: Sequence[str]) -> Exclude | None:
    application = copy.application
    place = source_of(copy.tree, application, copy.part.index)
    if place is None:
        return None
    root = copy.tree.resolve(application.sources[copy.part.index].path)
    inside = f"{root}/" if root else ""
    return Exclude(*place, tuple(file.removeprefix(inside) for file in files))
