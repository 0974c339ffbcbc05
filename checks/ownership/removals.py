"""Which entry brings a copy in, and whether taking it out takes nothing else with it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from checks.wording import listed
from gitops.closure import Chain, Closure
from gitops.compare import first_difference
from gitops.kustomization import ACCUMULATED, Reference
from gitops.rendering import Rendered
from gitops.resources import Resource, same_manifest
from gitops.snapshot import Owned, OwnedId


@dataclass(frozen=True, slots=True)
class Verdict:
    """What can be done about one superfluous copy: take out `reference`, or `refusal` says why not."""

    reference: Reference | None
    refusal: str = ""


def judge(pairs: Sequence[tuple[OwnedId, Owned, Owned]]) -> Mapping[OwnedId, Verdict]:
    """Verdicts for copies of one Application (second of each triple) that another one (third) also has.

    All triples must have the same two Applications.
    """
    verdicts: dict[OwnedId, Verdict] = {}
    same: set[int] = set()
    for owned_id, superfluous, kept in pairs:
        if same_manifest(superfluous.resource, kept.resource, owned_id.id.namespace):
            same.add(id(superfluous.resource))
        else:
            difference = first_difference(kept.resource, superfluous.resource, owned_id.id.namespace)
            verdicts[owned_id] = Verdict(None, f"the copies differ: {difference}; decide which one is right first")
    for owned_id, superfluous, kept in pairs:
        if owned_id not in verdicts:
            verdicts[owned_id] = _entry(superfluous, kept, same)
    return verdicts


def chains_of(resource: Resource, closure: Closure) -> Sequence[Chain]:
    """The chains of entries through which a rendered resource came."""
    if resource.generator is not None:
        return closure.kustomizations.get(resource.generator, [])
    return closure.chains.get(resource.path, []) if resource.path is not None else []


def _entry(superfluous: Owned, kept: Owned, same: set[int]) -> Verdict:
    resource, closure = superfluous.resource, superfluous.part.closure
    if closure is None:
        where = f"lines {resource.line} to {resource.end_line} of {resource.path}"
        return Verdict(None, f"it stands in a plain directory: delete {where}")
    if resource.generator is not None:
        place = superfluous.origin.entry
        return Verdict(None, f"it is generated at {place}: remove that generator or give it another name")
    chains = chains_of(resource, closure)
    if len(chains) != 1:
        return Verdict(None, "it does not come through one entry alone" if chains else "its entry cannot be told")
    own = _chains_to(kept)
    refusal = ""
    for reference in chains[0]:
        if reference.field not in ACCUMULATED:
            continue
        if any(reference in chain for chain in own):
            refusal = (
                f"both Applications get it through `{reference.value}` ({reference.span}): move it to a "
                "kustomization that only one of them takes in"
            )
            continue
        rest = [r for r in _brought(superfluous, reference) if id(r) not in same]
        if not rest:
            return Verdict(reference)
        names = listed([str(r.id) for r in rest], most=3)
        refusal = (
            f"`{reference.value}` ({reference.span}) also brings {names}, which would be lost: move that to a "
            "file of its own first"
        )
    return Verdict(None, refusal or "its entry cannot be told")


def _chains_to(kept: Owned) -> Sequence[Chain]:
    return chains_of(kept.resource, kept.part.closure) if kept.part.closure is not None else []


def _brought(copy: Owned, reference: Reference) -> Iterable[Resource]:
    closure, rendering = copy.part.closure, copy.part.rendering
    if closure is None or not isinstance(rendering, Rendered):
        return
    for resource in rendering.resources:
        chains = chains_of(resource, closure)
        # What cannot be followed may come from anywhere, this entry included.
        if not chains or any(reference in chain for chain in chains):
            yield resource
