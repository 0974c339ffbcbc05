"""Replicas of Argo CD's programs on different nodes, where there are nodes enough: a preference, never a must, so
that no pod stays pending on a small cluster.

Source: Kubernetes API reference, `topologySpreadConstraints` (`ScheduleAnyway`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from checks.planning.additions.charted import KEYS, Charted
from checks.planning.additions.place import Place, places_of
from checks.planning.additions.plan import AdditionPlan, NotPossible, Promised, named
from checks.planning.documents import Change, edits_of
from checks.policy.file import Policy
from checks.wording import listed, plural
from gitops.discovery.snapshot import Snapshot
from gitops.facts.secrets.pods import POD_SPECS, at, mapping
from gitops.files.editing import Operation, append, put
from gitops.files.spans import Edit
from gitops.files.tree import Tree
from gitops.installation.model import Installation, Member
from gitops.kustomize.adding import add_items

ITEM: Final = "spread"
HELP: Final = "replicas of Argo CD's programs on different nodes, where there are any (preferred)"
_FIELD: Final = "spec.template.spec.topologySpreadConstraints"
_KEYS: Final = {**KEYS, "argocd-dex": "dex"}
_KINDS: Final = frozenset({("apps", "Deployment"), ("apps", "StatefulSet")})


def plan(snapshot: Snapshot, policy: Policy) -> AdditionPlan:
    """A patch for each workload with several replicas and no word about where they go. Raises `NotPossible` and
    `GitopsError`."""
    for place in places_of(snapshot):
        members = list(_alone(place))
        if members:
            return _plan(snapshot, place, members)
    raise NotPossible("each program of Argo CD with several replicas says already where its pods go, or has only one")


def _alone(place: Place) -> Iterator[Member]:
    return (member for member, decided in replicated(place.installation) if not decided and _labels(member))


def replicated(installation: Installation) -> Iterator[tuple[Member, bool]]:
    """Each workload with several replicas, and whether it says where they go."""
    seen: set[int] = set()
    for process in installation.processes:
        member = process.member
        if process.initial or id(member) in seen or (member.id.group, member.id.kind) not in _KINDS:
            continue
        seen.add(id(member))
        spec = mapping(member.manifest.get("spec"))
        pod = mapping(at(member.manifest, POD_SPECS[member.id.group, member.id.kind]))
        replicas = spec.get("replicas")
        if isinstance(replicas, int) and not isinstance(replicas, bool) and replicas > 1:
            decided = pod.get("topologySpreadConstraints") or mapping(pod.get("affinity")).get("podAntiAffinity")
            yield member, bool(decided)


def _labels(member: Member) -> Mapping[str, Any]:
    return mapping(at(member.manifest, ("spec", "selector", "matchLabels")))


def _plan(snapshot: Snapshot, place: Place, members: list[Member]) -> AdditionPlan:
    which = listed([f"`{member.id.name}`" for member in members], 4)
    changes = frozenset((named(member.id), _FIELD) for member in members)
    promised = Promised(path=place.path, changes=changes)
    operations = _values(place, place.chart, members) if place.chart is not None else []
    if place.chart is not None and operations:
        edits = place.chart.edits(snapshot.tree, operations)
        exact = tuple((named(one.id), tuple(_FIELD.split(".")), [_constraint(one)]) for one in members)
        promised = place.by_values(snapshot, edits, changes=changes, exact=exact)
    elif place.chart is not None and not place.file:
        raise NotPossible(f"{which} {'is' if len(members) == 1 else 'are'} none that {place.chart} has values for")
    else:
        edits = _edits(snapshot.tree, place, members)
    plan = AdditionPlan(
        ITEM,
        place.path,
        f"Spread {plural('workload', len(members))} of Argo CD over nodes",
        f"{which} {'has' if len(members) == 1 else 'have'} several replicas, and nothing keeps the scheduler from "
        "putting all of them on one node, which then takes all of them along when it goes. This asks for different "
        "nodes and takes the same one where there is no other (`ScheduleAnyway`).",
        edits,
        notes=(f"The pod template changes, so the pods of {which} are replaced once, one after the other",),
    )
    return promised.of(plan)


def _values(place: Place, chart: Charted, members: Sequence[Member]) -> list[Operation]:
    """Values of the chart, which adds the labels of the pods itself; nothing where it has none for one of them."""
    components = {id(process.member): process.component for process in place.installation.processes}
    constraint = {key: value for key, value in _constraint(members[0]).items() if key != "labelSelector"}
    keys = [_KEYS.get(components[id(one)]) if one.owner == chart.owner else None for one in members]
    if None in keys:
        return []
    return [append((str(key), "topologySpreadConstraints"), constraint) for key in keys]


def _edits(tree: Tree, place: Place, members: Sequence[Member]) -> tuple[Edit, ...]:
    if place.file:
        return add_items(place.file, tree.read(place.file), [place.patch(tree, one, _patch(one)) for one in members])
    changes = [
        Change(one.written.path, one.written.line, (put(_FIELD.split("."), [_constraint(one)]),)) for one in members
    ]
    return edits_of(tree, changes)


def _constraint(member: Member) -> Mapping[str, Any]:
    return {
        "maxSkew": 1,
        "topologyKey": "kubernetes.io/hostname",
        "whenUnsatisfiable": "ScheduleAnyway",
        "labelSelector": {"matchLabels": dict(_labels(member))},
    }


def _patch(member: Member) -> Iterator[Mapping[str, Any]]:
    yield {"op": "add", "path": "/" + _FIELD.replace(".", "/"), "value": [_constraint(member)]}
