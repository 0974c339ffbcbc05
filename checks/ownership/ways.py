"""How a superfluous copy may go: the ways to try, best first. Each is proven before anybody hears of it.

What both Applications read must not be deleted: then the Application that is to lose it is narrowed instead, or goes
as a whole when it brings nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from checks.ownership.written import Files, application_goes, delete_patch, out_of_file, patches_about, source_of
from checks.wording import listed
from gitops.discovery.snapshot import Owned, OwnedId, Part
from gitops.kustomize.closure import Chain, Closure
from gitops.kustomize.kustomization import ACCUMULATED, Reference
from gitops.kustomize.steps import DeleteFile, Exclude, Line, Retire, Step, TakeOut
from gitops.resources.compare import first_difference
from gitops.resources.rendering import Rendered
from gitops.resources.resource import Resource, same_manifest

Way = tuple[Step, ...]

_HINT = " (`path`, `recurse`, `directory.include` and `exclude` of a source decide what it reads)"


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
            names = (f"`{kept.application.label}`", f"`{superfluous.application.label}`")
            difference = first_difference(kept.resource, superfluous.resource, owned_id.id.namespace, names)
            cause = f"the copies differ: {difference}; decide which one is right first"
            verdicts[owned_id] = Verdict((), cause, differ=True)
    if not same:
        return verdicts
    bench = _Bench(pairs[0][1], same)
    retire = bench.retire()
    alike: dict[tuple[tuple[Way, ...], str], list[tuple[OwnedId, Step | None]]] = {}
    for owned_id, superfluous, kept in pairs:
        if owned_id in verdicts:
            continue
        ways, cause = bench.ways(superfluous, kept)
        shared, beside = _shared(superfluous, kept), "" if ways else cause
        beside = beside or ("" if ways or shared else "its entry cannot be told")
        plain = superfluous.part.closure is None and not superfluous.resource.template
        hint = _HINT if shared and not beside and plain else ""
        cause = ", and ".join(filter(None, (shared, beside))) + hint
        alike.setdefault(((*retire, *ways), cause), []).append((owned_id, bench.patch(superfluous, kept)))
    for (ways_, cause), group in alike.items():
        # What goes the same way is told in one text, so its last resort is the same as well.
        patches = [patch for _, patch in group if patch is not None]
        last: tuple[Way, ...] = (tuple(dict.fromkeys(patches)),) if len(patches) == len(group) else ()
        for owned_id, _ in group:
            verdicts[owned_id] = Verdict((*ways_, *last), cause)
    return verdicts


def chains_of(resource: Resource, closure: Closure) -> Sequence[Chain]:
    """The chains of entries through which a rendered resource came."""
    if resource.elsewhere is not None:
        return closure.brought.get(resource.elsewhere, [])
    if resource.generator is not None:
        return closure.kustomizations.get(resource.generator, [])
    return closure.chains.get(resource.path, []) if resource.path is not None else []


def _shared(superfluous: Owned, kept: Owned) -> str:
    """What both Applications read, so that it cannot be deleted for one of them."""
    one, other = superfluous.part.closure, kept.part.closure
    if one is not None and other is not None and one.root == other.root:
        where = one.root or "the repository"
        return (
            f"both Applications deploy the whole of {where} (`spec.source.kustomize.patches` of one can leave it out)"
        )
    resource, twin = superfluous.resource, kept.resource
    if resource.generator is not None or twin.generator is not None:
        return f"both Applications take in {resource.generator}" if resource.generator == twin.generator else ""
    if resource.path is None or twin.path is None:
        return ""
    file = superfluous.tree.resolve(resource.path)
    if file != superfluous.tree.resolve(twin.path):
        return ""
    if resource.template:
        return f"both Applications render {file}"
    own = set(_chain_references(twin, other))
    entry = next((r for chain in _chains(superfluous) for r in chain if r in own), None)
    through = f" through `{entry.value}` ({entry.span})" if entry is not None else ""
    return f"both Applications read {file}{through}"


def _chain_references(resource: Resource, closure: Closure | None) -> Iterator[Reference]:
    for chain in chains_of(resource, closure) if closure is not None else ():
        yield from chain


def _chains(copy: Owned) -> Sequence[Chain]:
    return chains_of(copy.resource, copy.part.closure) if copy.part.closure is not None else []


class _Bench:
    """One loser, and what of it is superfluous: `same` gives by `id()` of a resource what the keeper has instead."""

    def __init__(self, copy: Owned, same: Mapping[int, Resource]) -> None:
        self._state, self._tree, self._same = copy.state, copy.tree, same
        self._files = Files(copy.tree)
        self._beside: dict[int, dict[str, list[Resource]]] = {}
        self._out: dict[tuple[int, str], Mapping[int, Line | None]] = {}
        self._lost: dict[tuple[int, Reference], list[str]] = {}

    def retire(self) -> tuple[Way, ...]:
        """The whole Application, when all that it brings is superfluous."""
        application = self._state.application
        for part in self._state.parts:
            if not isinstance(part.rendering, Rendered):
                return ()
            if any(id(resource) not in self._same for resource in part.rendering.resources):
                return ()
        by = application_goes(self._files, application)
        return ((Retire(application.name, by, application.cascades),),) if by else ()

    def ways(self, superfluous: Owned, kept: Owned) -> tuple[list[Way], str]:
        """The ways for one copy but the last resort, and why it cannot simply go where there are none."""
        if superfluous.resource.template:
            return [], f"the template {superfluous.resource.template} renders it, with values"
        if superfluous.part.elsewhere:
            return [], f"it is written in {superfluous.resource.elsewhere or superfluous.part.elsewhere}"
        if superfluous.part.closure is None:
            return self._plain(superfluous), self._rest(superfluous) or "its place in the file cannot be told"
        if superfluous.resource.generator is not None:
            chain = superfluous.origin.chain
            made = chain[-1] if chain and chain[-1].field.endswith("Generator") else None
            ways: list[Way] = [(TakeOut(made),)] if made is not None else []
            return ways, f"it is generated at {superfluous.origin.entry}"
        entries, cause = self._entries(superfluous, kept)
        return [*entries, *self._documents(superfluous)], cause

    def patch(self, superfluous: Owned, kept: Owned) -> Step | None:
        """A patch in the loser's own kustomization; what it takes in stays as it is for everybody else."""
        step = delete_patch(self._files, superfluous)
        closure = kept.part.closure
        return None if step is None or (closure and step.span.path in closure.kustomizations) else step

    def _entries(self, superfluous: Owned, kept: Owned) -> tuple[list[Way], str]:
        """Entries that bring in nothing that is not superfluous, the outermost first."""
        chains = _chains(superfluous)
        if len(chains) != 1:
            return [], "it does not come through one entry alone" if chains else "its entry cannot be told"
        own = set(_chain_references(kept.resource, kept.part.closure))
        ways: list[Way] = []
        cause = ""
        for reference in chains[0]:
            if reference.field not in ACCUMULATED or reference in own:
                continue
            lost = self._lost_with(superfluous.part, reference)
            if lost:
                names = listed(lost, most=3)
                cause = f"`{reference.value}` ({reference.span}) also brings {names}, which would be lost"
                continue
            patches = patches_about(self._files, chains[0], superfluous.resource.id)
            if patches:
                ways.append((TakeOut(reference), *(TakeOut(patch) for patch in patches)))
            ways.append((TakeOut(reference),))
        return ways, cause

    def _lost_with(self, part: Part, reference: Reference) -> list[str]:
        """What else an entry brings in. What cannot be followed may come from anywhere, this entry included."""
        key = (part.index, reference)
        if key not in self._lost:
            closure = part.closure
            found: list[str] = []
            if closure is not None:
                for resource in part.resources:
                    chains = chains_of(resource, closure)
                    if id(resource) not in self._same and (not chains or any(reference in c for c in chains)):
                        found.append(str(resource.id))
            self._lost[key] = found
        return self._lost[key]

    def _in_files(self, part: Part) -> Mapping[str, list[Resource]]:
        """What a source renders, by file."""
        if part.index not in self._beside:
            files = self._beside[part.index] = {}
            for resource in part.resources:
                if resource.path is not None:
                    files.setdefault(resource.path, []).append(resource)
        return self._beside[part.index]

    def _out_of_file(self, copy: Owned) -> Way:
        """The steps that take all that is superfluous out of the copy's file, this copy included; none where it
        cannot be told."""
        path = copy.resource.path
        if path is None:
            return ()
        key = (copy.part.index, path)
        if key not in self._out:
            members = self._in_files(copy.part).get(path, [])
            going = [r for r in members if id(r) in self._same]
            self._out[key] = out_of_file(self._files, path, going, [r for r in members if id(r) not in self._same])
        steps = self._out[key]
        if steps.get(id(copy.resource)) is None:
            return ()
        return tuple(sorted({step for step in steps.values() if step is not None}, key=lambda step: step.span))

    def _documents(self, copy: Owned) -> list[Way]:
        """The documents (or the items of a List) in a file that holds more."""
        way = self._out_of_file(copy)
        return [way] if way and not isinstance(way[0], DeleteFile) else []

    def _plain(self, copy: Owned) -> list[Way]:
        """A plain directory: delete what nobody else reads, or pass over the file."""
        path = copy.resource.path
        if path is None:
            return []
        files = self._in_files(copy.part)
        steps = self._out_of_file(copy)
        read_by_both = self._is_shared(path, [copy.resource])
        ways: list[Way] = []
        if steps and (not read_by_both or (isinstance(steps[0], DeleteFile) and steps[0].link)):
            ways.append(steps)
        whole = [file for file, members in files.items() if all(id(r) in self._same for r in members)]
        if path in whole:
            together = [file for file in whole if self._is_shared(file, files[file])] if read_by_both else [path]
            exclude = self._exclude(copy, together)
            ways.extend([(exclude,)] if exclude is not None else [])
        return ways

    def _rest(self, copy: Owned) -> str:
        """What else stands in a file of a plain directory, which goes by whole files."""
        path = copy.resource.path or ""
        rest = [str(r.id) for r in self._in_files(copy.part).get(path, []) if id(r) not in self._same]
        return f"{path} also brings {listed(rest, most=3)}, which would be lost" if rest else ""

    def _is_shared(self, file: str, members: Sequence[Resource]) -> bool:
        twins = {self._tree.resolve(twin) for r in members if (twin := self._same[id(r)].path) is not None}
        return self._tree.resolve(file) in twins

    def _exclude(self, copy: Owned, files: Sequence[str]) -> Exclude | None:
        application = copy.application
        place = source_of(self._files, application, copy.part.index)
        if place is None:
            return None
        root = self._tree.resolve(application.sources[copy.part.index].path)
        inside = f"{root}/" if root else ""
        return Exclude(*place, tuple(file.removeprefix(inside) for file in files))
