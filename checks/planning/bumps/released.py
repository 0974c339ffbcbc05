"""What a rendering has from the release that a bump moves.

A remote base, a remote file or a chart brings all manifests of its version: other CRDs, roles and images with the
next one. That is what the bump is for; what the repository itself says has to stay.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from checks.planning.bumps.plan import BumpPlan
from checks.planning.bumps.rendered import counted
from checks.planning.bystanders import NAMED
from checks.wording import listed, plural
from gitops.files.documents import read_documents
from gitops.files.errors import GitopsError
from gitops.files.tree import Tree
from gitops.resources.resource import Resource, ResourceId
from gitops.versions.pins.model import Style

# A pin of these styles names a place that manifests are taken from; the others name an image.
_BRINGS: Final = frozenset({Style.REMOTE_BASE, Style.REMOTE_FILE, Style.CHART, Style.GIT_REVISION})
_GENERATORS: Final = {"ConfigMap": "configMapGenerator", "Secret": "secretGenerator"}
_HASH: Final = r"(-[0-9a-z]{10})?"

_Key = tuple[ResourceId, int]


@dataclass(frozen=True, slots=True)
class Released:
    """Two renderings, and which of their resources (each with the number that `counted` gives it) are written in the
    old and in the new release; `changed` are those of both that differ.

    One that was the repository's and becomes the release's, or the other way round, is in neither: it has another
    owner, and nobody has asked for that."""

    before: frozenset[_Key]
    after: frozenset[_Key]
    changed: frozenset[ResourceId]

    @classmethod
    def of(cls, tree: Tree, plan: BumpPlan, old: Sequence[Resource], new: Sequence[Resource]) -> Released:
        """From the resources of the overlay, or of an Application, before and after the edits of `plan` in `tree`."""
        before, after = counted(tuple(old)), counted(tuple(new))
        was, now = _places(before), _places(after)
        moves = [move for move in plan.moves if move.pin.style in _BRINGS and move.old]
        # Of places that are named in both nothing moves, whatever their names contain.
        left = {place for place in was - now if any(move.old in place for move in moves)}
        came = {place for place in now - was if any(move.new in place for move in moves)}
        charts = {move.pin.span.path for move in moves if move.pin.style is Style.CHART}
        inflated = {path: _own_names(tree, path) for path in charts}
        one = {key for key, resource in before.items() if _place(resource) in left or _made(resource, inflated)}
        two = {key for key, resource in after.items() if _place(resource) in came or _made(resource, inflated)}
        gone = frozenset(key for key in one if key in two or key not in after)
        come = frozenset(key for key in two if key in one or key not in before)
        differ = (key for key in gone & come if before[key].text != after[key].text)
        return cls(gone, come, frozenset(key[0] for key in differ))

    def has(self, key: _Key) -> bool:
        """Whether a resource is the release's, in each of the two renderings that have it."""
        return key in self.before or key in self.after

    def clauses(self, apart: frozenset[ResourceId]) -> Iterator[str]:
        """What changes, comes and goes with the release, `apart` from resources that were told."""
        others = sorted(map(str, self.changed - apart))
        if others:
            change = "changes" if len(others) == 1 else "change"
            yield f"{plural('other resource', len(others))} of the release {change} ({listed(others, NAMED)})"
        for keys, one, many in (
            (self.after - self.before, "comes", "come"),
            (self.before - self.after, "goes", "go"),
        ):
            names = sorted(str(key[0]) for key in keys)
            if names:
                yield f"{len(names)} {one if len(names) == 1 else many} with it ({listed(names, NAMED)})"


def _place(resource: Resource) -> str:
    return resource.elsewhere.place if resource.elsewhere is not None else ""


def _places(resources: Mapping[_Key, Resource]) -> set[str]:
    return {_place(resource) for resource in resources.values()}


def _made(resource: Resource, inflated: Mapping[str, Sequence[str]]) -> bool:
    """Whether a chart makes it that a kustomization inflates: kustomize tells no file of such, but that one.
    `inflated` are those kustomizations, with the names of what they generate themselves."""
    if resource.path is not None or resource.elsewhere is not None or resource.generator is None:
        return False
    if resource.generator not in inflated:
        return False
    own = inflated[resource.generator] if resource.id.kind in _GENERATORS else ()
    return not any(re.fullmatch(rf".*{re.escape(name)}{_HASH}", resource.id.name) for name in own)


def _own_names(tree: Tree, path: str) -> list[str]:
    """The ConfigMaps and Secrets that a kustomization makes itself, and does not only add to."""
    try:
        documents = read_documents(path, tree.read(path))
    except (GitopsError, KeyError):
        return []
    fields: Any = documents[0].value() if documents else None
    if not isinstance(fields, dict):
        return []
    entries = [entry for name in _GENERATORS.values() for entry in fields.get(name) or () if isinstance(entry, dict)]
    return [str(entry.get("name", "")) for entry in entries if entry.get("behavior", "create") == "create"]
